//! The origin private file system as a folder of files: names in, bytes out.

use js_sys::{Object, Reflect};
use moescope_engine::source::SourceError;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, DedicatedWorkerGlobalScope, FileSystemDirectoryHandle, FileSystemFileHandle,
    FileSystemGetDirectoryOptions, FileSystemGetFileOptions, FileSystemReadWriteOptions,
    FileSystemSyncAccessHandle, StorageManager,
};

use crate::worker::source::{io, told};

/// The folder that models are kept in.
const FOLDER: &str = "models";

/// See the module.
pub struct Disk {
    folder: FileSystemDirectoryHandle,
}

/// A file open for writing; closed when dropped.
pub struct Writer {
    handle: FileSystemSyncAccessHandle,
    name: String,
}

impl Disk {
    pub async fn open() -> Result<Self, JsValue> {
        let root: FileSystemDirectoryHandle =
            JsFuture::from(storage()?.get_directory()).await?.unchecked_into();
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let folder = root.get_directory_handle_with_options(FOLDER, &options);
        let folder = JsFuture::from(folder).await?.unchecked_into();
        Ok(Self { folder })
    }

    /// Opens a file for writing, made if it is not there. Only one writer at a time, over all tabs.
    pub async fn writer(&self, name: &str) -> Result<Writer, SourceError> {
        let failed = |err: JsValue| {
            let why = told(&err);
            io(
                name,
                &format!(
                    "it cannot be written in this browser's storage ({why}); is another tab loading it?"
                ),
            )
        };
        let file = self.file(name, true).await.map_err(failed)?;
        let handle = JsFuture::from(file.create_sync_access_handle())
            .await
            .map_err(failed)?;
        Ok(Writer {
            handle: handle.unchecked_into(),
            name: name.into(),
        })
    }

    /// A file's bytes, read when they are asked for.
    pub async fn blob(&self, name: &str) -> Result<Blob, JsValue> {
        let file = self.file(name, false).await?;
        JsFuture::from(file.get_file()).await.map(JsCast::unchecked_into)
    }

    /// A file's size.
    pub async fn size(&self, name: &str) -> Result<u64, JsValue> {
        self.blob(name).await.map(|blob| blob.size() as u64)
    }

    /// A small file's text.
    pub async fn text(&self, name: &str) -> Result<String, JsValue> {
        let text = JsFuture::from(self.blob(name).await?.text()).await?;
        Ok(text.as_string().unwrap_or_default())
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) -> Result<(), SourceError> {
        let removed = JsFuture::from(self.folder.remove_entry(name)).await;
        removed.map(drop).map_err(|err| io(name, &told(&err)))
    }

    async fn file(&self, name: &str, create: bool) -> Result<FileSystemFileHandle, JsValue> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        let file = self.folder.get_file_handle_with_options(name, &options);
        JsFuture::from(file).await.map(JsCast::unchecked_into)
    }
}

impl Writer {
    /// Bytes so far.
    pub fn size(&self) -> Result<u64, SourceError> {
        self.handle
            .get_size()
            .map(|size| size as u64)
            .map_err(|err| self.failed(&err))
    }

    /// Cuts the file off.
    pub fn truncate(&self, bytes: u64) -> Result<(), SourceError> {
        self.handle
            .truncate_with_f64(bytes as f64)
            .map_err(|err| self.failed(&err))
    }

    /// Writes all of `bytes`.
    pub fn write_at(&self, at: u64, bytes: &[u8]) -> Result<(), SourceError> {
        let written = self.handle.write_with_u8_array_and_options(bytes, &options(at));
        match written {
            Ok(written) if written as usize == bytes.len() => Ok(()),
            Ok(_) => Err(self.full()),
            Err(err) if name_of(&err) == "QuotaExceededError" => Err(self.full()),
            Err(err) => Err(self.failed(&err)),
        }
    }

    /// Reads up to as many bytes as `bytes` has; returns how many came.
    pub fn read_at(&self, at: u64, bytes: &mut [u8]) -> Result<usize, SourceError> {
        let read = self.handle.read_with_u8_array_and_options(bytes, &options(at));
        read.map(|read| read as usize).map_err(|err| self.failed(&err))
    }

    /// Makes sure that what was written stays.
    pub fn flush(&self) -> Result<(), SourceError> {
        self.handle.flush().map_err(|err| self.failed(&err))
    }

    fn full(&self) -> SourceError {
        io(
            &self.name,
            "this browser's storage is full (a stored model can be deleted to make room)",
        )
    }

    fn failed(&self, err: &JsValue) -> SourceError {
        io(
            &self.name,
            &format!("this browser's storage failed: {}", told(err)),
        )
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// Bytes used by this page and bytes it may use, as the browser estimates them.
pub async fn estimate() -> Option<(u64, u64)> {
    let estimate = JsFuture::from(storage().ok()?.estimate().ok()?).await.ok()?;
    let number = |key: &str| {
        let value = Reflect::get(estimate.dyn_ref::<Object>()?, &key.into()).ok()?;
        value.as_f64().map(|bytes| bytes as u64)
    };
    Some((number("usage")?, number("quota")?))
}

/// Absent outside of secure contexts.
fn storage() -> Result<StorageManager, JsValue> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let storage = Reflect::get(&scope.navigator(), &"storage".into())?;
    if storage.is_undefined() {
        return Err("no storage here".into());
    }
    Ok(storage.unchecked_into())
}

fn options(at: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(at as f64);
    options
}

fn name_of(err: &JsValue) -> String {
    let name = Reflect::get(err, &"name".into());
    name.ok().and_then(|name| name.as_string()).unwrap_or_default()
}
