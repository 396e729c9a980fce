//! Run files: what is written is read, what is damaged becomes a sentence, and the tables and the ledger
//! say what the columns hold. The run is made by hand: two MoE layers of four experts, top 2.

use moescope_run_file::{
    COLUMNS, Examined, Generation, Info, KIND_SAID, KIND_TEMPLATE, Kernel, Model, Run, RunError, Step,
};
use moescope_run_file::{f16, ledger, read, tables, write};

/// "Hi" with a template token before it, answered by "a,\"b" and "=c", the last never fed back; then a
/// second prompt of one token, whose first position the cache does not hold yet.
fn run() -> Run {
    let mut run = Run {
        info: Info {
            title: "by hand".into(),
            date: "2026-01-02T03:04:05Z".into(),
            recorder: "test".into(),
            model: Model {
                name: "tiny".into(),
                n_layers: 3,
                moe_layers: vec![1, 2],
                n_experts: 4,
                top_k: 2,
                ..Model::default()
            },
            groups: vec!["attention".into(), "experts".into()],
            generations: vec![
                Generation {
                    prompt: Some("Hi".into()),
                    prompt_tokens: 2,
                    sampled_tokens: 2,
                    passes: 2,
                    finish: Some("stop".into()),
                    ..Generation::default()
                },
                Generation {
                    reused: 3,
                    first_position: 4,
                    prompt_tokens: 1,
                    passes: 1,
                    ..Generation::default()
                },
            ],
            ..Info::default()
        },
        ..Run::default()
    };
    for (id, kind, text, prob) in [
        (1, KIND_TEMPLATE, "<|user|>", f32::NAN),
        (2, KIND_SAID, "Hi", f32::NAN),
        (3, KIND_SAID, "a,\"b", 0.75),
        (4, KIND_SAID, "=c", 0.5),
        (5, KIND_SAID, "é", f32::NAN),
    ] {
        let tokens = &mut run.tokens;
        tokens.ids.push(id);
        tokens.kinds.push(kind);
        tokens.texts.push(text);
        tokens.probs.push(prob);
        tokens.entropy_bits.push(prob);
        if !prob.is_nan() {
            tokens.likely.ids.push(9);
            tokens.likely.probs.push(prob);
            tokens.likely.texts.push("z");
        }
        tokens.likely.offsets.push(tokens.likely.ids.len() as u32);
    }
    // Passes over positions 0–1, 2, and 3–4.
    for (rows, micros) in [(2, 300.0), (1, 100.0), (2, 500.0)] {
        let passes = &mut run.passes;
        passes.rows.push(rows);
        passes.batch_tokens.push(rows);
        passes.wall_micros.push(micros);
        passes.dispatches.push(7);
        passes.kv_capacity.push(16);
        passes.kv_reserved_bytes.push(1024);
        passes.kv_bytes_per_position.push(64);
        passes.group_micros.extend([micros / 4.0, f64::NAN]);
        passes.group_weight_bytes.extend([1000, 2000]);
        passes.group_kv_read_bytes.extend([10, 0]);
        passes.group_kv_write_bytes.extend([1, 0]);
        passes.group_operations.extend([5, 6]);
    }
    for position in 0..5_u32 {
        let rows = &mut run.rows;
        rows.positions.push(position);
        rows.expert_ids.extend([0, 1, 3, (position % 3) as u16]);
        rows.expert_weights.extend([0.75, 0.25, 0.5, 0.5]);
        let probs = [0.75, 0.25, 0.0, 0.0, 0.125, 0.125, 0.25, 0.5];
        rows.router_probs.extend(probs.map(f16::from_f32));
        rows.router_entropy_bits.extend([0.811, 1.75]);
        rows.router_margins.extend([0.25, f32::NAN]);
        rows.kv_held_bytes.extend([u64::from(position + 1); 3]);
        rows.kv_read_bytes.extend([u64::from(position + 1); 3]);
    }
    run.info.attention_layers = vec![0, 1];
    run.info.kernels = vec![Kernel {
        stem: "matmul".into(),
        files: vec!["shaders/matmul.wgsl".into()],
        twin: "engine/src/cpu/matmul.rs".into(),
    }];
    run.info.steps = vec![Step {
        group: "attention".into(),
        layer: Some(0),
        kernel: 0,
    }];
    run.examined = Examined {
        positions: vec![0, 2],
        runs: vec![3, 4],
        wall_micros: vec![10.0, 11.0],
        attention: vec![1.0, 1.0, 0.5, 0.25, 0.25, 0.0, 0.0, 1.0],
        step_micros: vec![9.0, f64::NAN],
        step_weight_bytes: vec![100, 100],
        step_kv_read_bytes: vec![8, 24],
        step_kv_write_bytes: vec![8, 8],
        step_operations: vec![50, 60],
    };
    run
}

#[track_caller]
fn refused(run: &Run) -> String {
    write(run).expect_err("it does not belong together").to_string()
}

/// NaN is not equal to itself, so runs are compared by what is written of them.
#[track_caller]
fn assert_same(a: &Run, b: &Run) {
    assert_eq!(format!("{a:?}"), format!("{b:?}"));
}

#[test]
fn what_is_written_is_read() {
    let bytes = write(&run()).expect("it is whole");
    assert_same(&read(&bytes).expect("it is read"), &run());
}

#[test]
fn weights_router_and_cache_may_be_unknown() {
    let mut run = run();
    run.rows.expert_weights.clear();
    run.rows.router_probs.clear();
    run.rows.router_entropy_bits.clear();
    run.rows.router_margins.clear();
    run.rows.kv_held_bytes.clear();
    run.rows.kv_read_bytes.clear();
    let bytes = write(&run).expect("it is whole");
    assert_same(&read(&bytes).expect("it is read"), &run);
    assert_eq!(tables::summary(&run)["has_weights"], false);
}

#[test]
fn tokens_looked_at_are_recorded_whole_or_not_at_all() {
    /// What is done to a run, and what the refusal names.
    type Change = (fn(&mut Run), &'static str);
    let mut none = run();
    none.examined = Examined::default();
    (none.info.steps, none.info.kernels, none.info.attention_layers) = Default::default();
    let bytes = write(&none).expect("it is whole");
    assert_same(&read(&bytes).expect("it is read"), &none);
    let changes: [Change; 5] = [
        (|run| run.examined.attention.truncate(7), "shares of attention"),
        (|run| run.examined.step_micros.clear(), "times of steps"),
        (|run| run.examined.runs.clear(), "runs of tokens"),
        (|run| run.examined.positions[1] = 5, "position"),
        (|run| run.info.steps[0].kernel = 1, "kernel"),
    ];
    for (change, named) in changes {
        let mut run = run();
        change(&mut run);
        let refused = refused(&run);
        assert!(refused.contains(named), "{refused}");
    }
}

#[test]
fn an_empty_run_is_a_run() {
    let bytes = write(&Run::default()).expect("it is whole");
    assert_same(&read(&bytes).expect("it is read"), &Run::default());
}

#[test]
fn every_cut_of_a_file_is_refused() {
    let bytes = write(&run()).expect("it is whole");
    for length in 0..bytes.len() {
        assert!(
            read(&bytes[..length]).is_err(),
            "{length} of {} bytes",
            bytes.len()
        );
    }
}

#[test]
fn no_changed_byte_makes_a_reader_panic() {
    let bytes = write(&run()).expect("it is whole");
    let (mut refused, mut read_anyway) = (0, 0);
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            match read(&changed) {
                // What is read can be told in full.
                Ok(run) => {
                    read_anyway += 1;
                    ledger::csv(&run);
                    tables::TABLES.iter().for_each(|table| drop((table.make)(&run)));
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        refused > 1000 && read_anyway > 100,
        "{refused} refused, {read_anyway} read"
    );
}

#[test]
fn a_header_longer_than_any_run_needs_is_refused_unread() {
    let mut bytes = write(&run()).expect("it is whole");
    bytes[..8].copy_from_slice(&(64_u64 << 20).to_le_bytes());
    let err = read(&bytes).expect_err("its header is too long");
    assert!(matches!(err, RunError::Limit { .. }), "{err}");
}

#[test]
fn another_safetensors_file_is_told_from_a_run() {
    let file = b"\x02\0\0\0\0\0\0\0{}";
    assert!(matches!(read(file), Err(RunError::NoRun)));
}

#[test]
fn columns_that_do_not_belong_together_are_refused() {
    let mut many = run();
    many.info.model.n_experts = u32::MAX;
    assert!(refused(&many).contains("slots"), "{}", refused(&many));
    let mut expert = run();
    expert.rows.expert_ids[3] = 4;
    assert!(refused(&expert).contains("expert 4"), "{}", refused(&expert));
    let mut far = run();
    far.rows.positions[4] = u32::MAX;
    assert!(refused(&far).contains("position"), "{}", refused(&far));
    let mut short = run();
    short.info.generations.pop();
    assert!(refused(&short).contains("tokens"), "{}", refused(&short));
    let mut torn = run();
    torn.tokens.texts.offsets[1] = 1000;
    assert!(refused(&torn).contains("offsets"), "{}", refused(&torn));
    let mut uneven = run();
    uneven.rows.expert_weights.pop();
    assert!(write(&uneven).is_err());
}

#[test]
fn a_token_is_charged_with_the_pass_that_computed_it() {
    let lines = ledger::ledger(&run());
    let pass: Vec<_> = lines.iter().map(|line| line.pass).collect();
    assert_eq!(pass, [Some(0), Some(0), Some(1), Some(2), Some(2)]);
    let position: Vec<_> = lines.iter().map(|line| line.position).collect();
    assert_eq!(position, [0, 1, 2, 3, 4]);
    assert_eq!(lines[0].kind, "template");
    assert_eq!((lines[2].source, lines[2].prob), ("sampled", Some(0.75)));
    assert_eq!(
        (lines[1].wall_micros, lines[1].batch_tokens),
        (Some(300.0), Some(2))
    );
    assert_eq!(lines[1].weight_bytes, Some(3000));
    assert_eq!(lines[4].kv_held_bytes, Some(15));
}

#[test]
fn a_token_computed_before_its_prompt_is_cached() {
    let mut run = run();
    // The second prompt is the first one again: nothing of it is computed.
    run.info.generations[1] = Generation {
        first_position: 1,
        reused: 3,
        prompt_tokens: 1,
        passes: 1,
        ..Generation::default()
    };
    let lines = ledger::ledger(&run);
    assert_eq!(
        (lines[4].position, lines[4].cached, lines[4].pass),
        (1, true, Some(0))
    );
}

#[test]
fn the_ledger_is_csv_that_no_text_can_break() {
    let csv = ledger::csv(&run());
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(
        lines.len(),
        7,
        "a heading, five tokens, and nothing after the last break"
    );
    let columns = lines[0].split(',').count();
    assert_eq!(lines[1].split(',').count(), columns);
    assert!(lines[3].contains(",\"a,\"\"b\","), "{}", lines[3]);
    assert!(
        lines[4].contains(",\"'=c\","),
        "a formula is no formula: {}",
        lines[4]
    );
}

#[test]
fn tables_say_what_the_columns_hold() {
    let table = |name: &str| {
        let found = tables::TABLES.iter().find(|table| table.name == name);
        (found.expect("the table exists").make)(&run())
    };
    let load = table("load");
    // Layer 1 chose experts 0 and 1 five times; layer 2 expert 3 five times, and 0, 1, 2, 0, 1.
    assert_eq!(load[0]["counts"], serde_json::json!([5, 5, 0, 0]));
    assert_eq!(load[1]["counts"], serde_json::json!([2, 2, 1, 5]));
    assert_eq!((&load[0]["layer"], &load[0]["used"]), (&1.into(), &2.into()));
    assert_eq!(table("passes")[2]["first_position"], 3);
    assert_eq!(table("passes")[0]["groups"][1]["micros"], serde_json::Value::Null);
    assert_eq!(
        table("routing")[2]["layers"][1]["experts"],
        serde_json::json!([3, 2])
    );
    assert_eq!(table("tokens")[4]["text"], "é");
    let summary = tables::summary(&run());
    assert_eq!(
        (&summary["prompt_tokens"], &summary["sampled_tokens"]),
        (&3.into(), &2.into())
    );
    assert_eq!(
        (&summary["weight_bytes"], &summary["wall_micros"]),
        (&9000.into(), &900.0.into())
    );
    assert_eq!(summary["text"], "Hia,\"b=cé");
}

#[test]
fn the_format_is_documented_array_by_array() {
    let page = include_str!("../run-file/FORMAT.md");
    for spec in COLUMNS {
        let dims: Vec<_> = spec.dims.iter().map(|dim| snake(&format!("{dim:?}"))).collect();
        let dtype = format!("{:?}", spec.dtype).to_lowercase();
        let line = format!("| `{}` | {dtype} | ({}) |", spec.name, dims.join(", "));
        assert!(page.contains(&line), "FORMAT.md lacks the line\n{line}");
    }
}

/// `TokensPlus1` as the page writes it: `tokens + 1`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.replace("Plus1", " + 1").chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
