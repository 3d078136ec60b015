//! Codecs and driver on the emulated programmers: right bytes, the wire's speed, pins let go, failures survived.
//!
//! Times are the emulator's virtual ones, so they are the same on every machine.

use crate::bench::{Clip, FURTHER, Opened, SIZE, noise};
use norsplice::emulator::{Fault, Faults, Options, ProgrammerKind, SerprogKind, SpidevKind};
use norsplice::spi::hal::{Device, split};
use norsplice::spi::{Programmer, SpiError, Transaction};
use norsplice::usb::UsbError;
use spi_memory::prelude::*;
use std::time::Duration;

const CHIP: usize = SIZE as usize;

/// Each kind of programmer that the emulator has.
const KINDS: [ProgrammerKind; 6] = [
    ProgrammerKind::Ch341a,
    ProgrammerKind::Ft2232h,
    ProgrammerKind::Ft232h,
    ProgrammerKind::Ft4232h,
    ProgrammerKind::Ch347t,
    ProgrammerKind::Ch347f,
];

/// Opened, with nothing counted yet.
fn opened(clip: Clip) -> (Clip, Opened) {
    let programmer = clip.open();
    clip.emulator.reset_counts();
    (clip, programmer)
}

/// Every kind, opened.
fn clips(contents: Option<&[u8]>) -> impl Iterator<Item = (Clip, Opened)> {
    KINDS.into_iter().map(move |kind| opened(Clip::new(kind, "W25Q64FV", contents.map(<[u8]>::to_vec))))
}

fn ask(programmer: &mut Opened, command: &[u8], len: usize) -> Result<Vec<u8>, SpiError> {
    let mut answer = vec![0; len];
    programmer.run(&mut [Transaction::read(command, &mut answer)])?;
    Ok(answer)
}

fn id(programmer: &mut Opened) -> Result<Vec<u8>, SpiError> {
    ask(programmer, &[0x9F], 3)
}

/// The whole chip in batches of the programmer's choice.
fn read_all(programmer: &mut Opened) -> Vec<u8> {
    let mut data = vec![0; CHIP];
    let limits = programmer.limits();
    let batch = limits.read_batch.min(limits.max_transaction - 4);
    for (i, part) in data.chunks_mut(batch).enumerate() {
        let at = ((i * batch) as u32).to_be_bytes();
        programmer.run(&mut [Transaction::read(&[0x03, at[1], at[2], at[3]], part)]).unwrap();
    }
    data
}

#[test]
fn a_batch_of_many_transactions_comes_back_in_order() {
    for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
        let wanted = noise(CHIP, 1);
        let mut answers: Vec<Vec<u8>> = (0..40).map(|n| vec![0; n * 3]).collect();
        let headers: Vec<[u8; 4]> = (0..40).map(|n| [0x03, 0x10, n, n]).collect();
        let mut batch: Vec<_> =
            headers.iter().zip(&mut answers).map(|(h, a)| Transaction::read(h, a)).collect();
        programmer.run(&mut batch).unwrap();
        for (n, answer) in answers.iter().enumerate() {
            let at = 0x10_0000 + n * 0x101;
            assert_eq!(*answer, wanted[at..at + n * 3], "{} {n}", clip.name);
        }
        assert_eq!(clip.emulator.counts().waits, 1);
        clip.clean();
    }
}

#[test]
fn writing_transfer_and_pause_reach_the_chip() {
    for (clip, mut programmer) in clips(None) {
        let page: Vec<u8> = (0..=255).collect();
        let (mut status, mut after, mut both) = ([0], [0; 256], [0x05, 0]);
        let mut batch = [
            Transaction::write(&[0x06]),
            Transaction { ops: vec![norsplice::spi::Op::Transfer(&mut both)], pause: Duration::ZERO },
            Transaction::write2(&[0x02, 0x12, 0x34, 0x00], &page).then_pause(Duration::from_micros(710)),
            Transaction::read(&[0x05], &mut status),
            Transaction::read(&[0x03, 0x12, 0x34, 0x00], &mut after),
        ];
        programmer.run(&mut batch).unwrap();
        assert_eq!((both[1], status[0]), (0x02, 0x00), "{}: WEL before, nothing after", clip.name);
        assert_eq!(after[..], page[..]);
        clip.clean();
    }
}

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
    let notes = include_str!("../hw-notes/timing.md");
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

struct Tied;
impl embedded_hal::digital::ErrorType for Tied {
    type Error = std::convert::Infallible;
}
impl embedded_hal::digital::OutputPin for Tied {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn w25q32jv_works_on_a_clip() {
    for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
        let mut flash = w25q32jv::W25q32jv::new(Device(&mut programmer), Tied, Tied).unwrap();
        flash.erase_sector(3).unwrap();
        let data = noise(700, 1);
        flash.write_blocking(0x30F0, &data).unwrap();
        let mut back = vec![0; 700];
        flash.read(0x30F0, &mut back).unwrap();
        assert!(back == data, "{}", clip.name);
        assert!(clip.emulator.contents()[0x30F0..0x30F0 + 700] == data, "{}", clip.name);
        clip.clean();
    }
}

#[test]
fn pins_are_let_go_by_release_and_by_drop() {
    let further = FURTHER.into_iter().map(|kind| opened(Clip::new(kind, "W25Q64FV", None)));
    for (clip, mut programmer) in clips(None).chain(further) {
        assert_eq!(id(&mut programmer).unwrap(), [0xEF, 0x40, 0x17]);
        // What a CH347 lets go of is its spare pins; its chip selects are high.
        let held = !clip.name.starts_with("ch347");
        // Of a CH347.
        let high = if held { 0 } else { 0x24 };
        assert_eq!(clip.emulator.pins().1 != 0, held, "{}: driven while in use", clip.name);
        programmer.release().unwrap();
        assert_eq!(clip.emulator.pins().1, 0, "{}: released", clip.name);
        assert_eq!(clip.emulator.pins().0 & high, high, "{}", clip.name);
        assert_eq!(id(&mut programmer).unwrap(), [0xEF, 0x40, 0x17], "{}: and driven again", clip.name);
        assert_eq!(clip.emulator.pins().1 != 0, held, "{}", clip.name);
        clip.clean();
        drop(programmer);
        assert_eq!(clip.emulator.pins().1, 0, "{}: dropped", clip.name);
        assert_eq!(clip.emulator.pins().0 & high, high, "{}", clip.name);
        clip.clean();
    }
}

/// An open that fails half way, at whichever transfer, leaves nothing driven.
#[test]
fn pins_are_let_go_where_opening_fails() {
    for kind in KINDS.into_iter().chain(FURTHER) {
        let mut failed = 0;
        for at in 1..60 {
            let clip = Clip::new(kind, "W25Q64FV", None);
            clip.emulator.set_faults(
                &(at..at + 40).fold(Faults::seeded(at), |f, n| f.with(Fault::StallAtTransfer(n))),
            );
            let opened = clip.try_open();
            failed += u32::from(opened.is_err());
            clip.emulator.set_faults(&Faults::default());
            drop(opened);
            // A refused transfer may have been the one that lets go; what was driven then is let go by the next run.
            if clip.emulator.pins().1 != 0 {
                drop(clip.try_open());
            }
            assert_eq!(clip.emulator.pins().1, 0, "{kind:?}: stalls from {at}");
        }
        assert!(failed > 0, "{kind:?}: no open failed");
    }
}

#[test]
fn the_baseline_never_selects_the_chip() {
    for (clip, mut programmer) in clips(None) {
        let seen = programmer.baseline(64).unwrap();
        assert_eq!(seen, [0xFF; 64], "{}: the data line floats high here", clip.name);
        assert_eq!(clip.emulator.counts().selects, 0, "{}", clip.name);
        clip.clean();
    }
}

#[test]
fn a_usb_fault_is_healed_by_asking_in_another_shape_and_a_write_is_never_repeated() {
    for (fault, recovers) in [
        (Fault::StallAtTransfer(2), true),
        (Fault::LostPacket(2), true),
        (Fault::ShortPacket(2), true),
        (Fault::DoublePacket(2), true),
        (Fault::UnplugAtTransfer(2), false),
    ] {
        for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
            clip.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
            let wanted = &noise(2000, 1)[..];
            let start = programmer.now();
            let struck = ask(&mut programmer, &[0x03, 0, 0, 0], 2000);
            let taken = programmer.now() - start;
            assert!(taken < Duration::from_secs(10), "{}: {fault:?} took {taken:?}", clip.name);
            assert_eq!(clip.emulator.counts().faults, 1, "{}: {fault:?}", clip.name);
            let again = ask(&mut programmer, &[0x03, 0, 0, 0], 2000);
            if recovers {
                assert!(struck.unwrap() == wanted, "{}: {fault:?}", clip.name);
                assert!(again.unwrap() == wanted, "{}: {fault:?}", clip.name);
                clip.emulator.reset_counts();
                clip.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
                let mut into = vec![0; 2000];
                let batch =
                    &mut [Transaction::read(&[0x03, 0, 0, 0], &mut into), Transaction::write(&[0x04])];
                assert!(programmer.run(batch).is_err(), "{}: {fault:?} gave no error", clip.name);
                assert!(clip.emulator.counts().opcodes.get(&0x04).is_none_or(|n| *n == 1));
                assert!(
                    ask(&mut programmer, &[0x03, 0, 0, 0], 2000).unwrap() == wanted,
                    "{}: {fault:?}",
                    clip.name
                );
                clip.clean();
            } else {
                assert_eq!(struck, Err(UsbError::Gone.into()));
                assert_eq!(again, Err(UsbError::Gone.into()));
            }
        }
    }
}

#[test]
fn a_clock_is_set_although_a_fault_strikes_the_command() {
    for fault in [Fault::StallAtTransfer(1), Fault::LostPacket(1)] {
        for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))).filter(|(clip, _)| clip.name != "ch341a") {
            clip.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
            let hz =
                programmer.set_clock(1_000_000).unwrap_or_else(|e| panic!("{}: {fault:?}: {e}", clip.name));
            assert!(hz <= 1_000_000 && programmer.limits().clock_hz == hz, "{}", clip.name);
            let from = programmer.now();
            let wanted = &noise(2000, 1)[..];
            assert!(ask(&mut programmer, &[0x03, 0, 0, 0], 2000).unwrap() == wanted, "{}", clip.name);
            // The device has that clock too.
            let took = programmer.now() - from;
            assert!(took >= Duration::from_secs(2000 * 8) / hz, "{}: {took:?}", clip.name);
            clip.clean();
        }
    }
}

#[test]
fn what_a_broken_session_left_behind_is_cleared_at_the_start() {
    for kind in KINDS {
        let (clip, mut programmer) = opened(Clip::new(kind, "W25Q64FV", Some(noise(CHIP, 1))));
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::LostPacket(5)));
        // A driver that is killed: no release, answers unread.
        let mut into = vec![0; 5000];
        let batch = &mut [Transaction::read(&[0x03, 0, 0, 0], &mut into), Transaction::write(&[0x04])];
        let died = programmer.run(batch);
        assert!(died.is_err());
        std::mem::forget(programmer);
        assert_eq!(id(&mut clip.open()).unwrap(), [0xEF, 0x40, 0x17], "{}", clip.name);
    }
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

#[test]
fn spare_pins_are_held_while_in_use_and_let_go_after() {
    for (kind, text, level, outputs) in [
        (ProgrammerKind::Ch341a, "ch341a:reset=d1", 0x35, 0x3F),
        (ProgrammerKind::Ft2232h, "ft2232h:reset=gpiol0,wp=gpiol1", 0x28, 0x3B),
        (ProgrammerKind::Ft232h, "ft232h:reset=gpiol3:high,led=gpiol2:low", 0x88, 0xCB),
        (ProgrammerKind::Ch347t, "ch347:reset=gpio4,wp=gpio6", 0x64, 0x50),
    ] {
        let clip = Clip::new(kind, "W25Q64FV", None).named(text);
        let mut programmer = clip.open();
        programmer.run(&mut [Transaction::write(&[0x04])]).unwrap();
        assert_eq!(clip.emulator.pins(), (level, outputs), "{text}");
        drop(programmer);
        assert_eq!(clip.emulator.pins().1, 0, "{text}");
        clip.clean();
    }
}

/// Every chip and cable of FTDI's family that is emulated; a cable's outputs are out only while its pins are held.
#[test]
fn every_chip_and_cable_of_ftdi_reads_the_id_and_lets_go() {
    let rows = [
        ("ft2233hp", 0x0403, 0x6040),
        ("ft4233hp", 0x0403, 0x6041),
        ("ft2232hp", 0x0403, 0x6042),
        ("ft4232hp", 0x0403, 0x6043),
        ("ft233hp", 0x0403, 0x6044),
        ("ft232hp", 0x0403, 0x6045),
        ("ft4232ha", 0x0403, 0x6048),
        ("tumpa:speed=30MHz", 0x0403, 0x8A98),
        ("tumpa-lite", 0x0403, 0x8A99),
        ("jtagkey:reset=gpiol1", 0x0403, 0xCFF8),
        ("kt-link", 0x0403, 0xBBE2),
        ("arm-usb-ocd-h:pin=gpiol1:low+gpiol3:high", 0x15BA, 0x002B),
        ("arm-usb-tiny-h", 0x15BA, 0x002A),
    ];
    for (name, vendor, product) in rows {
        let kind = ProgrammerKind::Ftdi { vendor, product };
        let clip = Clip::with(Options::new(kind)).named(name);
        let mut programmer = clip.open();
        assert_eq!(id(&mut programmer).unwrap(), [0xEF, 0x40, 0x17], "{name}");
        assert_ne!(clip.emulator.pins().1, 0, "{name}");
        drop(programmer);
        assert_eq!(clip.emulator.pins().1, 0, "{name}");
        clip.clean();
    }
    // Without them nothing is heard: the same cable taken for a bare chip.
    let kind = ProgrammerKind::Ftdi { vendor: 0x0403, product: 0xCFF8 };
    let clip = Clip::with(Options::new(kind)).named("ft2232h");
    assert_eq!(id(&mut clip.open()).unwrap(), [0xFF; 3]);
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
