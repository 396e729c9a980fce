//! The visitor's preferences in the browser: where they are kept, and how the document wears them.

use std::rc::Rc;

use gloo::events::EventListener;
use gloo::storage::{LocalStorage, Storage};
use web_sys::{MediaQueryList, UrlSearchParams};

use crate::state::{Action, Palette, Preferences, Theme};
use crate::store::Store;
use crate::words::{self, Language};

const LANGUAGE_KEY: &str = "moescope.language";
const THEME_KEY: &str = "moescope.theme";
const PALETTE_KEY: &str = "moescope.palette";
const SHORTCUTS_KEY: &str = "moescope.shortcuts";

/// Preferences as they were left, worn from now on. `?lang=` is for this visit only.
pub fn start(store: &Rc<Store>) {
    let kept = read();
    let dark = dark_query();
    let is_dark = dark.as_ref().is_some_and(MediaQueryList::matches);
    store.dispatch(Action::SystemSchemeTold { is_dark });
    store.dispatch(Action::PreferencesFound(kept));
    wear(kept, is_dark);
    let Some(dark) = dark else { return };
    let store = Rc::clone(store);
    let query = dark.clone();
    EventListener::new(&dark, "change", move |_| {
        let is_dark = query.matches();
        // At once: whoever else listens may read colours from the document.
        wear(store.read(|state| state.preferences), is_dark);
        store.dispatch(Action::SystemSchemeTold { is_dark });
    })
    .forget();
}

fn dark_query() -> Option<MediaQueryList> {
    let query = gloo::utils::window().match_media("(prefers-color-scheme: dark)");
    query.ok().flatten()
}

fn read() -> Preferences {
    let default = Preferences::default();
    let kept = |key: &str| LocalStorage::get::<String>(key).ok();
    let theme = kept(THEME_KEY).and_then(|name| Theme::ALL.into_iter().find(|theme| theme.name() == name));
    let palette =
        kept(PALETTE_KEY).and_then(|name| Palette::ALL.into_iter().find(|palette| palette.name() == name));
    Preferences {
        language: asked_language()
            .or_else(|| kept(LANGUAGE_KEY).and_then(|tag| Language::of_tag(&tag)))
            .unwrap_or_else(browser_language),
        theme: theme.unwrap_or(default.theme),
        palette: palette.unwrap_or(default.palette),
        has_shortcuts: LocalStorage::get(SHORTCUTS_KEY).unwrap_or(default.has_shortcuts),
    }
}

fn asked_language() -> Option<Language> {
    let search = gloo::utils::window().location().search().ok()?;
    Language::of_tag(&UrlSearchParams::new_with_str(&search).ok()?.get("lang")?)
}

fn browser_language() -> Language {
    let languages = gloo::utils::window().navigator().languages();
    let tags: Vec<String> = languages.iter().filter_map(|tag| tag.as_string()).collect();
    Language::best(tags.iter().map(String::as_str))
}

/// Keeps what was changed. Without storage it lasts as long as the page.
pub fn keep(before: Preferences, now: Preferences) {
    if now.language != before.language {
        let _ = LocalStorage::set(LANGUAGE_KEY, now.language.words().tag);
    }
    if now.theme != before.theme {
        let _ = LocalStorage::set(THEME_KEY, now.theme.name());
    }
    if now.palette != before.palette {
        let _ = LocalStorage::set(PALETTE_KEY, now.palette.name());
    }
    if now.has_shortcuts != before.has_shortcuts {
        let _ = LocalStorage::set(SHORTCUTS_KEY, now.has_shortcuts);
    }
}

/// Puts the preferences on the document's root, and speaks the language.
pub fn wear(preferences: Preferences, is_system_dark: bool) {
    words::speak(preferences.language);
    let texts = words::words();
    let Some(root) = gloo::utils::document().document_element() else {
        return;
    };
    for (name, value) in [
        ("lang", texts.tag),
        ("dir", texts.direction.attribute()),
        ("data-theme", preferences.theme.resolved(is_system_dark).name()),
        ("data-palette", preferences.palette.name()),
    ] {
        // Attributes of these names can always be set.
        let _ = root.set_attribute(name, value);
    }
}
