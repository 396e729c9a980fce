//! Devices of the field guide.

use yew::{Html, html};

use super::super::lines::{Cell, Column, Shown, Table, from_text, is_verified, line};
use super::edit;
use super::grid::{self, Grid, Row};
use super::models::unverified;
use crate::format;
use crate::panels::views::Scene;
use crate::state::economics::own::{Kind, RowId};
use crate::state::economics::presets::DevicePreset;
use crate::state::economics::{EconomicsAction, From};
use crate::words::economics::Told;
use crate::words::words;

/// A published number of a device.
fn published(device: &DevicePreset, told: &Told, field: &str, value: f64, text: String) -> Cell {
    let verified = !device.is_unverified(field);
    let from = From::row(&device.source, &device.date, verified, device.changed.as_ref());
    let input = said(told, text.clone(), &from);
    Cell::modelled(value, text, vec![input])
}

fn said(told: &Told, text: String, from: &From) -> Shown {
    Shown {
        label: told.label.into(),
        text,
        from: from_text(from),
        verified: is_verified(from),
    }
}

/// Its numbers; a column for each device.
pub fn table(scene: &Scene<'_>) -> Table {
    let (texts, all) = (
        &words().economics.guide,
        &scene.state.economics.presets.hardware.devices,
    );
    let lines = vec![
        line("memory", &texts.memory, "", all, |device| {
            let bytes = device.memory_gb * 1e9;
            published(device, &texts.memory, "memory", bytes, format::byte_size(bytes))
        }),
        line("bandwidth", &texts.bandwidth, "BW", all, |device| {
            let rate = device.bandwidth_tbs * 1e12;
            published(
                device,
                &texts.bandwidth,
                "bandwidth",
                rate,
                format::byte_rate(rate),
            )
        }),
        line("peak", &texts.peak, "F", all, |device| {
            let rate = device.tflops.bf16 * 1e12;
            published(device, &texts.peak, "tflops", rate, format::operation_rate(rate))
        }),
        line("balance", &texts.balance, "I = F / BW", all, |device| {
            let (balance, rates) = (device.device().balance(), device.device());
            let inputs = [
                published(
                    device,
                    &texts.peak,
                    "tflops",
                    0.0,
                    format::operation_rate(rates.flops),
                ),
                published(
                    device,
                    &texts.bandwidth,
                    "bandwidth",
                    0.0,
                    format::byte_rate(rates.bandwidth),
                ),
            ];
            let inputs = inputs.into_iter().flat_map(|cell| cell.inputs).collect();
            Cell::modelled(balance, format::significant(balance), inputs)
        }),
        line("watts", &texts.watts, "W", all, |device| {
            published(
                device,
                &texts.watts,
                "watts",
                device.watts,
                format::watts(device.watts),
            )
        }),
        line("rent", &texts.rent, "", all, rents),
    ];
    let columns = all
        .iter()
        .map(|device| Column::named(&device.id, &device.name))
        .collect();
    Table::under(texts.devices, columns, lines)
}

/// The rent the page starts from, and everything else it was sold for.
fn rents(device: &DevicePreset) -> Cell {
    let texts = &words().economics.guide;
    let Some(first) = device.rent() else {
        return Cell {
            text: texts.owned.into(),
            ..Cell::unknown()
        };
    };
    let per_hour = |dollars: f64| format::dollars_per_hour(dollars);
    let inputs = device.prices.iter().enumerate().map(|(nth, rent)| {
        let changed = device.changed.as_ref().filter(|_| nth == 0);
        let source = if rent.source.is_empty() {
            &rent.vendor
        } else {
            &rent.source
        };
        let from = From::row(source, &rent.date, rent.verified, changed);
        Shown {
            label: if rent.vendor.is_empty() {
                texts.rent.label.into()
            } else {
                rent.vendor.clone()
            },
            ..said(&texts.rent, per_hour(rent.dollars_per_hour), &from)
        }
    });
    Cell::modelled(
        first.dollars_per_hour,
        per_hour(first.dollars_per_hour),
        inputs.collect(),
    )
}

/// The same as a grid.
pub fn draw(scene: &Scene<'_>, table: &Table) -> Html {
    let (economics, texts) = (&scene.state.economics, &words().economics.guide);
    let chosen = economics.device();
    let row = |device: &DevicePreset| {
        let from = From::row(
            &device.source,
            &device.date,
            device.unverified.is_empty(),
            device.changed.as_ref(),
        );
        Row {
            kind: Some(Kind::Device),
            choose: Some(EconomicsAction::DeviceChosen(device.id.clone())),
            is_chosen: chosen.is_some_and(|chosen| chosen.id == device.id),
            is_own: device.changed.is_some(),
            words: vec![html! { <>{ from_text(&from) }{ unverified(is_verified(&from)) }</> }],
        }
    };
    let after = chosen.map(|device| {
        let like = RowId {
            kind: Kind::Device,
            id: device.id.clone(),
        };
        edit::add(scene, like, &device.name)
    });
    let grid = Grid {
        name: "devices",
        title: texts.devices,
        of: texts.device,
        heads: grid::plain_heads(table),
        more: &[texts.source],
        table,
        rows: economics.presets.hardware.devices.iter().map(row).collect(),
        after: after.unwrap_or_default(),
    };
    grid::draw(scene, &grid)
}
