//! flashrom's own bytes next to ours in plain mode, for the same commands on an FT2232H: the same windows.
//!
//! What differs is named here: flashrom packs commands that only write into one burst, and waits for the latency timer
//! where we send 87h.

use super::record::Recorder;
use super::recording::{Burst, bursts};
use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::programmer::{self, Settings};
use norsplice::spi::Transaction;

/// What the port does within one chip-select window.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// `11`: bytes out, most significant bit first, on the falling edge.
    Write(Vec<u8>),
    /// `20`: so many bytes in, most significant bit first, on the rising edge.
    Read(usize),
}

/// The windows of a burst, each from the `80` that lowers chip select (ADBUS3) to the one that raises it; and the opcodes
/// of what lies outside of the windows.
fn windows(bytes: &[u8]) -> (Vec<Vec<Step>>, Vec<u8>) {
    let (mut all, mut outside, mut open) = (Vec::new(), Vec::new(), None::<Vec<Step>>);
    let mut at = 0;
    while at < bytes.len() {
        let len = || usize::from(u16::from_le_bytes([bytes[at + 1], bytes[at + 2]])) + 1;
        let step = match bytes[at] {
            0x80 => {
                let (value, direction) = (bytes[at + 1], bytes[at + 2]);
                let low = value & 0x08 == 0 && direction & 0x08 != 0;
                match (low, open.take()) {
                    (true, None) => open = Some(Vec::new()),
                    (true, Some(_)) => panic!("chip select is lowered twice"),
                    (false, Some(steps)) => all.push(steps),
                    (false, None) => outside.push(0x80),
                }
                at += 3;
                continue;
            }
            0x11 => Step::Write(bytes[at + 3..at + 3 + len()].to_vec()),
            0x20 => Step::Read(len()),
            other => {
                outside.push(other);
                at += if other == 0x86 { 3 } else { 1 };
                continue;
            }
        };
        at += 3 + if let Step::Write(data) = &step { data.len() } else { 0 };
        open.as_mut().expect("clocks only with chip select low").push(step);
    }
    assert!(open.is_none(), "chip select is left low");
    (all, outside)
}

/// The opcode of each window.
pub fn opcodes(burst: &Burst) -> Vec<u8> {
    let opcode = |steps: &Vec<Step>| match steps.first() {
        Some(Step::Write(data)) => Some(data[0]),
        _ => None,
    };
    windows(&burst.out).0.iter().filter_map(opcode).collect()
}

/// Our burst for the same window.
fn ours(steps: &[Step]) -> Vec<u8> {
    let emulator = Emulator::new(Options::new(ProgrammerKind::Ft2232h)).unwrap();
    let (recorder, tape) = Recorder::new(emulator.pipe());
    let mut programmer = programmer::over(recorder, &Settings::parse("ft2232h:plain").unwrap()).unwrap();
    tape.clear();
    match steps {
        [Step::Write(command)] => programmer.run(&mut [Transaction::write(command)]).unwrap(),
        [Step::Write(command), Step::Read(len)] => {
            programmer.run(&mut [Transaction::read(command, &mut vec![0; *len])]).unwrap();
        }
        other => panic!("{other:?}"),
    }
    let all = tape.take();
    assert_eq!(all.len(), 1, "one command is one burst");
    assert_eq!((all[0].out.len(), all[0].depth), (1, 1), "one OUT transfer, one IN in flight");
    all[0].out[0].clone()
}

#[test]
fn plain_mode_has_the_windows_of_flashrom_for_the_same_commands() {
    let theirs = bursts(include_str!("../data/flashrom-ft2232h.txt"));
    let seen: Vec<Vec<u8>> = theirs.iter().map(opcodes).collect();
    let wanted: [&[u8]; 5] = [&[0x9F], &[0x05], &[0x03], &[0x06, 0x20], &[0x06, 0x02]];
    assert_eq!(seen, wanted, "what was recorded");
    for burst in &theirs {
        let (windows_of_theirs, outside) = windows(&burst.out);
        assert_eq!(outside, [0; 0], "nothing but windows");
        for steps in &windows_of_theirs {
            let (windows_of_ours, outside) = windows(&ours(steps));
            assert_eq!(windows_of_ours, std::slice::from_ref(steps), "{steps:02x?}");
            // Pins high before the window; for a write, pins that answer; then 87.
            let asked: &[u8] = if steps.len() == 1 { &[0x80, 0x81, 0x87] } else { &[0x80, 0x87] };
            assert_eq!(outside, asked, "{steps:02x?}");
        }
    }
}
