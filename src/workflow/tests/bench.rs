//! A bench: an emulated programmer with its clip on a chip, and a store in a folder of its own.

use crate::emulator::{Emulator, Faults, Options, ProgrammerKind};
use crate::flash::{Chip, FlashError};
use crate::programmer::{Ch341a, Driver, Mpsse};
use crate::spi::{Programmer, SpiError};
use crate::workflow::job::{self, Decide, JobOptions, Report, Wanted};
use crate::workflow::journal::Verb;
use crate::workflow::{Error, Event, Store};
use std::ops::ControlFlow;
use std::path::Path;

pub type Clip = Chip<Box<dyn Programmer>>;

/// Both programmers.
pub const KINDS: [ProgrammerKind; 2] = [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h];
/// Size of the emulated W25Q64FV.
pub const SIZE: usize = 8 << 20;

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

    pub fn programmer(&self) -> Result<Box<dyn Programmer>, SpiError> {
        Ok(match self.kind {
            ProgrammerKind::Ch341a => Box::new(Driver::open(Ch341a::new(&[]), self.emulator.pipe())?),
            ProgrammerKind::Ft2232h => {
                let codec = Mpsse::new(0, &[]).with_clock(30_000_000)?;
                Box::new(Driver::open(codec, self.emulator.pipe())?)
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
