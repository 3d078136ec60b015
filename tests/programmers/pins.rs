//! Pins: driven while in use, spare ones held as asked, all of them let go.

use super::opened::{KINDS, clips, id, opened};
use crate::bench::{Clip, FURTHER};
use norsplice::emulator::{Fault, Faults, Options, ProgrammerKind};
use norsplice::spi::{Programmer, Transaction};

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
    // A Tigard has an FT2232H's ids, and its clip is at port B.
    let mut tigard = Options::new(ProgrammerKind::Ft2232h);
    tigard.port = 1;
    let clip = Clip::with(tigard).named("tigard");
    assert_eq!(id(&mut clip.open()).unwrap(), [0xEF, 0x40, 0x17]);
    // Without them nothing is heard: the same cable taken for a bare chip.
    let kind = ProgrammerKind::Ftdi { vendor: 0x0403, product: 0xCFF8 };
    let clip = Clip::with(Options::new(kind)).named("ft2232h");
    assert_eq!(id(&mut clip.open()).unwrap(), [0xFF; 3]);
}
