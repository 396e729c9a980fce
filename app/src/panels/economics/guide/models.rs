//! Models of the field guide.

use yew::{Html, html};

use super::super::lines::{Cell, Column, Shown, Table, from_text, is_verified, line, of_weights, shown};
use super::edit;
use super::grid::{self, Grid, Row};
use crate::format::{self, Origin};
use crate::panels::views::{self, Scene};
use crate::state::Action;
use crate::state::economics::own::{Kind, RowId};
use crate::state::economics::presets::Published;
use crate::state::economics::subject::{Subject, subjects};
use crate::state::economics::{Assumption, Column as By, Economics, EconomicsAction, From};
use crate::words::words;

/// Panels that a model beside the loaded one appears on.
const PANELS: [&str; 6] = ["dense", "batch", "demand", "context", "bits", "waste"];

/// What the columns sort by.
fn by(economics: &Economics, subject: &Subject, column: By) -> f64 {
    let sizes = &subject.sizes;
    match column {
        By::Total => sizes.total() as f64,
        By::Active => sizes.active() as f64,
        By::Experts => f64::from(sizes.n_experts),
        By::Kv => sizes.kv_bytes_per_position(economics.value(Assumption::KvBits) / 8.0),
        By::Ceiling => economics.assumed_device().bandwidth / sizes.active_bytes(subject.weights),
        By::Crossover => sizes.flops_crossover().unwrap_or(f64::INFINITY),
    }
}

fn sorted(scene: &Scene<'_>) -> Vec<Subject> {
    let economics = &scene.state.economics;
    let loaded = subjects(scene.state).into_iter().filter(Subject::is_loaded);
    let presets = economics.presets.models.models.iter().map(Subject::of);
    let mut all: Vec<Subject> = loaded.chain(presets).collect();
    let by = |subject: &Subject| by(economics, subject, economics.sorted_by);
    all.sort_by(|a, b| by(a).total_cmp(&by(b)));
    all
}

/// What makers say of a size, where the row is still theirs.
fn published(economics: &Economics, subject: &Subject, of: fn(Published) -> f64) -> Option<Shown> {
    let preset = economics
        .preset(&subject.id)
        .filter(|preset| preset.changed.is_none())?;
    Some(Shown {
        label: words().economics.guide.published.into(),
        text: format::large_size(of(preset.published) * 1e9),
        from: from_text(&subject.from),
        verified: is_verified(&subject.from),
    })
}

/// Its numbers; a column for each model.
pub fn table(scene: &Scene<'_>) -> Table {
    let (economics, texts) = (&scene.state.economics, &words().economics.guide);
    let all = sorted(scene);
    let with = |subject: &Subject, more: &[Assumption], said: Option<Shown>| {
        let mut inputs = of_weights(subject);
        inputs.extend(shown(economics, more));
        inputs.extend(said);
        inputs
    };
    let number = |column: By, subject: &Subject, text: String, inputs: Vec<Shown>| Cell {
        origin: if subject.is_loaded() && column != By::Ceiling {
            Origin::Counted
        } else {
            Origin::Modelled
        },
        ..Cell::modelled(by(economics, subject, column), text, inputs)
    };
    let value = |column, subject: &Subject| by(economics, subject, column);
    let lines = vec![
        line(
            "parameters",
            &texts.total,
            "P_tot = P_on + L_m·E·p_x",
            &all,
            |subject| {
                let said = published(economics, subject, |published| published.total);
                number(
                    By::Total,
                    subject,
                    format::large_size(value(By::Total, subject)),
                    with(subject, &[], said),
                )
            },
        ),
        line(
            "active-parameters",
            &texts.active,
            "P_act = P_on + L_m·k·p_x",
            &all,
            |subject| {
                let said = published(economics, subject, |published| published.active);
                number(
                    By::Active,
                    subject,
                    format::large_size(value(By::Active, subject)),
                    with(subject, &[], said),
                )
            },
        ),
        line("experts", &texts.experts, "E, k", &all, |subject| {
            let text = match subject.sizes.n_experts {
                0 => "—".into(),
                experts => format!("{experts}, {}", subject.sizes.top_k),
            };
            number(By::Experts, subject, text, with(subject, &[], None))
        }),
        line(
            "kv-bytes-per-token",
            &texts.kv,
            "Σ layers 2·g·c·b_kv; MLA: (r_kv + r_rope)·b_kv",
            &all,
            |subject| {
                let inputs = with(subject, &[Assumption::KvBits], None);
                number(By::Kv, subject, format::byte_size(value(By::Kv, subject)), inputs)
            },
        ),
        line("ceiling", &texts.ceiling, "BW / (P_act·b)", &all, |subject| {
            let inputs = with(subject, &[Assumption::Bandwidth], None);
            number(
                By::Ceiling,
                subject,
                format::token_rate(value(By::Ceiling, subject)),
                inputs,
            )
        }),
        line(
            "flops-crossover",
            &texts.crossover,
            "S* = P_act / (2·L·h·c)",
            &all,
            |subject| {
                number(
                    By::Crossover,
                    subject,
                    format::large_size(value(By::Crossover, subject)),
                    with(subject, &[], None),
                )
            },
        ),
    ];
    Table::under(texts.models, all.iter().map(Column::of).collect(), lines)
}

/// The same as a grid.
pub fn draw(scene: &Scene<'_>, table: &Table) -> Html {
    let (economics, texts) = (&scene.state.economics, &words().economics.guide);
    let beside = economics.beside().map(|model| model.id.clone());
    let row = |subject: Subject| {
        let is_preset = !subject.is_loaded();
        let (verified, source) = (is_verified(&subject.from), from_text(&subject.from));
        Row {
            kind: is_preset.then_some(Kind::Model),
            choose: is_preset.then(|| EconomicsAction::BesideChosen(subject.id.clone())),
            is_chosen: beside.as_ref() == Some(&subject.id),
            is_own: matches!(subject.from, From::Own { .. }),
            words: vec![
                html! { subject.format },
                html! { <>{ source }{ unverified(verified) }</> },
            ],
        }
    };
    let chosen = economics.beside();
    let after = chosen.map(|model| {
        let like = RowId {
            kind: Kind::Model,
            id: model.id.clone(),
        };
        html! { <>{ shown_on(scene) }{ edit::add(scene, like, &model.name) }</> }
    });
    let grid = Grid {
        name: "models",
        title: texts.models,
        of: texts.model,
        heads: By::ALL
            .into_iter()
            .zip(&table.lines)
            .map(|(column, line)| head(scene, column, line.told.label))
            .collect(),
        more: &[texts.format, texts.source],
        table,
        rows: sorted(scene).into_iter().map(row).collect(),
        after: after.unwrap_or_default(),
    };
    grid::draw(scene, &grid)
}

fn head(scene: &Scene<'_>, column: By, title: &'static str) -> Html {
    let texts = &words().economics.guide;
    let is_sorted = scene.state.economics.sorted_by == column;
    let onclick = scene
        .hands
        .dispatch
        .reform(move |_| Action::Economics(EconomicsAction::SortedBy(column)));
    html! {
        <th scope="col" aria-sort={is_sorted.then_some("ascending")}><button type="button" data-sorts-by={format!("{column:?}").to_lowercase()}
            aria-label={(texts.sorted)(title)} {onclick}>{ title }{ if is_sorted { " ↑" } else { "" } }</button></th>
    }
}

pub fn unverified(is_verified: bool) -> Html {
    if is_verified {
        return Html::default();
    }
    html! { <>{ " " }<em class="unverified">{ words().economics.from.unverified }</em></> }
}

/// Ways to the panels where the chosen model stands beside the loaded one.
fn shown_on(scene: &Scene<'_>) -> Html {
    let to = |name: &'static str| {
        let onclick = scene
            .hands
            .dispatch
            .reform(move |_| Action::ViewChosen(Some(name)));
        let title = views::find(name).map(|view| (view.title)(&words().views));
        html! { <button type="button" class="small" data-shows-on={name} {onclick}>{ title }</button> }
    };
    let name = scene.state.economics.beside().map(|model| model.name.clone());
    html! { <p class="note shown-on"><b>{ name }</b>{ words().economics.colon }{ words().economics.guide.show_on }{ for PANELS.into_iter().map(to) }</p> }
}
