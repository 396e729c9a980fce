//! Context: what a conversation keeps, against its length; and sessions of agents, which send all that
//! went before once more with every turn.

use moescope_engine::cost::context::{Session, Tokens};
use moescope_engine::cost::receipt::{Bill, Usage};
use moescope_engine::cost::{Cache, Serving, Sizes, money, roofline};
use yew::{Html, html};

use super::chart::{Axis, Chart, Series};
use super::controls::Picker;
use super::lines::{Cell, Column, Line, Shown, Table, line, of_weights, shown};
use super::{Sheet, finding, sheet};
use crate::format;
use crate::panels::views::Scene;
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Economics};
use crate::words::words;

const CONTROLS: &[Assumption] = &[
    Assumption::Context,
    Assumption::KvBits,
    Assumption::CachedShare,
    Assumption::Rent,
];
const DRAWER: &[Assumption] = &[
    Assumption::Bandwidth,
    Assumption::Memory,
    Assumption::Peak,
    Assumption::Efficiency,
    Assumption::PrefillEfficiency,
    Assumption::FixedMicros,
    Assumption::Reserve,
];
const OF_AGENTS: &[Assumption] = &[
    Assumption::AgentSessions,
    Assumption::AgentStart,
    Assumption::AgentTurns,
    Assumption::AgentResult,
    Assumption::AgentOutput,
    Assumption::AgentHitShare,
];
const OF_PRICES: &[Assumption] = &[
    Assumption::PriceInput,
    Assumption::PriceCacheRead,
    Assumption::PriceOutput,
];
/// q8_0: 32 elements of 8 bits and a scale of 16.
const Q8_BITS: f64 = 8.5;
/// Powers of two of the chart.
const CONTEXTS: std::ops::RangeInclusive<u32> = 7..=20;

/// A model and how it is served at the slider's context.
struct Case {
    subject: Subject,
    serving: Serving,
}

impl Case {
    fn all(scene: &Scene<'_>) -> Vec<Self> {
        let economics = &scene.state.economics;
        let case = |subject: Subject| Self {
            serving: economics.serving(&subject.sizes, subject.weights),
            subject,
        };
        subjects(scene.state).into_iter().map(case).collect()
    }

    /// The same sizes with every layer's cache changed.
    fn with(&self, cache: fn(&Cache) -> Cache) -> Sizes {
        Sizes {
            caches: self.subject.sizes.caches.iter().map(cache).collect(),
            ..self.subject.sizes.clone()
        }
    }
}

/// The two panels.
pub fn view(scene: &Scene<'_>) -> Html {
    html! { <>{ contexts(scene) }{ agents(scene) }</> }
}

fn contexts(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.context;
    let economics = &scene.state.economics;
    let cases = Case::all(scene);
    let overtakes = |case: &Case| {
        let context = case.subject.sizes.flops_crossover()?;
        let sentence = (texts.overtakes)(&case.subject.name, &format::significant(context.round()));
        Some(finding("overtakes", sentence))
    };
    let columns = cases.iter().map(|case| Column::of(&case.subject)).collect();
    sheet(
        scene,
        Sheet {
            name: "context",
            lead: &texts.lead,
            pickers: &[Picker::Beside, Picker::Device],
            controls: CONTROLS,
            drawer: DRAWER,
            tables: vec![Table::plain(columns, lines(economics, &cases))],
            drawn_otherwise: Vec::new(),
            charts: vec![chart(economics, &cases)],
            body: html! { <>{ for cases.iter().filter_map(overtakes) }</> },
        },
    )
}

/// The inputs of a model's cache.
fn of_cache(economics: &Economics, subject: &Subject, more: &[Assumption]) -> Vec<Shown> {
    let told = &words().economics.context.per_position;
    let per_position = subject
        .sizes
        .kv_bytes_per_position(economics.value(Assumption::KvBits) / 8.0);
    let mut inputs = vec![super::lines::of_model(
        subject,
        told.label,
        format::byte_size(per_position),
    )];
    inputs.extend(shown(economics, more));
    inputs
}

#[rustfmt::skip]
fn lines(economics: &Economics, cases: &[Case]) -> Vec<Line> {
    let texts = &words().economics.context;
    let value = |assumption| economics.value(assumption);
    let (context, kv_bytes) = (value(Assumption::Context), value(Assumption::KvBits) / 8.0);
    let (cached, efficiency) = (value(Assumption::CachedShare), value(Assumption::PrefillEfficiency));
    let (rent, reserve) = (value(Assumption::Rent), value(Assumption::Reserve));
    let cache = |name, told, formula, more: &[Assumption], of: &dyn Fn(&Case) -> f64, text: fn(f64) -> String| {
        line(name, told, formula, cases, |case| {
            let value = of(case);
            Cell::modelled(value, text(value), of_cache(economics, &case.subject, more))
        })
    };
    let crossing = |name, told, formula, of: &dyn Fn(&Case) -> Option<f64>| {
        line(name, told, formula, cases, |case| match of(case) {
            None => Cell::unknown(),
            Some(value) => Cell::modelled(value, format::large_size(value), of_weights(&case.subject)),
        })
    };
    let held = |sizes: &Sizes, bytes: f64| sizes.kv_bytes(context, bytes);
    let both = [Assumption::Context, Assumption::KvBits];
    let prefill = |case: &Case, cached: f64| roofline::prefill_seconds(&case.subject.sizes, &case.serving, context, cached, efficiency);
    let of_prefill = [Assumption::Context, Assumption::Peak, Assumption::PrefillEfficiency, Assumption::FixedMicros];
    let of_cached = [&of_prefill[..], &[Assumption::CachedShare]].concat();
    vec![
        cache("kv-bytes-per-token", &texts.per_position, "Σ layers 2·g·c·b_kv; MLA: (r_kv + r_rope)·b_kv", &[Assumption::KvBits],
            &|case| case.subject.sizes.kv_bytes_per_position(kv_bytes), format::byte_size),
        cache("kv-held-bytes", &texts.held, "Σ layers elements(min(S, W))·b_kv", &both, &|case| held(&case.subject.sizes, kv_bytes), format::byte_size),
        cache("kv-unwindowed-bytes", &texts.unwindowed, "W = ∞", &both, &|case| held(&case.with(Cache::unwindowed), kv_bytes), format::byte_size),
        cache("kv-unshared-bytes", &texts.unshared, "2·h·c·b_kv per layer and token", &both, &|case| held(&case.with(Cache::unshared), kv_bytes), format::byte_size),
        cache("kv-q8-bytes", &texts.q8, "b_kv = 8.5 / 8", &[Assumption::Context], &|case| held(&case.subject.sizes, Q8_BITS / 8.0), format::byte_size),
        cache("kv-read-seconds", &texts.read, "KV(S) / (BW·n·η)", &[Assumption::Context, Assumption::KvBits, Assumption::Bandwidth, Assumption::Efficiency],
            &|case| held(&case.subject.sizes, kv_bytes) / (case.serving.device.bandwidth * case.serving.devices * case.serving.efficiency), format::seconds),
        cache("attention-operations", &texts.attention, "Σ layers 4·h·c·min(S, W); MLA: 2·h·S·(2·r_kv + r_rope)", &[Assumption::Context],
            &|case| case.subject.sizes.attention_flops(context), format::large_size),
        crossing("flops-crossover", &texts.flops_crossover, "S* = P_act / (2·L·h·c)", &|case| case.subject.sizes.flops_crossover()),
        crossing("bytes-crossover", &texts.bytes_crossover, "S**: KV(S) = P_act·b", &|case| case.subject.sizes.bytes_crossover(case.subject.weights, kv_bytes)),
        cache("prefill-seconds", &texts.prefill, "(2·P_act·T + attention) / (F·n·η_prefill) + t_fix", &of_prefill, &|case| prefill(case, 0.0), format::seconds),
        cache("cached-prefill-seconds", &texts.cached_prefill, "(2·P_act·(T − C) + attention of T − C over T) / (F·n·η_prefill) + t_fix", &of_cached, &|case| prefill(case, context * cached), format::seconds),
        cache("concurrent", &texts.concurrent, "(memory·n·(1 − reserve) − weights) / KV(S)", &[Assumption::Context, Assumption::KvBits, Assumption::Memory, Assumption::Reserve],
            &|case| roofline::most_sequences(&case.subject.sizes, &case.serving, context, reserve).floor(), format::large_size),
        cache("parked-dollars-per-hour", &texts.rent, "KV(S) / memory · $/h", &[Assumption::Context, Assumption::KvBits, Assumption::Memory, Assumption::Rent],
            &|case| money::parked_per_hour(held(&case.subject.sizes, kv_bytes), case.serving.device.memory_bytes, rent), format::dollars_per_hour),
    ]
}

fn chart(economics: &Economics, cases: &[Case]) -> Chart {
    let texts = &words().economics.context;
    let kv_bytes = economics.value(Assumption::KvBits) / 8.0;
    let contexts = || CONTEXTS.map(|power| f64::from(1u32 << power));
    let series = cases.iter().enumerate().flat_map(|(hue, case)| {
        let sizes = &case.subject.sizes;
        let weights = sizes.active_bytes(case.subject.weights);
        let of = |name: String, style, points: Vec<(f64, f64)>| Series {
            name,
            hue,
            style,
            points,
            spread: Vec::new(),
        };
        let cache = contexts().map(|context| (context, sizes.kv_bytes(context, kv_bytes)));
        let weights = contexts().map(|context| (context, weights));
        let name = &case.subject.name;
        [
            of((texts.cache_line)(name), "solid", cache.collect()),
            of((texts.weights_line)(name), "dashed", weights.collect()),
        ]
    });
    Chart {
        name: "context",
        label: texts.chart,
        x: Axis {
            title: texts.context_axis,
            is_log: true,
            tick: format::large_size,
        },
        y: Axis {
            title: texts.bytes_axis,
            is_log: true,
            tick: format::byte_size,
        },
        series: series.collect(),
        at: Some(economics.value(Assumption::Context)),
    }
}

fn session(economics: &Economics) -> Session {
    Session {
        start: economics.value(Assumption::AgentStart),
        turns: economics.value(Assumption::AgentTurns),
        result: economics.value(Assumption::AgentResult),
        output: economics.value(Assumption::AgentOutput),
        hit_share: economics.value(Assumption::AgentHitShare),
    }
}

fn agents(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.agents;
    let economics = &scene.state.economics;
    let session = session(economics);
    let tokens = session.tokens();
    let cases = Case::all(scene);
    let columns = cases.iter().map(|case| Column::of(&case.subject)).collect();
    let tables = vec![
        Table::plain(Column::only(texts.lead.title), of_session(economics, &tokens)),
        Table::plain(columns, of_fleet(economics, &session, &tokens, &cases)),
    ];
    sheet(
        scene,
        Sheet {
            name: "agents",
            lead: &texts.lead,
            pickers: &[Picker::Beside, Picker::Device],
            controls: OF_AGENTS,
            drawer: OF_PRICES,
            tables,
            drawn_otherwise: Vec::new(),
            charts: Vec::new(),
            body: Html::default(),
        },
    )
}

#[rustfmt::skip]
fn of_session(economics: &Economics, tokens: &Tokens) -> Vec<Line> {
    let texts = &words().economics.agents;
    let count = |name, told, formula, value: f64| {
        super::lines::one(name, told, formula, Cell::modelled(value, format::large_size(value), shown(economics, OF_AGENTS)))
    };
    let bill = |cached: f64| {
        let usage = Usage { fresh: (tokens.input - cached).round() as u64, cache_read: cached.round() as u64, visible: tokens.output.round() as u64, ..Usage::default() };
        Bill::of(usage, &economics.assumed_prices()).total.dollars()
    };
    let money = |name, told, value: f64| {
        let inputs = shown(economics, &[OF_AGENTS, OF_PRICES].concat());
        super::lines::one(name, told, "fresh·p_in + cached·p_read + output·p_out", Cell::modelled(value, format::dollars(value), inputs))
    };
    vec![
        count("agent-input", &texts.input, "Σ turns start + i·(result + output)", tokens.input),
        count("agent-cached", &texts.cached, "Σ old input · share", tokens.cached),
        count("agent-fresh", &texts.fresh, "input − cached", tokens.fresh),
        count("agent-output", &texts.output, "turns·output", tokens.output),
        count("agent-last", &texts.last, "start + (turns − 1)·(result + output) + output", tokens.last),
        money("agent-bill", &texts.bill, bill(tokens.cached)),
        money("agent-bill-uncached", &texts.bill_uncached, bill(0.0)),
    ]
}

#[rustfmt::skip]
fn of_fleet(economics: &Economics, session: &Session, tokens: &Tokens, cases: &[Case]) -> Vec<Line> {
    let texts = &words().economics.agents;
    let value = |assumption| economics.value(assumption);
    let (sessions, kv_bytes) = (value(Assumption::AgentSessions), value(Assumption::KvBits) / 8.0);
    let (reserve, rent, efficiency) = (value(Assumption::Reserve), value(Assumption::Rent), value(Assumption::PrefillEfficiency));
    // A copy must hold one session at its longest.
    let serving = |case: &Case| Serving {
        devices: roofline::fewest_devices(&case.subject.sizes, &case.serving, tokens.last, reserve),
        ..case.serving
    };
    let fits = |case: &Case| roofline::most_sequences(&case.subject.sizes, &serving(case), tokens.last, reserve).floor().max(1.0);
    let copies = |case: &Case| (sessions / fits(case)).ceil();
    let own = |case: &Case| case.subject.sizes.kv_bytes(tokens.last, kv_bytes);
    let decode = |case: &Case| {
        let batch = (sessions / copies(case)).max(1.0);
        tokens.output * roofline::step(&case.subject.sizes, &serving(case), batch, tokens.mean).seconds
    };
    let prefill = |case: &Case| {
        let serving = serving(case);
        session.prefill_flops(&case.subject.sizes) / (serving.device.flops * serving.devices * efficiency)
    };
    let line = |name, told, formula, more: &[Assumption], of: &dyn Fn(&Case) -> f64, text: fn(f64) -> String| {
        line(name, told, formula, cases, |case| {
            let value = of(case);
            Cell::modelled(value, text(value), of_cache(economics, &case.subject, &[OF_AGENTS, more].concat()))
        })
    };
    let memory = [Assumption::KvBits, Assumption::Memory, Assumption::Reserve];
    vec![
        line("agent-kv-bytes", &texts.kv, "KV(context at the end)", &[Assumption::KvBits], &own, format::byte_size),
        line("agents-kv-bytes", &texts.all_kv, "sessions·KV", &[Assumption::KvBits], &|case| sessions * own(case), format::byte_size),
        line("agents-per-copy", &texts.fits, "(memory·n·(1 − reserve) − weights) / KV", &memory, &fits, format::large_size),
        line("agents-copies", &texts.copies, "⌈sessions / sessions of a copy⌉", &memory, &copies, format::large_size),
        line("agents-dollars-per-hour", &texts.per_hour, "n·copies·$/h", &[&memory[..], &[Assumption::Rent]].concat(), &|case| serving(case).devices * copies(case) * rent, format::dollars_per_hour),
        line("agent-prefill-seconds", &texts.prefill, "Σ turns (2·P_act·fresh + attention) / (F·n·η_prefill)", &[Assumption::Peak, Assumption::PrefillEfficiency], &prefill, format::seconds),
        line("agent-decode-seconds", &texts.decode, "output·t(B, mean context)", &[Assumption::Bandwidth, Assumption::Efficiency, Assumption::FixedMicros], &decode, format::seconds),
    ]
}
