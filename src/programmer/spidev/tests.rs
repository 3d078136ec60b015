//! Messages to the kernel and their answers.

use super::*;

fn encoded(codec: &Spidev, batch: &mut [Transaction<'_>]) -> Message {
    let encoded = codec.encode(batch, Framing::Windows);
    Message::parse(&encoded.out[0]).unwrap()
}

#[test]
fn a_page_is_one_message_and_the_pause_comes_behind_the_rise_of_chip_select() {
    let codec = Spidev { pauses: true, ..Spidev::new(None) };
    let mut status = [0; 2];
    let page = [0xAA; 256];
    let message = encoded(
        &codec,
        &mut [
            Transaction::write(&[6]),
            Transaction::write2(&[2, 0, 0, 0], &page).then_pause(Duration::from_nanos(10_100_001)),
            Transaction::read(&[5], &mut status),
        ],
    );
    let shape: Vec<_> = message.segments.iter().map(|s| (s.len, s.delay, s.change)).collect();
    assert_eq!(shape, [(1, 0, true), (260, 0, true), (0, 10_101, true), (1, 0, false), (2, 0, false)]);
    assert_eq!(message.data.len(), 262);
}

#[test]
fn messages_stay_within_the_buffers_by_both_rules() {
    for room in [512, 4096, 65_536] {
        let codec = Spidev { room, pauses: true, ..Spidev::new(None) };
        let mut answers = vec![[0; 1]; 3000];
        let mut batch: Vec<_> = answers.iter_mut().map(|a| Transaction::read(&[5], a)).collect();
        let mut rest = batch.as_mut_slice();
        while !rest.is_empty() {
            let n = codec.burst(Shape::Fast, rest);
            let (now, later) = rest.split_at_mut(n);
            let message = encoded(&codec, now);
            assert!(Load::default().add(&message.segments).fits(room), "{room}: {n}");
            assert!(now.len() == room / ALIGN || message.segments.len() == MOST_SEGMENTS || later.is_empty());
            rest = later;
        }
        let mut most = vec![0; room - COMMAND];
        assert!(codec.check(&Transaction::read(&[3, 0, 0, 0], &mut most)).is_ok());
        assert!(codec.check(&Transaction::write2(&[2, 0, 0, 0], &most)).is_ok());
        let mut more = vec![0; room + 1];
        assert!(codec.check(&Transaction::read(&[3, 0, 0, 0], &mut more)).is_err());
    }
}

#[test]
fn an_answer_of_another_message_is_passed_over_and_an_error_is_named() {
    let codec = Spidev::new(None);
    let mut id = [0; 3];
    let mut batch = [Transaction::read(&[0x9F], &mut id)];
    let mut encoded = codec.encode(&mut batch, Framing::Windows);
    let answer = |mark, result| Answered { mark, result, bytes: vec![1, 2, 3] }.to_bytes();
    assert_eq!(encoded.reply.take(&answer(9, 4)), Ok(false));
    assert!(matches!(encoded.reply.take(&answer(1, -90)), Err(UsbError::System { code: 90, .. })));
    assert!(matches!(encoded.reply.take(&answer(1, 3)), Err(UsbError::Desync { .. })));
    assert!(!encoded.reply.is_complete());
    assert_eq!(encoded.reply.take(&answer(1, 4)), Ok(true));
    drop(encoded);
    assert_eq!(id, [1, 2, 3]);
}
