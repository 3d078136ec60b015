//! What is missing before work can begin: `look` gathers what can be seen of the machine, `judge` decides what it means
//! and what to type. Nothing here changes anything; the chip is only asked for its id.

mod judge;
#[cfg(test)]
mod judge_tests;
mod look;
mod seen;

pub use judge::{Check, State, judge};
pub use look::{Machine, RULES};
