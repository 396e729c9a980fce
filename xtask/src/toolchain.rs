//! The wasm32 target of the Rust toolchain: there, or added by rustup, or a sentence.

use std::path::Path;

use anyhow::{Result, bail};

use crate::shell;

pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that the standard library for wasm is installed.
pub fn ensure_wasm_target() -> Result<()> {
    if has_wasm_target()? {
        return Ok(());
    }
    if shell::has("rustup") {
        return shell::run(&mut shell::command("rustup", &["target", "add", WASM_TARGET]));
    }
    bail!(
        "the Rust standard library for {WASM_TARGET} is not installed, and there is no rustup to add it. \
         Install rustup (https://rustup.rs) and run `rustup target add {WASM_TARGET}`, or install your \
         distribution's package of it (Debian: libstd-rust-dev-wasm32, Fedora: rust-std-static-{WASM_TARGET}), \
         then run this again."
    );
}

fn has_wasm_target() -> Result<bool> {
    let sysroot = shell::output(&mut shell::command("rustc", &["--print", "sysroot"]))?;
    Ok(Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET)
        .join("lib")
        .is_dir())
}
