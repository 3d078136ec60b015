//! The emulated device as its hosts reach it: plugged in or not, with the faults of the USB side in between.

use super::chip::ChipState;
use super::clip::Clip;
use super::counts::Counts;
use super::device::{PacketAnswer, Setup, Stalled, UsbDevice};
use super::faults::UsbFaults;
use super::quirk::Quirk;
use super::unruly::Unruly;
use std::time::Duration;

/// Why a transfer cannot continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferFault {
    /// The device is not plugged in (any more).
    Gone,
    /// The device answered STALL.
    Stall,
}

/// Something that lasts has changed on the chip.
#[derive(Debug)]
pub enum Change<'a> {
    /// Bytes of the array.
    Contents {
        /// Address of the first.
        at: usize,
        /// What they are now.
        bytes: &'a [u8],
    },
    /// Registers or security registers; the state's contents are left empty.
    Registers(&'a ChipState),
}

/// Who is informed of changes.
pub type Watcher = Box<dyn FnMut(Change<'_>) + Send>;

/// Every so many packets the quirks that lose, double, hold up or overrun one strike.
const QUIRK_EVERY: u64 = 401;
/// Every so many transfers [`Quirk::Stalls`] strikes.
const STALL_EVERY: u64 = 100;
/// How late an answer comes by [`Quirk::Late`]: later than a driver has patience with a question.
const LATE: Duration = Duration::from_millis(600);

/// One plugged-in device.
pub struct Machine {
    device: Box<dyn UsbDevice>,
    /// Changes its packets and requests all the time, where there is a quirk of that kind.
    unruly: Option<Unruly>,
    plugged: bool,
    faults: UsbFaults,
    transfers: u64,
    in_packets: u64,
    again: Option<Vec<u8>>,
    /// The packet that comes after the next one.
    behind: Option<Vec<u8>>,
    /// Bytes that came in, where every so-manyth is missing.
    in_bytes: u64,
    /// IN packets with data, for the quirks that lose or double some of them.
    data_packets: u64,
    /// OUT packets, for the quirk that loses some of them.
    sent_packets: u64,
    /// The quirks that strike now and then.
    quirks: Vec<Quirk>,
    /// They strike at every so many packets with data.
    every: u64,
    /// When they have struck since the counts were begun.
    struck: Vec<Duration>,
    /// No answer comes before.
    late_until: Duration,
    watcher: Option<Watcher>,
}

impl Machine {
    pub(super) fn new(device: Box<dyn UsbDevice>, into: u8, quirks: &[Quirk]) -> Self {
        Self {
            unruly: Unruly::new(quirks, device.descriptors(), into),
            device,
            plugged: true,
            faults: UsbFaults::default(),
            transfers: 0,
            in_packets: 0,
            again: None,
            behind: None,
            in_bytes: 0,
            data_packets: 0,
            sent_packets: 0,
            quirks: quirks.to_vec(),
            every: QUIRK_EVERY,
            struck: Vec::new(),
            late_until: Duration::ZERO,
            watcher: None,
        }
    }

    /// The wires to the chip.
    pub fn clip_mut(&mut self) -> &mut Clip {
        self.device.clip_mut()
    }

    /// The bus is reset: pins are let go, everything queued is gone.
    pub fn reset(&mut self, now: Duration) {
        if let Some(unruly) = &mut self.unruly {
            unruly.reset();
        }
        self.device.reset(now);
    }

    /// The device, to look at.
    pub fn device_ref(&self) -> &dyn UsbDevice {
        &*self.device
    }

    /// What has been counted.
    pub fn counts(&mut self) -> &mut Counts {
        self.device.clip_mut().counts_mut()
    }

    pub(super) fn set_faults(&mut self, faults: UsbFaults) {
        self.faults = faults;
    }

    /// Counts anew: counts and the numbers that faults go by.
    pub(super) fn restart_counts(&mut self) {
        *self.counts() = Counts::default();
        self.struck.clear();
        self.transfers = 0;
        self.in_packets = 0;
    }

    pub(super) fn set_watcher(&mut self, watcher: Watcher) {
        self.device.clip_mut().chip_mut().take_changes();
        self.watcher = Some(watcher);
    }

    /// Reports to the watcher what has changed since the last call; hosts call it when they pause.
    pub(super) fn report(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        let chip = self.device.clip_mut().chip_mut();
        let (ranges, small) = chip.take_changes();
        for range in ranges {
            watcher(Change::Contents { at: range.start, bytes: &chip.contents()[range] });
        }
        if small {
            watcher(Change::Registers(&chip.lasting()));
        }
    }

    /// True while the device is plugged in.
    pub fn is_plugged(&self) -> bool {
        self.plugged
    }

    /// Pulls the device out; the chip loses its supply with it.
    pub fn unplug(&mut self, now: Duration) {
        if !self.plugged {
            return;
        }
        self.plugged = false;
        self.device.clip_mut().chip_mut().power_cut(now);
        self.reset(now);
        (self.again, self.behind) = (None, None);
    }

    /// Plugs it in again.
    pub fn plug(&mut self, now: Duration) {
        self.plugged = true;
        // It had no supply: what it was in the middle of is gone.
        self.reset(now);
        self.device.clip_mut().chip_mut().power_up(now);
    }

    /// Every host says so when a transfer begins (its first packet, or a control request); gives how long the host is
    /// held up before it.
    ///
    /// # Errors
    /// The fault that strikes it.
    pub fn begin_transfer(&mut self, now: Duration) -> Result<Duration, TransferFault> {
        if !self.plugged {
            return Err(TransferFault::Gone);
        }
        self.transfers += 1;
        if self.faults.unplug.remove(&self.transfers) {
            self.counts().faults += 1;
            self.unplug(now);
            return Err(TransferFault::Gone);
        }
        if self.faults.stall.remove(&self.transfers) {
            self.counts().faults += 1;
            return Err(TransferFault::Stall);
        }
        if self.quirks.contains(&Quirk::Stalls) && self.transfers.is_multiple_of(STALL_EVERY) {
            self.strike(now);
            return Err(TransferFault::Stall);
        }
        let held_up = self.faults.held_up.remove(&self.transfers).unwrap_or_default();
        self.counts().faults += u64::from(!held_up.is_zero());
        Ok(held_up)
    }

    /// A control request, standard ones included.
    ///
    /// # Errors
    /// [`Stalled`].
    pub fn control(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Result<Vec<u8>, Stalled> {
        let answer = match self.device.descriptors().standard(setup) {
            Some(answer) => answer,
            None => match &mut self.unruly {
                Some(unruly) => unruly.control(&mut *self.device, now, setup, data),
                None => self.device.control(now, setup, data),
            },
        }?;
        self.counts().control_transfers += 1;
        Ok(answer)
    }

    /// A bulk OUT packet.
    pub fn out_packet(
        &mut self,
        now: Duration,
        arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()> {
        let loses =
            self.quirks.contains(&Quirk::LosesOut) && (self.sent_packets + 1).is_multiple_of(self.every);
        let answer = match &mut self.unruly {
            _ if loses => PacketAnswer::Ack(()),
            Some(unruly) => unruly.out_packet(&mut *self.device, now, arrives, endpoint, bytes),
            None => self.device.out_packet(now, arrives, endpoint, bytes),
        };
        if loses {
            self.strike(now);
        }
        if answer == PacketAnswer::Ack(()) {
            self.sent_packets += 1;
            let counts = self.counts();
            counts.out_packets += 1;
            counts.usb_bytes += bytes.len() as u64;
        }
        answer
    }

    /// A bulk IN packet.
    pub fn in_packet(&mut self, now: Duration, endpoint: u8, into: &mut [u8]) -> PacketAnswer<usize> {
        if let Some(again) = self.again.take() {
            let n = again.len().min(into.len());
            into[..n].copy_from_slice(&again[..n]);
            return PacketAnswer::Ack(n);
        }
        if now < self.late_until {
            return PacketAnswer::Nak;
        }
        // FTDI's packets begin with two status bytes and often hold nothing else.
        let next_strikes = (self.data_packets + 1).is_multiple_of(self.every);
        if next_strikes && self.quirks.contains(&Quirk::Late) && self.late_until.is_zero() {
            self.late_until = now + LATE;
            self.strike(now);
            return PacketAnswer::Nak;
        }
        let answer = match &mut self.unruly {
            Some(unruly) => unruly.in_packet(&mut *self.device, now, endpoint, into),
            None => self.device.in_packet(now, endpoint, into),
        };
        let mut n = match answer {
            PacketAnswer::Ack(n) => n,
            refused => return refused,
        };
        self.in_packets += 1;
        self.data_packets += u64::from(n != 2);
        if n != 2 {
            self.late_until = Duration::ZERO;
        }
        if n != 2
            && let Some(behind) = self.behind.take()
        {
            self.again = Some(behind);
        } else if n != 2 && self.data_packets.is_multiple_of(self.every) {
            if self.quirks.contains(&Quirk::Resets) {
                self.strike(now);
                self.reset(now);
                return PacketAnswer::Nak;
            }
            if self.quirks.contains(&Quirk::Swaps) {
                self.strike(now);
                self.behind = Some(into[..n].to_vec());
                return PacketAnswer::Nak;
            }
            if self.quirks.contains(&Quirk::Loses) {
                self.strike(now);
                return PacketAnswer::Nak;
            }
            if self.quirks.contains(&Quirk::Doubles) {
                self.strike(now);
                self.again = Some(into[..n].to_vec());
            }
            if self.quirks.contains(&Quirk::Overruns) {
                self.strike(now);
                n = if n < into.len() { n + 1 } else { n - 1 };
            }
        }
        if self.faults.lost.remove(&self.in_packets) {
            self.counts().faults += 1;
            return PacketAnswer::Nak;
        }
        if self.faults.double.remove(&self.in_packets) {
            self.counts().faults += 1;
            self.again = Some(into[..n].to_vec());
        }
        if self.faults.short.remove(&self.in_packets) {
            self.counts().faults += 1;
            n = n.saturating_sub(1);
        }
        n = self.lose_bytes(&mut into[..n]);
        let counts = self.counts();
        counts.in_packets += 1;
        counts.usb_bytes += n as u64;
        PacketAnswer::Ack(n)
    }

    /// Takes the bytes out that are missing; gives how many are left.
    fn lose_bytes(&mut self, packet: &mut [u8]) -> usize {
        let Some(every) = self.faults.lost_bytes else { return packet.len() };
        let mut left = 0;
        for at in 0..packet.len() {
            self.in_bytes += 1;
            if self.in_bytes.is_multiple_of(every) {
                self.counts().faults += 1;
            } else {
                packet[left] = packet[at];
                left += 1;
            }
        }
        left
    }

    pub(super) fn worsen(&mut self, quirk: Quirk, every: u64) {
        self.quirks.push(quirk);
        self.every = every.max(1);
    }

    fn strike(&mut self, now: Duration) {
        self.struck.push(now);
    }

    /// When the quirks that strike now and then have struck.
    pub(super) fn struck(&self) -> &[Duration] {
        &self.struck
    }

    /// See [`UsbDevice::next_event`].
    pub fn next_event(&mut self, now: Duration) -> Option<Duration> {
        let late = Some(self.late_until).filter(|until| *until > now);
        [self.device.next_event(now), late].into_iter().flatten().min()
    }
}
