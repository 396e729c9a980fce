//! What the tests share.

pub mod devices;
pub mod gguf_bytes;
pub mod kernel_case;
pub mod native;
pub mod outside;
pub mod page;
pub mod rng;
pub mod webdriver;
