//! What must hold whatever the sizes: over seeded random models, devices, batches and bills.

use moescope_engine::cost::batch::Choices;
use moescope_engine::cost::receipt::{Bill, Picodollars, Prices, Usage};
use moescope_engine::cost::shape::Attention;
use moescope_engine::cost::usage::Provider;
use moescope_engine::cost::{
    Bound, Device, Serving, Shape, Sizes, WeightBytes, batch, demand, dense, roofline, waste,
};
use moescope_tests::rng::Rng;

const CASES: usize = 200;

fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    let unit = f64::from(rng.below(1 << 20)) / f64::from(1 << 20);
    low * (high / low).powf(unit)
}

fn sizes(rng: &mut Rng) -> Sizes {
    let n_experts = 2 + rng.below(511);
    let layers = 1 + rng.below(80);
    let attention = match rng.below(2) {
        0 => Attention::Grouped {
            n_heads: 8,
            n_kv_heads: 1 << rng.below(4),
            head_dim: 64,
            window: (rng.below(2) == 0).then_some((2, 128)),
        },
        _ => Attention::Latent {
            n_heads: 16,
            q_rank: rng.below(2) * 256,
            d_latent: 128,
            n_rot: 32,
            d_nope: 64,
            d_value: 64,
        },
    };
    let shape = Shape {
        layers,
        dense_layers: rng.below(layers.min(4)),
        d_model: 64 * (1 + rng.below(64)),
        vocab: 1000 + rng.below(100_000),
        tied: rng.below(2) == 0,
        dense_ff: 128 * (1 + rng.below(64)),
        n_experts,
        top_k: 1 + rng.below(n_experts.min(16)),
        expert_ff: 64 * (1 + rng.below(64)),
        shared_ff: rng.below(3) * 512,
        attention,
    };
    shape.sizes()
}

fn serving(rng: &mut Rng) -> Serving {
    Serving {
        device: Device {
            memory_bytes: between(rng, 8e9, 300e9),
            bandwidth: between(rng, 5e10, 8e12),
            flops: between(rng, 2e12, 2e15),
            watts: 700.0,
        },
        devices: f64::from(1 + rng.below(8)),
        efficiency: between(rng, 0.1, 1.0),
        fixed_seconds: [0.0, 2e-5][rng.below(2) as usize],
        weights: WeightBytes {
            always: between(rng, 0.5, 4.0),
            experts: between(rng, 0.5, 4.0),
        },
        kv_bytes: [1.0625, 2.0, 4.0][rng.below(3) as usize],
    }
}

#[test]
fn cost_per_token_never_rises_with_batch_while_memory_bound() {
    let mut rng = Rng::new(1);
    for _ in 0..CASES {
        let (sizes, serving) = (sizes(&mut rng), serving(&mut rng));
        let context = between(&mut rng, 1.0, 1e5);
        let mut before = f64::INFINITY;
        for power in 0..20 {
            let step = roofline::step(&sizes, &serving, f64::from(1 << power), context);
            if step.bound == Bound::Compute {
                break;
            }
            let each = step.seconds / step.batch;
            assert!(each <= before * (1.0 + 1e-12), "{sizes:?} {serving:?} {step:?}");
            before = each;
        }
    }
}

#[test]
fn distinct_experts_never_exceed_those_there_are_nor_those_chosen() {
    let mut rng = Rng::new(2);
    for _ in 0..CASES {
        let n_experts = 1 + rng.below(512);
        let top_k = 1 + rng.below(n_experts);
        let batch = between(&mut rng, 1.0, 4096.0).round();
        let uniform = batch::distinct(batch, n_experts, top_k);
        let most = f64::from(n_experts).min(batch * f64::from(top_k));
        assert!(uniform <= most + 1e-9 && uniform >= f64::from(top_k) - 1e-9);
        // Rates that sum to k, each below one.
        let raw: Vec<f64> = (0..n_experts).map(|_| between(&mut rng, 0.01, 1.0)).collect();
        let sum: f64 = raw.iter().sum();
        let rates: Vec<f64> = raw.iter().map(|rate| rate / sum * f64::from(top_k)).collect();
        if rates.iter().all(|rate| *rate <= 1.0) {
            assert!(batch::distinct_skewed(batch, &rates) <= uniform + 1e-9);
        }
    }
}

struct Trace {
    positions: Vec<Vec<u16>>,
    moe_layers: usize,
    n_experts: usize,
    top_k: usize,
}

impl Trace {
    /// Each layer of each position chooses among the first `used` experts alone.
    fn uniform(rng: &mut Rng, positions: usize, n_experts: usize, used: usize, top_k: usize) -> Self {
        let moe_layers = 3;
        let one = |rng: &mut Rng| {
            let mut experts: Vec<u16> = (0..used as u16).collect();
            (0..top_k)
                .map(|_| experts.swap_remove(rng.below(experts.len() as u32) as usize))
                .collect::<Vec<_>>()
        };
        let positions = (0..positions)
            .map(|_| (0..moe_layers).flat_map(|_| one(rng)).collect())
            .collect();
        Self {
            positions,
            moe_layers,
            n_experts,
            top_k,
        }
    }

    fn with<T>(&self, read: impl FnOnce(&Choices<'_>) -> T) -> T {
        let positions: Vec<&[u16]> = self.positions.iter().map(Vec::as_slice).collect();
        read(&Choices {
            positions: &positions,
            moe_layers: self.moe_layers,
            n_experts: self.n_experts,
            top_k: self.top_k,
        })
    }
}

#[test]
fn measured_batches_of_a_uniform_trace_follow_the_closed_form() {
    let mut rng = Rng::new(3);
    let trace = Trace::uniform(&mut rng, 2000, 64, 64, 8);
    for spread in trace.with(|choices| choices.measured(64, 32, 7)) {
        let expected = batch::distinct(f64::from(spread.batch), 64, 8);
        assert!(
            (spread.mean - expected).abs() < 1.0,
            "{spread:?}, expected {expected}"
        );
        assert!(spread.low <= spread.mean && spread.mean <= spread.high);
    }
}

#[test]
fn measured_batches_of_a_skewed_trace_stay_below_it() {
    let mut rng = Rng::new(4);
    let trace = Trace::uniform(&mut rng, 400, 64, 24, 8);
    let measured = trace.with(|choices| choices.measured(1024, 8, 7));
    assert_eq!(
        measured.last().map(|spread| spread.batch),
        Some(400),
        "no batch repeats tokens"
    );
    assert_eq!(measured[0].mean, 8.0, "one token touches k");
    for spread in &measured {
        let uniform = batch::distinct(f64::from(spread.batch), 64, 8);
        let skewed = trace.with(|choices| choices.skewed(f64::from(spread.batch)));
        assert!(
            spread.mean <= uniform + 1e-9 && skewed <= uniform + 1e-9,
            "{spread:?}"
        );
        assert!(spread.high <= 24.0);
    }
}

#[test]
fn what_a_workload_never_chose_can_be_left_out_of_it() {
    let mut rng = Rng::new(5);
    let trace = Trace::uniform(&mut rng, 300, 64, 24, 8);
    trace.with(|choices| {
        let coverage = waste::coverage(choices);
        assert!((coverage.touched - 24.0 / 64.0).abs() < 1e-9 && coverage.expected > 0.99);
        let kept = waste::keep(choices, 1.0);
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 3 * 24);
        assert_eq!(waste::missed(choices, &kept), waste::Missed::default());
        let fewer = waste::keep(choices, 0.5);
        let missed = waste::missed(choices, &fewer);
        assert!(missed.choices > 0.0 && missed.choices <= 0.5 && missed.tokens >= missed.choices);
    });
}

#[test]
fn pruning_never_keeps_fewer_experts_than_a_token_needs() {
    let mut rng = Rng::new(6);
    let trace = Trace::uniform(&mut rng, 50, 16, 16, 8);
    let kept = trace.with(|choices| waste::keep(choices, 0.01));
    for layer in kept.chunks(16) {
        assert!(layer.iter().filter(|kept| **kept).count() >= 8);
    }
}

#[test]
fn a_dense_model_of_equal_active_size_reads_as_much_as_one_token() {
    let mut rng = Rng::new(7);
    for _ in 0..CASES {
        let (sizes, serving) = (sizes(&mut rng), serving(&mut rng));
        let serving = Serving {
            weights: WeightBytes::of_bits(16.0),
            ..serving
        };
        let alone = |sizes: &Sizes| roofline::step(sizes, &serving, 1.0, 100.0).bytes();
        let (sparse, same) = (alone(&sizes), alone(&dense::equal_active(&sizes)));
        assert!((sparse / same - 1.0).abs() < 1e-9);
        assert!(alone(&dense::equal_total(&sizes)) >= sparse * (1.0 - 1e-9));
        let crowd = |sizes: &Sizes| roofline::step(sizes, &serving, 64.0, 100.0).bytes();
        assert!(crowd(&sizes) >= crowd(&dense::equal_active(&sizes)) * (1.0 - 1e-9));
    }
}

#[test]
fn a_fleet_serves_what_is_wanted_and_no_cheaper_than_when_full() {
    let mut rng = Rng::new(8);
    for _ in 0..CASES {
        let (sizes, serving) = (sizes(&mut rng), serving(&mut rng));
        let wanted = demand::Demand {
            tokens_per_second: between(&mut rng, 0.01, 1e6),
            context: between(&mut rng, 10.0, 1e5),
            least_user_speed: between(&mut rng, 0.1, 50.0),
            reserve: 0.1,
            dollars_per_hour: between(&mut rng, 0.1, 10.0),
        };
        let fleet = demand::fleet(&sizes, &serving, &wanted);
        assert!(fleet.copies * fleet.saturated >= wanted.tokens_per_second * (1.0 - 1e-9));
        assert!(fleet.utilisation <= 1.0 + 1e-9 && fleet.busy <= 1.0);
        assert!(
            fleet.per_million >= fleet.saturated_per_million * (1.0 - 1e-9),
            "{fleet:?}"
        );
        assert!(fleet.step.batch <= fleet.most_batch + 1e-9);
    }
}

fn usage(rng: &mut Rng) -> Usage {
    let mut count = || u64::from(rng.below(3)) * u64::from(rng.below(10_000_000));
    Usage {
        fresh: count(),
        cache_read: count(),
        cache_write: count(),
        visible: count(),
        reasoning: count(),
    }
}

#[test]
fn bills_add_up_to_the_last_digit() {
    let mut rng = Rng::new(9);
    for _ in 0..CASES {
        let usage = usage(&mut rng);
        let mut price = || between(&mut rng, 1e-4, 200.0);
        let prices = Prices {
            input: price(),
            cache_read: price(),
            cache_write: price(),
            output: price(),
            reasoning: price(),
        };
        let bill = Bill::of(usage, &prices);
        let sum: u128 = bill.lines.iter().map(|(_, _, cost)| cost.0).sum();
        assert_eq!(bill.total.0, sum);
        let tokens: u64 = bill.lines.iter().map(|(_, tokens, _)| tokens).sum();
        assert_eq!(
            tokens,
            usage.input() + usage.output(),
            "each token is on one line"
        );
        // Two bills of the same prices are one bill of both usages.
        let mut both = usage;
        both.add(usage);
        assert_eq!(Bill::of(both, &prices).total.0, 2 * bill.total.0);
        let cents = bill.total.cents() as f64 / 100.0;
        assert!((cents - bill.total.dollars()).abs() <= 0.005 + 1e-9);
    }
    assert_eq!(Picodollars::per_token(f64::NAN).0, 0);
    assert_eq!(Picodollars::per_token(-1.0).0, 0);
}

#[test]
fn a_providers_fields_give_back_what_it_itemises() {
    let mut rng = Rng::new(10);
    for _ in 0..CASES {
        let whole = usage(&mut rng);
        for provider in Provider::ALL {
            let fields = provider.fields(&whole);
            let read = provider.read(|name| {
                let found = fields.iter().find(|(known, _)| *known == name);
                found.map(|(_, count)| *count)
            });
            assert_eq!((read.input(), read.output()), (whole.input(), whole.output()));
            assert_eq!(read.cache_read, whole.cache_read);
            if provider.itemises_reasoning() {
                assert_eq!(read.reasoning, whole.reasoning);
            }
            if provider.itemises_cache_write() {
                assert_eq!(
                    read,
                    Usage {
                        visible: whole.output(),
                        reasoning: 0,
                        ..whole
                    }
                );
            }
        }
    }
}

#[test]
fn a_subset_larger_than_its_whole_bills_nothing_twice() {
    let read = Provider::OpenAiChat.read(|name| match name {
        "prompt_tokens" => Some(10),
        "prompt_tokens_details.cached_tokens" => Some(25),
        _ => None,
    });
    assert_eq!((read.fresh, read.cache_read), (0, 25));
}
