//! Prices of the field guide: the sheet that receipts are written with.

use yew::{Html, html};

use super::super::lines::{Cell, Column, Line, Shown, Table, from_text, line};
use super::edit;
use super::grid::{self, Grid, Row};
use crate::format;
use crate::panels::nothing;
use crate::panels::views::Scene;
use crate::state::economics::own::{Kind, RowId};
use crate::state::economics::presets::{PriceSheet, TokenPrices};
use crate::state::economics::{EconomicsAction, From};
use crate::words::words;

/// Rows that are shown of a long sheet.
const MOST_SHOWN: usize = 100;
type Priced<'a> = (&'a String, &'a TokenPrices);

/// The visitor's own and the chosen first, so that they are there whatever the length.
fn shown<'a>(scene: &'a Scene<'_>) -> Vec<Priced<'a>> {
    let economics = &scene.state.economics;
    let chosen = economics.prices().map(|(name, _)| name);
    let mut all: Vec<Priced<'a>> = economics.price_sheet().prices.iter().collect();
    all.sort_by_key(|(name, prices)| prices.changed.is_none() && Some(*name) != chosen);
    all.truncate(MOST_SHOWN);
    all.sort_by_key(|(name, _)| *name);
    all
}

fn cell(
    sheet: &PriceSheet,
    (_, prices): &Priced<'_>,
    key: &str,
    of: fn(&TokenPrices) -> Option<f64>,
) -> Cell {
    let from = From::row(&sheet.source, &sheet.date, true, prices.changed.as_ref());
    match of(prices) {
        None => Cell::unknown(),
        Some(dollars) => Cell::modelled(
            dollars,
            format::dollars(dollars),
            vec![Shown {
                label: (words().economics.guide.price)(key).label.into(),
                text: format::dollars(dollars),
                from: from_text(&from),
                verified: true,
            }],
        ),
    }
}

/// Its numbers; a column for each model that is sold.
pub fn table(scene: &Scene<'_>) -> Table {
    let (texts, sheet) = (&words().economics.guide, scene.state.economics.price_sheet());
    let all = shown(scene);
    let price = |key: &'static str, of: fn(&TokenPrices) -> Option<f64>| -> Line {
        line(key, (texts.price)(key), "", &all, |priced| {
            cell(sheet, priced, key, of)
        })
    };
    let lines = vec![
        price("price-input", |prices| Some(prices.input)),
        price("price-output", |prices| Some(prices.output)),
        price("price-cache-read", |prices| prices.cache_read),
        price("price-cache-write", |prices| prices.cache_write),
        price("price-reasoning", |prices| prices.reasoning),
    ];
    let columns = all.iter().map(|(name, _)| Column::named(name, name)).collect();
    Table::under(texts.prices, columns, lines)
}

/// The same as a grid.
pub fn draw(scene: &Scene<'_>, table: &Table) -> Html {
    let (economics, texts) = (&scene.state.economics, &words().economics.guide);
    let sheet = economics.price_sheet();
    let chosen = economics.prices().map(|(name, _)| name);
    let row = |(name, prices): &Priced<'_>| Row {
        kind: Some(Kind::Price),
        choose: Some(EconomicsAction::PricesChosen((*name).clone())),
        is_chosen: chosen == Some(*name),
        is_own: prices.changed.is_some(),
        words: vec![html! { prices.seller.clone() }],
    };
    let (n_shown, n_all) = (table.columns.len() as u64, sheet.prices.len() as u64);
    let add = chosen.map(|name| {
        let like = RowId {
            kind: Kind::Price,
            id: name.clone(),
        };
        edit::add(scene, like, name)
    });
    let after = html! {
        <><p class="note">{ texts.source }{ words().economics.colon }{ from_text(&From::row(&sheet.source, &sheet.date, true, None)) }</p>
        if n_shown < n_all { { nothing(&(texts.shortened)(n_shown, n_all)) } }{ add }</>
    };
    let grid = Grid {
        name: "prices",
        title: texts.prices,
        of: texts.model,
        heads: grid::plain_heads(table),
        more: &[texts.seller],
        table,
        rows: shown(scene).iter().map(row).collect(),
        after,
    };
    grid::draw(scene, &grid)
}
