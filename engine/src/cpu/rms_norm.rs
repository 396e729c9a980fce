//! Twin of `shaders/rms_norm.wgsl`.

use crate::kernels::Batch;
use crate::kernels::rms_norm::Params;

/// `y = x / sqrt(mean(x²) + eps) · weight`, row by row.
pub fn rms_norm(params: &Params, batch: Batch, x: &[f32], weight: &[f32], y: &mut [f32]) {
    let width = params.width as usize;
    let (first, rows) = match params.logits_only {
        1 => (batch.logits_from, batch.n_logits),
        _ => (0, batch.n_tokens),
    };
    for row in 0..rows as usize {
        let x_base = (first as usize + row) * params.x_stride as usize;
        let y_base = row * params.y_stride as usize;
        norm_row(
            &x[x_base..x_base + width],
            weight,
            params.eps,
            &mut y[y_base..y_base + width],
        );
    }
}

/// The same for one row; also used by the router.
pub fn norm_row(x: &[f32], weight: &[f32], eps: f32, y: &mut [f32]) {
    let scale = rms_scale(x, eps);
    for ((y, x), weight) in y.iter_mut().zip(x).zip(weight) {
        *y = x * scale * weight;
    }
}

/// `1 / sqrt(mean(x²) + eps)`.
pub fn rms_scale(x: &[f32], eps: f32) -> f32 {
    let mean = crate::cpu::dot(x, x) / x.len() as f32;
    1.0 / (mean + eps).sqrt()
}
