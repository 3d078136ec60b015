//! What is plugged in, opened and in flight; and the report on it.

use super::config::{self, DeviceConfig};
use super::descriptors::Configuration;
use norsplice::emulator::{Emulator, Machine};
use rusb::ffi::libusb_transfer;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A transfer of the program under test. Only touched while it is in flight, when libusb owns it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ptr(pub *mut libusb_transfer);
// SAFETY: only ever used under the world's lock, or by the thread that handles events.
unsafe impl Send for Ptr {}

/// One endpoint's transfers in flight.
#[derive(Default)]
pub struct Endpoint {
    pub queue: VecDeque<Ptr>,
    /// Bytes of the oldest that have gone.
    pub at: usize,
    /// The oldest has begun on the bus.
    pub begun: bool,
    pub halted: bool,
}

pub struct Device {
    pub config: DeviceConfig,
    pub machine: Arc<Mutex<Machine>>,
    pub configuration: Box<Configuration>,
    pub address: u8,
    pub endpoints: BTreeMap<u8, Endpoint>,
    /// Interfaces that the kernel driver has now.
    pub driven: BTreeSet<u8>,
    pub refs: usize,
}
// SAFETY: the configuration points into itself only.
unsafe impl Send for Device {}

#[derive(Clone)]
pub struct Handle {
    pub device: usize,
    pub claimed: BTreeSet<u8>,
    pub auto_detach: bool,
}

pub struct World {
    pub devices: Vec<Device>,
    pub handles: BTreeMap<usize, Handle>,
    pub contexts: usize,
    /// Allocated transfers, and whether each is in flight.
    pub transfers: BTreeMap<Ptr, bool>,
    /// Finished, waiting for events to be handled.
    pub finished: Vec<Ptr>,
    pub misuse: Vec<String>,
    most_in: usize,
    most_out: usize,
    submitted: u64,
    pub cancelled: u64,
    pub handled: u64,
    last_real: Instant,
}

static WORLD: Mutex<Option<World>> = Mutex::new(None);

/// The one world, made at the first call.
pub fn with<T>(f: impl FnOnce(&mut World) -> T) -> T {
    let mut world: MutexGuard<'_, Option<World>> = WORLD.lock().unwrap_or_else(PoisonError::into_inner);
    f(world.get_or_insert_with(World::new))
}

impl World {
    fn new() -> Self {
        let devices =
            config::devices().into_iter().enumerate().map(|(n, config)| Device::new(n, config)).collect();
        Self {
            devices,
            handles: BTreeMap::new(),
            contexts: 0,
            transfers: BTreeMap::new(),
            finished: Vec::new(),
            misuse: Vec::new(),
            most_in: 0,
            most_out: 0,
            submitted: 0,
            cancelled: 0,
            handled: 0,
            last_real: Instant::now(),
        }
    }

    pub fn misuse(&mut self, what: impl Into<String>) {
        self.misuse.push(what.into());
    }

    /// Real time that has passed since the last call passes for the devices, too.
    pub fn pass_real_time(&mut self) {
        let now = Instant::now();
        let passed = now - std::mem::replace(&mut self.last_real, now);
        for device in &self.devices {
            device.config.emulator.clock().advance(passed);
        }
    }

    /// The real time that was just slept has passed for the devices already.
    pub fn forget_real_time(&mut self) {
        self.last_real = Instant::now();
    }

    pub fn in_flight(&self) -> usize {
        self.transfers.values().filter(|in_flight| **in_flight).count()
    }

    /// Puts a transfer in flight.
    pub fn submit(&mut self, device: usize, endpoint: u8, ptr: Ptr) {
        let config = &self.devices[device].config;
        if config.unplug_at_page.is_some_and(|pages| config.emulator.counts().pages >= pages) {
            config.emulator.unplug();
        }
        self.transfers.insert(ptr, true);
        self.submitted += 1;
        let queue = &mut self.devices[device].endpoints.entry(endpoint).or_default().queue;
        queue.push_back(ptr);
        let most = if endpoint & 0x80 != 0 { &mut self.most_in } else { &mut self.most_out };
        *most = queue.len().max(*most);
    }

    /// Writes the report and the chips' contents.
    pub fn report(&self) {
        let mut text = String::new();
        let leaked = self.transfers.len();
        let (submitted, cancelled, handled) = (self.submitted, self.cancelled, self.handled);
        let _ = writeln!(text, "most_in={}\nmost_out={}\nsubmitted={submitted}", self.most_in, self.most_out);
        let _ = writeln!(text, "cancelled={cancelled}\nhandled={handled}\nnot_freed={leaked}");
        let _ = writeln!(
            text,
            "not_closed={}\ncontexts={}\nmisuse={}",
            self.handles.len(),
            self.contexts,
            self.misuse.join(" | ")
        );
        for (n, device) in self.devices.iter().enumerate() {
            let emulator: &Emulator = &device.config.emulator;
            let counts = emulator.counts();
            let _ = writeln!(text, "{n}.misdeeds={}", counts.misdeed_text().trim().replace('\n', " | "));
            let _ = writeln!(text, "{n}.outputs={:02x}", emulator.pins().1);
            let _ = writeln!(text, "{n}.driven={:?}", device.driven);
            let _ = writeln!(text, "{n}.refs={}", device.refs);
            let _ = writeln!(text, "{n}.array_bytes_read={}", counts.array_bytes_read());
            let _ = writeln!(text, "{n}.faults={}", counts.faults);
            if let Some(file) = &device.config.out {
                std::fs::write(file, emulator.contents()).expect("the contents can be written");
            }
        }
        if let Some(file) = config::report() {
            std::fs::write(file, text).expect("the report can be written");
        }
    }
}

impl Device {
    fn new(number: usize, config: DeviceConfig) -> Self {
        let machine = config.emulator.machine();
        let configuration = {
            let machine = machine.lock().unwrap_or_else(PoisonError::into_inner);
            Configuration::new(&machine.device_ref().descriptors().configuration)
        };
        let driven = (0..8).filter(|i| config.driver && configuration.has_interface(*i)).collect();
        let halted = |address| (address, Endpoint { halted: true, ..Endpoint::default() });
        let endpoints = [0x02, 0x81, 0x82].into_iter().filter(|_| config.halted).map(halted).collect();
        Self { config, machine, configuration, address: number as u8 + 2, endpoints, driven, refs: 0 }
    }

    /// How the system reports it: as it is, or in general.
    pub fn told(&self, exact: i32, general: i32) -> i32 {
        if self.config.vague { general } else { exact }
    }

    pub fn plugged(&self) -> bool {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner).is_plugged()
    }

    pub fn now(&self) -> Duration {
        self.config.emulator.clock().now()
    }
}
