//! The table of facts against the product's own: every id known, and chips made from rows at random probed and written.

use super::direct::Direct;
use super::facts_table::{Row, reported, rows, sfdp};
use super::session::{connect, noise, write};
use crate::bench::all;
use norsplice::flash::FlashError;
use norsplice::flash::part::Part;
use norsplice::flash::parts::by_id;
use norsplice::span::Span;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;

#[test]
fn every_id_that_sources_agree_on_is_known_with_its_size_and_supply() {
    let rows = rows();
    for row in &rows {
        let known = by_id(&row.id);
        assert!(known.iter().any(|part| part.size == row.size as u64), "{} {:02X?}", row.part, row.id);
        assert!(!row.low || known.iter().any(|part| part.low_voltage), "{} {:02X?}: 1.8 V", row.part, row.id);
    }
    let ids = |confidence: &str| {
        let rows = rows.iter().filter(|row| row.confidence == confidence);
        rows.map(|row| row.id.clone()).collect::<BTreeSet<_>>().len()
    };
    assert_eq!((ids("high"), ids("medium")), (339, 166));
}

/// Where others' supply and the table's have nothing in common, and why the table is right.
const SUPPLY_DISPUTED: &[(&str, &str)] = &[];

#[test]
fn the_supply_is_what_others_say() {
    let mut compared = 0;
    let mut wrong = Vec::new();
    for row in rows() {
        let Some((least, most)) = row.volts else { continue };
        let known = by_id(&row.id);
        let same = known.iter().filter(|part| part.size == row.size as u64);
        let meets = |part: &&&Part| match part.voltage_mv {
            Some((from, to)) => from <= most && least <= to,
            None => !part.low_voltage || most < 3000,
        };
        compared += 1;
        if same.clone().next().is_some() && same.clone().filter(meets).count() == 0 {
            let ours: Vec<_> = same.map(|part| (&part.name, part.voltage_mv)).collect();
            wrong.push(format!("{} {:02X?} {least}-{most}, here {ours:?}", row.part, row.id));
        }
    }
    wrong.retain(|text| !SUPPLY_DISPUTED.iter().any(|(part, _)| text.starts_with(part)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 500, "{compared}");
}

/// Reports that the table does not follow, and why.
const NOT_FOLLOWED: &[(&str, &str)] = &[];

#[test]
fn what_was_reported_missing_or_wrong_is_mended() {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    };
    let mut wrong = Vec::new();
    for row in reported() {
        assert!(!row.source.is_empty(), "{}", row.name);
        // Some sources put the maker before the name.
        let name = plain(row.name.rsplit([' ', ':']).next().unwrap());
        let known: Vec<_> = by_id(&row.id).into_iter().filter(|part| part.size == row.size).collect();
        let named = |part: &&&Part| {
            let mut names = part.aliases.iter().chain([&part.name]).flat_map(|names| names.split(['/', ',']));
            names.any(|one| plain(one).starts_with(&name) || name.starts_with(&plain(one)))
        };
        // A part that is sold for 3.3 V or less than 2 V must be known as such, not only not contradicted.
        let supplied = |part: &&&Part| match (row.volts, part.voltage_mv) {
            (None, _) => true,
            (Some((_, most)), None) => part.low_voltage == (most < 2300),
            (Some((least, most)), Some((from, to))) => from <= most && least <= to,
        };
        if !known.iter().any(|part| named(&part) && supplied(&part)) {
            let ours: Vec<_> = known.iter().map(|p| (&p.name, p.voltage_mv, p.low_voltage)).collect();
            wrong.push(format!(
                "{} {:02X?} {:?} ({}), here {ours:?}",
                row.name, row.id, row.volts, row.source
            ));
        }
    }
    wrong.retain(|text| !NOT_FOLLOWED.iter().any(|(part, _)| text.starts_with(part)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Reported without anyone having read it from a chip.
    assert!(by_id(&[0x9D, 0x5B, 0x1B]).is_empty());
}

/// Chips that a row describes whole: erase commands of one size each, no more than `most` bytes.
fn whole(most: usize) -> Vec<Row> {
    let told = |row: &Row| row.erases().is_some_and(|e| e.iter().any(|(_, size)| *size < row.size));
    rows().into_iter().filter(|row| row.size <= most && row.tells_reach() && told(row)).collect()
}

fn used(row: &Row, seed: u64) -> Direct {
    let programmer = Direct::new(row.chip(), seed);
    programmer.chip.borrow_mut().contents_mut().copy_from_slice(&noise(row.size, seed));
    programmer
}

#[test]
fn probe_finds_size_and_supply_of_every_row() {
    for row in whole(4 << 20) {
        let programmer = used(&row, 7);
        let chip = connect(&programmer).unwrap_or_else(|e| panic!("{}: {e}", row.part));
        assert_eq!(chip.geometry().size, row.size as u64, "{}", row.part);
        assert!(!row.low || chip.identity().low_voltage, "{} is a 1.8 V part", row.part);
        let vendor = &chip.identity().part.vendor;
        assert!(vendor.is_empty() || !vendor.contains("unknown"), "{}", row.part);
        // What it erases with is what the row erases with, block for block.
        for erase in &chip.geometry().erase {
            let there = row.erases().unwrap();
            assert!(
                there.contains(&(erase.opcode, erase.size as usize)),
                "{}: {:02X} of {:#x}",
                row.part,
                erase.opcode,
                erase.size
            );
        }
        assert_eq!(programmer.misdeeds(), "", "{}", row.part);
        assert_eq!(
            (programmer.sent(0x06), programmer.sent(0x50)),
            (0, 0),
            "{}: probe writes nothing",
            row.part
        );
    }
}

/// One session on a chip made from a row.
fn session(row: &Row, seed: u64, span: Span, bp: u8) -> Result<(), TestCaseError> {
    let programmer = used(row, seed);
    let size = row.size as u64;
    // What some sources call BP3 and BP4 is TB and SEC: alone they protect nothing.
    if let Some(count) = row.bp_count() {
        programmer.chip.borrow_mut().set_register(0, (bp & ((1 << count.min(3)) - 1)) << 2);
    }
    let before = programmer.chip.borrow().contents().to_vec();
    let registers = programmer.chip.borrow().registers().0.to_vec();
    let mut chip = connect(&programmer).map_err(|e| TestCaseError::fail(format!("{}: {e}", row.part)))?;
    prop_assert_eq!(chip.geometry().size, size, "{}", row.part);
    chip.confirm_voltage_adapter();
    let image = noise(span.len() as usize, seed + 1);
    let mut expected = before.clone();
    let written = write(&mut chip, &before, span, &image);
    chip.release().unwrap();
    match written {
        Ok(()) => expected[span.range()].copy_from_slice(&image),
        // Protected, and the rows that share the id do not agree on how; or no block is certain of its size.
        Err(FlashError::Protected { .. } | FlashError::Unsupported(_)) => {
            let open = row.bp_count().is_none() || bp == 0;
            let certain = open && !chip.geometry().erase.is_empty();
            prop_assert!(!certain || by_id(&row.id).len() > 1, "{}: {:?}", row.part, written);
        }
        Err(other) => return Err(TestCaseError::fail(format!("{} at {span}: {other}", row.part))),
    }
    let held = programmer.chip.borrow();
    prop_assert!(
        held.contents() == expected,
        "{} at {}: the array is not what was asked for",
        row.part,
        span
    );
    prop_assert_eq!(held.registers().0, &registers[..], "{}", row.part);
    prop_assert_eq!(held.counts().lock_bits_set, 0);
    prop_assert_eq!(held.counts().misdeed_text(), "", "{}", row.part);
    Ok(())
}

/// The same parts in every run, eight times as many with `NORSPLICE_TEST=all`. A case takes long: a chip that fails is
/// hardly shrunk.
fn cases(cases: u32) -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(0x4E4F_5253);
    let cases = if all() { 8 * cases } else { cases };
    ProptestConfig { cases, max_shrink_iters: 4, rng_seed, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(24))]
    #[test]
    fn a_part_at_random_is_probed_and_part_of_it_written(
        pick: prop::sample::Index, seed in 1u64..1 << 40, start: u64, len in 0u64..0x2_0000, bp in 0u8..8
    ) {
        let rows = whole(4 << 20);
        let row = &rows[pick.index(rows.len())];
        let start = start % row.size as u64;
        session(row, seed, Span::new(start, (start + 1 + len).min(row.size as u64)), bp)?;
    }

    #[test]
    fn a_part_at_random_is_probed_and_written_whole(
        pick: prop::sample::Index, seed in 1u64..1 << 40, bp in 0u8..8
    ) {
        let rows = whole(1 << 20);
        let row = &rows[pick.index(rows.len())];
        session(row, seed, Span::new(0, row.size as u64), bp)?;
    }
}

proptest! {
    #![proptest_config(cases(6))]
    #[test]
    fn a_middling_part_at_random_is_probed_and_written_whole(
        pick: prop::sample::Index, seed in 1u64..1 << 40, bp in 0u8..8
    ) {
        let rows: Vec<Row> = whole(16 << 20).into_iter().filter(|row| row.size > 1 << 20).collect();
        let row = &rows[pick.index(rows.len())];
        session(row, seed, Span::new(0, row.size as u64), bp)?;
    }
}

proptest! {
    #![proptest_config(cases(3))]
    #[test]
    fn a_large_part_at_random_is_probed_and_written_across_16_mib(
        pick: prop::sample::Index, seed in 1u64..1 << 40, start in 0xFF_0000u64..0x101_0000, len in 0u64..0x2_0000
    ) {
        let rows: Vec<Row> = whole(32 << 20).into_iter().filter(|row| row.size > 16 << 20).collect();
        session(&rows[pick.index(rows.len())], seed, Span::new(start, start + 1 + len), 0)?;
    }
}

proptest! {
    #![proptest_config(cases(1))]
    #[test]
    fn a_large_part_at_random_is_probed_and_written_whole(pick: prop::sample::Index, seed in 1u64..1 << 40) {
        let rows: Vec<Row> = whole(32 << 20).into_iter().filter(|row| row.size > 16 << 20).collect();
        let row = &rows[pick.index(rows.len())];
        session(row, seed, Span::new(0, row.size as u64), 0)?;
    }
}

/// An id in no table: size, erase commands and page come from the chip's own SFDP, and it says so.
#[test]
fn an_unknown_id_runs_on_sfdp_alone() {
    let mut row = rows()
        .into_iter()
        .find(|row| {
            row.vendor == "Winbond"
                && row.size == 4 << 20
                && row.erases().is_some_and(|e| e.contains(&(0x52, 0x8000)))
        })
        .unwrap();
    row.sfdp = Some(0);
    let spec = norsplice::emulator::chip::spec::ChipSpec {
        jedec_id: vec![0x99, 0x98, 0x16],
        sfdp: sfdp(0, 4 << 20, &[(0x20, 0x1000), (0x52, 0x8000), (0xD8, 0x1_0000)]),
        ..row.chip()
    };
    let programmer = Direct::new(spec, 3);
    let before = noise(4 << 20, 3);
    programmer.chip.borrow_mut().contents_mut().copy_from_slice(&before);
    let mut chip = connect(&programmer).unwrap();
    assert!(chip.identity().notes.iter().any(|n| n.contains("in no table")), "{:?}", chip.identity().notes);
    let sizes: Vec<u64> = chip.geometry().erase.iter().map(|e| e.size).collect();
    assert_eq!((chip.geometry().size, sizes), (4 << 20, vec![0x1000, 0x8000, 0x1_0000]));
    let span = Span::new(0x1_2345, 0x4_4321);
    let image = noise(span.len() as usize, 4);
    write(&mut chip, &before, span, &image).unwrap();
    let mut expected = before;
    expected[span.range()].copy_from_slice(&image);
    assert!(programmer.chip.borrow().contents() == expected);
    assert!(chip.security_registers().unwrap().is_empty() && !chip.otp_known());
    for opcode in [0x35, 0x15, 0x48, 0x4B, 0x68, 0x77, 0x88, 0x2B, 0xB1, 0x3A] {
        assert_eq!(programmer.sent(opcode), 0, "{opcode:02X} to a chip that is not known");
    }
    assert_eq!(programmer.misdeeds(), "");
}
