//! CH341A: SPI transactions as 32-byte packets, pins as UIO streams.
//!
//! Bulk OUT and IN packets hold 32 bytes. A packet is one command: `A8` and up to 31 bytes to clock, or `AB` and pin
//! commands up to a stream end. Every byte clocked comes back, each `A8` packet's answer as an IN packet of its own,
//! always shorter than 32 bytes: it ends its IN transfer, so one IN transfer is asked for each. The bits of a byte go
//! least significant first: both ways are reversed here. Chip select is a pin like any other.
//!
//! Sources: flashrom `ch341a_spi.c` (facts: opcodes, pin bits, idle and direction values, about 0.75 us a UIO byte,
//! chip-select high at least 2.25 us), frank-zago `spi-ch341.c` (one SPI clock of about 1.5 MHz, 12 MHz / 8).

use super::codec::{Codec, Encoded, Scatter, Silence};
use super::pins::Level;
use crate::spi::{Limits, Op, SpiError, Transaction};
use crate::usb::{Burst, PATIENCE, Pipe, Reply, UsbError};
use std::time::Duration;

/// SPI stream: the packet's other bytes are clocked out, as many come back.
const SPI_STREAM: u8 = 0xA8;
/// UIO stream: the packet's other bytes are pin commands.
const UIO_STREAM: u8 = 0xAB;
/// UIO: set the output pins to bits 5:0.
const UIO_OUT: u8 = 0x80;
/// UIO: set the direction of the pins from bits 5:0, 1 = output.
const UIO_DIR: u8 = 0x40;
/// UIO: end of the stream; what follows it in the packet is ignored.
const UIO_END: u8 = 0x20;

/// wMaxPacketSize of both bulk endpoints.
const PACKET: usize = 32;
/// D0 to D2 (the three chip selects) high, D3 (clock) low, D4 (second data out) and D5 (MOSI) high.
const IDLE: u8 = 0x37;
/// D0, chip select of the clip.
const CS: u8 = 0x01;
/// D0 to D5 are outputs; D6 and D7 (MISO) can only be inputs.
const OUTPUTS: u8 = 0x3F;
/// What MOSI carries while only reading.
const FILL: u8 = 0xFF;
/// The fixed SPI clock.
const CLOCK_HZ: u32 = 1_500_000;
/// Time of one UIO command; a pause that fits a packet is made of repeated outputs.
const UIO_STEP: Duration = Duration::from_nanos(750);
/// The longest pause made of UIO commands in one packet beside the edges themselves.
const UIO_PAUSE: Duration = Duration::from_micros(18);
/// OUT transfers of full packets are cut here: nothing is gained by longer ones, and progress is seen sooner.
const OUT_TRANSFER: usize = 4096;
/// IN transfers kept queued: flashrom's 32 keep up with the wire; twice that leaves room for a busy host.
const IN_DEPTH: usize = 64;

/// A CH341A and what its spare pins hold.
#[derive(Clone, Debug)]
pub struct Ch341a {
    idle: u8,
}

impl Default for Ch341a {
    fn default() -> Self {
        Self { idle: IDLE }
    }
}

impl Ch341a {
    /// A CH341A that holds spare pins at a level while in use: `(1, Level::Low)` is D1 low. Only D1, D2 and D4 are spare;
    /// other numbers are not taken.
    pub fn new(pins: &[(u8, Level)]) -> Self {
        let mut idle = IDLE;
        for (pin, level) in pins.iter().filter(|(pin, _)| matches!(pin, 1 | 2 | 4)) {
            match level {
                Level::Low => idle &= !(1 << pin),
                Level::High => idle |= 1 << pin,
            }
        }
        Self { idle }
    }

    /// One UIO packet: the pin commands, then the stream end.
    fn uio(commands: impl IntoIterator<Item = u8>) -> Vec<u8> {
        let mut packet = vec![UIO_STREAM];
        packet.extend(commands);
        packet.push(UIO_END);
        debug_assert!(packet.len() < PACKET, "a UIO packet must be short to end its transfer");
        packet
    }

    fn high(&self) -> u8 {
        UIO_OUT | self.idle
    }

    fn low(&self) -> u8 {
        UIO_OUT | (self.idle & !CS)
    }
}

/// Packets become transfers: a short packet ends one, a run of full ones is cut at [`OUT_TRANSFER`].
#[derive(Default)]
struct Transfers(Vec<Vec<u8>>);

impl Transfers {
    fn packet(&mut self, packet: &[u8]) {
        match self.0.last_mut() {
            Some(last) if last.len() % PACKET == 0 && last.len() < OUT_TRANSFER => {
                last.extend_from_slice(packet)
            }
            _ => self.0.push(packet.to_vec()),
        }
    }
}

/// Fills `A8` packets and knows how long each answer is.
struct Stream {
    transfers: Transfers,
    packet: Vec<u8>,
    answers: Vec<u8>,
}

/// Turns the bits of each byte round, eight bytes at a time.
fn reverse_bits(bytes: &mut [u8]) {
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        // The first byte is the uppermost of the one and the lowest of the other.
        *word = u64::from_le_bytes(*word).reverse_bits().to_be_bytes();
    }
    for byte in rest {
        *byte = byte.reverse_bits();
    }
}

impl Stream {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(self.room().min(bytes.len()));
            let from = self.packet.len();
            self.packet.extend_from_slice(now);
            reverse_bits(&mut self.packet[from..]);
            self.flush_full();
            bytes = later;
        }
    }

    /// So many bytes to be clocked only for what comes back.
    fn fill(&mut self, mut len: usize) {
        while len > 0 {
            let now = self.room().min(len);
            // The same either way round.
            self.packet.resize(self.packet.len() + now, FILL);
            self.flush_full();
            len -= now;
        }
    }

    /// Bytes that the packet takes yet; never 0.
    fn room(&mut self) -> usize {
        if self.packet.is_empty() {
            self.packet.push(SPI_STREAM);
        }
        PACKET - self.packet.len()
    }

    fn flush_full(&mut self) {
        if self.packet.len() == PACKET {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.packet.is_empty() {
            self.answers.push((self.packet.len() - 1) as u8);
            self.transfers.packet(&self.packet);
            self.packet.clear();
        }
    }
}

impl Codec for Ch341a {
    fn limits(&self) -> Limits {
        Limits {
            clock_hz: CLOCK_HZ,
            // The first OUT waits for a 1 ms frame, the last answer for the host: modelled, not measured.
            round_trip: Duration::from_millis(2),
            // Two more packets on a full-speed bus, about 30 us each with their share of turnaround.
            per_transaction: Duration::from_micros(100),
            max_transaction: 256 * 1024,
            read_batch: 64 * 1024,
            pauses: false,
        }
    }

    fn in_depth(&self) -> usize {
        IN_DEPTH
    }

    fn keeps(&self, pause: Duration) -> bool {
        pause <= UIO_PAUSE
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], select: bool) -> Encoded<'b> {
        let mut scatter = Scatter::default();
        let mut stream = Stream { transfers: Transfers::default(), packet: Vec::new(), answers: Vec::new() };
        // The high of one transaction and the low of the next share a packet.
        let mut edges = vec![self.high(), UIO_DIR | OUTPUTS];
        for transaction in batch {
            if select {
                edges.push(self.low());
            }
            stream.transfers.packet(&Self::uio(edges.drain(..)));
            for op in &mut transaction.ops {
                match op {
                    Op::Write(bytes) => {
                        stream.push(bytes);
                        scatter.drop_next(bytes.len());
                    }
                    Op::Read(into) => {
                        stream.fill(into.len());
                        scatter.keep_next(into);
                    }
                    Op::Transfer(both) => {
                        stream.push(both);
                        scatter.keep_next(both);
                    }
                }
            }
            stream.flush();
            edges.push(self.high());
            if self.keeps(transaction.pause) {
                let steps = transaction.pause.as_nanos().div_ceil(UIO_STEP.as_nanos());
                edges.extend((0..steps).map(|_| self.high()));
            }
        }
        stream.transfers.packet(&Self::uio(edges));
        Encoded {
            out: stream.transfers.0,
            reply: Box::new(Answers { scatter, lengths: stream.answers, at: 0, into: 0 }),
            silent: self.limits().wire_time(OUT_TRANSFER as u64),
        }
    }

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        // A broken session leaves at most two answers in the chip and what it still clocks from its OUT buffer; there
        // is no reset request, so they are read away. Bounded: nobody refills it.
        for _ in 0..64 {
            if pipe.drain(PACKET, Duration::from_millis(3))?.is_empty() {
                return Ok(());
            }
        }
        Err(UsbError::Unusable(
            "the CH341A keeps sending data that nobody asked for; plug it in again".into(),
        )
        .into())
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let out = [Self::uio([self.high(), UIO_DIR])];
        Ok(pipe.burst(Burst { out: &out, in_depth: 1, quiet: PATIENCE }, &mut Silence)?)
    }

    fn set_clock(&mut self, _hz: u32) -> Result<(u32, Vec<u8>), SpiError> {
        Err(SpiError::Unsupported("the SPI clock of a CH341A is fixed at about 1.5 MHz".into()))
    }
}

/// The answers of `A8` packets: a byte stream with known packet ends.
struct Answers<'b> {
    scatter: Scatter<'b>,
    /// Length of each answer packet.
    lengths: Vec<u8>,
    /// The packet that is awaited.
    at: usize,
    /// Bytes of it that have come: a packet may come in parts.
    into: usize,
}

impl Reply for Answers<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        // Each awaited packet ends one transfer at least.
        (in_flight < self.lengths.len() - self.at).then_some(PACKET)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let awaited = self.lengths.get(self.at).map_or(0, |len| usize::from(*len) - self.into);
        if bytes.len() > awaited {
            return Err(UsbError::Desync { what: "CH341A", expected: awaited, got: bytes.len() });
        }
        self.scatter.put(bytes, reverse_bits);
        self.into += bytes.len();
        if bytes.len() == awaited {
            self.at += 1;
            self.into = 0;
        }
        Ok(!bytes.is_empty())
    }

    fn is_complete(&self) -> bool {
        self.at == self.lengths.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `B7` = all chip selects high, `B6` = the clip's low, `7F` = D0 to D5 outputs, `20` = stream end.
    #[test]
    fn a_write_enable_and_a_status_read_share_the_middle_packet() {
        let mut status = [0u8; 2];
        let mut batch = [Transaction::write(&[0x06]), Transaction::read(&[0x05], &mut status)];
        let mut encoded = Ch341a::default().encode(&mut batch, true);
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
        let encoded = Ch341a::default().encode(&mut batch, true);
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
        let encoded = Ch341a::default().encode(&mut batch, true);
        let lengths: Vec<usize> = encoded.out.iter().map(Vec::len).collect();
        assert_eq!(lengths, [5, 32 + 3]);
    }

    #[test]
    fn answers_in_parts_are_taken_and_answers_too_long_are_not() {
        let mut data = [0u8; 40];
        let mut batch = [Transaction { ops: vec![Op::Read(&mut data)], pause: Duration::ZERO }];
        let mut encoded = Ch341a::default().encode(&mut batch, true);
        encoded.reply.take(&[0x80; 10]).unwrap();
        encoded.reply.take(&[]).unwrap();
        assert_eq!(encoded.reply.next(1), Some(32), "the rest of the first and the second are awaited");
        assert_eq!(
            encoded.reply.take(&[0x80; 22]),
            Err(UsbError::Desync { what: "CH341A", expected: 21, got: 22 })
        );
        encoded.reply.take(&[0x80; 21]).unwrap();
        encoded.reply.take(&[0x40; 9]).unwrap();
        assert!(encoded.reply.is_complete());
        drop(encoded);
        assert_eq!((data[30], data[31]), (0x01, 0x02));
    }

    #[test]
    fn spare_pins_are_held_and_the_baseline_never_selects() {
        let codec = Ch341a::new(&[(1, Level::Low), (0, Level::Low), (7, Level::Low)]);
        let mut seen = [0u8; 1];
        let mut batch = [Transaction { ops: vec![Op::Read(&mut seen)], pause: Duration::ZERO }];
        let encoded = codec.encode(&mut batch, false);
        assert_eq!(encoded.out, [vec![0xAB, 0xB5, 0x7F, 0x20], vec![0xA8, 0xFF], vec![0xAB, 0xB5, 0x20]]);
    }

    #[test]
    fn a_short_pause_is_made_of_repeated_outputs_in_a_short_packet() {
        let pause = Duration::from_micros(18);
        let mut batch = [Transaction::write(&[0xAB]).then_pause(pause), Transaction::write(&[6])];
        let codec = Ch341a::default();
        let encoded = codec.encode(&mut batch, true);
        assert_eq!(encoded.out[2].len(), 1 + 1 + 24 + 1 + 1);
        assert!(codec.keeps(pause) && !codec.keeps(Duration::from_micros(30)));
    }
}
