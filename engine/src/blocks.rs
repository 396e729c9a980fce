//! What architectures are made of. A block knows its tensors and sizes, and how to lay itself out
//! as steps of a plan; it knows nothing of files or devices.

pub mod attention;
pub mod embed;
pub mod head;
pub mod moe_ffn;

use crate::plan::{PlanBuilder, PlanError};

/// One block of a model, in the order a token meets them.
#[derive(Clone, Debug)]
pub enum Block {
    Embed(embed::Embed),
    Attention(Box<attention::Attention>),
    MoeFfn(Box<moe_ffn::MoeFfn>),
    Head(head::Head),
}

impl Block {
    /// Adds the block's steps.
    pub fn plan(&self, builder: &mut PlanBuilder) -> Result<(), PlanError> {
        match self {
            Block::Embed(block) => block.plan(builder),
            Block::Attention(block) => block.plan(builder),
            Block::MoeFfn(block) => block.plan(builder),
            Block::Head(block) => block.plan(builder),
        }
    }
}
