//! libusb's functions on contexts, devices and handles, as far as rusb, flashrom and libftdi call them; those on transfers
//! are next door.
//!
//! Safety, for all of them: the callers keep libusb's documented rules; where they do not, and it can be seen, it goes
//! into the report as misuse.
#![allow(clippy::missing_safety_doc, reason = "see the module")]

use super::descriptors::{self, Configuration};
use super::world::{Device, Handle, with};
use libc::{c_char, c_int, c_uchar, c_uint, ssize_t};
use norsplice::emulator::Setup;
use rusb::constants::*;
use rusb::ffi::{
    libusb_config_descriptor, libusb_context, libusb_device, libusb_device_descriptor, libusb_device_handle,
};
use std::collections::BTreeSet;
use std::ptr;
use std::sync::{Once, PoisonError};

/// Devices are known by address: index + 1 in disguise, so that null is none.
fn device_at(index: usize) -> *mut libusb_device {
    ptr::without_provenance_mut(index + 1)
}

fn index_of(device: *const libusb_device) -> usize {
    device.addr() - 1
}

fn with_device<T>(device: *const libusb_device, f: impl FnOnce(&mut Device) -> T) -> T {
    with(|world| f(&mut world.devices[index_of(device)]))
}

/// The handle's record and its device, or an error for a handle that is not open.
fn with_handle(
    handle: *mut libusb_device_handle,
    f: impl FnOnce(&mut Handle, &mut Device) -> c_int,
) -> c_int {
    with(|world| {
        world.pass_real_time();
        let Some(record) = world.handles.get_mut(&handle.addr()) else {
            world.misuse("a call with a handle that is not open");
            return LIBUSB_ERROR_INVALID_PARAM;
        };
        let device = &mut world.devices[record.device];
        if !device.plugged() {
            return device.told(LIBUSB_ERROR_NO_DEVICE, LIBUSB_ERROR_IO);
        }
        f(record, device)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_init(context: *mut *mut libusb_context) -> c_int {
    static AT_EXIT: Once = Once::new();
    // A program that must leak its handle never closes its context.
    // SAFETY: a function without arguments that stays for the life of the process.
    AT_EXIT.call_once(|| assert_eq!(unsafe { libc::atexit(report_at_exit) }, 0));
    let id = with(|world| {
        world.contexts += 1;
        world.contexts
    });
    if !context.is_null() {
        // SAFETY: the caller's out parameter.
        unsafe { *context = ptr::without_provenance_mut(id * 16) };
    }
    0
}

extern "C" fn report_at_exit() {
    with(|world| world.report());
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_exit(_context: *mut libusb_context) {
    with(|world| world.contexts -= 1);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_device_list(
    _context: *mut libusb_context,
    list: *mut *const *mut libusb_device,
) -> ssize_t {
    let mut found: Vec<*mut libusb_device> = with(|world| {
        let plugged = world.devices.iter_mut().enumerate().filter(|(_, d)| d.plugged());
        plugged
            .map(|(index, device)| {
                device.refs += 1;
                device_at(index)
            })
            .collect()
    });
    let count = found.len();
    found.push(ptr::null_mut());
    // SAFETY: the caller's out parameter; freed in `libusb_free_device_list`.
    unsafe { *list = Box::into_raw(found.into_boxed_slice()).cast() };
    count as ssize_t
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_free_device_list(list: *const *mut libusb_device, unref: c_int) {
    // SAFETY: a list made above, ended by null.
    let found = unsafe {
        let count = (0..).take_while(|n| !(*list.add(*n)).is_null()).count();
        Box::from_raw(ptr::slice_from_raw_parts_mut(list.cast_mut(), count + 1))
    };
    for device in found.iter().filter(|d| unref != 0 && !d.is_null()) {
        with_device(*device, |device| device.refs -= 1);
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_ref_device(device: *mut libusb_device) -> *mut libusb_device {
    with_device(device, |device| device.refs += 1);
    device
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_unref_device(device: *mut libusb_device) {
    with_device(device, |device| device.refs -= 1);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_device(handle: *mut libusb_device_handle) -> *mut libusb_device {
    with(|world| world.handles.get(&handle.addr()).map_or(ptr::null_mut(), |h| device_at(h.device)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_device_descriptor(
    device: *const libusb_device,
    into: *mut libusb_device_descriptor,
) -> c_int {
    with_device(device, |device| {
        let machine = device.machine.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the caller's out parameter.
        unsafe { *into = descriptors::device(&machine.device_ref().descriptors().device) };
    });
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_active_config_descriptor(
    device: *const libusb_device,
    into: *mut *const libusb_config_descriptor,
) -> c_int {
    let configuration = with_device(device, |device| {
        let machine = device.machine.lock().unwrap_or_else(PoisonError::into_inner);
        Configuration::new(&machine.device_ref().descriptors().configuration)
    });
    // SAFETY: the caller's out parameter; the descriptor is the first field of the box.
    unsafe { *into = Box::into_raw(configuration).cast() };
    0
}

/// There is one configuration.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_config_descriptor(
    device: *mut libusb_device,
    index: u8,
    into: *mut *const libusb_config_descriptor,
) -> c_int {
    match index {
        // SAFETY: the caller's out parameter, as there.
        0 => unsafe { libusb_get_active_config_descriptor(device, into) },
        _ => LIBUSB_ERROR_NOT_FOUND,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_free_config_descriptor(configuration: *const libusb_config_descriptor) {
    // SAFETY: made above, freed once.
    drop(unsafe { Box::from_raw(configuration.cast_mut().cast::<Configuration>()) });
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_bus_number(device: *const libusb_device) -> u8 {
    with_device(device, |device| device.config.bus)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_device_address(device: *const libusb_device) -> u8 {
    with_device(device, |device| device.address)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_port_numbers(
    device: *mut libusb_device,
    into: *mut u8,
    len: c_int,
) -> c_int {
    with_device(device, |device| {
        let ports = &device.config.ports;
        if ports.len() > len as usize {
            return LIBUSB_ERROR_OVERFLOW;
        }
        // SAFETY: the caller's buffer of `len` bytes.
        unsafe { ptr::copy_nonoverlapping(ports.as_ptr(), into, ports.len()) };
        ports.len() as c_int
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_open(
    device: *const libusb_device,
    into: *mut *mut libusb_device_handle,
) -> c_int {
    let index = index_of(device);
    with(|world| {
        let record = &mut world.devices[index];
        if record.config.deny {
            return LIBUSB_ERROR_ACCESS;
        }
        if !record.plugged() {
            return LIBUSB_ERROR_NO_DEVICE;
        }
        record.refs += 1;
        let id = 0x1000 + 16 * (world.handles.keys().last().map_or(0, |last| (last - 0x1000) / 16 + 1));
        world.handles.insert(id, Handle { device: index, claimed: BTreeSet::new(), auto_detach: false });
        // SAFETY: the caller's out parameter.
        unsafe { *into = ptr::without_provenance_mut(id) };
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_close(handle: *mut libusb_device_handle) {
    with(|world| {
        let Some(record) = world.handles.remove(&handle.addr()) else {
            return world.misuse("closed twice");
        };
        let device = &mut world.devices[record.device];
        device.refs -= 1;
        if device.endpoints.values().any(|e| !e.queue.is_empty()) {
            world.misuse("closed with transfers in flight");
        }
    });
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_set_auto_detach_kernel_driver(
    handle: *mut libusb_device_handle,
    on: c_int,
) -> c_int {
    with_handle(handle, |handle, _| {
        handle.auto_detach = on != 0;
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_kernel_driver_active(
    handle: *mut libusb_device_handle,
    interface: c_int,
) -> c_int {
    with_handle(handle, |_, device| c_int::from(device.driven.contains(&(interface as u8))))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_detach_kernel_driver(
    handle: *mut libusb_device_handle,
    interface: c_int,
) -> c_int {
    with_handle(
        handle,
        |_, device| if device.driven.remove(&(interface as u8)) { 0 } else { LIBUSB_ERROR_NOT_FOUND },
    )
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_attach_kernel_driver(
    handle: *mut libusb_device_handle,
    interface: c_int,
) -> c_int {
    with_handle(handle, |handle, device| {
        if handle.claimed.contains(&(interface as u8)) {
            return LIBUSB_ERROR_BUSY;
        }
        if device.config.driver && device.driven.insert(interface as u8) { 0 } else { LIBUSB_ERROR_NOT_FOUND }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_configuration(
    handle: *mut libusb_device_handle,
    configuration: *mut c_int,
) -> c_int {
    with_handle(handle, |_, device| {
        // SAFETY: the caller's place.
        unsafe { *configuration = c_int::from(!device.config.unconfigured) };
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_set_configuration(
    handle: *mut libusb_device_handle,
    configuration: c_int,
) -> c_int {
    with_handle(handle, |_, device| {
        device.config.unconfigured &= configuration != 1;
        if configuration == 1 { 0 } else { LIBUSB_ERROR_NOT_FOUND }
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_claim_interface(
    handle: *mut libusb_device_handle,
    interface: c_int,
) -> c_int {
    with_handle(handle, |handle, device| {
        let interface = interface as u8;
        if device.config.unconfigured || !device.configuration.has_interface(interface) {
            return LIBUSB_ERROR_NOT_FOUND;
        }
        if device.config.busy || (device.driven.contains(&interface) && !handle.auto_detach) {
            return LIBUSB_ERROR_BUSY;
        }
        device.driven.remove(&interface);
        handle.claimed.insert(interface);
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_release_interface(
    handle: *mut libusb_device_handle,
    interface: c_int,
) -> c_int {
    with_handle(handle, |handle, device| {
        if !handle.claimed.remove(&(interface as u8)) {
            return LIBUSB_ERROR_NOT_FOUND;
        }
        if handle.auto_detach && device.config.driver {
            device.driven.insert(interface as u8);
        }
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_clear_halt(handle: *mut libusb_device_handle, endpoint: c_uchar) -> c_int {
    with_handle(handle, |_, device| {
        device.endpoints.entry(endpoint).or_default().halted = false;
        0
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_control_transfer(
    handle: *mut libusb_device_handle,
    request_type: u8,
    request: u8,
    value: u16,
    index: u16,
    data: *mut c_uchar,
    length: u16,
    _timeout: c_uint,
) -> c_int {
    with_handle(handle, |_, device| {
        let now = device.now();
        let mut machine = device.machine.lock().unwrap_or_else(PoisonError::into_inner);
        if machine.begin_transfer(now).is_err() {
            let exact = if machine.is_plugged() { LIBUSB_ERROR_PIPE } else { LIBUSB_ERROR_NO_DEVICE };
            drop(machine);
            return device.told(exact, LIBUSB_ERROR_IO);
        }
        let into_host = request_type & LIBUSB_ENDPOINT_IN != 0;
        // SAFETY: the caller's buffer of `length` bytes.
        let out = if into_host || length == 0 {
            &[][..]
        } else {
            unsafe { std::slice::from_raw_parts(data, length.into()) }
        };
        let Ok(answer) = machine.control(now, Setup { request_type, request, value, index, length }, out)
        else {
            return LIBUSB_ERROR_PIPE;
        };
        if !into_host {
            return c_int::from(length);
        }
        let n = answer.len().min(length.into());
        // SAFETY: as above.
        unsafe { ptr::copy_nonoverlapping(answer.as_ptr(), data, n) };
        n as c_int
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_get_string_descriptor_ascii(
    handle: *mut libusb_device_handle,
    index: u8,
    data: *mut c_uchar,
    length: c_int,
) -> c_int {
    let mut bytes = [0u8; 255];
    // SAFETY: a buffer of 255 bytes.
    let got = unsafe {
        libusb_control_transfer(
            handle,
            0x80,
            0x06,
            0x0300 | u16::from(index),
            0x0409,
            bytes.as_mut_ptr(),
            255,
            1000,
        )
    };
    if got < 2 || index == 0 {
        return if got < 0 { got } else { LIBUSB_ERROR_INVALID_PARAM };
    }
    let text: Vec<u8> =
        bytes[2..got as usize].chunks(2).map(|c| if c[1] == 0 { c[0] } else { b'?' }).collect();
    let n = text.len().min(length as usize - 1);
    // SAFETY: the caller's buffer of `length` bytes.
    unsafe {
        ptr::copy_nonoverlapping(text.as_ptr(), data, n);
        *data.add(n) = 0;
    }
    n as c_int
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_strerror(_code: c_int) -> *const c_char {
    c"an error of the stand-in".as_ptr()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn libusb_error_name(_code: c_int) -> *const c_char {
    c"LIBUSB_ERROR".as_ptr()
}
