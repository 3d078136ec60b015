//! Security registers (OTP): read whole, with their lock state, by opcodes that are safe for the maker.
//!
//! Nothing here is sent before the part is known, and never with WEL set: `04` goes first in the same batch. Where the
//! area is reached by a mode, a piece of the array is read before and after it, in the same batch, as the proof that
//! the mode was left. Facts: see the module `otp`.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, READ_STATUS, WRITE_DISABLE};
use super::left::{LeftDone, LeftState};
use super::otp::{self, OtpCommands};
use super::part::{OtpMethod, OtpRegister, Register};
use super::protect::Registers;
use crate::spi::{Programmer, Transaction};

/// One security register as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityRegister {
    /// The maker's number, from 1 on most Winbond parts.
    pub index: u8,
    /// Its address in the OTP space.
    pub address: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is locked forever; `None` where the part does not show it.
    pub locked: Option<bool>,
    /// All FF.
    pub blank: bool,
    /// Sources dispute its size and, being blank, it could not be measured: the size is the table's.
    pub size_unsure: bool,
}

/// Bytes of the array that are compared before and after a mode.
const WITNESS: usize = 64;
/// How often a mode is left, until the programmer says that the command went out.
const LEAVES: usize = 3;
/// Bytes read of a register whose size is disputed: twice the largest period that is looked for.
const MEASURE: usize = 4096;

/// The clock of every other read, where it can be set.
const SLOW_HZ: u32 = 1_000_000;

/// What one read of an area brought.
struct Area {
    bytes: Vec<u8>,
    /// SR1 inside the mode.
    status: u8,
}

impl<P: Programmer> Chip<P> {
    /// Reads every security register, each until two reads agree. Empty where the part has none or its scheme is not
    /// known (see [`otp_known`](Self::otp_known)).
    ///
    /// # Errors
    /// [`FlashError::Spi`]; [`FlashError::UnstableRead`]; [`FlashError::OtpMode`] where the mode could not be left.
    pub fn security_registers(&mut self) -> Result<Vec<SecurityRegister>, FlashError> {
        let scheme = self.identity.part.otp.clone();
        let Some(commands) = otp::commands(scheme.method) else { return Ok(Vec::new()) };
        self.pause_mode()?;
        self.select_die(0)?;
        command::send(&mut self.programmer, &[WRITE_DISABLE])?;
        let status = self.read_registers()?;
        scheme.registers.iter().map(|r| self.read_security_register(&commands, r, &status)).collect()
    }

    /// False where the part may have security registers that this program cannot read safely.
    pub fn otp_known(&self) -> bool {
        self.identity.part.otp.method != OtpMethod::Unknown
    }

    fn read_security_register(
        &mut self,
        commands: &OtpCommands,
        register: &OtpRegister,
        status: &Registers,
    ) -> Result<SecurityRegister, FlashError> {
        let method = self.identity.part.otp.method;
        let mut size = register.size as usize;
        // In a mode the array continues after the area: there is no period to be found.
        let mut unsure = self.identity.part.otp.disputed && commands.enter.is_some();
        // Only areas with a command of their own wrap inside themselves.
        if self.identity.part.otp.disputed && commands.enter.is_none() {
            let measure = MEASURE.min(super::cut::room(&self.programmer.limits()) as usize);
            let long = self.read_area(commands, register, measure)?.bytes;
            match otp::period(&long) {
                Some(period) => size = period,
                None => unsure = true,
            }
        }
        let area = self.read_area(commands, register, size + commands.control as usize)?;
        let in_register = |(bit, locked): (super::part::RegisterBit, bool)| {
            let value = match (commands.enter, bit.register) {
                // Eon's lock bits are those of SR1 as read inside the mode.
                (Some(_), Register::Sr1) => Some(area.status >> bit.bit & 1 == 1),
                _ => status.bit(bit),
            };
            value.map(|v| v == locked)
        };
        let locked = match register.lock {
            Some(lock) => in_register(lock),
            None => otp::own_lock(method, register.index, &area.bytes),
        };
        let mut bytes = area.bytes;
        bytes.truncate(size);
        Ok(SecurityRegister {
            index: register.index,
            address: register.address,
            locked,
            blank: bytes.iter().all(|b| *b == 0xFF),
            size_unsure: unsure,
            bytes,
        })
    }

    /// Reads until two reads in a row agree. Every other read is a little longer and at a slow clock: answers that come
    /// one packet too late would be alike, and wrong, where all are of one length, and so would bits that come too late.
    fn read_area(
        &mut self,
        commands: &OtpCommands,
        register: &OtpRegister,
        len: usize,
    ) -> Result<Area, FlashError> {
        let mut last: Option<Vec<u8>> = None;
        for n in 0..8 {
            let asked = len + n % 2 * command::BEYOND;
            let read = |chip: &mut Self| match commands.enter {
                None => chip.read_plain(commands, register, asked),
                Some(enter) => chip.read_in_mode(enter, commands, register, asked),
            };
            let fast = self.programmer.limits().clock_hz > SLOW_HZ;
            let slow = if n % 2 == 1 && fast { self.at_clock(SLOW_HZ, read)? } else { None };
            let mut area = match slow {
                Some(area) => area,
                None => read(self)?,
            };
            area.bytes.truncate(len);
            if last.as_ref() == Some(&area.bytes) {
                return Ok(area);
            }
            last = Some(area.bytes);
        }
        Err(FlashError::UnstableRead { what: format!("security register {}", register.index) })
    }

    fn read_plain(
        &mut self,
        commands: &OtpCommands,
        register: &OtpRegister,
        len: usize,
    ) -> Result<Area, FlashError> {
        let mut bytes = vec![0; len];
        let headers = self.headers(commands, register, len);
        let mut batch = vec![Transaction::write(&[WRITE_DISABLE])];
        batch.extend(self.windows(&headers, &mut bytes));
        self.programmer.run(&mut batch)?;
        drop(batch);
        Ok(Area { bytes, status: 0 })
    }

    /// The read commands of an area's first `len` bytes, one for each window that the programmer can move.
    fn headers(&self, commands: &OtpCommands, register: &OtpRegister, len: usize) -> Vec<Vec<u8>> {
        let header = |at: usize| {
            let mut header =
                command::with_address(commands.read, u64::from(register.address) + at as u64, commands.width);
            header.resize(header.len() + commands.dummy, 0);
            header
        };
        (0..len).step_by(self.window_room()).map(header).collect()
    }

    /// Those commands and the bytes that they read.
    fn windows<'b>(
        &self,
        headers: &'b [Vec<u8>],
        bytes: &'b mut [u8],
    ) -> impl Iterator<Item = Transaction<'b>> + use<'b, P> {
        let parts = bytes.chunks_mut(self.window_room());
        headers.iter().zip(parts).map(|(header, part)| Transaction::read(header, part))
    }

    fn window_room(&self) -> usize {
        super::cut::room(&self.programmer.limits()) as usize
    }

    fn read_in_mode(
        &mut self,
        enter: u8,
        commands: &OtpCommands,
        register: &OtpRegister,
        len: usize,
    ) -> Result<Area, FlashError> {
        let leave = commands.leave.unwrap_or(WRITE_DISABLE);
        let header = command::with_address(commands.read, u64::from(register.address), commands.width);
        let mut bytes = vec![0; len];
        let headers = self.headers(commands, register, len);
        let (mut before, mut after) = ([0; WITNESS], [0; WITNESS]);
        let mut status = [0];
        let (enter_it, leave_it) = ([enter], [leave]);
        let mut batch = vec![
            Transaction::write(&[WRITE_DISABLE]),
            Transaction::read(&header, &mut before),
            Transaction::write(&enter_it),
        ];
        batch.extend(self.windows(&headers, &mut bytes));
        batch.extend([
            Transaction::read(&[READ_STATUS], &mut status),
            Transaction::write(&leave_it),
            Transaction::write(&[WRITE_DISABLE]),
            Transaction::read(&header, &mut after),
        ]);
        let result = self.programmer.run(&mut batch);
        drop(batch);
        if result.is_err() || before != after {
            // Whatever went wrong, the chip must not be left inside.
            self.leave_mode(leave)?;
        }
        result?;
        if before != after {
            let mut again = [0; WITNESS];
            self.programmer.run(&mut [Transaction::read(&header, &mut again)])?;
            if again != before {
                return Err(FlashError::OtpMode { opcode: enter });
            }
        }
        Ok(Area { bytes, status: status[0] })
    }

    /// Leaves the mode that a run killed inside of it, or other software, left on: the area would be read for the array.
    pub(super) fn leave_otp(&mut self) -> Result<(), FlashError> {
        let Some(commands) = otp::commands(self.identity.part.otp.method) else { return Ok(()) };
        let (Some(_), Some(leave)) = (commands.enter, commands.leave) else { return Ok(()) };
        let at = self.identity.part.otp.registers.first().map_or(0, |r| r.address);
        let header = command::with_address(commands.read, u64::from(at), commands.width);
        let before = command::read(&mut self.programmer, &header, WITNESS)?;
        self.leave_mode(leave)?;
        // Where the area and the array read alike there, the mode goes unnoticed, and is left all the same.
        if command::read(&mut self.programmer, &header, WITNESS)? != before {
            self.note_left(LeftState::OneTimeArea, LeftDone::Left);
        }
        Ok(())
    }

    /// Leaves an OTP mode, harmless where none is on.
    pub(super) fn leave_mode(&mut self, leave: u8) -> Result<(), FlashError> {
        let mut left = Ok(());
        // The connection may have been lost in this very command: it matters enough to be said again.
        for _ in 0..LEAVES {
            left = self
                .programmer
                .run(&mut [Transaction::write(&[leave]), Transaction::write(&[WRITE_DISABLE])]);
            if left.is_ok() {
                break;
            }
        }
        Ok(left?)
    }

    /// The register with this number, and how it is reached.
    pub(super) fn otp_register(&self, index: u8) -> Result<(OtpRegister, OtpCommands), FlashError> {
        let scheme = &self.identity.part.otp;
        let commands = otp::commands(scheme.method);
        let register = scheme.registers.iter().find(|r| r.index == index);
        register.copied().zip(commands).ok_or_else(|| {
            FlashError::Unsupported(format!(
                "{} has no security register {index} that is known here",
                self.identity.part_name
            ))
        })
    }

    /// Reads one security register.
    ///
    /// # Errors
    /// As [`security_registers`](Self::security_registers); [`FlashError::Unsupported`] where there is no such one.
    pub fn security_register(&mut self, index: u8) -> Result<SecurityRegister, FlashError> {
        let (register, commands) = self.otp_register(index)?;
        self.pause_mode()?;
        self.select_die(0)?;
        command::send(&mut self.programmer, &[WRITE_DISABLE])?;
        let status = self.read_registers()?;
        self.read_security_register(&commands, &register, &status)
    }
}
