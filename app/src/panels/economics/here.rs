//! This token, here: what it took on this device, and the running account of the conversation.

use yew::{Html, html};

use super::lines::{Cell, Column, Line, Shown, Table, line, one};
use super::{Sheet, sheet};
use crate::format::{self, Origin};
use crate::panels::figure::value;
use crate::panels::views::Scene;
use crate::panels::{not_recorded, nothing};
use crate::protocol::GroupCost;
use crate::state::Action;
use crate::state::economics::account::{Account, Part, account};
use crate::state::economics::{Calibration, Economics, EconomicsAction, From};
use crate::state::select;
use crate::words::economics::Here;
use crate::words::words;

/// The panel.
pub fn view(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.here;
    let account = account(&scene.state.conversation, false);
    let mut tables = vec![this_token(scene)];
    if account.prefill.tokens > 0 {
        tables.extend([parts(&account), firsts(&account), spared(&account)]);
    }
    let is_empty = account.prefill.tokens == 0;
    let row = scene.focus.as_ref().and_then(|focus| focus.row);
    let body = if is_empty {
        nothing(texts.empty)
    } else if row.is_some_and(|row| !select::is_cost_known(&row.pass)) {
        not_recorded()
    } else {
        Html::default()
    };
    sheet(
        scene,
        Sheet {
            name: "here",
            lead: &texts.lead,
            pickers: &[],
            controls: &[],
            drawer: &[],
            tables,
            drawn_otherwise: Vec::new(),
            charts: Vec::new(),
            body: html! { <>{ body }{ calibration(scene) }</> },
        },
    )
}

fn this_token(scene: &Scene<'_>) -> Table {
    let texts = &words().economics.here;
    let row = scene.focus.as_ref().and_then(|focus| focus.row);
    let pass = row.map(|row| &row.pass);
    let Some(pass) = pass.filter(|pass| select::is_cost_known(pass)) else {
        return Table::plain(Vec::new(), Vec::new());
    };
    let total = select::total(pass);
    let share = f64::from(pass.batch_tokens.max(1));
    let moved = moved(&total);
    let counted = |bytes: u64| Cell::counted(bytes as f64 / share, format::byte_size(bytes as f64 / share));
    let mut lines = vec![
        one(
            "wall-seconds",
            &texts.wall,
            "t",
            Cell::measured(
                pass.wall_micros / share / 1e6,
                format::micros(pass.wall_micros / share),
            ),
        ),
        one(
            "weight-bytes",
            &texts.weights,
            "Σ bytes of what was read",
            counted(total.weight_bytes),
        ),
        one(
            "kv-bytes",
            &texts.kv,
            "KV read + KV written",
            counted(total.kv_read_bytes + total.kv_write_bytes),
        ),
        one(
            "operations",
            &texts.operations,
            "2·P_act + attention",
            Cell::counted(
                total.operations as f64 / share,
                format::large_size(total.operations as f64 / share),
            ),
        ),
    ];
    if pass.wall_micros > 0.0 {
        let rate = moved as f64 / (pass.wall_micros / 1e6);
        lines.push(one(
            "bytes-per-second",
            &texts.bandwidth,
            "(weights + KV) / t",
            Cell::measured(rate, format::byte_rate(rate)),
        ));
        lines.extend(share_of_device(&scene.state.economics, rate));
    }
    Table::under(texts.this_token, Column::only(texts.this_token), lines)
}

/// Measured over measured.
fn share_of_device(economics: &Economics, rate: f64) -> Option<Line> {
    let Calibration::Known(most) = economics.calibration else {
        return None;
    };
    let share = rate / most.bytes_per_second;
    let told = &words().economics.here.share;
    let cell = Cell::measured(share, format::signed_percent(share));
    Some(one(
        "bandwidth-share",
        told,
        "achieved / bandwidth of this device",
        cell,
    ))
}

/// What this device can do at best and when that was measured, and the button that measures again.
fn calibration(scene: &Scene<'_>) -> Html {
    let texts = &words().economics.here;
    let executor = scene.state.model.as_ref().map(|model| &model.executor);
    let onclick = scene
        .hands
        .dispatch
        .reform(|_| Action::Economics(EconomicsAction::CalibrationAsked));
    let calibration = scene.state.economics.calibration;
    let told = match calibration {
        Calibration::Known(known) => {
            let rate = known.bytes_per_second;
            let value = value(
                "device-bandwidth",
                rate,
                &format::byte_rate(rate),
                Origin::Measured,
            );
            let day = known.day.map(format::day).unwrap_or_default();
            let device = executor
                .map(|executor| executor.device.clone())
                .unwrap_or_default();
            html! { <>{ texts.calibrated }{ value }{ ". " }{ (texts.calibrated_how)(known.threads, &device, &day) }</> }
        }
        _ => html! { texts.uncalibrated },
    };
    let is_under_way = calibration == Calibration::UnderWay;
    let is_ready = executor.is_some() && scene.state.activity.is_idle() && !is_under_way;
    let does = match calibration {
        Calibration::UnderWay => texts.calibrating,
        Calibration::Known(_) => texts.calibrate_again,
        Calibration::Unknown | Calibration::Failed => texts.calibrate,
    };
    html! {
        <div class="to-measure">
            <p class="note">{ told }
                if executor.is_some_and(|executor| executor.is_software) { { " " }{ texts.software } }</p>
            <button type="button" data-does="calibrate" disabled={!is_ready} {onclick}>{ does }</button>
        </div>
    }
}

/// Bytes of weights and cache a pass touched.
fn moved(total: &GroupCost) -> u64 {
    total.weight_bytes + total.kv_read_bytes + total.kv_write_bytes
}

/// Reading against writing.
fn parts(account: &Account) -> Table {
    let texts = &words().economics.here;
    let parts = [account.prefill, account.decode];
    let columns = vec![
        Column::named("prompts", texts.prompts),
        Column::named("answers", texts.answers),
    ];
    let each = |of: fn(&Part) -> Option<f64>, cell: fn(f64) -> Cell| {
        move |part: &Part| of(part).map_or_else(Cell::unknown, cell)
    };
    let lines = vec![
        line(
            "account-tokens",
            &texts.tokens,
            "Σ positions of passes",
            &parts,
            |part| Cell::counted(part.tokens as f64, format::count(part.tokens)),
        ),
        line(
            "account-seconds",
            &texts.time_each,
            "t / tokens",
            &parts,
            each(Part::micros_per_token, |micros| {
                Cell::measured(micros / 1e6, format::micros(micros))
            }),
        ),
        line(
            "account-bytes",
            &texts.bytes_each,
            "(weights + KV) / tokens",
            &parts,
            each(Part::bytes_per_token, |bytes| {
                Cell::counted(bytes, format::byte_size(bytes))
            }),
        ),
        line(
            "account-operations",
            &texts.operations_each,
            "operations / tokens",
            &parts,
            each(Part::operations_per_token, |operations| {
                Cell::counted(operations, format::large_size(operations))
            }),
        ),
    ];
    Table::under(texts.conversation, columns, lines)
}

/// The first token against later ones.
fn firsts(account: &Account) -> Table {
    let texts = &words().economics.here;
    let measured = |micros: Option<f64>| match micros {
        Some(micros) => Cell::measured(micros / 1e6, format::micros(micros)),
        None => Cell::unknown(),
    };
    let lines = vec![
        one(
            "first-token-seconds",
            &texts.first_token,
            "Σ t of the newest prompt",
            measured(account.first_token_micros),
        ),
        one(
            "later-token-seconds",
            &texts.later_token,
            "Σ t of answers / tokens",
            measured(account.decode.micros_per_token()),
        ),
    ];
    Table::plain(Column::only(texts.conversation), lines)
}

/// What was not done again.
fn spared(account: &Account) -> Table {
    let texts = &words().economics.here;
    let spared = |value: Option<f64>, shown: fn(f64) -> String, pace: Shown| match value {
        Some(value) => Cell::modelled(value, shown(value), vec![reused(account, texts), pace]),
        None => Cell::unknown(),
    };
    let pace = |label: &str, text: String| Shown {
        label: label.into(),
        text,
        from: super::lines::from_text(&From::Run),
        verified: true,
    };
    let prompts = &account.prefill;
    let lines = vec![
        one(
            "reused-positions",
            &texts.reused,
            "",
            Cell::counted(account.reused as f64, format::count(account.reused)),
        ),
        one(
            "reused-kv-bytes",
            &texts.reused_kv,
            "positions · KV bytes per position",
            Cell::counted(
                account.reused_kv_bytes as f64,
                format::bytes(account.reused_kv_bytes),
            ),
        ),
        one(
            "saved-seconds",
            &texts.saved_time,
            "positions · t per prompt token",
            spared(
                account.saved_micros().map(|micros| micros / 1e6),
                format::seconds,
                pace(
                    texts.time_each.label,
                    format::micros(prompts.micros_per_token().unwrap_or_default()),
                ),
            ),
        ),
        one(
            "saved-bytes",
            &texts.saved_bytes,
            "positions · bytes per prompt token",
            spared(
                account.saved_bytes(),
                format::byte_size,
                pace(
                    texts.bytes_each.label,
                    format::byte_size(prompts.bytes_per_token().unwrap_or_default()),
                ),
            ),
        ),
    ];
    Table::under(texts.spared, Column::only(texts.spared), lines)
}

fn reused(account: &Account, texts: &Here) -> Shown {
    Shown {
        label: texts.reused.label.into(),
        text: format::count(account.reused),
        from: super::lines::from_text(&From::Run),
        verified: true,
    }
}
