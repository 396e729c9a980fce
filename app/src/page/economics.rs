//! Presets of the economics panels as they come with the page, and the visitor's assumptions as the
//! browser keeps them.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::storage::{LocalStorage, Storage};
use serde::de::DeserializeOwned;
use web_sys::File;
use yew::Callback;

use crate::hands::ReferenceAsk;
use crate::state::economics::{EconomicsAction, Presets, Saved, price_file};
use crate::state::{Action, Economics};
use crate::store::Store;
use crate::words::words;

/// Where assumptions survive the page.
const KEY: &str = "moescope.economics";
const MILLIS_PER_DAY: f64 = 86_400_000.0;

/// Restores what was kept and fetches the presets.
pub fn start(store: &Rc<Store>) {
    let dispatch = |action| store.dispatch(Action::Economics(action));
    // Local time: a budget ends on a day of the visitor's own calendar.
    let now = js_sys::Date::new_0();
    let local = now.get_time() - now.get_timezone_offset() * 60_000.0;
    dispatch(EconomicsAction::TodayTold((local / MILLIS_PER_DAY).floor() as i64));
    if let Ok(saved) = LocalStorage::get::<Saved>(KEY) {
        dispatch(EconomicsAction::Restored(Box::new(saved)));
    }
    let store = Rc::clone(store);
    wasm_bindgen_futures::spawn_local(async move {
        store.dispatch(match fetch_presets().await {
            Ok(presets) => Action::Economics(EconomicsAction::PresetsArrived(Box::new(presets))),
            Err(reason) => Action::AlertRaised((words().economics.no_presets)(&reason)),
        });
    });
}

/// Keeps the visitor's own assumptions; without storage they live as long as the page.
pub fn keep(economics: &Economics) {
    if economics.is_kept() {
        let _ = LocalStorage::set(KEY, economics.kept());
    } else {
        LocalStorage::delete(KEY);
    }
}

/// Reads a price file of the visitor's own.
pub fn read_prices(store: &Rc<Store>, file: File) {
    let store = Rc::clone(store);
    if file.size() > price_file::MOST_BYTES as f64 {
        let err = price_file::PriceFileError::TooLong {
            bytes: file.size() as usize,
        };
        let refused = EconomicsAction::PricesRefused(err.to_string());
        return store.dispatch(Action::Economics(refused));
    }
    wasm_bindgen_futures::spawn_local(async move {
        let text = wasm_bindgen_futures::JsFuture::from(file.text()).await;
        let text = text.ok().and_then(|text| text.as_string());
        // What cannot be read as text is no price file either.
        let pasted = EconomicsAction::PricesPasted(text.unwrap_or_default());
        store.dispatch(Action::Economics(pasted));
    });
}

/// Keeps the file that the model is to be held against until it is asked for.
pub fn reference(store: &Rc<Store>) -> Callback<ReferenceAsk> {
    let (store, chosen) = (Rc::clone(store), RefCell::new(Vec::new()));
    Callback::from(move |ask| {
        let action = match ask {
            ReferenceAsk::Choose(files) => {
                let Some(name) = files.first().map(File::name) else {
                    return;
                };
                let bytes: f64 = files.iter().map(|file: &File| file.size()).sum();
                chosen.replace(files);
                EconomicsAction::ReferenceChosen(name, bytes as u64)
            }
            ReferenceAsk::Compare => {
                EconomicsAction::ReferenceAsked(store.next_id(), super::source_of(&chosen.borrow()))
            }
        };
        store.dispatch(Action::Economics(action));
    })
}

async fn fetch_presets() -> Result<Presets, String> {
    Ok(Presets {
        models: fetch("models").await?,
        hardware: fetch("hardware").await?,
        measured: fetch("measured").await?,
        prices: price_file::read(&text("prices").await?).map_err(|err| err.to_string())?,
    })
}

async fn fetch<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_str(&text(name).await?).map_err(|err| format!("{name}.json: {err}"))
}

async fn text(name: &str) -> Result<String, String> {
    let told = |err: gloo::net::Error| format!("{name}.json: {err}");
    let answer = gloo::net::http::Request::get(&format!("economics/{name}.json"));
    answer.send().await.map_err(told)?.text().await.map_err(told)
}
