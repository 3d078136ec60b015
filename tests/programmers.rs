//! Codecs and driver on the emulated programmers: right bytes, the wire's speed, pins let go, failures survived.
//!
//! Times are the emulator's virtual ones, so they are the same on every machine.

use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind};
use norsplice::programmer::{self, Settings};
use norsplice::spi::hal::{Device, split};
use norsplice::spi::{Programmer, SpiError, Transaction};
use norsplice::usb::UsbError;
use spi_memory::prelude::*;
use std::time::Duration;

const CHIP: usize = 8 << 20;

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(step).collect()
}

/// Each kind of programmer as the emulator and the user name it.
const KINDS: [(ProgrammerKind, &str); 4] = [
    (ProgrammerKind::Ch341a, "ch341a"),
    (ProgrammerKind::Ft2232h, "ft2232h:speed=30MHz"),
    (ProgrammerKind::Ft232h, "ft232h:speed=30MHz"),
    (ProgrammerKind::Ft4232h, "ft4232h:speed=30MHz"),
];

struct Bench {
    emulator: Emulator,
    programmer: Box<dyn Programmer>,
    name: &'static str,
}

fn bench(kind: ProgrammerKind, name: &'static str, contents: Option<Vec<u8>>) -> Bench {
    let emulator = Emulator::new(Options { programmer: kind, contents, ..Options::default() }).unwrap();
    let programmer = programmer::over(emulator.pipe(), &Settings::parse(name).unwrap()).unwrap();
    emulator.reset_counts();
    Bench { emulator, programmer, name }
}

fn benches(contents: Option<&[u8]>) -> impl Iterator<Item = Bench> {
    KINDS.into_iter().map(move |(kind, name)| bench(kind, name, contents.map(<[u8]>::to_vec)))
}

impl Bench {
    fn clean(&self) {
        assert_eq!(self.emulator.counts().misdeed_text(), "", "{}", self.name);
    }

    fn ask(&mut self, command: &[u8], len: usize) -> Result<Vec<u8>, SpiError> {
        let mut answer = vec![0; len];
        self.programmer.run(&mut [Transaction::read(command, &mut answer)])?;
        Ok(answer)
    }

    fn id(&mut self) -> Result<Vec<u8>, SpiError> {
        self.ask(&[0x9F], 3)
    }

    /// The whole chip in batches of the programmer's choice.
    fn read_all(&mut self) -> Vec<u8> {
        let mut data = vec![0; CHIP];
        let batch = self.programmer.limits().read_batch;
        for (i, part) in data.chunks_mut(batch).enumerate() {
            let at = ((i * batch) as u32).to_be_bytes();
            self.programmer.run(&mut [Transaction::read(&[0x03, at[1], at[2], at[3]], part)]).unwrap();
        }
        data
    }
}

#[test]
fn a_batch_of_many_transactions_comes_back_in_order() {
    for mut bench in benches(Some(&noise(CHIP))) {
        let wanted = noise(CHIP);
        let mut answers: Vec<Vec<u8>> = (0..40).map(|n| vec![0; n * 3]).collect();
        let headers: Vec<[u8; 4]> = (0..40).map(|n| [0x03, 0x10, n, n]).collect();
        let mut batch: Vec<_> =
            headers.iter().zip(&mut answers).map(|(h, a)| Transaction::read(h, a)).collect();
        bench.programmer.run(&mut batch).unwrap();
        for (n, answer) in answers.iter().enumerate() {
            let at = 0x10_0000 + n * 0x101;
            assert_eq!(*answer, wanted[at..at + n * 3], "{} {n}", bench.name);
        }
        assert_eq!(bench.emulator.counts().waits, 1);
        bench.clean();
    }
}

#[test]
fn writing_transfer_and_pause_reach_the_chip() {
    for mut bench in benches(None) {
        let page: Vec<u8> = (0..=255).collect();
        let (mut status, mut after, mut both) = ([0], [0; 256], [0x05, 0]);
        let mut batch = [
            Transaction::write(&[0x06]),
            Transaction { ops: vec![norsplice::spi::Op::Transfer(&mut both)], pause: Duration::ZERO },
            Transaction::write2(&[0x02, 0x12, 0x34, 0x00], &page).then_pause(Duration::from_micros(710)),
            Transaction::read(&[0x05], &mut status),
            Transaction::read(&[0x03, 0x12, 0x34, 0x00], &mut after),
        ];
        bench.programmer.run(&mut batch).unwrap();
        assert_eq!((both[1], status[0]), (0x02, 0x00), "{}: WEL before, nothing after", bench.name);
        assert_eq!(after[..], page[..]);
        bench.clean();
    }
}

#[test]
fn a_full_read_keeps_to_the_wire() {
    for mut bench in benches(Some(&noise(CHIP))) {
        let start = bench.programmer.now();
        let data = bench.read_all();
        let taken = (bench.programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP), "{}", bench.name);
        let (floor, allowed) = match bench.name {
            "ch341a" => (45.0, 1.03),
            _ => (2.24, 1.05),
        };
        assert!(taken < floor * allowed, "{}: {taken} s, the wire takes {floor}", bench.name);
        let counts = bench.emulator.counts();
        assert!(counts.waits <= (CHIP / 65536) as u64, "{}: {} waits", bench.name, counts.waits);
        assert_eq!(counts.array_bytes_read(), CHIP as u64);
        bench.clean();
    }
}

#[test]
fn spi_memory_s_full_read_keeps_to_the_wire_too() {
    for mut bench in benches(Some(&noise(CHIP))) {
        let start = bench.programmer.now();
        let (bus, select) = split(&mut bench.programmer);
        let mut flash = spi_memory::series25::Flash::init(bus, select).unwrap();
        let mut data = vec![0; CHIP];
        for (i, part) in data.chunks_mut(65536).enumerate() {
            flash.read((i * 65536) as u32, part).unwrap();
        }
        drop(flash);
        let taken = (bench.programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP), "{}", bench.name);
        let (floor, allowed) = match bench.name {
            "ch341a" => (45.0, 1.03),
            _ => (2.24, 1.10),
        };
        assert!(taken < floor * allowed, "{}: {taken} s, the wire takes {floor}", bench.name);
        assert!(bench.emulator.counts().waits <= 130, "a command is one burst");
        bench.clean();
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
    for mut bench in benches(Some(&noise(CHIP))) {
        let mut flash = w25q32jv::W25q32jv::new(Device(&mut bench.programmer), Tied, Tied).unwrap();
        flash.erase_sector(3).unwrap();
        let data = noise(700);
        flash.write_blocking(0x30F0, &data).unwrap();
        let mut back = vec![0; 700];
        flash.read(0x30F0, &mut back).unwrap();
        assert!(back == data, "{}", bench.name);
        assert!(bench.emulator.contents()[0x30F0..0x30F0 + 700] == data, "{}", bench.name);
        bench.clean();
    }
}

#[test]
fn pins_are_let_go_by_release_and_by_drop() {
    for mut bench in benches(None) {
        assert_eq!(bench.id().unwrap(), [0xEF, 0x40, 0x17]);
        assert_ne!(bench.emulator.pins().1, 0, "{}: driven while in use", bench.name);
        bench.programmer.release().unwrap();
        assert_eq!(bench.emulator.pins().1, 0, "{}: released", bench.name);
        assert_eq!(bench.id().unwrap(), [0xEF, 0x40, 0x17], "{}: and driven again", bench.name);
        assert_ne!(bench.emulator.pins().1, 0);
        bench.clean();
        let Bench { emulator, programmer, name } = bench;
        drop(programmer);
        assert_eq!(emulator.pins().1, 0, "{name}: dropped");
        assert_eq!(emulator.counts().misdeed_text(), "", "{name}");
    }
}

#[test]
fn the_baseline_never_selects_the_chip() {
    for mut bench in benches(None) {
        let seen = bench.programmer.baseline(64).unwrap();
        assert_eq!(seen, [0xFF; 64], "{}: the data line floats high here", bench.name);
        assert_eq!(bench.emulator.counts().selects, 0, "{}", bench.name);
        bench.clean();
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
        for mut bench in benches(Some(&noise(CHIP))) {
            bench.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
            let wanted = &noise(2000)[..];
            let start = bench.programmer.now();
            let struck = bench.ask(&[0x03, 0, 0, 0], 2000);
            let taken = bench.programmer.now() - start;
            assert!(taken < Duration::from_secs(10), "{}: {fault:?} took {taken:?}", bench.name);
            assert_eq!(bench.emulator.counts().faults, 1, "{}: {fault:?}", bench.name);
            let again = bench.ask(&[0x03, 0, 0, 0], 2000);
            if recovers {
                assert!(struck.unwrap() == wanted, "{}: {fault:?}", bench.name);
                assert!(again.unwrap() == wanted, "{}: {fault:?}", bench.name);
                bench.emulator.reset_counts();
                bench.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
                let mut into = vec![0; 2000];
                let batch =
                    &mut [Transaction::read(&[0x03, 0, 0, 0], &mut into), Transaction::write(&[0x04])];
                assert!(bench.programmer.run(batch).is_err(), "{}: {fault:?} gave no error", bench.name);
                assert!(bench.emulator.counts().opcodes.get(&0x04).is_none_or(|n| *n == 1));
                assert!(bench.ask(&[0x03, 0, 0, 0], 2000).unwrap() == wanted, "{}: {fault:?}", bench.name);
                bench.clean();
            } else {
                assert_eq!(struck, Err(UsbError::Gone.into()));
                assert_eq!(again, Err(UsbError::Gone.into()));
            }
        }
    }
}

#[test]
fn what_a_broken_session_left_behind_is_cleared_at_the_start() {
    for (kind, name) in KINDS {
        let mut bench = bench(kind, name, Some(noise(CHIP)));
        bench.emulator.set_faults(&Faults::seeded(1).with(Fault::LostPacket(5)));
        // A driver that is killed: no release, answers unread.
        let mut into = vec![0; 5000];
        let batch = &mut [Transaction::read(&[0x03, 0, 0, 0], &mut into), Transaction::write(&[0x04])];
        let died = bench.programmer.run(batch);
        assert!(died.is_err());
        std::mem::forget(bench.programmer);
        let mut next = programmer::over(bench.emulator.pipe(), &Settings::parse(name).unwrap()).unwrap();
        let mut id = [0; 3];
        next.run(&mut [Transaction::read(&[0x9F], &mut id)]).unwrap();
        assert_eq!(id, [0xEF, 0x40, 0x17], "{name}");
    }
}

#[test]
fn the_chip_answers_within_a_few_milliseconds_of_opening_and_the_proof_takes_at_most_25_ms() {
    let opened = |kind, name: &str| {
        let emulator = Emulator::new(Options { programmer: kind, ..Options::default() }).unwrap();
        let mut programmer = programmer::over(emulator.pipe(), &Settings::parse(name).unwrap()).unwrap();
        let (open, counts) = (programmer.now(), emulator.counts());
        let mut id = [0; 3];
        programmer.run(&mut [Transaction::read(&[0x9F], &mut id)]).unwrap();
        assert_eq!(id, [0xEF, 0x40, 0x17]);
        assert!(programmer.now() < Duration::from_millis(20), "{name}: {:?}", programmer.now());
        (open, counts)
    };
    for (kind, name) in KINDS {
        let (proven, counts) = opened(kind, name);
        let plain = format!("{name}{}plain", if name.contains(':') { "," } else { ":" });
        let (unproven, _) = opened(kind, &plain);
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
    ] {
        let emulator = Emulator::new(Options { programmer: kind, ..Options::default() }).unwrap();
        let mut programmer = programmer::over(emulator.pipe(), &Settings::parse(text).unwrap()).unwrap();
        programmer.run(&mut [Transaction::write(&[0x04])]).unwrap();
        assert_eq!(emulator.pins(), (level, outputs), "{text}");
        drop(programmer);
        assert_eq!(emulator.pins().1, 0, "{text}");
        assert_eq!(emulator.counts().misdeed_text(), "", "{text}");
    }
}

#[test]
fn the_clock_that_is_asked_for_is_the_clock_on_the_wire() {
    let mut bench = bench(ProgrammerKind::Ft2232h, "ft2232h:speed=1MHz", None);
    let mut timed = |hz: Option<u32>| {
        let set = hz.map(|hz| bench.programmer.set_clock(hz).unwrap());
        let start = bench.programmer.now();
        bench.ask(&[0x03, 0, 0, 0], 9996).unwrap();
        (set, (bench.programmer.now() - start).as_micros())
    };
    let (_, slow) = timed(None);
    assert!((80_000..81_500).contains(&slow), "10,000 bytes at 1 MHz took {slow} us");
    let (set, fast) = timed(Some(9_000_000));
    assert_eq!(set, Some(7_500_000));
    assert!((10_667..12_000).contains(&fast), "10,000 bytes at 7.5 MHz took {fast} us");
    bench.clean();
}

/// Plain mode is what is left when the fast one cannot be proven: a CH341A's full read takes at most 50 s in it.
#[test]
fn a_full_read_in_plain_mode_has_its_own_limit() {
    for (kind, name, most) in [
        (ProgrammerKind::Ch341a, "ch341a:plain", 50.0),
        (ProgrammerKind::Ft2232h, "ft2232h:speed=15MHz,plain", 8.0),
        (ProgrammerKind::Ft232h, "ft232h:speed=15MHz,plain", 8.0),
    ] {
        let mut bench = bench(kind, name, Some(noise(CHIP)));
        let start = bench.programmer.now();
        let data = bench.read_all();
        let taken = (bench.programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP), "{name}");
        println!("{name}: {taken:.2} s, {} bursts", bench.emulator.counts().waits);
        assert!(taken <= most, "{name}: {taken} s");
        bench.clean();
    }
}
