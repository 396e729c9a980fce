//! Tools from npm, each at one version and in a folder of its own under `target/tools/`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell;

/// A file below `node_modules/` of `NAME@VERSION`, which is installed where it is not there yet.
pub fn file(package: &str, path: &str) -> Result<PathBuf> {
    let prefix = shell::target_dir().join("tools").join(package);
    let file = prefix.join("node_modules").join(path);
    if !file.exists() {
        fs::create_dir_all(&prefix)?;
        let install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
        shell::output(shell::command("npm", &install).arg(&prefix).arg(package))
            .with_context(|| format!("npm could not install {package}"))?;
    }
    Ok(file)
}
