//! Whether the columns of a run belong together: whoever folds or draws it may then rely on that.

use crate::{Info, Run, RunError, Texts};

/// Most (layer, expert) slots of a model; each is counted in memory.
const MOST_SLOTS: u64 = 1 << 20;
/// Most tokens of a run.
const MOST_TOKENS: u64 = 1 << 20;
/// Most blocks of a model and groups of a pass.
const MOST_LAYERS: u64 = 4096;
/// Most steps of a decode, and most of them over all tokens that were looked at.
const MOST_STEPS: u64 = 1 << 16;
const MOST_EXAMINED_STEPS: u64 = 1 << 22;

/// Checks the sizes that a header tells.
pub fn check_sizes(info: &Info) -> Result<(), RunError> {
    let model = &info.model;
    let slots = (model.moe_layers.len() as u64).saturating_mul(u64::from(model.n_experts));
    let chosen = u64::from(model.top_k);
    for (what, got, most) in [
        ("the number of (layer, expert) slots", slots, MOST_SLOTS),
        ("the number of experts", u64::from(model.n_experts), 1 << 16),
        (
            "the number of experts chosen per token",
            chosen,
            u64::from(model.n_experts),
        ),
        ("the number of layers", u64::from(model.n_layers), MOST_LAYERS),
        (
            "the number of MoE layers",
            model.moe_layers.len() as u64,
            MOST_LAYERS,
        ),
        (
            "the number of layers with a KV cache",
            model.kv_layers.len() as u64,
            MOST_LAYERS,
        ),
        ("the number of steps", info.steps.len() as u64, MOST_STEPS),
        ("the number of kernels", info.kernels.len() as u64, MOST_STEPS),
        (
            "the number of layers whose attention was recorded",
            info.attention_layers.len() as u64,
            MOST_LAYERS,
        ),
        (
            "the number of groups of a pass",
            info.groups.len() as u64,
            MOST_LAYERS,
        ),
    ] {
        if got > most {
            return Err(RunError::Limit { what, got, most });
        }
    }
    Ok(())
}

/// Checks a whole run.
pub fn check(run: &Run) -> Result<(), RunError> {
    check_sizes(&run.info)?;
    let tokens = run.tokens.ids.len() as u64;
    if tokens > MOST_TOKENS {
        return Err(RunError::Limit {
            what: "the number of tokens",
            got: tokens,
            most: MOST_TOKENS,
        });
    }
    check_counts(run, tokens)?;
    check_texts(&run.tokens.texts, "token_text_offsets")?;
    check_texts(&run.tokens.likely.texts, "likely_text_offsets")?;
    check_offsets(
        &run.tokens.likely.offsets,
        run.tokens.likely.ids.len(),
        "likely_offsets",
    )?;
    let n_experts = run.info.model.n_experts;
    if let Some(&got) = run.rows.expert_ids.iter().find(|&&id| u32::from(id) >= n_experts) {
        return Err(RunError::Expert { got, n_experts });
    }
    check_examined(run, tokens)?;
    check_positions(run, tokens)
}

/// Every array of a token that was looked at is there, as long as it has to be, and about a token.
fn check_examined(run: &Run, tokens: u64) -> Result<(), RunError> {
    let (info, own) = (&run.info, &run.examined);
    let examined = own.positions.len() as u64;
    let layers = info.attention_layers.len() as u64;
    if let Some(&position) = own
        .positions
        .iter()
        .find(|&&position| u64::from(position) >= tokens)
    {
        let position = u64::from(position);
        return Err(RunError::Position { position, tokens });
    }
    let seen: u64 = own
        .positions
        .iter()
        .map(|&position| u64::from(position) + 1)
        .sum();
    let steps = examined.saturating_mul(info.steps.len() as u64);
    if steps > MOST_EXAMINED_STEPS {
        return Err(RunError::Limit {
            what: "the number of steps of all tokens looked at",
            got: steps,
            most: MOST_EXAMINED_STEPS,
        });
    }
    for (what, told, held) in [
        ("runs of tokens looked at", examined, own.runs.len()),
        ("times of tokens looked at", examined, own.wall_micros.len()),
        (
            "shares of attention",
            seen.saturating_mul(layers),
            own.attention.len(),
        ),
        ("times of steps", steps, own.step_micros.len()),
        ("weight bytes of steps", steps, own.step_weight_bytes.len()),
        ("bytes read by steps", steps, own.step_kv_read_bytes.len()),
        ("bytes written by steps", steps, own.step_kv_write_bytes.len()),
        ("operations of steps", steps, own.step_operations.len()),
    ] {
        let held = held as u64;
        if told != held {
            return Err(RunError::Count { what, told, held });
        }
    }
    let kernels = info.kernels.len() as u64;
    match info.steps.iter().find(|step| u64::from(step.kernel) >= kernels) {
        Some(step) => Err(RunError::Limit {
            what: "the kernel of a step",
            got: u64::from(step.kernel),
            most: kernels.saturating_sub(1),
        }),
        None => Ok(()),
    }
}

fn check_counts(run: &Run, tokens: u64) -> Result<(), RunError> {
    let sum = |of: fn(&crate::Generation) -> u32| -> u64 {
        run.info.generations.iter().map(|one| u64::from(of(one))).sum()
    };
    let rows: u64 = run.passes.rows.iter().map(|&rows| u64::from(rows)).sum();
    for (what, told, held) in [
        (
            "tokens",
            sum(|one| one.prompt_tokens) + sum(|one| one.sampled_tokens),
            tokens,
        ),
        ("passes", sum(|one| one.passes), run.passes.rows.len() as u64),
        ("computed positions", rows, run.rows.positions.len() as u64),
    ] {
        if told != held {
            return Err(RunError::Count { what, told, held });
        }
    }
    Ok(())
}

fn check_texts(texts: &Texts, name: &'static str) -> Result<(), RunError> {
    check_offsets(&texts.offsets, texts.bytes.len(), name)
}

fn check_offsets(offsets: &[u32], end: usize, name: &'static str) -> Result<(), RunError> {
    let divides = offsets.first() == Some(&0)
        && offsets.last().map(|&last| last as usize) == Some(end)
        && offsets.is_sorted();
    divides.then_some(()).ok_or(RunError::Offsets { name })
}

/// A position is that of some token, so there are never more positions than tokens; and those of one
/// pass follow one another.
fn check_positions(run: &Run, tokens: u64) -> Result<(), RunError> {
    let begins = run.info.generations.iter().map(|one| {
        let last =
            u64::from(one.first_position) + u64::from(one.prompt_tokens) + u64::from(one.sampled_tokens);
        last.max(u64::from(one.reused))
    });
    let ends = run.rows.positions.iter().map(|&position| u64::from(position) + 1);
    if let Some(position) = begins.chain(ends).find(|&end| end > tokens) {
        return Err(RunError::Position { position, tokens });
    }
    let mut rest = run.rows.positions.as_slice();
    for &rows in &run.passes.rows {
        // The counts were held against each other before.
        let (pass, after) = rest.split_at(rows as usize);
        rest = after;
        if let Some(pair) = pass.windows(2).find(|pair| pair[1] != pair[0] + 1) {
            return Err(RunError::Position {
                position: u64::from(pair[1]),
                tokens,
            });
        }
    }
    Ok(())
}
