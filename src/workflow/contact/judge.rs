//! What the findings mean: tests, causes, the next thing to try. Pure.

use super::findings::{Findings, Line, Sampled, Tallied};
use super::verdict::{ErrorRate, Likely, Outcome, Test, Verdict};
use crate::workflow::files::hex;

/// So many wrong bits in the repeated reads are reported and do no harm: a verify finds what they do.
const TOLERATED: u64 = 2;

/// Judges.
pub fn judge(seen: &Findings) -> Verdict {
    let mut tests = Vec::new();
    let mut add = |name, outcome, detail: String| tests.push(Test { name, outcome, detail });
    let passed = |ok| if ok { Outcome::Passed } else { Outcome::Failed };

    let (outcome, detail) = match seen.line {
        Line::High => (Outcome::Passed, "steadily high"),
        Line::Low => (Outcome::Passed, "steadily low"),
        Line::Toggling => (Outcome::Failed, "it changes while no chip is selected"),
        Line::Unknown => (Outcome::Skipped, "this programmer cannot look"),
    };
    add("idle line", outcome, detail.into());
    let dead = seen.id.is_all(0xff) || seen.id.is_all(0x00);
    let by = if seen.older { "id (older command)" } else { "id (9F)" };
    add(by, passed(seen.id.is_steady() && !dead), in_words(&seen.id));
    for (name, tally) in
        ["id (90, address 0)", "id (90, address 1)", "id (AB)"].into_iter().zip(&seen.other_ids)
    {
        add(name, passed(tally.is_steady()), in_words(tally));
    }
    add(
        "status register",
        passed(seen.status.is_steady() && !seen.status.is_all(0xff)),
        in_words(&seen.status),
    );
    let (reads, same) = seen.sfdp;
    match reads {
        0 => add("SFDP", Outcome::Skipped, "the chip has none".into()),
        _ => add("SFDP", passed(same == reads), format!("{same} of {reads} reads as at first")),
    }
    match &seen.write_enable[..] {
        [] => add(
            "write enable",
            Outcome::Skipped,
            "not sent: jobs that write and the self-test test it".into(),
        ),
        checks => {
            let good = checks.iter().filter(|c| c.passed()).count();
            let last = &checks[checks.len() - 1];
            let (before, on, off) = (last.before, last.enabled, last.disabled);
            let detail = format!(
                "{good} of {} times set and cleared (status {before:02x}, after 06h {on:02x}, after 04h {off:02x})",
                checks.len()
            );
            add("write enable", passed(good == checks.len()), detail);
        }
    }
    if let Some(array) = &seen.array {
        array_tests(array, &mut add);
    }
    if let Some(why) = &seen.unidentified {
        add("identification", Outcome::Failed, why.clone());
    }
    if seen.low_voltage {
        add("voltage", Outcome::Failed, "a 1.8 V part".into());
    }

    let good = tests.iter().all(|t| t.outcome != Outcome::Failed);
    let likely = if good { Vec::new() } else { causes(seen) };
    Verdict {
        good,
        tests,
        likely,
        error_rate: seen.array.as_ref().map(|a| ErrorRate::new(a.bits, a.wrong())),
        array_bytes: seen.array.as_ref().map_or(0, |a| a.bytes),
        addresses: seen.array.as_ref().and_then(|a| a.addresses.clone().ok()),
    }
}

fn array_tests(array: &Sampled, add: &mut dyn FnMut(&'static str, Outcome, String)) {
    let passed = |ok| if ok { Outcome::Passed } else { Outcome::Failed };
    let rate = ErrorRate::new(array.bits, array.wrong());
    let detail =
        format!("{} wrong of {} bits, so fewer than {:.1e} a bit", rate.wrong, rate.bits, rate.below);
    add("repeated reads", passed(array.wrong() <= TOLERATED && array.runs == 0), detail);
    match array.fast_differs {
        None => add("fast read", Outcome::Skipped, "not tried past 16 MiB, nor on a part without 0Bh".into()),
        Some(n) => {
            add("fast read", passed(n <= TOLERATED), format!("{n} bytes differ between 03h and 0Bh"));
        }
    }
    let detail = match &array.addresses {
        Ok(proof) if proof.blank => "all places that were read are blank".into(),
        Ok(_) => "every address bit is seen, and answers run on".into(),
        Err(fault) => fault.to_string(),
    };
    add("addresses", passed(array.addresses.is_ok()), detail);
    // Not a failure: a firmware may be there twice. The first erase looks whether it reaches the other half.
    match array.mirrored {
        false => add("size", Outcome::Passed, "the halves differ, or are blank".into()),
        true => {
            let detail =
                "the upper half repeats the lower: it is there twice, or the chip is smaller than it says";
            add("size", Outcome::Skipped, detail.into());
        }
    }
}

fn in_words(tally: &Tallied) -> String {
    let usual = hex(tally.usual());
    match &tally.answers[..] {
        [] => "not asked".into(),
        [_] => format!("{usual}, {} times", tally.asked()),
        [_, (other, _), ..] => {
            format!("{usual} in {} of {} reads, also {}", tally.agreed(), tally.asked(), hex(other))
        }
    }
}

/// Likely causes, the likeliest first.
fn causes(seen: &Findings) -> Vec<Likely> {
    let mut likely = Vec::new();
    let mut add = |when: bool, cause: Likely| {
        if when && !likely.contains(&cause) {
            likely.push(cause);
        }
    };
    let id = &seen.id;
    let comes_and_goes = |t: &Tallied| {
        let flat = |a: &[u8]| a.iter().all(|b| *b == 0xff) || a.iter().all(|b| *b == 0);
        t.answers.iter().any(|(a, _)| flat(a)) && t.answers.iter().any(|(a, _)| !flat(a))
    };
    let array = seen.array.as_ref();
    add(seen.low_voltage, Likely::LowVoltagePart);
    add(seen.line == Line::Toggling, Likely::Contention);
    add(array.is_some_and(|a| a.runs > 0), Likely::Contention);
    if id.is_steady() && id.is_all(0xff) {
        add(true, Likely::Orientation);
        add(true, Likely::Unpowered);
        // A chip that is held lets go of its output.
        add(true, Likely::HoldOrWriteProtect);
        add(true, Likely::QpiOrAsleep);
    }
    if id.is_steady() && id.is_all(0x00) {
        add(true, Likely::Unpowered);
        add(true, Likely::Orientation);
        add(seen.line == Line::Low, Likely::Contention);
    }
    // A status of 00 is a good one; FF between others is a bus that is gone for a moment.
    let gone =
        |t: &Tallied| t.answers.len() > 1 && t.answers.iter().any(|(a, _)| a.iter().all(|b| *b == 0xff));
    add(comes_and_goes(id) || gone(&seen.status), Likely::LooseContact);
    add(id.is_shifted(), Likely::Wires);
    let hears = seen.write_enable.iter().all(|c| c.passed());
    add(!hears && id.is_steady(), Likely::HoldOrWriteProtect);
    if let Some(array) = array {
        let wrong = array.wrong();
        let one_sided = wrong >= 8 && array.rises.min(array.falls) * 20 < array.rises.max(array.falls);
        add(one_sided, Likely::Sag);
        add(array.mirrored, Likely::FakeSize);
        if let (Err(fault), true) = (&array.addresses, wrong <= TOLERATED) {
            add(true, Likely::from_fault(fault));
        }
        add(wrong > TOLERATED || array.fast_differs.is_some_and(|n| n > TOLERATED), Likely::Wires);
    }
    add(!id.is_steady() || !seen.status.is_steady() || seen.sfdp.0 != seen.sfdp.1, Likely::Wires);
    add(!id.is_steady(), Likely::LooseContact);
    likely
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flash::WriteEnableCheck;
    use crate::workflow::contact::AddressFault;

    fn steady(bytes: &[u8]) -> Tallied {
        Tallied::of(vec![bytes.to_vec(); 64])
    }

    fn mixed(usual: &[u8], other: &[u8]) -> Tallied {
        Tallied::of((0..64).map(|i| if i % 5 == 4 { other.to_vec() } else { usual.to_vec() }))
    }

    fn good() -> Findings {
        Findings {
            line: Line::High,
            id: steady(&[0xef, 0x40, 0x17]),
            other_ids: [steady(&[0xef, 0x16]), steady(&[0x16, 0xef]), steady(&[0x16])],
            status: steady(&[0]),
            sfdp: (16, 16),
            write_enable: vec![WriteEnableCheck { before: 0, enabled: 2, disabled: 0 }; 8],
            array: Some(Sampled {
                bytes: 40_000,
                bits: 300_000,
                fast_differs: Some(0),
                ..Sampled::default()
            }),
            older: false,
            unidentified: None,
            low_voltage: false,
        }
    }

    #[test]
    fn a_good_contact_is_good_and_bounds_the_error_rate() {
        let verdict = judge(&good());
        assert!(verdict.good && verdict.likely.is_empty(), "{verdict:?}");
        let rate = verdict.error_rate.unwrap();
        assert_eq!((rate.bits, rate.wrong), (300_000, 0));
        assert!((rate.below - 1e-5).abs() < 1e-12);
    }

    /// Each fault by itself, and what must be named first for it.
    #[test]
    fn every_fault_names_its_likely_cause_first() {
        let deaf = WriteEnableCheck { before: 0, enabled: 0, disabled: 0 };
        type Spoil = Box<dyn Fn(&mut Findings)>;
        let array = |change: fn(&mut Sampled)| -> Spoil {
            Box::new(move |f: &mut Findings| change(f.array.as_mut().unwrap()))
        };
        let cases: Vec<(&str, Spoil, Likely)> = vec![
            ("all FF", Box::new(|f| f.id = steady(&[0xff; 3])), Likely::Orientation),
            ("all 00", Box::new(|f| f.id = steady(&[0; 3])), Likely::Unpowered),
            ("talk on the line", Box::new(|f| f.line = Line::Toggling), Likely::Contention),
            (
                "id comes and goes",
                Box::new(|f| f.id = mixed(&[0xef, 0x40, 0x17], &[0xff; 3])),
                Likely::LooseContact,
            ),
            (
                "id by a bit",
                Box::new(|f| f.id = mixed(&[0xef, 0x40, 0x17], &[0xde, 0x80, 0x2e])),
                Likely::Wires,
            ),
            ("deaf", Box::new(move |f| f.write_enable = vec![deaf; 8]), Likely::HoldOrWriteProtect),
            ("status FF", Box::new(|f| f.status = mixed(&[0], &[0xff])), Likely::LooseContact),
            ("SFDP changes", Box::new(|f| f.sfdp = (16, 12)), Likely::Wires),
            ("bits fall", array(|a| a.falls = 40), Likely::Sag),
            ("bits flip", array(|a| (a.rises, a.falls) = (20, 22)), Likely::Wires),
            ("long runs", array(|a| (a.runs, a.falls) = (9, 900)), Likely::Contention),
            (
                "address mode",
                array(|a| a.addresses = Err(AddressFault::AddressMode { sent: 3, taken: 4 })),
                Likely::FourByteMode,
            ),
            ("wrap", array(|a| a.addresses = Err(AddressFault::Wraps { bytes: 16 })), Likely::BurstWrap),
            (
                "dead",
                array(|a| a.addresses = Err(AddressFault::DeadAfter { bytes: 9 })),
                Likely::LongTransactions,
            ),
            (
                "mirror",
                array(|a| (a.mirrored, a.addresses) = (true, Err(AddressFault::StuckBit { bit: 18 }))),
                Likely::FakeSize,
            ),
            ("fast read", array(|a| a.fast_differs = Some(700)), Likely::Wires),
            ("1.8 V", Box::new(|f| f.low_voltage = true), Likely::LowVoltagePart),
        ];
        for (name, spoil, first) in cases {
            let mut seen = good();
            spoil(&mut seen);
            let verdict = judge(&seen);
            assert!(!verdict.good, "{name}");
            assert_eq!(verdict.likely.first(), Some(&first), "{name}: {verdict:?}");
            assert!(!verdict.good && !verdict.likely.is_empty(), "{name}");
        }
    }

    #[test]
    fn two_flipped_bits_are_told_and_tolerated() {
        let mut seen = good();
        seen.array.as_mut().unwrap().rises = 2;
        let verdict = judge(&seen);
        assert!(verdict.good && verdict.error_rate.unwrap().wrong == 2);
    }

    #[test]
    fn equal_halves_alone_do_not_stop_a_write() {
        let mut seen = good();
        seen.array.as_mut().unwrap().mirrored = true;
        let verdict = judge(&seen);
        assert!(verdict.good);
        assert!(verdict.tests.iter().any(|t| t.name == "size" && t.outcome == Outcome::Skipped));
    }

    #[test]
    fn what_was_not_done_is_no_failure() {
        let mut seen = good();
        (seen.line, seen.sfdp, seen.write_enable, seen.array) = (Line::Unknown, (0, 0), Vec::new(), None);
        let verdict = judge(&seen);
        assert!(verdict.good);
        assert_eq!(verdict.tests.iter().filter(|t| t.outcome == Outcome::Skipped).count(), 3);
    }
}
