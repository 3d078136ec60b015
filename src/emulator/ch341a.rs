//! The CH341A as a USB device: 32-byte packets, one command each, bits reversed, one answer packet a data packet.
//!
//! From the published descriptions of flashrom's, frank-zago's and IMSProg's drivers: A8h SPI stream, AAh I2C stream
//! (only its speed setting), ABh UIO stream (80h pin values, 40h directions, C0h delay in us, 00h input, 20h end).
//! Times: SPI 1.5 MHz, 1 us to decode a packet, 0.75 us a UIO byte. The device works on one packet and holds one more;
//! two answers wait for the host. Whether real hardware overlaps so much, or more, is unmeasured: the reads that others
//! measured come out of one that does not overlap at all, as an option of the model.

use super::clip::Clip;
use super::clock::wire_time;
use super::counts::Misdeed;
use super::device::{Descriptors, DeviceRow, PacketAnswer, Setup, Speed, Stalled, UsbDevice, configuration};
use super::quirk::Quirk;
use std::collections::VecDeque;
use std::time::Duration;

const VENDOR: u16 = 0x1a86;
const PRODUCT_SPI: u16 = 0x5512;
const PRODUCT_UART: u16 = 0x5523;
const OUT: u8 = 0x02;
const IN: u8 = 0x82;
const INTERRUPT: u8 = 0x81;
const PACKET: usize = 32;

const SPI_STREAM: u8 = 0xa8;
const I2C_STREAM: u8 = 0xaa;
const UIO_STREAM: u8 = 0xab;
const UIO_END: u8 = 0x20;
const I2C_END: u8 = 0x00;

const SPI_HZ: u32 = 1_500_000;
const DECODE: Duration = Duration::from_micros(1);
const UIO_BYTE: Duration = Duration::from_nanos(750);
/// Quirk: how long an answer is held.
const HOLD: Duration = Duration::from_millis(3);
/// Quirk: how long a short answer waits for another one.
const MERGE: Duration = Duration::from_micros(60);
/// Answers that wait for the host.
const ANSWERS: usize = 2;

const PIN_CS: u8 = 0x01;
const PIN_SCK: u8 = 0x08;
const PIN_MOSI: u8 = 0x20;
/// D0 to D5 can be outputs.
const PIN_OUTPUTS: u8 = 0x3f;
const PIN_MISO: u8 = 0x80;

/// One packet, kept without allocation.
#[derive(Clone, Copy, Debug)]
struct Packet {
    len: usize,
    bytes: [u8; PACKET],
}

/// The device sends and takes the lowest bit of each byte first.
fn turn_round(bytes: &mut [u8; PACKET]) {
    for eight in bytes.as_chunks_mut::<8>().0 {
        *eight = u64::from_le_bytes(*eight).reverse_bits().to_be_bytes();
    }
}

impl Packet {
    fn new(bytes: &[u8]) -> Self {
        let mut packet = Self { len: bytes.len().min(PACKET), bytes: [0; PACKET] };
        packet.bytes[..packet.len].copy_from_slice(&bytes[..packet.len]);
        packet
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// A CH341A; in UART mode it has no SPI.
pub struct Ch341a {
    descriptors: Descriptors,
    uart: bool,
    /// Takes a packet while another one is in work or its answer waits.
    overlap: bool,
    clip: Clip,
    /// The packet in work: when it is done, and its answer.
    work: Option<(Duration, Packet)>,
    held: Option<(Duration, Packet)>,
    /// Answers that wait for the host, and since when.
    answers: VecDeque<(Duration, Packet)>,
    quirks: Vec<Quirk>,
    /// Two data lines.
    dual: bool,
    /// The last packet was a full `A8` packet.
    after_full: bool,
    /// `A8` bytes that have arrived and are not clocked yet, where pin packets do not wait for them.
    late: VecDeque<(Duration, u8, bool)>,
    value: u8,
    direction: u8,
    selected: bool,
}

impl Ch341a {
    /// In EPP/MEM/I2C mode, 1a86:5512.
    pub(super) fn new(clip: Clip, overlap: bool, quirks: &[Quirk]) -> Self {
        Self::with(clip, false, overlap, quirks)
    }

    /// In UART mode, 1a86:5523.
    pub(super) fn uart(clip: Clip) -> Self {
        Self::with(clip, true, true, &[])
    }

    fn with(clip: Clip, uart: bool, overlap: bool, quirks: &[Quirk]) -> Self {
        let device = DeviceRow {
            usb: 0x0110,
            class: 0xff,
            max_packet0: 8,
            vendor: VENDOR,
            product: if uart { PRODUCT_UART } else { PRODUCT_SPI },
            release: 0x0304,
            // No serial number.
            strings: [0, 2, 0],
        };
        let endpoints: &[(u8, u8, u16)] =
            &[(IN, 2, PACKET as u16), (OUT, 2, PACKET as u16), (INTERRUPT, 3, 8)];
        let name = if uart { "USB2.0-Ser!" } else { "USB UART-LPT" };
        Self {
            descriptors: Descriptors {
                speed: Speed::Full,
                packet: PACKET,
                device: device.bytes(),
                configuration: configuration(&[endpoints], [0xff, 0x01, 0x02], 0x80, 48),
                strings: vec![String::new(), name.into()],
            },
            uart,
            overlap,
            clip,
            work: None,
            held: None,
            answers: VecDeque::with_capacity(ANSWERS),
            quirks: quirks.to_vec(),
            dual: quirks.contains(&Quirk::DualMode),
            after_full: false,
            late: VecDeque::new(),
            value: 0,
            direction: 0,
            selected: false,
        }
    }

    /// Brings the device to `now`: ends the packet in work when its answer has room, and begins the held one.
    fn advance(&mut self, now: Duration) {
        self.clock_late(now);
        while let Some((done, answer)) = self.work {
            if done > now || (answer.len > 0 && self.answers.len() >= ANSWERS) {
                return;
            }
            if answer.len > 0 {
                self.answers.push_back((done, answer));
            }
            self.work = None;
            if let Some((arrived, packet)) = self.held.take() {
                self.begin(done.max(arrived), packet);
            }
        }
    }

    /// Carries a packet out from `at` on, and notes when it is done.
    fn begin(&mut self, at: Duration, packet: Packet) {
        let mut now = at + DECODE;
        let answer = match packet.bytes[0] {
            SPI_STREAM if packet.len > 0 => self.spi(&mut now, &packet.bytes[1..packet.len]),
            UIO_STREAM if packet.len > 0 => self.uio(&mut now, &packet.bytes[1..packet.len]),
            I2C_STREAM if packet.len > 0 => self.i2c(&packet.bytes[1..packet.len]),
            other => {
                self.clip.counts_mut().misdeed(Misdeed::BadPacket(other));
                Packet::new(&[])
            }
        };
        self.work = Some((now, answer));
    }

    fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// How long an answer is held back.
    fn held_for(&self, answer: &Packet) -> Duration {
        match () {
            () if self.has(Quirk::Hold) => HOLD,
            () if self.has(Quirk::Merge) && answer.len < PACKET - 1 => MERGE,
            () => Duration::ZERO,
        }
    }

    /// A packet where pin commands do not wait for the bytes before them, as in a firmware that clocks in its main loop
    /// and sets pins in its interrupt.
    fn take_early(&mut self, arrives: Duration, bytes: &[u8]) -> PacketAnswer<()> {
        if bytes[0] != SPI_STREAM {
            let mut at = arrives;
            let answer = match bytes[0] {
                UIO_STREAM => self.uio(&mut at, &bytes[1..]),
                _ => self.i2c(&bytes[1..]),
            };
            if answer.len > 0 {
                self.answers.push_back((at, answer));
            }
            return PacketAnswer::Ack(());
        }
        if self.late.len() + bytes.len() > 4 * PACKET || self.answers.len() >= ANSWERS * 4 {
            return PacketAnswer::Nak;
        }
        let mut due = self.late.back().map_or(arrives, |(due, ..)| *due);
        for (i, byte) in bytes[1..].iter().enumerate() {
            due += wire_time(SPI_HZ, 1);
            self.late.push_back((due, *byte, i + 2 == bytes.len()));
        }
        PacketAnswer::Ack(())
    }

    /// Clocks the bytes that are due; an answer is what has come since the last one, up to a packet.
    fn clock_late(&mut self, now: Duration) {
        while let Some((due, byte, _)) = self.late.front().copied().filter(|(due, ..)| *due <= now) {
            self.late.pop_front();
            let mut at = due;
            let one = self.spi(&mut at, &[byte]);
            match self.answers.back_mut() {
                // Merged with what the host has not fetched.
                Some((_, last)) if last.len < PACKET - 1 => {
                    last.bytes[last.len] = one.bytes[0];
                    last.len += 1;
                }
                _ => self.answers.push_back((due, one)),
            }
        }
    }

    fn spi(&mut self, now: &mut Duration, data: &[u8]) -> Packet {
        let n = data.len();
        let mut mosi = [0; PACKET];
        mosi[..n].copy_from_slice(data);
        turn_round(&mut mosi);
        let mut answer = Packet { len: n, bytes: [0xff; PACKET] };
        let driven = self.direction & (PIN_SCK | PIN_MOSI) == PIN_SCK | PIN_MOSI;
        if driven {
            self.clip.clock(*now, SPI_HZ, &mosi[..n], &mut answer.bytes[..n]);
        } else if self.selected {
            self.clip.counts_mut().misdeed(Misdeed::FloatingPins);
        }
        if self.dual {
            // Half the bits of each byte come back on the other line.
            answer.bytes[..n].iter_mut().for_each(|byte| *byte = *byte & 0xaa | 0x55);
        }
        turn_round(&mut answer.bytes);
        *now += wire_time(SPI_HZ, n);
        answer
    }

    fn uio(&mut self, now: &mut Duration, data: &[u8]) -> Packet {
        let mut answer = Packet::new(&[]);
        let mut ended = false;
        for byte in data {
            if ended {
                // Zeros fill a packet up.
                if *byte == 0 {
                    continue;
                }
                self.clip.counts_mut().misdeed(Misdeed::AfterStreamEnd);
                break;
            }
            *now += UIO_BYTE;
            match byte >> 6 {
                0b10 => {
                    self.value = byte & PIN_OUTPUTS;
                    self.drive(*now);
                }
                0b01 => {
                    self.direction = byte & PIN_OUTPUTS;
                    self.drive(*now);
                }
                0b11 => *now += Duration::from_micros(u64::from(byte & 0x3f)),
                _ if *byte == UIO_END => ended = true,
                _ if *byte == 0x00 => {
                    answer.bytes[answer.len] =
                        (self.value & self.direction) | !self.direction & !PIN_MISO | PIN_MISO;
                    answer.len += 1;
                }
                _ => self.clip.counts_mut().misdeed(Misdeed::BadPacket(*byte)),
            }
        }
        if !ended {
            self.clip.counts_mut().misdeed(Misdeed::BadPacket(UIO_STREAM));
        }
        answer
    }

    /// The I2C stream: only its speed setting (60h to 67h), which does not change the SPI clock.
    fn i2c(&mut self, data: &[u8]) -> Packet {
        let mut ended = false;
        for byte in data {
            match byte {
                _ if ended => {
                    self.clip.counts_mut().misdeed(Misdeed::AfterStreamEnd);
                    break;
                }
                // Bit 2 would make SPI two bits wide.
                0x60..=0x63 => self.dual = false,
                &I2C_END => ended = true,
                other => self.clip.counts_mut().misdeed(Misdeed::BadPacket(*other)),
            }
        }
        Packet::new(&[])
    }

    /// What the pins now mean for the chip.
    fn drive(&mut self, now: Duration) {
        let selected = self.direction & PIN_CS != 0 && self.value & PIN_CS == 0;
        if selected && self.direction & (PIN_SCK | PIN_MOSI) != PIN_SCK | PIN_MOSI {
            self.clip.counts_mut().misdeed(Misdeed::FloatingPins);
        }
        if selected && self.value & PIN_SCK != 0 {
            self.clip.counts_mut().misdeed(Misdeed::WrongClockEdge);
        }
        if selected != self.selected {
            self.selected = selected;
            self.clip.select(now, selected);
        }
    }
}

impl UsbDevice for Ch341a {
    fn descriptors(&self) -> &Descriptors {
        &self.descriptors
    }

    /// Vendor requests belong to the UART; in SPI mode WCH's drivers send none that matter.
    fn control(&mut self, now: Duration, setup: Setup, _data: &[u8]) -> Result<Vec<u8>, Stalled> {
        self.advance(now);
        // 5Fh reads the chip version; 95h reads registers.
        match (setup.request_type & 0x80 != 0, setup.request) {
            (true, 0x5f) => Ok(vec![if self.has(Quirk::Version20) { 0x20 } else { 0x30 }, 0x00]),
            (true, 0x95) => Ok(vec![0x00, 0x00]),
            // B2h forgets what is under way, by WCH's header; that it does is not known, and not modelled.
            (false, 0x9a | 0xa1 | 0xa4 | 0xb2) => Ok(Vec::new()),
            (_, request) => {
                self.clip.counts_mut().misdeed(Misdeed::BadControl(request));
                Err(Stalled)
            }
        }
    }

    fn out_packet(
        &mut self,
        now: Duration,
        arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()> {
        if endpoint != OUT || bytes.len() > PACKET {
            self.clip.counts_mut().misdeed(Misdeed::BadEndpoint(endpoint));
            return PacketAnswer::Stall;
        }
        self.advance(now);
        // What the UART sends leaves through its pin; an empty packet only ends a transfer.
        if self.uart || bytes.is_empty() {
            return PacketAnswer::Ack(());
        }
        let full = bytes.len() == PACKET && bytes[0] == SPI_STREAM;
        let empty = bytes.len() == PACKET && bytes.iter().all(|byte| *byte == 0);
        if self.has(Quirk::Version20) && (self.after_full || empty) {
            self.after_full = full;
            return PacketAnswer::Ack(());
        }
        if self.has(Quirk::SelectEarly) {
            return self.take_early(arrives, bytes);
        }
        if !self.overlap && (self.work.is_some() || !self.answers.is_empty()) {
            return PacketAnswer::Nak;
        }
        if self.work.is_none() {
            self.begin(arrives, Packet::new(bytes));
        } else if self.held.is_none() {
            self.held = Some((arrives, Packet::new(bytes)));
        } else {
            return PacketAnswer::Nak;
        }
        self.after_full = full;
        PacketAnswer::Ack(())
    }

    fn in_packet(&mut self, now: Duration, endpoint: u8, into: &mut [u8]) -> PacketAnswer<usize> {
        if endpoint == INTERRUPT {
            return PacketAnswer::Nak;
        }
        if endpoint != IN {
            self.clip.counts_mut().misdeed(Misdeed::BadEndpoint(endpoint));
            return PacketAnswer::Stall;
        }
        self.advance(now);
        if self.answers.front().is_none_or(|(since, answer)| now < *since + self.held_for(answer)) {
            return PacketAnswer::Nak;
        }
        let Some((_, answer)) = self.answers.pop_front() else { return PacketAnswer::Nak };
        let mut n = answer.len.min(into.len());
        into[..n].copy_from_slice(&answer.as_slice()[..n]);
        while self.has(Quirk::Merge)
            && let Some((_, next)) = self.answers.front()
            && n + next.len <= into.len()
        {
            into[n..n + next.len].copy_from_slice(next.as_slice());
            n += next.len;
            self.answers.pop_front();
        }
        // A packet that waited for room continues now.
        if let Some((done, _)) = &mut self.work
            && *done < now
        {
            *done = now;
            self.advance(now);
        }
        PacketAnswer::Ack(n)
    }

    fn next_event(&mut self, now: Duration) -> Option<Duration> {
        self.advance(now);
        let work = self.work.as_ref().map(|(done, _)| *done);
        let late = self.late.front().map(|(due, ..)| *due);
        let held = self.answers.front().map(|(since, answer)| *since + self.held_for(answer));
        [work, late, held].into_iter().flatten().filter(|event| *event > now).min()
    }

    fn is_working(&self) -> bool {
        self.work.as_ref().is_some_and(|(_, answer)| answer.len == 0 || self.answers.len() < ANSWERS)
    }

    fn reset(&mut self, now: Duration) {
        self.work = None;
        self.held = None;
        self.answers.clear();
        self.late.clear();
        self.value = 0;
        self.direction = 0;
        self.drive(now);
    }

    fn pins(&self) -> (u8, u8) {
        (self.value, self.direction)
    }

    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn clip_mut(&mut self) -> &mut Clip {
        &mut self.clip
    }
}
