//! The CPU executor: every kernel's twin, run step by step over plain memory.
//!
//! A twin takes the same parameters as its shader and does the same arithmetic in the simplest
//! order, so that a reader can check the formula and a test can check the GPU. Twins are the
//! readable truth; no cleverness goes in here beyond [`dot`].

pub mod attention;
pub mod attention_mass;
pub mod attention_merge;
pub mod embed;
pub mod executor;
pub mod expert_combine;
pub mod expert_down;
pub mod expert_gate_up;
pub mod expert_out;
pub mod expert_sort;
pub mod latent_rope;
pub mod matmul;
pub mod qk_rope;
pub mod rms_norm;
pub mod router;
pub mod sample;
pub mod short_conv;
pub mod swiglu;
mod weights;

use std::cell::{Ref, RefCell, RefMut};
use std::rc::Rc;

pub use self::weights::Weights;
use crate::plan::{BufferId, PackId};

/// The buffers and weights of a plan in ordinary memory.
///
/// Buffers are words, as on the GPU; each is borrowed on its own, so a kernel that reads and
/// writes the same buffer through two bindings is caught at once.
#[derive(Debug)]
pub struct Memory {
    buffers: Vec<RefCell<Vec<u32>>>,
    /// Shared by forked sessions.
    packs: Rc<[Weights]>,
}

impl Memory {
    /// Zeroed buffers of the given word counts, and weights.
    pub fn new(buffer_words: impl IntoIterator<Item = usize>, packs: Vec<Weights>) -> Self {
        let buffers = buffer_words
            .into_iter()
            .map(|words| RefCell::new(vec![0; words]))
            .collect();
        Self {
            buffers,
            packs: packs.into(),
        }
    }

    /// The same weights, and a copy of what the buffers hold; `more` buffers of so many words follow.
    pub fn fork(&self, more: impl IntoIterator<Item = usize>) -> Self {
        let mut buffers = self.buffers.clone();
        buffers.extend(more.into_iter().map(|words| RefCell::new(vec![0; words])));
        Self {
            buffers,
            packs: Rc::clone(&self.packs),
        }
    }

    /// Buffers there are.
    pub fn n_buffers(&self) -> usize {
        self.buffers.len()
    }

    /// A buffer read as words.
    pub fn u32(&self, id: BufferId) -> Ref<'_, [u32]> {
        Ref::map(self.buffers[id.0].borrow(), Vec::as_slice)
    }

    /// A buffer written as words.
    pub fn u32_mut(&self, id: BufferId) -> RefMut<'_, [u32]> {
        RefMut::map(self.buffers[id.0].borrow_mut(), Vec::as_mut_slice)
    }

    /// A buffer read as floats.
    pub fn f32(&self, id: BufferId) -> Ref<'_, [f32]> {
        Ref::map(self.u32(id), bytemuck::cast_slice)
    }

    /// A buffer written as floats.
    pub fn f32_mut(&self, id: BufferId) -> RefMut<'_, [f32]> {
        RefMut::map(self.u32_mut(id), bytemuck::cast_slice_mut)
    }

    /// The matrix of a weight pack.
    pub fn weights(&self, id: PackId) -> &Weights {
        &self.packs[id.0]
    }

    /// A weight pack that is one vector, or two of them one after the other.
    pub fn vector(&self, id: PackId) -> &[f32] {
        self.packs[id.0].vector()
    }

    /// While nobody shares them.
    pub(crate) fn weights_mut(&mut self, id: PackId) -> Option<&mut Weights> {
        Rc::get_mut(&mut self.packs)?.get_mut(id.0)
    }
}

/// Σ a·b in eight interleaved sums, which compilers turn into vector instructions everywhere.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_eights, a_rest) = a.as_chunks::<8>();
    let (b_eights, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for (a, b) in a_eights.iter().zip(b_eights) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
