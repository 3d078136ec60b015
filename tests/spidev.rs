//! spidev: every kernel and controller that is emulated, what it costs in calls and in time, and what it refuses.

use crate::bench::{Clip, Opened, in_memory, noise, permit, write_options};
use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind, SpidevKind};
use norsplice::flash::Chip;
use norsplice::span::Span;
use norsplice::spi::Programmer;
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::journal::Direction;
use norsplice::workflow::resume::{ResumeOptions, resume};
use norsplice::workflow::{ChipState, Store};
use std::ops::ControlFlow;

/// The kernels that this program works with.
const KERNELS: [SpidevKind; 8] = [
    SpidevKind::Pi,
    SpidevKind::Large,
    SpidevKind::OneBuffer,
    SpidevKind::Unsaid,
    SpidevKind::NoPauses,
    SpidevKind::Hasty,
    SpidevKind::OneWindow,
    SpidevKind::Narrow,
];
/// A part of 2 MiB.
const PART: &str = "GD25Q16C";
const SIZE: usize = 2 << 20;

fn clip(kind: SpidevKind, contents: Option<Vec<u8>>) -> (Clip, Chip<Opened>) {
    let clip = Clip::new(ProgrammerKind::Spidev(kind), PART, contents);
    let chip = clip.connect().unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    (clip, chip)
}

#[test]
fn every_kernel_reads_near_its_wire_and_takes_two_calls_a_page_at_most() {
    for kind in KERNELS {
        let before = noise(SIZE, 1);
        let (clip, mut chip) = clip(kind, Some(before.clone()));
        let start = chip.programmer().now();
        let mut data = Vec::new();
        let _ = chip
            .read_forward(Span::new(0, SIZE as u64), &mut |_, bytes| {
                data.extend_from_slice(bytes);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(data == before, "{kind:?}");
        let taken = (chip.programmer().now() - start).as_secs_f64();
        // 250 MHz by 26, for 10 MHz.
        let floor = SIZE as f64 * 8.0 * 26.0 / 250e6;
        let most = match kind {
            SpidevKind::Large => 1.01,
            // Half the room: twice the calls and commands.
            SpidevKind::Unsaid => 1.12,
            // One command a call.
            SpidevKind::OneWindow => 1.10,
            _ => 1.06,
        };
        assert!(taken < floor * most, "{kind:?}: {taken} s, the wire takes {floor}: {}", taken / floor);

        let permit = permit(&chip);
        let block = *chip.geometry().erase.iter().find(|erase| erase.size == 0x1_0000).unwrap();
        let wanted = noise(0x1_0000, 7);
        chip.erase(&block, 0x2_0000, &permit).unwrap();
        clip.emulator.reset_counts();
        let done = chip.program(0x2_0000, &wanted, &permit).unwrap();
        let calls = clip.emulator.counts().out_transfers;
        let most = if kind == SpidevKind::OneWindow { u64::MAX } else { 2 * done.pages };
        assert!(calls <= most, "{kind:?}: {calls} calls for {} pages", done.pages);
        assert!(chip.verify(0x2_0000, &wanted).unwrap().is_empty(), "{kind:?}");
        assert_eq!(clip.emulator.contents()[0x1_0000..0x2_0000], before[0x1_0000..0x2_0000], "{kind:?}");
        assert_eq!(clip.emulator.pins().1, 1, "{kind:?}: the lines are held");
        chip.release().unwrap();
        assert_eq!(clip.emulator.pins().1, 0, "{kind:?}: the lines are let go");
        assert_eq!(clip.emulator.counts().misdeed_text(), "", "{kind:?}");
    }
}

#[test]
fn what_a_kernel_cannot_do_is_said() {
    let open =
        |kind, name: &str| match Clip::new(ProgrammerKind::Spidev(kind), PART, None).named(name).try_open() {
            Ok(mut opened) => (opened.limits().clock_hz, format!("{:?}", opened.take_notices())),
            Err(error) => (0, error.to_string()),
        };
    let (_, text) = open(SpidevKind::Tiny, "spidev");
    assert!(text.contains("buffers of 256 bytes") && text.contains("spidev.bufsiz=65536"), "{text}");
    let (_, text) = open(SpidevKind::Narrow, "spidev:speed=500kHz");
    assert!(text.contains("refuses a command at 500 kHz"), "{text}");
    // Rounded down to what there is, 250 MHz by 12, and measured.
    assert_eq!(open(SpidevKind::Narrow, "spidev:speed=60MHz").0, 20_833_333);
    let (_, text) = open(SpidevKind::OneWindow, "spidev");
    assert!(text.contains("plain mode") && text.contains("answered otherwise"), "{text}");
}

/// The job ends right, or in an error that `resume` finishes.
#[test]
fn failed_calls_do_no_harm() {
    let (old, mut new) = (noise(SIZE, 3), noise(SIZE, 3));
    new[0x2_0000..0x2_8000].copy_from_slice(&noise(0x8000, 9));
    type Strike = (&'static str, fn(u64) -> Fault);
    let faults: [Strike; 4] = [
        ("lost", Fault::LostPacket),
        ("double", Fault::DoublePacket),
        ("short", Fault::ShortPacket),
        ("stall", Fault::StallAtTransfer),
    ];
    let mut right = 0;
    for (name, fault) in faults {
        for at in [3, 9, 40, 333, 900, 1100, 1120] {
            let case = format!("{name} at {at}");
            let mut options = Options::new(ProgrammerKind::Spidev(SpidevKind::Pi));
            options.chip = PART.into();
            options.contents = Some(old.clone());
            options.faults = Faults::seeded(1).with(fault(at));
            let clip = Clip::of(options.programmer, Emulator::new(options).unwrap());
            let folder = in_memory();
            let store = Store::open_locked(folder.path()).unwrap();
            let mut quiet = |_| ControlFlow::Continue(());
            let mut wanted = |_: &_| Ok(Wanted::whole(new.clone(), Default::default()));
            let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
            let done = clip.connect().map_err(|error| error.to_string()).and_then(|mut chip| {
                job::run(&mut chip, &store, &write_options(), &mut decide, &mut quiet)
                    .map_err(|error| format!("{:?}", error.chip))
            });
            let contents = clip.emulator.contents();
            assert_eq!(clip.emulator.counts().faults, 1, "{case}: it struck");
            match done {
                Ok(report) => {
                    assert_eq!(report.chip, ChipState::Written, "{case}");
                    assert!(contents == new, "{case}");
                    right += 1;
                }
                Err(state) if state.starts_with("Partial") => {
                    clip.emulator.set_faults(&Faults::default());
                    let mut options = ResumeOptions::default();
                    options.direction = Some(Direction::Finish);
                    resume(&mut clip.connect().unwrap(), &store, &options, &mut quiet).unwrap();
                    assert!(clip.emulator.contents() == new, "{case}: finished");
                }
                Err(_) => assert!(contents == old, "{case}: untouched"),
            }
            clip.clean();
        }
    }
    assert!(right >= 24, "{right} of 28 end right");
}
