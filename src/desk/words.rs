//! Facts of the layers below as sentences, for every front end. No command and no option is named here: a front end adds
//! its own.

use crate::workflow::contact::{Likely, Verdict};
use crate::workflow::noise::Noise;
use crate::workflow::replacement::Replacement;

/// A likely cause of a bad contact, and what to try next.
pub fn likely(likely: Likely) -> (&'static str, &'static str) {
    match likely {
        Likely::Orientation => (
            "the clip is turned around or misses the pins",
            "put the red wire (pin 1 of the clip) on the corner with the dot, press the clip down until it snaps",
        ),
        Likely::Unpowered => (
            "the chip has no supply, or the board draws it down",
            "measure 3.3 V between pins 8 and 4; if the board is too heavy a load, power it from its own supply, \
                 disconnect the programmer's, and hold the processor in reset",
        ),
        Likely::HoldOrWriteProtect => (
            "HOLD# (pin 7) or WP# (pin 3) floats or is held low, or the data-in pin (5) has no contact",
            "pull pins 3 and 7 up to the supply by 1 to 10 kOhm, and reseat the clip",
        ),
        Likely::Contention => (
            "the board's processor is awake and drives the bus",
            "hold the processor in reset (a spare pin of the programmer can), or lift the chip's supply pin",
        ),
        Likely::Sag => (
            "the supply sags: bits are lost in one direction",
            "shorten the wires, put 100 nF across pins 8 and 4, or power the board from its own supply with the \
                 processor in reset",
        ),
        Likely::Wires => (
            "wires too long or a clock too fast",
            "use wires of 10 cm at most, clean the pins, and lower the clock where the programmer can",
        ),
        Likely::LooseContact => (
            "one pin of the clip comes and goes",
            "wiggle the clip and watch the contact until it is steady, and do not touch it then",
        ),
        Likely::FourByteMode => (
            "the chip was left in 4-byte address mode by the board",
            "take the board's supply away for some seconds, so that the chip forgets it",
        ),
        Likely::QpiOrAsleep => (
            "the chip was left in QPI mode, or in the middle of an operation",
            "take the board's supply away for some seconds, so that the chip forgets it",
        ),
        Likely::LowVoltagePart => (
            "this is a 1.8 V part on a 3.3 V programmer",
            "take the clip off, and put a 1.8 V adapter in between",
        ),
        Likely::AddressBit => (
            "the chip does not see one of the address bits",
            "clean pin 5 (data in), shorten the wires, and lower the clock where the programmer can",
        ),
        Likely::BurstWrap => (
            "the board left a burst wrap set, so that reads do not run on",
            "take the board's supply away for some seconds, so that the chip forgets it",
        ),
        Likely::LongTransactions => (
            "the data stops within a long transaction: the supply sags, or a buffer on the board lets go",
            "measure the supply between pins 8 and 4 during a read; power the board from its own supply with the \
                 processor in reset, or lift the chip's supply pin",
        ),
        Likely::FirstByte => (
            "the first byte of each answer is wrong: the data line turns around too slowly",
            "shorten the wires, and lower the clock where the programmer can",
        ),
        Likely::DummyCycles => (
            "the board set another number of dummy cycles, or the fast read fails",
            "take the board's supply away for some seconds, so that the chip forgets it",
        ),
        Likely::Addresses => (
            "the chip does not answer for the addresses that it is sent",
            "clean pin 5 (data in) and pin 6 (clock), shorten the wires, and lower the clock where the programmer can",
        ),
        Likely::FakeSize => (
            "the chip holds less than its id says: the upper half repeats the lower",
            "compare with the marking on the chip; do not write to it before that is settled",
        ),
    }
}

/// The next thing to try for a bad contact.
pub(crate) fn next_for(verdict: &Verdict) -> &'static str {
    match verdict.likely.first() {
        Some(first) => likely(*first).1,
        None if verdict.good => "",
        None => "reseat the clip, and watch the contact",
    }
}

/// What the contact tests say together, with the likeliest cause and the next thing to try.
pub fn contact(verdict: &Verdict) -> String {
    if verdict.good {
        return verdict.to_string();
    }
    let cause = verdict.likely.first().map(|first| format!("; likely {}", likely(*first).0));
    format!("{verdict}{}; next: {}", cause.unwrap_or_default(), next_for(verdict))
}

/// The likely cause of reads that differ, and the next thing to try.
pub fn noise(noise: Noise) -> &'static str {
    match noise {
        Noise::LostStep => {
            "The answer to one command came again in place of the next: the link between programmer and host loses step. \
             Use another USB port, without a hub, and a short cable"
        }
        Noise::Runs => {
            "Long stretches read as nothing but 00 or FF in one of the reads: the board's processor is alive and uses the \
             chip itself, or the clip loses contact for moments. Hold the processor in reset (a spare pin of the \
             programmer can), or lift the chip's supply pin; then wiggle the clip and watch the contact"
        }
        Noise::OneSided => {
            "Nearly all wrong bits go the same way: the supply sags or the chip's output is pulled by something on the \
             board. Power the board from its own supply with the processor in reset, or shorten the wires"
        }
        Noise::Spread => {
            "Wrong bits are spread evenly: shorten the wires, clean the pins, reseat the clip, and lower the clock where \
             the programmer can"
        }
    }
}

/// What another chip in place of the old one lacks, or does differently.
pub fn replacement(found: &Replacement) -> String {
    let list = |numbers: &[u8]| numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let id = |id: &Option<String>| id.clone().unwrap_or_else(|| "?".to_owned());
    match found {
        Replacement::OtherModel { old, old_id, new, new_id } => format!(
            "the old chip was a {old} ({}), this one is a {new} ({}): the loader's and the kernel's own chip tables may \
             not know it, and a kernel that does not may take it for a smaller one",
            id(old_id),
            id(new_id)
        ),
        Replacement::RegistersNotCopied { registers, .. } => format!(
            "the old chip's security registers {} are not blank and are not part of this: copy them from the backup \
             afterwards",
            list(registers)
        ),
        Replacement::RegistersWereLocked { registers } => format!(
            "the old chip's security registers {} were locked forever; this does not lock them here",
            list(registers)
        ),
        Replacement::WasProtected { protected } => {
            format!(
                "the old chip had {protected} write-protected, this one does not; the board may need that"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::contact::{Outcome, Test};

    #[test]
    fn a_bad_contact_has_its_tests_its_cause_and_a_next_step() {
        let test = |name| Test { name, outcome: Outcome::Failed, detail: "x".to_owned() };
        let tests = vec![test("id"), test("SFDP")];
        let bad = Verdict { tests, likely: vec![Likely::LooseContact], ..Verdict::default() };
        assert_eq!(
            contact(&bad),
            "the contact is not good enough: id (x); SFDP (x); likely one pin of the clip comes and goes; next: wiggle \
             the clip and watch the contact until it is steady, and do not touch it then"
        );
        assert_eq!(contact(&Verdict { good: true, ..Verdict::default() }), "the contact is good");
        assert!(contact(&Verdict::default()).ends_with("next: reseat the clip, and watch the contact"));
    }
}
