//! Numbers that must not be mixed up, each its own type.

/// Index of a vocabulary entry.
pub type TokenId = u32;

/// Index of a transformer block, counted from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerIdx(pub u32);

/// Index of an expert within its layer. Experts are numbers: they have no topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpertId(pub u16);
