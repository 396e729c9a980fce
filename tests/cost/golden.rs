//! Formulas against figures published or derived elsewhere.

use moescope_app::state::economics::Assumption;
use moescope_engine::cost::{
    Bound, Device, Serving, Sizes, WeightBytes, batch, context, demand, energy, money, roofline, service,
};

use crate::presets;

const H100: Device = Device {
    memory_bytes: 80e9,
    bandwidth: 3.35e12,
    flops: 989e12,
    watts: 700.0,
};

fn sizes(id: &str) -> Sizes {
    let models = presets::models();
    let model = models.models.iter().find(|model| model.id == id);
    model
        .unwrap_or_else(|| panic!("{id} is not listed"))
        .shape()
        .sizes()
}

#[track_caller]
fn assert_near(got: f64, expected: f64, relative: f64) {
    let error = (got / expected - 1.0).abs();
    assert!(error <= relative, "{got} is not {expected} within {relative}");
}

#[test]
fn distinct_experts_are_those_of_the_closed_form() {
    for (batch, experts, top_k, expected) in [
        (8.0, 64, 8, 42.009_029),
        (8.0, 32, 4, 21.004_515),
        (16.0, 128, 8, 82.422_511),
        (64.0, 256, 8, 222.442_488),
        (4.0, 32, 8, 21.875),
    ] {
        let got = batch::distinct(batch, experts, top_k);
        assert!(
            (got - expected).abs() < 5e-7,
            "N({batch}; {experts}, {top_k}) = {got}"
        );
    }
}

#[test]
fn the_table_of_distinct_experts_holds_to_its_digits() {
    // E, k, then N at 1, 2, 4 … 256, then B for 50, 90 and 99 %.
    let table: [(u32, u32, [f64; 9], [f64; 3]); 10] = [
        (
            8,
            2,
            [2.0, 3.5, 5.5, 7.2, 7.9, 8.0, 8.0, 8.0, 8.0],
            [2.4, 8.0, 16.0],
        ),
        (
            32,
            4,
            [4.0, 7.5, 13.2, 21.0, 28.2, 31.6, 32.0, 32.0, 32.0],
            [5.2, 17.0, 35.0],
        ),
        (
            32,
            8,
            [8.0, 14.0, 21.9, 28.8, 31.7, 32.0, 32.0, 32.0, 32.0],
            [2.4, 8.0, 16.0],
        ),
        (
            40,
            8,
            [8.0, 14.4, 23.6, 33.3, 38.9, 40.0, 40.0, 40.0, 40.0],
            [3.1, 10.0, 21.0],
        ),
        (
            64,
            8,
            [8.0, 15.0, 26.5, 42.0, 56.4, 63.1, 64.0, 64.0, 64.0],
            [5.2, 17.0, 35.0],
        ),
        (
            128,
            4,
            [4.0, 7.9, 15.3, 28.7, 51.0, 81.7, 111.0, 126.0, 128.0],
            [22.0, 73.0, 145.0],
        ),
        (
            128,
            8,
            [8.0, 15.5, 29.1, 51.6, 82.4, 112.0, 126.0, 128.0, 128.0],
            [11.0, 36.0, 71.0],
        ),
        (
            160,
            8,
            [8.0, 15.6, 29.7, 53.9, 89.6, 129.0, 154.0, 160.0, 160.0],
            [14.0, 45.0, 90.0],
        ),
        (
            256,
            8,
            [8.0, 15.8, 30.5, 57.4, 102.0, 163.0, 222.0, 252.0, 256.0],
            [22.0, 73.0, 145.0],
        ),
        (
            384,
            8,
            [8.0, 15.8, 31.0, 59.5, 110.0, 188.0, 284.0, 358.0, 382.0],
            [33.0, 109.0, 219.0],
        ),
    ];
    for (experts, top_k, row, batches) in table {
        for (power, expected) in row.into_iter().enumerate() {
            let got = batch::distinct(f64::from(1 << power), experts, top_k);
            // Half of the last digit given.
            let half = if expected < 100.0 { 0.0501 } else { 0.501 };
            assert!(
                (got - expected).abs() <= half,
                "{experts}, {top_k}, B = {}: {got}",
                1 << power
            );
        }
        for (share, expected) in [0.5, 0.9, 0.99].into_iter().zip(batches) {
            let got = batch::batch_for_share(share, experts, top_k);
            // 34.49 stands as 35 there.
            let half = if expected < 10.0 { 0.0501 } else { 0.52 };
            assert!(
                (got - expected).abs() <= half,
                "{experts}, {top_k}, {share}: {got}"
            );
        }
    }
}

#[test]
fn kv_caches_have_the_bytes_of_their_configurations() {
    let expected = [
        ("granite-1b-a400m", 49_152.0),
        ("granite-3b-a800m", 65_536.0),
        ("olmoe-1b-7b", 131_072.0),
        ("qwen1.5-moe-a2.7b", 196_608.0),
        ("gpt-oss-20b", 49_152.0),
        ("qwen3-30b-a3b", 98_304.0),
        ("mixtral-8x7b", 131_072.0),
        ("glm-4.5-air", 188_416.0),
        ("gpt-oss-120b", 73_728.0),
        ("mixtral-8x22b", 229_376.0),
        ("minimax-m2", 253_952.0),
        ("qwen3-235b-a22b", 192_512.0),
        ("glm-4.5", 376_832.0),
        ("deepseek-v3", 70_272.0),
        ("kimi-k2", 70_272.0),
    ];
    for (id, bytes) in expected {
        assert_eq!(sizes(id).kv_bytes_per_position(2.0), bytes, "{id}");
    }
    let gpt_oss = sizes("gpt-oss-20b");
    let grown = gpt_oss.kv_bytes(131_072.0, 2.0);
    assert_eq!(
        grown,
        24_576.0 * 131_072.0 + 24_576.0 * 128.0,
        "half the layers stop at 128"
    );
}

#[test]
fn a_parked_context_rents_the_share_of_memory_it_holds() {
    for (id, dollars) in [
        ("gpt-oss-20b", 0.12),
        ("gpt-oss-120b", 0.18),
        ("deepseek-v3", 0.35),
        ("qwen3-30b-a3b", 0.48),
        ("qwen3-235b-a22b", 0.95),
        ("glm-4.5", 1.85),
    ] {
        let bytes = sizes(id).kv_bytes(131_072.0, 2.0);
        let rent = money::parked_per_hour(bytes, 80e9, 3.0);
        assert!((rent - dollars).abs() <= 0.0051, "{id}: {rent}");
    }
}

#[test]
fn attention_overtakes_the_weights_where_the_table_says() {
    for (id, operations, bytes, bits) in [
        ("granite-1b-a400m", 8.7e3, 17e3, (16.0, 16.0)),
        ("olmoe-1b-7b", 18e3, 18e3, (16.0, 16.0)),
        ("olmoe-1b-7b", 18e3, 5.1e3, (4.5, 4.5)),
        ("gpt-oss-20b", 37e3, 83e3, (4.5, 4.5)),
        ("qwen3-30b-a3b", 7.7e3, 62e3, (16.0, 16.0)),
        ("granite-3b-a800m", 9.0e3, 27e3, (16.0, 16.0)),
        ("qwen1.5-moe-a2.7b", 24e3, 24e3, (16.0, 16.0)),
        ("gpt-oss-120b", 35e3, 78e3, (4.5, 4.5)),
        ("glm-4.5-air", 11e3, 136e3, (16.0, 16.0)),
        ("mixtral-8x22b", 57e3, 340e3, (16.0, 16.0)),
        ("qwen3-235b-a22b", 14e3, 224e3, (16.0, 16.0)),
        ("mixtral-8x7b", 49e3, 195e3, (16.0, 16.0)),
        ("minimax-m2", 14e3, 41e3, (8.0, 8.0)),
        ("glm-4.5", 15e3, 174e3, (16.0, 16.0)),
        ("deepseek-v3", 4.3e3, 521e3, (8.0, 8.0)),
        ("kimi-k2", 7.5e3, 451e3, (8.0, 8.0)),
    ] {
        let sizes = sizes(id);
        let weights = WeightBytes {
            always: bits.0 / 8.0,
            experts: bits.1 / 8.0,
        };
        // The table has two digits.
        assert_near(sizes.flops_crossover().expect("it is reached"), operations, 0.05);
        assert_near(
            sizes.bytes_crossover(weights, 2.0).expect("it is reached"),
            bytes,
            0.03,
        );
    }
}

#[test]
fn the_critical_batch_is_the_balance_of_the_device_times_the_sparsity() {
    let hardware = presets::hardware();
    for (id, dense, eight, four) in [
        ("h100", 295.0, 148.0, 78.0),
        ("h200", 206.0, 103.0, 55.0),
        ("b200", 281.0, 141.0, 75.0),
        ("a100-80", 153.0, 77.0, 41.0),
        ("mi300x", 247.0, 123.0, 66.0),
        ("rtx4090", 164.0, 82.0, 44.0),
    ] {
        let device = hardware.devices.iter().find(|device| device.id == id);
        let device = device.expect("it is listed").device();
        let critical = |bits: f64| roofline::critical_batch(&device, bits / 8.0, 0, 0);
        assert!((critical(16.0) - dense).abs() <= 0.6, "{id}: {}", critical(16.0));
        assert!((critical(8.0) - eight).abs() <= 0.8, "{id}: {}", critical(8.0));
        assert!((critical(4.25) - four).abs() <= 0.8, "{id}: {}", critical(4.25));
    }
    // For experts 8, 16 and 32 times as many as are chosen.
    for (id, batches) in [
        ("h100", [2360.0, 4720.0, 9440.0]),
        ("h200", [1650.0, 3300.0, 6590.0]),
        ("b200", [2250.0, 4500.0, 9000.0]),
        ("a100-80", [1220.0, 2450.0, 4900.0]),
        ("mi300x", [1970.0, 3950.0, 7890.0]),
        ("rtx4090", [1310.0, 2620.0, 5240.0]),
    ] {
        let device = hardware.devices.iter().find(|device| device.id == id);
        let device = device.expect("it is listed").device();
        for (experts, batch) in [32, 64, 128].into_iter().zip(batches) {
            assert_near(roofline::critical_batch(&device, 2.0, experts, 4), batch, 0.004);
        }
    }
}

#[test]
fn ceilings_of_one_sequence_are_bandwidth_over_active_bytes() {
    for (id, gigabytes, total, speeds) in [
        ("granite-1b-a400m", 0.24, 0.75, [415.0, 1132.0, 2265.0, 4181.0]),
        ("granite-3b-a800m", 0.50, 1.86, [201.0, 550.0, 1100.0, 2030.0]),
        ("olmoe-1b-7b", 0.66, 3.89, [151.0, 412.0, 823.0, 1520.0]),
        ("gpt-oss-20b", 2.03, 11.8, [49.0, 135.0, 269.0, 497.0]),
        ("qwen3-30b-a3b", 1.71, 17.2, [58.0, 160.0, 319.0, 589.0]),
    ] {
        let (sizes, weights) = (sizes(id), WeightBytes::of_bits(4.5));
        assert!(
            (sizes.active_bytes(weights) / 1e9 - gigabytes).abs() < 0.0051,
            "{id}"
        );
        assert_near(sizes.held_bytes(weights) / 1e9, total, 0.005);
        for (bandwidth, speed) in [100e9, 273e9, 546e9, 1008e9].into_iter().zip(speeds) {
            assert_near(roofline::ceiling(&sizes, weights, bandwidth), speed, 0.012);
        }
    }
}

#[test]
fn one_rented_device_costs_what_demand_makes_of_it() {
    for (demand, dollars) in [
        (1.0, 833.3),
        (10.0, 83.33),
        (100.0, 8.333),
        (1e3, 0.8333),
        (1e4, 0.08333),
    ] {
        assert_near(money::demand_limited(3.0, 1e9, demand), dollars, 1e-4);
        assert_near(money::demand_limited(3.0, 1e3, demand), dollars.max(0.8333), 1e-4);
    }
    assert_near(money::break_even_per_day(3.0, 0.6), 120e6, 1e-12);
}

#[test]
fn deepseeks_disclosure_is_reproduced() {
    let day = service::Day {
        input_tokens: 608e9,
        cached_share: 342.0 / 608.0,
        output_tokens: 168e9,
        prefill_rate: 73_700.0,
        decode_rate: 14_800.0,
        devices_per_node: 8.0,
        dollars_per_device_hour: 2.0,
        price_cached: 0.14,
        price_input: 0.55,
        price_output: 2.19,
    };
    let account = day.account();
    assert_near(account.prefill_nodes + account.decode_nodes, 226.75, 0.01);
    assert_near(account.cost, 87_072.0, 0.01);
    assert_near(account.revenue, 562_027.0, 0.01);
    assert_near(account.margin_of_cost, 5.45, 0.01);
    assert_near(account.cost_per_million_input, 0.060, 0.01);
    assert_near(account.cost_per_million_output, 0.300, 0.01);
    assert_near(account.cost_per_million, 0.112, 0.01);
    assert_near(account.prefill_nodes, 95.5, 0.001);
    assert_near(account.decode_nodes, 131.4, 0.001);
    assert_near(account.revenue, 562_100.0, 0.0002);
    let ratio = account.cost_per_million_output / account.cost_per_million_input;
    assert_near(ratio, 5.0, 0.01);
}

#[test]
fn ecologits_model_gives_its_own_figure() {
    assert_near(energy::ecologits_joules(3.6e9, 64.0), 0.153, 0.005);
}

#[test]
fn a_working_device_draws_the_share_of_its_power_that_others_measured() {
    // Joules per token times tokens per second of the same run, gpt-oss-20b on one H100 of 700 W; tokens
    // per second from the dollars of a million at $3 an hour.
    let shares = [
        (0.356, 0.68),
        (0.156, 0.25),
        (0.078, 0.11),
        (0.049, 0.070),
        (0.045, 0.063),
    ]
    .map(|(joules, dollars)| joules * (3.0 / 3600.0 / dollars * 1e6) / H100.watts);
    assert!(
        shares.is_sorted_by(|a, b| *a <= *b * 1.03),
        "{shares:?}: power rises with the batch"
    );
    assert_near(shares[0], 0.62, 0.01);
    assert_near(shares[4], 0.85, 0.01);
    let start = Assumption::PowerWorking.bounds().start;
    assert!(
        (shares[0]..shares[4]).contains(&start),
        "the page starts between them"
    );
    let power = energy::Power {
        watts: 700.0,
        working: 0.8,
        waiting: 0.1,
    };
    assert_near(
        power.joules_per_token(2.0, 0.01, 8.0),
        700.0 * 0.8 * 2.0 * 0.01 / 8.0,
        1e-12,
    );
    assert_near(power.mean(0.25), 700.0 * (0.1 + 0.7 * 0.25), 1e-12);
    assert_near(
        power.joules_of_demand(4.0, 1.0, 100.0),
        700.0 * 0.8 * 4.0 / 100.0,
        1e-12,
    );
}

#[test]
fn measured_throughput_over_the_roofline_is_the_share_the_table_gives() {
    // Measured dollars per million over η of the same run give back the roofline, and its shape over the
    // batch is that of the distinct experts.
    let b200 = presets::hardware()
        .devices
        .iter()
        .find(|device| device.id == "b200")
        .expect("it is listed")
        .device();
    let batches = [8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
    for (id, device, rent, dollars, shares) in [
        (
            "gpt-oss-20b",
            H100,
            3.0,
            [0.68, 0.41, 0.25, 0.15, 0.11, 0.083, 0.070, 0.063],
            [0.43, 0.46, 0.43, 0.39, 0.30, 0.26, 0.22, 0.20],
        ),
        (
            "gpt-oss-120b",
            b200,
            6.0,
            [1.23, 0.79, 0.60, 0.40, 0.23, 0.14, 0.10, 0.094],
            [0.36, 0.46, 0.47, 0.49, 0.50, 0.44, 0.35, 0.25],
        ),
    ] {
        let serving = Serving {
            device,
            devices: 1.0,
            efficiency: 1.0,
            fixed_seconds: 0.0,
            weights: WeightBytes {
                always: 2.0,
                experts: 4.25 / 8.0,
            },
            kv_bytes: 2.0,
        };
        for ((batch, dollars), share) in batches.into_iter().zip(dollars).zip(shares) {
            let step = roofline::step(&sizes(id), &serving, batch, 700.0);
            let bound = money::per_million(rent, step.tokens_per_second());
            assert_eq!(step.bound, Bound::Memory);
            // The context of these runs is known roughly; from 512 on it decides.
            if batch <= 256.0 {
                assert_near(bound / dollars, share, 0.2);
            }
        }
    }
}

#[test]
fn experts_and_what_every_token_meets_have_the_parameters_of_the_table() {
    // Millions of one expert, billions that every token meets.
    for (id, expert, always) in [
        ("granite-1b-a400m", 1.57, 0.13),
        ("granite-3b-a800m", 2.36, 0.28),
        ("olmoe-1b-7b", 6.29, 0.37),
        ("qwen1.5-moe-a2.7b", 8.65, 1.55),
        ("gpt-oss-20b", 24.88, 1.22),
        ("qwen3-30b-a3b", 4.72, 1.23),
        ("mixtral-8x7b", 176.2, 1.47),
        ("glm-4.5-air", 17.3, 6.57),
        ("gpt-oss-120b", 24.88, 1.55),
        ("mixtral-8x22b", 302.0, 5.13),
        ("minimax-m2", 14.16, 3.39),
        ("qwen3-235b-a22b", 18.87, 7.37),
        ("glm-4.5", 23.59, 16.1),
        ("deepseek-v3", 44.04, 16.2),
        ("kimi-k2", 44.04, 10.5),
    ] {
        let sizes = sizes(id);
        assert_near(sizes.per_expert as f64 / 1e6, expert, 0.003);
        // Two decimals, and norms and biases are left out.
        let off = (sizes.always as f64 / 1e9 - always).abs();
        assert!(off < 0.0051 + 0.005 * always, "{id}: {} always", sizes.always);
    }
    // Of what a token meets, the share that is experts.
    for (id, share) in [
        ("qwen1.5-moe-a2.7b", 0.35),
        ("glm-4.5", 0.51),
        ("deepseek-v3", 0.56),
        ("olmoe-1b-7b", 0.68),
        ("mixtral-8x7b", 0.88),
    ] {
        let sizes = sizes(id);
        let of_experts = f64::from(sizes.moe_layers * sizes.top_k) * sizes.per_expert as f64;
        let got = of_experts / sizes.active() as f64;
        assert!((got - share).abs() < 0.0101, "{id}: {got}");
    }
}

#[test]
fn gpt_oss_takes_the_bytes_on_disk_that_its_makers_say() {
    let weights = WeightBytes {
        always: 2.0,
        experts: 4.25 / 8.0,
    };
    for (id, gigabytes, windowed) in [("gpt-oss-20b", 14.0, 3.15e6), ("gpt-oss-120b", 63.0, 4.72e6)] {
        let sizes = sizes(id);
        assert_near(sizes.held_bytes(weights) / 1e9, gigabytes, 0.05);
        let growing = sizes.kv_bytes(200_000.0, 2.0) - sizes.kv_bytes(100_000.0, 2.0);
        let fixed = sizes.kv_bytes(100_000.0, 2.0) - growing;
        assert_near(fixed, windowed, 0.002);
    }
}

#[test]
fn prefill_of_a_prompt_costs_its_weights_and_half_a_square() {
    let mixtral = sizes("mixtral-8x7b");
    let (tokens, layers, width) = (1000.0, 32.0, 4096.0);
    let expected = mixtral.weight_flops() * tokens + 2.0 * layers * width * tokens * tokens;
    assert_near(mixtral.prefill_flops(tokens, 0.0), expected, 1e-12);
    let rest = mixtral.prefill_flops(tokens, 600.0) + mixtral.prefill_flops(600.0, 0.0);
    assert_near(rest, expected, 1e-12);
}

#[test]
fn an_agents_session_sends_the_old_again_with_every_turn() {
    let session = context::Session {
        start: 1000.0,
        turns: 3.0,
        result: 100.0,
        output: 50.0,
        hit_share: 1.0,
    };
    let tokens = session.tokens();
    assert_eq!(tokens.input, 1000.0 + 1150.0 + 1300.0);
    assert_eq!(tokens.cached, 1050.0 + 1200.0);
    assert_eq!(tokens.fresh, 1000.0 + 100.0 + 100.0);
    assert_eq!((tokens.output, tokens.last), (150.0, 1350.0));
    let without = context::Session {
        hit_share: 0.0,
        ..session
    };
    assert_eq!(without.tokens().fresh, tokens.input);
}

#[test]
fn a_fleet_grows_with_demand_and_starts_at_the_entry_ticket() {
    let serving = Serving {
        device: H100,
        devices: 1.0,
        efficiency: 0.5,
        fixed_seconds: 0.0,
        weights: WeightBytes::of_bits(8.0),
        kv_bytes: 2.0,
    };
    let wanted = demand::Demand {
        tokens_per_second: 1.0,
        context: 4096.0,
        least_user_speed: 0.0,
        reserve: 0.1,
        dollars_per_hour: 3.0,
    };
    let deepseek = sizes("deepseek-v3");
    let alone = demand::fleet(&deepseek, &serving, &wanted);
    assert_eq!(
        (alone.devices_per_copy, alone.copies),
        (10.0, 1.0),
        "671 GB and 288 MB over 72 GB each"
    );
    assert_near(alone.per_million, 30.0 / 3600.0 * 1e6, 1e-12);
    let many = demand::Demand {
        tokens_per_second: 1e6,
        ..wanted
    };
    let many = demand::fleet(&deepseek, &serving, &many);
    assert!(many.copies > 1.0 && many.utilisation <= 1.0 && many.per_million >= many.saturated_per_million);
    assert_near(many.step.batch / many.step.seconds, 1e6 / many.copies, 1e-6);
}
