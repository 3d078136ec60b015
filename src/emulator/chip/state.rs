//! What a chip keeps without its supply, as plain data that can be stored between runs.

use super::spec::ChipSpec;
use serde::{Deserialize, Serialize};

/// The lasting state of one chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipState {
    /// The part's name.
    pub part: String,
    /// The array. Left out of the serialised form: whoever stores a state keeps it as a file of its own.
    #[serde(skip)]
    pub contents: Vec<u8>,
    /// Status registers as after the next power-up.
    pub registers: Vec<u8>,
    /// Security registers.
    pub security: Vec<Vec<u8>>,
    /// The factory's unique id.
    pub unique_id: Vec<u8>,
}

impl ChipState {
    /// Whether this state belongs to such a part.
    pub(super) fn check(&self, spec: &ChipSpec) -> Result<(), String> {
        if self.part != spec.name {
            return Err(format!("the saved chip is a {}, not a {}", self.part, spec.name));
        }
        if self.contents.len() != spec.size {
            return Err(format!(
                "the contents are {} bytes; a {} has {}",
                self.contents.len(),
                spec.name,
                spec.size
            ));
        }
        if self.registers.len() != spec.registers.len() * spec.dies {
            return Err(format!(
                "the saved chip has {} status registers; a {} has {}",
                self.registers.len(),
                spec.name,
                spec.registers.len() * spec.dies
            ));
        }
        let fits = self.security.len() == spec.security.count * spec.dies
            && self.security.iter().all(|register| register.len() == spec.security.size);
        if !fits {
            return Err(format!("the saved security registers do not fit a {}", spec.name));
        }
        Ok(())
    }
}
