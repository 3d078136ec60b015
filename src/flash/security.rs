//! Security registers (OTP): read whole, with their lock state, by opcodes that are safe for the maker.
//!
//! Nothing here is sent before the part is known, and never with WEL set: `04` goes first. Facts: W25Q64FV datasheet
//! rev S (48h, LB1-3 in SR2); the collision list in the module `part`'s methods.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, READ_SECURITY_REGISTER, WRITE_DISABLE};
use super::part::{OtpMethod, OtpRegister};
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
    /// Whether it is locked for ever; `None` where the part does not tell.
    pub locked: Option<bool>,
    /// All FF.
    pub blank: bool,
}

impl<P: Programmer> Chip<P> {
    /// Reads every security register, each until two reads agree. Empty where the part has none or its scheme is not
    /// known (see [`otp_known`](Self::otp_known)).
    ///
    /// # Errors
    /// [`FlashError::Spi`]; [`FlashError::NotWritable`] never: nothing is written.
    pub fn security_registers(&mut self) -> Result<Vec<SecurityRegister>, FlashError> {
        let scheme = self.identity.part.otp.clone();
        if scheme.method != OtpMethod::Registers48 {
            return Ok(Vec::new());
        }
        command::send(&mut self.programmer, &[WRITE_DISABLE])?;
        let status = self.read_registers()?;
        let mut out = Vec::with_capacity(scheme.registers.len());
        for register in &scheme.registers {
            let bytes = self.read_register_48(register)?;
            out.push(SecurityRegister {
                index: register.index,
                address: register.address,
                locked: register.lock.and_then(|(bit, when)| Some(status.bit(bit)? == when)),
                blank: bytes.iter().all(|b| *b == 0xFF),
                bytes,
            });
        }
        Ok(out)
    }

    /// False where the part may have security registers that this program cannot read safely.
    pub fn otp_known(&self) -> bool {
        self.identity.part.otp.method != OtpMethod::Unknown
    }

    fn read_register_48(&mut self, register: &OtpRegister) -> Result<Vec<u8>, FlashError> {
        let mut header = command::with_address(READ_SECURITY_REGISTER, u64::from(register.address), 3);
        header.push(0);
        self.read_settled(&header, register.size as usize, &format!("security register {}", register.index))
    }

    /// Reads until two reads in a row agree.
    pub(super) fn read_settled(
        &mut self,
        header: &[u8],
        len: usize,
        what: &str,
    ) -> Result<Vec<u8>, FlashError> {
        let mut last: Option<Vec<u8>> = None;
        for _ in 0..8 {
            let mut now = vec![0; len];
            self.programmer.run(&mut [Transaction::read(header, &mut now)])?;
            if last.as_ref() == Some(&now) {
                return Ok(now);
            }
            last = Some(now);
        }
        Err(FlashError::UnstableRead { what: what.to_string() })
    }
}
