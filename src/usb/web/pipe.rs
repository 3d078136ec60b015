//! A [`Pipe`] to a device of the page: bursts keep many transfers in flight, each a promise of the browser's.

use super::calls::{Device, Fault, pause};
use super::fault::error_of;
use crate::usb::flight::{Flight, carry};
use crate::usb::{About, Burst, Control, FoundDevice, Pipe, Reply, UsbError, Wanted};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long what waits in the device may take to come through the browser, whose processes hand a transfer on. What looks like
/// silence before is none, and bytes on the way are lost when their transfer is cancelled.
const THROUGH: Duration = Duration::from_millis(100);

/// A claimed interface of a device of the page. Dropping it ends what is in flight and closes the device.
#[derive(Debug)]
pub struct HostPipe {
    device: Device,
    /// Lengths of the IN and OUT transfers in flight, in order of submission.
    incoming: VecDeque<usize>,
    outgoing: VecDeque<usize>,
    buffer: Vec<u8>,
    packet: Option<usize>,
    about: About,
    path: String,
    start: Instant,
}

impl HostPipe {
    pub(super) fn claim(found: &FoundDevice, wanted: &Wanted<'_>) -> Result<Self, UsbError> {
        let path = &found.path;
        let fault = |error: Fault| error_of(error, path, "opening it");
        let device = Device::open(path).map_err(fault)?;
        let claimed = device.claim(wanted.interface.map(|one| one.number)).map_err(fault)?;
        let packet = usize::from(claimed.packet);
        let text = device.about().unwrap_or_default();
        let (release, manufacturer) = text.split_once('\t').unwrap_or((&text, ""));
        Ok(Self {
            about: About {
                release: u16::from_str_radix(release, 16).ok(),
                product: Some(found.product),
                manufacturer: Some(manufacturer.to_owned()).filter(|text| !text.is_empty()),
            },
            device,
            incoming: VecDeque::new(),
            outgoing: VecDeque::new(),
            buffer: Vec::new(),
            packet: Some(packet).filter(|size| [8, 16, 32, 64, 512, 1024].contains(size)),
            path: path.clone(),
            start: Instant::now(),
        })
    }

    /// How the page names the device.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn fault(&self, fault: Fault) -> UsbError {
        error_of(fault, &self.path, "a bulk transfer")
    }

    /// The bytes of the oldest IN transfer, where it has finished, in the buffer.
    fn take_in(&mut self) -> Option<Result<usize, Fault>> {
        let len = *self.incoming.front()?;
        self.buffer.resize(self.buffer.len().max(len), 0);
        let taken = self.device.take_in(self.buffer.get_mut(..len)?)?;
        self.incoming.pop_front();
        Some(taken)
    }

    /// Ends what is in flight.
    fn abort(&mut self) -> Result<(), UsbError> {
        if self.incoming.is_empty() && self.outgoing.is_empty() {
            return Ok(());
        }
        self.incoming.clear();
        self.outgoing.clear();
        self.device.cancel().map_err(|f| self.fault(f))
    }

    fn request(&self, control: Control) -> [u16; 3] {
        [u16::from(control.request), control.value, control.index]
    }

    fn refused(&self, fault: Fault) -> UsbError {
        error_of(fault, &self.path, "a control request")
    }
}

impl Flight for HostPipe {
    fn flying(&self) -> (usize, usize) {
        (self.incoming.len(), self.outgoing.len())
    }

    fn receive(&mut self, len: usize) -> Result<bool, UsbError> {
        self.device.submit_in(len).map_err(|fault| self.fault(fault))?;
        self.incoming.push_back(len);
        Ok(true)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.device.submit_out(bytes).map_err(|fault| self.fault(fault))?;
        self.outgoing.push_back(bytes.len());
        Ok(true)
    }

    fn wait(&mut self, time: Duration) -> Result<(), UsbError> {
        self.device.wait(time);
        Ok(())
    }

    fn sent(&mut self) -> Result<Option<(usize, usize)>, UsbError> {
        let (Some(asked), Some(sent)) = (self.outgoing.front().copied(), self.device.take_out()) else {
            return Ok(None);
        };
        self.outgoing.pop_front();
        sent.map(|sent| Some((sent, asked))).map_err(|fault| self.fault(fault))
    }

    fn received(&mut self, reply: &mut dyn Reply) -> Result<Option<bool>, UsbError> {
        let Some(taken) = self.take_in() else { return Ok(None) };
        let len = taken.map_err(|fault| self.fault(fault))?;
        reply.take(self.buffer.get(..len).unwrap_or_default()).map(Some)
    }
}

impl Pipe for HostPipe {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        let sent = self.device.control_out(control.recipient, self.request(control), data);
        match sent.map_err(|f| self.refused(f))? {
            sent if sent == data.len() => Ok(()),
            got => Err(UsbError::Desync { what: "a control request", expected: data.len(), got }),
        }
    }

    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        self.device.control_in(control.recipient, self.request(control), into).map_err(|f| self.refused(f))
    }

    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        let result = carry(self, &burst, reply);
        // After a failure, or should the reply have asked for more than came.
        let ended = self.abort();
        if matches!(result, Err(UsbError::Stall(_))) {
            self.device.clear_halts();
        }
        result.and(ended)
    }

    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.receive(len)?;
        self.device.wait(wait.max(THROUGH));
        match self.take_in() {
            Some(Ok(got)) => Ok(self.buffer.get(..got).unwrap_or_default().to_vec()),
            None => self.abort().map(|()| Vec::new()),
            // Left so by whoever had the device before: nothing is waiting there, and it is ready now.
            Some(Err(Fault::Stall)) => {
                self.device.clear_halts();
                Ok(Vec::new())
            }
            Some(Err(error)) => Err(self.fault(error)),
        }
    }

    fn in_packet(&self) -> Option<usize> {
        self.packet
    }

    fn about(&self) -> About {
        self.about.clone()
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&mut self, time: Duration) {
        pause(time);
    }
}
