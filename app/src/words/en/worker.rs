//! What the worker tells, in English.

use crate::protocol::{Executor, Told, Why};

pub fn told(told: &Told) -> String {
    match told {
        Told::Text(text) => text.clone(),
        Told::NoAnswer(why) => format!("No answer could be made: {why}."),
        Told::TooLong { tokens, capacity } => format!("With what was said before, the prompt is {tokens} tokens long, and the context holds {capacity}. Shorten it, or start a new chat."),
        Told::NoBranch => "The answer cannot go on from there: the conversation before it was written anew since, or the token ends an answer.".into(),
        Told::NotKept(why) => format!("The model is not kept in this browser, and will be fetched again next time: {why}."),
        Told::NotExamined(why) => format!("This token could not be looked at: {why}."),
        Told::NotMeasured(why) => format!("This device could not be measured: {why}."),
        Told::FileNotCompared { name, why } => format!("{name} could not be compared: {why}."),
        Told::NotAFile => "A reference is a file on this device.".into(),
        Told::NotCompared(why) => format!("The rounded model could not be compared: {why}."),
        Told::NotDeleted(why) => format!("The stored model could not be deleted: {why}."),
        Told::OddTemplate(why) => format!("The model may answer oddly: {why}."),
        Told::Fault(why) => format!("The engine stopped with a fault of its own ({why}). Reload the page; please report it."),
        Told::Unknown(why) => format!("The page asked for something unknown ({why}). Reload the page."),
        Told::NoModel => "There is no model yet. Open a .gguf file, or reload the page.".into(),
        Told::NothingToExamine => "There is no model to examine with.".into(),
        Told::NothingToCompare => "There is no conversation to compare over.".into(),
        Told::NotLoaded { name, why } => format!("{name} could not be loaded: {why}."),
        Told::TooLarge { megabytes, most } => format!("This model is too large to be held beside another in the page ({megabytes} MB, {most} at most)."),
        Told::Versions { page, worker } => format!("The page speaks version {page} of its protocol and its worker version {worker}: reload the page."),
    }
}

pub fn why(why: &Why) -> String {
    let text = match why {
        Why::Text(text) => text,
        Why::AskedFor(Executor::Cpu) => "the address asks for it with ?executor=cpu",
        Why::AskedFor(Executor::Gpu) => "the address asks for it with ?executor=gpu",
        Why::GpuIsThere => "a GPU is there",
        Why::NoAdapter => "this browser offers no WebGPU adapter",
        Why::SoftwareAdapter => "this browser’s WebGPU adapter is itself a program on the processor",
    };
    text.to_owned()
}
