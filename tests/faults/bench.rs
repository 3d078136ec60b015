//! One case: a job on a small chip with a fault, and what is done with what it leaves.

use norsplice::emulator::chip::{FlashChip, find};
use norsplice::emulator::{Emulator, Faults, Options, ProgrammerKind};
use norsplice::flash::{Chip, FlashError};
use norsplice::programmer::{Ch341a, Driver, Mpsse};
use norsplice::spi::Programmer;
use norsplice::workflow::job::{self, Decide, JobOptions, Wanted};
use norsplice::workflow::journal::{Direction, Verb};
use norsplice::workflow::resume::{ResumeOptions, resume};
use norsplice::workflow::{Cause, ChipState, Error, Event, Store};
use std::ops::ControlFlow;
use std::time::Duration;

pub const KINDS: [ProgrammerKind; 2] = [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h];

/// A small relative of the W25Q64FV, so that a job takes milliseconds: W25Q40, 512 KiB.
const SMALL: usize = 512 << 10;
/// A smaller one, for what is tried at every single USB transfer: W25X05, 64 KiB.
const TINY: usize = 64 << 10;
/// No case may take longer than this on the emulator's clock: a chip that is busy for ever is given up after twice the
/// longest erase.
const LONGEST: Duration = Duration::from_secs(600);

/// What became of all cases of one fault.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub fault: &'static str,
    pub programmer: &'static str,
    /// Cases.
    pub tried: usize,
    /// The job came to its end in spite of the fault.
    pub written: usize,
    /// It failed and had touched nothing.
    pub untouched: usize,
    /// It failed and was finished afterwards.
    pub finished: usize,
    /// It failed and was undone afterwards.
    pub undone: usize,
    /// Cases that ended otherwise.
    pub lost: Vec<String>,
}

pub fn name(kind: ProgrammerKind) -> &'static str {
    match kind {
        ProgrammerKind::Ch341a => "CH341A",
        _ => "FT2232H",
    }
}

/// All cases, or every `nth`.
pub fn every(nth: usize) -> usize {
    if std::env::var("NORSPLICE_FAULTS").is_ok_and(|v| v == "all") { 1 } else { nth }
}

pub fn print(rows: &[Row]) {
    println!(
        "| fault | programmer | tried | written all the same | failed, untouched | finished by resume | undone | lost |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|");
    for r in rows {
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            r.fault,
            r.programmer,
            r.tried,
            r.written,
            r.untouched,
            r.finished,
            r.undone,
            r.lost.len()
        );
    }
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

/// Before and after: sectors in two places, a block most of which is blank, pages programmed without an erase, and the
/// block at address 0.
pub fn images() -> (Vec<u8>, Vec<u8>) {
    let mut old = random(1, SMALL);
    old[0x6_0000..0x6_1000].fill(0xff);
    let mut new = old.clone();
    new[0x800..0x900].copy_from_slice(&random(2, 0x100));
    new[0x2_3000..0x2_3400].copy_from_slice(&random(3, 0x400));
    new[0x4_0000..0x5_0000].fill(0xff);
    new[0x4_0000..0x4_0800].copy_from_slice(&random(4, 0x800));
    new[0x6_0200..0x6_0400].copy_from_slice(&random(5, 0x200));
    (old, new)
}

/// The same on the tiny chip: a sector, and two pages without an erase.
pub fn tiny_images() -> (Vec<u8>, Vec<u8>) {
    let mut old = random(1, TINY);
    old[0x8000..0x9000].fill(0xff);
    let mut new = old.clone();
    new[0x2300..0x2400].copy_from_slice(&random(2, 0x100));
    new[0x8200..0x8400].copy_from_slice(&random(5, 0x200));
    (old, new)
}

fn chip(contents: &[u8]) -> FlashChip {
    let mut spec = find("W25Q64FV").expect("the emulator has a W25Q64FV");
    spec.size = contents.len();
    if spec.size == TINY {
        spec.name = "W25X05".into();
        spec.jedec_id = vec![0xef, 0x30, 0x10];
        spec.legacy_id = [0xef, 0x05];
        // No SFDP, no security registers, no 64 KiB erase.
        spec.sfdp.clear();
        spec.commands.retain(|c| !matches!(c.opcode, 0x5a | 0x48 | 0x42 | 0x44 | 0xd8));
    } else {
        spec.name = "W25Q40".into();
        spec.jedec_id = vec![0xef, 0x40, 0x13];
        spec.legacy_id = [0xef, 0x12];
        // Density in the second dword of the basic table at 80h: 4 Mbit.
        spec.sfdp[0x84..0x88].copy_from_slice(&0x003f_ffff_u32.to_le_bytes());
    }
    let mut chip = FlashChip::new(spec, 1);
    chip.contents_mut().copy_from_slice(contents);
    chip
}

pub struct Bench {
    pub emulator: Emulator,
    pub kind: ProgrammerKind,
    dir: tempfile::TempDir,
}

impl Bench {
    pub fn new(kind: ProgrammerKind, contents: &[u8], faults: &Faults) -> Self {
        let options = Options { programmer: kind, faults: faults.clone(), ..Options::default() };
        let emulator = Emulator::with_chip(&options, chip(contents)).expect("the options fit");
        Self { emulator, kind, dir: tempfile::tempdir().expect("a folder for the store") }
    }

    pub fn clip(&self) -> Result<Chip<Box<dyn Programmer>>, FlashError> {
        let programmer: Box<dyn Programmer> = match self.kind {
            ProgrammerKind::Ch341a => Box::new(Driver::open(Ch341a::new(&[]), self.emulator.pipe())?),
            _ => Box::new(Driver::open(Mpsse::new(0, &[]).with_clock(30_000_000)?, self.emulator.pipe())?),
        };
        Chip::connect(programmer)
    }

    pub fn store(&self) -> Store {
        Store::open_locked(self.dir.path()).expect("a store of its own")
    }

    /// The job of the matrix.
    pub fn write(
        &self,
        new: &[u8],
        events: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<ChipState, Error> {
        let mut clip = self.clip()?;
        let options = JobOptions {
            verb: Verb::Write,
            programmer: "emu".into(),
            board: None,
            dry_run: false,
            blank_allowed: false,
        };
        let mut wanted = |_: &_| Ok(Wanted::whole(new.to_vec(), Default::default()));
        let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
        job::run(&mut clip, &self.store(), &options, &mut decide, events).map(|r| r.chip)
    }

    /// Everything is well again.
    pub fn mend(&self) {
        self.emulator.set_faults(&Faults::default());
        self.emulator.plug();
        // Off and on again: a chip that is busy for ever knows no other cure.
        self.emulator.power_cut();
        self.emulator.power_up();
    }

    fn go_on(&self, direction: Direction) -> Result<ChipState, Error> {
        let mut clip = self.clip()?;
        let options = ResumeOptions { direction: Some(direction), ..ResumeOptions::default() };
        resume(&mut clip, &self.store(), &options, &mut |_| ControlFlow::Continue(())).map(|r| r.chip)
    }
}

pub fn quiet(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Row {
    pub fn new(fault: &'static str, kind: ProgrammerKind) -> Self {
        Row { fault, programmer: name(kind), ..Row::default() }
    }

    /// One case: the job with the fault, then the mending, then the way on that `undo` says.
    pub fn case(&mut self, kind: ProgrammerKind, case: &str, faults: &Faults, undo: bool) {
        self.case_with(kind, case, faults, undo, &images(), &mut quiet);
    }

    pub fn case_with(
        &mut self,
        kind: ProgrammerKind,
        case: &str,
        faults: &Faults,
        undo: bool,
        (old, new): &(Vec<u8>, Vec<u8>),
        events: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) {
        let bench = Bench::new(kind, old, faults);
        self.tried += 1;
        let result = bench.write(new, events);
        let mut fail = |why: String| self.lost.push(format!("{case}: {why}"));
        if bench.emulator.clock().now() > LONGEST {
            fail(format!("took {:?}", bench.emulator.clock().now()));
        }
        bench.mend();
        let open = bench.store().open_jobs().expect("the store is readable").len();
        let contents = bench.emulator.contents();
        match result {
            Ok(ChipState::Written) if contents == *new && open == 0 => self.written += 1,
            Ok(state) => {
                fail(format!("ended as {state:?}, {open} jobs open, contents right: {}", contents == *new))
            }
            Err(error) => match &error.chip {
                ChipState::Untouched if contents == *old && open == 0 => self.untouched += 1,
                ChipState::Partial { .. } if open == 1 => {
                    let (direction, wanted) =
                        if undo { (Direction::Undo, old) } else { (Direction::Finish, new) };
                    match bench.go_on(direction) {
                        Ok(_) if bench.emulator.contents() == *wanted => match undo {
                            true => self.undone += 1,
                            false => self.finished += 1,
                        },
                        Ok(state) => fail(format!("{error}; then {state:?} with other contents")),
                        Err(again) => fail(format!("{error}; then {again}")),
                    }
                }
                state => {
                    fail(format!("{error}; {state:?}, {open} jobs open, untouched: {}", contents == *old))
                }
            },
        }
    }
}

/// How often a job does what, when nothing goes wrong.
pub struct Whole {
    pub operations: u64,
    pub spi_bytes: u64,
    pub transfers: u64,
    pub in_packets: u64,
    pub time: Duration,
}

pub fn whole(kind: ProgrammerKind, (old, new): &(Vec<u8>, Vec<u8>)) -> Whole {
    let bench = Bench::new(kind, old, &Faults::default());
    let state = bench.write(new, &mut quiet).expect("the job without a fault");
    assert_eq!(state, ChipState::Written);
    assert!(bench.emulator.contents() == *new);
    let c = bench.emulator.counts();
    assert_eq!(c.misdeed_count(), 0, "{}", c.misdeed_text());
    Whole {
        operations: c.operations,
        spi_bytes: c.spi_bytes,
        transfers: c.out_transfers + c.in_transfers + c.control_transfers,
        in_packets: c.in_packets,
        time: bench.emulator.clock().now(),
    }
}

/// The first cause of an error, for the rows that ask for it.
pub fn disagrees(error: &Error) -> bool {
    matches!(
        *error.cause,
        Cause::Disagree { .. }
            | Cause::Contact(_)
            | Cause::Flash(FlashError::Unstable { .. } | FlashError::UnstableStatus { .. })
    )
}
