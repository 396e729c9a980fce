//! What the tests share.

pub mod devices;
pub mod gguf_bytes;
pub mod kernel_case;
pub mod large_model;
pub mod native;
pub mod outside;
pub mod page;
pub mod random_model;
pub mod requantized;
pub mod rng;
pub mod slow_server;
pub mod webdriver;
