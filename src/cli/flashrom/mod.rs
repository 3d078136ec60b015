//! A command line of flashrom, said in this program's own commands.
//!
//! `line` reads it, `translate` decides what it is here, or why it has no equivalent; both are pure. `words` says it.

mod line;
mod refused;
mod translate;
mod words;

#[cfg(test)]
mod guides;

pub use line::fenced;
pub use translate::{Translation, translate};
