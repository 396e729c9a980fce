//! Twin of `shaders/rms_norm.wgsl`.

use crate::kernels::Batch;
use crate::kernels::rms_norm::Params;

/// `y = x / sqrt(mean(x²) + eps) · weight`, or the centred form, row by row.
pub fn rms_norm(params: &Params, batch: Batch, x: &[f32], weight: &[f32], y: &mut [f32]) {
    let width = params.width as usize;
    let (first, rows) = match params.logits_only {
        1 => (batch.logits_from, batch.n_logits),
        _ => (0, batch.n_tokens),
    };
    for row in 0..rows as usize {
        let x_base = (first as usize + row) * params.x_stride as usize;
        let y_base = row * params.y_stride as usize;
        let norm = Norm {
            weight,
            is_centred: params.centred == 1,
            eps: params.eps,
        };
        norm.row(&x[x_base..x_base + width], &mut y[y_base..y_base + width]);
    }
}

/// What a row is normed with; also used by the router.
pub struct Norm<'a> {
    pub weight: &'a [f32], // (width), or weight and bias: (2, width)
    pub is_centred: bool,
    pub eps: f32,
}

impl Norm<'_> {
    /// Norms one row.
    pub fn row(&self, x: &[f32], y: &mut [f32]) {
        if !self.is_centred {
            let scale = rms_scale(x, self.eps);
            for ((y, x), weight) in y.iter_mut().zip(x).zip(self.weight) {
                *y = x * scale * weight;
            }
            return;
        }
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        let centred: Vec<f32> = x.iter().map(|x| x - mean).collect();
        let scale = rms_scale(&centred, self.eps);
        let (weight, bias) = self.weight.split_at(x.len());
        for (((y, x), weight), bias) in y.iter_mut().zip(&centred).zip(weight).zip(bias) {
            *y = x * scale * weight + bias;
        }
    }
}

/// `1 / sqrt(mean(x²) + eps)`.
pub fn rms_scale(x: &[f32], eps: f32) -> f32 {
    let mean = crate::cpu::dot(x, x) / x.len() as f32;
    1.0 / (mean + eps).sqrt()
}
