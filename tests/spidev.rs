//! spidev: every kernel and controller that is emulated, what it costs in calls and in time, and what it refuses.

use crate::bench::{Clip, MEDIUM, MEDIUM_SIZE, connected, noise, permit, read_forward, write_under};
use norsplice::emulator::{Fault, Faults, ProgrammerKind, SpidevKind};
use norsplice::spi::Programmer;

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

#[test]
fn every_kernel_reads_near_its_wire_and_takes_two_calls_a_page_at_most() {
    for kind in KERNELS {
        let before = noise(MEDIUM_SIZE, 1);
        let (clip, mut chip) = connected(ProgrammerKind::Spidev(kind), MEDIUM, Some(before.clone()));
        let (data, taken) = read_forward(&mut chip);
        assert!(data == before, "{kind:?}");
        // 250 MHz by 26, for 10 MHz.
        let floor = MEDIUM_SIZE as f64 * 8.0 * 26.0 / 250e6;
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
        |kind, name: &str| match Clip::new(ProgrammerKind::Spidev(kind), MEDIUM, None).named(name).try_open()
        {
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

#[test]
fn failed_calls_do_no_harm() {
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
            let (kind, case) = (ProgrammerKind::Spidev(SpidevKind::Pi), format!("{name} at {at}"));
            let (ended, misdeeds) = write_under(kind, Faults::seeded(1).with(fault(at)), &case);
            assert_eq!(misdeeds, "", "{case}");
            right += u32::from(ended);
        }
    }
    assert!(right >= 24, "{right} of 28 end right");
}

/// A clock below the controller's lowest is refused with the first message, whether the kernel says how large its buffers are or not.
#[test]
fn a_clock_that_the_controller_has_not_is_refused_with_it() {
    for kind in [SpidevKind::Pi, SpidevKind::Unsaid, SpidevKind::Narrow] {
        let clip = Clip::new(ProgrammerKind::Spidev(kind), MEDIUM, None).named("spidev:speed=1kHz");
        let Err(error) = clip.try_open() else { panic!("{kind:?}: opened") };
        let text = error.to_string();
        assert!(text.contains("refuses a command at 1 kHz: try another speed="), "{kind:?}: {text}");
    }
}
