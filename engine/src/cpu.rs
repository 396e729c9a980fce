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

use std::cell::{Ref, RefCell, RefMut};
use std::ops::Range;
use std::rc::Rc;

use crate::fast::lanes::{self, LANES, Pieces};
use crate::fast::packed;
use crate::plan::{BufferId, PackId};
use crate::quant::Format;

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
        &self.packs[id.0].vector
    }

    /// While nobody shares them.
    pub(crate) fn weights_mut(&mut self, id: PackId) -> Option<&mut Weights> {
        Rc::get_mut(&mut self.packs)?.get_mut(id.0)
    }
}

/// A matrix in its file format, decoded a row at a time.
#[derive(Debug)]
pub struct Weights {
    format: Format,
    cols: usize,
    /// Of a team's worker: only its own rows of each matrix are here.
    is_share: bool,
    row_bytes: usize,
    bytes: Vec<u8>,
    /// For the fast kernels, how rows are dealt to lanes.
    pieces: Option<Pieces>,
    /// Bytes that have been.
    dealt: usize,
    /// The decoded values, kept for packs of one or two rows: norms, with or without a bias.
    vector: Vec<f32>,
}

impl Weights {
    /// Room for a matrix of `rows × cols`; [`Weights::extend`] fills it.
    pub fn new(format: Format, rows: usize, cols: usize) -> Self {
        let row_bytes = cols.div_ceil(format.block_elements()) * format.block_bytes();
        Self {
            format,
            cols,
            is_share: false,
            row_bytes,
            bytes: Vec::with_capacity(rows * row_bytes),
            pieces: None,
            dealt: 0,
            vector: Vec::new(),
        }
    }

    /// The same for the fast kernels: dealt to lanes if its format has a product of its own. The last lanes
    /// are filled up with rows of zeros.
    pub fn in_lanes(mut self) -> Self {
        self.pieces = packed::pieces(self.format).filter(|_| self.row_bytes > 0);
        if self.pieces.is_some() {
            let whole = self.bytes.capacity().next_multiple_of(LANES * self.row_bytes);
            self.bytes.reserve_exact(whole);
        }
        self
    }

    /// The same, of what a team's worker holds of a pack.
    pub fn new_share(format: Format, rows: usize, cols: usize) -> Self {
        Self {
            is_share: true,
            ..Self::new(format, rows, cols)
        }
    }

    /// Where some rows of a matrix are, of a pack of matrices of `matrix_rows` each; of a share, they must
    /// be the worker's own.
    pub fn rows_of(&self, matrix: usize, matrix_rows: usize, rows: &Range<usize>) -> Range<usize> {
        match self.is_share {
            true => matrix * rows.len()..(matrix + 1) * rows.len(),
            false => matrix * matrix_rows + rows.start..matrix * matrix_rows + rows.end,
        }
    }

    /// A whole matrix from its blocks.
    pub fn from_bytes(format: Format, rows: usize, cols: usize, bytes: &[u8]) -> Self {
        let mut weights = Self::new(format, rows, cols);
        weights.extend(bytes);
        weights.finish(rows);
        weights
    }

    /// Appends the next bytes of the matrix.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.deal();
    }

    /// Deals the rows that have come since to lanes, as far as eight are whole.
    fn deal(&mut self) {
        let Some(pieces) = self.pieces else { return };
        let mut rows = Vec::new();
        let groups = self.bytes[self.dealt..].chunks_exact_mut(LANES * self.row_bytes);
        for group in groups {
            rows.clear();
            rows.extend_from_slice(group);
            lanes::interleave(pieces, &rows, group);
            self.dealt += group.len();
        }
    }

    /// After the last bytes. Decodes the matrix for good if it is one row or two.
    pub fn finish(&mut self, rows: usize) {
        if self.pieces.is_some() {
            let whole = self.bytes.len().next_multiple_of(LANES * self.row_bytes);
            self.bytes.resize(whole, 0);
            self.deal();
        }
        if rows <= 2 && !self.is_share {
            let mut vector = vec![0.0; rows * self.cols];
            for (row, values) in vector.chunks_exact_mut(self.cols).enumerate() {
                self.row(row, values);
            }
            self.vector = vector;
        }
    }

    /// Elements of a row.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// How it is stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes
    }

    /// Whether rows are dealt to lanes.
    pub fn has_lanes(&self) -> bool {
        self.pieces.is_some()
    }

    /// The lanes that have some of its rows, and how many other rows come first.
    pub fn lanes(&self, rows: Range<usize>) -> (&[u8], usize) {
        let groups = rows.start / LANES..rows.end.div_ceil(LANES);
        let bytes = |group: usize| group * LANES * self.row_bytes;
        (
            &self.bytes[bytes(groups.start)..bytes(groups.end)],
            rows.start % LANES,
        )
    }

    /// One row as floats: where it lies, if that is what it is stored as, or decoded.
    pub fn floats<'a>(&'a self, row: usize, decoded: &'a mut [f32]) -> &'a [f32] {
        if self.format == Format::F32
            && let Ok(floats) =
                bytemuck::try_cast_slice(&self.bytes[row * self.row_bytes..][..self.row_bytes])
        {
            return floats;
        }
        self.row(row, decoded);
        decoded
    }

    /// Decodes one row. `(cols)`
    pub fn row(&self, row: usize, out: &mut [f32]) {
        let out = &mut out[..self.cols];
        let Some(pieces) = self.pieces else {
            let bytes = &self.bytes[row * self.row_bytes..][..self.row_bytes];
            return self.format.to_f32(bytes, out);
        };
        let (lanes, lane) = self.lanes(row..row + 1);
        let n = self.format.block_elements();
        lanes::blocks_of(pieces, lanes, lane, |at, block| {
            let out = &mut out[at * n..];
            let len = n.min(out.len());
            self.format.to_f32(block, &mut out[..len]);
        });
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
