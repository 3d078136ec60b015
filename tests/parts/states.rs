//! Every emulated part in every state that a board can leave it in: read, backed up, one-time memory dumped, written.

use super::direct::Direct;
use super::session::{connect, fill, noise, write};
use norsplice::emulator::chip::spec::ChipSpec;
use norsplice::emulator::chip::{LeftState, find, names};
use norsplice::flash::{Chip, FlashError};
use norsplice::span::Span;

/// What is done with the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Read,
    Backup,
    Otp,
    Write,
}

const ACTS: [Act; 4] = [Act::Read, Act::Backup, Act::Otp, Act::Write];

/// How it ended; what is neither is wrong, and fails the test at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Right,
    Refused,
}

/// The states out of which one data line finds no way.
const NO_WAY_OUT: [LeftState; 1] = [LeftState::Qpi];

/// A part with a filled array and one-time memory.
struct Bench {
    spec: ChipSpec,
    programmer: Direct,
    /// The array as it must be.
    expected: Vec<u8>,
    /// The one-time memory of the first die.
    held: Vec<Vec<u8>>,
}

impl Bench {
    fn new(spec: ChipSpec) -> Self {
        let programmer = Direct::new(spec.clone(), 9);
        let mut chip = programmer.chip.borrow_mut();
        fill(chip.contents_mut(), 9);
        let mut held = Vec::new();
        for index in 0..spec.security.count {
            let cells = chip.security_mut(index).unwrap();
            cells.copy_from_slice(&noise(spec.security.size, 9 + index as u64));
            held.push(cells.to_vec());
        }
        let expected = chip.contents().to_vec();
        drop(chip);
        Self { spec, programmer, expected, held }
    }

    /// The chip as after power-up, then in the state.
    fn leave_in(&mut self, state: LeftState) {
        self.programmer.power_cycle();
        assert!(self.programmer.chip.borrow_mut().leave_in(state, self.programmer.time()));
        let expected = &mut self.expected;
        match state {
            LeftState::EraseSuspended | LeftState::Erasing => expected[0x3000..0x4000].fill(0xFF),
            LeftState::ProgramSuspended => {
                expected[0x3000..0x3010].iter_mut().for_each(|cell| *cell &= 0x0F);
            }
            _ => {}
        }
    }
}

/// Where a chip is read: all of a small one; of a large one both ends and both sides of 16 MiB.
fn spans(size: u64) -> Vec<Span> {
    const BORDER: u64 = 16 << 20;
    match size <= 1 << 20 {
        true => vec![Span::new(0, size)],
        false => [0, 0x10_0000 - 0x2000, BORDER - 0x2000, size - 0x4000]
            .into_iter()
            .filter(|start| start + 0x4000 <= size)
            .map(|start| Span::new(start, start + 0x4000))
            .collect(),
    }
}

fn run(
    name: &str,
    act: Act,
    chip: &mut Chip<Direct>,
    expected: &mut [u8],
    held: &[Vec<u8>],
) -> Result<(), FlashError> {
    match act {
        Act::Read | Act::Backup => {
            for span in spans(chip.geometry().size) {
                assert!(chip.read_to_vec(span)? == expected[span.range()], "{name} {span}");
                // A backup is a second reading by the other engine, as far as that reaches.
                if act == Act::Backup && span.end <= 16 << 20 && chip.identity().part.address_bytes == 3 {
                    // It reads from the end to the start.
                    let _ = chip.read_second_opinion(span, &mut |address, bytes| {
                        let at = Span::new(address, address + bytes.len() as u64);
                        assert!(bytes == &expected[at.range()], "{name} {at}, second");
                        std::ops::ControlFlow::Continue(())
                    });
                }
            }
            Ok(())
        }
        Act::Otp => {
            for register in chip.security_registers()? {
                let start = &register.bytes[..register.bytes.len().min(32)];
                let found = held.iter().any(|cells| cells.windows(start.len()).any(|w| w == start));
                assert!(found, "{name}: register {}", register.index);
            }
            Ok(())
        }
        Act::Write => {
            chip.confirm_voltage_adapter();
            let span = Span::new(0x3800, 0x5123.min(chip.geometry().size));
            let wanted = noise(span.len() as usize, 77);
            write(chip, expected, span, &wanted)?;
            expected[span.range()].copy_from_slice(&wanted);
            Ok(())
        }
    }
}

fn end(bench: &mut Bench, state: LeftState, act: Act) -> End {
    bench.leave_in(state);
    let Bench { spec, programmer, expected, held } = bench;
    let name = format!("{} {} {act:?}", spec.name, state.name());
    let done = connect(programmer).and_then(|mut chip| {
        let own = programmer.chip.borrow().unique_id().to_vec();
        let is_own = |id: &Vec<u8>| spec.dies > 1 || id.starts_with(&own);
        assert!(chip.identity().unique_id.as_ref().is_none_or(is_own), "{name}: unique id");
        run(&name, act, &mut chip, expected, held)
    });
    let chip = programmer.chip.borrow();
    assert_eq!(chip.counts().misdeed_text(), "", "{name}");
    match done {
        Ok(()) => {
            assert!(act != Act::Write || chip.contents() == expected, "{name}: the array");
            End::Right
        }
        Err(error @ FlashError::NoChip { .. }) if NO_WAY_OUT.contains(&state) => {
            assert!(error.to_string().contains("(QPI), eight-line (octal) or double-rate"), "{error}");
            End::Refused
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Right where there is a documented way out; refused with the true cause elsewhere; never wrong. The numbers are those
/// of the table in hw-notes/faults.md.
#[test]
fn every_part_in_every_state_ends_right_or_refused_with_the_cause() {
    let mut table = LeftState::ALL.map(|state| (state, 0, 0, 0));
    for name in names() {
        let mut bench = Bench::new(find(&name).unwrap());
        for (state, parts, right, refused) in &mut table {
            if !state.fits(&bench.spec) {
                continue;
            }
            *parts += 1;
            for act in ACTS {
                match end(&mut bench, *state, act) {
                    End::Right => *right += 1,
                    End::Refused => *refused += 1,
                }
            }
        }
    }
    for (state, parts, ..) in &table {
        assert!(*parts > 0, "{}: no emulated part has it", state.name());
    }
    let lines: Vec<String> = table
        .iter()
        .map(|(state, parts, right, refused)| format!("| {} | {parts} | {right} | {refused} |", state.name()))
        .collect();
    let notes = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/hw-notes/faults.md")).unwrap();
    for line in &lines {
        assert!(notes.contains(line), "hw-notes/faults.md lacks a line of:\n{}", lines.join("\n"));
    }
    let sum = table.iter().fold((0, 0), |(a, b), (_, _, right, refused)| (a + right, b + refused));
    assert_eq!(sum, RIGHT_AND_REFUSED);
}

const RIGHT_AND_REFUSED: (usize, usize) = (1256, 24);

/// The same pairs on the smallest part that has each, backed up by both engines and written.
#[test]
fn two_states_at_once_are_left_for_backups_and_writes_too() {
    let mut specs: Vec<ChipSpec> = names().iter().map(|name| find(name).unwrap()).collect();
    specs.retain(|spec| spec.size > 0x1_0000);
    specs.sort_by_key(|spec| spec.size);
    let mut tried = 0;
    let mut wrong = Vec::new();
    for (n, first) in LeftState::ALL.into_iter().enumerate() {
        for second in LeftState::ALL.into_iter().skip(n + 1) {
            let hidden = [first, second].iter().any(|state| NO_WAY_OUT.contains(state));
            if hidden || (first, second) == (LeftState::PowerDown, LeftState::Erasing) {
                continue;
            }
            let Some(spec) = specs.iter().find(|spec| first.fits(spec) && second.fits(spec)) else {
                continue;
            };
            for act in [Act::Backup, Act::Write] {
                let case = format!("{} {} {} {act:?}", spec.name, first.name(), second.name());
                let mut bench = Bench::new(spec.clone());
                bench.leave_in(first);
                let time = bench.programmer.time();
                assert!(bench.programmer.chip.borrow_mut().leave_in(second, time));
                // Where a state touches the array: what becomes of it is not looked at here.
                let span = Span::new(0x8000, 0xc000);
                let Bench { programmer, expected, .. } = &mut bench;
                let done = connect(programmer).and_then(|mut chip| match act {
                    Act::Write => {
                        chip.confirm_voltage_adapter();
                        let place = Span::new(0x8800, 0x9923);
                        let wanted = noise(place.len() as usize, 77);
                        expected[..0x8000].copy_from_slice(&chip.read_to_vec(Span::new(0, 0x8000))?);
                        write(&mut chip, expected, place, &wanted)?;
                        expected[place.range()].copy_from_slice(&wanted);
                        Ok(true)
                    }
                    _ => {
                        let mut same = chip.read_to_vec(span)? == expected[span.range()];
                        let mut other = |address: u64, bytes: &[u8]| {
                            let at = Span::new(address, address + bytes.len() as u64).range();
                            same &= bytes == &expected[at];
                            std::ops::ControlFlow::Continue(())
                        };
                        let _ = chip.read_forward(span, &mut other)?;
                        let _ = chip.read_second_opinion(span, &mut other)?;
                        Ok(same)
                    }
                });
                let chip = bench.programmer.chip.borrow();
                let same = chip.contents()[0x8000..] == bench.expected[0x8000..];
                match done {
                    Ok(true) if same && chip.counts().misdeed_count() == 0 => tried += 1,
                    Ok(_) => wrong.push(format!("{case}: other bytes, {}", chip.counts().misdeed_text())),
                    Err(error) => wrong.push(format!("{case}: {error}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried > 100, "{tried}");
}

/// Two states at once, as a board leaves them that was reset in the middle of its work: all of them are read right.
#[test]
fn every_part_in_two_states_at_once_is_read_right() {
    let mut wrong = Vec::new();
    for name in names() {
        let mut bench = Bench::new(find(&name).unwrap());
        let states: Vec<LeftState> =
            LeftState::of(&bench.spec).into_iter().filter(|state| !NO_WAY_OUT.contains(state)).collect();
        for (n, first) in states.iter().enumerate() {
            // A chip that is busy takes no power-down.
            let can_be =
                |second: &&LeftState| (*first, **second) != (LeftState::PowerDown, LeftState::Erasing);
            for second in states[n + 1..].iter().filter(can_be) {
                bench.leave_in(*first);
                let time = bench.programmer.time();
                assert!(bench.programmer.chip.borrow_mut().leave_in(*second, time));
                let size = bench.spec.size as u64;
                let spans = [Span::new(0x8000, 0x8800), Span::new(size - 0x800, size)];
                let read = connect(&bench.programmer).and_then(|mut chip| {
                    let mut read = Vec::new();
                    for span in spans.iter().filter(|span| span.end <= size) {
                        read.push((*span, chip.read_to_vec(*span)?));
                    }
                    Ok(read)
                });
                let case = format!("{name} {} {}", first.name(), second.name());
                match read {
                    Ok(read) if read.iter().all(|(span, bytes)| *bytes == bench.expected[span.range()]) => {}
                    Ok(_) => wrong.push(format!("{case}: other bytes")),
                    Err(error) => wrong.push(format!("{case}: {error}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
