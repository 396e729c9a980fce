//! Streams weights from a source to an executor, a few rows at a time: no tensor is ever whole in
//! this program's memory on its way to the GPU.

use std::ops::Range;

use crate::error::Error;
use crate::plan::{PackId, Plan, WeightPack};
use crate::session::Executor;
use crate::source::ByteSource;

/// Most bytes read at once, unless a single row is longer.
const CHUNK_BYTES: u64 = 4 << 20;

/// Loads every pack of a plan. `progress` hears bytes done and bytes in all, after each chunk.
pub async fn load_weights(
    plan: &Plan,
    source: &impl ByteSource,
    executor: &mut Executor,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), Error> {
    let total_bytes = plan.weight_bytes();
    let mut done_bytes = 0;
    for (index, pack) in plan.packs.iter().enumerate() {
        let id = PackId(index);
        for chunk in pack
            .tensors
            .iter()
            .flat_map(|tensor| row_chunks(pack, &tensor.range))
        {
            let bytes = source.read(chunk.clone()).await?;
            executor.write_weights(plan, id, &bytes)?;
            done_bytes += chunk.end - chunk.start;
            progress(done_bytes, total_bytes);
        }
        executor.finish_weights(plan, id)?;
    }
    Ok(())
}

/// Cuts a tensor's bytes into runs of whole rows.
fn row_chunks(pack: &WeightPack, range: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let row_bytes = pack.row_bytes().max(1);
    let step = (CHUNK_BYTES / row_bytes).max(1) * row_bytes;
    let (start, end) = (range.start, range.end);
    (start..end)
        .step_by(step as usize)
        .map(move |at| at..(at + step).min(end))
}
