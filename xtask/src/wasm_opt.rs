//! `wasm-opt` where it can be had without a manual step: on the PATH, or Binaryen from npm.
//!
//! At `-O1`: rustc has already optimised, and on the page's own dependencies `-O3` took four times
//! as long and came out larger once gzipped (978 kB against 961 kB). Results are kept by content,
//! so a program that did not change costs nothing.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{npm, shell};

/// The Binaryen release taken from npm. Releases much older than rustc cannot read its output
/// (Debian 12's 108 stops at `table.fill`).
const BINARYEN: &str = "binaryen@132.0.0";
const LEVEL: &str = "-O1";

/// Whether a file that was never optimised before is worth the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Full,
    OnlyKnown,
}

/// Optimises each file in place, side by side. Without a `wasm-opt` the files stay as they are.
pub fn optimise(files: &[PathBuf], effort: Effort) -> Result<()> {
    let unknown: Vec<&PathBuf> = files.iter().filter(|file| !take_known(file)).collect();
    if unknown.is_empty() || effort == Effort::OnlyKnown {
        return Ok(());
    }
    let Some(tool) = find() else {
        println!("wasm-opt is neither on the PATH nor to be had from npm: the wasm stays a little larger.");
        return Ok(());
    };
    shell::side_by_side(unknown, |file| run(&tool, file))
}

/// Replaces `file` by the kept result of optimising the same content, where there is one.
fn take_known(file: &Path) -> bool {
    kept(file).is_ok_and(|kept| kept.is_file() && fs::copy(kept, file).is_ok())
}

fn run(tool: &Path, file: &Path) -> Result<()> {
    let kept = kept(file)?;
    fs::create_dir_all(kept.parent().unwrap_or(Path::new(".")))?;
    let unfinished = kept.with_extension("unfinished");
    let mut command = shell::command(&tool.to_string_lossy(), &[LEVEL]);
    shell::output(command.arg(file).arg("-o").arg(&unfinished))?;
    fs::rename(&unfinished, &kept)?;
    fs::copy(&kept, file)?;
    Ok(())
}

/// Where the result for this content is, or will be.
fn kept(file: &Path) -> Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    (BINARYEN, LEVEL, fs::read(file)?).hash(&mut hasher);
    Ok(shell::target_dir()
        .join("xtask/optimised")
        .join(format!("{:016x}.wasm", hasher.finish())))
}

fn find() -> Option<PathBuf> {
    on_path().or_else(|| from_npm().inspect_err(|err| println!("{err:#}")).ok())
}

/// The installed one, if it is as new as ours: `wasm-opt version 132 (…)`.
fn on_path() -> Option<PathBuf> {
    let said = shell::output(&mut shell::command("wasm-opt", &["--version"])).ok()?;
    let version: u32 = said.split_whitespace().find_map(|word| word.parse().ok())?;
    let ours: u32 = BINARYEN.split(['@', '.']).nth(1)?.parse().ok()?;
    (version >= ours).then(|| PathBuf::from("wasm-opt"))
}

fn from_npm() -> Result<PathBuf> {
    npm::file(BINARYEN, ".bin/wasm-opt")
}
