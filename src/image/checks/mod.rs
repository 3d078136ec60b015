//! The checks by name, and what they find.

mod advice;
pub(crate) mod finding;
mod table;

pub use advice::Advice;
pub use finding::stopping;
pub(crate) use finding::{Allow, Finding, Severity};
pub(crate) use table::*;
pub use table::{CHECKS, Check};
