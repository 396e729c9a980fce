//! How differently two parts of this run use the experts, or this run and one that is set beside it.

use web_sys::{Event, HtmlInputElement, HtmlSelectElement};
use yew::{Callback, Html, TargetCast, component, html, use_state_eq};

use super::counting::OfSides;
use super::{LoadProps, difference};
use crate::format;
use crate::gradual::use_gradually;
use crate::hands::RunAsk;
use crate::panels::figure::{Figure, figures};
use crate::panels::{nothing, when};
use crate::state::select::compare::{self, Of, Side};
use crate::state::{Action, Beside};
use crate::words::words;

/// See the module.
#[component]
pub fn Divergence(props: &LoadProps) -> Html {
    let words = &words().load;
    let facts = &props.model.facts;
    let own = use_gradually(props.model.clone(), props.traced.clone(), |model, traced, _| {
        OfSides::new(model, traced)
    });
    let chosen = (use_state_eq(|| None), use_state_eq(|| None));
    let Some(own) = own else {
        return html! { <><h3>{ words.divergence_title }</h3>{ nothing(words.counting) }</> };
    };
    let beside = props.traced.0.beside.as_deref();
    let is_alike = |beside: &&Beside| compare::are_alike(facts, &beside.facts);
    let other = beside.filter(is_alike).map(|beside| &beside.sides[..]);
    let other = other.unwrap_or_default();
    let sides: Vec<&Side> = own.iter().chain(other).collect();
    // At first: two runs as they are, or the first prompt and its answer.
    let (first, second) = if other.is_empty() { (1, 2) } else { (0, own.len()) };
    let at = |wanted: Option<usize>, otherwise: usize| wanted.unwrap_or(otherwise).min(sides.len() - 1);
    let (one, two) = (at(*chosen.0, first), at(*chosen.1, second));
    let choose = |side: &yew::UseStateHandle<Option<usize>>| {
        let side = side.clone();
        Callback::from(move |at| side.set(Some(at)))
    };
    let menus = Menus {
        own: &own,
        other,
        title: beside.map_or("", |beside| beside.title.as_str()),
    };
    html! {
        <>
            <h3>{ words.divergence_title }</h3>
            <div class="raster-tools">
                { menus.view("divergence-one", words.one_side, one, &choose(&chosen.0)) }
                { menus.view("divergence-other", words.other_side, two, &choose(&chosen.1)) }
            </div>
            { tools(props, beside) }
            { beside.filter(|beside| !is_alike(beside)).map(|beside| refused(props, beside)).unwrap_or_default() }
            { compared(props, sides[one], sides[two]) }
        </>
    }
}

/// Why a run cannot be compared with the one on screen.
fn refused(props: &LoadProps, beside: &Beside) -> Html {
    let shape =
        |facts: &crate::protocol::ModelFacts| [facts.moe_layers.len() as u64, u64::from(facts.n_experts)];
    nothing(&(words().load.shapes_differ)(
        &beside.title,
        shape(&props.model.facts),
        shape(&beside.facts),
    ))
}

fn compared(props: &LoadProps, one: &Side, other: &Side) -> Html {
    let words = &words().load;
    let facts = &props.model.facts;
    let by_layer = compare::divergence(facts, &one.counts, &other.counts);
    let known: Vec<f64> = by_layer.iter().flatten().copied().collect();
    if known.is_empty() {
        return nothing(words.nothing_in_part);
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let figure = Figure::counted_share(
        "divergence-bits",
        words.divergence,
        mean,
        format::bits(mean as f32),
        words.divergence_story,
    );
    let differences = compare::differences(facts, &one.counts, &other.counts);
    html! {
        <>
            { figures(&[figure]) }
            { table(facts.moe_layers.iter().copied().zip(by_layer)) }
            { difference::picture(props, &differences) }
            { difference::table(props, &differences) }
        </>
    }
}

/// What can stand on either side.
struct Menus<'a> {
    own: &'a [Side],
    other: &'a [Side],
    /// Of the run beside the one on screen.
    title: &'a str,
}

impl Menus<'_> {
    fn view(&self, id: &'static str, label: &'static str, shown: usize, choose: &Callback<usize>) -> Html {
        let onchange = when(choose, |event: Event| {
            event.target_dyn_into::<HtmlSelectElement>()?.value().parse().ok()
        });
        let group = |title: &str, sides: &[Side], first: usize| {
            let option = |(at, side): (usize, &Side)| {
                html! { <option value={at.to_string()} selected={at == shown}>{ name(side) }</option> }
            };
            html! { <optgroup label={title.to_owned()}>{ for (first..).zip(sides).map(option) }</optgroup> }
        };
        html! {
            <label>{ label }{ " " }<select {id} {onchange}>
                { group(words().load.on_screen, self.own, 0) }
                if !self.other.is_empty() { { group(self.title, self.other, self.own.len()) } }
            </select></label>
        }
    }
}

fn name(side: &Side) -> String {
    let (words, tokens) = (&words().load, u64::from(side.tokens));
    match side.of {
        Of::Whole => (words.whole_of)(tokens),
        Of::Prompt(number) => (words.prompt_of)(number, tokens),
        Of::Answer(number) => (words.answer_of)(number, tokens),
        Of::EarlierAnswer(number) => (words.earlier_answer_of)(number, tokens),
    }
}

/// Which run is beside this one, or how to open one.
fn tools(props: &LoadProps, beside: Option<&Beside>) -> Html {
    let words = &words().load;
    if let Some(beside) = beside {
        let onclick = props.dispatch.reform(|_| Action::BesideSet(None));
        return html! {
            <div class="raster-tools"><span>{ words.beside }{ " " }<b>{ beside.title.clone() }</b>{ " · " }{ beside.facts.name.clone() }</span>
                <button type="button" id="close-beside" {onclick}>{ words.close_beside }</button></div>
        };
    }
    let onfile = when(&props.runs, |event: Event| {
        let input: HtmlInputElement = event.target_dyn_into()?;
        let file = input.files()?.get(0);
        input.set_value("");
        file.map(RunAsk::OpenBeside)
    });
    html! {
        <div class="raster-tools">
            <label class="button">{ words.open_beside }<input id="open-beside" class="visually-hidden" type="file" onchange={onfile} /></label>
            { kept(props) }
        </div>
    }
}

/// The conversations kept in this browser, but for the one on screen.
fn kept(props: &LoadProps) -> Html {
    let (words, state) = (&words().load, &props.traced.0);
    let is_other = |id: &str| state.conversation.kept_as.as_deref() != Some(id);
    let entries: Vec<_> = state
        .kept
        .entries
        .iter()
        .filter(|entry| is_other(&entry.id))
        .collect();
    if entries.is_empty() {
        return Html::default();
    }
    let onchange = when(&props.runs, |event: Event| {
        let id = event.target_dyn_into::<HtmlSelectElement>()?.value();
        (!id.is_empty()).then_some(RunAsk::OpenKeptBeside(id))
    });
    html! {
        <label>{ words.kept_beside }{ " " }<select id="kept-beside" {onchange}>
            <option value="" selected=true>{ words.choose_kept }</option>
            { for entries.iter().map(|entry| html! { <option value={entry.id.clone()}>{ entry.title.clone() }</option> }) }
        </select></label>
    }
}

fn table(layers: impl ExactSizeIterator<Item = (u32, Option<f64>)>) -> Html {
    let words = &words().load;
    let is_short = layers.len() <= 12;
    let row = |(layer, bits): (u32, Option<f64>)| {
        html! {
            <tr key={layer} data-divergence={bits.map(|bits| bits.to_string())}><th scope="row">{ layer }</th>
                <td class="share-cell"><svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width={format!("{:.2}", 100.0 * bits.unwrap_or_default())} height="8" /></svg></td>
                <td>{ bits.map_or("—".into(), |bits| format::bits(bits as f32)) }</td></tr>
        }
    };
    html! {
        <details class="more" open={is_short}><summary>{ words.by_layer }</summary>
            <table class="numbers">
                <thead><tr><th scope="col">{ words.layer }</th><th scope="col"><span class="visually-hidden">{ words.divergence }</span></th><th scope="col">{ words.divergence }</th></tr></thead>
                <tbody>{ for layers.map(row) }</tbody>
            </table>
        </details>
    }
}
