//! The project's commands, one file per verb, and the static server that the browser tests share
//! with `cargo xtask serve`. Nothing in here is part of the page.

use anyhow::{Result, bail};

mod bench;
mod build;
pub mod dist;
mod expand;
mod fixtures;
mod npm;
mod plan;
mod record;
mod serve;
pub mod shell;
pub mod site;
mod system;
mod test;
mod toolchain;
mod wasm_opt;

/// One command: its name, what may follow it, one line of help, and what it does.
pub(crate) struct Verb {
    pub name: &'static str,
    pub args: &'static str,
    pub about: &'static str,
    pub run: fn(&[String]) -> Result<()>,
}

/// Every command, sorted. A new one is a file with a `VERB` and a line here.
const VERBS: &[Verb] = &[
    bench::VERB,
    build::VERB,
    expand::VERB,
    fixtures::VERB,
    plan::VERB,
    record::VERB,
    serve::VERB,
    test::VERB,
];

/// Runs the verb that `args` names.
pub fn run(args: &[String]) -> Result<()> {
    let Some((name, rest)) = args.split_first() else {
        return help();
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        return help();
    }
    match VERBS.iter().find(|verb| verb.name == name) {
        Some(verb) if rest.iter().any(|arg| arg == "--help" || arg == "-h") => {
            println!("cargo xtask {} {}\n    {}", verb.name, verb.args, verb.about);
            Ok(())
        }
        Some(verb) => (verb.run)(rest),
        None => bail!("there is no command `{name}`. Run `cargo xtask help` to see those there are."),
    }
}

fn help() -> Result<()> {
    println!("cargo xtask VERB\n");
    for verb in VERBS {
        println!(
            "  {}\n      {}",
            format!("{} {}", verb.name, verb.args).trim_end(),
            verb.about
        );
    }
    Ok(())
}
