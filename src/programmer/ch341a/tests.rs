//! Packets by hand.

use super::*;

/// `B7` = all chip selects high, `B6` = the clip's low, `7F` = D0 to D5 outputs, `20` = stream end.
#[test]
fn a_write_enable_and_a_status_read_share_the_middle_packet() {
    let mut status = [0u8; 2];
    let mut batch = [Transaction::write(&[0x06]), Transaction::read(&[0x05], &mut status)];
    let mut encoded = Ch341a::default().encode(&mut batch, Framing::Windows);
    let wanted: [&[u8]; 5] = [
        &[0xAB, 0xB7, 0x7F, 0xB6, 0x20],
        &[0xA8, 0x60],
        &[0xAB, 0xB7, 0xB6, 0x20],
        &[0xA8, 0xA0, 0xFF, 0xFF],
        &[0xAB, 0xB7, 0x20],
    ];
    assert_eq!(encoded.out, wanted);
    assert_eq!(encoded.reply.next(0), Some(32));
    assert_eq!(encoded.reply.next(1), Some(32));
    assert_eq!(encoded.reply.next(2), None, "two packets are answered, no more");
    encoded.reply.take(&[0xFF]).unwrap();
    assert!(!encoded.reply.is_complete());
    encoded.reply.take(&[0x00, 0x40, 0xC0]).unwrap();
    assert!(encoded.reply.is_complete());
    assert_eq!(encoded.reply.next(0), None);
    drop(encoded);
    assert_eq!(status, [0x02, 0x03]);
}

#[test]
fn full_packets_share_transfers_and_the_last_one_is_short() {
    let mut data = vec![0u8; 31 * 200 + 5 - 4];
    let mut batch = [Transaction::read(&[0x03, 1, 2, 3], &mut data)];
    let encoded = Ch341a::default().encode(&mut batch, Framing::Windows);
    let lengths: Vec<usize> = encoded.out.iter().map(Vec::len).collect();
    assert_eq!(lengths, [5, 4096, 72 * 32 + 6, 3]);
    for packet in encoded.out[1..3].iter().flat_map(|t| t.chunks(32)) {
        assert_eq!(packet[0], 0xA8);
    }
    assert_eq!(encoded.out[1][..5], [0xA8, 0xC0, 0x80, 0x40, 0xC0]);
    assert!((0..201).all(|n| encoded.reply.next(n) == Some(32)));
    assert_eq!(encoded.reply.next(201), None);
}

#[test]
fn a_last_packet_that_is_full_takes_the_edge_into_its_transfer() {
    let mut batch = [Transaction::write(&[0u8; 31])];
    let encoded = Ch341a::default().encode(&mut batch, Framing::Windows);
    let lengths: Vec<usize> = encoded.out.iter().map(Vec::len).collect();
    assert_eq!(lengths, [5, 32 + 3]);
}

#[test]
fn answers_are_a_stream_of_bytes_and_too_many_are_an_error() {
    for (parts, fits) in [
        (&[10, 0, 21, 9][..], true),
        (&[31, 9], true),
        // Merged, split, and merged across both.
        (&[32, 8], true),
        (&[1; 40], true),
        (&[31, 10], false),
        (&[31, 5, 31], false),
    ] {
        let mut data = [0u8; 40];
        let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
        let mut encoded = Ch341a::default().encode(&mut batch, Framing::Windows);
        let mut n = 0u8;
        let taken = parts.iter().try_for_each(|len| {
            let bytes: Vec<u8> = (0..*len).map(|i| (n + i).reverse_bits()).collect();
            n += *len;
            encoded.reply.take(&bytes).map(drop)
        });
        assert_eq!(taken.is_ok(), fits, "{parts:?}: {taken:?}");
        assert_eq!(encoded.reply.is_complete(), fits, "{parts:?}");
        drop(encoded);
        if fits {
            assert_eq!(data.to_vec(), (0..40).collect::<Vec<u8>>(), "{parts:?}");
        }
    }
}

#[test]
fn transfers_are_asked_for_as_answers_are_missing() {
    let mut data = [0u8; 40];
    let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
    let mut encoded = Ch341a::default().encode(&mut batch, Framing::Windows);
    encoded.reply.take(&[0; 10]).unwrap();
    assert_eq!(encoded.reply.next(1), Some(32), "the rest of the first and the second are missing");
    assert_eq!(encoded.reply.next(2), None);
    encoded.reply.take(&[0; 30]).unwrap();
    assert_eq!(encoded.reply.next(0), None);
}

/// The shape that flashrom has: a padded chip-select packet and the command in one transfer.
#[test]
fn a_plain_window_is_one_transfer_and_chip_select_stays_low() {
    let codec = Ch341a::default();
    let mut id = [0; 3];
    let mut batch = [Transaction::read(&[0x9F], &mut id)];
    let encoded = codec.encode(&mut batch, Framing::Part { first: true, last: true });
    let mut wanted = vec![0; 32];
    wanted[..5].copy_from_slice(&[0xAB, 0xB7, 0x7F, 0xB6, 0x20]);
    wanted.extend([0xA8, 0xF9, 0xFF, 0xFF, 0xFF]);
    assert_eq!(encoded.out, [wanted]);
    drop(encoded);
    let mut batch = [Transaction::write(&[1; 40])];
    let encoded = codec.encode(&mut batch, Framing::Part { first: false, last: false });
    assert_eq!(encoded.out.concat().len(), 42, "no edge");
    assert_eq!(codec.deselect(), Some(vec![0xAB, 0xB7, 0x20]));
}

#[test]
fn version_20h_gets_an_empty_packet_behind_each_full_one() {
    let codec = Ch341a { version: Some(0x20), ..Ch341a::default() };
    assert_eq!(codec.start().0, Shape::Plain);
    let mut data = [0u8; 40];
    let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
    let encoded = codec.encode(&mut batch, Framing::Part { first: true, last: true });
    let heads: Vec<u8> = encoded.out.concat().chunks(32).map(|packet| packet[0]).collect();
    assert_eq!(heads, [0xAB, 0xA8, 0x00, 0xA8]);
}

#[test]
fn spare_pins_are_held_and_the_baseline_never_selects() {
    let codec = Ch341a::new(&[(1, Level::Low), (0, Level::Low), (7, Level::Low)]);
    let mut seen = [0u8; 1];
    let mut batch = [Transaction { ops: vec![Op::Read(&mut seen)], pause: Duration::ZERO }];
    let encoded = codec.encode(&mut batch, Framing::Deselected);
    let mut wanted = vec![0; 32];
    wanted[..5].copy_from_slice(&[0xAB, 0xB5, 0x7F, 0xB5, 0x20]);
    wanted.extend([0xA8, 0xFF]);
    assert_eq!(encoded.out, [wanted]);
}

#[test]
fn a_short_pause_is_made_of_repeated_outputs_in_a_short_packet() {
    let pause = Duration::from_micros(18);
    let mut batch = [Transaction::write(&[0xAB]).then_pause(pause), Transaction::write(&[6])];
    let codec = Ch341a::default();
    let encoded = codec.encode(&mut batch, Framing::Windows);
    assert_eq!(encoded.out[2].len(), 1 + 1 + 24 + 1 + 1);
    assert!(codec.keeps(Shape::Fast, pause) && !codec.keeps(Shape::Fast, Duration::from_micros(30)));
}
