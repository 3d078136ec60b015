//! What goes wrong on the wire while the engine works in a tab: each is got over or named, and the next request works.

use super::engine::{Tab, board};
use super::outside::Time;
use norsplice::emulator::{Fault, Faults, ProgrammerKind};
use norsplice::image::sha256;

#[test]
fn faults_of_the_wire_are_got_over_or_named_and_the_next_request_works() {
    // The transfer, or the IN packet, in the middle of a backup.
    let unplug = |middle| (Fault::UnplugAtTransfer(middle), "disappeared");
    let stall = |middle| (Fault::StallAtTransfer(middle), "(stall)");
    let rows = [
        (ProgrammerKind::Ch347t, vec![stall(1000), unplug(1000)]),
        (
            ProgrammerKind::Ft2232h,
            vec![
                stall(200),
                (Fault::ShortPacket(200), ""),
                (Fault::LostPacket(200), ""),
                (Fault::DoublePacket(200), ""),
                unplug(200),
            ],
        ),
    ];
    for (kind, faults) in rows {
        let options = board(kind);
        let Some(mut tab) = Tab::open(options.clone(), Time::OfTheWorld) else { return };
        let on_chip = sha256(options.contents.as_deref().expect("contents"));
        for (fault, words) in faults {
            assert_eq!(tab.run("return await bench.run('probe');")["event"], "result");
            tab.emulator.reset_counts();
            tab.emulator.set_faults(&Faults::default().with(fault.clone()));
            let backup = tab.run("return await bench.run('backup');");
            let counts = tab.emulator.counts();
            eprintln!("{kind:?}, {fault:?}: {} {}", backup["event"], backup["message"]);
            assert_eq!((counts.faults, counts.misdeed_count()), (1, 0), "{kind:?} {fault:?}: {backup}");
            // Either nothing was lost, or it is said what was.
            match backup["event"].as_str() {
                Some("result") => assert_eq!(backup["sha256"], on_chip.as_str(), "{fault:?}: {backup}"),
                _ => {
                    let message = backup["message"].as_str().unwrap_or_default();
                    assert!(!message.is_empty() && message.contains(words), "{kind:?} {fault:?}: {backup}");
                }
            }
        }
        let again = tab.run("return await bench.run('backup');");
        assert_eq!(again["sha256"], on_chip.as_str(), "{again}");
        assert!(tab.emulator.contents() == options.contents.expect("contents"));
    }
}

#[test]
fn an_endpoint_that_was_left_halted_is_cleared_when_the_programmer_is_opened() {
    for kind in [ProgrammerKind::Ch341a, ProgrammerKind::Ch347t, ProgrammerKind::Ft2232h] {
        // In the look for old bytes, which is a CH347's first transfer, or right after the opening.
        for transfer in [1, 2] {
            let Some(mut tab) = Tab::open(board(kind), Time::OfTheWorld) else { return };
            tab.emulator.set_faults(&Faults::default().with(Fault::StallAtTransfer(transfer)));
            let probe = tab.run("return await bench.run('probe');");
            assert_eq!(probe["event"], "result", "{kind:?} {transfer}: {probe}");
            assert_eq!(tab.emulator.counts().faults, 1, "{kind:?} {transfer}");
            // A CH347 that may be in the middle of a packet is sent zeros, which are no command. From then on all is in order.
            tab.emulator.reset_counts();
            let again = tab.run("return await bench.run('probe');");
            let misdeeds = tab.emulator.counts().misdeed_count();
            assert_eq!(
                (&again["jedec_id"], misdeeds),
                (&probe["jedec_id"], 0),
                "{kind:?} {transfer}: {again}"
            );
        }
    }
}
