//! A message to a spidev device of Linux as bytes: an OUT transfer on its pipe is one message, and so one call of the kernel.
//!
//! The answer to it is [`Answered`]. Settings that have calls of their own go as control requests by the numbers of
//! [`request`]. Source: the kernel's `include/uapi/linux/spi/spidev.h`.

/// Requests of a spidev pipe; those below 80h have the number of the kernel's call.
pub mod request {
    /// Sets the mode: a byte, bit 0 CPHA, bit 1 CPOL.
    pub(crate) const MODE: u8 = 1;
    /// Sets the bits of a word: a byte.
    pub(crate) const BITS: u8 = 3;
    /// Sets the highest clock, or reads it back: 32 bits in Hz, lowest byte first.
    pub(crate) const CLOCK: u8 = 4;
    /// Reads the size of the kernel's buffers: 32 bits, lowest byte first; 0 where the kernel does not say.
    pub(crate) const BUFFER: u8 = 0x80;
    /// Lets go of the GPIO lines that the pipe holds. The next message takes them again.
    pub(crate) const LINES: u8 = 0x81;
}

/// One transfer of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Bytes clocked; 0 for one that only waits.
    pub len: usize,
    /// It sends bytes of its own; else zeros go out.
    pub writes: bool,
    /// What comes in is kept.
    pub reads: bool,
    /// The clock, in Hz.
    pub hz: u32,
    /// The time after its last clock, in microseconds, before chip select may change.
    pub delay: u16,
    /// Chip select rises after it and falls again before the next. Behind the last one of a message: it stays low.
    pub change: bool,
}

/// Bytes of a segment's record.
const RECORD: usize = 12;
/// Bytes in front of the records: mark, count.
const HEAD: usize = 4;
const WRITES: u8 = 1;
const READS: u8 = 2;
const CHANGE: u8 = 4;

/// A message: its segments, and the bytes of those that write, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Comes back with the answer, so that one that is late or doubled is not taken for another's.
    pub mark: u16,
    /// The segments, in order.
    pub segments: Vec<Segment>,
    /// What is sent.
    pub data: Vec<u8>,
}

impl Message {
    /// Bytes clocked.
    pub fn clocked(&self) -> usize {
        self.segments.iter().map(|segment| segment.len).sum()
    }

    /// Bytes that come back.
    pub fn read(&self) -> usize {
        self.segments.iter().filter(|segment| segment.reads).map(|segment| segment.len).sum()
    }

    /// As an OUT transfer: mark and count of segments, a record each (length, clock, delay, flags), then the data.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.segments.len() * RECORD + self.data.len());
        bytes.extend(self.mark.to_le_bytes());
        bytes.extend((self.segments.len() as u16).to_le_bytes());
        for segment in &self.segments {
            bytes.extend((segment.len as u32).to_le_bytes());
            bytes.extend(segment.hz.to_le_bytes());
            bytes.extend(segment.delay.to_le_bytes());
            let flag = |set: bool, flag: u8| if set { flag } else { 0 };
            bytes.push(
                flag(segment.writes, WRITES) | flag(segment.reads, READS) | flag(segment.change, CHANGE),
            );
            bytes.push(0);
        }
        bytes.extend_from_slice(&self.data);
        bytes
    }

    /// The message of an OUT transfer; `None` where the lengths do not fit.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let (mark, count) = (word(0)?, usize::from(word(2)?));
        let (records, data) = bytes.get(HEAD..)?.split_at_checked(count * RECORD)?;
        let segments: Vec<Segment> = records
            .chunks_exact(RECORD)
            .map(|record| Segment {
                len: u32::from_le_bytes([record[0], record[1], record[2], record[3]]) as usize,
                hz: u32::from_le_bytes([record[4], record[5], record[6], record[7]]),
                delay: u16::from_le_bytes([record[8], record[9]]),
                writes: record[10] & WRITES != 0,
                reads: record[10] & READS != 0,
                change: record[10] & CHANGE != 0,
            })
            .collect();
        let sent: usize = segments.iter().filter(|segment| segment.writes).map(|segment| segment.len).sum();
        (sent == data.len()).then(|| Self { mark, segments, data: data.to_vec() })
    }
}

/// The answer to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The message's.
    pub mark: u16,
    /// What the kernel's call gave: the bytes clocked, or an error number as a negative one.
    pub result: i32,
    /// The bytes of the segments that read, in order.
    pub bytes: Vec<u8>,
}

impl Answered {
    /// Bytes in front of those that were read.
    pub const HEAD: usize = 6;

    /// As an IN transfer.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::HEAD + self.bytes.len());
        bytes.extend(self.mark.to_le_bytes());
        bytes.extend(self.result.to_le_bytes());
        bytes.extend_from_slice(&self.bytes);
        bytes
    }

    /// The answer of an IN transfer; `None` for one without its head.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(Self::HEAD)?;
        Some(Self {
            mark: u16::from_le_bytes([head[0], head[1]]),
            result: i32::from_le_bytes([head[2], head[3], head[4], head[5]]),
            bytes: rest.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was_and_a_cut_one_not_at_all() {
        let message = Message {
            mark: 0x1234,
            segments: vec![
                Segment { len: 3, writes: true, hz: 10_000_000, ..Segment::default() },
                Segment { len: 300, reads: true, change: true, ..Segment::default() },
                Segment { delay: 65_535, ..Segment::default() },
            ],
            data: vec![3, 0, 0],
        };
        let bytes = message.to_bytes();
        assert_eq!(Message::parse(&bytes).as_ref(), Some(&message));
        assert_eq!((message.clocked(), message.read()), (303, 300));
        assert!((0..bytes.len()).all(|len| Message::parse(&bytes[..len]).is_none()));
        let answer = Answered { mark: 7, result: -90, bytes: vec![1, 2] };
        assert_eq!(Answered::parse(&answer.to_bytes()), Some(answer));
        assert_eq!(Answered::parse(&[0; 5]), None);
    }
}
