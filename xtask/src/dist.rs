//! `dist/`: `public/` copied, and the app's two programs compiled, bound and optimised.
//!
//! ```text
//! app ─cargo─► page.wasm, worker.wasm ─wasm-bindgen─► page.js, page_bg.wasm, … ─wasm-opt─► dist/
//! ```
//! A visitor receives `page_bg.wasm` and one of `worker_bg.wasm` and `worker_bg.simd128.wasm`, which is the
//! worker for browsers without relaxed SIMD (`xtask/bindgen/src/without_relaxed.rs`).
//!
//! Everything is made under `target/` first, so a build that fails leaves the last `dist/` whole.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell;
use crate::toolchain::{WASM_TARGET, ensure_wasm_target};
use crate::wasm_opt::{self, Effort};

/// The app's programs: the page's main thread and the worker that holds the engine.
const PROGRAMS: [&str; 2] = ["page", "worker"];

/// What they are without relaxed SIMD, where that is another program.
const VARIANT: &str = "worker_bg.simd128.wasm";

/// Most the two programs may weigh together, as a visitor's browser receives them.
const BUDGET_GZIP_BYTES: usize = 2_500_000;

/// Most that the engine without the page may weigh of it.
const ENGINE_BUDGET_GZIP_BYTES: usize = 1_200_000;

/// What a program's wasm weighs.
pub struct Size {
    pub program: &'static str,
    pub raw_bytes: usize,
    pub gzip_bytes: usize,
}

/// What all programs weigh; prints as a small table.
pub struct Sizes(Vec<Size>);

pub fn folder() -> PathBuf {
    shell::root().join("dist")
}

/// What the programs of the last build weigh.
pub fn sizes() -> Result<Sizes> {
    Sizes::of(&folder())
}

/// Builds `dist/` anew. With less than full effort the wasm may stay larger than it has to be.
pub fn build(effort: Effort) -> Result<Sizes> {
    ensure_wasm_target()?;
    let bound = shell::target_dir().join("xtask/bound");
    shell::stage("compile the app", compile)?;
    shell::stage("wasm-bindgen", || bind(&bound))?;
    let mut files = PROGRAMS.map(|program| wasm(&bound, program)).to_vec();
    files.extend(fs::exists(bound.join(VARIANT))?.then(|| bound.join(VARIANT)));
    shell::stage("wasm-opt", || wasm_opt::optimise(&files, effort))?;
    assemble(&bound)?;
    Sizes::of(&bound)
}

fn compile() -> Result<()> {
    let args = [
        "build",
        "--package",
        "moescope-app",
        "--bins",
        "--profile",
        "web",
        "--target",
        WASM_TARGET,
    ];
    shell::run(&mut shell::cargo(&args))
}

fn bind(bound: &Path) -> Result<()> {
    shell::run(&mut shell::cargo(&[
        "build",
        "--quiet",
        "--profile",
        "tool",
        "--package",
        "moescope-bindgen",
    ]))?;
    fresh_folder(bound)?;
    let target = shell::target_dir();
    let bindgen = target
        .join("tool/moescope-bindgen")
        .with_extension(std::env::consts::EXE_EXTENSION);
    let bind_one = |name: &str| {
        let compiled = target.join(WASM_TARGET).join("web").join(format!("{name}.wasm"));
        let mut command = shell::command(&bindgen.to_string_lossy(), &[]);
        shell::run(command.arg(compiled).arg(bound).arg(name))
    };
    shell::side_by_side(PROGRAMS.to_vec(), bind_one)?;
    // The compiler may put relaxed instructions anywhere, but old browsers must run the page itself.
    let plain = bound.join("page_bg.simd128.wasm");
    if plain.exists() {
        fs::rename(&plain, wasm(bound, "page")).context("could not take the page without relaxed SIMD")?;
    }
    Ok(())
}

/// `dist/` = `public/` + what was bound. A file in both is a mistake, not an override.
fn assemble(bound: &Path) -> Result<()> {
    let dist = folder();
    fresh_folder(&dist)?;
    for source in [shell::root().join("public"), bound.to_path_buf()] {
        copy_tree(&source, &dist).with_context(|| format!("could not copy {} to dist/", source.display()))?;
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target)?;
            copy_tree(&entry.path(), &target)?;
        } else if target.exists() {
            bail!(
                "{} is both a file of public/ and made by the build",
                target.display()
            );
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

fn fresh_folder(path: &Path) -> Result<()> {
    let made = if path.exists() {
        fs::remove_dir_all(path)
    } else {
        Ok(())
    };
    made.and_then(|()| fs::create_dir_all(path))
        .with_context(|| format!("could not empty {}", path.display()))
}

fn wasm(folder: &Path, program: &str) -> PathBuf {
    folder.join(format!("{program}_bg.wasm"))
}

impl Sizes {
    fn of(bound: &Path) -> Result<Self> {
        let size = |program| {
            let bytes = fs::read(wasm(bound, program))?;
            Ok(Size {
                program,
                raw_bytes: bytes.len(),
                gzip_bytes: gzip_bytes(&bytes)?,
            })
        };
        Ok(Self(PROGRAMS.into_iter().map(size).collect::<Result<_>>()?))
    }

    pub fn programs(&self) -> &[Size] {
        &self.0
    }

    /// An error where the programs together, or the engine alone, weigh more than the budget.
    pub fn check_budget(&self) -> Result<()> {
        let total: usize = self.0.iter().map(|size| size.gzip_bytes).sum();
        if total > BUDGET_GZIP_BYTES {
            let (total, budget) = (kilobytes(total), kilobytes(BUDGET_GZIP_BYTES));
            bail!("the page's wasm weighs {total} gzipped; its budget is {budget} (xtask/src/dist.rs)");
        }
        let engine = self.0.iter().find(|size| size.program == "worker");
        if let Some(size) = engine.filter(|size| size.gzip_bytes > ENGINE_BUDGET_GZIP_BYTES) {
            let (own, budget) = (kilobytes(size.gzip_bytes), kilobytes(ENGINE_BUDGET_GZIP_BYTES));
            bail!("the worker's wasm weighs {own} gzipped; its budget is {budget} (xtask/src/dist.rs)");
        }
        Ok(())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, size) in self.0.iter().enumerate() {
            let (raw, gzip) = (kilobytes(size.raw_bytes), kilobytes(size.gzip_bytes));
            let newline = if at == 0 { "" } else { "\n" };
            write!(
                f,
                "{newline}  {:<16} {raw:>10} raw {gzip:>10} gzip",
                format!("{}_bg.wasm", size.program)
            )?;
        }
        Ok(())
    }
}

fn gzip_bytes(bytes: &[u8]) -> Result<usize> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}
