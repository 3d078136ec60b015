//! A clip for one test: an emulated programmer with its chip, opened as the program opens one.

use norsplice::emulator::chip::FlashChip;
use norsplice::emulator::chip::spec::ChipSpec;
use norsplice::emulator::{Emulator, Options, ProgrammerKind, SerprogKind, SpidevKind};
use norsplice::flash::{Chip, FlashError, Permit};
use norsplice::programmer::{self, Settings};
use norsplice::span::{Span, Spans};
use norsplice::spi::{Programmer, SpiError};
use std::ops::ControlFlow;

/// Bytes of the emulator's default chip.
pub const SIZE: u64 = 8 << 20;

/// Each kind of programmer on USB: one that pauses by itself and two that do not, one with small packets and one with large ones.
pub const PROGRAMMERS: [ProgrammerKind; 3] =
    [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h, ProgrammerKind::Ch347t];
/// The others: the CH347 of one mode, firmwares with limits of their own, and the kernel's buffers.
pub const FURTHER: [ProgrammerKind; 4] = [
    ProgrammerKind::Ch347f,
    ProgrammerKind::Serprog(SerprogKind::Short),
    ProgrammerKind::Serprog(SerprogKind::Esp32),
    ProgrammerKind::Spidev(SpidevKind::Pi),
];

/// Every programmer.
pub fn programmers() -> impl Iterator<Item = ProgrammerKind> {
    PROGRAMMERS.into_iter().chain(FURTHER)
}

/// Every part behind each of [`PROGRAMMERS`], and behind one of [`FURTHER`]; behind each of them where all is asked for.
pub fn parts_on_programmers(names: Vec<String>) -> impl Iterator<Item = (ProgrammerKind, String)> {
    let pairs = names.into_iter().enumerate().flat_map(|(n, name)| {
        let further =
            FURTHER.into_iter().enumerate().filter(move |(m, _)| super::all() || n % FURTHER.len() == *m);
        let kinds = PROGRAMMERS.into_iter().chain(further.map(|(_, kind)| kind));
        kinds.map(move |kind| (kind, name.clone()))
    });
    pairs.collect::<Vec<_>>().into_iter()
}

/// The programmer that a clip opens.
pub type Opened = Box<dyn Programmer>;

/// An emulated programmer with its chip.
pub struct Clip {
    pub emulator: Emulator,
    /// The programmer as after `-p`.
    pub name: String,
}

impl Clip {
    /// With this part, blank unless there are contents.
    pub fn new(kind: ProgrammerKind, part: &str, contents: Option<Vec<u8>>) -> Self {
        let mut options = Options::new(kind);
        options.chip = part.into();
        options.contents = contents;
        Self::with(options)
    }

    pub fn with(options: Options) -> Self {
        let kind = options.programmer;
        Self::of(kind, Emulator::new(options).expect("the options fit"))
    }

    /// With a part that is in no table.
    pub fn with_chip(kind: ProgrammerKind, spec: ChipSpec) -> Self {
        Self::of(
            kind,
            Emulator::with_chip(&Options::new(kind), FlashChip::new(spec, 1)).expect("the options fit"),
        )
    }

    pub fn of(kind: ProgrammerKind, emulator: Emulator) -> Self {
        let name = match kind {
            ProgrammerKind::Ch341a => "ch341a",
            ProgrammerKind::Ft2232h => "ft2232h:speed=30MHz",
            ProgrammerKind::Ft232h => "ft232h:speed=30MHz",
            ProgrammerKind::Ft4232h => "ft4232h:speed=30MHz",
            ProgrammerKind::Ch347t | ProgrammerKind::Ch347f => "ch347:speed=30MHz",
            // Named by the test.
            ProgrammerKind::Ftdi { .. } => "",
            ProgrammerKind::Serprog(_) => "serprog",
            ProgrammerKind::Spidev(_) => "spidev",
            other => panic!("{other:?}"),
        };
        Self { emulator, name: name.into() }
    }

    /// The same under another name, with options of `-p`.
    pub fn named(self, name: &str) -> Self {
        Self { name: name.into(), ..self }
    }

    pub fn try_open(&self) -> Result<Opened, SpiError> {
        programmer::over(self.emulator.pipe(), &Settings::parse(&self.name).expect("a programmer's name"))
    }

    #[track_caller]
    pub fn open(&self) -> Opened {
        self.try_open().unwrap_or_else(|e| panic!("{}: {e}", self.name))
    }

    /// The chip, or why there is none.
    pub fn connect(&self) -> Result<Chip<Opened>, FlashError> {
        Chip::connect(self.try_open()?)
    }

    /// The driver has done nothing wrong to the chip.
    #[track_caller]
    pub fn clean(&self) {
        assert_eq!(self.emulator.counts().misdeed_text(), "", "{}", self.name);
    }
}

/// A clip and the chip connected on it.
#[track_caller]
pub fn connected(kind: ProgrammerKind, part: &str, contents: Option<Vec<u8>>) -> (Clip, Chip<Opened>) {
    let clip = Clip::new(kind, part, contents);
    let chip = clip.connect().unwrap_or_else(|e| panic!("{kind:?} with {part}: {e}"));
    (clip, chip)
}

/// All of the chip in one pass, and the seconds that it took.
pub fn read_forward(chip: &mut Chip<Opened>) -> (Vec<u8>, f64) {
    let start = chip.programmer().now();
    let mut data = Vec::new();
    let whole = Span::new(0, chip.geometry().size);
    let _ = chip
        .read_forward(whole, &mut |_, bytes| {
            data.extend_from_slice(bytes);
            ControlFlow::Continue(())
        })
        .expect("it can be read");
    (data, (chip.programmer().now() - start).as_secs_f64())
}

/// May change all of the chip.
pub fn permit(chip: &Chip<Opened>) -> Permit {
    let whole = Span::new(0, chip.geometry().size);
    Permit::contents_are_backed_up(Spans::from(whole), &chip.identity().jedec_id)
}

/// Bytes without a pattern, the same for the same seed.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out.extend_from_slice(&x.to_le_bytes());
    }
    out.truncate(len);
    out
}
