//! The self-test of a programmer, as a front end asks for it.

use super::Desk;
use super::front::{Front, Notice};
use super::refusal::Refusal;
use crate::programmer::selftest::SelfTest;

impl Desk {
    /// Tests what the driver assumes of the programmer; with `chip`, the way to the chip too. Nothing is erased or
    /// programmed, and no register changes.
    ///
    /// # Errors
    /// As [`ProgrammerChoice::open`](super::programmer::ProgrammerChoice::open). What does not hold is a finding, no error.
    pub fn self_test(&self, front: &dyn Front, chip: bool) -> Result<SelfTest, Refusal> {
        let tested = self.programmer.self_test(&self.stop, chip)?;
        for notice in &tested.notices {
            let _ = front.notice(Notice::Link(notice));
        }
        Ok(tested)
    }
}
