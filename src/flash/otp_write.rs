//! Security registers written: program, erase, restore from a backup, and lock, each proven by reading back.
//!
//! What is locked here is locked forever, and what is programmed without an erase command too. So writing needs an
//! [`OtpPermit`], and locking a [`LockPermit`], which only the typed phrase gives. Lock bits are written by nothing
//! else in this program.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, BUSY, READ_STATUS, WRITE_DISABLE, WRITE_ENABLE, WRITE_STATUS};
use super::describe;
use super::geometry::Busy;
use super::otp::{self, OtpCommands};
use super::part::{OtpMethod, OtpRegister, Part, Register, RegisterBit};
use super::security::SecurityRegister;
use super::status;
use super::wait::Watch;
use crate::spi::{Programmer, Transaction};
use std::time::Duration;

/// Right to program and erase the security registers of the chip with this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtpPermit {
    jedec_id: Vec<u8>,
}

impl OtpPermit {
    /// By calling this you say that the registers' contents are stored elsewhere and may be destroyed.
    pub fn registers_are_backed_up(jedec_id: &[u8]) -> Self {
        Self { jedec_id: jedec_id.to_vec() }
    }
}

/// Right to lock one security register forever: given to who typed the phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockPermit {
    jedec_id: Vec<u8>,
    index: u8,
}

/// Macronix: writes the lock-down bit of the security register; takes no data.
const WRITE_SECURITY: u8 = 0x2F;
/// ISSI: writes the function register.
const WRITE_FUNCTION: u8 = 0x42;
/// SST26: locks the security id.
const LOCK_SECURITY_ID: u8 = 0x85;
/// Where Micron's control byte and Spansion's lock bytes are.
const MICRON_CONTROL: u32 = 0x40;
const SPANSION_LOCKS: u32 = 0x10;
/// The smallest size that sources give for a register of disputed size: what lies in it fits whatever the size is.
const SMALLEST: usize = 256;
/// How often a command that did nothing is sent again.
const ATTEMPTS: u32 = 3;

/// Whether a register takes `wanted`; `None` where it is erased or locked as a whole. Of one whose size is disputed and was
/// not measured, only what fits into the smallest is sure to be there, and only while it is blank.
fn check_size(index: u8, now: &SecurityRegister, wanted: Option<&[u8]>) -> Result<(), FlashError> {
    let len = wanted.map_or(0, <[u8]>::len);
    if len > now.bytes.len() {
        return Err(refused(index, format!("it holds {} bytes, not {len}", now.bytes.len())));
    }
    let used = |wanted: &[u8]| wanted.iter().rposition(|b| *b != 0xFF).map_or(0, |last| last + 1);
    match (now.size_unsure, now.blank, wanted.map(used)) {
        (false, ..) => Ok(()),
        (true, true, Some(used)) if used <= SMALLEST => Ok(()),
        (true, true, used) => {
            let most = used.map(|used| format!(": the first {SMALLEST} bytes can be written, not {used}"));
            let text = "its size is disputed and, being blank, it cannot be measured";
            Err(refused(index, text.to_owned() + &most.unwrap_or_default()))
        }
        (true, false, _) => Err(refused(index, "its size is disputed and cannot be measured".into())),
    }
}

impl<P: Programmer> Chip<P> {
    /// What must be typed to lock a register: names the part and the register.
    pub fn lock_phrase(&self, index: u8) -> String {
        format!("lock register {index} of {} forever", self.identity.part_name)
    }

    /// The right to lock, for who typed exactly [`lock_phrase`](Self::lock_phrase).
    pub fn lock_permit(&self, index: u8, typed: &str) -> Option<LockPermit> {
        (typed.trim_end_matches(['\r', '\n']) == self.lock_phrase(index))
            .then(|| LockPermit { jedec_id: self.identity.jedec_id.clone(), index })
    }

    /// True where the registers can be erased; where not, every programmed bit stays.
    pub fn otp_erasable(&self) -> bool {
        otp::commands(self.identity.part.otp.method).is_some_and(|c| c.erase.is_some())
    }

    /// Makes a register hold `wanted`, from its start: erased only where a bit must go from 0 to 1, FF not sent, read
    /// back. Bytes past the end of `wanted` are kept where they can be.
    ///
    /// # Errors
    /// [`FlashError::OtpRefused`] with the reason before anything is sent; [`FlashError::Mismatch`] after.
    pub fn write_security_register(
        &mut self,
        index: u8,
        wanted: &[u8],
        permit: &OtpPermit,
    ) -> Result<SecurityRegister, FlashError> {
        let (register, commands) = self.otp_register(index)?;
        let now = self.open_register(index, Some(wanted), permit)?;
        let mut whole = now.bytes.clone();
        whole[..wanted.len()].copy_from_slice(wanted);
        if whole == now.bytes {
            return Ok(now);
        }
        let Some(program) = commands.program else {
            return Err(refused(index, "no program command is known".into()));
        };
        let mut base = now.bytes.clone();
        if base.iter().zip(&whole).any(|(old, new)| new & !old != 0) {
            if commands.erase.is_none() {
                return Err(refused(
                    index,
                    "a bit would have to go from 0 to 1, and there is no erase".into(),
                ));
            }
            self.erase_otp(&register, &commands)?;
            base.fill(0xFF);
        }
        // What is there already is not sent again.
        let send: Vec<u8> =
            base.iter().zip(&whole).map(|(old, new)| if old == new { 0xFF } else { *new }).collect();
        let page = commands.page.min(self.page_room() as u32);
        let went = otp::pieces(0, &send, page)
            .into_iter()
            .try_for_each(|(offset, bytes)| self.program_otp(program, &register, &commands, offset, bytes));
        let untaken = match went {
            Ok(()) => None,
            Err(error @ FlashError::NotWritable { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        let after = self.security_register(index)?;
        // Locks that cannot be read show themselves here.
        if after.bytes == now.bytes {
            return Err(refused(
                index,
                "the chip did not take it and it holds what it held: it seems locked".into(),
            ));
        }
        if let Some(error) = untaken {
            return Err(error);
        }
        let mut wrong = crate::span::Spans::new();
        // A register that is blank no more shows its size: it may be another than the table's.
        let len = if now.size_unsure { wanted.len().min(after.bytes.len()) } else { whole.len() };
        let found = &after.bytes[..len.min(after.bytes.len())];
        super::read::differences(u64::from(register.address), found, &whole[..len], &mut wrong);
        if found.len() != len || !wrong.is_empty() {
            return Err(FlashError::Mismatch { spans: wrong });
        }
        Ok(after)
    }

    /// Erases a register and reads it back.
    ///
    /// # Errors
    /// [`FlashError::OtpRefused`] where it is locked or has no erase.
    pub fn erase_security_register(&mut self, index: u8, permit: &OtpPermit) -> Result<(), FlashError> {
        let (register, commands) = self.otp_register(index)?;
        let now = self.open_register(index, None, permit)?;
        if commands.erase.is_none() {
            return Err(refused(index, "this part's registers cannot be erased".into()));
        }
        if now.blank {
            return Ok(());
        }
        self.erase_otp(&register, &commands)?;
        match self.security_register(index)?.blank {
            true => Ok(()),
            false => Err(refused(index, "it is not blank after the erase".into())),
        }
    }

    /// Locks a register forever. Gives its state as read back.
    ///
    /// # Errors
    /// [`FlashError::OtpRefused`] where this part's lock is not known well enough, or the lock did not take.
    pub fn lock_security_register(
        &mut self,
        index: u8,
        permit: &LockPermit,
    ) -> Result<SecurityRegister, FlashError> {
        let right = OtpPermit { jedec_id: permit.jedec_id.clone() };
        if permit.index != index {
            return Err(refused(index, format!("the phrase was typed for register {}", permit.index)));
        }
        let (register, commands) = self.otp_register(index)?;
        self.open_register(index, None, &right)?;
        match self.identity.part.otp.method {
            OtpMethod::Registers48 => self.lock_by_status(&register)?,
            OtpMethod::Enso if register.lock == Some((bit(Register::Security, 1), true)) => {
                self.run_otp(&commands, false, &[WRITE_SECURITY], self.status_time())?;
            }
            OtpMethod::EnsoLeave04 => {
                self.run_otp(&commands, true, &[WRITE_STATUS, 0], self.status_time())?
            }
            OtpMethod::Eon3A => {
                let mask = register.lock.map_or(0x80, |(b, _)| 1 << b.bit);
                self.run_otp(&commands, true, &[WRITE_STATUS, mask], self.status_time())?;
            }
            OtpMethod::Micron4B => {
                self.program_otp(0x42, &register, &commands, MICRON_CONTROL, &[0xFE])?;
            }
            OtpMethod::Spansion4B => {
                self.program_otp(0x42, &register, &commands, SPANSION_LOCKS, &[0; 4])?;
            }
            OtpMethod::Issi68 => self.lock_by_function(&register, &commands)?,
            OtpMethod::Sst88 | OtpMethod::Sst88Short => {
                self.run_otp(&commands, false, &[LOCK_SECURITY_ID], self.status_time())?;
            }
            _ => return Err(refused(index, "how this part locks it is not known well enough".into())),
        }
        self.status()?;
        let after = self.security_register(index)?;
        match after.locked {
            Some(false) => Err(refused(index, "the lock did not take: it still reads as unlocked".into())),
            _ => Ok(after),
        }
    }

    /// The register as it is; refused where it is locked, the permit is for another chip, or its size forbids what is wanted.
    fn open_register(
        &mut self,
        index: u8,
        wanted: Option<&[u8]>,
        permit: &OtpPermit,
    ) -> Result<SecurityRegister, FlashError> {
        if permit.jedec_id != self.identity.jedec_id {
            let (permitted, found) = (permit.jedec_id.clone(), self.identity.jedec_id.clone());
            return Err(FlashError::OtherChip { permitted, found });
        }
        self.check_writable()?;
        let now = self.security_register(index)?;
        if now.locked == Some(true) {
            return Err(refused(index, "it is locked forever".into()));
        }
        check_size(index, &now, wanted)?;
        Ok(now)
    }

    fn status_time(&self) -> Busy {
        describe::write_status_time(&self.identity.part)
    }

    fn erase_otp(&mut self, register: &OtpRegister, commands: &OtpCommands) -> Result<(), FlashError> {
        let Some(opcode) = commands.erase else {
            return Err(refused(register.index, "this part's registers cannot be erased".into()));
        };
        // A register takes as long as a sector.
        let sector = self.geometry.erase.first().map_or(FALLBACK_ERASE, |e| e.busy);
        let bytes = command::with_address(opcode, u64::from(register.address), commands.width);
        self.run_otp(commands, true, &bytes, sector)
    }

    fn program_otp(
        &mut self,
        opcode: u8,
        register: &OtpRegister,
        commands: &OtpCommands,
        offset: u32,
        data: &[u8],
    ) -> Result<(), FlashError> {
        let mut bytes =
            command::with_address(opcode, u64::from(register.address) + u64::from(offset), commands.width);
        bytes.extend_from_slice(data);
        self.run_otp(commands, true, &bytes, self.geometry.program)
    }

    /// One command with write enable, inside the mode where the part has one, waited for, and the mode left on every
    /// path.
    fn run_otp(
        &mut self,
        commands: &OtpCommands,
        in_mode: bool,
        bytes: &[u8],
        busy: Busy,
    ) -> Result<(), FlashError> {
        let what = || format!("security register command {:02x}", bytes[0]);
        let mode = commands.enter.zip(commands.leave).filter(|_| in_mode);
        let Some((enter, leave)) = mode else {
            let done = self.run_otp_plain(bytes, busy, &what);
            if done.is_err() {
                // The first error is the one to report.
                let _ = self.close_work();
            }
            return done;
        };
        let result = self.run_inside(enter, bytes, busy, &what);
        match self.close_work() {
            Ok(()) => {}
            // It hears nothing: the next session finds it in the mode.
            Err(FlashError::StillBusy { .. }) => return result,
            // Not to be seen: its time is left to it.
            Err(_) => self.programmer.sleep(busy.max),
        }
        let left = self.leave_mode(leave);
        result.and(left)
    }

    fn run_otp_plain(
        &mut self,
        bytes: &[u8],
        busy: Busy,
        what: &dyn Fn() -> String,
    ) -> Result<(), FlashError> {
        for _ in 0..ATTEMPTS {
            let (mut enabled, mut after) = ([0], [0]);
            let steady = self.otp_steady();
            self.begin_work(busy, steady);
            self.programmer.run(&mut [
                Transaction::write(&[WRITE_ENABLE]),
                Transaction::read(&[READ_STATUS], &mut enabled),
                Transaction::write(bytes),
                Transaction::read(&[READ_STATUS], &mut after),
            ])?;
            let ready = self.end_work(busy, steady, Watch::now(busy), what)?;
            let taken = ready.status & command::WEL == 0 && enabled[0] & command::WEL != 0;
            if taken || after[0] & BUSY != 0 {
                return command::send(&mut self.programmer, &[WRITE_DISABLE]);
            }
        }
        command::send(&mut self.programmer, &[WRITE_DISABLE])?;
        Err(FlashError::NotWritable { what: what(), why: "the chip did not take it".into() })
    }

    fn run_inside(
        &mut self,
        enter: u8,
        bytes: &[u8],
        busy: Busy,
        what: &dyn Fn() -> String,
    ) -> Result<(), FlashError> {
        let steady = self.otp_steady();
        self.begin_work(busy, steady);
        self.programmer.run(&mut [
            Transaction::write(&[WRITE_DISABLE]),
            Transaction::write(&[enter]),
            Transaction::write(&[WRITE_ENABLE]),
            Transaction::write(bytes),
        ])?;
        self.end_work(busy, steady, Watch::now(busy), what).map(drop)
    }

    /// Inside a mode SR1 may show lock bits instead of protection bits.
    fn otp_steady(&self) -> super::wait::Steady {
        let lock = matches!(
            self.identity.part.otp.method,
            OtpMethod::Eon3A | OtpMethod::EnsoLeave04 | OtpMethod::Sst88 | OtpMethod::Sst88Short
        );
        let may_change = if lock { 0xFC | command::WEL | BUSY } else { self.steady.may_change };
        super::wait::Steady { may_change, ..self.steady }
    }

    /// Sets one lock bit in a status register, non-volatile, every other bit as it is.
    fn lock_by_status(&mut self, register: &OtpRegister) -> Result<(), FlashError> {
        let Some((lock, value)) = register.lock else {
            return Err(refused(register.index, "no source says which bit locks it".into()));
        };
        let now = self.read_registers()?;
        let wanted = now.with(lock, value);
        let part = &self.identity.part;
        let lifted =
            Part { forever: part.forever.iter().copied().filter(|b| *b != lock).collect(), ..part.clone() };
        let writes = status::writes(&lifted, &now, &wanted, false)
            .ok_or_else(|| refused(register.index, "its lock bit cannot be written on this part".into()))?;
        self.send_status(&writes, &wanted)
    }

    fn lock_by_function(&mut self, register: &OtpRegister, commands: &OtpCommands) -> Result<(), FlashError> {
        let now = self.read_registers()?;
        let (Some((lock, true)), Some(function)) = (register.lock, now.function) else {
            return Err(refused(register.index, "no source says which bit locks it".into()));
        };
        self.run_otp(commands, false, &[WRITE_FUNCTION, function | 1 << lock.bit], self.status_time())
    }
}

const FALLBACK_ERASE: Busy = Busy { typical: Duration::from_millis(60), max: Duration::from_millis(900) };

const fn bit(register: Register, bit: u8) -> RegisterBit {
    RegisterBit { register, bit }
}

fn refused(index: u8, why: String) -> FlashError {
    FlashError::OtpRefused { index, why }
}
