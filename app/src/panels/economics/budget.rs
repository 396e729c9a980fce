//! Budget: seats, tasks and tokens become a monthly bill and the day the money ends, and the same work
//! is paid per token, per seat or per outcome.

use moescope_engine::cost::budget::Team;
use yew::Html;

use super::lines::{Cell, Column, Line, Shown, Table, one, shown};
use super::{Sheet, finding, sheet};
use crate::format;
use crate::panels::views::Scene;
use crate::state::economics::account::bill;
use crate::state::economics::{Assumption, Economics, From};
use crate::words::economics::Told;
use crate::words::words;

const CONTROLS: &[Assumption] = &[
    Assumption::Seats,
    Assumption::TasksPerDay,
    Assumption::TaskScale,
    Assumption::SuccessRate,
    Assumption::Budget,
    Assumption::SeatPrice,
    Assumption::OutcomePrice,
];
const DRAWER: &[Assumption] = &[
    Assumption::WorkingDays,
    Assumption::PriceInput,
    Assumption::PriceCacheRead,
    Assumption::PriceCacheWrite,
    Assumption::PriceOutput,
    Assumption::PriceReasoning,
    Assumption::CacheWrites,
];
const OF_TASKS: &[Assumption] = &[
    Assumption::Seats,
    Assumption::TasksPerDay,
    Assumption::WorkingDays,
];
/// Of a month, on average.
const DAYS: f64 = 365.25 / 12.0;
/// No calendar of the page reaches further.
const MOST_DAYS: f64 = 365.25 * 200.0;

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.budget;
    let economics = &scene.state.economics;
    let value = |assumption| economics.value(assumption);
    let receipt = bill(scene.state).total.dollars();
    let team = Team {
        seats: value(Assumption::Seats),
        tasks_per_day: value(Assumption::TasksPerDay),
        days_per_month: value(Assumption::WorkingDays),
        dollars_per_attempt: receipt * value(Assumption::TaskScale),
        success_rate: value(Assumption::SuccessRate),
        budget: value(Assumption::Budget),
        seat_price: value(Assumption::SeatPrice),
        outcome_price: value(Assumption::OutcomePrice),
    };
    let burn = team.burn();
    let ways = [
        (texts.per_token_name, burn.per_token),
        (texts.per_seat_name, burn.per_seat),
        (texts.per_outcome_name, burn.per_outcome),
    ];
    let cheapest = ways.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    let body = match cheapest.filter(|_| receipt > 0.0) {
        Some((name, _)) => finding("cheapest", (texts.cheapest)(name)),
        None => Html::default(),
    };
    sheet(
        scene,
        Sheet {
            name: "budget",
            lead: &texts.lead,
            pickers: &[],
            controls: CONTROLS,
            drawer: DRAWER,
            tables: vec![Table::plain(
                Column::only(texts.lead.title),
                lines(economics, &team, receipt),
            )],
            drawn_otherwise: Vec::new(),
            charts: Vec::new(),
            body,
        },
    )
}

#[rustfmt::skip]
fn lines(economics: &Economics, team: &Team, receipt: f64) -> Vec<Line> {
    let texts = &words().economics.budget;
    let burn = team.burn();
    let receipt_input = || Shown {
        label: words().economics.receipt.total.label.into(),
        text: format::dollars(receipt),
        from: super::lines::from_text(&From::Run),
        verified: true,
    };
    let line = |name, told: &'static Told, formula, value: f64, text: String, inputs: &[Assumption]| {
        one(name, told, formula, Cell::modelled(value, text, shown(economics, inputs)))
    };
    let of_run = |name, told: &'static Told, formula, value: f64, text: String, inputs: &[Assumption]| {
        let inputs = std::iter::once(receipt_input()).chain(shown(economics, inputs)).collect();
        one(name, told, formula, Cell::modelled(value, text, inputs))
    };
    let of_receipt = [&[Assumption::TaskScale, Assumption::CacheWrites], &Assumption::PRICES[..]].concat();
    let of_tokens = [OF_TASKS, &[Assumption::TaskScale, Assumption::SuccessRate]].concat();
    let of_money = [&of_tokens[..], &[Assumption::Budget]].concat();
    let (end, ends) = day_of_end(economics, burn.months);
    vec![
        of_run("dollars-per-attempt", &texts.task, "receipt·scale", team.dollars_per_attempt, format::dollars(team.dollars_per_attempt), &of_receipt),
        line("attempts-per-task", &texts.attempts, "1 / success rate", burn.attempts_per_task, format::significant(burn.attempts_per_task), &[Assumption::SuccessRate]),
        line("tasks-per-month", &texts.tasks, "seats·tasks·days", burn.tasks_per_month, format::large_size(burn.tasks_per_month), OF_TASKS),
        of_run("per-token-dollars", &texts.tokens, "tasks·attempts·receipt·scale", burn.per_token, format::dollars(burn.per_token), &of_tokens),
        line("per-seat-dollars", &texts.seats, "seats·price", burn.per_seat, format::dollars(burn.per_seat), &[Assumption::Seats, Assumption::SeatPrice]),
        line("per-outcome-dollars", &texts.outcomes, "tasks·price", burn.per_outcome, format::dollars(burn.per_outcome), &[OF_TASKS, &[Assumption::OutcomePrice]].concat()),
        of_run("months", &texts.months, "budget / (per month, paid per token)", burn.months, format::significant(burn.months), &of_money),
        of_run("budget-ends-day", &texts.ends, "today + months·30.4 days", end, ends, &of_money),
        of_run("break-even-tasks", &texts.break_even, "price of a seat / (attempts·receipt·scale·days)", burn.break_even_tasks, format::significant(burn.break_even_tasks),
            &[Assumption::SeatPrice, Assumption::SuccessRate, Assumption::TaskScale, Assumption::WorkingDays]),
    ]
}

/// As days since 1970, and as it is written.
fn day_of_end(economics: &Economics, months: f64) -> (f64, String) {
    let days = months * DAYS;
    let Some(today) = economics.today.filter(|_| days < MOST_DAYS) else {
        return (f64::NAN, words().economics.budget.never.into());
    };
    let end = today + days.floor() as i64;
    (end as f64, format::day(end))
}
