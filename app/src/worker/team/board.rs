//! The team's memory in a browser: a `SharedArrayBuffer`.

use std::time::Duration;

use js_sys::{Int32Array, SharedArrayBuffer, Uint32Array};
use moescope_engine::team::Board;
use wasm_bindgen::prelude::*;

// As in js-sys, without catching: they do not throw within bounds, and kernels wait by them.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Atomics)]
    fn load(words: &Int32Array, at: u32) -> i32;
    #[wasm_bindgen(js_namespace = Atomics)]
    fn store(words: &Int32Array, at: u32, value: i32) -> i32;
    #[wasm_bindgen(js_namespace = Atomics)]
    fn add(words: &Int32Array, at: u32, value: i32) -> i32;
    #[wasm_bindgen(js_namespace = Atomics)]
    fn wait(words: &Int32Array, at: u32, value: i32, millis: f64) -> JsValue;
    #[wasm_bindgen(js_namespace = Atomics)]
    fn notify(words: &Int32Array, at: u32) -> u32;
}

/// See the module.
#[derive(Debug)]
pub struct SharedBoard {
    words: Int32Array,
    unsigned: Uint32Array,
}

impl SharedBoard {
    pub fn new(memory: &SharedArrayBuffer) -> Self {
        Self {
            words: Int32Array::new(memory),
            unsigned: Uint32Array::new(memory),
        }
    }

    fn range(&self, at: usize, length: usize) -> Uint32Array {
        self.unsigned.subarray(at as u32, (at + length) as u32)
    }
}

impl Board for SharedBoard {
    fn load(&self, at: usize) -> u32 {
        load(&self.words, at as u32).cast_unsigned()
    }

    fn store(&self, at: usize, value: u32) {
        store(&self.words, at as u32, value.cast_signed());
    }

    fn add(&self, at: usize, value: u32) {
        add(&self.words, at as u32, value.cast_signed());
    }

    fn sleep(&self, at: usize, value: u32, limit: Duration) {
        let millis = limit.as_secs_f64() * 1e3;
        wait(&self.words, at as u32, value.cast_signed(), millis);
    }

    fn wake(&self, at: usize) {
        notify(&self.words, at as u32);
    }

    fn read(&self, at: usize, words: &mut [u32]) {
        self.range(at, words.len()).copy_to(words);
    }

    fn write(&self, at: usize, words: &[u32]) {
        self.range(at, words.len()).copy_from(words);
    }
}
