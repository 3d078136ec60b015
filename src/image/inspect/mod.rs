//! What a file contains: dump, vendor file or unknown, as items with their checks and the gaps between them.
//!
//! One pass over the bytes looks for magic numbers at any offset and for what has none (environments,
//! calibration) at erase blocks' edges; what nests is found in the same pass. Time is linear in the file's length:
//! sums and unpacking have a budget. Facts: those of the containers.

mod gaps;
mod inspection;
mod loaders;
mod scan;

#[cfg(test)]
mod tests;

pub use gaps::Gap;
pub use inspection::{Inspection, inspect};
