//! The checks by name, and what they find.

mod advice;
mod finding;
mod table;

pub use advice::Advice;
pub use finding::{Allow, Finding, Severity, stopping};
pub use table::*;
