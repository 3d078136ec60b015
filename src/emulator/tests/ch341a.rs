//! CH341A packets by hand.

use super::packets::{Packets, ask};
use super::{Fixed, QUIET, burst, emulator, noise};
use crate::emulator::{EmulatedPipe, Emulator, Fault, Faults, Misdeed, Options, ProgrammerKind};
use crate::usb::{Burst, Pipe, UsbError};
use std::time::{Duration, Instant};

fn clean(emulator: &Emulator) {
    assert_eq!(emulator.counts().misdeed_text(), "");
}

#[test]
fn reads_the_id_by_reversed_bits() {
    let (emulator, mut pipe) = emulator(None);
    assert_eq!(ask(&mut pipe, &[0x9f], 3), [0xef, 0x40, 0x17]);
    clean(&emulator);
}

#[test]
fn programs_and_erases_with_real_durations() {
    let (emulator, mut pipe) = emulator(None);
    let page: Vec<u8> = (0..=255).collect();
    ask(&mut pipe, &[0x06], 0);
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x02]);
    ask(&mut pipe, &[&[0x02, 0x01, 0x23, 0x00], &page[..]].concat(), 0);
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x03], "busy, latch still set");
    pipe.sleep(Duration::from_micros(700));
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x00]);
    assert_eq!(ask(&mut pipe, &[0x03, 0x01, 0x23, 0x00], 256), page);
    ask(&mut pipe, &[0x06], 0);
    ask(&mut pipe, &[0x20, 0x01, 0x2f, 0xff], 0);
    pipe.sleep(Duration::from_millis(40));
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x03]);
    pipe.sleep(Duration::from_millis(5));
    assert_eq!(ask(&mut pipe, &[0x03, 0x01, 0x23, 0x00], 256), [0xff; 256]);
    let counts = emulator.counts();
    assert_eq!((counts.pages, counts.erases[&4096], counts.operations), (1, 1, 2));
    assert_eq!(counts.busy, Duration::from_micros(45_700));
    clean(&emulator);
}

#[test]
fn a_full_read_keeps_to_the_modelled_time_and_is_quick() {
    let image = noise(0x80_0000, 7);
    let (emulator, mut pipe) = emulator(Some(image.clone()));
    let host = Instant::now();
    let answer = ask(&mut pipe, &[0x03, 0, 0, 0], image.len());
    assert!(answer == image, "contents differ");
    let seconds = emulator.clock().now().as_secs_f64();
    assert!((45.0..45.2).contains(&seconds), "{seconds}");
    let counts = emulator.counts();
    assert_eq!(counts.in_packets, 270_601);
    assert_eq!(counts.read_bytes[&0x03], 0x80_0000);
    assert_eq!(counts.waits, 1);
    clean(&emulator);
    eprintln!("host time {:?}", host.elapsed());
}

#[test]
fn out_is_refused_while_nobody_fetches_in() {
    let (emulator, mut pipe) = emulator(None);
    let out = vec![[&[0xa8][..], &[0; 31]].concat().repeat(128)];
    let mut nothing = Fixed { lens: Vec::new(), got: Vec::new(), ask: 32 };
    let error = pipe.burst(Burst { out: &out, in_depth: 4, quiet: QUIET }, &mut nothing);
    assert!(matches!(error, Err(UsbError::Timeout { .. })), "{error:?}");
    // Two answers waiting, one packet in work, one held.
    assert_eq!(emulator.counts().out_packets, 4);
}

#[test]
fn one_in_at_a_time_costs_a_frame_each() {
    let (emulator, mut pipe) = emulator(None);
    let packets = Packets::default().window(&[0x03, 0, 0, 0], 3096);
    let mut reply = Fixed { lens: packets.lens, got: Vec::new(), ask: 32 };
    let start = emulator.clock().now();
    burst(&mut pipe, &packets.out, 1, &mut reply).expect("no fault");
    let taken = emulator.clock().now() - start;
    assert!(taken > Duration::from_millis(90), "{taken:?}");
    clean(&emulator);
}

#[test]
fn queued_pages_cost_what_was_measured() {
    // WREN, RDSR, program and a run of 124 status bytes, 16 pages a burst: 2.38 ms a page in the same model.
    let (emulator, mut pipe) = emulator(None);
    let image = noise(0x1000, 3);
    let mut packets = Packets::default();
    for (i, page) in image.chunks(256).enumerate() {
        packets = packets
            .window(&[0x06], 0)
            .window(&[0x05], 1)
            .window(&[&[0x02, 0, i as u8, 0], page].concat(), 0)
            .window(&[0x05], 124);
    }
    let answers = packets.run(&mut pipe).expect("no fault");
    for page in answers.chunks(4) {
        assert_eq!(page[1], [0x02]);
        assert_eq!((page[3][0], page[3][123]), (0x03, 0x00));
    }
    assert!(emulator.contents()[..0x1000] == image);
    let each = emulator.clock().now() / 16;
    assert!((Duration::from_micros(2250)..Duration::from_micros(2550)).contains(&each), "{each:?}");
    clean(&emulator);
}

#[test]
fn misuse_is_counted() {
    let (emulator, mut pipe) = emulator(None);
    let send = |pipe: &mut EmulatedPipe, packet: &[u8]| {
        let mut nothing = Fixed { lens: Vec::new(), got: Vec::new(), ask: 32 };
        burst(pipe, &[packet.to_vec()], 1, &mut nothing).expect("taken");
    };
    send(&mut pipe, &[0xab, 0x80 | 0x37, 0x40 | 0x3f, 0x20, 0x80 | 0x36]);
    send(&mut pipe, &[0xab, 0x80 | 0x36, 0x40 | 0x01, 0x20]);
    send(&mut pipe, &[0xab, 0x40, 0x20]);
    send(&mut pipe, &[0x77, 1, 2]);
    send(&mut pipe, &[0xab, 0x80 | 0x37, 0x40 | 0x3f]);
    let mut reply = Fixed { lens: Vec::new(), got: Vec::new(), ask: 32 };
    burst(&mut pipe, &[vec![0xab, 0x40, 0x20]], 1, &mut reply).expect("taken");
    pipe.sleep(Duration::from_millis(1));
    let misdeeds = emulator.counts().misdeeds;
    assert_eq!(misdeeds[&Misdeed::AfterStreamEnd], 1);
    // Selected with the directions of before, then with clock and data let go.
    assert!(misdeeds[&Misdeed::FloatingPins] >= 1);
    assert_eq!(misdeeds[&Misdeed::BadPacket(0x77)], 1);
    assert_eq!(misdeeds[&Misdeed::BadPacket(0xab)], 1);
    assert_eq!(emulator.pins().1, 0, "let go");
}

#[test]
fn unplugged_and_stalled_transfers_end_the_burst() {
    let image = noise(0x80_0000, 1);
    let (emulator, mut pipe) = emulator(Some(image));
    emulator.set_faults(&Faults::seeded(1).with(Fault::StallAtTransfer(3)));
    let stalled = Packets::default().window(&[0x9f], 3).run(&mut pipe);
    assert!(matches!(stalled, Err(UsbError::Stall(_))), "{stalled:?}");
    emulator.reset_counts();
    emulator.set_faults(&Faults::seeded(1).with(Fault::UnplugAtTransfer(20)));
    let gone = Packets::default().window(&[0x03, 0, 0, 0], 4096).run(&mut pipe);
    assert_eq!(gone, Err(UsbError::Gone));
    assert_eq!(ask_error(&mut pipe), UsbError::Gone);
    emulator.plug();
    pipe.sleep(Duration::from_millis(1));
    assert_eq!(ask(&mut pipe, &[0x9f], 3), [0xef, 0x40, 0x17]);
}

fn ask_error(pipe: &mut EmulatedPipe) -> UsbError {
    Packets::default().window(&[0x9f], 3).run(pipe).expect_err("a fault")
}

#[test]
fn uart_mode_is_another_product() {
    let emulator = Emulator::new(Options { programmer: ProgrammerKind::Ch341Uart, ..Options::default() })
        .expect("valid options");
    let machine = emulator.machine();
    let ids = machine.lock().expect("not poisoned").device_ref().descriptors().ids();
    assert_eq!(ids, (0x1a86, 0x5523));
}
