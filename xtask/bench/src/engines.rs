//! Every program that is timed, by the name it has in tables.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Result, anyhow};

use crate::case::{Case, Run};
use crate::llama_cpp::{self, Backend};
use crate::{native, page, wllama};

/// Where a program runs: only those of one place are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Browser,
    Native,
}

/// What of moescope computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    Cpu { threads: u32 },
    Gpu,
}

/// A program, set up one way.
#[derive(Clone, Copy)]
pub struct Engine {
    pub place: Place,
    /// As in a table's row.
    pub name: &'static str,
    /// Somebody else's.
    pub is_peer: bool,
    run: fn(&Case) -> Result<Run>,
}

/// All of them, in the order of a table's rows.
pub const ALL: &[Engine] = &[
    ours(Place::Browser, "moescope, 1 thread", |case| {
        page::run(case, Executor::Cpu { threads: 1 })
    }),
    ours(Place::Browser, "moescope, 2 threads", |case| {
        page::run(case, Executor::Cpu { threads: 2 })
    }),
    ours(Place::Browser, "moescope WebGPU", |case| {
        page::run(case, Executor::Gpu)
    }),
    peer(Place::Browser, "wllama, 1 thread", |case| wllama::run(case, 1)),
    peer(Place::Browser, "wllama, 2 threads", |case| wllama::run(case, 2)),
    ours(Place::Native, "moescope, 1 thread", |case| {
        native::run(case, Executor::Cpu { threads: 1 })
    }),
    ours(Place::Native, "moescope, 2 threads", |case| {
        native::run(case, Executor::Cpu { threads: 2 })
    }),
    ours(Place::Native, "moescope Vulkan", |case| {
        native::run(case, Executor::Gpu)
    }),
    peer(Place::Native, "llama.cpp, 1 thread", |case| {
        llama_cpp::run(case, Backend::Cpu { threads: 1 })
    }),
    peer(Place::Native, "llama.cpp, 2 threads", |case| {
        llama_cpp::run(case, Backend::Cpu { threads: 2 })
    }),
    peer(Place::Native, "llama.cpp Vulkan", |case| {
        llama_cpp::run(case, Backend::Vulkan)
    }),
];

const fn ours(place: Place, name: &'static str, run: fn(&Case) -> Result<Run>) -> Engine {
    Engine {
        place,
        name,
        is_peer: false,
        run,
    }
}

const fn peer(place: Place, name: &'static str, run: fn(&Case) -> Result<Run>) -> Engine {
    Engine {
        place,
        name,
        is_peer: true,
        run,
    }
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Native => "native",
        }
    }
}

impl Executor {
    /// Its word in the page's address and on the example's command line, and the number of threads.
    pub fn wanted(self) -> (&'static str, u32) {
        match self {
            Self::Cpu { threads } => ("cpu", threads),
            Self::Gpu => ("gpu", 1),
        }
    }
}

impl Engine {
    /// Runs it once. What goes wrong in the browser is an error, too.
    pub fn run(&self, case: &Case) -> Result<Run> {
        let run = catch_unwind(AssertUnwindSafe(|| (self.run)(case)));
        run.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(anyhow!("{}", text.unwrap_or("it stopped with a fault")))
        })
    }
}
