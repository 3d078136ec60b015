//! One chip-select window, a batch of them, and the programmer trait that makes batching its contract.

use super::link::{LinkError, LinkNotice};
use std::ops::ControlFlow;
use std::time::Duration;
use thiserror::Error;

/// A piece of a transaction, in SPI mode 0, most significant bit first.
#[derive(Debug)]
pub enum Op<'a> {
    /// Clocks these bytes out; what comes back is dropped.
    Write(&'a [u8]),
    /// Fills the buffer with bytes clocked in; what goes out meanwhile is not defined.
    Read(&'a mut [u8]),
    /// Clocks the buffer out and replaces it by what came back.
    Transfer(&'a mut [u8]),
}

/// One chip-select window: select, the ops without a gap, deselect, then `pause` with the chip deselected.
#[derive(Debug, Default)]
pub struct Transaction<'a> {
    /// What is clocked while the chip is selected.
    pub ops: Vec<Op<'a>>,
    /// The least time before the next transaction of the batch begins. Kept inside the programmer where
    /// [`Limits::pauses`] is true; elsewhere it splits the batch and the host waits.
    pub pause: Duration,
}

impl<'a> Transaction<'a> {
    /// Only written, as for write enable.
    pub fn write(bytes: &'a [u8]) -> Self {
        Self { ops: vec![Op::Write(bytes)], pause: Duration::ZERO }
    }

    /// A header, then data, as for page program.
    pub fn write2(header: &'a [u8], data: &'a [u8]) -> Self {
        Self { ops: vec![Op::Write(header), Op::Write(data)], pause: Duration::ZERO }
    }

    /// A command, then its answer, as for a read.
    pub fn read(command: &'a [u8], answer: &'a mut [u8]) -> Self {
        Self { ops: vec![Op::Write(command), Op::Read(answer)], pause: Duration::ZERO }
    }

    /// The same with a pause after it.
    pub fn then_pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Bytes clocked on the wire.
    pub fn clocked(&self) -> usize {
        self.ops.iter().map(Op::len).sum()
    }
}

impl Op<'_> {
    /// Bytes clocked on the wire.
    pub fn len(&self) -> usize {
        match self {
            Op::Write(bytes) => bytes.len(),
            Op::Read(into) | Op::Transfer(into) => into.len(),
        }
    }

    /// True when it clocks nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a programmer can do and what things cost on it; the planner and the flash layer decide by these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// SPI clock in Hz, as set (FTDI) or as documented (CH341A, about 1.5 MHz, fixed).
    pub clock_hz: u32,
    /// Expected cost of one batch beyond its SPI clocks: start, turnaround, last answer.
    pub round_trip: Duration,
    /// Expected cost of one transaction beyond its SPI clocks (chip-select packets).
    pub per_transaction: Duration,
    /// The most bytes that one transaction may clock.
    pub max_transaction: usize,
    /// The most of them that may be written.
    pub max_write: usize,
    /// A good amount of bytes for one read batch: large enough for speed, small enough for a prompt Ctrl-C.
    pub read_batch: usize,
    /// True when [`Transaction::pause`] is kept inside the programmer, without a host round trip.
    pub pauses: bool,
}

impl Limits {
    /// Time on the wire of `bytes` bytes.
    pub fn wire_time(&self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(8_000_000_000) / u64::from(self.clock_hz.max(1)))
    }
}

/// A failure below the flash layer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpiError {
    /// The link to the programmer failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A transaction clocks more than the programmer can in one chip-select window.
    #[error("an SPI transaction of {len} bytes exceeds this programmer's {max}")]
    TooLong {
        /// Bytes asked for.
        len: usize,
        /// The programmer's limit.
        max: usize,
    },
    /// The programmer cannot do this (a clock change on CH341A, a pin that does not exist).
    #[error("{0}")]
    Unsupported(String),
    /// The user asked, twice, to stop: nothing further is sent but what releases the pins.
    #[error("stopped at once, as asked")]
    Stopped,
}

impl SpiError {
    /// True for a failure in a single transfer: lost, cut or late. The same may work when it is tried again.
    pub fn is_transient(&self) -> bool {
        matches!(self, SpiError::Link(error) if error.is_transient())
    }
}

/// Anything that runs SPI transactions on the chip under the clip.
pub trait Programmer {
    /// What it can do and what things cost.
    fn limits(&self) -> Limits;

    /// Runs the transactions in order, without branching, chip select high before, between and after them.
    ///
    /// # Errors
    /// [`SpiError`]; after one, which of the transactions reached the chip is unknown.
    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError>;

    /// Reads `len` bytes after a header in one chip-select window, handing them out as they come; where `sink` breaks, the
    /// window ends early. For reads that are longer than a transaction should be: a programmer that can keep chip select low
    /// from burst to burst does it in parts, so that they have no limit and heed a stop.
    ///
    /// # Errors
    /// [`SpiError::TooLong`] where the programmer cannot; else as [`run`](Self::run). Bytes may have been handed out.
    fn read_on(
        &mut self,
        header: &[u8],
        len: u64,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), SpiError> {
        read_whole(self, header, len, sink)
    }

    /// Clocks `len` bytes with chip select high and gives what MISO shows: the baseline of the contact check.
    ///
    /// # Errors
    /// [`SpiError`]; `Unsupported` where the programmer cannot.
    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError>;

    /// Changes the SPI clock to at most `hz`; gives the clock that is now set.
    ///
    /// # Errors
    /// [`SpiError::Unsupported`] where the clock is fixed.
    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError>;

    /// What the user should know of the link since the last call.
    fn take_notices(&mut self) -> Vec<LinkNotice> {
        Vec::new()
    }

    /// Lets go of every pin (tri-state). The next [`run`](Self::run) drives them again. Called on every exit path.
    ///
    /// # Errors
    /// [`SpiError`]; the pins may still be driven.
    fn release(&mut self) -> Result<(), SpiError>;

    /// Time since some fixed moment, monotonic; virtual on the emulator.
    fn now(&self) -> Duration;

    /// Waits with nothing queued; virtual on the emulator.
    fn sleep(&mut self, time: Duration);
}

/// [`Programmer::read_on`] as one transaction.
pub(crate) fn read_whole<P: Programmer + ?Sized>(
    programmer: &mut P,
    header: &[u8],
    len: u64,
    sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<(), SpiError> {
    let max = programmer.limits().max_transaction;
    let whole = usize::try_from(len).unwrap_or(usize::MAX).saturating_add(header.len());
    if whole > max {
        return Err(SpiError::TooLong { len: whole, max });
    }
    let mut bytes = vec![0; whole - header.len()];
    programmer.run(&mut [Transaction::read(header, &mut bytes)])?;
    // The window is over: whether to go on makes no difference.
    let _ = sink(&bytes);
    Ok(())
}

/// The body of an `impl Programmer` that hands each call on to another programmer: the name of `self` in the expressions, the
/// programmer to look at, the programmer to use.
macro_rules! forward_programmer {
    ($this:ident: $look:expr, $use:expr) => {
        fn limits(&self) -> $crate::spi::Limits {
            let $this = self;
            $look.limits()
        }
        fn run(&mut self, batch: &mut [$crate::spi::Transaction<'_>]) -> Result<(), $crate::spi::SpiError> {
            let $this = self;
            $use.run(batch)
        }
        fn read_on(
            &mut self,
            header: &[u8],
            len: u64,
            sink: &mut dyn FnMut(&[u8]) -> std::ops::ControlFlow<()>,
        ) -> Result<(), $crate::spi::SpiError> {
            let $this = self;
            $use.read_on(header, len, sink)
        }
        fn baseline(&mut self, len: usize) -> Result<Vec<u8>, $crate::spi::SpiError> {
            let $this = self;
            $use.baseline(len)
        }
        fn set_clock(&mut self, hz: u32) -> Result<u32, $crate::spi::SpiError> {
            let $this = self;
            $use.set_clock(hz)
        }
        fn take_notices(&mut self) -> Vec<$crate::spi::LinkNotice> {
            let $this = self;
            $use.take_notices()
        }
        fn release(&mut self) -> Result<(), $crate::spi::SpiError> {
            let $this = self;
            $use.release()
        }
        fn now(&self) -> std::time::Duration {
            let $this = self;
            $look.now()
        }
        fn sleep(&mut self, time: std::time::Duration) {
            let $this = self;
            $use.sleep(time);
        }
    };
}
pub(crate) use forward_programmer;

impl<T: Programmer + ?Sized> Programmer for Box<T> {
    forward_programmer!(this: (**this), (**this));
}

impl<T: Programmer + ?Sized> Programmer for &mut T {
    forward_programmer!(this: (**this), (**this));
}
