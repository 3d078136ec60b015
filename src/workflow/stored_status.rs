//! `status.json` of a backup: the chip's registers, protection and one-time areas at the time.

use super::store::{Store, StoreError};
use crate::flash::protect::Registers;
use crate::flash::{SecurityRegister, Status};
use crate::span::{Span, Spans};
use serde::{Deserialize, Serialize};

/// Name of the file.
pub(super) const STATUS: &str = "status.json";

/// The registers, protection and one-time areas of a chip when it was backed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredStatus {
    /// As read.
    pub status_registers: StoredRegisters,
    /// QE, where the part has it.
    pub quad_enable: Option<bool>,
    /// Protected ranges.
    pub protected_ranges: Vec<(u64, u64)>,
    /// False where the scheme was not known.
    pub protection_known: bool,
    /// The security registers; their bytes are files of their own.
    pub security_registers: Vec<StoredSecurity>,
}

/// Status registers as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRegisters {
    /// `05`.
    pub sr1: u8,
    /// SR2.
    pub sr2: Option<u8>,
    /// SR3.
    pub sr3: Option<u8>,
}

impl StoredRegisters {
    /// Those that could be read, each by its name.
    pub fn named(&self) -> Vec<(&'static str, u8)> {
        let all = [("SR1", Some(self.sr1)), ("SR2", self.sr2), ("SR3", self.sr3)];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// One security register but its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSecurity {
    /// The maker's number.
    pub index: u8,
    /// Bytes.
    pub size: usize,
    /// Locked forever; `None` where the part does not show it.
    pub locked: Option<bool>,
    /// All FF.
    pub blank: bool,
}

impl StoredStatus {
    /// From what the chip says.
    pub(super) fn of(status: &Status, registers: &[SecurityRegister]) -> Self {
        let r = &status.registers;
        Self {
            status_registers: StoredRegisters { sr1: r.sr1, sr2: r.sr2, sr3: r.sr3 },
            quad_enable: status.quad_enable,
            protected_ranges: status.protected.iter().map(|s| (s.start, s.end)).collect(),
            protection_known: status.protection_known,
            security_registers: registers
                .iter()
                .map(|r| StoredSecurity {
                    index: r.index,
                    size: r.bytes.len(),
                    locked: r.locked,
                    blank: r.blank,
                })
                .collect(),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // Numbers, flags and lists: there is nothing that JSON could refuse.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Of a backup; `None` for one that has none (an imported dump).
    ///
    /// # Errors
    /// [`StoreError`] when the backup is damaged.
    pub fn load(store: &Store, id: &str) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = store.companion(id, STATUS)? else { return Ok(None) };
        let fault = |e: serde_json::Error| StoreError::Damaged {
            what: "backup",
            id: id.into(),
            fault: format!("{STATUS} cannot be read ({e})"),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(fault)
    }

    /// The protected ranges.
    pub fn protected(&self) -> Spans {
        self.protected_ranges.iter().map(|(start, end)| Span::new(*start, *end)).collect()
    }

    /// `now` with the status registers that were stored, as far as both have them.
    pub(super) fn over(&self, now: &Registers) -> Registers {
        let stored = &self.status_registers;
        Registers {
            sr1: stored.sr1,
            sr2: now.sr2.and(stored.sr2).or(now.sr2),
            sr3: now.sr3.and(stored.sr3).or(now.sr3),
            ..*now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_keep_their_names_where_one_between_is_missing() {
        let registers = StoredRegisters { sr1: 0x1c, sr2: None, sr3: Some(0x60) };
        assert_eq!(registers.named(), [("SR1", 0x1c), ("SR3", 0x60)]);
    }
}
