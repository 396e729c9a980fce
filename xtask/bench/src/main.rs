//! What `cargo xtask bench` runs: every program on the same files, taking turns; medians with their range,
//! as a table and as lines of JSON under `tests/bench/`.
//!
//! ```text
//! models ─► Case ─► Engine::run ─► Run ─► Line ─► tests/bench/DATE.jsonl ─► table, README
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use moescope_tests::random_model::Mix;
use xtask::shell;

mod case;
mod engines;
mod growth;
mod llama_cpp;
mod machine;
mod models;
mod native;
mod options;
mod page;
mod peers;
mod record;
mod session;
mod stats;
mod table;
mod wllama;

use case::Case;
use engines::Engine;
use options::Options;
use record::Line;

const README_BEGIN: &str = "<!-- bench: made by `cargo xtask bench`, do not edit -->";
const README_END: &str = "<!-- end of bench -->";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match Options::from_args(&args).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("bench: {err:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    // What a browser says no to is a panic of the tests' driver: told in one line, it ends one program.
    std::panic::set_hook(Box::new(|panic| eprintln!("   {panic}")));
    native::ensure()?;
    let mut lines = vec![Line::Session(machine::session(options.rounds(), &options.note))];
    let engines = engines(options);
    if engines.is_empty() && !options.has_growth() {
        bail!(
            "no program has {:?} in its name",
            options.only.as_deref().unwrap_or_default()
        );
    }
    if !engines.is_empty() {
        for case in cases(options)? {
            lines.extend(session::run(&case, &engines, options.rounds()));
        }
    }
    if options.has_growth() {
        lines.extend(growth::run(options.rounds(), options.quick)?);
    }
    let text = table::session(&lines);
    println!("\n{text}");
    if !options.dry {
        keep(&lines, &text, options)?;
    }
    Ok(())
}

/// The files asked for; of the deep model, unless it is named, only the first mix.
fn cases(options: &Options) -> Result<Vec<Case>> {
    let folder = shell::target_dir().join("bench/models");
    let (prefill, decode): (&[u32], u32) = if options.quick {
        (&[128], 16)
    } else {
        (&[128, 512], 64)
    };
    let mut cases = Vec::new();
    for model in models::ALL {
        let is_left_out = options.quick && options.model.is_none() && model == models::DEEP;
        if is_left_out || !Options::takes(options.model.as_ref(), model.name) {
            continue;
        }
        let is_named = options.model.is_some() || options.mix.is_some();
        let mixes = if !is_named && (options.quick || model == models::DEEP) {
            &model.mixes()[..1]
        } else {
            model.mixes()
        };
        for mix in mixes
            .iter()
            .filter(|mix| Options::takes(options.mix.as_ref(), mix.name()))
        {
            cases.push(Case::prepare(&folder, model, *mix, prefill, decode)?);
        }
    }
    if cases.is_empty() {
        bail!(
            "there is no such file: models are mid, deep and demo, mixes {}",
            Mix::ALL.map(Mix::name).join(", ")
        );
    }
    Ok(cases)
}

/// The programs asked for.
fn engines(options: &Options) -> Vec<Engine> {
    let is_asked = |engine: &&Engine| {
        let name = format!("{} {}", engine.place.name(), engine.name);
        Options::takes(options.only.as_ref(), &name)
            && !(engine.is_peer && (options.quick || options.no_peers))
    };
    engines::ALL.iter().filter(is_asked).copied().collect()
}

/// Appends to the dated files; a full run also renews the README's table.
fn keep(lines: &[Line], text: &str, options: &Options) -> Result<()> {
    let date = lines.iter().find_map(|line| match line {
        Line::Session(session) => Some(session.date.clone()),
        _ => None,
    });
    let stem: PathBuf = shell::root().join("tests/bench").join(date.unwrap_or_default());
    record::append(&stem.with_extension("jsonl"), lines)?;
    let table = stem.with_extension("md");
    let before = std::fs::read_to_string(&table).unwrap_or_default();
    std::fs::write(&table, format!("{before}{text}\n---\n\n")).context("could not write the table")?;
    if options.is_full() {
        renew_readme(text)?;
    }
    println!("appended to {}", stem.display());
    Ok(())
}

fn renew_readme(text: &str) -> Result<()> {
    let path = shell::root().join("README.md");
    let readme = std::fs::read_to_string(&path)?;
    let new = table::between_markers(&readme, README_BEGIN, README_END, text);
    let new = new.context("README.md has lost the markers of the benchmark's table")?;
    std::fs::write(&path, new).context("could not write README.md")
}
