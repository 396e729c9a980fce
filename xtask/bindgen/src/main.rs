//! Writes the JavaScript that loads a compiled wasm file: `NAME.js` and `NAME_bg.wasm`. Where the wasm uses
//! relaxed SIMD, `NAME_bg.simd128.wasm` is the same program for browsers that lack it.
//!
//! This is wasm-bindgen's own library instead of its command line tool, because it then stands in
//! Cargo.lock beside the `wasm-bindgen` crate. Both need the same `wasm-bindgen-shared`, which
//! cargo allows only once, so the two cannot differ in version. It is a package of its own because
//! it takes minutes to compile and most commands do not need it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

mod without_relaxed;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [input, out_dir, name] = args.as_slice() else {
        bail!("usage: moescope-bindgen INPUT.wasm OUT_DIR NAME");
    };
    Bindgen::new()
        .input_path(input)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .generate(out_dir)
        .with_context(|| format!("wasm-bindgen could not process {input}"))?;
    write_without_relaxed(Path::new(out_dir), name)
}

fn write_without_relaxed(folder: &Path, name: &str) -> Result<()> {
    let bound = folder.join(format!("{name}_bg.wasm"));
    let Some(wasm) = without_relaxed::rewrite(&std::fs::read(&bound)?)? else {
        return Ok(());
    };
    std::fs::write(folder.join(format!("{name}_bg.simd128.wasm")), wasm)?;
    Ok(())
}
