//! The page's server: what it serves, and what it refuses.

mod attacks;
mod run;

pub use run::PageRun;
