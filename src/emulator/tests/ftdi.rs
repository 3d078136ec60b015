//! MPSSE streams by hand.

use super::{Payload, burst, noise};
use crate::emulator::{EmulatedPipe, Emulator, Fault, Faults, Misdeed, Options, ProgrammerKind};
use crate::usb::{Control, Pipe, Recipient, UsbError};
use std::time::{Duration, Instant};

const LOW: [u8; 3] = [0x80, 0x00, 0x0b];
const HIGH: [u8; 3] = [0x80, 0x08, 0x0b];

fn request(request: u8, value: u16, port: u16) -> Control {
    Control { recipient: Recipient::Device, request, value, index: port }
}

/// An FTDI in MPSSE mode at 30 MHz, clip on the port.
fn started(kind: ProgrammerKind, port: usize, contents: Option<Vec<u8>>) -> (Emulator, EmulatedPipe) {
    let options = Options { programmer: kind, port, contents, ..Options::default() };
    let emulator = Emulator::new(options).expect("valid options");
    let mut pipe = emulator.pipe();
    for (number, value) in [(0x00, 0), (0x09, 16), (0x0b, 0x0000), (0x0b, 0x0200)] {
        pipe.control_out(request(number, value, port as u16 + 1), &[]).expect("known request");
    }
    let setup = [&[0x8a, 0x97, 0x8d, 0x85, 0x86, 0, 0][..], &HIGH].concat();
    stream(&mut pipe, &setup, 0);
    (emulator, pipe)
}

/// Sends one OUT transfer and collects `n` payload bytes.
fn stream(pipe: &mut EmulatedPipe, bytes: &[u8], n: usize) -> Vec<u8> {
    let mut reply = Payload::new(n);
    burst(pipe, &[bytes.to_vec()], 4, &mut reply).expect("no fault");
    reply.bytes
}

fn window(write: &[u8], read: usize) -> Vec<u8> {
    let mut bytes = LOW.to_vec();
    for part in write.chunks(0x1_0000) {
        bytes.push(0x11);
        bytes.extend(((part.len() - 1) as u16).to_le_bytes());
        bytes.extend(part);
    }
    let mut left = read;
    while left > 0 {
        let part = left.min(0x1_0000);
        bytes.push(0x20);
        bytes.extend(((part - 1) as u16).to_le_bytes());
        left -= part;
    }
    bytes.extend(HIGH);
    bytes
}

fn ask(pipe: &mut EmulatedPipe, write: &[u8], read: usize) -> Vec<u8> {
    let mut bytes = window(write, read);
    if read > 0 {
        bytes.push(0x87);
    }
    stream(pipe, &bytes, read)
}

fn clean(emulator: &Emulator) {
    assert_eq!(emulator.counts().misdeed_text(), "");
}

#[test]
fn every_kind_and_port_reads_the_id() {
    for (kind, ports) in
        [(ProgrammerKind::Ft2232h, 2), (ProgrammerKind::Ft232h, 1), (ProgrammerKind::Ft4232h, 2)]
    {
        for port in 0..ports {
            let (emulator, mut pipe) = started(kind, port, None);
            assert_eq!(ask(&mut pipe, &[0x9f], 3), [0xef, 0x40, 0x17], "{kind:?} {port}");
            clean(&emulator);
        }
        let beyond = Options { programmer: kind, port: ports, ..Options::default() };
        assert!(Emulator::new(beyond).is_err(), "{kind:?}");
    }
}

#[test]
fn an_answer_without_87_waits_for_the_latency_timer() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    let mut id = window(&[0x9f], 3);
    let before = emulator.clock().now();
    stream(&mut pipe, &id, 3);
    let late = emulator.clock().now() - before;
    assert!((Duration::from_millis(10)..Duration::from_millis(17)).contains(&late), "{late:?}");
    id.push(0x87);
    let before = emulator.clock().now();
    stream(&mut pipe, &id, 3);
    let prompt = emulator.clock().now() - before;
    assert!(prompt < Duration::from_micros(400), "{prompt:?}");
    clean(&emulator);
}

#[test]
fn a_full_read_at_30_mhz_keeps_to_the_modelled_time_and_is_quick() {
    let image = noise(0x80_0000, 7);
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, Some(image.clone()));
    let (host, before) = (Instant::now(), emulator.clock().now());
    let answer = ask(&mut pipe, &[0x03, 0, 0, 0], image.len());
    assert!(answer == image, "contents differ");
    let seconds = (emulator.clock().now() - before).as_secs_f64();
    assert!((2.23..2.26).contains(&seconds), "{seconds}");
    clean(&emulator);
    eprintln!("host time {:?}", host.elapsed());
}

#[test]
fn sixteen_pages_in_one_stream_cost_what_was_measured() {
    // WREN, RDSR, program and a run of status bytes longer than the page takes: 0.80 ms a page in the same model.
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    let image = noise(0x1000, 3);
    let mut bytes = Vec::new();
    for (i, page) in image.chunks(256).enumerate() {
        bytes.extend(window(&[0x06], 0));
        bytes.extend(window(&[0x05], 1));
        bytes.extend(window(&[&[0x02, 0, i as u8, 0], page].concat(), 0));
        // 0.7 ms and a bit, in the chip.
        bytes.extend([0x8f, (2700u16 & 0xff) as u8, (2700u16 >> 8) as u8]);
        bytes.extend(window(&[0x05], 1));
    }
    bytes.push(0x87);
    let before = emulator.clock().now();
    let status = stream(&mut pipe, &bytes, 32);
    assert_eq!(status, [0x02, 0x00].repeat(16));
    assert!(emulator.contents()[..0x1000] == image);
    let each = (emulator.clock().now() - before) / 16;
    assert!((Duration::from_micros(780)..Duration::from_micros(820)).contains(&each), "{each:?}");
    clean(&emulator);
}

#[test]
fn the_small_fifo_of_the_232h_holds_the_host_back() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft232h, 0, None);
    // No one reads: the IN FIFO fills, the engine stops, the OUT FIFO fills.
    let bytes = [&LOW[..], &[0x31, 0xff, 0xff], &vec![0; 0x1_0000]].concat();
    let mut nothing = Payload::new(0);
    let before = emulator.counts().out_packets;
    let stuck = burst(&mut pipe, &[bytes], 1, &mut nothing);
    assert!(matches!(stuck, Err(UsbError::Timeout { .. })), "{stuck:?}");
    let taken = emulator.counts().out_packets - before;
    assert_eq!(taken, 4, "2 KiB in 512-byte packets: 1 KiB shifted, 1 KiB held");
}

#[test]
fn bad_commands_are_echoed_and_counted() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    assert_eq!(stream(&mut pipe, &[0xaa, 0x87], 2), [0xfa, 0xaa]);
    assert_eq!(stream(&mut pipe, &[0xab, 0x87], 2), [0xfa, 0xab]);
    assert_eq!(emulator.counts().mpsse_syncs, 2);
    clean(&emulator);
    assert_eq!(stream(&mut pipe, &[0xc7, 0x87], 2), [0xfa, 0xc7]);
    assert_eq!(emulator.counts().misdeeds[&Misdeed::BadMpsse(0xc7)], 1);
}

#[test]
fn bits_wrong_edges_and_loopback() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    // 9Fh as 3 and 5 bits, then the id as 8 + 4 + 4 bits and a byte.
    let bytes = [
        &LOW[..],
        &[0x13, 2, 0x9f, 0x13, 4, 0x9f << 3, 0x20, 0, 0, 0x22, 3, 0x22, 3, 0x20, 0, 0],
        &HIGH,
        &[0x87],
    ]
    .concat();
    assert_eq!(stream(&mut pipe, &bytes, 4), [0xef, 0x04, 0x00, 0x17]);
    let loopback = [&[0x84, 0x31, 1, 0, 0x5a, 0xc3, 0x85, 0x81, 0x87][..]].concat();
    assert_eq!(stream(&mut pipe, &loopback, 3), [0x5a, 0xc3, 0xfc], "and the pins: inputs float high");
    clean(&emulator);
    // Data out on the rising edge comes one bit late: 9Fh arrives as 4Fh.
    let late = [&LOW[..], &[0x10, 0, 0, 0x9f, 0x20, 0, 0], &HIGH, &[0x87]].concat();
    assert_eq!(stream(&mut pipe, &late, 1), [0xff]);
    assert_eq!(emulator.counts().misdeeds[&Misdeed::WrongClockEdge], 1);
    assert_eq!(emulator.counts().unknown_opcodes[&0x4f], 1);
}

#[test]
fn a_write_enable_cut_in_the_middle_of_a_byte_does_nothing() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    let bytes = [&LOW[..], &[0x11, 0, 0, 0x06, 0x13, 3, 0x00], &HIGH].concat();
    stream(&mut pipe, &bytes, 0);
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x00]);
    assert_eq!(emulator.counts().misdeeds[&Misdeed::PartialByte(0x06)], 1);
}

#[test]
fn the_divisor_sets_the_pace() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    for (divisor, hz) in [(1u16, 15_000_000.0), (29, 1_000_000.0)] {
        let [low, high] = divisor.to_le_bytes();
        stream(&mut pipe, &[0x86, low, high], 0);
        let before = emulator.clock().now();
        ask(&mut pipe, &[0x03, 0, 0, 0], 10_000);
        let (taken, wire) = ((emulator.clock().now() - before).as_secs_f64(), 10_004.0 * 8.0 / hz);
        assert!(taken > wire && taken < wire + 0.001, "{divisor}: {taken} of {wire}");
    }
    clean(&emulator);
}

#[test]
fn pins_are_let_go_by_the_mode_and_seen_from_outside() {
    let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, None);
    stream(&mut pipe, &[0x80, 0x18, 0x1b], 0);
    pipe.sleep(Duration::from_millis(1));
    ask(&mut pipe, &[0x9f], 3);
    assert_eq!(emulator.pins(), (0x08, 0x0b));
    pipe.control_out(request(0x0b, 0, 1), &[]).expect("known request");
    assert_eq!(emulator.pins(), (0, 0));
    let bad = pipe.control_out(request(0x44, 0, 1), &[]);
    assert!(matches!(bad, Err(UsbError::Stall(_))));
    assert_eq!(emulator.counts().misdeeds[&Misdeed::BadControl(0x44)], 1);
    let mut latency = [0];
    assert_eq!(pipe.control_in(request(0x0a, 0, 1), &mut latency), Ok(1));
    assert_eq!(latency, [16]);
}

#[test]
fn lost_and_double_packets_put_the_stream_out_of_step() {
    let image = noise(0x80_0000, 5);
    for fault in [Fault::LostPacket(3), Fault::DoublePacket(3), Fault::ShortPacket(3)] {
        let (emulator, mut pipe) = started(ProgrammerKind::Ft2232h, 0, Some(image.clone()));
        emulator.reset_counts();
        emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
        let mut bytes = window(&[0x03, 0, 0, 0], 8192);
        bytes.push(0x87);
        let mut reply = Payload::new(8192);
        let result = burst(&mut pipe, &[bytes], 4, &mut reply);
        assert!(result.is_err() || reply.bytes != image[..8192], "{fault:?}");
        assert_eq!(emulator.counts().faults, 1, "{fault:?}");
    }
}
