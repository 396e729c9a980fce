//! Which worker holds which rows of a weight pack.

use std::collections::HashMap;
use std::ops::Range;

use super::{is_shared, share_of_rows};
use crate::kernels::Bind;
use crate::plan::{PackId, Plan};

/// For each pack: the rows of its matrices, if every worker holds only its own rows of each; none if every
/// worker needs all of it.
pub fn splits(plan: &Plan) -> Vec<Option<usize>> {
    let mut matrices: HashMap<PackId, Option<usize>> = HashMap::new();
    for step in &plan.steps {
        let split = step.kernel.split();
        for bind in step.kernel.bindings() {
            let Bind::Weights(pack) = bind else { continue };
            let rows = split
                .filter(|(own, _)| *own == pack)
                .map(|(_, rows)| rows as usize);
            let found = matrices.entry(pack).or_insert(rows);
            if *found != rows {
                *found = None; // an embedding that is the output head, too
            }
        }
    }
    let split = |(index, pack): (usize, &crate::plan::WeightPack)| {
        let rows = matrices.get(&PackId(index)).copied().flatten()?;
        is_shared(rows, pack.cols as usize).then_some(rows)
    };
    plan.packs.iter().enumerate().map(split).collect()
}

/// Those of some rows of a pack, which has matrices one after the other, that a worker holds.
pub fn own_parts(
    rows: Range<usize>,
    matrix_rows: usize,
    rank: usize,
    size: usize,
) -> impl Iterator<Item = Range<usize>> {
    let own = share_of_rows(matrix_rows, rank, size);
    let matrices = rows.start / matrix_rows..rows.end.div_ceil(matrix_rows);
    matrices
        .map(move |matrix| {
            let first = matrix * matrix_rows;
            (first + own.start).max(rows.start)..(first + own.end).min(rows.end)
        })
        .filter(|part| !part.is_empty())
}

/// Rows of a whole pack that a worker holds.
pub fn n_own(rows: usize, matrix_rows: usize, rank: usize, size: usize) -> usize {
    rows / matrix_rows * share_of_rows(matrix_rows, rank, size).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_held_by_one_worker_whatever_the_chunks() {
        for (matrix_rows, matrices, size) in [(7, 3, 2), (32, 4, 3), (1, 5, 2), (10, 1, 16)] {
            let rows = matrix_rows * matrices;
            for chunk in [1, 3, 8, rows] {
                let mut held = vec![0; rows];
                for rank in 0..size {
                    let mut n = 0;
                    for start in (0..rows).step_by(chunk) {
                        let chunk = start..(start + chunk).min(rows);
                        for row in own_parts(chunk, matrix_rows, rank, size).flatten() {
                            held[row] += 1;
                            n += 1;
                        }
                    }
                    assert_eq!(n, n_own(rows, matrix_rows, rank, size));
                }
                assert!(held.iter().all(|count| *count == 1), "{held:?}");
            }
        }
    }
}
