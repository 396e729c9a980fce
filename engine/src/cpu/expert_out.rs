//! Twin of `shaders/expert_out.wgsl`.

use super::expert_sort::filled;
use crate::cpu::dot;
use crate::cpu::expert_down::Matrices;
use crate::kernels::expert_out::Params;

/// `out = D_e · act + b_e` of every use. Each row is decoded once for the uses of a tile.
pub fn expert_out(params: &Params, matrices: &Matrices<'_>, act: &[f32], tiles: &[u32], out: &mut [f32]) {
    let weights = matrices.weights;
    let (d_model, cols) = (params.d_model as usize, weights.cols());
    let mut decoded = vec![0.0; cols];
    let mut bias = vec![0.0; d_model];
    for (expert, uses) in filled(tiles) {
        let expert = (expert as usize).wrapping_sub(params.first_expert as usize);
        if expert >= params.n_experts as usize {
            continue;
        }
        if let Some(source) = matrices.bias {
            source.row(expert, &mut bias);
        }
        for (row, bias) in bias.iter().enumerate() {
            weights.row(expert * d_model + row, &mut decoded);
            for use_index in uses {
                let act = &act[(use_index * params.act_stride) as usize..][..cols];
                out[(use_index * params.out_stride) as usize + row] = dot(&decoded, act) + bias;
            }
        }
    }
}
