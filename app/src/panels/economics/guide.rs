//! Field guide: models and devices side by side, sortable; any can be put beside the loaded one.

use yew::{Html, html};

use super::{Sheet, sheet};
use crate::format;
use crate::panels::views::Scene;
use crate::state::Action;
use crate::state::economics::presets::{DevicePreset, ModelPreset};
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Column, EconomicsAction, From};
use crate::words::words;

const CONTROLS: &[Assumption] = &[Assumption::Bandwidth, Assumption::KvBits];

/// A model's row.
struct Row {
    subject: Subject,
    source: String,
    is_verified: bool,
    /// What the columns sort by, in their order.
    by: [f64; 6],
}

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.guide;
    sheet(
        scene,
        Sheet {
            name: "guide",
            lead: &texts.lead,
            pickers: &[],
            controls: CONTROLS,
            drawer: &[],
            tables: Vec::new(),
            body: html! { <>{ models(scene) }{ devices(scene) }</> },
        },
    )
}

fn row(scene: &Scene<'_>, subject: Subject) -> Row {
    let economics = &scene.state.economics;
    let sizes = &subject.sizes;
    let kv = sizes.kv_bytes_per_position(economics.value(Assumption::KvBits) / 8.0);
    let ceiling = economics.assumed_device().bandwidth / sizes.active_bytes(subject.weights);
    let by = [
        sizes.total() as f64,
        sizes.active() as f64,
        f64::from(sizes.n_experts),
        kv,
        ceiling,
        sizes.flops_crossover().unwrap_or(f64::INFINITY),
    ];
    let (source, is_verified) = match &subject.from {
        From::Preset {
            source,
            date,
            verified,
        } => (format!("{source}, {date}"), *verified),
        _ => (words().economics.from.file.to_owned(), true),
    };
    Row {
        subject,
        source,
        is_verified,
        by,
    }
}

fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let economics = &scene.state.economics;
    let loaded = subjects(scene.state).into_iter().filter(Subject::is_loaded);
    let presets = economics.presets.models.models.iter().map(Subject::of);
    let mut rows: Vec<Row> = loaded.chain(presets).map(|subject| row(scene, subject)).collect();
    let column = Column::ALL.iter().position(|it| *it == economics.sorted_by);
    let column = column.unwrap_or_default();
    rows.sort_by(|a, b| a.by[column].total_cmp(&b.by[column]));
    rows
}

fn models(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.guide;
    let (economics, dispatch) = (&scene.state.economics, &scene.hands.dispatch);
    let titles = [
        texts.total,
        texts.active,
        texts.experts,
        texts.kv,
        texts.ceiling,
        texts.crossover,
    ];
    let head = |(column, title): (Column, &'static str)| {
        let is_sorted = economics.sorted_by == column;
        let onclick = dispatch.reform(move |_| Action::Economics(EconomicsAction::SortedBy(column)));
        html! {
            <th scope="col" aria-sort={is_sorted.then_some("ascending")}><button type="button" data-sorts-by={format!("{column:?}").to_lowercase()}
                aria-label={(texts.sorted)(title)} {onclick}>{ title }{ if is_sorted { " ↑" } else { "" } }</button></th>
        }
    };
    let beside = economics.beside().map(|model: &ModelPreset| model.id.clone());
    let body = rows(scene)
        .into_iter()
        .map(|row| model_row(scene, &row, beside.as_deref()));
    html! {
        <>
            <h3>{ texts.models }</h3>
            <div class="wide"><table class="numbers guide" data-guide="models">
                <thead><tr><th scope="col">{ texts.model }</th>{ for Column::ALL.into_iter().zip(titles).map(head) }
                    <th scope="col">{ texts.format }</th><th scope="col">{ texts.source }</th></tr></thead>
                <tbody>{ for body }</tbody>
            </table></div>
        </>
    }
}

fn model_row(scene: &Scene<'_>, row: &Row, beside: Option<&str>) -> Html {
    let texts = &words().economics.guide;
    let (id, sizes) = (row.subject.id.clone(), &row.subject.sizes);
    let is_beside = beside == Some(&id);
    let chosen = id.clone();
    let onclick = scene
        .hands
        .dispatch
        .reform(move |_| Action::Economics(EconomicsAction::BesideChosen(chosen.clone())));
    let [total, active, _, kv, ceiling, crossover] = row.by;
    let experts = match sizes.n_experts {
        0 => "—".into(),
        experts => format!("{experts}, {}", sizes.top_k),
    };
    html! {
        <tr key={id.clone()} data-model={id.clone()} data-total={total.to_string()}>
            <th scope="row">{ &row.subject.name }{ " " }
                if !row.subject.is_loaded() { <button type="button" class="small" aria-pressed={is_beside.to_string()} data-compares={id} {onclick}>{ texts.compare }</button> }</th>
            <td>{ format::large_size(total) }</td><td>{ format::large_size(active) }</td><td>{ experts }</td>
            <td>{ format::byte_size(kv) }</td><td>{ format::token_rate(ceiling) }</td><td>{ format::large_size(crossover) }</td>
            <td class="words">{ &row.subject.format }</td><td class="words">{ &row.source }{ unverified(row.is_verified) }</td>
        </tr>
    }
}

fn unverified(is_verified: bool) -> Html {
    if is_verified {
        return Html::default();
    }
    html! { <>{ " " }<em class="unverified">{ words().economics.from.unverified }</em></> }
}

fn devices(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.guide;
    let economics = &scene.state.economics;
    let heads = [
        texts.device,
        texts.memory,
        texts.bandwidth,
        texts.peak,
        texts.balance,
        texts.watts,
        texts.rent,
        texts.source,
    ];
    let rows = economics
        .presets
        .hardware
        .devices
        .iter()
        .map(|device| device_row(scene, device));
    html! {
        <>
            <h3>{ texts.devices }</h3>
            <div class="wide"><table class="numbers guide" data-guide="devices">
                <thead><tr>{ for heads.iter().map(|head| html! { <th scope="col">{ *head }</th> }) }</tr></thead>
                <tbody>{ for rows }</tbody>
            </table></div>
        </>
    }
}

fn device_row(scene: &Scene<'_>, device: &DevicePreset) -> Html {
    let texts = &words().economics.guide;
    let is_chosen = scene
        .state
        .economics
        .device()
        .is_some_and(|chosen| chosen.id == device.id);
    let id = device.id.clone();
    let chosen = id.clone();
    let onclick = scene
        .hands
        .dispatch
        .reform(move |_| Action::Economics(EconomicsAction::DeviceChosen(chosen.clone())));
    let rent = match device.rent() {
        None => html! { texts.owned },
        Some(rent) => {
            html! { <>{ format!("{}/h ", format::dollars(rent.dollars_per_hour)) }<small>{ format!("{}, {}", rent.vendor, rent.date) }</small>{ unverified(rent.verified) }</> }
        }
    };
    let marked =
        |text: String, field: &str| html! { <td>{ text }{ unverified(!device.is_unverified(field)) }</td> };
    html! {
        <tr key={id.clone()} data-device={id.clone()}>
            <th scope="row">{ &device.name }{ " " }<button type="button" class="small" aria-pressed={is_chosen.to_string()} data-compares={id} {onclick}>{ texts.compare }</button></th>
            { marked(format::byte_size(device.memory_gb * 1e9), "memory") }
            { marked(format::byte_rate(device.bandwidth_tbs * 1e12), "bandwidth") }
            { marked(format::operation_rate(device.tflops.bf16 * 1e12), "tflops") }
            <td>{ format::significant(device.device().balance()) }</td>
            { marked(format!("{}\u{202f}W", format::significant(device.watts)), "watts") }
            <td class="words">{ rent }</td>
            <td class="words">{ format!("{}, {}", device.source, device.date) }</td>
        </tr>
    }
}
