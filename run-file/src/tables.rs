//! Tables of a run as JSON, for scripts and for holding the page's numbers against.

use serde_json::{Value, json};

use crate::{Run, ledger};

/// One table, by its name.
pub struct Table {
    pub name: &'static str,
    pub about: &'static str,
    pub make: fn(&Run) -> Value,
}

/// Every table.
pub const TABLES: &[Table] = &[
    Table {
        name: "load",
        about: "how often each expert was chosen, layer by layer, over all positions computed",
        make: load,
    },
    Table {
        name: "passes",
        about: "every forward pass: positions, time, and the bytes and operations of each group",
        make: passes,
    },
    Table {
        name: "routing",
        about: "every computed position: chosen experts with weights, and the router's distribution",
        make: routing,
    },
    Table {
        name: "tokens",
        about: "the ledger: a line per token",
        make: |run| json!(ledger::ledger(run)),
    },
];

/// A run in a few numbers.
pub fn summary(run: &Run) -> Value {
    let info = &run.info;
    let prompt: u32 = info.generations.iter().map(|one| one.prompt_tokens).sum();
    let sampled: u32 = info.generations.iter().map(|one| one.sampled_tokens).sum();
    let wall: f64 = run
        .passes
        .wall_micros
        .iter()
        .filter(|micros| !micros.is_nan())
        .sum();
    json!({
        "title": info.title,
        "date": info.date,
        "recorder": info.recorder,
        "model": info.model,
        "device": info.device,
        "generations": info.generations,
        "prompt_tokens": prompt,
        "sampled_tokens": sampled,
        "positions_computed": run.rows.positions.len(),
        "passes": run.passes.rows.len(),
        "wall_micros": wall,
        "weight_bytes": run.passes.group_weight_bytes.iter().sum::<u64>(),
        "kv_read_bytes": run.passes.group_kv_read_bytes.iter().sum::<u64>(),
        "kv_write_bytes": run.passes.group_kv_write_bytes.iter().sum::<u64>(),
        "operations": run.passes.group_operations.iter().sum::<u64>(),
        "has_weights": !run.rows.expert_weights.is_empty(),
        "has_router_probs": !run.rows.router_probs.is_empty(),
        "text": text(run),
    })
}

/// All that was said, template and reasoning left out.
fn text(run: &Run) -> String {
    let said = run.tokens.kinds.iter().enumerate();
    said.filter(|(_, kind)| **kind == crate::KIND_SAID)
        .map(|(at, _)| run.tokens.texts.get(at))
        .collect()
}

fn load(run: &Run) -> Value {
    let model = &run.info.model;
    let (n_experts, top_k) = (model.n_experts as usize, (model.top_k as usize).max(1));
    let mut counts = vec![vec![0_u32; n_experts]; model.moe_layers.len()];
    for (choice, ids) in run.rows.expert_ids.chunks(top_k).enumerate() {
        let layer = choice % model.moe_layers.len().max(1);
        for &id in ids {
            counts[layer][usize::from(id)] += 1;
        }
    }
    let layers = model.moe_layers.iter().zip(counts);
    layers
        .map(|(layer, counts)| {
            let used = counts.iter().filter(|&&count| count > 0).count();
            json!({ "layer": layer, "counts": counts, "used": used })
        })
        .collect()
}

fn passes(run: &Run) -> Value {
    let groups = run.info.groups.len();
    let mut row = 0;
    let pass = |(at, &rows): (usize, &u32)| {
        let first = run.rows.positions.get(row);
        row += rows as usize;
        let of = |name: usize| at * groups + name;
        let passes = &run.passes;
        json!({
            "first_position": first,
            "positions": rows,
            "batch_tokens": passes.batch_tokens[at],
            "wall_micros": passes.wall_micros[at],
            "dispatches": passes.dispatches[at],
            "kv_capacity": passes.kv_capacity[at],
            "kv_reserved_bytes": passes.kv_reserved_bytes[at],
            "kv_bytes_per_position": passes.kv_bytes_per_position[at],
            "groups": run.info.groups.iter().enumerate().map(|(index, name)| json!({
                "name": name,
                "micros": passes.group_micros[of(index)],
                "weight_bytes": passes.group_weight_bytes[of(index)],
                "kv_read_bytes": passes.group_kv_read_bytes[of(index)],
                "kv_write_bytes": passes.group_kv_write_bytes[of(index)],
                "operations": passes.group_operations[of(index)],
            })).collect::<Vec<_>>(),
        })
    };
    run.passes.rows.iter().enumerate().map(pass).collect()
}

fn routing(run: &Run) -> Value {
    let model = &run.info.model;
    let layers = model.moe_layers.len();
    let row = |(at, position): (usize, &u32)| {
        let of_layer = |(index, layer): (usize, &u32)| {
            let flat = at * layers + index;
            json!({
                "layer": layer,
                "experts": part(&run.rows.expert_ids, flat, model.top_k),
                "weights": part(&run.rows.expert_weights, flat, model.top_k),
                "probs": part(&run.rows.router_probs, flat, model.n_experts).iter().map(|prob| prob.to_f32()).collect::<Vec<_>>(),
                "entropy_bits": run.rows.router_entropy_bits.get(flat),
                "margin": run.rows.router_margins.get(flat),
            })
        };
        let held = run
            .rows
            .kv_held_bytes
            .len()
            .checked_div(run.rows.positions.len())
            .unwrap_or(0) as u32;
        json!({
            "position": position,
            "layers": model.moe_layers.iter().enumerate().map(of_layer).collect::<Vec<_>>(),
            "kv_held_bytes": part(&run.rows.kv_held_bytes, at, held),
            "kv_read_bytes": part(&run.rows.kv_read_bytes, at, held),
        })
    };
    run.rows.positions.iter().enumerate().map(row).collect()
}

/// Item `index` of a column of items `size` long; nothing of a column that was not recorded.
fn part<T>(column: &[T], index: usize, size: u32) -> &[T] {
    let size = size as usize;
    column.get(index * size..(index + 1) * size).unwrap_or_default()
}
