//! The clip's contact: tested once, or watched.

use super::Refusal;
use super::conditions::Desk;
use super::front::{Front, Notice};
use crate::spi::Programmer;
use crate::workflow::contact::{ContactOptions, Meter, Verdict, examine, meter};
use std::time::{Duration, Instant};

/// Between two looks of the meter.
const LOOK: Duration = Duration::from_millis(100);

/// What was seen while the contact was watched.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Looks.
    pub looks: u64,
    /// Looks with a steady contact.
    pub steady: u64,
    /// The last look was steady.
    pub ends_steady: bool,
}

impl Desk {
    /// Tests whether the contact is good, by questions alone: no write enable is sent, so whether the chip would take one
    /// is left to the jobs that write and to [`self_test`](Self::self_test). A bad contact is a result, not an error.
    ///
    /// # Errors
    /// Any [`Refusal`] where the tests themselves fail.
    pub fn contact(&self, front: &dyn Front) -> Result<Verdict, Refusal> {
        self.with_programmer(front, |mut programmer, _| {
            let options = ContactOptions { writes: false, voltage_adapter: self.voltage_adapter };
            Ok(examine(&mut programmer, &options, &mut |event| front.notice(Notice::Job(&event)))?)
        })
    }

    /// Looks at the contact once.
    ///
    /// # Errors
    /// Any [`Refusal`] where looking fails.
    pub fn look_at_contact(&self, front: &dyn Front) -> Result<Meter, Refusal> {
        self.with_programmer(front, |mut programmer, _| Ok(meter(&mut programmer)?))
    }

    /// Looks at the contact repeatedly, until the user stops it or `looks` are done; each look is a [`Notice::Meter`].
    ///
    /// # Errors
    /// Any [`Refusal`] where looking fails.
    pub(crate) fn watch_contact(&self, front: &dyn Front, looks: Option<u64>) -> Result<Watched, Refusal> {
        self.with_programmer(front, |mut programmer, _| {
            let mut watched = Watched::default();
            while !self.stop.soon() && looks.is_none_or(|looks| watched.looks < looks) {
                let began = Instant::now();
                let look: Meter = meter(&mut programmer)?;
                watched.looks += 1;
                watched.ends_steady = look.is_steady();
                watched.steady += u64::from(watched.ends_steady);
                if front.notice(Notice::Meter(&look)).is_break() {
                    break;
                }
                programmer.sleep(LOOK);
                // An emulated programmer sleeps in a time of its own; who watches it lives in ours. A page's worker cannot sleep.
                if cfg!(feature = "host") {
                    std::thread::sleep(LOOK.saturating_sub(began.elapsed()));
                }
            }
            Ok(watched)
        })
    }
}
