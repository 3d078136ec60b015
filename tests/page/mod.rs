//! The page's server: what it serves, and what it refuses.

mod attacks;
mod run;
mod start;

pub use run::PageRun;
