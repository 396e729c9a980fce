//! What architectures are made of. A block knows its tensors and sizes, and how to lay itself out
//! as steps of a plan; it knows nothing of files or devices.

pub mod attention;
pub mod dense_ffn;
pub mod embed;
pub mod head;
pub mod latent_attention;
pub mod moe_ffn;
pub mod norm;
pub mod projection;
pub mod short_conv;

use crate::ids::LayerIdx;
use crate::kernels::attention::splits_of;
use crate::kernels::attention_merge::part_stride;
use crate::kernels::{rms_norm, stride};
use crate::plan::{BufferId, PlanBuilder, PlanError};
use crate::trace::StepGroup;

/// One block of a model, in the order a token meets them.
#[derive(Clone, Debug)]
pub enum Block {
    Embed(embed::Embed),
    Attention(Box<attention::Attention>),
    DenseFfn(Box<dense_ffn::DenseFfn>),
    MoeFfn(Box<moe_ffn::MoeFfn>),
    LatentAttention(Box<latent_attention::LatentAttention>),
    ShortConv(Box<short_conv::ShortConv>),
    Head(Box<head::Head>),
}

impl Block {
    /// Adds the block's steps.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        match self {
            Block::Embed(block) => block.plan(builder),
            Block::Attention(block) => block.plan(builder),
            Block::DenseFfn(block) => block.plan(builder),
            Block::MoeFfn(block) => block.plan(builder),
            Block::LatentAttention(block) => block.plan(builder),
            Block::ShortConv(block) => block.plan(builder),
            Block::Head(block) => block.plan(builder),
        }
    }
}

/// Where workgroups that share a cache leave their parts.
fn attention_parts(builder: &mut PlanBuilder, n_heads: u32, value_dim: u32) -> BufferId {
    let splits = splits_of(builder.options().context);
    builder.rows("attention_parts", splits, n_heads * part_stride(value_dim))
}

/// `h = norm(x)`, the start of most blocks.
fn plan_norm(
    builder: &mut PlanBuilder,
    group: StepGroup,
    layer: LayerIdx,
    norm: &norm::Norm,
    d_model: u32,
    eps: f32,
) -> Result<BufferId, PlanError> {
    let h = builder.activation("h", d_model);
    let kernel = rms_norm::RmsNorm {
        params: rms_norm::Params {
            width: d_model,
            x_stride: stride(d_model),
            y_stride: stride(d_model),
            eps,
            centred: norm.is_centred(),
            ..Default::default()
        },
        x: builder.activation("x", d_model),
        weight: norm.pack(builder)?,
        y: h,
    };
    builder.step(group, Some(layer), kernel);
    Ok(h)
}
