//! Receipt: the conversation as a seller would bill it, in disjoint counts, to the cent, and in each
//! provider's own words.

use moescope_engine::cost::receipt::{Bill, Item};
use moescope_engine::cost::usage::Provider;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::{Html, TargetCast, html};

use super::controls::{actions, menu};
use super::lines::{Cell, Column, Line, Shown, Table, one, shown};
use super::{Sheet, sheet};
use crate::format;
use crate::panels::views::Scene;
use crate::panels::when;
use crate::state::economics::account::bill;
use crate::state::economics::{Assumption, Economics, EconomicsAction};
use crate::state::{Action, AppState, Role};
use crate::words::economics::Told;
use crate::words::words;

const CONTROLS: &[Assumption] = &[
    Assumption::PriceInput,
    Assumption::PriceCacheRead,
    Assumption::PriceCacheWrite,
    Assumption::PriceOutput,
    Assumption::PriceReasoning,
    Assumption::SuccessRate,
    Assumption::CacheWrites,
];

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.receipt;
    let economics = &scene.state.economics;
    let bill = bill(scene.state);
    let provider = economics.provider();
    let columns = vec![
        Column::named("tokens", texts.counts),
        Column::named("cost", texts.cost),
    ];
    let tables = vec![
        Table::plain(columns, items(economics, &bill)),
        Table::plain(Column::only(texts.cost), derived(economics, &bill)),
        Table::under(
            (texts.fields)(provider.name()),
            Column::only(texts.counts),
            fields(&bill, provider),
        ),
    ];
    let told = (texts.fields_lead)(provider.input_includes_cached(), provider.itemises_reasoning());
    let body = html! { <>{ sellers(scene) }<p class="note">{ told }</p>{ auditable(scene.state) }</> };
    sheet(
        scene,
        Sheet {
            name: "receipt",
            lead: &texts.lead,
            pickers: &[],
            controls: CONTROLS,
            drawer: &[],
            tables,
            drawn_otherwise: Vec::new(),
            charts: Vec::new(),
            body,
        },
    )
}

/// What is on the receipt, and at whose price.
fn item(item: Item) -> (&'static str, &'static Told, Assumption) {
    let texts = &words().economics.receipt;
    match item {
        Item::Fresh => ("fresh-input", &texts.fresh, Assumption::PriceInput),
        Item::CacheRead => ("cache-read", &texts.cache_read, Assumption::PriceCacheRead),
        Item::CacheWrite => ("cache-write", &texts.cache_write, Assumption::PriceCacheWrite),
        Item::Visible => ("visible-output", &texts.visible, Assumption::PriceOutput),
        Item::Reasoning => ("reasoning-output", &texts.reasoning, Assumption::PriceReasoning),
    }
}

fn items(economics: &Economics, bill: &Bill) -> Vec<Line> {
    let texts = &words().economics.receipt;
    let mut lines: Vec<Line> = bill
        .lines
        .iter()
        .map(|(kind, tokens, cost)| {
            let (name, told, price) = item(*kind);
            let counted = Cell::counted(*tokens as f64, format::count(*tokens));
            let cost = cost.dollars();
            let priced = Cell::modelled(cost, format::dollars(cost), shown(economics, &[price]));
            Line {
                name,
                told,
                formula: "tokens·price",
                cells: vec![counted, priced],
            }
        })
        .collect();
    let tokens = bill.usage.input() + bill.usage.output();
    let total = format!(
        "{} ({})",
        format::cents(bill.total.cents()),
        format::dollars(bill.total.dollars())
    );
    lines.push(Line {
        name: "total",
        told: &texts.total,
        formula: "fresh·p_in + read·p_read + write·p_write + visible·p_out + reasoning·p_reason",
        cells: vec![
            Cell::counted(tokens as f64, format::count(tokens)),
            Cell::modelled(bill.total.dollars(), total, shown(economics, &Assumption::PRICES)),
        ],
    });
    lines
}

fn derived(economics: &Economics, bill: &Bill) -> Vec<Line> {
    let texts = &words().economics.receipt;
    let prices = || shown(economics, &Assumption::PRICES);
    let dollars = |value: f64, inputs: Vec<Shown>| Cell::modelled(value, format::dollars(value), inputs);
    let success = economics.value(Assumption::SuccessRate);
    let mut of_success = prices();
    of_success.extend(shown(economics, &[Assumption::SuccessRate]));
    let per_visible = bill
        .per_visible_token()
        .map_or_else(Cell::unknown, |value| dollars(value, prices()));
    vec![
        one(
            "dollars-per-visible-token",
            &texts.per_visible,
            "bill / visible",
            per_visible,
        ),
        one(
            "reasoning-share",
            &texts.reasoning_share,
            "reasoning / (visible + reasoning)",
            Cell::counted(bill.reasoning_share(), format::percent(bill.reasoning_share())),
        ),
        one(
            "cache-saving",
            &texts.saving,
            "read·(p_in − p_read) − write·(p_write − p_in)",
            dollars(bill.saving_dollars, prices()),
        ),
        one(
            "dollars-per-success",
            &texts.per_success,
            "bill / success rate",
            dollars(bill.per_success(success), of_success),
        ),
    ]
}

/// The usage object of a provider. Its fields are their own labels.
fn fields(bill: &Bill, provider: Provider) -> Vec<Line> {
    let field = |(name, tokens): (&'static str, u64)| Line {
        name,
        told: &words().economics.receipt.field,
        formula: "",
        cells: vec![Cell::counted(tokens as f64, format::count(tokens))],
    };
    provider.fields(&bill.usage).into_iter().map(field).collect()
}

/// Whose prices, in whose words, and a price file of the visitor's own.
fn sellers(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.receipt;
    let (economics, dispatch) = (&scene.state.economics, &scene.hands.dispatch);
    let sheet = economics.price_sheet();
    let options: Vec<_> = sheet
        .prices
        .keys()
        .map(|name| (name.clone(), name.clone()))
        .collect();
    let chosen = economics.prices().map_or("", |(name, _)| name);
    let providers: Vec<_> = Provider::ALL
        .iter()
        .map(|provider| (provider.name().to_owned(), provider.name().to_owned()))
        .collect();
    let told = when(dispatch, |event: yew::Event| {
        let wanted = event.target_dyn_into::<HtmlSelectElement>()?.value();
        let provider = Provider::ALL.into_iter().find(|it| it.name() == wanted)?;
        Some(Action::Economics(EconomicsAction::ProviderChosen(provider)))
    });
    let prices = actions(dispatch, EconomicsAction::PricesChosen);
    html! {
        <div class="assumed">
            { menu("prices", texts.prices, &options, chosen, &prices) }
            <label class="picker"><span>{ texts.in_words_of }</span>
                <select data-picker="provider" onchange={told}>{ for providers.iter().map(|(id, name)| html! {
                    <option value={id.clone()} selected={economics.provider().name() == id}>{ name }</option> }) }</select></label>
            { import(scene) }
        </div>
    }
}

fn import(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.receipt;
    let (economics, dispatch) = (&scene.state.economics, &scene.hands.dispatch);
    let read = scene.hands.read_prices.clone();
    let onchange = when(&read, |event: yew::Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        input.files()?.get(0)
    });
    let drop = dispatch.reform(|_| Action::Economics(EconomicsAction::OwnPricesDropped));
    html! {
        <div class="picker">
            <label>{ texts.import }<input type="file" accept="application/json,.json" data-picker="price-file" {onchange} /></label>
            if let Some(own) = &economics.own_prices {
                <span>{ (texts.own_prices)(own.prices.len() as u64) }{ " " }<button type="button" onclick={drop}>{ texts.drop_prices }</button></span>
            } else { <small>{ texts.import_hint }</small> }
            if let Some(err) = &economics.price_error { <p class="unverified" role="alert" data-value="price-error">{ err }</p> }
        </div>
    }
}

/// What the buyer of this bill could not check, and what can be checked here.
fn auditable(state: &AppState) -> Html {
    let texts = &words().economics.receipt;
    let unknown = || texts.unknown.to_owned();
    let model = state.model.as_deref();
    let entry = model.and_then(|model| crate::state::select::catalogue_entry(state, model));
    let stored = model.and_then(|model| {
        state
            .stored
            .models
            .iter()
            .find(|stored| stored.url.ends_with(&model.origin))
    });
    let hash = entry
        .map(|entry| entry.sha256.clone())
        .filter(|hash| !hash.is_empty())
        .or_else(|| stored.and_then(|stored| stored.sha256.clone()));
    let answers = state.conversation.turns.iter().rev();
    let seed = answers
        .filter(|turn| turn.role == Role::Model)
        .map(|turn| turn.seed.to_string())
        .next();
    let licence = model
        .and_then(|model| model.facts.licence.clone())
        .or_else(|| entry.map(|entry| entry.licence.clone()));
    let facts = [
        (texts.model, model.map(|model| model.facts.name.clone())),
        (texts.file, model.map(|model| model.origin.clone())),
        (texts.file_hash, hash),
        (
            texts.quantization,
            model.map(|model| model.facts.quantization.clone()),
        ),
        (texts.licence, licence),
        (texts.seed, seed),
    ];
    let row = |(name, value): (&'static str, Option<String>)| {
        html! { <><dt>{ name }</dt><dd><code>{ value.unwrap_or_else(unknown) }</code></dd></> }
    };
    html! {
        <details class="more audit">
            <summary>{ texts.not_auditable }</summary>
            <p class="note">{ texts.not_auditable_told }</p>
            <h3>{ texts.here_auditable }</h3>
            <dl class="facts-list">{ for facts.into_iter().map(row) }</dl>
        </details>
    }
}
