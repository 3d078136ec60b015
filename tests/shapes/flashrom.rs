//! flashrom's own bytes next to ours in plain mode, for the same commands on a CH341A: the same shape.

use super::record::{Recorded, Recorder};
use super::recording::{Burst, bursts};
use norsplice::emulator::{Emulator, Options};
use norsplice::programmer::{self, Settings};
use norsplice::spi::Transaction;

/// What makes the shape of one command's burst.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    /// OUT transfers.
    transfers: usize,
    /// The first packet is of pins, chip select high, then low at its end, and is as long as a packet can be.
    pins_first: bool,
    /// Lengths of the packets after it.
    packets: Vec<usize>,
    /// The bytes that are clocked; those after the command of a read are all FF.
    clocked: Vec<u8>,
    /// IN transfers.
    answers: usize,
}

fn shape(out: &[Vec<u8>], answers: usize) -> Shape {
    let all = out.concat();
    let (pins, data) = all.split_at(32);
    let commands: Vec<u8> = pins[1..].iter().copied().take_while(|c| *c != 0x20).collect();
    let outputs: Vec<u8> = commands.iter().copied().filter(|c| c >> 6 == 2).collect();
    let rest = &pins[commands.len() + 2..];
    let falls = outputs.len() > 1
        && outputs.last().is_some_and(|last| last & 1 == 0)
        && outputs[..outputs.len() - 1].iter().all(|value| value & 1 == 1);
    let packets: Vec<&[u8]> = data.chunks(32).collect();
    assert!(packets.iter().all(|packet| packet[0] == 0xA8));
    Shape {
        transfers: out.len(),
        pins_first: pins[0] == 0xAB && falls && rest.iter().all(|byte| *byte == 0),
        packets: packets.iter().map(|packet| packet.len()).collect(),
        clocked: packets
            .iter()
            .flat_map(|packet| packet[1..].iter().map(|byte| byte.reverse_bits()))
            .collect(),
        answers,
    }
}

/// The opcode of a burst that clocks anything.
pub fn opcodes(burst: &Burst) -> Vec<u8> {
    match burst.out.get(32..) {
        Some([0xA8, first, ..]) => vec![first.reverse_bits()],
        _ => Vec::new(),
    }
}

#[test]
fn plain_mode_has_the_shape_of_flashrom_for_the_same_commands() {
    let recorded = bursts(include_str!("../data/flashrom-ch341a.txt"));
    let opcodes: Vec<u8> = recorded.iter().flat_map(opcodes).collect();
    for wanted in [0x9F, 0x05, 0x03, 0x06, 0x20, 0x02] {
        assert!(opcodes.contains(&wanted), "{wanted:02x} was not recorded");
    }
    for Burst { out, asked } in recorded {
        let their = &shape(&[out], asked.len());
        let emulator = Emulator::new(Options::default()).unwrap();
        let (recorder, tape) = Recorder::new(emulator.pipe());
        let mut ours = programmer::over(recorder, &Settings::parse("ch341a:plain").unwrap()).unwrap();
        tape.clear();
        // As many bytes written and read as there.
        let written = match their.clocked[0] {
            0x9F | 0x05 => 1,
            0x03 => 4,
            _ => their.clocked.len(),
        };
        let (command, answer) = their.clocked.split_at(written);
        let mut answer = vec![0; answer.len()];
        match answer.is_empty() {
            true => ours.run(&mut [Transaction::write(command)]).unwrap(),
            false => ours.run(&mut [Transaction::read(command, &mut answer)]).unwrap(),
        }
        let all = tape.take();
        let Recorded { out, asked, .. } = &all[0];
        assert_eq!(shape(out, asked.len()), *their, "{:02x}", their.clocked[0]);
        // Behind a write chip select is raised by a burst of its own; they leave that to the next command.
        assert_eq!(all.len(), 1 + usize::from(answer.is_empty()), "{:02x}", their.clocked[0]);
    }
}
