//! The security registers of the chip on the clip.

use super::super::super::exit::Failure;
use super::super::super::session::Session;
use super::super::super::terminal::Terminal;
use crate::desk::otp::SecurityRegisters;
use crate::flash::SecurityRegister;

/// The registers of the chip on the clip; a part that has none is refused.
pub fn registers(session: &Session) -> Result<Vec<SecurityRegister>, Failure> {
    Ok(of_chip(session)?.some()?)
}

/// The registers of the chip on the clip.
pub fn of_chip(session: &Session) -> Result<SecurityRegisters, Failure> {
    let registers = session.desk()?.security_registers(&Terminal::new(session))?;
    if registers.first_die_only {
        session.out.warn("there are several dies in this package: these are the first one's registers");
    }
    Ok(registers)
}
