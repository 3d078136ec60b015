//! A [`Pipe`] to a device of the page: bursts keep many transfers in flight, each a promise of the browser's.

use super::calls::{Device, Fault, pause};
use super::find;
use crate::usb::{About, Burst, Control, FoundDevice, Pipe, Reply, UsbError, Wanted};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// OUT transfers kept in flight: short ones by number, long ones by [`OUT_BYTES`].
const OUT_DEPTH: usize = 32;
/// OUT bytes kept in flight.
const OUT_BYTES: usize = 256 * 1024;

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
        let fault = |error: Fault| find::fault(error, path, "opening it");
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
        find::fault(fault, &self.path, "a bulk transfer")
    }

    /// Submits what may be in flight: one OUT, so that the IN transfers have something to wait for; then IN; then the rest.
    fn fill(&mut self, burst: &Burst<'_>, reply: &dyn Reply, sent: &mut usize) -> Result<(), Fault> {
        if self.outgoing.is_empty() {
            self.send(burst, sent, 1)?;
        }
        while self.incoming.len() < burst.in_depth.max(1) {
            let Some(len) = reply.next(self.incoming.len()) else { break };
            self.device.submit_in(len)?;
            self.incoming.push_back(len);
        }
        self.send(burst, sent, OUT_DEPTH)
    }

    fn send(&mut self, burst: &Burst<'_>, sent: &mut usize, depth: usize) -> Result<(), Fault> {
        while let Some(next) = burst.out.get(*sent) {
            let bytes: usize = self.outgoing.iter().sum();
            let room = self.outgoing.len() < depth && bytes + next.len() <= OUT_BYTES;
            if !room && !self.outgoing.is_empty() {
                break;
            }
            self.device.submit_out(next)?;
            self.outgoing.push_back(next.len());
            *sent += 1;
        }
        Ok(())
    }

    /// The bytes of the oldest IN transfer, where it has finished, in the buffer.
    fn take_in(&mut self) -> Option<Result<usize, Fault>> {
        let len = *self.incoming.front()?;
        self.buffer.resize(self.buffer.len().max(len), 0);
        let taken = self.device.take_in(self.buffer.get_mut(..len)?)?;
        self.incoming.pop_front();
        Some(taken)
    }

    /// What was asked of the oldest OUT transfer and what was sent, where it has finished.
    fn take_out(&mut self) -> Option<Result<(usize, usize), Fault>> {
        let asked = *self.outgoing.front()?;
        let sent = self.device.take_out()?;
        self.outgoing.pop_front();
        Some(sent.map(|sent| (asked, sent)))
    }

    /// Runs a burst; on an error transfers may be left in flight.
    fn run(&mut self, burst: &Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        let mut submitted = 0;
        let mut deadline = Instant::now() + burst.quiet;
        loop {
            self.fill(burst, reply, &mut submitted).map_err(|f| self.fault(f))?;
            if submitted == burst.out.len() && self.outgoing.is_empty() && reply.is_complete() {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.device.wait(left);
            let mut progress = false;
            while let Some(done) = self.take_out() {
                let (asked, sent) = done.map_err(|f| self.fault(f))?;
                if sent != asked {
                    return Err(UsbError::Desync { what: "an OUT transfer", expected: asked, got: sent });
                }
                progress = true;
            }
            while let Some(taken) = self.take_in() {
                let len = taken.map_err(|f| self.fault(f))?;
                progress |= reply.take(self.buffer.get(..len).unwrap_or_default())?;
            }
            if progress {
                deadline = Instant::now() + burst.quiet;
            } else if left.is_zero() {
                return Err(UsbError::Timeout { what: "USB transfer", after: burst.quiet });
            }
        }
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
        find::fault(fault, &self.path, "a control request")
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
        let result = self.run(&burst, reply);
        // After a failure, or should the reply have asked for more than came.
        let ended = self.abort();
        if matches!(result, Err(UsbError::Stall(_))) {
            self.device.clear_halts();
        }
        result.and(ended)
    }

    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.device.submit_in(len).map_err(|f| self.fault(f))?;
        self.incoming.push_back(len);
        self.device.wait(wait.max(Duration::from_millis(1)));
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
