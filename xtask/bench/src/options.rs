//! What the command line asks for.

use anyhow::{Context, Result, bail};

/// Read from the arguments of `cargo xtask bench`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// One mix of two models, one short prompt, no other programs.
    pub quick: bool,
    /// Also the growth curves; `--only growth` means these alone.
    pub growth: bool,
    pub no_peers: bool,
    /// Write nothing but the table on the terminal.
    pub dry: bool,
    pub rounds: Option<u32>,
    /// Only models of this name.
    pub model: Option<String>,
    /// Only mixes of this name.
    pub mix: Option<String>,
    /// Only programs whose "place name" contains this.
    pub only: Option<String>,
    /// For the results' reader: that the machine was shared, say.
    pub note: String,
}

impl Options {
    pub fn from_args(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || {
                args.next()
                    .cloned()
                    .with_context(|| format!("{arg} needs a value"))
            };
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--growth" => options.growth = true,
                "--no-peers" => options.no_peers = true,
                "--dry" => options.dry = true,
                "--rounds" => {
                    let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                    options.rounds = Some(rounds.context("--rounds needs a number from 1 on")?);
                }
                "--model" => options.model = Some(value()?),
                "--mix" => options.mix = Some(value()?),
                "--only" => options.only = Some(value()?),
                "--note" => options.note = value()?,
                _ => bail!("bench does not know `{arg}`. Run `cargo xtask bench --help`."),
            }
        }
        Ok(options)
    }

    pub fn has_growth(&self) -> bool {
        self.growth || self.only.as_deref() == Some("growth")
    }

    /// Whether every file and every program of ours was run.
    pub fn is_full(&self) -> bool {
        !self.quick && self.model.is_none() && self.mix.is_none() && self.only.is_none()
    }

    /// Rounds of every program.
    pub fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 2 } else { 3 })
    }

    /// Whether a name is one of those asked for.
    pub fn takes(asked: Option<&String>, name: &str) -> bool {
        asked.is_none_or(|asked| name.to_lowercase().contains(&asked.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Options> {
        Options::from_args(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_and_values_are_read() {
        let options = read("--quick --rounds 5 --only vulkan").expect("these are known");
        assert!(options.quick && options.rounds() == 5);
        assert!(Options::takes(options.only.as_ref(), "native moescope Vulkan"));
        assert!(!Options::takes(options.only.as_ref(), "native moescope CPU"));
    }

    #[test]
    fn what_is_unknown_or_lacks_its_value_is_an_error() {
        for text in ["--fast", "--rounds", "--rounds none", "--rounds 0"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
