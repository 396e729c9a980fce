//! What `generate` and `state` answer: plain JavaScript objects, bulk as typed arrays.
//!
//! ```text
//! generate → { text, tokens, prompt, seed, finish, trace }
//! trace    → { layers, nExperts, topK, positions: [{ position, ids, weights, probs, kv, cost }] }
//! ids      Uint16Array (layers × topK)    weights Float32Array (layers × topK)
//! probs    Float32Array (layers × nExperts), rounded to half precision
//! ```

use std::rc::Rc;

use js_sys::{Array, Error, Float32Array, Object, Reflect, Uint16Array};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};

use crate::gradual::Pace;
use crate::protocol::{ExecutorFacts, GroupCost, ModelFacts};
use crate::state::select::{self, Kv};
use crate::state::{AppState, Model, Role, Row, Totals};
use crate::store::Store;

/// `state()`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct State<'a> {
    model: Option<&'a ModelFacts>,
    executor: Option<&'a ExecutorFacts>,
    origin: Option<&'a str>,
    is_loading: bool,
    is_generating: bool,
    is_full: bool,
    positions: usize,
    /// Position the views are about, when the visitor chose it.
    selected: Option<u32>,
    /// MoE layer the views are about, counted among MoE layers.
    selected_layer: usize,
    selected_expert: Option<u16>,
    /// Name of the view at full size.
    view: Option<&'static str>,
    alert: Option<&'a str>,
    totals: TotalsReport,
    /// WebAssembly memory of the page, without that of its worker.
    memory_bytes: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalsReport {
    computed_tokens: u64,
    sampled_tokens: u64,
    reasoning_tokens: u64,
    passes: u64,
    wall_micros: f64,
    weight_bytes: u64,
    kv_read_bytes: u64,
    kv_write_bytes: u64,
    operations: u64,
    dispatches: u64,
}

impl From<Totals> for TotalsReport {
    fn from(totals: Totals) -> Self {
        let Totals {
            computed_tokens,
            sampled_tokens,
            reasoning_tokens,
            passes,
            wall_micros,
            ..
        } = totals;
        let Totals {
            weight_bytes,
            kv_read_bytes,
            kv_write_bytes,
            operations,
            dispatches,
            ..
        } = totals;
        Self {
            computed_tokens,
            sampled_tokens,
            reasoning_tokens,
            passes,
            wall_micros,
            weight_bytes,
            kv_read_bytes,
            kv_write_bytes,
            operations,
            dispatches,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cost<'a> {
    batch_tokens: u32,
    wall_micros: f64,
    gpu_micros: Option<f64>,
    weight_bytes: u64,
    kv_read_bytes: u64,
    kv_write_bytes: u64,
    operations: u64,
    dispatches: u32,
    groups: &'a [GroupCost],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KvReport {
    positions: u32,
    capacity: u32,
    held_bytes: Vec<u64>,
    read_bytes: Vec<u64>,
    reserved_bytes: u64,
    bytes_per_position: u64,
}

impl From<Kv> for KvReport {
    fn from(kv: Kv) -> Self {
        let Kv {
            positions,
            capacity,
            held_bytes,
            read_bytes,
            reserved_bytes,
            bytes_per_position,
        } = kv;
        Self {
            positions,
            capacity,
            held_bytes,
            read_bytes,
            reserved_bytes,
            bytes_per_position,
        }
    }
}

/// The page's state in a few numbers.
pub fn state(store: &Store) -> JsValue {
    store
        .read(|state| {
            let model = state.answering().map(|model| &**model);
            let conversation = state.live_conversation();
            plain(&State {
                model: model.map(|model| &model.facts),
                executor: model.map(|model| &model.executor),
                origin: model.map(|model| model.origin.as_str()),
                is_loading: state.loading.is_some(),
                is_generating: !state.activity.is_idle(),
                is_full: conversation.is_full,
                positions: conversation.rows.len(),
                selected: state.selection.position,
                selected_layer: state.selection.layer,
                selected_expert: state.selection.expert,
                view: state.view.shown,
                alert: state.alert.as_deref(),
                totals: conversation.totals.into(),
                memory_bytes: memory_bytes(),
            })
        })
        .unwrap_or(JsValue::NULL)
}

fn memory_bytes() -> f64 {
    let memory = wasm_bindgen::memory().dyn_into::<js_sys::WebAssembly::Memory>();
    let buffer = memory.map(|memory| memory.buffer().unchecked_into::<js_sys::ArrayBuffer>());
    buffer.map_or(0.0, |buffer| f64::from(buffer.byte_length()))
}

/// What one generation gave.
pub async fn generation(store: &Store, generation_id: u32) -> Result<JsValue, JsValue> {
    let (object, traced) = store.read(|state| answer(state, generation_id))?;
    if let Some(traced) = traced {
        set(&object, "trace", trace(traced).await?)?;
    }
    Ok(object.into())
}

/// What a trace is told from; it shares its rows with the state.
struct Traced {
    model: Rc<Model>,
    rows: Rc<Vec<Option<Row>>>,
    /// Its first position.
    from: u32,
}

/// All but the trace, which takes its time.
fn answer(state: &AppState, generation_id: u32) -> Result<(Object, Option<Traced>), JsValue> {
    let turns = || {
        state
            .conversation
            .turns
            .iter()
            .filter(|turn| turn.generation_id == generation_id)
    };
    let answer = turns().find(|turn| turn.role == Role::Model);
    let answer =
        answer.ok_or_else(|| Error::new("the conversation was cleared before the answer was finished"))?;
    let object = Object::new();
    set(&object, "text", answer.text())?;
    set(&object, "reasoning", answer.reasoning())?;
    set(
        &object,
        "tokens",
        answer
            .marks()
            .map(|mark| JsValue::from(mark.token))
            .collect::<Array>(),
    )?;
    set(
        &object,
        "prompt",
        turns()
            .filter(|turn| turn.role == Role::User)
            .flat_map(|turn| turn.marks())
            .map(|mark| JsValue::from(mark.token))
            .collect::<Array>(),
    )?;
    set(&object, "seed", answer.seed as f64)?;
    set(&object, "finish", plain(&answer.finish)?)?;
    let traced = state.model.as_ref().map(|model| Traced {
        model: Rc::clone(model),
        rows: Rc::clone(&state.conversation.rows),
        from: answer.reused,
    });
    Ok((object, traced))
}

async fn trace(traced: Traced) -> Result<JsValue, JsValue> {
    let (object, facts) = (Object::new(), &traced.model.facts);
    let layers = facts.moe_layers.iter().map(|layer| JsValue::from(*layer));
    set(&object, "layers", layers.collect::<Array>())?;
    set(&object, "nExperts", facts.n_experts)?;
    set(&object, "topK", facts.top_k)?;
    let positions = Array::new();
    let mut pace = Pace::new();
    for (position, row) in traced.rows.iter().enumerate().skip(traced.from as usize) {
        if let Some(row) = row {
            positions.push(&of_position(position as u32, row)?);
        }
        pace.breathe().await;
    }
    set(&object, "positions", positions)?;
    Ok(object.into())
}

fn of_position(position: u32, row: &Row) -> Result<JsValue, JsValue> {
    let pass = &row.pass;
    let object = Object::new();
    set(&object, "position", position)?;
    set(&object, "ids", Uint16Array::from(row.ids()))?;
    set(&object, "weights", Float32Array::from(row.weights()))?;
    set(
        &object,
        "probs",
        Float32Array::from(&row.probs().unwrap_or_default()[..]),
    )?;
    set(&object, "kv", plain(&KvReport::from(select::kv(row)))?)?;
    let total = select::total(pass);
    let cost = Cost {
        batch_tokens: pass.batch_tokens,
        wall_micros: pass.wall_micros,
        gpu_micros: total.micros,
        weight_bytes: total.weight_bytes,
        kv_read_bytes: total.kv_read_bytes,
        kv_write_bytes: total.kv_write_bytes,
        operations: total.operations,
        dispatches: pass.dispatches,
        groups: &pass.groups,
    };
    set(&object, "cost", plain(&cost)?)?;
    Ok(object.into())
}

fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    Ok(value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())?)
}

fn set(object: &Object, name: &str, value: impl Into<JsValue>) -> Result<(), JsValue> {
    Reflect::set(object, &name.into(), &value.into()).map(drop)
}
