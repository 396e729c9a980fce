//! `cargo xtask fixtures`: makes the committed test fixtures again, from the seeded scripts beside
//! them. Only on demand: tests read the committed files and need no Python.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{Verb, shell};

pub const VERB: Verb = Verb {
    name: "fixtures",
    args: "[NAME]",
    about: "run the scripts of tests/fixtures again in a Python environment of their own (slow)",
    run,
};

fn run(args: &[String]) -> Result<()> {
    let wanted = args.first().map(String::as_str).unwrap_or_default();
    let folder = shell::root().join("tests/fixtures");
    let scripts: Vec<PathBuf> = scripts(&folder)?
        .into_iter()
        .filter(|path| stem(path).contains(wanted))
        .collect();
    if scripts.is_empty() {
        bail!("there is no script with `{wanted}` in its name in tests/fixtures.");
    }
    let python = environment(&folder.join("requirements.txt"))?;
    for script in scripts {
        let path = script.to_string_lossy().into_owned();
        shell::stage(&stem(&script), || {
            shell::run(&mut shell::command(&python, &[&path]))
        })?;
    }
    Ok(())
}

/// A virtual environment under the target folder with the packages the scripts name.
fn environment(requirements: &Path) -> Result<String> {
    let venv = shell::target_dir().join("xtask/python");
    let python = venv.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    if !python.is_file() {
        let made = shell::run(shell::command("python3", &["-m", "venv"]).arg(&venv));
        made.context("fixtures need Python 3 with venv (Debian: python3-venv)")?;
    }
    let python = python.to_string_lossy().into_owned();
    let pip = ["-m", "pip", "install", "--quiet", "--requirement"];
    shell::run(shell::command(&python, &pip).arg(requirements))?;
    Ok(python)
}

fn scripts(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).context("could not read tests/fixtures")?;
    let paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    let mut scripts: Vec<_> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "py"))
        .collect();
    scripts.sort();
    Ok(scripts)
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
