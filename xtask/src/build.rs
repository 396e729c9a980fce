//! `cargo xtask build`: the page as a folder for any static host.

use anyhow::{Result, bail};

use crate::wasm_opt::Effort;
use crate::{Verb, dist};

pub const VERB: Verb = Verb {
    name: "build",
    args: "",
    about: "write dist/: the page, ready for any static host and any sub-path",
    run,
};

fn run(args: &[String]) -> Result<()> {
    if let Some(arg) = args.first() {
        bail!("build takes no arguments, but got `{arg}`.");
    }
    let sizes = dist::build(Effort::Full)?;
    println!("{sizes}\nThe page is in {}.", dist::folder().display());
    Ok(())
}
