//! What whole jobs cost on the emulated programmers, in virtual time: `cargo bench --bench wire` prints the tables of
//! README.md and hw-notes/timing.md; `-- CH347 spidev` those of the programmers with these words in their names. The same
//! figures on every machine.
//!
//! The physical limit: every array byte that has to be read, and every byte of the write enables, page and erase
//! commands, at the SPI clock; the chip's typical times; nothing for USB, status or the host.

use norsplice::emulator::chip::find;
use norsplice::emulator::{Bus, Counts, Emulator, Options, ProgrammerKind, SerprogKind, SpidevKind};
use norsplice::flash::Chip;
use norsplice::programmer::{self, Settings};
use norsplice::span::Span;
use norsplice::spi::Programmer;
use norsplice::units::{KIB, MIB};
use norsplice::workflow::job::{self, Decide, JobOptions, Wanted};
use norsplice::workflow::journal::Verb;
use norsplice::workflow::reading::{self, ReadOptions};
use norsplice::workflow::{Event, Store};
use std::ops::ControlFlow;
use std::time::Duration;

const SIZE: u64 = 8 * MIB;
const PART: &str = "W25Q64FV";
const PAGE: u64 = 256;
const BLOCK: u64 = 64 * KIB;

/// Programmer, as the emulator and the user name it, and its SPI clock.
const PROGRAMMERS: [(&str, ProgrammerKind, &str, u64); 6] = [
    ("CH341A", ProgrammerKind::Ch341a, "ch341a", 1_500_000),
    ("FT2232H, 30 MHz", ProgrammerKind::Ft2232h, "ft2232h:speed=30MHz", 30_000_000),
    ("CH347, 30 MHz", ProgrammerKind::Ch347t, "ch347:speed=30MHz", 30_000_000),
    (
        "serprog, Pico, 12 MHz",
        ProgrammerKind::Serprog(SerprogKind::PicoAny),
        "serprog:tcp=none:1",
        12_000_000,
    ),
    ("serprog, ESP32, 10 MHz", ProgrammerKind::Serprog(SerprogKind::Esp32), "serprog:tcp=none:1", 10_000_000),
    ("spidev, Pi, 9.6 MHz", ProgrammerKind::Spidev(SpidevKind::Pi), "spidev:dev=/dev/none", 250_000_000 / 26),
];

/// A job: what is on the chip before, and what changes. Every write begins with the two reads of its backup.
struct Job {
    name: &'static str,
    before: Before,
    change: Option<Span>,
}

#[derive(Clone, Copy, PartialEq)]
enum Before {
    Random,
    Blank,
}

const WHOLE: Span = Span { start: 0, end: SIZE };
const JOBS: [Job; 5] = [
    Job { name: "full read, one pass", before: Before::Random, change: None },
    Job { name: "full write to a blank chip", before: Before::Blank, change: Some(WHOLE) },
    Job {
        name: "loader swap, 128 KiB",
        before: Before::Random,
        change: Some(Span { start: 0, end: 0x2_0000 }),
    },
    Job {
        name: "firmware swap, 0x20000-0x7d0000",
        before: Before::Random,
        change: Some(Span { start: 0x2_0000, end: 0x7d_0000 }),
    },
    Job { name: "whole rewrite", before: Before::Random, change: Some(WHOLE) },
];

/// What a job cost.
struct Cost {
    counts: Counts,
    time: Duration,
}

fn random(seed: u64, len: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = |_| {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        (x >> 32) as u8
    };
    (0..len).map(step).collect()
}

fn quiet(_: Event) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

impl Job {
    fn before(&self) -> Vec<u8> {
        match self.before {
            Before::Random => random(1, SIZE),
            Before::Blank => vec![0xff; SIZE as usize],
        }
    }

    fn run(&self, kind: ProgrammerKind, settings: &str, bus: Bus) -> Cost {
        let before = self.before();
        let mut options = Options::new(kind);
        options.chip = PART.into();
        options.contents = Some(before.clone());
        options.bus = bus;
        let emulator = Emulator::new(options).expect("the part is emulated");
        let settings = Settings::parse(settings).expect("written here");
        let programmer = programmer::over(emulator.pipe(), &settings).expect("it is plugged in");
        let mut chip = Chip::connect(programmer).expect("it answers");
        let wanted = match self.change {
            None => {
                let mut options = ReadOptions::default();
                options.passes = 1;
                let read = reading::read(&mut chip, WHOLE, &options, &mut quiet).expect("no faults");
                assert!(read.bytes == before);
                before
            }
            Some(change) => {
                let mut wanted = before;
                wanted[change.range()].copy_from_slice(&random(2, change.len()));
                write(&mut chip, &wanted);
                wanted
            }
        };
        let cost = Cost { counts: emulator.counts(), time: emulator.clock().now() };
        assert!(emulator.contents() == wanted, "{}", self.name);
        assert_eq!(cost.counts.misdeed_text(), "");
        cost
    }

    /// The least time that SPI and chip need for it.
    fn limit(&self, clock_hz: u64) -> Duration {
        let wire = |bytes: u64| Duration::from_nanos(bytes * 8_000_000_000 / clock_hz);
        let chip = find(PART).expect("the part is emulated").times;
        let Some(change) = self.change else { return wire(SIZE) };
        let erases = if self.before == Before::Blank { 0 } else { (change.len() / BLOCK) as u32 };
        let pages = (change.len() / PAGE) as u32;
        let erase =
            chip.erase.iter().find(|(size, _)| *size as u64 == BLOCK).expect("it has 64 KiB blocks").1;
        wire(2 * SIZE + change.len())
            + (wire(1 + 4) + erase) * erases
            + (wire(1 + 4 + PAGE) + chip.page) * pages
    }
}

fn write<P: Programmer>(chip: &mut Chip<P>, image: &[u8]) {
    let dir = tempfile::tempdir().expect("a folder for the store");
    let store = Store::open_locked(&dir.path().join("store")).expect("a store of its own");
    let mut options = JobOptions::new(Verb::Write);
    options.blank_allowed = true;
    let mut wanted = |_: &_| Ok(Wanted::whole(image.to_vec(), Default::default()));
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
    job::run(chip, &store, &options, &mut decide, &mut quiet).expect("no faults");
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// The programmers that are asked for by words of their names; all without any.
fn asked() -> impl Iterator<Item = (&'static str, ProgrammerKind, &'static str, u64)> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    PROGRAMMERS
        .into_iter()
        .filter(move |(name, ..)| words.is_empty() || words.iter().any(|word| name.contains(word)))
}

fn main() {
    println!(
        "| job | programmer | USB transfers | USB bytes | SPI bytes | status polls | waits | chip busy | time | limit | ratio |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    for job in &JOBS {
        for (name, kind, settings, clock_hz) in asked() {
            let Cost { counts, time } = job.run(kind, settings, Bus::default());
            let limit = job.limit(clock_hz);
            println!(
                "| {} | {name} | {} | {} | {} | {} | {} | {:.1} s | {:.2} s | {:.2} s | {:.3} |",
                job.name,
                thousands(counts.out_transfers + counts.in_transfers + counts.control_transfers),
                thousands(counts.usb_bytes),
                thousands(counts.spi_bytes),
                thousands(counts.status_polls),
                thousands(counts.waits),
                counts.busy.as_secs_f64(),
                time.as_secs_f64(),
                limit.as_secs_f64(),
                time.as_secs_f64() / limit.as_secs_f64(),
            );
        }
    }
    println!();
    variants();
}

/// The same where the bus is not as modelled.
fn variants() {
    let variants = [
        ("as modelled", Bus::default()),
        ("packets take twice their time", Bus { slower: 2, ..Bus::default() }),
        ("four times", Bus { slower: 4, ..Bus::default() }),
        ("the host takes 1 ms between bursts", Bus { host: Duration::from_millis(1), ..Bus::default() }),
        ("the CH341A does not overlap", Bus { overlap: false, ..Bus::default() }),
    ];
    print!("| seconds | programmer |");
    variants.iter().for_each(|(what, _)| print!(" {what} |"));
    println!("\n|---|---|{}", "---:|".repeat(variants.len()));
    for job in &JOBS {
        for (name, kind, settings, _) in asked() {
            print!("| {} | {name} |", job.name);
            for (_, bus) in variants {
                if bus.overlap || kind == ProgrammerKind::Ch341a {
                    print!(" {:.2} |", job.run(kind, settings, bus).time.as_secs_f64());
                } else {
                    print!(" |");
                }
            }
            println!();
        }
    }
}
