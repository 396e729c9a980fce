// What every kernel is told about the pass: written once per submission, never per dispatch.

struct Batch {
    n_tokens: u32,    // tokens in this pass
    start: u32,       // position of the first; positions the cache held before
    logits_from: u32, // first token whose logits are wanted
    n_logits: u32,    // and how many from there on
    n_draws: u32,     // 1: the next token is chosen from the last of them
    n_splits: u32,    // workgroups that share a decoded token's attention
    by_expert: u32,   // 1: uses of experts are sorted into tiles of one expert
}

@group(0) @binding(1) var<uniform> batch: Batch;

// Invocations that share one row. 1 on devices where barriers are dear (software adapters).
override LANES: u32 = 1u;
