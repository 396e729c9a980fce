//! The head of a model's file as another worker needs it: what was read of it, to be read again there.

use std::cell::RefCell;
use std::ops::Range;

use js_sys::{Array, SharedArrayBuffer, Uint8Array};
use moescope_engine::Error;
use moescope_engine::arch::Spec;
use moescope_engine::gguf::Gguf;
use moescope_engine::source::{ByteSource, SourceError};
use wasm_bindgen::{JsCast, JsValue};

use super::not_recorded;

/// See the module.
pub struct Head {
    length: u64,
    part_starts: Vec<u64>,
    /// First byte, and bytes.
    reads: Vec<(u64, Vec<u8>)>,
}

/// What a follower receives.
pub struct Message {
    pub head: Head,
    pub memory: SharedArrayBuffer,
    pub rank: usize,
    pub size: usize,
}

impl Head {
    /// Reads the head of a source, and keeps what was read.
    pub async fn record(source: &impl ByteSource) -> Result<Self, Error> {
        let recorder = Recorder {
            source,
            reads: RefCell::default(),
        };
        Gguf::read(&recorder).await?;
        Ok(Self {
            length: source.length(),
            part_starts: source.part_starts(),
            reads: recorder.reads.into_inner(),
        })
    }

    /// The model it describes.
    pub async fn spec(&self) -> Result<Spec, Error> {
        Ok(Spec::read(&Gguf::read(self).await?)?)
    }

    /// For [`Message::read`] in another worker.
    pub fn message(&self, memory: &SharedArrayBuffer, rank: usize, size: usize) -> JsValue {
        let starts: Array = self.part_starts.iter().map(|start| number(*start)).collect();
        let reads: Array = self
            .reads
            .iter()
            .flat_map(|(at, bytes)| [number(*at), Uint8Array::from(bytes.as_slice()).into()])
            .collect();
        let numbers = [rank as u64, size as u64, self.length].map(number);
        let others = [memory.clone().into(), starts.into(), reads.into()];
        numbers.into_iter().chain(others).collect::<Array>().into()
    }
}

impl Message {
    /// None where it is no such message.
    pub fn read(data: &JsValue) -> Option<Self> {
        let fields: &Array = data.dyn_ref()?;
        let number = |value: JsValue| value.as_f64().map(|number| number as u64);
        let starts: Array = fields.get(4).dyn_into().ok()?;
        let reads: Array = fields.get(5).dyn_into().ok()?;
        let read = |at: u32| {
            let bytes: Uint8Array = reads.get(at + 1).dyn_into().ok()?;
            Some((number(reads.get(at))?, bytes.to_vec()))
        };
        Some(Self {
            rank: number(fields.get(0))? as usize,
            size: number(fields.get(1))? as usize,
            memory: fields.get(3).dyn_into().ok()?,
            head: Head {
                length: number(fields.get(2))?,
                part_starts: starts.iter().map(number).collect::<Option<_>>()?,
                reads: (0..reads.length()).step_by(2).map(read).collect::<Option<_>>()?,
            },
        })
    }
}

/// Lengths of files are exact as numbers of JavaScript.
fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}

struct Recorder<'a, S> {
    source: &'a S,
    reads: RefCell<Vec<(u64, Vec<u8>)>>,
}

impl<S: ByteSource> ByteSource for Recorder<'_, S> {
    fn length(&self) -> u64 {
        self.source.length()
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let bytes = self.source.read(range.clone()).await?;
        self.reads.borrow_mut().push((range.start, bytes.clone()));
        Ok(bytes)
    }

    fn part_starts(&self) -> Vec<u64> {
        self.source.part_starts()
    }
}

impl ByteSource for Head {
    fn length(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Vec<u8>, SourceError> {
        let is_it = |(at, bytes): &&(u64, Vec<u8>)| {
            *at == range.start && bytes.len() as u64 == range.end.saturating_sub(range.start)
        };
        let found = self.reads.iter().find(is_it);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(not_recorded)
    }

    fn part_starts(&self) -> Vec<u64> {
        self.part_starts.clone()
    }
}
