//! The checks by name, and what they find.

mod finding;
mod table;

pub use finding::{Allow, Finding, Severity, stopping};
pub use table::*;
