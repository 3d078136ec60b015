//! `guide`: the full-screen wizard, as a terminal shows it.
//!
//! [`crate::desk::guide`] is the guide itself. Here `view` is what a terminal adds to its state, `keys` are what keys do,
//! `draw` shows it, and `screen` connects terminal, state and worker.

mod draw;
mod draw_choice;
mod flash;
mod keys;
mod screen;
mod view;

#[cfg(test)]
mod tests;

pub use screen::run;
