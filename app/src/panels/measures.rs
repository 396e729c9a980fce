//! The menu of what colours the text, its scale, and a measure's value in words.

use web_sys::HtmlSelectElement;
use yew::{Html, TargetCast, html};

use super::experts::ramp;
use super::shade::shade_between;
use super::{Dispatch, slot, when};
use crate::format;
use crate::state::select::measure::{Colouring, PARTS};
use crate::state::{Action, AppState, Measure};
use crate::words::words;

/// The menu, and what its shades stand for.
pub fn menu(state: &AppState, dispatch: &Dispatch) -> Html {
    let onchange = when(dispatch, |event: yew::Event| {
        let name = event.target_dyn_into::<HtmlSelectElement>()?.value();
        Measure::ALL
            .into_iter()
            .find(|measure| measure.name() == name)
            .map(Action::MeasureChosen)
    });
    let colouring = Colouring::of(state);
    html! {
        <div class="measure">
            <label>{ words().measures.show }{ " " }
                <select id="measure" {onchange}>{ for Measure::ALL.iter().map(|measure| html! {
                    <option value={measure.name()} selected={*measure == colouring.measure}>{ title(*measure) }</option>
                }) }</select>
            </label>
            if colouring.measure == Measure::Expert { { slot::chooser(state, dispatch) } }
            { legend(colouring) }
        </div>
    }
}

fn legend(colouring: Colouring) -> Html {
    let (low, high) = colouring.scale;
    let kinds = match colouring.measure {
        Measure::Part => PARTS,
        Measure::Cached => 2,
        _ if low == high => return Html::default(),
        measure => {
            return html! { <span class="legend">{ written(measure, low) }{ ramp() }{ written(measure, high) }</span> };
        }
    };
    let kind = |kind: usize| {
        let shade = shade_between(kind as f64, low, high);
        html! { <span><i class={format!("swatch s{shade}")}></i>{ written(colouring.measure, kind as f64) }</span> }
    };
    html! { <span class="legend kinds">{ for (0..kinds).map(kind) }</span> }
}

/// A measure and its value, as a mark's title has it.
pub fn told(measure: Measure, value: f64) -> String {
    match measure {
        Measure::Part | Measure::Cached => written(measure, value),
        _ => (words().measures.value)(title(measure), &written(measure, value)),
    }
}

fn written(measure: Measure, value: f64) -> String {
    let words = &words().measures;
    match measure {
        Measure::None => String::new(),
        Measure::Entropy | Measure::PredictionEntropy => format::bits(value as f32),
        Measure::Probability | Measure::Margin | Measure::Expert => format::prob(value as f32),
        Measure::WallTime => format::micros(value),
        Measure::Bytes => format::bytes(value.round() as u64),
        Measure::Reuse => format::percent(value),
        Measure::Part => words.parts[(value as usize).min(PARTS - 1)].into(),
        Measure::Cached => if value < 0.5 { words.reused } else { words.computed }.into(),
    }
}

fn title(measure: Measure) -> &'static str {
    let words = &words().measures;
    match measure {
        Measure::None => words.nothing,
        Measure::Probability => words.probability,
        Measure::PredictionEntropy => words.prediction_entropy,
        Measure::Entropy => words.router_entropy,
        Measure::Margin => words.router_margin,
        Measure::WallTime => words.wall_time,
        Measure::Bytes => words.bytes,
        Measure::Reuse => words.reuse,
        Measure::Expert => words.expert,
        Measure::Part => words.part,
        Measure::Cached => words.cached,
    }
}
