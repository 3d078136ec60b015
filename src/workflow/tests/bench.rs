//! A bench: an emulated programmer with its clip on a chip, and a store in a folder of its own.

use crate::emulator::chip::spec::ChipSpec;
use crate::emulator::chip::{FlashChip, find};
use crate::emulator::{Emulator, Faults, Options, ProgrammerKind, Quirk};
use crate::flash::{Chip, FlashError};
use crate::programmer::{self, Ch341a, Ch347, Driver, Mpsse, Settings};
use crate::spi::{Limits, Op, Programmer, SpiError, Transaction};
use crate::workflow::job::{self, Decide, JobOptions, Report, Wanted};
use crate::workflow::journal::Verb;
use crate::workflow::{Error, Event, Store};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

pub type Clip = Chip<Box<dyn Programmer>>;

/// Both programmers.
pub const KINDS: [ProgrammerKind; 2] = [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h];
/// Size of the emulated W25Q64FV.
pub const SIZE: usize = 8 << 20;

/// A programmer whose every batch is shown to a hook once it has run, with the clock it ran at.
pub struct Tap<P, F>(pub P, pub F);

impl<P: Programmer, F: FnMut(u32, &mut [Transaction<'_>])> Programmer for Tap<P, F> {
    fn limits(&self) -> Limits {
        self.0.limits()
    }
    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        self.0.run(batch)?;
        (self.1)(self.0.limits().clock_hz, batch);
        Ok(())
    }
    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        self.0.baseline(len)
    }
    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
        self.0.set_clock(hz)
    }
    fn release(&mut self) -> Result<(), SpiError> {
        self.0.release()
    }
    fn now(&self) -> Duration {
        self.0.now()
    }
    fn sleep(&mut self, time: Duration) {
        self.0.sleep(time);
    }
}

/// The first byte of a transaction, where it writes one.
pub fn opcode(transaction: &Transaction<'_>) -> Option<u8> {
    match transaction.ops.first() {
        Some(Op::Write(bytes)) => bytes.first().copied(),
        _ => None,
    }
}

pub struct Bench {
    pub emulator: Emulator,
    pub dir: tempfile::TempDir,
    kind: ProgrammerKind,
}

impl Bench {
    pub fn new(kind: ProgrammerKind, contents: Vec<u8>) -> Self {
        Self::with_faults(kind, contents, Faults::default())
    }

    pub fn with_faults(kind: ProgrammerKind, contents: Vec<u8>, faults: Faults) -> Self {
        let options = Options { programmer: kind, contents: Some(contents), faults, ..Options::default() };
        Self { emulator: Emulator::new(options).unwrap(), dir: tempfile::tempdir().unwrap(), kind }
    }

    /// The same behind a CH347T with these quirks.
    pub fn with_ch347(quirks: &[Quirk], contents: Vec<u8>) -> Self {
        let kind = ProgrammerKind::Ch347t;
        let quirks = quirks.to_vec();
        let options = Options { programmer: kind, contents: Some(contents), quirks, ..Options::default() };
        Self { emulator: Emulator::new(options).unwrap(), dir: tempfile::tempdir().unwrap(), kind }
    }

    /// The same with another part.
    pub fn with_part(kind: ProgrammerKind, part: &str, contents: Vec<u8>) -> Self {
        let chip = part.into();
        let options = Options { programmer: kind, chip, contents: Some(contents), ..Options::default() };
        Self { emulator: Emulator::new(options).unwrap(), dir: tempfile::tempdir().unwrap(), kind }
    }

    /// The same around a chip made by hand.
    pub fn with_chip(kind: ProgrammerKind, chip: FlashChip, faults: Faults) -> Self {
        let options = Options { programmer: kind, faults, ..Options::default() };
        let emulator = Emulator::with_chip(&options, chip).unwrap();
        Self { emulator, dir: tempfile::tempdir().unwrap(), kind }
    }

    pub fn programmer(&self) -> Result<Box<dyn Programmer>, SpiError> {
        Ok(match self.kind {
            ProgrammerKind::Ch341a => Box::new(Driver::open(Ch341a::new(&[]), self.emulator.pipe())?),
            ProgrammerKind::Ft2232h => {
                let codec = Mpsse::new(0, &[]).with_clock(30_000_000)?;
                Box::new(Driver::open(codec, self.emulator.pipe())?)
            }
            ProgrammerKind::Ch347t => {
                let codec = Ch347::default().with_clock(30_000_000)?;
                Box::new(Driver::open(codec, self.emulator.pipe())?)
            }
            ProgrammerKind::Serprog(_) => {
                programmer::over(self.emulator.pipe(), &Settings::parse("serprog:tcp=none:1").unwrap())?
            }
            other => panic!("no programmer for {other:?}"),
        })
    }

    pub fn clip(&self) -> Result<Clip, FlashError> {
        Chip::connect(self.programmer()?)
    }

    pub fn store(&self) -> Store {
        Store::open_locked(&self.root()).unwrap()
    }

    pub fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("store")
    }

    /// `write` of a whole image.
    pub fn write(
        &self,
        image: &[u8],
        events: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Report, Error> {
        let mut clip = self.clip()?;
        write(&mut clip, &self.store(), image, events)
    }

    /// Nothing that a driver must not do has been done.
    #[track_caller]
    pub fn assert_no_misdeeds(&self) {
        let counts = self.emulator.counts();
        assert_eq!(counts.misdeed_count(), 0, "{}", counts.misdeed_text());
    }
}

pub fn options(verb: Verb) -> JobOptions {
    JobOptions { verb, programmer: "emu".into(), board: None, dry_run: false, blank_allowed: false }
}

/// `write` of a whole image on a connected chip.
pub fn write<P: Programmer>(
    clip: &mut Chip<P>,
    store: &Store,
    image: &[u8],
    events: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let mut wanted = |_: &_| Ok(Wanted::whole(image.to_vec(), Default::default()));
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
    job::run(clip, store, &options(Verb::Write), &mut decide, events)
}

pub fn quiet(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Contents that repeat nowhere.
pub fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
        .collect()
}

/// The only backup's `flash.bin`.
pub fn flash_bin(root: &Path) -> Vec<u8> {
    let list = Store::open(root).list().unwrap();
    assert_eq!(list.len(), 1);
    std::fs::read(root.join(&list[0].id).join("flash.bin")).unwrap()
}

/// What a backup reads more than twice: 8 KiB at the end of the chip, what our engine reads before them, and twice what it
/// reads after its span.
pub const LAST_LOOK: u64 = 8192 + 37 + 2 * 11;

/// What a backup of a chip of some megabytes reads again at slower clocks, where the programmer has any.
pub fn slower_look(kind: ProgrammerKind) -> u64 {
    if kind == ProgrammerKind::Ch341a { 0 } else { (32 + 4) << 10 }
}

/// A small relative of the W25Q64FV: W25Q40, 512 KiB.
pub const SMALL: usize = 512 << 10;

/// A W25Q40 as the emulator may have it, to be changed.
pub fn small_spec() -> ChipSpec {
    let mut spec = find("W25Q64FV").unwrap();
    spec.name = "W25Q40".into();
    spec.jedec_id = vec![0xef, 0x40, 0x13];
    spec.legacy_id = [0xef, 0x12];
    spec.size = SMALL;
    // Density in the second dword of the basic table at 80h: 4 Mbit.
    spec.sfdp[0x84..0x88].copy_from_slice(&0x003f_ffff_u32.to_le_bytes());
    spec
}

/// One of them with these contents.
pub fn small(spec: ChipSpec, contents: &[u8]) -> FlashChip {
    let mut chip = FlashChip::new(spec, 1);
    chip.contents_mut().copy_from_slice(contents);
    chip
}
