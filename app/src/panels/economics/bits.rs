//! Bits: size and ceiling by format, and what rounding does to the answers, measured on the visitor's
//! own conversation.

mod quality;
mod reference;

use moescope_engine::cost::{WeightBytes, roofline};
use yew::{Html, html};

use super::controls::Picker;
use super::lines::{Cell, Column, Line, Shown, Table, line, of_weights, shown};
use super::{Sheet, sheet};
use crate::format;
use crate::panels::views::Scene;
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Economics};
use crate::words::words;

const CONTROLS: &[Assumption] = &[Assumption::Bits, Assumption::Context];
const DRAWER: &[Assumption] = &[
    Assumption::Bandwidth,
    Assumption::Memory,
    Assumption::KvBits,
    Assumption::Reserve,
];
/// Formats as they are met, and their bits per weight with scales.
const FORMATS: [(&str, f64); 6] = [
    ("BF16", 16.0),
    ("Q8_0", 8.5),
    ("Q6_K", 6.5625),
    ("Q5_0", 5.5),
    ("Q4_0", 4.5),
    ("MXFP4", 4.25),
];

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.bits;
    let economics = &scene.state.economics;
    let subjects = subjects(scene.state);
    let columns = subjects.iter().map(Column::of).collect();
    let bits = economics.value(Assumption::Bits);
    let mut tables = vec![Table::under(
        texts.at_slider,
        columns,
        by_subject(economics, &subjects, bits),
    )];
    tables.extend(subjects.iter().map(|subject| by_format(economics, subject)));
    let measured = [quality::table(economics), reference::tables(economics)];
    tables.splice(0..0, measured.into_iter().flatten());
    sheet(
        scene,
        Sheet {
            name: "bits",
            lead: &texts.lead,
            pickers: &[Picker::Beside, Picker::Device],
            controls: CONTROLS,
            drawer: DRAWER,
            tables,
            drawn_otherwise: Vec::new(),
            charts: reference::chart(economics).into_iter().collect(),
            body: html! { <>{ quality::measuring(scene) }{ reference::choosing(scene) }</> },
        },
    )
}

/// Devices that hold a model at so many bits.
fn devices(economics: &Economics, subject: &Subject, weights: WeightBytes) -> f64 {
    let serving = economics.serving(&subject.sizes, weights);
    let (context, reserve) = (
        economics.value(Assumption::Context),
        economics.value(Assumption::Reserve),
    );
    roofline::fewest_devices(&subject.sizes, &serving, context, reserve)
}

/// One number of a model at some bits.
struct Number {
    name: &'static str,
    formula: &'static str,
    of: fn(&Economics, &Subject, WeightBytes) -> f64,
    text: fn(f64) -> String,
    inputs: &'static [Assumption],
}

const NUMBERS: [Number; 5] = [
    Number {
        name: "held-bytes",
        formula: "P_tot·b",
        of: |_, subject, weights| subject.sizes.held_bytes(weights),
        text: format::byte_size,
        inputs: &[],
    },
    Number {
        name: "memory-share",
        formula: "P_tot·b / memory",
        of: |economics, subject, weights| {
            subject.sizes.held_bytes(weights) / economics.assumed_device().memory_bytes
        },
        text: format::signed_percent,
        inputs: &[Assumption::Memory],
    },
    Number {
        name: "devices",
        formula: "fewest n with memory·n·(1 − reserve) ≥ weights + KV(S)",
        of: devices,
        text: format::number,
        inputs: &[
            Assumption::Memory,
            Assumption::Reserve,
            Assumption::Context,
            Assumption::KvBits,
        ],
    },
    Number {
        name: "bytes-per-token",
        formula: "P_act·b",
        of: |_, subject, weights| subject.sizes.active_bytes(weights),
        text: format::byte_size,
        inputs: &[],
    },
    Number {
        name: "ceiling",
        formula: "BW / (P_act·b)",
        of: |economics, subject, weights| {
            economics.assumed_device().bandwidth / subject.sizes.active_bytes(weights)
        },
        text: format::token_rate,
        inputs: &[Assumption::Bandwidth],
    },
];

fn told(number: &Number) -> &'static crate::words::economics::Told {
    let texts = &words().economics.bits;
    match number.name {
        "held-bytes" => &texts.held,
        "memory-share" => &texts.share,
        "devices" => &texts.devices,
        "bytes-per-token" => &texts.bytes,
        _ => &texts.ceiling,
    }
}

fn by_subject(economics: &Economics, subjects: &[Subject], bits: f64) -> Vec<Line> {
    let weights = WeightBytes::of_bits(bits);
    let of = |number: &Number| {
        line(number.name, told(number), number.formula, subjects, |subject| {
            let inputs = [&[Assumption::Bits], number.inputs].concat();
            cell(economics, number, subject, weights, shown(economics, &inputs))
        })
    };
    NUMBERS.iter().map(of).collect()
}

fn by_format(economics: &Economics, subject: &Subject) -> Table {
    let of = |number: &Number| {
        line(
            number.name,
            told(number),
            number.formula,
            &FORMATS,
            |(name, bits)| {
                let mut inputs = shown(economics, number.inputs);
                inputs.push(Shown {
                    label: (*name).into(),
                    text: format::assumed(*bits, crate::state::economics::Unit::Bits),
                    from: "ggml".into(),
                    verified: true,
                });
                cell(economics, number, subject, WeightBytes::of_bits(*bits), inputs)
            },
        )
    };
    let columns = FORMATS.map(|(name, _)| Column::named(&format!("{}-{name}", subject.id), name));
    let caption = (words().economics.bits.formats)(&subject.name);
    Table::under(caption, columns.to_vec(), NUMBERS.iter().map(of).collect())
}

fn cell(
    economics: &Economics,
    number: &Number,
    subject: &Subject,
    weights: WeightBytes,
    more: Vec<Shown>,
) -> Cell {
    let value = (number.of)(economics, subject, weights);
    let mut inputs = of_weights(subject);
    // How it is stored now is no input of how it would be.
    inputs.pop();
    inputs.extend(more);
    Cell::modelled(value, (number.text)(value), inputs)
}
