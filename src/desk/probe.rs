//! Which chip is on the clip, and its state. Nothing is changed.

use super::Refusal;
use super::conditions::Desk;
use super::front::{Front, Notice};
use super::glance::{Glance, glance};
use super::why::Why;
use crate::flash::part::Register;
use crate::flash::{FlashError, Identity, SecurityRegister, Status};
use crate::workflow::Store;

/// Everything that a chip answers without being changed.
#[derive(Clone, Debug)]
pub struct Probe {
    /// The programmer.
    pub programmer: String,
    /// The identity of the chip.
    pub identity: Identity,
    /// Its status registers, and what they protect.
    pub status: Status,
    /// Its security registers.
    pub registers: Vec<SecurityRegister>,
    /// Whether and how this part keeps one-time memory is known.
    pub otp_known: bool,
    /// What the store knows of it, and what a quick look shows.
    pub glance: Glance,
}

impl Desk {
    /// Identifies the chip on the clip, reads its state, and looks at it for a moment. The store, where there is one, may
    /// know the chip.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn probe(&self, front: &dyn Front, store: Option<&Store>) -> Result<Probe, Refusal> {
        let probed = self.with_chip(front, |chip, programmer| {
            Ok::<_, Refusal>(Probe {
                programmer: programmer.to_owned(),
                identity: chip.identity().clone(),
                status: chip.status()?,
                registers: chip.security_registers()?,
                otp_known: chip.otp_known(),
                glance: glance(chip, store)?,
            })
        });
        let silent = |refusal: &Refusal| {
            matches!(&*refusal.why, Why::Flash(FlashError::NoChip { .. } | FlashError::BusStuck { .. }))
        };
        if probed.as_ref().is_err_and(silent)
            && let Some(text) = self.programmer.answering_port()
        {
            let _ = front.notice(Notice::OtherPort { text: &text });
        }
        probed
    }
}

/// The name of a status register.
pub(crate) fn register_name(register: Register) -> &'static str {
    match register {
        Register::Sr1 => "SR1",
        Register::Sr2 => "SR2",
        Register::Sr3 => "SR3",
        Register::Security => "security",
        Register::Function => "function",
    }
}

/// The status registers that a part has, by name.
pub(crate) fn named_registers(status: &Status) -> Vec<(&'static str, u8)> {
    let all = [Register::Sr1, Register::Sr2, Register::Sr3, Register::Security, Register::Function];
    all.into_iter().filter_map(|r| Some((register_name(r), status.registers.get(r)?))).collect()
}
