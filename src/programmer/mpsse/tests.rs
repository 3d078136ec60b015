//! The stream of commands and the stream of answers, byte by byte.

use super::*;
use crate::usb::UsbError;

fn codec() -> Mpsse {
    Mpsse::new(0, &[])
}

/// Payload in packets of 512 with two status bytes each.
fn packets(payload: &[u8]) -> Vec<u8> {
    payload.chunks(510).flat_map(|p| [&[0x32, 0x60], p].concat()).collect()
}

#[test]
fn a_write_enable_and_a_status_read_are_one_stream() {
    let mut status = [0u8; 2];
    let mut batch = [Transaction::write(&[0x06]), Transaction::read(&[0x05], &mut status)];
    let mut encoded = codec().encode(&mut batch, Framing::Windows);
    #[rustfmt::skip]
    let wanted: Vec<u8> = vec![
        0x80, 0x08, 0x0B,
        0x80, 0x00, 0x0B, 0x11, 0, 0, 0x06, 0x80, 0x08, 0x0B,
        0x80, 0x00, 0x0B, 0x11, 0, 0, 0x05, 0x20, 1, 0, 0x80, 0x08, 0x0B,
        0x87,
    ];
    assert_eq!(encoded.out, [wanted]);
    assert_eq!(encoded.reply.next(0), Some(512));
    assert_eq!(encoded.reply.next(1), None);
    encoded.reply.take(&[0x32, 0x60]).unwrap();
    encoded.reply.take(&[0x32, 0x60, 0x02]).unwrap();
    encoded.reply.take(&[0x32, 0x60, 0x03]).unwrap();
    assert!(encoded.reply.is_complete());
    drop(encoded);
    assert_eq!(status, [2, 3]);
}

#[test]
fn a_batch_without_answer_asks_for_the_pins_to_know_its_end() {
    let encoded_out = codec().encode(&mut [Transaction::write(&[0x06])], Framing::Windows).out;
    assert!(encoded_out[0].ends_with(&[0x81, 0x87]));
}

#[test]
fn long_reads_are_cut_and_status_bytes_are_taken_out() {
    let mut data = vec![0u8; 100_000];
    let mut batch = [Transaction::read(&[3, 0, 0, 0], &mut data)];
    let mut encoded = codec().encode(&mut batch, Framing::Windows);
    let out = encoded.out.concat();
    assert_eq!(
        out[13..],
        [0x20, 0xFF, 0x7F, 0x20, 0xFF, 0x7F, 0x20, 0xFF, 0x7F, 0x20, 0x9F, 0x06, 0x80, 8, 0x0B, 0x87]
    );
    let payload: Vec<u8> = (0..100_000u32).map(|n| (n % 251) as u8).collect();
    let mut lengths = Vec::new();
    while let Some(len) = encoded.reply.next(lengths.len()) {
        lengths.push(len);
    }
    assert_eq!(lengths, [[4096; 24].as_slice(), &[5 * 512]].concat(), "just long enough");
    let mut wire = &packets(&payload)[..];
    for len in lengths {
        let (now, later) = wire.split_at(len.min(wire.len()));
        encoded.reply.take(now).unwrap();
        wire = later;
    }
    assert!(encoded.reply.is_complete());
    assert!(matches!(encoded.reply.take(&[0, 0, 1]), Err(UsbError::Desync { .. })));
    assert!(matches!(encoded.reply.take(&[0]), Err(UsbError::Desync { .. })));
    drop(encoded);
    assert!(data == payload);
}

/// Transfers that the latency timer ends early must not make the reply ask for more than will come.
#[test]
fn never_asks_for_more_than_is_certain_to_come() {
    let mut data = vec![0u8; 40_000];
    let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
    let mut encoded = codec().encode(&mut batch, Framing::Windows);
    let mut queued = std::collections::VecDeque::new();
    let (mut left, mut n) = (40_000usize, 0);
    loop {
        while let Some(len) = encoded.reply.next(queued.len()) {
            queued.push_back(len);
        }
        let Some(len) = queued.pop_front() else { break };
        // Every third transfer is ended early by a packet of status bytes only.
        n += 1;
        let payload = if n % 3 == 0 { 0 } else { (len / 512 * 510).min(left) };
        assert!(left > 0, "a transfer was left over");
        left -= payload;
        let bytes = if payload == 0 { vec![0x32, 0x60] } else { packets(&vec![7; payload]) };
        encoded.reply.take(&bytes).unwrap();
    }
    assert!(encoded.reply.is_complete() && left == 0);
}

#[test]
fn status_alone_is_no_progress_and_payload_is() {
    let mut data = [0u8; 4];
    let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
    let mut encoded = codec().encode(&mut batch, Framing::Windows);
    assert_eq!(encoded.reply.take(&[0x32, 0x60]), Ok(false));
    assert_eq!(encoded.reply.take(&[]), Ok(false));
    assert_eq!(encoded.reply.take(&[0x32, 0x60, 1]), Ok(true));
    assert_eq!(encoded.reply.take(&[0x32, 0x60]), Ok(false));
}

#[test]
fn full_speed_packets_of_64_bytes_are_taken_apart_too() {
    let mut data = vec![0u8; 1000];
    let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
    let mut codec = codec();
    codec.packet = 64;
    let mut encoded = codec.encode(&mut batch, Framing::Windows);
    assert_eq!(encoded.reply.next(0), Some(1024 + 512));
    let wire: Vec<u8> = [5u8; 1000].chunks(62).flat_map(|p| [&[0x32, 0x60], p].concat()).collect();
    encoded.reply.take(&wire).unwrap();
    assert!(encoded.reply.is_complete());
    drop(encoded);
    assert_eq!(data, [5; 1000]);
}

#[test]
fn clocks_are_rounded_down_to_what_the_divisor_gives() {
    let clock = |hz| Mpsse::new(0, &[]).with_clock(hz).map(|c| (c.clock_hz(), c.divisor));
    for (asked, given, divisor) in [
        (30_000_000, 30_000_000, 0),
        (60_000_000, 30_000_000, 0),
        (29_999_999, 15_000_000, 1),
        (15_000_000, 15_000_000, 1),
        (14_000_000, 10_000_000, 2),
        (1_000_000, 1_000_000, 29),
        (458, 457, 65502),
    ] {
        assert_eq!(clock(asked), Ok((given, divisor)), "{asked}");
    }
    assert!(matches!(clock(457), Err(SpiError::Unsupported(_))));
    assert_eq!(codec().clock_hz(), 15_000_000);
    let (hz, set) = codec().set_clock(6_000_000).unwrap();
    assert_eq!((hz, set.out), (6_000_000, vec![vec![0x86, 4, 0]]));
}

#[test]
fn pauses_are_clocks_with_chip_select_high() {
    let pause = Duration::from_millis(40);
    let mut codec = codec();
    codec.take_clock(30_000_000).unwrap();
    let out = codec.encode(&mut [Transaction::write(&[6]).then_pause(pause)], Framing::Windows).out.concat();
    // 40 ms at 30 MHz are 150,000 bytes: two times 65,536 and 18,928.
    assert_eq!(out[13..], [0x8F, 0xFF, 0xFF, 0x8F, 0xFF, 0xFF, 0x8F, 0xEF, 0x49, 0x81, 0x87]);
    assert!(!codec.keeps(Shape::Fast, Duration::from_millis(51)));
}

#[test]
fn spare_pins_are_in_every_pin_command() {
    let codec = Mpsse::new(1, &[(4, Level::Low), (5, Level::High), (2, Level::High)]);
    let out = codec.encode(&mut [Transaction::write(&[6])], Framing::Windows).out.concat();
    assert_eq!(out[..6], [0x80, 0x28, 0x3B, 0x80, 0x20, 0x3B]);
    assert_eq!(codec.spare().collect::<Vec<_>>(), [(4, Level::Low), (5, Level::High)]);
    assert_eq!(codec.index, 2);
}

#[test]
fn pins_of_the_upper_byte_are_held_and_let_go() {
    let codec = Mpsse::new(0, &[(9, Level::High), (15, Level::Low), (4, Level::Low)]);
    let out = codec.encode(&mut [Transaction::write(&[6])], Framing::Windows).out.concat();
    assert_eq!(out[..6], [0x82, 0x02, 0x82, 0x80, 0x08, 0x1B]);
    assert_eq!(codec.start_commands()[..4], [0x82, 0x02, 0x82, 0x8A], "before anything else");
    assert_eq!(Mpsse::new(0, &[]).start_commands()[0], 0x8A, "not touched where none is held");
}

/// What is set back to the clock of before gets that clock.
#[test]
fn a_clock_that_is_set_back_is_the_one_that_it_was() {
    for divisor in 0..=65_501u32 {
        let before = 30_000_000 / (divisor + 1);
        let mut codec = Mpsse::new(0, &[]);
        codec.set_clock(before).unwrap();
        assert_eq!(codec.clock_hz(), before, "divisor {divisor}");
    }
    // The same when the device is brought up again.
    let mut codec = Mpsse::new(0, &[]);
    codec.set_clock(4_285_714).unwrap();
    codec.take_clock(codec.wanted_hz).unwrap();
    assert_eq!(codec.clock_hz(), 4_285_714);
}

#[test]
fn a_slow_clock_is_given_its_time() {
    let mut data = vec![0u8; 20_000];
    let codec = codec().with_clock(10_000).unwrap();
    let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
    let silent = codec.encode(&mut batch, Framing::Windows).silent;
    assert!(silent >= Duration::from_secs(16), "{silent:?}");
}
