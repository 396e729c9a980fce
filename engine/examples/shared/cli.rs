//! What the examples share: a command line of positional arguments and `--name value` flags.

#![allow(dead_code, reason = "no example uses every flag type")]

use std::error::Error;

use moescope_engine::arch::Spec;
use moescope_engine::session::Device;
use moescope_engine::{KvFormat, TokenId};

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Positional arguments and flags, each flag used once.
pub struct Args {
    pub positional: Vec<String>,
    flags: Vec<(String, String)>,
}

impl Args {
    /// Reads the command line; every flag must be one of `known` and has a value.
    pub fn parse(known: &[&str]) -> Result<Self> {
        let mut args = Self {
            positional: Vec::new(),
            flags: Vec::new(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                args.positional.push(word);
                continue;
            };
            if !known.contains(&name) {
                return Err(format!("unknown option --{name}; known: --{}", known.join(" --")).into());
            }
            let value = words.next().ok_or_else(|| format!("--{name} needs a value"))?;
            args.flags.push((name.to_owned(), value));
        }
        Ok(args)
    }

    /// The text of a flag.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.flags
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// A flag's value, or a default.
    pub fn value<T: std::str::FromStr>(&self, name: &str, default: T) -> Result<T> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        text.parse()
            .map_err(|_| format!("--{name} {text}: not a valid value").into())
    }

    /// `--executor gpu|cpu`, the CPU by default, and `--threads N` for the CPU.
    pub fn device(&self, spec: &Spec) -> Result<Device> {
        match self.text("executor").unwrap_or("cpu") {
            "cpu" => Ok(Device::cpu(spec, self.value("threads", 1)?)),
            "twins" => Ok(Device::Twins),
            "gpu" => Ok(pollster::block_on(Device::gpu())?),
            other => Err(format!("--executor {other}: choose gpu or cpu").into()),
        }
    }

    /// `--kv f16|f32`.
    pub fn kv(&self, default: KvFormat) -> Result<KvFormat> {
        let name = self.text("kv").unwrap_or(default.name());
        let found = KvFormat::ALL.iter().find(|kv| kv.name() == name);
        found
            .copied()
            .ok_or_else(|| format!("--kv {name}: choose f16 or f32").into())
    }
}

/// `1,2,3` as token ids.
pub fn tokens(list: &str) -> Result<Vec<TokenId>> {
    let parse = |item: &str| {
        item.trim()
            .parse()
            .map_err(|_| format!("--tokens: {item:?} is no token id").into())
    };
    list.split(',').map(parse).collect()
}
