//! Faults of reads, at addresses, lengths, boundaries, in order and time: a backup is right, or there is none.
//!
//! The table counts both for each fault and programmer; it is in hw-notes/faults.md, and `NORSPLICE_TEST=all` holds the
//! two together. Otherwise every sixth case of each row is tried, and the sums are fixed. Words in `NORSPLICE_FAULTS` choose
//! rows, whose lines are then only printed.

use super::bench::quiet;
use crate::bench::{Clip, all, in_memory, noise};
use norsplice::emulator::chip::{DataFault, FlashChip, find};
use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind, SerprogKind, SpidevKind};
use norsplice::span::Span;
use norsplice::workflow::Store;
use norsplice::workflow::backup::{BackupOptions, backup};
use norsplice::workflow::reading::{ReadOptions, read};

const KINDS: [(ProgrammerKind, &str); 5] = [
    (ProgrammerKind::Ch341a, "CH341A"),
    (ProgrammerKind::Ft2232h, "FT2232H"),
    (ProgrammerKind::Ch347t, "CH347"),
    (ProgrammerKind::Serprog(SerprogKind::PicoAny), "serprog, Pico"),
    (ProgrammerKind::Spidev(SpidevKind::Pi), "spidev"),
];
/// A W25Q40.
const SIZE: usize = 512 << 10;

/// What strikes.
#[derive(Clone, Copy, Debug)]
enum Strike {
    /// From the first command on.
    Always(DataFault),
    /// Once the chip is connected.
    Later(DataFault),
    /// The chip takes four address bytes, once it is connected.
    FourByte,
    /// Every so-manyth byte that the programmer sends is missing, once the chip is connected.
    Missing(u64),
}
use Strike::{Always, Later};

fn rows() -> Vec<(&'static str, Vec<Strike>)> {
    let lengths = (0..17).map(|bit| 1u64 << bit).flat_map(|n| [n - 1, n, n + 1]);
    let odd = [5000, 10_000, 30_000, 50_000, 65_000];
    let mut lengths: Vec<u64> = lengths.chain(odd).filter(|n| (1..=65_536).contains(n)).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let every = [2, 3, 5, 7, 10, 20, 40, 100, 1000];
    let places = [0, 0x100, 0x4_2345, 0x7_ff00];
    let both = |fault: DataFault| [Always(fault), Later(fault)];
    vec![
        ("first bit of each answer reads 1", both(DataFault::FirstBitHigh).to_vec()),
        (
            "data dead after n bytes of one transaction, n from 1 to 65,536",
            lengths.into_iter().map(|n| Always(DataFault::DeadAfter(n))).collect(),
        ),
        (
            "reads wrap within n bytes, n from 8 to 65,536",
            (3..17).flat_map(|bit| both(DataFault::Wraps(1 << bit))).collect(),
        ),
        (
            "an address line stuck",
            (0..19)
                .flat_map(|bit| [false, true].map(|level| Always(DataFault::StuckBit(bit, level))))
                .collect(),
        ),
        (
            "one answer repeated in place of the next, every nth",
            every.into_iter().flat_map(|n| both(DataFault::RepeatedAnswer(n))).collect(),
        ),
        (
            "contents that another master changes, again and again",
            places.into_iter().flat_map(|at| every.map(|n| Later(DataFault::OtherMaster(at, n)))).collect(),
        ),
        (
            "contents that another master changes once",
            places
                .into_iter()
                .flat_map(|at| {
                    [50, 100, 150, 200, 240, 260, 270, 280].map(|n| Later(DataFault::WrittenOnce(at, n)))
                })
                .collect(),
        ),
        (
            "one opcode read wrongly",
            [0x03, 0x0b]
                .into_iter()
                .flat_map(|op| places.map(|at| Later(DataFault::ByOpcode(op, at))))
                .collect(),
        ),
        ("four address bytes taken", vec![Strike::FourByte]),
        (
            "one opcode without its dummy byte, or with an address line stuck",
            [0x03, 0x0b]
                .into_iter()
                .flat_map(|op| {
                    let stuck = [4, 11, 14, 18].map(|bit| Later(DataFault::StuckFor(op, bit, bit == 14)));
                    stuck.into_iter().chain([Later(DataFault::NoDummy(op))])
                })
                .collect(),
        ),
        (
            "four address bytes taken after one command",
            [0x9f, 0x05, 0x03, 0x0b].map(|op| Later(DataFault::FourBytesAfter(op))).to_vec(),
        ),
        (
            "a few bytes wrong at one place of each answer",
            [(1, 1), (5, 40), (40, 2), (300, 1), (1000, 3), (4095, 7), (10_000, 20)]
                .map(|(at, len)| Later(DataFault::AtOffset(at, len)))
                .to_vec(),
        ),
        (
            "an answer that begins again, or holds its last byte, after n bytes",
            [1, 100, 4095, 4097, 10_000, 16_380, 40_000]
                .into_iter()
                .flat_map(|n| [Later(DataFault::BeginsAgain(n)), Later(DataFault::Holds(n))])
                .collect(),
        ),
        (
            "every nth answer begins wrong, or each comes one too late",
            [2, 3, 7, 40, 300]
                .map(|n| Later(DataFault::Sometimes(n)))
                .into_iter()
                .chain([Later(DataFault::Behind)])
                .collect(),
        ),
        (
            "reads wrong that begin at a multiple of n bytes",
            (4..17).map(|bit| Later(DataFault::AtBoundary(1 << bit))).collect(),
        ),
        ("reads wrong that begin where the one before ended", vec![Later(DataFault::InOrder(true))]),
        ("reads wrong that end where the one before began", vec![Later(DataFault::InOrder(false))]),
        (
            "bits that come too late above a clock",
            [2_000_000, 4_000_000, 8_000_000].map(|hz| Later(DataFault::AboveClock(hz))).to_vec(),
        ),
        (
            "reads that wrap past n bytes of one answer",
            [4096, 10_000, 20_000, 40_000]
                .into_iter()
                .flat_map(|from| [256, 4096, 65_536].map(|n| Later(DataFault::WrapsPast(from, n))))
                .collect(),
        ),
        (
            "two address lines exchanged, everywhere or in the upper half",
            [(4, 5), (7, 12), (11, 12), (13, 17), (16, 17), (12, 18)]
                .into_iter()
                .flat_map(|(a, b)| [0, SIZE / 2].map(|from| Later(DataFault::SwappedBits(a, b, from))))
                .collect(),
        ),
        (
            "one opcode with one more dummy byte",
            [0x03, 0x0b].map(|opcode| Later(DataFault::MoreDummy(opcode))).to_vec(),
        ),
        (
            "every nth byte from the programmer missing",
            [500, 4096, 4097, 30_000, 100_003, 400_000].map(Strike::Missing).to_vec(),
        ),
    ]
}

fn chip(contents: &[u8]) -> FlashChip {
    let mut spec = find("W25Q64FV").unwrap();
    spec.name = "W25Q40".into();
    spec.jedec_id = vec![0xef, 0x40, 0x13];
    spec.legacy_id = [0xef, 0x12];
    spec.size = SIZE;
    // Density in the second dword of the basic table at 80h: 4 Mbit.
    spec.sfdp[0x84..0x88].copy_from_slice(&0x003f_ffff_u32.to_le_bytes());
    let mut chip = FlashChip::new(spec, 1);
    chip.contents_mut().copy_from_slice(contents);
    chip
}

/// Whether the chip held these bytes at one time: another master writes to one of them, once, or counts it up.
fn was_held(read: &[u8], old: &[u8], now: &[u8]) -> bool {
    let between = |(read, old, now): (&u8, &u8, &u8)| read.wrapping_sub(*old) <= now.wrapping_sub(*old);
    let mut bytes = read.iter().zip(old).zip(now).map(|((read, old), now)| (read, old, now));
    read.len() == old.len() && bytes.all(between)
}

/// Whether there is a backup, which is right then; or the case in words.
fn back_up(kind: ProgrammerKind, strike: Strike, old: &[u8]) -> Result<bool, String> {
    let emulator = Emulator::with_chip(&Options::new(kind), chip(old)).unwrap();
    let faults = |fault| Faults::default().with(Fault::Data(fault));
    if let Always(fault) = strike {
        emulator.set_faults(&faults(fault));
    }
    let clip = Clip::of(kind, emulator);
    let emulator = &clip.emulator;
    let Ok(mut chip) = clip.connect() else { return Ok(false) };
    match strike {
        Later(fault) => emulator.set_faults(&faults(fault)),
        Strike::Missing(n) => emulator.set_faults(&Faults::default().with(Fault::LostBytes(n))),
        Strike::FourByte => emulator.chip(|chip| chip.set_four_byte_mode(true)),
        Always(_) => {}
    }
    let folder = in_memory();
    let store = Store::open_locked(folder.path()).unwrap();
    let taken = backup(&mut chip, &store, &BackupOptions::default(), &mut quiet);
    let stored = store.list().map_err(|error| error.to_string())?;
    match taken {
        Err(_) if stored.is_empty() => Ok(false),
        Err(error) => Err(format!("stored, and: {error}")),
        // Changed before or after both passes, it is what the chip held while they read it.
        Ok(taken) if was_held(&taken.flash, old, &emulator.contents()) => Ok(true),
        Ok(_) => Err("a wrong backup".into()),
    }
}

#[test]
fn no_fault_of_reads_makes_a_wrong_backup() {
    let old = noise(SIZE, 3);
    let asked = std::env::var("NORSPLICE_FAULTS").unwrap_or_default();
    let words: Vec<&str> = asked.split(',').filter(|word| !word.is_empty() && *word != "all").collect();
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    let mut sum = (0, 0);
    for (kind, programmer) in KINDS {
        let chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
        for (name, strikes) in rows().into_iter().filter(|(name, _)| chosen(name)) {
            let (mut right, mut refused) = (0, 0);
            for strike in strikes.iter().step_by(if all() { 1 } else { 6 }) {
                match back_up(kind, *strike, &old) {
                    Ok(true) => right += 1,
                    Ok(false) => refused += 1,
                    Err(case) => wrong.push(format!("{strike:?} by {programmer}: {case}")),
                }
            }
            lines.push(format!("| {name} | {programmer} | {} | {right} | {refused} |", strikes.len()));
            sum = (sum.0 + right, sum.1 + refused);
        }
    }
    println!("{}", lines.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if !words.is_empty() {
        return;
    }
    if !all() {
        assert_eq!(sum, SPREAD);
        return;
    }
    assert_eq!(sum, ALL);
    let notes = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/hw-notes/faults.md")).unwrap();
    for line in &lines {
        assert!(notes.contains(line), "hw-notes/faults.md lacks a line of:\n{}", lines.join("\n"));
    }
}

/// A large chip, of which both sides of 16 MiB are read: by addresses of four bytes, or in 4-byte mode. `NORSPLICE_TEST=all`
/// tries each fault by each programmer; otherwise each programmer has every third, beginning with another one.
#[test]
fn no_fault_of_reads_makes_a_wrong_read_past_16_mib() {
    const BORDER: u64 = 16 << 20;
    let faults = [
        DataFault::StuckBit(24, false),
        DataFault::StuckBit(24, true),
        DataFault::StuckBit(13, true),
        DataFault::SwappedBits(23, 24, 0),
        DataFault::SwappedBits(12, 13, BORDER as usize),
        DataFault::Wraps(4096),
        DataFault::WrapsPast(5000, 4096),
        DataFault::DeadAfter(5000),
        DataFault::ByOpcode(0x0c, 0x100_1234),
        DataFault::ByOpcode(0x13, 0x100_1234),
        DataFault::ByOpcode(0x0b, 0x100_1234),
        DataFault::ByOpcode(0x03, 0x100_1234),
        DataFault::MoreDummy(0x0c),
        DataFault::NoDummy(0x0b),
        DataFault::AboveClock(8_000_000),
        DataFault::AtOffset(300, 2),
        DataFault::Holds(5000),
        DataFault::OtherMaster(0x100_1234, 7),
        DataFault::RepeatedAnswer(5),
        DataFault::Behind,
    ];
    let span = Span::new(BORDER - 0x3000, BORDER + 0x3000);
    let (mut wrong, mut right, mut refused) = (Vec::new(), 0, 0);
    for part in ["W25Q256FV", "MT25QL256"] {
        let old = noise(find(part).unwrap().size, 3);
        for (n, (kind, programmer)) in KINDS.into_iter().enumerate() {
            let (first, step) = if all() { (0, 1) } else { (n % 3, 3) };
            for fault in faults.into_iter().skip(first).step_by(step) {
                let clip = Clip::new(kind, part, Some(old.clone()));
                let mut chip = clip.connect().unwrap();
                clip.emulator.set_faults(&Faults::default().with(Fault::Data(fault)));
                match read(&mut chip, span, &ReadOptions::default(), &mut quiet) {
                    Err(_) => refused += 1,
                    Ok(read) => {
                        let now = &clip.emulator.contents()[span.range()];
                        match was_held(&read.bytes, &old[span.range()], now) {
                            true => right += 1,
                            false => wrong.push(format!("{fault:?} on {part} by {programmer}")),
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(right >= 3 && refused >= 13, "{right} right, {refused} refused");
}

/// Right and refused, of all cases.
const ALL: (usize, usize) = (220, 1305);
/// Of every sixth.
const SPREAD: (usize, usize) = (28, 277);
