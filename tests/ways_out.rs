//! Pins let go on every way out: each programmer, and each way in which its use ends.

use crate::bench::{Bench, Clip, Opened, in_memory, noise, write_options};
use norsplice::emulator::{Fault, Faults, Options, ProgrammerKind, SerprogKind, SpidevKind};
use norsplice::flash::Chip;
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::{Event, Store};
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

const PROGRAMMERS: [ProgrammerKind; 11] = [
    ProgrammerKind::Ch341a,
    ProgrammerKind::Ft2232h,
    ProgrammerKind::Ft232h,
    ProgrammerKind::Ft4232h,
    ProgrammerKind::Ch347t,
    ProgrammerKind::Ch347f,
    ProgrammerKind::Serprog(SerprogKind::Pico),
    ProgrammerKind::Serprog(SerprogKind::Esp32),
    ProgrammerKind::Serprog(SerprogKind::Short),
    ProgrammerKind::Serprog(SerprogKind::Frser),
    ProgrammerKind::Spidev(SpidevKind::Pi),
];

/// A part of 512 KiB.
const PART: &str = "P25D40SH";
const SIZE: usize = 512 << 10;

/// A write that is asked to stop at its `nth` event.
fn write(chip: &mut Chip<Opened>, nth: usize) -> bool {
    let folder = in_memory();
    let store = Store::open_locked(folder.path()).unwrap();
    let mut new = noise(SIZE, 3);
    new[0x1_0000..0x1_2000].fill(0x5a);
    let mut wanted = |_: &_| Ok(Wanted::whole(new.clone(), Default::default()));
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
    let mut events = 0;
    let mut stop = |_: Event| {
        events += 1;
        if events > nth { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    job::run(chip, &store, &write_options(), &mut decide, &mut stop).is_ok()
}

/// A way out, on a chip that has just been connected.
type Way = (&'static str, fn(&Clip, Chip<Opened>));

const WAYS: [Way; 13] = [
    ("released", |_, mut chip| chip.release().unwrap()),
    ("released twice", |_, mut chip| {
        chip.release().unwrap();
        chip.release().unwrap();
    }),
    ("dropped", |_, chip| drop(chip)),
    ("dropped where the transfer that lets go is refused once", |clip, chip| {
        clip.emulator.reset_counts();
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::StallAtTransfer(1)));
        drop(chip);
    }),
    ("dropped where the answer is lost", |clip, chip| {
        clip.emulator.reset_counts();
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::LostPacket(1)));
        drop(chip);
    }),
    ("a write that ends", |_, mut chip| assert!(write(&mut chip, usize::MAX))),
    ("stopped in the backup", |_, mut chip| assert!(!write(&mut chip, 3))),
    ("stopped in the writing", |_, mut chip| assert!(!write(&mut chip, 9))),
    ("a panic", |_, chip| {
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            let _chip = chip;
            std::panic::resume_unwind(Box::new("on the way"));
        }));
        assert!(panicked.is_err());
    }),
    ("a chip that answers no more", |clip, mut chip| {
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::Stuck(0xff, Default::default())));
        assert!(!write(&mut chip, usize::MAX));
    }),
    ("a chip that is busy for ever", |clip, mut chip| {
        clip.emulator.reset_counts();
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::BusyForever(1)));
        assert!(!write(&mut chip, usize::MAX));
    }),
    ("answers that are lost", |clip, mut chip| {
        clip.emulator.reset_counts();
        clip.emulator.set_faults(
            &[7, 40, 90].into_iter().fold(Faults::seeded(1), |all, n| all.with(Fault::LostPacket(n))),
        );
        write(&mut chip, usize::MAX);
    }),
    ("unplugged", |clip, mut chip| {
        clip.emulator.reset_counts();
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::UnplugAtTransfer(40)));
        assert!(!write(&mut chip, usize::MAX));
        drop(chip);
        clip.emulator.plug();
    }),
];

#[test]
fn every_programmer_lets_go_of_its_pins_on_every_way_out() {
    for kind in PROGRAMMERS {
        for (way, leave) in WAYS {
            let mut options = Options::new(kind);
            options.chip = PART.into();
            options.contents = Some(noise(SIZE, 3));
            let clip = Clip::with(options);
            let chip = clip.connect().unwrap_or_else(|error| panic!("{kind:?} {way}: {error}"));
            // What a CH347 lets go of is its spare pins.
            let holds = !matches!(kind, ProgrammerKind::Ch347t | ProgrammerKind::Ch347f);
            assert_eq!(clip.emulator.pins().1 != 0, holds, "{kind:?} {way}: while in use");
            leave(&clip, chip);
            assert_eq!(clip.emulator.pins().1, 0, "{kind:?} {way}");
            clip.clean();
            if matches!(kind, ProgrammerKind::Ch347t | ProgrammerKind::Ch347f) {
                assert_eq!(clip.emulator.pins().0 & 0x24, 0x24, "{kind:?} {way}: chip selects are high");
            }
        }
    }
}

/// The program itself: ended by a signal in the middle of a backup and of a write, and by a wrong file after the backup.
#[test]
fn the_program_lets_go_of_the_pins_when_it_is_told_to_end() {
    let bench = Bench::in_memory();
    bench.write("image.bin", &noise(SIZE, 3));
    bench.write("wanted.bin", &noise(SIZE, 4));
    bench.write("short.bin", &noise(100, 4));
    for programmer in ["ch341a", "ft2232h", "ch347t", "ch347f", "serprog-pico", "serprog-esp32", "spidev"] {
        let emu = format!("programmer={programmer},chip={PART},image=image.bin");
        for (n, (signal, step)) in
            [("INT", "first read"), ("TERM", "second read"), ("INT", "erase"), ("INT", "")]
                .into_iter()
                .enumerate()
        {
            let counts = format!("counts-{programmer}-{n}.json");
            let mut child = bench
                .command()
                .args(["-p", &format!("emu:{emu},counts={counts}"), "--json", "--yes"])
                .args(["--store", &format!("store-{programmer}-{n}"), "write", "wanted.bin"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
            lines.by_ref().find(|line| line.contains(step)).expect("it comes so far");
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
            lines.for_each(drop);
            let code = child.wait().unwrap().code();
            let counts: serde_json::Value = serde_json::from_slice(&bench.read(&counts)).unwrap();
            assert_eq!(
                (&counts["driven"], &counts["misdeeds"]),
                (&0.into(), &0.into()),
                "{emu} {step}: {counts}"
            );
            assert!(
                [Some(0), Some(1), Some(3), Some(130), Some(143)].contains(&code),
                "{emu} {step}: {code:?}"
            );
        }
        bench.emu(&emu, ["--store", "other", "--yes", "write", "short.bin"]);
    }
}
