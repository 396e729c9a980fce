//! The matrices of a weight pack in ordinary memory.

use std::ops::Range;

use crate::fast::lanes::{self, LANES, Pieces};
use crate::fast::packed;
use crate::quant::Format;

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

    /// The decoded values of a pack of one or two rows.
    pub fn vector(&self) -> &[f32] {
        &self.vector
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
