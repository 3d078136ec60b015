//! Bulk transfers in flight on libusb: the only file with `unsafe` in the program. The page's engine has another,
//! `web/calls.rs`.
//!
//! rusb's own calls keep one transfer in flight; a CH341A needs dozens. A [`Queue`] is one endpoint's transfers in
//! order of submission. Its safe interface keeps what libusb asks for:
//!
//! 1. A transfer comes from `libusb_alloc_transfer`, is freed once, and never freed, filled or submitted in flight.
//! 2. In flight, nothing here refers to its buffer's bytes, and the buffer is neither grown nor dropped.
//! 3. `user_data` is a leaked box with the done flag: its address holds until after the callback.
//! 4. The callback cannot panic, does one release store, and touches nothing afterwards; results are read after an
//!    acquire load.
//! 5. Each queue holds the device handle, which holds the context: both outlive every transfer.
//! 6. What cannot be cancelled in [`PATIENCE`] is leaked, handle included; so forgetting a queue is safe too.
//! 7. Events are pumped on one thread only: queues are neither `Send` nor `Sync`, and their context is their own.
//! 8. A flag is passed to `libusb_handle_events_timeout_completed`.
//! 9. Transfers have no timeout of libusb's: whoever waits sets the deadline, and cancels everything after it.
//! 10. IN lengths are multiples of the packet size, or a babble loses data: the caller's duty, of no harm to memory.
#![allow(unsafe_code)]

use rusb::constants::{
    LIBUSB_ERROR_BUSY, LIBUSB_ERROR_INTERRUPTED, LIBUSB_ERROR_IO, LIBUSB_ERROR_NO_DEVICE,
    LIBUSB_ERROR_NO_MEM, LIBUSB_TRANSFER_COMPLETED, LIBUSB_TRANSFER_ERROR, LIBUSB_TRANSFER_NO_DEVICE,
    LIBUSB_TRANSFER_OVERFLOW, LIBUSB_TRANSFER_STALL,
};
use rusb::ffi;
use rusb::{Context, DeviceHandle, UsbContext};
use std::collections::VecDeque;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// How long cancelled transfers are waited for before they are leaked.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a transfer did not go well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The device is gone.
    Gone,
    /// The endpoint stalled.
    Stall,
    /// It broke on the bus, or the device sent more than was asked for.
    Broken,
    /// The system has no room for it now.
    Full,
    /// Anything else, as libusb's number: an error below 0, a transfer status above.
    Other(i32),
}

impl Fault {
    fn of_error(error: i32) -> Self {
        match error {
            LIBUSB_ERROR_NO_DEVICE => Self::Gone,
            LIBUSB_ERROR_NO_MEM | LIBUSB_ERROR_BUSY => Self::Full,
            LIBUSB_ERROR_IO => Self::Broken,
            other => Self::Other(other),
        }
    }

    fn of_status(status: i32) -> Result<(), Self> {
        match status {
            LIBUSB_TRANSFER_COMPLETED => Ok(()),
            LIBUSB_TRANSFER_NO_DEVICE => Err(Self::Gone),
            LIBUSB_TRANSFER_STALL => Err(Self::Stall),
            LIBUSB_TRANSFER_OVERFLOW | LIBUSB_TRANSFER_ERROR => Err(Self::Broken),
            other => Err(Self::Other(other)),
        }
    }
}

/// One transfer, its buffer and its done flag.
struct Transfer {
    raw: NonNull<ffi::libusb_transfer>,
    done: NonNull<AtomicI32>,
    buffer: Vec<u8>,
    in_flight: bool,
}

/// Marks the transfer done.
extern "system" fn callback(transfer: *mut ffi::libusb_transfer) {
    // SAFETY: libusb passes the transfer that was submitted; its `user_data` is the flag that `Transfer::new` leaked,
    // freed in `Transfer::drop` only, which does not free in flight. After the store the owner may free both, so
    // nothing is touched after it.
    unsafe { (*(*transfer).user_data.cast::<AtomicI32>()).store(1, Ordering::Release) }
}

impl Transfer {
    fn new() -> Result<Self, Fault> {
        // SAFETY: no precondition; null is handled.
        let raw = NonNull::new(unsafe { ffi::libusb_alloc_transfer(0) }).ok_or(Fault::Full)?;
        let done = NonNull::from(Box::leak(Box::new(AtomicI32::new(0))));
        Ok(Self { raw, done, buffer: Vec::new(), in_flight: false })
    }

    /// Submits the buffer as it is: its length is the transfer's.
    fn submit(&mut self, handle: &DeviceHandle<Context>, endpoint: u8) -> Result<(), Fault> {
        assert!(!self.in_flight, "a transfer is submitted once at a time");
        let length = i32::try_from(self.buffer.len()).map_err(|_| Fault::Full)?;
        self.flag().store(0, Ordering::Relaxed);
        // SAFETY: the transfer is not in flight (asserted), so it is ours to fill. Handle, buffer and flag stay valid
        // until the callback has run: the queue holds the handle, and `buffer` and `done` are not touched while
        // `in_flight` is set.
        let error = unsafe {
            ffi::libusb_fill_bulk_transfer(
                self.raw.as_ptr(),
                handle.as_raw(),
                endpoint,
                self.buffer.as_mut_ptr(),
                length,
                callback,
                self.done.as_ptr().cast(),
                0,
            );
            ffi::libusb_submit_transfer(self.raw.as_ptr())
        };
        if error != 0 {
            return Err(Fault::of_error(error));
        }
        self.in_flight = true;
        Ok(())
    }

    fn flag(&self) -> &AtomicI32 {
        // SAFETY: leaked in `new`, freed in `drop` only; only ever used as an atomic on this side.
        unsafe { self.done.as_ref() }
    }

    /// True in flight until the callback has run.
    fn is_pending(&self) -> bool {
        self.in_flight && self.flag().load(Ordering::Acquire) == 0
    }

    fn cancel(&self) {
        if self.is_pending() {
            // SAFETY: a transfer in flight whose callback has not run, allocated and not freed. The result does not
            // matter: done already, or the device is gone; either way the callback comes, or patience ends.
            unsafe { ffi::libusb_cancel_transfer(self.raw.as_ptr()) };
        }
    }

    /// The result of a transfer that is not pending any more.
    fn finish(&mut self) -> Result<&[u8], Fault> {
        assert!(!self.is_pending(), "only a finished transfer has a result");
        self.in_flight = false;
        // SAFETY: the callback has run (acquire load above), so libusb has given the transfer back; it is allocated.
        let (status, actual) = unsafe { ((*self.raw.as_ptr()).status, (*self.raw.as_ptr()).actual_length) };
        Fault::of_status(status)?;
        let bytes = usize::try_from(actual).ok().and_then(|actual| self.buffer.get(..actual));
        bytes.ok_or(Fault::Broken)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if self.is_pending() {
            // libusb may still write to the buffer and the flag: leaked, as the queue leaks the handle.
            std::mem::forget(std::mem::take(&mut self.buffer));
            return;
        }
        // SAFETY: not in flight, so neither libusb nor the callback holds the transfer or the flag; each is freed
        // here and nowhere else.
        unsafe {
            ffi::libusb_free_transfer(self.raw.as_ptr());
            drop(Box::from_raw(self.done.as_ptr()));
        }
    }
}

/// The transfers of one endpoint, in order of submission.
pub(super) struct Queue {
    // Before the handle: transfers are dropped first.
    flying: VecDeque<Transfer>,
    idle: Vec<Transfer>,
    endpoint: u8,
    handle: Arc<DeviceHandle<Context>>,
}

impl Queue {
    /// An empty queue for `endpoint`.
    pub fn new(handle: Arc<DeviceHandle<Context>>, endpoint: u8) -> Self {
        Self { flying: VecDeque::new(), idle: Vec::new(), endpoint, handle }
    }

    /// The endpoint's address.
    pub fn endpoint(&self) -> u8 {
        self.endpoint
    }

    /// Transfers submitted and not yet taken.
    pub fn len(&self) -> usize {
        self.flying.len()
    }

    /// Submits `bytes` (OUT).
    ///
    /// # Errors
    /// [`Fault`]; nothing was submitted.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.submit(|buffer| buffer.extend_from_slice(bytes))
    }

    /// Submits room for `len` bytes (IN).
    ///
    /// # Errors
    /// [`Fault`]; nothing was submitted.
    pub fn receive(&mut self, len: usize) -> Result<(), Fault> {
        self.submit(|buffer| buffer.resize(len, 0))
    }

    fn submit(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> Result<(), Fault> {
        let mut transfer = self.idle.pop().map_or_else(Transfer::new, Ok)?;
        transfer.buffer.clear();
        fill(&mut transfer.buffer);
        let submitted = transfer.submit(&self.handle, self.endpoint);
        if submitted.is_ok() {
            self.flying.push_back(transfer);
        } else {
            self.idle.push(transfer);
        }
        submitted
    }

    /// The oldest transfer's bytes given to `f`, when it has finished; for OUT the bytes that were sent.
    pub fn take<R>(&mut self, f: impl FnOnce(Result<&[u8], Fault>, usize) -> R) -> Option<R> {
        if self.flying.front()?.is_pending() {
            return None;
        }
        let mut oldest = self.flying.pop_front()?;
        let asked = oldest.buffer.len();
        let result = f(oldest.finish(), asked);
        self.idle.push(oldest);
        Some(result)
    }

    /// Waits up to `wait` for events on this queue or `other` of the same handle.
    ///
    /// # Errors
    /// [`Fault`] when libusb cannot wait.
    pub fn wait(&self, other: &Queue, wait: Duration) -> Result<(), Fault> {
        let awaited = self.flying.front().or(other.flying.front());
        let Some(awaited) = awaited else { return Ok(()) };
        let limits = (wait.as_secs().min(60), wait.subsec_micros());
        let time = libc::timeval { tv_sec: limits.0 as _, tv_usec: limits.1 as _ };
        // SAFETY: context and flag outlive the call (`self` holds both). Both queues are used on this thread only and
        // the context has no other user, so no other thread pumps events and the plain read of the flag is not a race.
        // The callback runs inside this call, and touches the flags only.
        let error = unsafe {
            ffi::libusb_handle_events_timeout_completed(
                self.handle.context().as_raw(),
                &time,
                awaited.done.as_ptr().cast(),
            )
        };
        match error {
            0 | LIBUSB_ERROR_INTERRUPTED => Ok(()),
            error => Err(Fault::of_error(error)),
        }
    }

    /// Cancels everything in flight here and in `other` and waits for it; nothing is in flight afterwards, or what is
    /// can never be taken and is leaked. Gives false in that case: the handle must not be used any more.
    pub fn abort(&mut self, other: &mut Queue) -> bool {
        // The newest first: data that still comes belongs to the oldest.
        self.flying.iter().rev().chain(other.flying.iter().rev()).for_each(Transfer::cancel);
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.forget_finished();
            other.forget_finished();
            let left = deadline.saturating_duration_since(Instant::now());
            if self.len() + other.len() == 0 {
                return true;
            }
            if left.is_zero() || self.wait(other, left).is_err() {
                break;
            }
        }
        for queue in [self, other] {
            if !queue.flying.is_empty() {
                // Dropping a pending transfer leaks it; the handle must then stay open forever.
                queue.flying.clear();
                std::mem::forget(Arc::clone(&queue.handle));
            }
        }
        false
    }

    /// Takes what has finished, in any order: cancelled transfers need not finish in theirs.
    fn forget_finished(&mut self) {
        for mut transfer in std::mem::take(&mut self.flying) {
            if transfer.is_pending() {
                self.flying.push_back(transfer);
            } else {
                // Cancelled, or done after all: no one wants the result.
                let _ = transfer.finish();
                self.idle.push(transfer);
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if !self.flying.is_empty() {
            let mut none = Queue::new(Arc::clone(&self.handle), self.endpoint);
            self.abort(&mut none);
        }
    }
}
