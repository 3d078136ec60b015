//! The codec's bytes, by hand, and the driver on the emulated device.

use super::*;
use crate::emulator::{EmulatedPipe, Emulator, Fault, Faults, Options, ProgrammerKind, Quirk};
use crate::programmer::driver::Driver;
use crate::spi::Programmer;
use crate::usb::{About, Control};

/// Firmware that knows the flags of a `C2`.
fn new() -> Ch347 {
    Ch347 { new: true, ..Ch347::default() }
}

fn out(codec: &Ch347, batch: &mut [Transaction<'_>], framing: Framing) -> Vec<Vec<u8>> {
    codec.encode(batch, framing).out
}

const LOW: [u8; 13] = [0xC1, 10, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const HIGH: [u8; 13] = [0xC1, 10, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn a_short_window_is_one_packet_with_new_firmware_and_three_with_old() {
    let mut id = [0; 3];
    let mut batch = [Transaction::write(&[0x06]), Transaction::read(&[0x9F], &mut id)];
    // Behind several windows a question whose answer is none of theirs.
    let last = [0xCA, 1, 0, 1];
    let wanted = [vec![0xC2, 1, 0xC0, 0x06], vec![0xC2, 4, 0xC0, 0x9F, 0xFF, 0xFF, 0xFF], last.to_vec()];
    assert_eq!(out(&new(), &mut batch, Framing::Windows), wanted);
    let second = Ch347 { cs: 1, ..new() };
    assert_eq!(out(&second, &mut batch[..1], Framing::Windows), [[0xC2, 1, 0x30, 0x06]]);
    let old = out(&Ch347::default(), &mut batch, Framing::Windows);
    let read: [&[u8]; 4] = [&LOW, &[0xC4, 1, 0, 0x9F], &[0xC3, 4, 0, 3, 0, 0, 0], &HIGH];
    let wanted = [&[&LOW[..], &[0xC4, 1, 0, 0x06], &HIGH], &read[..], &[&last[..]]].concat();
    assert_eq!(old, wanted);
    let wait = out(&Ch347::default(), &mut batch[..1], Framing::Windows);
    assert_eq!(wait[3], [0xCA, 1, 0, 1], "a write has something to wait for");
}

#[test]
fn a_long_read_is_one_command_and_no_packet_is_longer_than_510_bytes() {
    let mut data = vec![0; 100_000];
    let mut batch = [Transaction::read(&[0x03, 1, 2, 3], &mut data)];
    let sent = out(&new(), &mut batch, Framing::Windows);
    let wanted: [&[u8]; 4] = [&LOW, &[0xC4, 4, 0, 3, 1, 2, 3], &[0xC3, 4, 0, 0xA0, 0x86, 0x01, 0], &HIGH];
    assert_eq!(sent, wanted);
    let page = vec![0x55; 2000];
    let sent = out(&new(), &mut [Transaction::write2(&[2, 0, 0, 0], &page)], Framing::Windows);
    assert_eq!(sent.iter().map(Vec::len).max(), Some(510));
}

#[test]
fn answers_are_taken_in_packets_of_any_cut_and_refused_out_of_turn() {
    let mut data = vec![0; 700];
    let mut scatter = Scatter::default();
    scatter.keep_next(&mut data);
    let expected = vec![Expected::Status(WRITE), Expected::Stream { left: 700 }];
    let mut answers = Answers::new(scatter, expected);
    use crate::usb::Reply;
    assert_eq!((answers.next(2), answers.next(3)), (Some(512), None));
    answers.take(&[0xC4, 1, 0, 0]).unwrap();
    let packet = |len: usize, byte| [&[0xC3, len as u8, (len >> 8) as u8][..], &vec![byte; len]].concat();
    answers.take(&packet(100, 1)).unwrap();
    answers.take(&packet(507, 2)).unwrap();
    assert_eq!((answers.next(0), answers.next(1)), (Some(512), None), "93 bytes are in one packet");
    let last = packet(93, 3);
    answers.take(&last[..2]).unwrap();
    answers.take(&last[2..]).unwrap();
    assert!(answers.is_complete());
    drop(answers);
    assert!(data[..100] == [1; 100] && data[100..607] == [2; 507] && data[607..] == [3; 93]);
    for wrong in [&[0xC4, 1, 0, 1][..], &[0xC2, 1, 0, 0], &[0xC4, 2, 0, 0, 0]] {
        let mut answers = Answers::new(Scatter::default(), vec![Expected::Status(WRITE)]);
        assert!(answers.take(wrong).is_err(), "{wrong:?}");
    }
    // The flags of a C2 may come back.
    let (mut one, mut scatter) = ([0], Scatter::default());
    scatter.keep_next(&mut one);
    let mut answers = Answers::new(scatter, vec![Expected::Data { command: BOTH, len: 1 }]);
    answers.take(&[0xC2, 1, 0xC0, 7]).unwrap();
    drop(answers);
    assert_eq!(one, [7]);
}

#[test]
fn a_fresh_part_is_configured_and_the_rest_of_its_configuration_stays() {
    let mut bytes = [0x55; config::LEN];
    bytes[14] = 0x80;
    let fresh = Config::read(&[(ASK, bytes.to_vec())]).unwrap();
    let set = fresh.bytes(2);
    assert_eq!(set[..16], [0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 2, 16, 0, 0, 0]);
    assert_eq!(set[16..], [0x55, 0x55, 0, 0, 0xFF, 0x15, 0x55, 0x55, 0x55, 0x55]);
    assert!(!fresh.is(&set) && Config::read(&[(ASK, set.to_vec())]).unwrap().is(&set));
}

fn emulator(kind: ProgrammerKind, quirks: &[Quirk]) -> Emulator {
    let options = Options { programmer: kind, quirks: quirks.to_vec(), ..Options::default() };
    Emulator::new(options).unwrap()
}

fn id(driver: &mut impl Programmer) -> Result<[u8; 3], SpiError> {
    let mut id = [0; 3];
    driver.run(&mut [Transaction::read(&[0x9F], &mut id)])?;
    Ok(id)
}

#[test]
fn every_firmware_is_brought_up_to_the_fast_shape() {
    for (kind, quirks, new) in [
        (ProgrammerKind::Ch347t, &[][..], true),
        (ProgrammerKind::Ch347t, &[Quirk::OldFirmware], false),
        (ProgrammerKind::Ch347f, &[], true),
    ] {
        let emulator = emulator(kind, quirks);
        let mut driver = Driver::open(Ch347::default(), emulator.pipe()).unwrap();
        assert_eq!(driver.codec.new, new, "{kind:?} {quirks:?}");
        assert_eq!((driver.shape(), driver.take_notices()), (Shape::Fast, vec![]));
        assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]));
        // 18 MHz is 72 / 4, which old firmware does not have.
        assert_eq!(driver.set_clock(18_000_000), Ok(if new { 18_000_000 } else { 15_000_000 }));
        assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]));
        drop(driver);
        assert_eq!(emulator.counts().misdeed_text(), "", "{kind:?} {quirks:?}");
    }
}

/// The bit is wrong in the status that is read after the configuration, and no one looks at that.
#[test]
fn the_first_bit_behind_a_configuration_is_of_no_use() {
    let emulator = emulator(ProgrammerKind::Ch347f, &[Quirk::FirstBit]);
    let pipe = emulator.pipe();
    let mut driver = Driver::open_in(Ch347::default(), pipe, Shape::Plain).unwrap();
    let mut status = [0; 1];
    driver.run(&mut [Transaction::read(&[0x05], &mut status)]).unwrap();
    assert_eq!(status, [0]);
    emulator.chip(|chip| chip.contents_mut()[0] = 0);
    driver.resync().unwrap();
    let mut byte = [0xFF; 1];
    driver.run(&mut [Transaction::read(&[0x03, 0, 0, 0], &mut byte)]).unwrap();
    assert_eq!(byte, [0]);
    // Another clock is another configuration.
    driver.set_clock(7_500_000).unwrap();
    byte = [0xFF];
    driver.run(&mut [Transaction::read(&[0x03, 0, 0, 0], &mut byte)]).unwrap();
    assert_eq!(byte, [0]);
}

/// A board whose other interface stretches the clock of I2C keeps that through a change of the clock.
#[test]
fn another_clock_writes_back_what_the_driver_does_not_set() {
    let mut held = vec![0; super::config::LEN];
    (held[21], held[25]) = (0x30, 0xA5);
    let mut codec = Ch347 { config: Config::read(&[(ASK, held)]).unwrap(), ..Ch347::default() };
    let (_, encoded) = codec.set_clock(7_500_000).unwrap();
    let config = encoded.out.iter().find(|packet| packet[0] == SET_CONFIG).unwrap();
    assert_eq!((config[3 + 21], config[3 + 25]), (0x30, 0xA5));
}

#[test]
fn the_second_chip_select_and_a_reset_pin_are_driven_and_let_go() {
    for kind in [ProgrammerKind::Ch347t, ProgrammerKind::Ch347f] {
        let emulator = Emulator::new(Options { programmer: kind, port: 1, ..Options::default() }).unwrap();
        let codec = Ch347::new(1, &[(4, Level::Low), (6, Level::High)]);
        let mut driver = Driver::open(codec, emulator.pipe()).unwrap();
        assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]), "{kind:?}");
        let spare = 0x50;
        assert_eq!((emulator.pins().0 & spare, emulator.pins().1), (0x40, spare), "{kind:?}");
        driver.release().unwrap();
        assert_eq!(emulator.pins(), (0x24, 0), "chip selects high, spare pins inputs");
        assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]), "{kind:?}");
        assert_eq!(emulator.pins().1, spare, "held again");
        drop(driver);
        assert_eq!(emulator.pins().1, 0);
        assert_eq!(emulator.counts().misdeed_text(), "");
    }
}

/// A device that is left in the middle of a read of a megabyte, its answers not fetched.
#[test]
fn what_a_killed_program_left_is_read_away() {
    let emulator = emulator(ProgrammerKind::Ch347t, &[]);
    let mut pipe = emulator.pipe();
    let mut codec = Ch347::default();
    codec.bring_up(&mut pipe).unwrap();
    let left = [codec.select(Level::Low), packet(READ, &(1u32 << 18).to_le_bytes())];
    let burst = Burst { out: &left, in_depth: 1, quiet: PATIENCE };
    pipe.burst(burst, &mut crate::programmer::codec::Silence).unwrap();
    let mut driver = Driver::open(Ch347::default(), emulator.pipe()).unwrap();
    assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]));
}

#[test]
fn a_lost_answer_is_healed_and_nothing_of_it_is_taken_for_another() {
    for lost in 1..12 {
        let emulator = emulator(ProgrammerKind::Ch347t, &[]);
        emulator.chip(|chip| chip.contents_mut()[..3].copy_from_slice(&[1, 2, 3]));
        let mut driver = Driver::open(Ch347::default(), emulator.pipe()).unwrap();
        emulator.reset_counts();
        emulator.set_faults(&Faults::seeded(1).with(Fault::LostPacket(lost)));
        for _ in 0..8 {
            assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]), "{lost}");
            let mut bytes = [0; 3];
            driver.run(&mut [Transaction::read(&[0x03, 0, 0, 0], &mut bytes)]).unwrap();
            assert_eq!(bytes, [1, 2, 3], "{lost}");
        }
        assert_eq!(emulator.counts().faults, 1);
    }
}

/// The flags of a `C2` rest on one program's sources: where they are not what that says, the plain shape is left.
#[test]
fn firmware_that_takes_flags_for_a_length_is_driven_in_the_plain_shape() {
    let emulator = emulator(ProgrammerKind::Ch347t, &[Quirk::NoFlags]);
    let mut driver = Driver::open(Ch347::default(), emulator.pipe()).unwrap();
    assert_eq!(driver.shape(), Shape::Plain);
    assert_eq!(driver.take_notices().len(), 1);
    assert_eq!(id(&mut driver), Ok([0xEF, 0x40, 0x17]));
    // What it took in meanwhile was clocked with chip select high: the chip heard nothing.
    let opcodes = emulator.counts().opcodes;
    assert!(opcodes.keys().all(|opcode| [0x05, 0x9F].contains(opcode)), "{opcodes:?}");
}

/// The emulated device, by the id of a CH339W.
struct As339W(EmulatedPipe);

impl Pipe for As339W {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        self.0.control_out(control, data)
    }
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        self.0.control_in(control, into)
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn crate::usb::Reply) -> Result<(), UsbError> {
        self.0.burst(burst, reply)
    }
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.0.drain(len, wait)
    }
    fn about(&self) -> About {
        About { product: Some(CH339W), ..self.0.about() }
    }
    fn now(&self) -> Duration {
        self.0.now()
    }
    fn sleep(&mut self, time: Duration) {
        self.0.sleep(time);
    }
}

#[test]
fn a_ch339w_is_asked_for_no_second_chip_select_and_no_spare_pin() {
    for (cs, pins, wanted) in [
        (0, &[][..], None),
        (1, &[], Some("one chip select only")),
        (0, &[(4, Level::Low)], Some("other spare pins")),
    ] {
        let emulator = Emulator::new(Options::new(ProgrammerKind::Ch347t)).unwrap();
        let opened = Driver::open(Ch347::new(cs, pins), As339W(emulator.pipe()));
        let error = opened.err().map(|error| error.to_string());
        match (wanted, &error) {
            (None, None) => {}
            (Some(words), Some(text)) if text.contains(words) => {
                assert_eq!(emulator.counts().out_packets, 0, "nothing is sent");
            }
            _ => panic!("{error:?}"),
        }
    }
}
