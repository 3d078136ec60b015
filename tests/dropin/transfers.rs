//! libusb's functions on transfers and events. Safety as in `symbols`.
#![allow(clippy::missing_safety_doc, reason = "see the module")]

use super::engine::finish;
use super::world::{Ptr, with};
use libc::{c_int, c_uchar, c_uint, c_void, timeval};
use rusb::constants::*;
use rusb::ffi::{libusb_context, libusb_device_handle, libusb_transfer};
use std::io::Write;
use std::ptr;
use std::time::{Duration, Instant};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_alloc_transfer(iso_packets: c_int) -> *mut libusb_transfer {
    // SAFETY: plain C data, for which zeroes are valid but for the callback, which is filled in before use.
    let raw = unsafe { libc::calloc(1, size_of::<libusb_transfer>()) }.cast::<libusb_transfer>();
    with(|world| {
        if iso_packets != 0 {
            world.misuse("isochronous packets");
        }
        world.transfers.insert(Ptr(raw), false);
    });
    raw
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_free_transfer(transfer: *mut libusb_transfer) {
    if transfer.is_null() {
        return;
    }
    let known = with(|world| match world.transfers.remove(&Ptr(transfer)) {
        Some(in_flight) => {
            if in_flight {
                world.misuse("freed in flight");
            }
            !in_flight
        }
        None => {
            world.misuse("freed twice");
            false
        }
    });
    if known {
        // SAFETY: allocated above, not freed yet, not in flight.
        unsafe { libc::free(transfer.cast()) };
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_submit_transfer(transfer: *mut libusb_transfer) -> c_int {
    // SAFETY: filled in by the caller, who still owns it.
    let (handle, endpoint, timeout) =
        unsafe { ((*transfer).dev_handle, (*transfer).endpoint, (*transfer).timeout) };
    with(|world| {
        world.pass_real_time();
        match world.transfers.get(&Ptr(transfer)) {
            Some(false) => {}
            Some(true) => {
                world.misuse("submitted in flight");
                return LIBUSB_ERROR_BUSY;
            }
            None => {
                world.misuse("submitted without being allocated");
                return LIBUSB_ERROR_INVALID_PARAM;
            }
        }
        let Some(record) = world.handles.get(&handle.addr()).cloned() else {
            world.misuse("submitted on a handle that is not open");
            return LIBUSB_ERROR_INVALID_PARAM;
        };
        let device = &world.devices[record.device];
        if !device.plugged() {
            return device.told(LIBUSB_ERROR_NO_DEVICE, LIBUSB_ERROR_IO);
        }
        let full = device.config.full;
        if !device.configuration.interface_of(endpoint).is_some_and(|i| record.claimed.contains(&i)) {
            world.misuse(format!("submitted on endpoint {endpoint:02x} of an interface not claimed"));
            return LIBUSB_ERROR_NOT_FOUND;
        }
        if timeout != 0 {
            world.misuse("a transfer with a timeout of libusb's");
        }
        if full.is_some_and(|full| world.in_flight() >= full) {
            return LIBUSB_ERROR_NO_MEM;
        }
        // SAFETY: as above; an OUT transfer has a buffer of its length.
        unsafe { trace(&*transfer) };
        world.submit(record.device, endpoint, Ptr(transfer));
        0
    })
}

/// A line for a transfer that was submitted, where `NORSPLICE_DROPIN_TRACE` names a file: "out HEX" or "in LENGTH".
unsafe fn trace(transfer: &libusb_transfer) {
    let Some(path) = super::config::trace() else { return };
    let line = if transfer.endpoint & LIBUSB_ENDPOINT_IN != 0 {
        format!("in {}\n", transfer.length)
    } else {
        // SAFETY: the caller's promise.
        let bytes = unsafe { std::slice::from_raw_parts(transfer.buffer, transfer.length as usize) };
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("out {hex}\n")
    };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the trace can be written");
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_cancel_transfer(transfer: *mut libusb_transfer) -> c_int {
    with(|world| {
        let ptr = Ptr(transfer);
        if world.transfers.get(&ptr) != Some(&true) {
            return LIBUSB_ERROR_NOT_FOUND;
        }
        let mut found = None;
        for device in &mut world.devices {
            for endpoint in device.endpoints.values_mut() {
                let Some(at) = endpoint.queue.iter().position(|p| *p == ptr) else { continue };
                if device.config.deaf {
                    return 0;
                }
                endpoint.queue.remove(at);
                found = Some(if at == 0 { std::mem::take(&mut endpoint.at) } else { 0 });
                if at == 0 {
                    endpoint.begun = false;
                }
            }
        }
        let Some(actual) = found else { return LIBUSB_ERROR_NOT_FOUND };
        world.cancelled += 1;
        finish(world, ptr, LIBUSB_TRANSFER_CANCELLED, actual);
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_handle_events_timeout_completed(
    _context: *mut libusb_context,
    time: *const timeval,
    completed: *mut c_int,
) -> c_int {
    // SAFETY: the caller's value.
    let wait =
        unsafe { Duration::from_secs((*time).tv_sec as u64) + Duration::from_micros((*time).tv_usec as u64) };
    let something = with(|world| {
        // SAFETY: the caller's flag. Looked at under the lock: the thread of another job finishes transfers of this one.
        if !completed.is_null() && unsafe { completed.read_volatile() } != 0 {
            return true;
        }
        world.pass_real_time();
        world.handled += 1;
        if !world.advance(wait) {
            return false;
        }
        for ptr in std::mem::take(&mut world.finished) {
            world.transfers.insert(ptr, false);
            // SAFETY: finished, so libusb hands it back by its callback; nothing of it is touched afterwards. The
            // callbacks of this project's queue and of `set_done` call nothing of libusb.
            unsafe { ((*ptr.0).callback)(ptr.0) };
        }
        true
    });
    if !something {
        // Nothing can happen meanwhile, and the devices' time has passed already.
        std::thread::sleep(wait);
        with(|world| world.forget_real_time());
    }
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_handle_events_timeout(
    context: *mut libusb_context,
    time: *const timeval,
) -> c_int {
    // SAFETY: as there.
    unsafe { libusb_handle_events_timeout_completed(context, time, ptr::null_mut()) }
}

/// Sets the `c_int` that `user_data` points to.
extern "system" fn set_done(transfer: *mut libusb_transfer) {
    // SAFETY: only used by `libusb_bulk_transfer` below, whose local outlives the transfer.
    unsafe { *(*transfer).user_data.cast::<c_int>() = 1 };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_bulk_transfer(
    handle: *mut libusb_device_handle,
    endpoint: c_uchar,
    data: *mut c_uchar,
    length: c_int,
    transferred: *mut c_int,
    timeout: c_uint,
) -> c_int {
    let mut done: c_int = 0;
    let done = &raw mut done;
    // SAFETY: as libusb's own does: a transfer, submitted, waited for, cancelled when it is late, freed.
    unsafe {
        let transfer = libusb_alloc_transfer(0);
        rusb::ffi::libusb_fill_bulk_transfer(
            transfer,
            handle,
            endpoint,
            data,
            length,
            set_done,
            done.cast::<c_void>(),
            0,
        );
        let mut result = libusb_submit_transfer(transfer);
        if result == 0 {
            let deadline =
                Instant::now() + Duration::from_millis(if timeout == 0 { 60_000 } else { timeout.into() });
            let mut cancelled = false;
            while done.read() == 0 {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() && !cancelled {
                    libusb_cancel_transfer(transfer);
                    cancelled = true;
                }
                let time = timeval { tv_sec: left.as_secs() as _, tv_usec: left.subsec_micros().into() };
                libusb_handle_events_timeout_completed(ptr::null_mut(), &time, done);
            }
            // Null is allowed: the caller does not ask for the length.
            if !transferred.is_null() {
                *transferred = (*transfer).actual_length;
            }
            result = match (*transfer).status {
                LIBUSB_TRANSFER_COMPLETED => 0,
                LIBUSB_TRANSFER_CANCELLED => LIBUSB_ERROR_TIMEOUT,
                LIBUSB_TRANSFER_STALL => LIBUSB_ERROR_PIPE,
                LIBUSB_TRANSFER_NO_DEVICE => LIBUSB_ERROR_NO_DEVICE,
                LIBUSB_TRANSFER_OVERFLOW => LIBUSB_ERROR_OVERFLOW,
                _ => LIBUSB_ERROR_IO,
            };
        }
        libusb_free_transfer(transfer);
        result
    }
}
