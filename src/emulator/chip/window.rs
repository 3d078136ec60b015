//! One chip-select window: opcode, address, dummies, data, and what happens when chip select rises.

use super::answer::Source;
use super::model::{FLOATING, FlashChip};
use super::spec::{AddressBytes, Command, Does};
use crate::emulator::clock::wire_time;
use crate::emulator::counts::Misdeed;
use std::time::Duration;

/// Where in a window the next byte falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opcode,
    Address {
        left: u8,
    },
    Dummy {
        left: u8,
    },
    /// Data from the host.
    Take,
    /// Data to the host.
    Give,
    /// The command is complete and takes no more.
    Over,
    /// Ignored until chip select rises.
    Ignored,
}

/// The state of one window.
#[derive(Debug)]
pub(super) struct Window {
    selected: bool,
    phase: Phase,
    pub(super) opcode: u8,
    command: Option<Command>,
    pub(super) address: u32,
    /// How many bytes it came in.
    pub(super) address_bytes: u8,
    pub(super) source: Option<Source>,
    /// Bytes of an answer that is not the array.
    pub(super) prepared: Vec<u8>,
    /// Data from the host; a page program wraps in it.
    pub(super) latch: Vec<u8>,
    pub(super) taken: usize,
    extra: bool,
    /// Bits of an unfinished byte: how many, what came, what goes out.
    bits: u8,
    shift_in: u8,
    shift_out: u8,
}

impl Window {
    pub(super) fn new(page: usize) -> Self {
        Self {
            selected: false,
            phase: Phase::Opcode,
            opcode: 0,
            command: None,
            address: 0,
            address_bytes: 0,
            source: None,
            prepared: Vec::with_capacity(256),
            latch: vec![0xff; page.max(256)],
            taken: 0,
            extra: false,
            bits: 0,
            shift_in: 0,
            shift_out: FLOATING,
        }
    }

    fn open(&mut self) {
        self.selected = true;
        self.phase = Phase::Opcode;
        self.command = None;
        self.address = 0;
        self.source = None;
        self.taken = 0;
        self.extra = false;
        self.bits = 0;
    }

    pub(super) fn close(&mut self) {
        self.selected = false;
    }
}

impl FlashChip {
    /// Chip select falls.
    pub fn select(&mut self, now: Duration) {
        self.advance_to(now);
        if self.window.selected || !self.powered {
            return;
        }
        self.counts.selects += 1;
        self.window.open();
        if self.continuous > 0 || self.qpi {
            self.window.phase = Phase::Ignored;
        }
    }

    /// Clocks whole bytes through the chip, the first beginning at `at`; both slices have the same length.
    pub fn clock(&mut self, at: Duration, hz: u32, mosi: &[u8], miso: &mut [u8]) {
        self.advance_to(at);
        if !self.powered || !self.window.selected {
            miso.fill(FLOATING);
            return;
        }
        self.counts.spi_bytes += mosi.len() as u64;
        if self.window.bits != 0 {
            for (i, (out, into)) in mosi.iter().zip(miso.iter_mut()).enumerate() {
                *into = self.bits(at + wire_time(hz, i), hz, *out, 8);
            }
            return;
        }
        let mut i = 0;
        while i < mosi.len() {
            match self.window.phase {
                Phase::Give => {
                    self.answer(at + wire_time(hz, i), hz, &mut miso[i..]);
                    return;
                }
                Phase::Take => {
                    self.take(&mosi[i..]);
                    break;
                }
                Phase::Over => {
                    self.window.extra = true;
                    break;
                }
                Phase::Ignored => {
                    self.leave_continuous_read(&mosi[i..]);
                    break;
                }
                Phase::Opcode | Phase::Address { .. } | Phase::Dummy { .. } => {
                    miso[i] = FLOATING;
                    i += 1;
                    self.header(at + wire_time(hz, i), mosi[i - 1]);
                }
            }
        }
        miso[i..].fill(FLOATING);
    }

    /// Clocks `count` (1 to 8) bits, the uppermost of `mosi` first; gives what came back, in the lowest bits.
    pub fn bits(&mut self, at: Duration, hz: u32, mosi: u8, count: u8) -> u8 {
        self.advance_to(at);
        if !self.powered || !self.window.selected {
            return FLOATING >> (8 - count);
        }
        let mut back = 0;
        for i in 0..count {
            if self.window.bits == 0 {
                let mut byte = [FLOATING];
                if self.window.phase == Phase::Give {
                    self.answer(at, hz, &mut byte);
                }
                self.window.shift_out = byte[0];
            }
            back = back << 1 | self.window.shift_out >> 7;
            self.window.shift_out <<= 1;
            self.window.shift_in = self.window.shift_in << 1 | (mosi >> (7 - i)) & 1;
            self.window.bits += 1;
            if self.window.bits == 8 {
                self.window.bits = 0;
                let byte = [self.window.shift_in];
                match self.window.phase {
                    Phase::Give => {}
                    Phase::Take => self.take(&byte),
                    Phase::Over => self.window.extra = true,
                    Phase::Ignored => self.leave_continuous_read(&byte),
                    _ => self.header(at, byte[0]),
                }
            }
        }
        back
    }

    /// Takes one byte of opcode, address or dummy, whose last clock was at `now`.
    fn header(&mut self, now: Duration, byte: u8) {
        match self.window.phase {
            Phase::Opcode => return self.opcode(now, byte),
            Phase::Address { left } => {
                self.window.address = self.window.address << 8 | u32::from(byte);
                if left > 1 {
                    self.window.phase = Phase::Address { left: left - 1 };
                    return;
                }
                let dummy = self.window.command.map_or(0, |c| {
                    let more = c.does == Does::ReadArray && c.dummy > 0;
                    c.dummy + if more { self.more_dummies } else { 0 }
                });
                if dummy > 0 {
                    self.window.phase = Phase::Dummy { left: dummy };
                    return;
                }
            }
            Phase::Dummy { left } if left > 1 => {
                self.window.phase = Phase::Dummy { left: left - 1 };
                return;
            }
            _ => {}
        }
        self.data_phase();
    }

    fn opcode(&mut self, now: Duration, opcode: u8) {
        self.window.opcode = opcode;
        self.window.phase = Phase::Ignored;
        self.advance_to(now);
        if !self.powered {
            return;
        }
        *self.counts.opcodes.entry(opcode).or_default() += 1;
        self.note_command(opcode);
        if self.spec.forbidden.contains(&opcode) {
            self.counts.misdeed(Misdeed::Forbidden(opcode));
        }
        let Some(command) = self.table[usize::from(opcode)] else {
            *self.counts.unknown_opcodes.entry(opcode).or_default() += 1;
            self.volatile_next = false;
            self.reset_next = false;
            return;
        };
        if now < self.ready_at {
            self.counts.misdeed(Misdeed::NotReady(opcode));
            return;
        }
        if self.asleep && command.does != Does::Release {
            return;
        }
        if self.busy.is_some() && !command.while_busy {
            // The id is asked of a busy chip to find a data line that is stuck.
            if command.does != Does::ReadJedecId {
                self.counts.misdeed(Misdeed::WhileBusy(opcode));
            }
            return;
        }
        let goes_on = matches!(command.does, Does::ProgramOn(_) | Does::ReadRegister(_) | Does::WriteDisable);
        if self.onward.is_some() && !goes_on {
            self.counts.misdeed(Misdeed::WhileProgrammingOn(opcode));
            return;
        }
        self.window.command = Some(command);
        let address = match command.address {
            AddressBytes::None => 0,
            AddressBytes::Three => 3,
            AddressBytes::Four => 4,
            AddressBytes::ByMode => 3 + u8::from(self.four_byte),
            AddressBytes::One => 1,
            AddressBytes::Two => 2,
        };
        let address =
            if matches!(command.does, Does::ProgramOn(_)) { self.onward_address_bytes() } else { address };
        self.window.address_bytes = address;
        match (address, command.dummy) {
            (0, 0) => self.data_phase(),
            (0, left) => self.window.phase = Phase::Dummy { left },
            (left, _) => self.window.phase = Phase::Address { left },
        }
    }

    fn data_phase(&mut self) {
        let Some(command) = self.window.command else { return };
        if command.does.takes_data() {
            self.window.latch.fill(0xff);
            self.window.phase = Phase::Take;
        } else if command.does.writes() {
            self.window.phase = Phase::Over;
        } else {
            self.window.source = Some(self.source(command));
            self.window.phase = Phase::Give;
        }
    }

    /// Data bytes go into the latch, which a page program fills from its offset and wraps in.
    fn take(&mut self, bytes: &[u8]) {
        let window = &mut self.window;
        let len = match window.command.map(|c| c.does) {
            Some(Does::ProgramSecurity) => self.spec.security.size.clamp(1, window.latch.len()),
            Some(Does::ProgramOn(unit)) => unit,
            _ => self.spec.page.clamp(1, window.latch.len()),
        };
        let offset = match window.command.map(|c| c.does) {
            Some(Does::Program | Does::ProgramSecurity) => window.address as usize,
            _ => 0,
        };
        for byte in bytes {
            window.latch[(offset + window.taken) % len] = *byte;
            window.taken += 1;
        }
    }

    /// FFh instead of address and mode bits takes the chip out of continuous-read mode (mode bits other than 10).
    fn leave_continuous_read(&mut self, bytes: &[u8]) {
        self.window.extra |= bytes.iter().any(|b| *b != 0xff);
        self.window.taken += bytes.len();
        if !self.window.extra && self.window.taken >= self.continuous {
            self.continuous = 0;
        }
    }

    /// Chip select rises: the command is carried out.
    pub fn deselect(&mut self, now: Duration) {
        self.advance_to(now);
        if !self.window.selected {
            return;
        }
        self.window.close();
        let Some(command) = self.window.command else { return };
        let volatile_stays = matches!(command.does, Does::ReadRegister(_) | Does::WriteRegisters { .. });
        let reset_was_next = std::mem::take(&mut self.reset_next);
        if command.does.writes() && !self.complete(command) {
            self.volatile_next = false;
            return;
        }
        if !volatile_stays {
            self.volatile_next = false;
        }
        self.carry_out(now, command, reset_was_next);
    }

    /// Whether a writing command ended where it must: on a byte boundary, its address in, its data there, nothing more.
    fn complete(&mut self, command: Command) -> bool {
        let op = command.opcode;
        let fault = match self.window.phase {
            _ if self.window.bits != 0 => Some(Misdeed::PartialByte(op)),
            Phase::Address { .. } | Phase::Dummy { .. } => Some(Misdeed::ShortAddress(op)),
            Phase::Take if self.window.taken == 0 => Some(Misdeed::NoData(op)),
            _ if self.window.extra => Some(Misdeed::ExtraBytes(op)),
            _ => None,
        };
        if let Some(fault) = fault {
            self.counts.misdeed(fault);
        }
        fault.is_none()
    }
}
