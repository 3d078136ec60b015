//! The driver on a CH341A whose chip clocks back what it gets, with a log of what was asked of it.

use super::*;
use crate::programmer::Ch341a;
use crate::spi::{LinkError, LinkFault};
use crate::usb::{Control, Reply};

/// Which bursts the device fails.
type Fails = fn(windows: usize, answers: usize) -> bool;

#[derive(Default)]
struct Loop {
    log: Vec<String>,
    now: Duration,
    stale: Vec<Vec<u8>>,
    fail: Option<UsbError>,
    fails: Option<Fails>,
    /// The version that it reports.
    version: Option<u8>,
    /// Pin commands are carried out before everything else of a burst.
    early: bool,
    /// Answers of several windows in one burst come with their bytes in another order.
    mixes: bool,
    /// No chip: what is clocked comes back as FF.
    empty: bool,
    /// What each request and burst takes.
    trip: Duration,
    /// How long each burst and drain waited for something.
    quiet: Vec<Duration>,
    /// Control requests are never answered.
    deaf: bool,
    /// Control requests.
    requests: usize,
}

impl Loop {
    fn refused(&mut self) -> UsbError {
        self.now += self.trip;
        self.requests += 1;
        match self.deaf {
            true => UsbError::Timeout { what: "control", after: PATIENCE },
            false => UsbError::Stall("control"),
        }
    }
}

/// The answer to one packet; a chip with an id and nothing else.
fn answer(packet: &[u8], low: &mut bool) -> Option<Vec<u8>> {
    match packet {
        [0xA8, 0xA0, rest @ ..] => Some(vec![0; rest.len() + 1]),
        [0xA8, 0xF9, _, _, _] if *low => {
            Some(vec![0xFF, 0xEF_u8.reverse_bits(), 0x40_u8.reverse_bits(), 0xE8])
        }
        [0xA8, data @ ..] => Some(data.to_vec()),
        [0xAB, pins @ ..] => {
            let outputs = pins.iter().take_while(|b| **b != 0x20).filter(|b| **b >> 6 == 2);
            let last = *outputs.last()?;
            *low = last & 1 == 0;
            pins.ends_with(&[0x00, 0x20]).then(|| vec![last & 0x3F])
        }
        _ => None,
    }
}

impl Pipe for &mut Loop {
    fn control_out(&mut self, _: Control, _: &[u8]) -> Result<(), UsbError> {
        Err(self.refused())
    }
    fn control_in(&mut self, _: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        let refused = self.refused();
        into[0] = self.version.ok_or(refused)?;
        Ok(2)
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        self.now += self.trip;
        self.quiet.push(burst.quiet);
        let mut packets: Vec<&[u8]> = burst.out.iter().flat_map(|t| t.chunks(32)).collect();
        if self.early {
            packets.sort_by_key(|packet| packet[0] != 0xAB);
        }
        let mut low = false;
        let mut answers: Vec<_> = packets.iter().filter_map(|packet| answer(packet, &mut low)).collect();
        let clocked = packets.iter().filter(|packet| packet[0] == 0xA8 || packet.ends_with(&[0x00, 0x20]));
        for (answer, _) in
            answers.iter_mut().zip(clocked).filter(|(_, packet)| self.empty && packet[0] == 0xA8)
        {
            answer.fill(0xFF);
        }
        let released = packets.iter().any(|p| *p == [0xAB, 0xB7, 0x40, 0x20]);
        let raised = packets == [[0xAB, 0xB7, 0x20]];
        // A window begins with chip select low.
        let windows = packets.iter().filter(|p| p[0] == 0xAB && p.contains(&0xB6)).count();
        self.log.push(match packets[..] {
            [[0xAA, ..]] => "mode".into(),
            _ if released => "release".into(),
            _ if raised => "raise".into(),
            _ => format!("burst {windows}/{}", answers.len()),
        });
        if self.mixes && windows > 1 {
            answers.iter_mut().for_each(|answer| answer.reverse());
        }
        if let Some(error) = self.fail.take() {
            return Err(error);
        }
        if !answers.is_empty() && self.fails.is_some_and(|fails| fails(windows, answers.len())) {
            return Err(UsbError::Timeout { what: "test", after: burst.quiet });
        }
        for answer in answers {
            assert_eq!(reply.next(0), Some(32));
            reply.take(&answer)?;
        }
        assert!(reply.is_complete());
        Ok(())
    }
    fn drain(&mut self, _: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.now += self.trip;
        self.quiet.push(wait);
        self.log.push("drain".into());
        let stale = self.stale.pop();
        if stale.is_none() {
            self.now += wait;
        }
        Ok(stale.unwrap_or_default())
    }
    fn now(&self) -> Duration {
        self.now
    }
    fn sleep(&mut self, time: Duration) {
        if !time.is_zero() {
            self.log.push(format!("sleep {}", time.as_micros()));
        }
        self.now += time;
    }
}

fn open(pipe: &mut Loop) -> Driver<Ch341a, &mut Loop> {
    let mut driver = Driver::open(Ch341a::default(), pipe).unwrap();
    driver.pipe_mut().log.clear();
    driver
}

fn read<P: Pipe>(driver: &mut Driver<Ch341a, P>, len: usize) -> Result<Vec<u8>, SpiError> {
    let mut data = vec![0; len];
    driver.run(&mut [Transaction::read(&[3], &mut data)])?;
    Ok(data)
}

#[test]
fn the_fast_shape_is_proven_at_open_by_the_link_and_by_the_id() {
    let mut pipe = Loop::default();
    let driver = Driver::open(Ch341a::default(), &mut pipe).unwrap();
    assert!(driver.shape() == Shape::Fast && !driver.ladder.is_unproven());
    let wanted = ["drain", "mode", "burst 0/7", "burst 1/1", "burst 1/1", "burst 8/8"];
    assert_eq!(driver.pipe().log, wanted);
}

#[test]
fn pin_commands_out_of_turn_and_old_versions_are_driven_plainly_and_said_once() {
    for mut pipe in [Loop { early: true, ..Loop::default() }, Loop { version: Some(0x20), ..Loop::default() }]
    {
        let mut driver = open(&mut pipe);
        assert_eq!(driver.shape(), Shape::Plain);
        let notices = driver.take_notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].to_string().contains("plain mode"), "{}", notices[0]);
        assert_eq!(driver.take_notices(), []);
        read(&mut driver, 40).unwrap();
        // Chip select of a read is raised by the next window, of a write at once.
        driver.run(&mut [Transaction::write(&[6]), Transaction::write(&[2])]).unwrap();
        driver.release().unwrap();
        let log = driver.pipe().log.clone();
        assert_eq!(log, ["burst 1/2", "burst 1/1", "burst 1/1", "raise", "release"]);
    }
}

#[test]
fn without_a_chip_windows_go_one_by_one_until_an_answer_proves_the_fast_shape() {
    let mut pipe = Loop { stale: vec![], ..Loop::default() };
    let mut driver = open(&mut pipe);
    driver.ladder = Ladder::new(Shape::Fast);
    let (mut a, mut b) = ([0; 1], [0; 3]);
    driver.run(&mut [Transaction::read(&[5], &mut a), Transaction::write(&[4])]).unwrap();
    assert_eq!(driver.pipe().log, ["burst 1/1", "burst 1/1", "raise"]);
    driver.run(&mut [Transaction::read(&[0x9F], &mut b)]).unwrap();
    assert!(!driver.ladder.is_unproven());
    assert_eq!(driver.pipe().log[3..], ["burst 1/1", "burst 8/8"]);
}

/// The link is in order, and many commands in one burst are not answered as single ones are.
#[test]
fn the_fast_shape_is_left_at_open_where_the_id_does_not_come_in_one_burst() {
    let silent = Loop { fails: Some(|windows, _| windows > 1), ..Loop::default() };
    for (mut pipe, why) in [(silent, "no answer"), (Loop { mixes: true, ..Loop::default() }, "otherwise")] {
        let mut driver = open(&mut pipe);
        assert_eq!(driver.shape(), Shape::Plain, "{why}");
        let said: Vec<String> = driver.take_notices().iter().map(ToString::to_string).collect();
        assert!(said.len() == 1 && said[0].contains("the proof of the fast one failed"), "{said:?}");
        assert!(said[0].contains(why), "{said:?}");
        read(&mut driver, 100).unwrap();
        assert_eq!(driver.pipe().log, ["burst 1/4"]);
    }
}

/// What the fast shape rests on is proven by the adapter alone: pins out of their turn show without a chip.
#[test]
fn pins_out_of_turn_are_found_without_a_chip() {
    for (early, shape) in [(false, Shape::Fast), (true, Shape::Plain)] {
        let mut pipe = Loop { early, empty: true, ..Loop::default() };
        assert_eq!(Driver::open(Ch341a::default(), &mut pipe).unwrap().shape(), shape);
    }
}

/// What is after an empty packet is no answer to what is asked next.
#[test]
fn an_empty_packet_at_open_is_no_silence() {
    let mut pipe = Loop { stale: vec![vec![1, 2], vec![], vec![3]], ..Loop::default() };
    let driver = Driver::open(Ch341a::default(), &mut pipe).unwrap();
    assert_eq!(driver.pipe().log[..5], ["drain", "drain", "drain", "drain", "mode"]);
    assert_eq!(driver.shape(), Shape::Fast);
}

/// A virtual machine, or USB over a network: the proof, questions, writes and the re-sync all wait longer.
#[test]
fn the_first_round_trips_decide_how_long_the_device_is_waited_for() {
    for (trip, patience) in [(1, PATIENCE), (19, PATIENCE), (40, SLOW_PATIENCE)] {
        let mut pipe = Loop { trip: Duration::from_millis(trip), ..Loop::default() };
        let mut driver = Driver::open(Ch341a::default(), &mut pipe).unwrap();
        let nearly = |seen: Duration, wanted: Duration| {
            assert!((wanted..wanted + Duration::from_millis(50)).contains(&seen), "{trip} ms: {seen:?}");
        };
        // Drained, the mode set, then the proof.
        nearly(driver.pipe().quiet[2], patience / HURRY);
        read(&mut driver, 3).unwrap();
        nearly(*driver.pipe().quiet.last().unwrap(), patience / HURRY);
        driver.run(&mut [Transaction::write(&[6])]).unwrap();
        nearly(*driver.pipe().quiet.last().unwrap(), patience);
        // The mark after a failure comes after all that is late; what failed has waited for a third already.
        driver.pipe_mut().quiet.clear();
        driver.pipe_mut().fail = Some(UsbError::Stall("test"));
        driver.run(&mut [Transaction::write(&[6])]).unwrap_err();
        nearly(*driver.pipe().quiet.last().unwrap(), patience / HURRY * 2);
    }
}

#[test]
fn a_long_pause_splits_the_batch_and_drop_releases() {
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    let mut both = [1u8, 2];
    let mut batch = [
        Transaction::write(&[1]).then_pause(Duration::from_micros(3)),
        Transaction::write(&[2]).then_pause(Duration::from_micros(700)),
        Transaction { ops: vec![Op::Transfer(&mut both)], pause: Duration::ZERO },
    ];
    driver.run(&mut batch).unwrap();
    drop(driver);
    assert_eq!(pipe.log, ["burst 2/2", "sleep 700", "burst 1/1", "release"]);
    assert_eq!(both, [1, 2]);
}

#[test]
fn after_a_failure_the_programmer_is_drained_and_usable() {
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    driver.pipe_mut().fail = Some(UsbError::Stall("burst"));
    driver.pipe_mut().stale = vec![vec![1, 2]];
    let error = driver.run(&mut [Transaction::write(&[1])]).unwrap_err();
    assert_eq!(error, UsbError::Stall("burst").into());
    driver.run(&mut [Transaction::write(&[1])]).unwrap();
    driver.release().unwrap();
    drop(driver);
    // What writes is not repeated here; whoever does so has another shape.
    let wanted = ["burst 1/1", "drain", "drain", "burst 0/8", "burst 1/1", "raise", "release"];
    assert_eq!(pipe.log, wanted);
}

#[test]
fn a_question_that_failed_is_asked_again_in_the_next_smaller_shape() {
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    driver.pipe_mut().fail = Some(UsbError::Broken("burst"));
    assert_eq!(read(&mut driver, 5000).unwrap(), [0xFF; 5000]);
    assert_eq!(driver.pipe().log, ["burst 1/162", "drain", "burst 0/8", "burst 1/133", "burst 0/29"]);
    assert_eq!((driver.shape(), driver.take_notices()), (Shape::Fast, vec![]), "one failure is an accident");
    for _ in 0..3 {
        driver.pipe_mut().fail = Some(UsbError::Broken("burst"));
        read(&mut driver, 100).unwrap();
    }
    assert_eq!(driver.shape(), Shape::Plain);
    assert_eq!(driver.take_notices().len(), 1);
}

#[test]
fn what_fails_twice_at_one_place_is_left_for_the_shape_that_works() {
    // More than one answer outstanding is too much for this one.
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    driver.pipe_mut().fails = Some(|_, answers| answers > 1);
    assert_eq!(read(&mut driver, 100).unwrap(), [0xFF; 100]);
    assert_eq!(driver.shape(), Shape::Smallest);
    assert_eq!(driver.take_notices().len(), 1);
    driver.pipe_mut().log.clear();
    read(&mut driver, 60).unwrap();
    assert_eq!(driver.pipe().log, ["burst 1/1", "burst 0/1"]);
}

#[test]
fn at_the_end_of_the_ladder_the_driver_is_named_and_not_the_clip() {
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    driver.pipe_mut().fails = Some(|_, _| true);
    let SpiError::Link(LinkError { fault, text }) = read(&mut driver, 100).unwrap_err() else { panic!() };
    assert_eq!(fault, LinkFault::Driver);
    assert!(text.contains("not the clip") && text.contains("another programmer"), "{text}");
    let asked = |line: &&String| line.starts_with("burst") && *line != "burst 0/8";
    let shapes = driver.pipe().log.iter().filter(asked).count();
    assert_eq!(shapes, 3, "{:?}", driver.pipe().log);
}

#[test]
fn a_write_that_fails_twice_at_one_place_is_left_for_the_plain_shape() {
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    let mut status = [0; 1];
    let mut write = |driver: &mut Driver<Ch341a, &mut Loop>| {
        driver.run(&mut [Transaction::write(&[6]), Transaction::read(&[5], &mut status)])
    };
    driver.pipe_mut().fails = Some(|_, _| true);
    assert!(write(&mut driver).is_err());
    assert!(driver.shape() == Shape::Fast && driver.take_notices().is_empty());
    assert!(write(&mut driver).is_err());
    let up = ["drain", "burst 0/8"];
    assert_eq!(driver.pipe().log, [&["burst 2/2"], &up[..], &["burst 1/1"], &up[..]].concat());
    driver.pipe_mut().fails = None;
    write(&mut driver).unwrap();
    assert!(driver.shape() > Shape::Fast && driver.take_notices().len() == 1);
}

/// Two requests that no other program sends: a chip that leaves them without an answer is asked once, for each costs a second.
#[test]
fn requests_that_are_not_known_are_sent_once_and_do_no_harm() {
    for deaf in [false, true] {
        let mut pipe = Loop { deaf, ..Loop::default() };
        let mut driver = open(&mut pipe);
        assert_eq!(driver.shape(), Shape::Fast);
        driver.pipe_mut().fail = Some(UsbError::Broken("burst"));
        assert_eq!(read(&mut driver, 100).unwrap(), [0xFF; 100]);
        assert_eq!(driver.pipe().requests, 2, "{deaf}");
    }
}

#[test]
fn too_long_a_transaction_is_refused_before_anything_is_sent() {
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    let max = driver.limits().max_transaction;
    let mut into = vec![0; max];
    let mut batch = [Transaction::write(&[6]), Transaction::read(&[3], &mut into)];
    assert_eq!(driver.run(&mut batch), Err(SpiError::TooLong { len: max + 1, max }));
    assert!(matches!(driver.set_clock(1000), Err(SpiError::Unsupported(_))));
    drop(driver);
    assert_eq!(pipe.log, ["release"]);
}

/// A read that is longer than any transaction may be goes down in parts, and ends where it is told to.
#[test]
fn a_read_without_a_limit_is_handed_out_in_parts_and_can_be_stopped() {
    for stop_after in [1, 3, 40] {
        let mut pipe = Loop::default();
        let mut driver = open(&mut pipe);
        let (mut parts, mut bytes) = (0, 0u64);
        let len = 100_000;
        driver
            .read_on(&[3, 0, 0, 0], len, &mut |part| {
                (parts, bytes) = (parts + 1, bytes + part.len() as u64);
                if parts == stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        assert_eq!(bytes == len, stop_after == 40, "{parts} parts, {bytes} bytes");
        assert!(parts <= 25);
        // Chip select is high after it, and what follows is a window of its own.
        assert_eq!(driver.pipe().log.last().unwrap(), "raise");
        assert_eq!(read(&mut driver, 60).unwrap(), [0xFF; 60]);
    }
    let mut pipe = Loop::default();
    let mut driver = open(&mut pipe);
    let most = driver.limits().max_transaction as u64;
    let mut first = |_: &[u8]| ControlFlow::Break(());
    assert!(driver.read_on(&[3], 16 * most, &mut first).is_ok());
}
