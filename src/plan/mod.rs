//! What to erase and program, and in which order; pure.
//!
//! [`plan`] compares what is on the chip with what is wanted and gives [`Step`]s, one erase block each: erase, program,
//! verify. It weighs the nested erase sizes by the chip's times and the programmer's costs, counts good neighbours
//! inside a larger block as work to be written back, erases only where a bit must go from 0 to 1, and never touches a
//! byte outside of what is allowed. [`diff()`] says where two images differ.
//!
//! Assumes of below: the erase types of a [`Geometry`](crate::flash::geometry::Geometry) are aligned to their size and nested.

mod choose;
mod diff;
mod error;
mod scan;
mod step;

pub(crate) use choose::plan_whole_erase;
pub use choose::{Bounds, plan};
pub use diff::diff;
pub(crate) use diff::diff_near;
pub use error::PlanError;
pub use step::{Erase, Plan, PlanCounts, Step};
