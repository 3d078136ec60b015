//! The notes and warnings of a job in words, for every front end. No command and no option is named here.

use crate::flash::Connecting;
use crate::units;
use crate::workflow::{Note, Warning};

/// What connecting to a chip takes time for.
pub fn connecting(what: &Connecting) -> String {
    match what {
        Connecting::Busy { most } => format!(
            "the chip is busy with what an earlier run left; waiting for its end, {} at most",
            units::time(*most)
        ),
        Connecting::Suspended => {
            "the chip holds a suspended erase or program; resuming it and waiting for its end".to_owned()
        }
        Connecting::AskedAgain { error } => format!("{error}; asking the chip once more"),
    }
}

/// Something worth knowing.
pub fn note(note: &Note) -> String {
    match note {
        Note::Connecting(what) => connecting(what),
        Note::Answers { steady: true, .. } => "a chip answers steadily".to_owned(),
        Note::Answers { percent: 0, .. } => "no chip answers; waiting".to_owned(),
        Note::Answers { percent, .. } => format!("a chip answers in {percent} % of the reads; waiting"),
        Note::MayRepeat { bit, time } => format!(
            "the contents repeat as if address bit A{bit} were not seen: one long read decides, about {}",
            units::time(*time)
        ),
        Note::Repeats { every } => format!(
            "the contents repeat every {}: a chip that is smaller than it says looks so too",
            units::size(*every)
        ),
        Note::AlmostBlank { time } => format!(
            "the chip is blank but for little: one long read proves where that is, about {}",
            units::time(*time)
        ),
        Note::QuadEnable { now } => format!("QE is now {} as on the old chip", u8::from(*now)),
    }
}

/// Something worth acting on.
pub fn warning(warning: &Warning) -> String {
    match warning {
        Warning::ReadsBlank => {
            "every byte reads ff: the chip is blank, or its data line has no contact while its id comes \
                                through"
                .to_owned()
        }
        Warning::Continuing { error, rest } => format!("{error}; continuing with {rest}"),
        Warning::ContactAgain { error } => format!("{error}; testing the contact once more"),
        Warning::SlowerClock { from_hz, to_hz } => {
            format!("reads disagree at {}; trying again at {}", units::hz(*from_hz), units::hz(*to_hz))
        }
        Warning::WasAsleep { gap } => {
            format!("this machine was asleep for {}; looking at the chip again", units::time(*gap))
        }
        Warning::DoneAgain { error, block } => format!("{error}; {block} is done again"),
        Warning::NotTaken { wrong, block } => {
            format!("{} bytes of {block} did not take ({wrong}); done again", wrong.len())
        }
        Warning::StaysUnprotected { error } => {
            format!("the write protection could not be put back as it was: {error}")
        }
        Warning::ProtectionUnknown { backup, error } => {
            format!(
                "how the chip was protected cannot be read from the backup {backup}, and was not put back: {error}"
            )
        }
        Warning::QuadEnableDiffers { now, wanted, error } => format!(
            "QE is {} on this chip, {} on the old one, and could not be changed: {error}",
            u8::from(*now),
            u8::from(*wanted)
        ),
    }
}
