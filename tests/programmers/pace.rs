//! How long it takes, in the emulator's virtual time: the same on every machine.

use super::opened::{CHIP, KINDS, ask, clips, id, opened, read_all};
use crate::bench::{Clip, noise};
use norsplice::emulator::{ProgrammerKind, SerprogKind, SpidevKind};
use norsplice::spi::Programmer;
use norsplice::spi::hal::split;
use spi_memory::prelude::*;
use std::time::Duration;

#[test]
fn a_full_read_keeps_to_the_wire() {
    for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
        let start = programmer.now();
        let data = read_all(&mut programmer);
        let taken = (programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP, 1), "{}", clip.name);
        let (floor, allowed) = match clip.name.as_str() {
            "ch341a" => (45.0, 1.03),
            "ch347:speed=30MHz" => (2.24, 1.10),
            _ => (2.24, 1.05),
        };
        assert!(taken < floor * allowed, "{}: {taken} s, the wire takes {floor}", clip.name);
        let counts = clip.emulator.counts();
        assert!(counts.waits <= (CHIP / 65536) as u64, "{}: {} waits", clip.name, counts.waits);
        assert_eq!(counts.array_bytes_read(), CHIP as u64);
        clip.clean();
    }
}

/// One row of hw-notes/timing.md: a full read, and a block of 64 KiB erased, programmed and verified.
fn plain_row(kind: ProgrammerKind, title: &str, name: &str) -> (String, f64) {
    let (_clip, mut programmer) = opened(Clip::new(kind, "W25Q64FV", Some(noise(CHIP, 1))).named(name));
    let start = programmer.now();
    assert!(read_all(&mut programmer) == noise(CHIP, 1), "{name}");
    let read = (programmer.now() - start).as_secs_f64();
    let mut chip = norsplice::flash::Chip::connect(programmer).unwrap();
    let permit = crate::bench::permit(&chip);
    let block = *chip.geometry().erase.iter().find(|erase| erase.size == 0x1_0000).unwrap();
    let start = chip.programmer().now();
    chip.erase(&block, 0, &permit).unwrap();
    chip.program(0, &noise(0x1_0000, 7), &permit).unwrap();
    assert!(chip.verify(0, &noise(0x1_0000, 7)).unwrap().is_empty(), "{name}");
    let wrote = (chip.programmer().now() - start).as_secs_f64();
    (format!("| {title} | {read:.2} s | {wrote:.2} s |"), read)
}

const PICO: ProgrammerKind = ProgrammerKind::Serprog(SerprogKind::PicoAny);
const ESP32: ProgrammerKind = ProgrammerKind::Serprog(SerprogKind::Esp32);
const PI: ProgrammerKind = ProgrammerKind::Spidev(SpidevKind::Pi);

#[test]
fn plain_mode_keeps_to_its_rows() {
    let notes = include_str!("../../hw-notes/timing.md");
    let cases = [
        (ProgrammerKind::Ch341a, "CH341A, fast", "ch341a", 46.0),
        (ProgrammerKind::Ch341a, "CH341A, plain", "ch341a:plain", 50.0),
        (ProgrammerKind::Ft2232h, "FT2232H at 30 MHz, fast", "ft2232h:speed=30MHz", 2.4),
        (ProgrammerKind::Ft2232h, "FT2232H at 30 MHz, plain", "ft2232h:speed=30MHz,plain", 4.0),
        (ProgrammerKind::Ch347t, "CH347 at 30 MHz, fast", "ch347:speed=30MHz", 2.5),
        (ProgrammerKind::Ch347t, "CH347 at 30 MHz, plain", "ch347:speed=30MHz,plain", 4.0),
        (PICO, "serprog, Pico at 12 MHz, fast", "serprog", 7.0),
        (PICO, "serprog, Pico at 12 MHz, plain", "serprog:plain", 7.0),
        (ESP32, "serprog, ESP32 at 10 MHz, fast", "serprog", 16.0),
        (ESP32, "serprog, ESP32 at 10 MHz, plain", "serprog:plain", 20.0),
        (PI, "spidev, Pi at 9.6 MHz, fast", "spidev", 7.5),
        (PI, "spidev, Pi at 9.6 MHz, plain", "spidev:plain", 7.5),
    ];
    let mut missing = Vec::new();
    for (kind, title, name, limit) in cases {
        let (row, read) = plain_row(kind, title, name);
        println!("{row}");
        assert!(read <= limit, "{name}: {read} s, {limit} are allowed");
        if !notes.contains(&row) {
            missing.push(row);
        }
    }
    assert!(missing.is_empty(), "hw-notes/timing.md has other rows: {missing:#?}");
}

#[test]
fn spi_memory_s_full_read_keeps_to_the_wire_too() {
    for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
        let start = programmer.now();
        let (bus, select) = split(&mut programmer);
        let mut flash = spi_memory::series25::Flash::init(bus, select).unwrap();
        let mut data = vec![0; CHIP];
        for (i, part) in data.chunks_mut(65536).enumerate() {
            flash.read((i * 65536) as u32, part).unwrap();
        }
        drop(flash);
        let taken = (programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP, 1), "{}", clip.name);
        let (floor, allowed) = match clip.name.as_str() {
            "ch341a" => (45.0, 1.03),
            _ => (2.24, 1.10),
        };
        assert!(taken < floor * allowed, "{}: {taken} s, the wire takes {floor}", clip.name);
        assert!(clip.emulator.counts().waits <= 130, "a command is one burst");
        clip.clean();
    }
}

/// Plain mode is what is left when the fast one cannot be proven: a CH341A's full read takes at most 50 s in it.
#[test]
fn a_full_read_in_plain_mode_has_its_own_limit() {
    for (kind, name, most) in [
        (ProgrammerKind::Ch341a, "ch341a:plain", 50.0),
        (ProgrammerKind::Ft2232h, "ft2232h:speed=15MHz,plain", 8.0),
        (ProgrammerKind::Ft232h, "ft232h:speed=15MHz,plain", 8.0),
    ] {
        let (clip, mut programmer) = opened(Clip::new(kind, "W25Q64FV", Some(noise(CHIP, 1))).named(name));
        let start = programmer.now();
        let data = read_all(&mut programmer);
        let taken = (programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP, 1), "{name}");
        println!("{name}: {taken:.2} s, {} bursts", clip.emulator.counts().waits);
        assert!(taken <= most, "{name}: {taken} s");
        clip.clean();
    }
}

#[test]
fn the_clock_that_is_asked_for_is_the_clock_on_the_wire() {
    let (clip, mut programmer) =
        opened(Clip::new(ProgrammerKind::Ft2232h, "W25Q64FV", None).named("ft2232h:speed=1MHz"));
    let mut timed = |hz: Option<u32>| {
        let set = hz.map(|hz| programmer.set_clock(hz).unwrap());
        let start = programmer.now();
        ask(&mut programmer, &[0x03, 0, 0, 0], 9996).unwrap();
        (set, (programmer.now() - start).as_micros())
    };
    let (_, slow) = timed(None);
    assert!((80_000..81_500).contains(&slow), "10,000 bytes at 1 MHz took {slow} us");
    let (set, fast) = timed(Some(9_000_000));
    assert_eq!(set, Some(7_500_000));
    assert!((10_667..12_000).contains(&fast), "10,000 bytes at 7.5 MHz took {fast} us");
    clip.clean();
}

#[test]
fn the_chip_answers_within_a_few_milliseconds_of_opening_and_the_proof_takes_at_most_25_ms() {
    let opened = |clip: &Clip| {
        let mut programmer = clip.open();
        let (open, counts) = (programmer.now(), clip.emulator.counts());
        assert_eq!(id(&mut programmer).unwrap(), [0xEF, 0x40, 0x17]);
        assert!(programmer.now() < Duration::from_millis(20), "{}: {:?}", clip.name, programmer.now());
        (open, counts)
    };
    for kind in KINDS {
        let clip = Clip::new(kind, "W25Q64FV", None);
        let name = &clip.name;
        let (proven, counts) = opened(&clip);
        let plain = format!("{name}{}plain", if name.contains(':') { "," } else { ":" });
        let (unproven, _) = opened(&Clip::new(kind, "W25Q64FV", None).named(&plain));
        let proof = proven - unproven;
        println!("{name}: open {proven:?}, of them the proof {proof:?}");
        assert!(proof > Duration::ZERO && proof <= Duration::from_millis(25), "{name}: {proof:?}");
        // Questions only: status and id.
        assert!(counts.opcodes.keys().all(|op| [0x05, 0x9F].contains(op)), "{name}: {:?}", counts.opcodes);
        assert_eq!(counts.opcodes[&0x9F], 9, "{name}");
    }
}
