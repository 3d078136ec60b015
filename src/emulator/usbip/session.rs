//! One connection: requests, then commands on the imported device. Bytes in, bytes out, time from outside.

use super::protocol::{Command, Listed, ProtocolError, Request, command, reply_import, reply_list, request};
use super::urbs::{Next, Urbs};
use crate::emulator::clock::Clock;
use crate::emulator::device::Descriptors;
use crate::emulator::emulated::Emulator;
use crate::emulator::machine::Machine;
use crate::emulator::pipe::lock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One emulator offered under a bus id.
pub struct Export {
    bus_id: String,
    number: u32,
    machine: Arc<Mutex<Machine>>,
    clock: Clock,
    /// Its clock stands still while the host does something else.
    own_time: bool,
    taken: AtomicBool,
}

impl Export {
    /// Offers an emulator as device `number` (from 1) of bus 1, bus id `1-number`.
    pub fn new(emulator: &Emulator, number: u32) -> Self {
        Self {
            bus_id: format!("1-{number}"),
            number,
            machine: emulator.machine(),
            clock: emulator.clock(),
            own_time: false,
            taken: AtomicBool::new(false),
        }
    }

    /// The same with a clock that moves by the device's own work alone, as it does for a program in the same process: what
    /// the device does is then the same each time, however slow its host is. A chip stays busy for ever; only reads work.
    #[must_use]
    pub fn in_its_own_time(self) -> Self {
        Self { own_time: true, ..self }
    }

    /// The bus id that a client imports it by.
    pub fn bus_id(&self) -> &str {
        &self.bus_id
    }
}

/// What a session is at.
enum Phase {
    /// Nothing imported yet.
    Asking,
    /// A device is imported.
    Using { export: usize, urbs: Urbs },
}

/// One connection.
pub(super) struct Session {
    exports: Arc<[Export]>,
    phase: Phase,
    input: Vec<u8>,
    /// Bytes to be sent.
    pub(super) output: Vec<u8>,
}

impl Session {
    pub(super) fn new(exports: Arc<[Export]>) -> Self {
        Self { exports, phase: Phase::Asking, input: Vec::new(), output: Vec::new() }
    }

    /// The imported device's bus id.
    pub(super) fn imported(&self) -> Option<&str> {
        match &self.phase {
            Phase::Asking => None,
            Phase::Using { export, .. } => Some(&self.exports[*export].bus_id),
        }
    }

    /// Takes bytes from the connection. False when the device has been unplugged.
    pub(super) fn input(&mut self, bytes: &[u8]) -> Result<bool, ProtocolError> {
        self.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.input);
        let mut at = 0;
        let mut alive = true;
        while alive {
            match self.one(&input[at..])? {
                Some((used, still)) => {
                    at += used;
                    alive = still;
                }
                None => break,
            }
        }
        self.input = input;
        self.input.drain(..at);
        Ok(alive)
    }

    /// Handles one message at the front; gives its length and whether the device is still there.
    fn one(&mut self, bytes: &[u8]) -> Result<Option<(usize, bool)>, ProtocolError> {
        match &mut self.phase {
            Phase::Asking => {
                let Some((request, used)) = request(bytes)? else { return Ok(None) };
                match request {
                    Request::List => self.list(),
                    Request::Import(bus_id) => self.import(&bus_id),
                }
                Ok(Some((used, true)))
            }
            Phase::Using { export, urbs } => {
                let Some((command, used)) = command(bytes)? else { return Ok(None) };
                let export = &self.exports[*export];
                let mut alive = true;
                match command {
                    Command::Unlink { sequence, target } => urbs.unlink(sequence, target, &mut self.output),
                    Command::Submit(submit) => {
                        let mut machine = lock(&export.machine);
                        alive = urbs.submit(export.clock.now(), &mut machine, submit, &mut self.output)?;
                    }
                }
                Ok(Some((used, alive)))
            }
        }
    }

    fn list(&mut self) {
        let free = self.exports.iter().filter(|export| !export.taken.load(Ordering::Relaxed));
        let devices: Vec<(&Export, Descriptors)> =
            free.map(|export| (export, lock(&export.machine).device_ref().descriptors().clone())).collect();
        let devices: Vec<Listed<'_>> = devices
            .iter()
            .map(|(export, descriptors)| Listed {
                bus_id: &export.bus_id,
                number: export.number,
                descriptors,
            })
            .collect();
        reply_list(&mut self.output, &devices);
    }

    fn import(&mut self, bus_id: &str) {
        let found = self.exports.iter().position(|export| export.bus_id == bus_id);
        let free = found.filter(|at| !self.exports[*at].taken.swap(true, Ordering::AcqRel));
        let Some(index) = free else {
            reply_import(&mut self.output, None);
            return;
        };
        let export = &self.exports[index];
        let mut machine = lock(&export.machine);
        let now = export.clock.now();
        // Somebody has plugged it in again.
        machine.plug(now);
        machine.reset(now);
        let listed = Listed {
            bus_id: &export.bus_id,
            number: export.number,
            descriptors: machine.device_ref().descriptors(),
        };
        reply_import(&mut self.output, Some(&listed));
        drop(machine);
        self.phase = Phase::Using { export: index, urbs: Urbs::default() };
    }

    /// Works on what is queued after `elapsed` real time.
    pub(super) fn work(&mut self, elapsed: Duration) -> Next {
        let Phase::Using { export, urbs } = &mut self.phase else { return Next::Wait(None) };
        let export = &self.exports[*export];
        if !export.own_time {
            export.clock.advance(elapsed);
        }
        let mut machine = lock(&export.machine);
        let start = export.clock.now();
        let mut now = start;
        machine.clip_mut().advance_to(now);
        let next = urbs.work(&mut now, &mut machine, &mut self.output);
        export.clock.advance_to(now);
        machine.report();
        match next {
            Next::Wait(Some(event)) => Next::Wait(Some(event.saturating_sub(now))),
            other => other,
        }
    }
}

impl Drop for Session {
    /// The device is free for others; its bus is reset, so its pins are let go.
    fn drop(&mut self) {
        if let Phase::Using { export, .. } = &self.phase {
            let export = &self.exports[*export];
            lock(&export.machine).reset(export.clock.now());
            export.taken.store(false, Ordering::Release);
        }
    }
}
