//! One emulated programmer with a connected chip, and what every test asks of it.

use norsplice::emulator::{EmulatedPipe, Emulator, Options, ProgrammerKind};
use norsplice::flash::{Chip, FlashError, Permit};
use norsplice::programmer::{Ch341a, Driver, Mpsse};
use norsplice::span::{Span, Spans};
use norsplice::spi::Programmer;

pub const SIZE: u64 = 8 << 20;

pub struct Bench {
    pub emulator: Emulator,
    pub chip: Chip<Box<dyn Programmer>>,
}

/// Both kinds of programmer: one that pauses by itself, one that does not.
pub const PROGRAMMERS: [ProgrammerKind; 2] = [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h];

pub fn programmer(emulator: &Emulator, kind: ProgrammerKind) -> Box<dyn Programmer> {
    let pipe: EmulatedPipe = emulator.pipe();
    match kind {
        ProgrammerKind::Ch341a => Box::new(Driver::open(Ch341a::default(), pipe).unwrap()),
        ProgrammerKind::Ft2232h => {
            let codec = Mpsse::new(0, &[]).with_clock(30_000_000).unwrap();
            Box::new(Driver::open(codec, pipe).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

pub fn emulator(kind: ProgrammerKind, chip: &str, contents: Option<Vec<u8>>) -> Emulator {
    Emulator::new(Options { programmer: kind, chip: chip.into(), contents, ..Options::default() }).unwrap()
}

pub fn connect(emulator: &Emulator, kind: ProgrammerKind) -> Result<Chip<Box<dyn Programmer>>, FlashError> {
    Chip::connect(programmer(emulator, kind))
}

pub fn bench(kind: ProgrammerKind, chip: &str, contents: Option<Vec<u8>>) -> Bench {
    let emulator = emulator(kind, chip, contents);
    let chip = connect(&emulator, kind).unwrap();
    Bench { emulator, chip }
}

impl Bench {
    pub fn permit(&self) -> Permit {
        let whole = Span::new(0, self.chip.geometry().size);
        Permit::contents_are_backed_up(Spans::from(whole), &self.chip.identity().jedec_id)
    }

    pub fn clean(&self) {
        assert_eq!(self.emulator.counts().misdeed_text(), "");
    }
}

/// Bytes without a pattern, the same for the same seed.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 24) as u8
        })
        .collect()
}
