//! Seed and sampling controls.

use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast, html};

use super::{Dispatch, when};
use crate::protocol::Sampling;
use crate::state::{Action, Settings};
use crate::words::words;

/// One number field: its label, bounds, and what it changes.
struct Field {
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    min: &'static str,
    max: &'static str,
    step: &'static str,
    value: String,
    set: fn(&mut Sampling, f64),
}

/// The controls, when they are open.
pub fn settings(settings: &Settings, dispatch: &Dispatch) -> Html {
    if !settings.is_open {
        return Html::default();
    }
    html! {
        <fieldset class="settings" id="settings">
            <legend class="visually-hidden">{ words().settings.title }</legend>
            { for fields(&settings.sampling).into_iter().map(|field| input(&field, &settings.sampling, dispatch)) }
        </fieldset>
    }
}

fn fields(sampling: &Sampling) -> [Field; 7] {
    let words = &words().settings;
    let text = |number: f32| format!("{}", (f64::from(number) * 1e4).round() / 1e4);
    [
        Field {
            id: "seed",
            label: words.seed,
            hint: words.seed_hint,
            min: "0",
            max: "9007199254740991",
            step: "1",
            value: sampling.seed.to_string(),
            set: |sampling, number| sampling.seed = number as u64,
        },
        Field {
            id: "temperature",
            label: words.temperature,
            hint: words.temperature_hint,
            min: "0",
            max: "5",
            step: "0.1",
            value: text(sampling.temperature),
            set: |sampling, number| sampling.temperature = number as f32,
        },
        Field {
            id: "top-k",
            label: words.top_k,
            hint: words.top_k_hint,
            min: "0",
            max: "100000",
            step: "1",
            value: sampling.top_k.to_string(),
            set: |sampling, number| sampling.top_k = number as u32,
        },
        Field {
            id: "top-p",
            label: words.top_p,
            hint: words.top_p_hint,
            min: "0",
            max: "1",
            step: "0.05",
            value: text(sampling.top_p),
            set: |sampling, number| sampling.top_p = number as f32,
        },
        Field {
            id: "min-p",
            label: words.min_p,
            hint: words.min_p_hint,
            min: "0",
            max: "1",
            step: "0.01",
            value: text(sampling.min_p),
            set: |sampling, number| sampling.min_p = number as f32,
        },
        Field {
            id: "repetition-penalty",
            label: words.repetition,
            hint: words.repetition_hint,
            min: "0.5",
            max: "2",
            step: "0.05",
            value: text(sampling.repetition_penalty),
            set: |sampling, number| sampling.repetition_penalty = number as f32,
        },
        Field {
            id: "max-tokens",
            label: words.max_tokens,
            hint: words.max_tokens_hint,
            min: "1",
            max: "100000",
            step: "1",
            value: sampling.max_tokens.to_string(),
            set: |sampling, number| sampling.max_tokens = number as u32,
        },
    ]
}

fn input(field: &Field, sampling: &Sampling, dispatch: &Dispatch) -> Html {
    html! {
        <label key={field.id} title={field.hint}>
            <span>{ field.label }</span>
            <input id={field.id} type="number" min={field.min} max={field.max} step={field.step} value={field.value.clone()}
                onchange={changed(field, sampling, dispatch)} />
        </label>
    }
}

fn changed(field: &Field, sampling: &Sampling, dispatch: &Dispatch) -> Callback<Event> {
    let (set, sampling) = (field.set, sampling.clone());
    let (min, max): (f64, f64) = (
        field.min.parse().unwrap_or(0.0),
        field.max.parse().unwrap_or(f64::MAX),
    );
    when(dispatch, move |event: Event| {
        let number = event
            .target_dyn_into::<HtmlInputElement>()?
            .value()
            .parse::<f64>()
            .ok()?;
        let mut changed = sampling.clone();
        set(&mut changed, number.clamp(min, max));
        Some(Action::SamplingChanged(changed))
    })
}
