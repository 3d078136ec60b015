//! norsplice on a CH347 that was written apart from the emulator.

use super::ch347_device::{Device, Habits, fresh};
use super::flash::SIZE;
use crate::bench::{in_memory, noise, write_options};
use norsplice::flash::Chip;
use norsplice::programmer::{self, Settings};
use norsplice::workflow::Store;
use norsplice::workflow::job::{self, Decide, Wanted};
use std::ops::ControlFlow;
use std::time::Duration;

fn wanted() -> Vec<u8> {
    let mut wanted = noise(SIZE, 1);
    wanted[0x1_0000..0x1_0900].copy_from_slice(&noise(0x900, 2));
    wanted
}

/// A write over this device: its report or its error, and the time that it took.
fn write(habits: Habits, settings: &str) -> (Result<(), String>, Device, Duration) {
    let device = Device::new(habits, noise(SIZE, 1));
    let folder = in_memory();
    let store = Store::open_locked(folder.path()).unwrap();
    let settings = Settings::parse(settings).unwrap();
    let done =
        programmer::over(device.clone(), &settings).map_err(|error| error.to_string()).and_then(|open| {
            let mut chip = Chip::connect(open).map_err(|error| error.to_string())?;
            let mut wanted = |_: &_| Ok(Wanted::whole(wanted(), Default::default()));
            let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
            let quiet = &mut |_| ControlFlow::Continue(());
            let done = job::run(&mut chip, &store, &write_options(), &mut decide, quiet);
            chip.release().map_err(|error| error.to_string())?;
            done.map(drop).map_err(|error| error.to_string())
        });
    let time = device.0.lock().unwrap().time;
    (done, device, time)
}

#[test]
fn whatever_a_firmware_may_answer_is_written_right() {
    let row = Habits::default;
    let left = |at: usize, value| {
        let mut config = fresh();
        config[at] = value;
        Habits { config, ..row() }
    };
    let cases = [
        ("new firmware", row()),
        ("a CH347F that reports no version", Habits { product: 0x55de, version: None, ..row() }),
        ("old firmware", Habits { version: Some(0x0130), flags: false, base: None, ..row() }),
        ("no version", Habits { version: None, flags: false, base: None, ..row() }),
        ("new without flags", Habits { flags: false, ..row() }),
        ("reads in packets of 61", Habits { packet: 61, ..row() }),
        ("reads in packets of 509", Habits { packet: 509, ..row() }),
        ("answers in transfers of 512", Habits { stream: Some(512), ..row() }),
        ("answers in transfers of 64", Habits { stream: Some(64), ..row() }),
        ("an empty transfer before each", Habits { empties: true, ..row() }),
        ("flags that come back", Habits { echoes: true, ..row() }),
        ("no clock bases", Habits { base: None, ..row() }),
        ("clock bases refused", Habits { base: Some(1), ..row() }),
        ("a first bit that is wrong", Habits { first_bit: true, ..row() }),
        (
            "other unknown bytes each time",
            Habits { reports: |c, n| (c[16], c[22], c[25]) = (n as u8, 9, n as u8), ..row() },
        ),
        ("data out not told", Habits { reports: |c, _| c[20] = 0, ..row() }),
        ("left active high", left(21, 0xc0)),
        ("left in mode 3", left(6, 2)),
        ("left with 16 bits", left(5, 8)),
        ("left as a slave", left(3, 0)),
        ("left with one line", left(1, 0x80)),
        ("left with a pause between bytes", left(18, 200)),
    ];
    for (case, habits) in cases {
        for settings in ["ch347:speed=20MHz", "ch347:speed=50MHz", "ch347:speed=9MHz,plain"] {
            let (done, device, _) = write(habits.clone(), settings);
            assert_eq!(done, Ok(()), "{case} {settings}");
            let state = device.0.lock().unwrap();
            assert!(state.flash.data == wanted(), "{case} {settings}");
            assert_eq!(state.low, [false; 2], "{case} {settings}: chip selects are high");
            let asked: u32 = settings.split(['=', 'M']).nth(1).unwrap().parse().unwrap();
            assert!(
                state.flash.fastest <= asked * 1_000_000,
                "{case} {settings}: {} Hz",
                state.flash.fastest
            );
            assert_eq!(state.flash.repeated(), [], "{case} {settings}");
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused_with_the_reason() {
    let row = Habits::default;
    let cases: [(Habits, &str); 6] = [
        (Habits { configured: 1, ..row() }, "did not take its SPI configuration"),
        (Habits { reports: |c, _| c[14] = 0x80, ..row() }, "did not take its SPI configuration"),
        (Habits { reports: |c, _| c.truncate(22), ..row() }, "an SPI configuration of 22 bytes, not of 26"),
        (Habits { reports: |c, _| c.push(0), ..row() }, "an SPI configuration of 27 bytes, not of 26"),
        (Habits { dies_after: Some(0), ..row() }, "no answer"),
        (Habits { dies_after: Some(5), ..row() }, "no answer"),
    ];
    for (habits, words) in cases {
        let (done, device, time) = write(habits, "ch347");
        let error = done.expect_err(words);
        println!("{words}: {time:?}: {error}");
        assert!(error.contains(words), "{words}: {error}");
        assert!(time < Duration::from_secs(10), "{words}: {time:?}");
        assert!(device.0.lock().unwrap().flash.data == noise(SIZE, 1), "{words}: untouched");
    }
}

/// A device that refuses a command now and then, or dies: the job ends right, or in an error that says what the chip is.
#[test]
fn refusals_and_death_leave_a_chip_whose_state_is_known() {
    let row = Habits::default;
    let refusing = [7, 40].map(|n| Habits { refuses_each: Some(n), ..row() });
    let dead = [30, 400, 1500, 3000].map(|n| Habits { dies_after: Some(n), ..row() });
    for habits in refusing.into_iter().chain(dead) {
        let case = format!("{:?} {:?}", habits.refuses_each, habits.dies_after);
        for settings in ["ch347", "ch347:plain"] {
            let (done, device, time) = write(habits.clone(), settings);
            let state = device.0.lock().unwrap();
            println!("{case} {settings}: {time:?} {done:?}");
            match done {
                Ok(()) => assert!(state.flash.data == wanted(), "{case} {settings}"),
                Err(error) => {
                    assert!(state.flash.data == noise(SIZE, 1) || error.contains("partly"), "{case}: {error}")
                }
            }
        }
    }
}
