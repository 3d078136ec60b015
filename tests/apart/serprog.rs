//! norsplice on serprog devices that were written apart from the emulator.

use super::flash::SIZE;
use super::serprog_device::{Added, COMMANDS, Device, Habits};
use crate::bench::{Bench, Ran, all, noise};
use std::time::{Duration, Instant};

/// What is written: pages, a sector, a block.
fn wanted() -> Vec<u8> {
    let mut wanted = noise(SIZE, 1);
    wanted[0x1_0000..0x1_0900].copy_from_slice(&noise(0x900, 2));
    wanted
}

/// A write over this device: as far as it comes.
fn write(habits: Habits) -> (Ran, Device) {
    let bench = Bench::in_memory();
    let device = Device::new(habits, noise(SIZE, 1));
    bench.write("wanted.bin", &wanted());
    let place = format!("serprog:tcp={}", device.address);
    let ran = bench.run(["-p", &place, "--store", "store", "--yes", "write", "wanted.bin"]);
    (ran, device)
}

#[test]
fn whatever_the_protocol_allows_is_written_right() {
    let row = Habits::default;
    let more = [COMMANDS, &[0x16, 0x17, 0x18]].concat().leak();
    let cases = [
        ("as described", row()),
        ("a buffer of 1 byte", Habits { buffer: 1, ..row() }),
        ("a buffer of 0", Habits { buffer: 0, ..row() }),
        ("any buffer", Habits { buffer: 0xffff, ..row() }),
        ("windows of 20 bytes out", Habits { limits: (20, 4096), ..row() }),
        ("windows of 256 bytes in", Habits { limits: (0, 256), ..row() }),
        ("windows of 259 bytes out", Habits { limits: (259, 0), ..row() }),
        ("few commands", Habits { commands: &[0, 1, 2, 5, 0x10, 0x13], ..row() }),
        ("few commands, and silence", Habits { commands: &[0, 1, 2, 0x10, 0x13], is_silent: true, ..row() }),
        ("refusals", Habits { refuses: &[3, 4, 8, 0x11, 0x14, 0x15], ..row() }),
        ("only one bus, not to be chosen", Habits { refuses: &[0x12], ..row() }),
        ("no name", Habits { name: [0; 16], ..row() }),
        ("a name of any bytes", Habits { name: *b"\xff\xfe\x1b[2J\x07\x80name\n\r\t\x9c", ..row() }),
        ("a lower clock", Habits { clock: |hz| hz / 7, ..row() }),
        ("a clock of its own", Habits { clock: |_| 400_000, ..row() }),
        ("a clock that it does not tell", Habits { clock: |_| 0, ..row() }),
        ("answers byte by byte", Habits { in_bytes: true, limits: (0, 512), ..row() }),
        ("a greeting", Habits { greets: b"\r\nserprog ready\r\n> \x06\x15\x06", ..row() }),
        ("a sync in its greeting", Habits { greets: &[0x15, 0x06], ..row() }),
        ("another chip select chosen before", Habits { commands: more, chosen: 1, ..row() }),
        ("full duplex chosen before", Habits { commands: more, modes: (1, 0), ..row() }),
        ("chip select held before", Habits { commands: more, modes: (0, 2), ..row() }),
        (
            "frser's own 16h to 18h",
            Habits { commands: more, name: *b"frser-duino\0\0\0\0\0", refuses: &[0x16], ..row() },
        ),
    ];
    for (case, habits) in cases {
        let (ran, device) = write(habits);
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        let state = device.state.lock().unwrap();
        assert!(state.flash.data == wanted(), "{case}");
        assert!(!state.driven, "{case}: the pins are let go");
        assert_eq!(state.flash.repeated(), [], "{case}");
        assert!(!ran.stderr.contains('\x1b'), "{case}: {:?}", ran.stderr);
    }
}

#[test]
fn a_board_that_starts_when_it_is_opened_is_waited_for() {
    let (ran, device) = write(Habits { boots: Duration::from_secs(2), ..Habits::default() });
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(device.state.lock().unwrap().flash.data == wanted());
}

#[test]
fn slow_answers_are_waited_for() {
    let bench = Bench::in_memory();
    let late = Duration::from_millis(300);
    let device = Device::new(Habits { late, buffer: 0xffff, ..Habits::default() }, noise(SIZE, 1));
    let ran = bench.run(["-p", &format!("serprog:tcp={}", device.address), "probe"]);
    ran.code(0).says(&["W25X10"]);
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let row = Habits::default;
    let both = |commands: &'static [u8]| Habits { commands, ..row() };
    let cases: [(Habits, &[&str]); 5] = [
        (Habits { version: 2, ..row() }, &["speaks version 2 of serprog", "knows version 1"]),
        (Habits { version: 0x0101, ..row() }, &["version 257"]),
        (both(&[0, 1, 2, 3, 4, 5, 9, 0x10]), &["has no SPI"]),
        (Habits { limits: (8, 0), ..row() }, &["moves 8 bytes out"]),
        (Habits { refuses: &[0x13], ..row() }, &["bytes out", "are needed"]),
    ];
    for (habits, words) in cases {
        let (ran, device) = write(habits);
        assert!([1, 5].contains(&ran.code), "{words:?}: {} {}", ran.code, ran.stderr);
        ran.says(words);
        assert!(device.state.lock().unwrap().flash.data == noise(SIZE, 1));
    }
}

/// Bytes that are lost, and a device that says nothing more: the job ends, and the chip is what it is said to be.
#[test]
fn a_stream_that_is_lost_leaves_a_chip_whose_state_is_known() {
    let row = Habits::default;
    let lossy = |at| Habits { loses_at: Some(at), ..row() };
    let cases = [600, 3000, 5000, 7000, 8000, 9000].map(lossy);
    let dead = [1, 60, 300].map(|n| Habits { dies_after: Some(n), ..row() });
    // Side by side: most of each is waiting for an answer that does not come.
    std::thread::scope(|scope| {
        for habits in cases.into_iter().chain(dead) {
            scope.spawn(|| {
                let case = format!("{:?} {:?}", habits.loses_at, habits.dies_after);
                let (ran, device) = write(habits);
                let state = device.state.lock().unwrap();
                match ran.code {
                    0 => assert!(state.flash.data == wanted(), "{case}"),
                    3 => assert!(ran.stderr.contains("partly written"), "{case}: {}", ran.stderr),
                    _ => assert!(state.flash.data == noise(SIZE, 1), "{case}: untouched: {}", ran.stderr),
                }
                println!("{case}: {} {}", ran.code, ran.stderr.lines().last().unwrap_or_default());
            });
        }
    });
}

/// Answers that are longer than they should be, at each kind of command, once or from one of them on: no byte of them is taken for
/// the chip's, nothing hangs, and the chip is what it is said to be.
#[test]
fn answers_that_are_too_long_are_noticed_and_the_chip_is_what_it_is_said_to_be() {
    const ADDED: [&[u8]; 6] = [&[0x06], &[0x15], &[0x15, 0x06], &[0xff; 7], &[0x06; 70], &[0; 700]];
    let every = if all() { 1 } else { 31 };
    let mut cases = Vec::new();
    for bytes in ADDED {
        for opcode in COMMANDS {
            cases.push(Added { opcode: *opcode, from: 1, times: 1, bytes });
            cases.push(Added { opcode: *opcode, from: 2, times: usize::MAX, bytes });
        }
        for from in [1, 2, 3, 9, 30, 60, 90, 120, 160] {
            cases.push(Added { opcode: 0x13, from, times: 1, bytes });
        }
        cases.push(Added { opcode: 0x13, from: 100, times: usize::MAX, bytes });
    }
    let (buffers, mut ended) = ([1024, 0, 16], [0; 2]);
    let cases = cases.iter().flat_map(|adds| buffers.map(|buffer| (*adds, buffer))).step_by(every);
    let cases: Vec<(Added, u16)> = cases.collect();
    // Side by side: some wait for what does not come.
    for some in cases.chunks(8) {
        let ran: Vec<bool> = std::thread::scope(|scope| {
            let ran: Vec<_> = some.iter().map(|case| scope.spawn(|| right_or_said(*case))).collect();
            ran.into_iter().map(|one| one.join().unwrap()).collect()
        });
        ran.into_iter().for_each(|right| ended[usize::from(right)] += 1);
    }
    println!("{} right, {} refused", ended[1], ended[0]);
    assert!(ended[0] > 0 && ended[1] > 0, "{ended:?}");
}

/// True where the write came to its end; false where it was refused, or the chip is said to be partly written.
fn right_or_said((adds, buffer): (Added, u16)) -> bool {
    let case =
        format!("{:02x} from {} x{} +{:02x?} {buffer}", adds.opcode, adds.from, adds.times, adds.bytes);
    let bench = Bench::in_memory();
    let device = Device::new(Habits { adds: Some(adds), buffer, ..Habits::default() }, noise(SIZE, 1));
    bench.write("wanted.bin", &wanted());
    let place = format!("serprog:tcp={}", device.address);
    let from = Instant::now();
    let ran = bench.run(["-p", &place, "--store", "store", "--yes", "write", "wanted.bin"]);
    let took = from.elapsed();
    println!("{case}: {} in {took:?} {}", ran.code, ran.stderr.lines().last().unwrap_or_default());
    assert!(took < Duration::from_secs(60), "{case}: {took:?}");
    let state = device.state.lock().unwrap();
    match ran.code {
        0 => assert!(state.flash.data == wanted(), "{case}"),
        3 => assert!(ran.stderr.contains("partly written"), "{case}: {}", ran.stderr),
        _ => assert!(state.flash.data == noise(SIZE, 1), "{case}: untouched: {}", ran.stderr),
    }
    // Whatever is kept as a backup is what was on the chip.
    let kept = std::fs::read_dir(bench.path("store")).into_iter().flatten().flatten();
    for entry in kept {
        if let Ok(flash) = std::fs::read(entry.path().join("flash.bin")) {
            assert!(flash == noise(SIZE, 1), "{case}: another backup");
        }
    }
    ran.code == 0
}
