//! What every programmer's codec gives the driver: a batch as OUT transfers, and where the answer's bytes belong.

use super::assumption::Check;
use super::cut::first_piece;
use super::shape::{Framing, Piece, Shape};
use crate::spi::{Limits, SpiError, Transaction};
use crate::usb::{Pipe, Reply, UsbError};
use std::collections::VecDeque;
use std::time::Duration;

/// The longest chip-select window of programmers whose codec can cut one into parts: bounds the memory of its answer.
pub(super) const MAX_WINDOW: usize = 1 << 26;

/// A batch as bytes for the wire.
pub struct Encoded<'b> {
    /// The OUT transfers, in order, none empty.
    pub out: Vec<Vec<u8>>,
    /// Takes the IN transfers and fills the batch's `Read` and `Transfer` buffers.
    pub reply: Box<dyn Reply + 'b>,
    /// The longest time in which no transfer can be expected to finish.
    pub silent: Duration,
}

/// One kind of programmer: how SPI transactions look on its USB pipe.
///
/// `encode` decides and is pure; the others act on the pipe.
pub trait Codec {
    /// The name of the programmer in text: `a CH341A`.
    fn title(&self) -> &'static str;

    /// What this programmer can do in a shape, and what things cost on it.
    fn limits(&self, shape: Shape) -> Limits;

    /// The most IN transfers worth queuing.
    fn in_depth(&self, shape: Shape) -> usize;

    /// True when a pause of this length is kept inside the programmer; otherwise the driver splits the batch there.
    fn keeps(&self, shape: Shape, pause: Duration) -> bool;

    /// The most of a window that one burst carries in a shape; `None` where bursts carry many windows.
    fn piece(&self, shape: Shape) -> Option<Piece>;

    /// How many transactions of the batch go down as one burst of whole windows; at least one of a batch that is not empty.
    fn burst(&self, shape: Shape, batch: &[Transaction<'_>]) -> usize {
        first_piece(batch, |pause| self.keeps(shape, pause))
    }

    /// Refuses a transaction that this programmer cannot run.
    ///
    /// # Errors
    /// [`SpiError::Unsupported`]; [`SpiError::TooLong`].
    fn check(&self, _transaction: &Transaction<'_>) -> Result<(), SpiError> {
        Ok(())
    }

    /// True where bytes can be clocked with chip select high.
    fn has_baseline(&self) -> bool {
        true
    }

    /// The batch as bytes. Drives the pins before anything else, and leaves chip select high unless the framing says
    /// otherwise.
    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], framing: Framing) -> Encoded<'b>;

    /// The OUT transfer that raises chip select, where [`Framing::Part`] leaves that to the next burst.
    fn deselect(&self) -> Option<Vec<u8>>;

    /// Brings the programmer from any state, a broken session's included, to one in which a batch can be sent.
    ///
    /// # Errors
    /// [`SpiError::Link`].
    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError>;

    /// How long the device may give no answer, once the first round trips have shown how long they take. The proof waits
    /// for a third of it, and so does a re-sync where nothing marks the end of late answers.
    fn take_patience(&mut self, _patience: Duration) {}

    /// How many times [`bring_up`](Self::bring_up) waits for the device.
    fn bring_up_requests(&self) -> u32;

    /// The fastest shape worth trying on this device, and why no faster one; known after [`bring_up`](Self::bring_up).
    fn start(&self) -> (Shape, Option<String>);

    /// Proves, without a chip, what the fast shape rests on.
    ///
    /// # Errors
    /// [`SpiError::Link`]; [`LinkFault::Driver`](crate::spi::LinkFault::Driver) with the reason where the device answers
    /// otherwise than the fast shape needs.
    fn prove(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError>;

    /// The self-test's checks of what the driver rests on, none of which needs a chip.
    ///
    /// # Errors
    /// [`SpiError::Link`] where the adapter disappears or cannot be brought up again.
    fn examine(&mut self, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError>;

    /// Takes a lower clock for a smaller shape, where the clock can be changed; true when it was changed, and a new
    /// [`bring_up`](Self::bring_up) is needed.
    fn slow_down(&mut self) -> bool;

    /// Turns every pin into an input.
    ///
    /// # Errors
    /// [`SpiError::Link`].
    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError>;

    /// Takes `hz` as the new clock, at most; gives the clock that will be set and what sets it.
    ///
    /// # Errors
    /// [`SpiError::Unsupported`] where the clock is fixed or cannot be that low.
    fn set_clock(&mut self, hz: u32) -> Result<(u32, Encoded<'static>), SpiError>;
}

/// Where one stretch of answer bytes belongs.
enum Sink<'b> {
    /// Nowhere: what came back while only writing.
    Drop(usize),
    /// Into a buffer of the batch.
    Keep(&'b mut [u8]),
}

/// The batch's buffers in the order in which the programmer answers.
#[derive(Default)]
pub struct Scatter<'b> {
    sinks: VecDeque<Sink<'b>>,
    left: usize,
}

impl<'b> Scatter<'b> {
    /// The next `len` bytes are of no use.
    pub fn drop_next(&mut self, len: usize) {
        self.left += len;
        if let Some(Sink::Drop(n)) = self.sinks.back_mut() {
            *n += len;
        } else {
            self.sinks.push_back(Sink::Drop(len));
        }
    }

    /// The next bytes fill `into`.
    pub fn keep_next(&mut self, into: &'b mut [u8]) {
        self.left += into.len();
        self.sinks.push_back(Sink::Keep(into));
    }

    /// Bytes still to come.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Puts the next bytes where they belong and changes them there by `f`. Gives the count that found no place: more
    /// than [`left`](Self::left).
    pub fn put(&mut self, mut bytes: &[u8], f: impl Fn(&mut [u8])) -> usize {
        while !bytes.is_empty() {
            let Some(sink) = self.sinks.pop_front() else { break };
            let taken = match sink {
                Sink::Drop(n) => {
                    let taken = n.min(bytes.len());
                    if taken < n {
                        self.sinks.push_front(Sink::Drop(n - taken));
                    }
                    taken
                }
                Sink::Keep(into) => {
                    let taken = into.len().min(bytes.len());
                    let (now, later) = into.split_at_mut(taken);
                    now.copy_from_slice(&bytes[..taken]);
                    f(now);
                    if !later.is_empty() {
                        self.sinks.push_front(Sink::Keep(later));
                    }
                    taken
                }
            };
            bytes = &bytes[taken..];
            self.left -= taken;
        }
        bytes.len()
    }
}

/// Bytes of a known count, in packets of any length; the first packets are expected one by one.
pub(super) struct Stream {
    /// IN transfers that the device is expected to end.
    pub(super) transfers: usize,
    /// Bytes of one IN transfer.
    pub(super) ask: usize,
    /// Bytes expected.
    pub(super) wanted: usize,
    /// What has come.
    pub(super) got: Vec<u8>,
}

impl Reply for Stream {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight < self.transfers.max(1) && !self.is_complete()).then_some(self.ask)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.got.extend_from_slice(bytes);
        self.transfers = self.transfers.saturating_sub(1);
        match self.got.len() > self.wanted {
            true => Err(UsbError::Desync { what: "the proof", expected: self.wanted, got: self.got.len() }),
            false => Ok(!bytes.is_empty()),
        }
    }
    fn is_complete(&self) -> bool {
        self.got.len() >= self.wanted
    }
}

/// Empty drains in a row that are taken for silence: an endpoint that stalls gives them at once.
const EMPTY: usize = 4;

/// Reads away what was not asked for until nothing comes for about this time, in `most` IN transfers; true where it ends. An
/// empty packet is no silence: what is after it comes next.
pub(super) fn read_away(
    pipe: &mut dyn Pipe,
    len: usize,
    quiet: Duration,
    most: usize,
) -> Result<bool, UsbError> {
    let mut empty = 0;
    for _ in 0..most {
        let from = pipe.now();
        empty = if pipe.drain(len, quiet)?.is_empty() { empty + 1 } else { 0 };
        if empty == EMPTY || (empty > 0 && pipe.now().saturating_sub(from) >= quiet / 2) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Encoded<'static> {
    /// Bytes that are not answered.
    pub(super) fn unanswered(out: Vec<u8>) -> Self {
        Self { out: vec![out], reply: Box::new(Silence), silent: Duration::ZERO }
    }
}

/// A reply of nothing, for bursts that only go out.
pub(super) struct Silence;

impl Reply for Silence {
    fn next(&self, _in_flight: usize) -> Option<usize> {
        None
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        Err(UsbError::Desync { what: "a burst without reply", expected: 0, got: bytes.len() })
    }
    fn is_complete(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_scattered_over_pieces_of_any_size() {
        for piece in 1..=12 {
            let (mut a, mut b) = ([0u8; 3], [0u8; 2]);
            let mut scatter = Scatter::default();
            scatter.drop_next(1);
            scatter.drop_next(1);
            scatter.keep_next(&mut a);
            scatter.drop_next(4);
            scatter.keep_next(&mut []);
            scatter.keep_next(&mut b);
            assert_eq!(scatter.left(), 11);
            let bytes: Vec<u8> = (1..=11).collect();
            for part in bytes.chunks(piece) {
                assert_eq!(scatter.put(part, |b| b.iter_mut().for_each(|b| *b += 100)), 0);
            }
            assert_eq!(scatter.left(), 0);
            assert_eq!(scatter.put(&[7, 7], |_| {}), 2, "what is too much is counted");
            assert_eq!((a, b), ([103, 104, 105], [110, 111]));
        }
    }
}
