//! `cargo xtask expand`: the WGSL of a kernel as it is linked. The engine's example does the work.

use anyhow::{Result, bail};

use crate::{Verb, plan};

pub const VERB: Verb = Verb {
    name: "expand",
    args: "KERNEL [FORMAT]",
    about: "print the linked WGSL of a kernel, with the decoder of a quantized format",
    run,
};

fn run(args: &[String]) -> Result<()> {
    if args.is_empty() || args.len() > 2 {
        bail!("expand needs the name of a kernel and perhaps a format: `cargo xtask expand router q4_k`.");
    }
    plan::run_example("expand", args)
}
