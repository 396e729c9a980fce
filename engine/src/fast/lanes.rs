//! How rows of weights lie in memory: eight side by side, so that a vector holds a word of each.
//!
//! Blocks keep their bytes. Of eight blocks, one of each row, the first piece of every block comes first, then
//! the second of every block, and so on: a permutation within eight rows, which takes no room and can be
//! undone a row at a time.
//!
//! ```text
//! file     row 0: d q0 q1 …   row 1: d q0 q1 …   …
//! lanes    d d d d d d d d   q0 q0 q0 q0 q0 q0 q0 q0   q1 …
//! ```

pub use super::simd::LANES;

/// `count` neighbouring pieces of `width` bytes each.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    width: usize,
    count: usize,
}

/// One piece of so many bytes: what a block has once.
pub const fn one(width: usize) -> Piece {
    Piece { width, count: 1 }
}

/// So many words, each of four bytes.
pub const fn words(count: usize) -> Piece {
    Piece { width: 4, count }
}

/// The pieces of a format's block, in order.
pub type Pieces = &'static [Piece];

/// Bytes of a block.
fn block_bytes(pieces: Pieces) -> usize {
    pieces.iter().map(|piece| piece.width * piece.count).sum()
}

/// Eight rows, one after the other in `rows`, become lanes. `out`: as many bytes.
pub fn interleave(pieces: Pieces, rows: &[u8], out: &mut [u8]) {
    let (row_bytes, block) = (rows.len() / LANES, block_bytes(pieces));
    for (at, out) in out.chunks_exact_mut(LANES * block).enumerate() {
        let blocks = |row: usize| &rows[row * row_bytes + at * block..][..block];
        let mut first = 0;
        for &Piece { width, count } in pieces {
            let bytes = width * count;
            let out = &mut out[LANES * first..][..LANES * bytes];
            for row in 0..LANES {
                let piece = &blocks(row)[first..][..bytes];
                match width {
                    4 => deal::<4>(piece, row, out),
                    2 => deal::<2>(piece, row, out),
                    _ => deal::<1>(piece, row, out),
                }
            }
            first += bytes;
        }
    }
}

/// Puts a row's pieces in its lane.
fn deal<const W: usize>(pieces: &[u8], row: usize, out: &mut [u8]) {
    let pieces = pieces.as_chunks::<W>().0;
    let places = out.as_chunks_mut::<W>().0.iter_mut().skip(row).step_by(LANES);
    places.zip(pieces).for_each(|(place, piece)| *place = *piece);
}

/// Calls `f` with each block of one lane as it is in the file.
pub fn blocks_of(pieces: Pieces, lanes: &[u8], row: usize, mut f: impl FnMut(usize, &[u8])) {
    let mut block = [0; 256];
    let block = &mut block[..block_bytes(pieces)];
    for (at, lanes) in lanes.chunks_exact(LANES * block.len()).enumerate() {
        let mut first = 0;
        for &Piece { width, count } in pieces {
            for piece in 0..count {
                let start = first + piece * width;
                block[start..][..width].copy_from_slice(&lanes[LANES * start + row * width..][..width]);
            }
            first += width * count;
        }
        f(at, block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_give_back_the_rows_they_were_made_of() {
        const PIECES: Pieces = &[one(2), words(3), one(1)];
        let (block, blocks) = (15, 4);
        let rows: Vec<u8> = (0..LANES * blocks * block).map(|i| (i * 7 % 251) as u8).collect();
        let mut lanes = vec![0; rows.len()];
        interleave(PIECES, &rows, &mut lanes);
        assert_eq!(lanes[..2], rows[..2]);
        assert_eq!(lanes[2..4], rows[blocks * block..][..2], "row 1 is beside row 0");
        for (row, expected) in rows.chunks_exact(blocks * block).enumerate() {
            let mut found = Vec::new();
            blocks_of(PIECES, &lanes, row, |_, block| found.extend_from_slice(block));
            assert_eq!(found, expected, "row {row}");
        }
    }
}
