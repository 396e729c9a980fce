//! What the visitor may assume otherwise: a slider and a number for each, and lists to choose from.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::{Callback, Html, InputEvent, TargetCast, html};

use super::lines::from_text;
use crate::format;
use crate::panels::views::Scene;
use crate::panels::{Dispatch, when};
use crate::state::Action;
use crate::state::economics::{Assumption, Economics, EconomicsAction, From, Scale, Unit};
use crate::words::words;

/// A list to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picker {
    Beside,
    Device,
}

/// The lists of a panel.
pub fn pickers(scene: &Scene<'_>, pickers: &[Picker]) -> Html {
    html! { <>{ for pickers.iter().map(|picker| pick(scene, *picker)) }</> }
}

fn pick(scene: &Scene<'_>, picker: Picker) -> Html {
    let (economics, dispatch) = (&scene.state.economics, &scene.hands.dispatch);
    let (texts, presets) = (&words().economics, &economics.presets);
    match picker {
        Picker::Beside => {
            let models = presets.models.models.iter();
            let mut options: Vec<_> = models
                .map(|model| (model.id.clone(), model.name.clone()))
                .collect();
            if scene.state.model.is_some() {
                options.insert(0, ("none".into(), texts.alone.into()));
            }
            let chosen = economics.beside().map_or("none", |model| &model.id);
            let send = actions(dispatch, EconomicsAction::BesideChosen);
            menu("beside", texts.beside, &options, chosen, &send)
        }
        Picker::Device => {
            let devices = presets.hardware.devices.iter();
            let options: Vec<_> = devices
                .map(|device| (device.id.clone(), device.name.clone()))
                .collect();
            let chosen = economics.device().map_or("", |device| &device.id);
            let send = actions(dispatch, EconomicsAction::DeviceChosen);
            menu("device", texts.device, &options, chosen, &send)
        }
    }
}

/// What a choice sends.
pub fn actions(
    dispatch: &Dispatch,
    action: impl Fn(String) -> EconomicsAction + 'static,
) -> Callback<String> {
    dispatch.reform(move |chosen| Action::Economics(action(chosen)))
}

/// A list of ids and names.
pub fn menu(
    name: &'static str,
    label: &str,
    options: &[(String, String)],
    chosen: &str,
    send: &Callback<String>,
) -> Html {
    let onchange = when(send, |event: yew::Event| {
        Some(event.target_dyn_into::<HtmlSelectElement>()?.value())
    });
    html! {
        <label class="picker"><span>{ label }</span>
            <select data-picker={name} {onchange}>{ for options.iter().map(|(id, name)| html! {
                <option value={id.clone()} selected={id == chosen}>{ name }</option>
            }) }</select></label>
    }
}

/// Sliders.
pub fn assumptions(economics: &Economics, all: &[Assumption], dispatch: &Dispatch) -> Html {
    html! { <>{ for all.iter().map(|assumption| control(economics, *assumption, dispatch)) }</> }
}

fn control(economics: &Economics, assumption: Assumption, dispatch: &Dispatch) -> Html {
    let (bounds, input) = (assumption.bounds(), economics.input(assumption));
    let label = (words().economics.assumption)(assumption);
    if bounds.scale == Scale::Switch {
        let onchange = edits(dispatch, assumption, |input| {
            Some(f64::from(u8::from(input.checked())))
        });
        return html! {
            <label class="switch" data-assumption={bounds.key}><input type="checkbox" checked={input.value > 0.5} {onchange} />{ label }</label>
        };
    }
    let id = format!("assume-{}", bounds.key);
    let slid = edits_as_moved(dispatch, assumption, move |input| {
        Some(assumption.at_place(input.value().parse().ok()?))
    });
    let typed = edits(dispatch, assumption, move |input| {
        let typed: f64 = input.value().replace(',', ".").parse().ok()?;
        Some(typed / per_unit(bounds.unit))
    });
    let undo = dispatch.reform(move |_| Action::Economics(EconomicsAction::Unedited(assumption)));
    let told = format::assumed(input.value, bounds.unit);
    html! {
        <div class="assumption" data-assumption={bounds.key} data-raw={input.value.to_string()}>
            <label for={id.clone()}>{ label }</label>
            <input class="exact" type="text" inputmode="decimal" aria-label={format!("{label}, {}", words().economics.exact)}
                value={format::plain(input.value * per_unit(bounds.unit))} onchange={typed} />
            <span class="unit">{ format::unit(bounds.unit) }</span>
            <input {id} type="range" min="0" max={assumption.places().to_string()} step="1" value={assumption.place(input.value).round().to_string()}
                aria-valuetext={told} oninput={slid} />
            { origin(&input.from, undo) }
        </div>
    }
}

/// A share is written in hundredths.
fn per_unit(unit: Unit) -> f64 {
    if unit == Unit::Share { 100.0 } else { 1.0 }
}

/// Where the value is from, and the way back to it.
fn origin(from: &From, undo: Callback<yew::MouseEvent>) -> Html {
    let texts = &words().economics.from;
    match from {
        From::Edited => html! {
            <small class="from edited">{ texts.edited }{ " " }<button type="button" onclick={undo}>{ words().economics.undo }</button></small>
        },
        From::Preset {
            source,
            date,
            verified,
        } => html! {
            <small class="from" title={format!("{source}, {date}")}>
                if !verified { <em class="unverified">{ texts.unverified }</em>{ " " } }{ format!("{source}, {date}") }</small>
        },
        other => {
            let told = from_text(other);
            html! { <small class="from" title={told.clone()}>{ told }</small> }
        }
    }
}

fn edits(
    dispatch: &Dispatch,
    assumption: Assumption,
    read: impl Fn(&HtmlInputElement) -> Option<f64> + 'static,
) -> Callback<yew::Event> {
    when(dispatch, move |event: yew::Event| {
        let value = read(&event.target_dyn_into()?)?;
        Some(Action::Economics(EconomicsAction::Edited(assumption, value)))
    })
}

fn edits_as_moved(
    dispatch: &Dispatch,
    assumption: Assumption,
    read: impl Fn(&HtmlInputElement) -> Option<f64> + 'static,
) -> Callback<InputEvent> {
    when(dispatch, move |event: InputEvent| {
        let value = read(&event.target_dyn_into()?)?;
        Some(Action::Economics(EconomicsAction::Edited(assumption, value)))
    })
}
