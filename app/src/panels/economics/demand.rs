//! Demand: the fleet that serves what is wanted and what a token then costs; and a day of a whole
//! service, as DeepSeek disclosed its own.

use moescope_engine::cost::demand::{self, Fleet};
use moescope_engine::cost::money;
use moescope_engine::cost::service::{Account, Day};
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
    Assumption::TokensWanted,
    Assumption::LeastSpeed,
    Assumption::Context,
    Assumption::Rent,
    Assumption::SalePrice,
];
const DRAWER: &[Assumption] = &[
    Assumption::Bandwidth,
    Assumption::Memory,
    Assumption::Peak,
    Assumption::Efficiency,
    Assumption::FixedMicros,
    Assumption::KvBits,
    Assumption::Reserve,
    Assumption::Watts,
    Assumption::PowerWorking,
    Assumption::PowerWaiting,
];
const OF_POWER: &[Assumption] = &[
    Assumption::Watts,
    Assumption::PowerWorking,
    Assumption::PowerWaiting,
];
/// What a fleet rests on.
const OF_FLEET: &[Assumption] = &[
    Assumption::TokensWanted,
    Assumption::LeastSpeed,
    Assumption::Context,
    Assumption::KvBits,
    Assumption::Bandwidth,
    Assumption::Memory,
    Assumption::Peak,
    Assumption::Efficiency,
    Assumption::FixedMicros,
    Assumption::Reserve,
];
const OF_DAY: &[Assumption] = &[
    Assumption::DayInput,
    Assumption::DayHitShare,
    Assumption::DayOutput,
    Assumption::DayPrefillRate,
    Assumption::DayDecodeRate,
    Assumption::DayLease,
    Assumption::DayPriceHit,
    Assumption::DayPriceInput,
    Assumption::DayPriceOutput,
];
/// Powers of ten of the chart, tokens per second.
const DEMANDS: std::ops::RangeInclusive<i32> = 0..=6;
const DEVICES_PER_NODE: f64 = 8.0;

struct Case {
    subject: Subject,
    fleet: Fleet,
}

fn fleet(economics: &Economics, subject: &Subject, wanted: f64) -> Fleet {
    let serving = economics.serving(&subject.sizes, subject.weights);
    let demand = demand::Demand {
        tokens_per_second: wanted,
        context: economics.value(Assumption::Context),
        least_user_speed: economics.value(Assumption::LeastSpeed),
        reserve: economics.value(Assumption::Reserve),
        dollars_per_hour: economics.value(Assumption::Rent),
    };
    demand::fleet(&subject.sizes, &serving, &demand)
}

/// The two panels.
pub fn view(scene: &Scene<'_>) -> Html {
    html! { <>{ fleets(scene) }{ day(scene) }</> }
}

fn fleets(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.demand;
    let economics = &scene.state.economics;
    let wanted = economics.value(Assumption::TokensWanted);
    let cases: Vec<Case> = subjects(scene.state)
        .into_iter()
        .map(|subject| Case {
            fleet: fleet(economics, &subject, wanted),
            subject,
        })
        .collect();
    let columns = cases.iter().map(|case| Column::of(&case.subject)).collect();
    let scale = |case: &Case| {
        let (now, full) = (case.fleet.per_million, case.fleet.saturated_per_million);
        let sentence = (texts.scale)(&format::dollars(now), &format::dollars(full));
        finding(
            "scale",
            format!("{}{}{sentence}", case.subject.name, words().economics.colon),
        )
    };
    sheet(
        scene,
        Sheet {
            name: "demand",
            lead: &texts.lead,
            pickers: &[Picker::Beside, Picker::Device],
            controls: CONTROLS,
            drawer: DRAWER,
            tables: vec![Table::plain(columns, lines(economics, &cases))],
            drawn_otherwise: Vec::new(),
            charts: vec![chart(economics, &cases)],
            body: html! { <>{ for cases.iter().map(scale) }</> },
        },
    )
}

#[rustfmt::skip]
fn lines(economics: &Economics, cases: &[Case]) -> Vec<Line> {
    let texts = &words().economics.demand;
    let model = |name, told, formula, more: &[Assumption], of: &dyn Fn(&Fleet) -> f64, text: fn(f64) -> String| {
        line(name, told, formula, cases, |case| {
            let value = of(&case.fleet);
            let mut inputs = of_weights(&case.subject);
            inputs.extend(shown(economics, &[OF_FLEET, more].concat()));
            Cell::modelled(value, text(value), inputs)
        })
    };
    let (rent, price) = (economics.value(Assumption::Rent), economics.value(Assumption::SalePrice));
    let wanted = economics.value(Assumption::TokensWanted);
    let revenue = wanted * 3600.0 * price / 1e6;
    let power = economics.assumed_power();
    let (money, sale) = ([Assumption::Rent], [Assumption::Rent, Assumption::SalePrice]);
    vec![
        model("ticket-devices", &texts.ticket, "fewest n with memory·n·(1 − reserve) ≥ weights + KV(S)", &[], &|fleet| fleet.devices_per_copy, format::number),
        model("ticket-dollars-per-hour", &texts.ticket_dollars, "n·$/h", &money, &|fleet| fleet.devices_per_copy * rent, format::dollars_per_hour),
        model("copies", &texts.copies, "⌈wanted / most of a copy⌉", &[], &|fleet| fleet.copies, format::number),
        model("devices", &texts.devices, "n·copies", &[], &Fleet::devices, format::number),
        model("batch", &texts.batch, "B = d·t(B)", &[], &|fleet| fleet.step.batch * fleet.busy, format::significant),
        model("user-speed", &texts.user_speed, "1 / t(B)", &[], &|fleet| fleet.step.user_speed(), format::token_rate),
        model("busy", &texts.busy, "min(1, B)", &[], &|fleet| fleet.busy, format::percent),
        model("utilisation", &texts.utilisation, "wanted / most of the fleet", &[], &|fleet| fleet.utilisation, format::percent),
        model("dollars-per-hour", &texts.per_hour, "n·copies·$/h", &money, &|fleet| fleet.dollars_per_hour, format::dollars_per_hour),
        model("dollars-per-million", &texts.per_million, "n·copies·$/h / (3600·wanted)·10⁶", &money, &|fleet| fleet.per_million, format::dollars),
        model("full-dollars-per-million", &texts.full, "n·$/h / (3600·most of a copy)·10⁶", &money, &|fleet| fleet.saturated_per_million, format::dollars),
        model("revenue-per-hour", &texts.revenue, "3600·wanted·price / 10⁶", &sale, &|_| revenue, format::dollars_per_hour),
        model("margin", &texts.margin, "(revenue − cost) / revenue", &sale, &|fleet| (revenue - fleet.dollars_per_hour) / revenue, format::signed_percent),
        model("break-even-per-day", &texts.break_even, "24·cost per hour / price·10⁶", &sale, &|fleet| money::break_even_per_day(fleet.dollars_per_hour, price), format::large_size),
        model("fleet-watts", &texts.power, "n·copies·W·(waiting + (working − waiting)·busy)", OF_POWER, &|fleet| fleet.devices() * power.mean(fleet.busy), format::watts),
        model("joules-per-token", &texts.joules, "power of the fleet / wanted", OF_POWER, &|fleet| power.joules_of_demand(fleet.devices(), fleet.busy, wanted), format::joules),
    ]
}

fn chart(economics: &Economics, cases: &[Case]) -> Chart {
    let texts = &words().economics.demand;
    let demands = DEMANDS.flat_map(|power| [1.0, 3.0].map(|times| times * 10f64.powi(power)));
    let demands: Vec<f64> = demands.collect();
    let series = cases.iter().enumerate().map(|(hue, case)| Series {
        name: case.subject.name.clone(),
        hue,
        style: "solid",
        points: demands
            .iter()
            .map(|wanted| (*wanted, fleet(economics, &case.subject, *wanted).per_million))
            .collect(),
        spread: Vec::new(),
    });
    Chart {
        name: "demand",
        label: texts.chart,
        x: Axis {
            title: texts.demand_axis,
            is_log: true,
            tick: format::large_size,
        },
        y: Axis {
            title: texts.dollars_axis,
            is_log: true,
            tick: format::dollars,
        },
        series: series.collect(),
        at: Some(economics.value(Assumption::TokensWanted)),
    }
}

/// What DeepSeek published of the same day, beside what is computed.
const PUBLISHED: [(&str, f64); 3] = [
    ("cost", 87_072.0),
    ("revenue", 562_027.0),
    ("margin-of-cost", 5.45),
];

fn day(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.day;
    let economics = &scene.state.economics;
    let value = |assumption| economics.value(assumption);
    let account = Day {
        input_tokens: value(Assumption::DayInput),
        cached_share: value(Assumption::DayHitShare),
        output_tokens: value(Assumption::DayOutput),
        prefill_rate: value(Assumption::DayPrefillRate),
        decode_rate: value(Assumption::DayDecodeRate),
        devices_per_node: DEVICES_PER_NODE,
        dollars_per_device_hour: value(Assumption::DayLease),
        price_cached: value(Assumption::DayPriceHit),
        price_input: value(Assumption::DayPriceInput),
        price_output: value(Assumption::DayPriceOutput),
    }
    .account();
    let columns = vec![
        Column::named("computed", texts.recomputed),
        Column::named("published", texts.published),
    ];
    sheet(
        scene,
        Sheet {
            name: "day",
            lead: &texts.lead,
            pickers: &[],
            controls: OF_DAY,
            drawer: &[],
            tables: vec![Table::plain(columns, day_lines(economics, &account))],
            drawn_otherwise: Vec::new(),
            charts: Vec::new(),
            body: Html::default(),
        },
    )
}

#[rustfmt::skip]
fn day_lines(economics: &Economics, account: &Account) -> Vec<Line> {
    let texts = &words().economics.day;
    let line = |name: &'static str, told, formula, value: f64, text: fn(f64) -> String| {
        let computed = Cell::modelled(value, text(value), shown(economics, OF_DAY));
        let published = PUBLISHED.iter().find(|(of, _)| *of == name).map_or_else(Cell::unknown, |(_, value)| {
            let source = Shown { label: texts.published.into(), text: text(*value), from: texts.source.into(), verified: true };
            Cell::modelled(*value, text(*value), vec![source])
        });
        Line { name, told, formula, cells: vec![computed, published] }
    };
    vec![
        line("prefill-nodes", &texts.prefill_nodes, "input / rate / 86 400 s", account.prefill_nodes, format::significant),
        line("decode-nodes", &texts.decode_nodes, "output / rate / 86 400 s", account.decode_nodes, format::significant),
        line("cost", &texts.cost, "nodes·8·$/h·24", account.cost, format::dollars),
        line("revenue", &texts.revenue, "Σ tokens·price", account.revenue, format::dollars),
        line("margin-of-cost", &texts.margin, "(revenue − cost) / cost", account.margin_of_cost, format::signed_percent),
        line("cost-per-million-input", &texts.cost_input, "prefill nodes·8·$/h·24 / input·10⁶", account.cost_per_million_input, format::dollars),
        line("cost-per-million-output", &texts.cost_output, "decode nodes·8·$/h·24 / output·10⁶", account.cost_per_million_output, format::dollars),
        line("cost-per-million", &texts.cost_each, "cost / (input + output)·10⁶", account.cost_per_million, format::dollars),
    ]
}
