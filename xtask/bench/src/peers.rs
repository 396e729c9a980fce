//! Other programs, installed from npm at the versions that `xtask/bench/peers/` pins, under `target/bench/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use xtask::shell;

/// What a program is asked for less of when it took longer than this for a prompt, milliseconds: longer
/// prompts. A software GPU would hold everything up for minutes.
pub const PATIENCE_MS: f64 = 6_000.0;
/// Positions asked of a program that wants to know.
pub const CONTEXT: u32 = 1024;

/// Where the packages of a peer are, installed where they are not yet.
pub fn installed(name: &str) -> Result<PathBuf> {
    let pinned = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
    let folder = shell::target_dir().join("bench/peers").join(name);
    let lock = fs::read(pinned.join("package-lock.json"))?;
    let done = folder.join("installed");
    if fs::read(&done).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    if !shell::has("npm") {
        bail!("npm is missing");
    }
    fs::create_dir_all(&folder)?;
    for file in ["package.json", "package-lock.json"] {
        fs::copy(pinned.join(file), folder.join(file))?;
    }
    println!("installing {name} from npm");
    // Optional packages are builds for other systems and graphics cards, gigabytes of them.
    let args = [
        "install",
        "--silent",
        "--ignore-scripts",
        "--omit=optional",
        "--no-audit",
        "--no-fund",
    ];
    let mut install = shell::command("npm", &args);
    shell::output(install.current_dir(&folder)).with_context(|| format!("npm could not install {name}"))?;
    fs::write(done, lock)?;
    Ok(folder)
}
