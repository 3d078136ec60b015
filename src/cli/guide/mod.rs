//! `guide`: the full-screen wizard, as a terminal shows it.
//!
//! [`crate::desk::guide`] is the guide itself. Here `view` is what a terminal adds to its state, `keys` are what keys do,
//! `draw` shows it, `screen` connects terminal, state and worker, and `farewell` is what stays on the terminal afterwards.

mod choice;
mod draw;
mod farewell;
mod flash;
mod keys;
mod lines;
mod result;
mod screen;
mod view;

#[cfg(test)]
mod tests;

pub use screen::run;
