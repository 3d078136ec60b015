//! The session protocol, as a program in front of this one sees it.

mod client;
mod kept;
mod operations;
mod protocol;

pub use client::Session;
