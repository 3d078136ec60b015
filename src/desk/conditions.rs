//! What a front end works with: which programmer, under which conditions.

use super::Stop;
use super::elsewhere::Elsewhere;
use super::programmer::{Learned, ProgrammerChoice};
use crate::flash::Assumed;
use crate::image::Allow;

/// What a front end works with: which programmer, under which conditions, and the user's wish to stop.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Desk {
    /// The programmer.
    pub programmer: ProgrammerChoice,
    /// Wait for a chip that answers steadily before any work.
    pub wait: bool,
    /// A 1.8 V adapter is between programmer and chip.
    pub voltage_adapter: bool,
    /// What the user says of a chip that neither the table nor its SFDP knows.
    pub assumed: Option<Assumed>,
    /// The checks that may pass. The one that concerns the chip itself is the one on its supply.
    pub allow: Allow,
    /// Read, back up and plan; neither erase nor program.
    pub dry_run: bool,
    /// Where the user's wish to stop is noted.
    pub stop: Stop,
    /// The store may vanish, as in a browser's tab: nothing is erased before its backup is somewhere else, too.
    pub store_may_vanish: bool,
    /// The contents that are somewhere else.
    pub elsewhere: Elsewhere,
    /// What was learned of programmers, for the jobs that follow.
    pub learned: Learned,
}
