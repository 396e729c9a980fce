//! `cargo xtask test`: everything, from a clean checkout. `.ci/run` is this and nothing else.

use anyhow::{Result, bail};

use crate::toolchain::WASM_TARGET;
use crate::wasm_opt::Effort;
use crate::{Verb, dist, npm, shell, system};

pub const VERB: Verb = Verb {
    name: "test",
    args: "[FILTER]",
    about: "build, lint and test everything; with a filter, build and run the tests so named",
    run,
};

/// What `tests/accessibility.rs` asks about every view.
const AXE: &str = "axe-core@4.14.1";

fn run(args: &[String]) -> Result<()> {
    if args.len() > 1 {
        bail!("test takes one filter at most: part of a test's name.");
    }
    shell::stage("system", system::ensure)?;
    let sizes = dist::build(Effort::Full)?;
    println!("{sizes}");
    sizes.check_budget()?;
    if args.is_empty() {
        shell::stage("format", || {
            shell::run(&mut shell::cargo(&["fmt", "--all", "--check"]))
        })?;
        shell::stage("clippy", clippy)?;
    }
    shell::stage("tests", || cargo_test(args))
}

/// Natively all there is; for wasm what only the browser compiles.
fn clippy() -> Result<()> {
    let native = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    shell::run(&mut shell::cargo(&native))?;
    let (package, target) = ("moescope-app", WASM_TARGET);
    let wasm = [
        "clippy",
        "--quiet",
        "--package",
        package,
        "--target",
        target,
        "--",
        "-D",
        "warnings",
    ];
    shell::run(&mut shell::cargo(&wasm))
}

/// A GPU test without a GPU, and a browser test without a page, are failures here.
fn cargo_test(filter: &[String]) -> Result<()> {
    let axe = npm::file(AXE, "axe-core/axe.min.js")?;
    let mut command = shell::cargo(&["test", "--workspace"]);
    command
        .args(filter)
        .env("MOESCOPE_REQUIRE_GPU", "1")
        .env("MOESCOPE_AXE", axe)
        .env("MOESCOPE_DIST", dist::folder());
    shell::run(&mut command)
}
