//! `cargo xtask serve`: builds the page and serves it on this machine.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::site::Site;
use crate::wasm_opt::Effort;
use crate::{Verb, dist};

pub const VERB: Verb = Verb {
    name: "serve",
    args: "[--port N] [--open-model FILE.gguf]",
    about: "build the page and serve it on 127.0.0.1 (port 8080, or the next that is free)",
    run,
};

const FIRST_PORT: u16 = 8080;
const PORTS_TRIED: u16 = 100;

#[derive(Debug, Default)]
struct Options {
    port: Option<u16>,
    model: Option<PathBuf>,
}

fn run(args: &[String]) -> Result<()> {
    let options = Options::from_args(args)?;
    let sizes = dist::build(Effort::OnlyKnown)?;
    println!("{sizes}");

    let mut site = Site::new(dist::folder());
    let mut query = String::new();
    if let Some(model) = &options.model {
        let name = model
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        site = site.with_file(&format!("opened/{name}"), model.clone());
        query = format!("?model=opened/{}", crate::site::percent_encode(&name));
    }
    let running = site.serve(listener(options.port)?)?;
    println!("\nmoescope is at {}{query}   (Ctrl-C ends it)", running.address());
    running.wait();
    Ok(())
}

/// The port that was asked for, or the first free one.
fn listener(port: Option<u16>) -> Result<TcpListener> {
    if let Some(port) = port {
        return TcpListener::bind(("127.0.0.1", port)).with_context(|| format!("port {port} cannot be used"));
    }
    let mut ports = FIRST_PORT..FIRST_PORT + PORTS_TRIED;
    let free = ports.find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    free.with_context(|| format!("no port from {FIRST_PORT} on is free; name one with --port"))
}

impl Options {
    fn from_args(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--port" => {
                    options.port = Some(value()?.parse().context("--port needs a number up to 65535")?)
                }
                "--open-model" => options.model = Some(model_file(value()?)?),
                _ => bail!("serve does not know `{arg}`. Run `cargo xtask serve --help`."),
            }
        }
        Ok(options)
    }
}

fn model_file(path: &str) -> Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("there is no model at {path}"))
}
