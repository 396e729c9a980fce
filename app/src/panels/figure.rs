//! A number on screen: label, value with unit, a mark for where it comes from, and a sentence on
//! how it was obtained that opens with a click or the keyboard.

use yew::{Html, classes, html};

use crate::format::Origin;
use crate::words::words;

/// One number and its story.
pub struct Figure {
    /// Its `data-value`, the name it has everywhere.
    pub name: &'static str,
    pub label: &'static str,
    /// The number itself, unrounded.
    pub raw: f64,
    pub text: String,
    pub origin: Origin,
    /// How it was obtained, in words.
    pub story: String,
}

impl Figure {
    /// A number counted exactly.
    pub fn counted(
        name: &'static str,
        label: &'static str,
        raw: u64,
        text: String,
        story: impl Into<String>,
    ) -> Self {
        Self {
            name,
            label,
            raw: raw as f64,
            text,
            origin: Origin::Counted,
            story: story.into(),
        }
    }

    /// A number worked out from counted ones alone: a share, a mean, an entropy.
    pub fn counted_share(
        name: &'static str,
        label: &'static str,
        raw: f64,
        text: String,
        story: impl Into<String>,
    ) -> Self {
        Self {
            raw,
            ..Self::counted(name, label, 0, text, story)
        }
    }

    /// A number read from a clock, or divided by one.
    pub fn measured(
        name: &'static str,
        label: &'static str,
        raw: f64,
        text: String,
        story: impl Into<String>,
    ) -> Self {
        Self {
            name,
            label,
            raw,
            text,
            origin: Origin::Measured,
            story: story.into(),
        }
    }
}

/// Numbers under each other, each opening to its story.
pub fn figures(figures: &[Figure]) -> Html {
    html! { <div class="figures">{ for figures.iter().map(figure) }</div> }
}

fn figure(figure: &Figure) -> Html {
    html! {
        <details class="figure" key={figure.name}>
            <summary>
                <span class="label">{ figure.label }</span>
                { value(figure.name, figure.raw, &figure.text, figure.origin) }
            </summary>
            <p>{ format!("{} ", figure.story) }<em>{ format!("({})", figure.origin.told()) }</em></p>
        </details>
    }
}

/// The number alone, as tests and scripts find it.
pub fn value(name: &'static str, raw: f64, text: &str, origin: Origin) -> Html {
    html! {
        <data class={classes!("value", origin.name())} data-value={name} data-raw={raw.to_string()}>{ text.to_owned() }</data>
    }
}

/// What the marks beside the numbers mean.
pub fn legend() -> Html {
    html! {
        <p class="legend origins">
            <span class="measured">{ words().figure.measured_legend }</span>
            <span class="counted">{ words().figure.counted_legend }</span>
        </p>
    }
}
