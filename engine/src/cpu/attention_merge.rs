//! Twin of `shaders/attention_merge.wgsl`.

use crate::kernels::Batch;
use crate::kernels::attention_merge::Params;

/// Joins the parts of every head. `parts`: (splits, n_heads, part_stride), `out`: (n_heads, value_dim).
pub fn attention_merge(params: &Params, batch: Batch, parts: &[f32], out: &mut [f32]) {
    let (value_dim, stride) = (params.value_dim as usize, params.part_stride as usize);
    for head in 0..params.n_heads as usize {
        let part = |split: usize| &parts[(split * params.n_heads as usize + head) * stride..][..stride];
        let splits = || (0..batch.n_splits as usize).map(part);
        let highest = splits().map(|part| part[value_dim]).fold(f32::MIN, f32::max);
        let factor = |part: &[f32]| (part[value_dim] - highest).exp();
        let total: f32 = splits().map(|part| factor(part) * part[value_dim + 1]).sum();
        for (element, out) in out[head * value_dim..][..value_dim].iter_mut().enumerate() {
            *out = splits().map(|part| factor(part) * part[element]).sum::<f32>() / total;
        }
    }
}
