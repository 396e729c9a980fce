//! How the page looks and speaks: language, theme, palette, keys.

use web_sys::{Event, HtmlInputElement, HtmlSelectElement};
use yew::{Html, TargetCast, html};

use super::{Dispatch, when};
use crate::state::{Action, Palette, Preferences, Theme};
use crate::words::{Language, words};

/// The menu.
pub fn display(preferences: Preferences, dispatch: &Dispatch) -> Html {
    let texts = &words().display;
    html! {
        <details class="display" id="display" data-pops="">
            <summary>{ texts.title }</summary>
            <div class="display-body">
                { choose("language", texts.language, languages(preferences), dispatch) }
                { choose("theme", texts.theme, themes(preferences), dispatch) }
                { choose("palette", texts.palette, palettes(preferences), dispatch) }
                { shortcuts(preferences, dispatch) }
                <button type="button" id="show-keys" onclick={dispatch.reform(|_| Action::KeysShown(true))}>{ texts.keys }</button>
            </div>
        </details>
    }
}

/// One of several.
struct Choice {
    name: &'static str,
    told: &'static str,
    is_chosen: bool,
    action: Action,
}

fn languages(now: Preferences) -> Vec<Choice> {
    let choice = |&language: &Language| Choice {
        name: language.words().tag,
        told: language.words().name,
        is_chosen: language == now.language,
        action: Action::LanguageChosen(language),
    };
    Language::ALL.iter().map(choice).collect()
}

fn themes(now: Preferences) -> Vec<Choice> {
    let texts = &words().display;
    let choice = |theme: Theme| Choice {
        name: theme.name(),
        told: match theme {
            Theme::System => texts.system,
            Theme::Light => texts.light,
            Theme::Dark => texts.dark,
        },
        is_chosen: theme == now.theme,
        action: Action::ThemeChosen(theme),
    };
    Theme::ALL.into_iter().map(choice).collect()
}

fn palettes(now: Preferences) -> Vec<Choice> {
    let choice = |palette: Palette| Choice {
        name: palette.name(),
        told: match palette {
            Palette::Plain => words().display.plain,
            Palette::Viridis | Palette::Cividis => palette.name(),
        },
        is_chosen: palette == now.palette,
        action: Action::PaletteChosen(palette),
    };
    Palette::ALL.into_iter().map(choice).collect()
}

fn choose(id: &'static str, label: &'static str, choices: Vec<Choice>, dispatch: &Dispatch) -> Html {
    let option = |choice: &Choice| html! { <option value={choice.name} selected={choice.is_chosen}>{ choice.told }</option> };
    let options: Html = choices.iter().map(option).collect();
    let onchange = when(dispatch, move |event: Event| {
        let name = event.target_dyn_into::<HtmlSelectElement>()?.value();
        let chosen = choices.iter().find(|choice| choice.name == name)?;
        Some(chosen.action.clone())
    });
    html! { <label><span>{ label }</span><select {id} {onchange}>{ options }</select></label> }
}

fn shortcuts(now: Preferences, dispatch: &Dispatch) -> Html {
    let onchange = when(dispatch, |event: Event| {
        let are_on = event.target_dyn_into::<HtmlInputElement>()?.checked();
        Some(Action::ShortcutsChosen { are_on })
    });
    html! {
        <label class="check"><input id="shortcuts" type="checkbox" checked={now.has_shortcuts} {onchange} />{ words().display.shortcuts }</label>
    }
}
