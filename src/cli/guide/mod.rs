//! `guide`: the whole way by the hand, full screen.
//!
//! [`state`] is the guide as a value: keys and messages go in, what shall be done comes out; nothing in it touches a
//! terminal or a programmer. `draw` shows it. A worker thread does what the commands do, with the same functions, and
//! tells by messages; `screen` ties the three together.

mod chosen;
mod draw;
mod draw_choice;
mod flash;
mod keys;
mod message;
mod saved;
mod screen;
mod state;
mod worker;

#[cfg(test)]
mod tests;

pub use screen::run;
