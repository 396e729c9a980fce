//! The browser's database (IndexedDB): a list of entries, and beside it the bytes of each run file, so
//! that the list is read without them.

use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, IdbDatabase, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode};

use crate::state::KeptEntry;

const NAME: &str = "moescope";
const VERSION: u32 = 1;
/// Entries as JSON, by id.
const ENTRIES: &str = "conversations";
/// Run files, by the same id.
const RUNS: &str = "runs";

/// Open for one task; the browser closes it with the page.
pub struct Database(IdbDatabase);

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Database {
    pub async fn open() -> Result<Self, JsValue> {
        let factory = gloo::utils::window().indexed_db()?;
        let factory = factory.ok_or_else(|| js_sys::Error::new("this browser has no IndexedDB"))?;
        let request = factory.open_with_u32(NAME, VERSION)?;
        let made = request.clone();
        let upgrade = Closure::once(move |_: JsValue| make(&made));
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database = answer(&request).await?;
        drop(upgrade);
        Ok(Self(database.dyn_into()?))
    }

    /// All of them, the newest first. One that cannot be read is not shown.
    pub async fn entries(&self) -> Result<Vec<KeptEntry>, JsValue> {
        let store = self.0.transaction_with_str(ENTRIES)?.object_store(ENTRIES)?;
        let texts: Array = answer(&store.get_all()?).await?.dyn_into()?;
        let entry = |text: JsValue| serde_json::from_str(&text.as_string()?).ok();
        let mut entries: Vec<KeptEntry> = texts.iter().filter_map(entry).collect();
        entries.sort_by(|a, b| b.date.cmp(&a.date));
        Ok(entries)
    }

    pub async fn bytes(&self, id: &str) -> Result<Vec<u8>, JsValue> {
        let store = self.0.transaction_with_str(RUNS)?.object_store(RUNS)?;
        let kept = answer(&store.get(&id.into())?).await?;
        // Earlier versions of the page kept an array.
        let bytes = match kept.dyn_into::<Blob>() {
            Ok(blob) => Uint8Array::new(&JsFuture::from(blob.array_buffer()).await?),
            Err(kept) => kept.dyn_into::<Uint8Array>()?,
        };
        Ok(bytes.to_vec())
    }

    /// Writes an entry, and its run where that is new: both or neither.
    pub async fn put(&self, entry: &KeptEntry, run: Option<&Blob>) -> Result<(), JsValue> {
        let writing = self.writing()?;
        let id = JsValue::from(entry.id.as_str());
        let text = serde_json::to_string(entry).map_err(|err| JsValue::from(err.to_string()))?;
        writing.object_store(ENTRIES)?.put_with_key(&text.into(), &id)?;
        if let Some(run) = run {
            writing.object_store(RUNS)?.put_with_key(run, &id)?;
        }
        finished(&writing).await
    }

    pub async fn delete(&self, id: &str) -> Result<(), JsValue> {
        let writing = self.writing()?;
        for store in [ENTRIES, RUNS] {
            writing.object_store(store)?.delete(&id.into())?;
        }
        finished(&writing).await
    }

    fn writing(&self) -> Result<IdbTransaction, JsValue> {
        let both = Array::of2(&ENTRIES.into(), &RUNS.into());
        self.0
            .transaction_with_str_sequence_and_mode(&both, IdbTransactionMode::Readwrite)
    }
}

/// The stores of a database that is new.
fn make(request: &IdbOpenDbRequest) {
    let database = request
        .result()
        .ok()
        .and_then(|database| database.dyn_into::<IdbDatabase>().ok());
    for store in [ENTRIES, RUNS] {
        // Where this fails, opening fails, and that is told.
        let _ = database
            .as_ref()
            .map(|database| database.create_object_store(store));
    }
}

async fn answer(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let settled = settled(|resolve, reject| {
        request.set_onsuccess(Some(resolve));
        request.set_onerror(Some(reject));
    });
    match settled.await {
        Ok(()) => request.result(),
        Err(()) => Err(request.error()?.map_or(JsValue::UNDEFINED, |error| error.into())),
    }
}

async fn finished(writing: &IdbTransaction) -> Result<(), JsValue> {
    let settled = settled(|resolve, reject| {
        writing.set_oncomplete(Some(resolve));
        writing.set_onerror(Some(reject));
        writing.set_onabort(Some(reject));
    });
    let why = || writing.error().map_or(JsValue::UNDEFINED, |error| error.into());
    settled.await.map_err(|()| why())
}

/// Waits until one of two handlers is called.
async fn settled(set: impl Fn(&Function, &Function)) -> Result<(), ()> {
    let promise = Promise::new(&mut |resolve, reject| set(&resolve, &reject));
    JsFuture::from(promise).await.map(drop).map_err(drop)
}
