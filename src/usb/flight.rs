//! A burst over transfers in flight: what is submitted when, and how long nothing may come. The same on every USB stack.

use super::{Burst, Reply, UsbError};
use std::time::{Duration, Instant};

/// OUT transfers kept in flight: short ones by number, long ones by [`OUT_BYTES`].
const OUT_DEPTH: usize = 32;
/// OUT bytes kept in flight (usbfs allows 16 MiB for all programs together).
const OUT_BYTES: usize = 256 * 1024;

/// The transfers of one interface, each direction in order of submission.
pub(super) trait Flight {
    /// IN and OUT transfers in flight.
    fn flying(&self) -> (usize, usize);
    /// Submits an IN transfer of this length; false where there is no room for it before another one has finished.
    fn receive(&mut self, len: usize) -> Result<bool, UsbError>;
    /// Submits an OUT transfer; false as for [`receive`](Self::receive).
    fn send(&mut self, bytes: &[u8]) -> Result<bool, UsbError>;
    /// Waits until a transfer has finished, this long at most.
    fn wait(&mut self, time: Duration) -> Result<(), UsbError>;
    /// The oldest OUT transfer, where it has finished: the bytes that were sent, and those that were to be.
    fn sent(&mut self) -> Result<Option<(usize, usize)>, UsbError>;
    /// The oldest IN transfer, where it has finished, to `reply`: whether it brought payload.
    fn received(&mut self, reply: &mut dyn Reply) -> Result<Option<bool>, UsbError>;
}

/// How far a burst's OUT transfers have come.
#[derive(Default)]
struct Progress {
    /// Transfers submitted.
    submitted: usize,
    /// Bytes in flight.
    in_flight: usize,
}

/// Runs a burst; on an error transfers may be left in flight.
pub(super) fn carry(
    flight: &mut dyn Flight,
    burst: &Burst<'_>,
    reply: &mut dyn Reply,
) -> Result<(), UsbError> {
    let mut out = Progress::default();
    let mut deadline = Instant::now() + burst.quiet;
    loop {
        fill(flight, burst, reply, &mut out)?;
        if out.submitted == burst.out.len() && flight.flying().1 == 0 && reply.is_complete() {
            return Ok(());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        flight.wait(left)?;
        let mut progress = false;
        while let Some((got, expected)) = flight.sent()? {
            if got != expected {
                return Err(UsbError::Desync { what: "an OUT transfer", expected, got });
            }
            out.in_flight -= expected;
            progress = true;
        }
        while let Some(payload) = flight.received(reply)? {
            progress |= payload;
        }
        if progress {
            deadline = Instant::now() + burst.quiet;
        } else if left.is_zero() {
            return Err(UsbError::Timeout { what: "USB transfer", after: burst.quiet });
        }
    }
}

/// Submits what may be in flight: one OUT, so that the IN transfers have something to wait for; then IN, so that the
/// device always has somewhere to put its answers; then the rest.
fn fill(
    flight: &mut dyn Flight,
    burst: &Burst<'_>,
    reply: &dyn Reply,
    out: &mut Progress,
) -> Result<(), UsbError> {
    if flight.flying().1 == 0 {
        send(flight, burst, out, 1)?;
    }
    while flight.flying().0 < burst.in_depth.max(1) {
        let Some(len) = reply.next(flight.flying().0) else { break };
        if !flight.receive(len)? {
            break;
        }
    }
    send(flight, burst, out, OUT_DEPTH)
}

fn send(
    flight: &mut dyn Flight,
    burst: &Burst<'_>,
    out: &mut Progress,
    depth: usize,
) -> Result<(), UsbError> {
    while let Some(next) = burst.out.get(out.submitted) {
        let flying = flight.flying().1;
        let room = flying < depth && out.in_flight + next.len() <= OUT_BYTES;
        if (!room && flying > 0) || !flight.send(next)? {
            break;
        }
        out.submitted += 1;
        out.in_flight += next.len();
    }
    Ok(())
}
