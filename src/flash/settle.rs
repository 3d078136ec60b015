//! Table and SFDP in conflict: settled by reading only, or nothing is written.
//!
//! Sizes: a chip smaller than addressed repeats itself, so a place past the smaller size is compared with its mirror.
//! Erase sizes cannot be determined by reading: an opcode that the two dispute is not used; where none is left, nothing is
//! written. Facts: Zetta's ZD25Q128C answers with Winbond's id and an SFDP that says 2 MiB where 16 are true.

use super::FlashError;
use super::chip::Chip;
use super::describe;
use super::part::{EraseSpec, Part};
use super::sfdp::Sfdp;
use crate::span::Span;
use crate::spi::Programmer;
use crate::units::MIB;

/// Bytes compared at each place, and how many places.
const WINDOW: u64 = 64;
const PLACES: u64 = 32;

/// What was compared at one place: a window below the smaller size and the one that would be its mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// They differ: the chip is larger.
    Differ,
    /// The same bytes, not all alike: as a mirror would look.
    Same,
    /// All bytes alike in both: proves nothing.
    Blank,
}

/// Compares two windows.
pub fn compare(low: &[u8], high: &[u8]) -> Mirror {
    match low == high {
        false => Mirror::Differ,
        true if low.windows(2).all(|w| w[0] == w[1]) => Mirror::Blank,
        true => Mirror::Same,
    }
}

/// The true size out of two, by what was seen; `None` where it cannot be determined.
///
/// One difference proves the larger. For the smaller, several places must repeat and none differ.
pub fn judge(small: u64, large: u64, seen: &[Mirror]) -> Option<u64> {
    let same = seen.iter().filter(|m| **m == Mirror::Same).count();
    match seen.contains(&Mirror::Differ) {
        true => Some(large),
        false if same >= 4 => Some(small),
        false => None,
    }
}

/// Erase opcodes on whose size row and SFDP differ.
fn disputed(part: &Part, sfdp: &Sfdp) -> Vec<u8> {
    let other = |ours: &EraseSpec| sfdp.basic.erase.iter().any(|e| ours.contradicted_by(e.opcode, e.size));
    part.erase.iter().filter(|e| other(e)).map(|e| e.opcode).collect()
}

impl<P: Programmer> Chip<P> {
    /// Settles what can be settled by reading. Leaves [`conflict`](super::Identity::conflict) set where it cannot.
    pub(super) fn settle_conflict(&mut self) -> Result<(), FlashError> {
        let Some(sfdp) = self.identity.sfdp_decoded.clone().filter(|_| self.identity.conflict.is_some())
        else {
            return Ok(());
        };
        self.identity.conflict = None;
        let part = &mut self.identity.part;
        let disputed = disputed(part, &sfdp);
        part.erase.retain(|e| !disputed.contains(&e.opcode));
        if !disputed.is_empty() && part.erase.is_empty() {
            self.identity.conflict =
                Some(format!("table and SFDP of {} agree on no erase command", self.identity.part_name));
        }
        let by_die = sfdp.basic.size.checked_mul(u64::from(self.identity.part.dies.max(1)));
        if sfdp.basic.size != self.identity.part.size && by_die != Some(self.identity.part.size) {
            self.settle_size(sfdp.basic.size)?;
        }
        self.geometry = describe::geometry(&self.identity.part, self.identity.sfdp_decoded.as_ref());
        self.addressing = describe::addressing(&self.identity.part);
        Ok(())
    }

    fn settle_size(&mut self, by_sfdp: u64) -> Result<(), FlashError> {
        let by_table = self.identity.part.size;
        let (small, large) = (by_table.min(by_sfdp), by_table.max(by_sfdp));
        let why = format!(
            "the table says {by_table:#x} bytes for {}, the chip's SFDP says {by_sfdp:#x}",
            self.identity.part_name
        );
        if large > 16 * MIB {
            self.identity.conflict = Some(why);
            return Ok(());
        }
        // Reads past the table's size must be let through.
        self.geometry.size = large;
        let mut seen = Vec::new();
        for n in 0..PLACES {
            // Spread over the smaller size, and over the mirrors of it.
            let low = small / PLACES * n;
            let high = low + small * (1 + n % (large / small - 1).max(1));
            let a = self.read_to_vec(Span::new(low, low + WINDOW))?;
            let b = self.read_to_vec(Span::new(high, high + WINDOW))?;
            seen.push(compare(&a, &b));
        }
        match judge(small, large, &seen) {
            Some(size) => {
                self.identity.part.size = size;
                self.identity.notes.push(format!("{why}; read past the smaller one, it is {size:#x}"));
            }
            None => {
                self.geometry.size = small;
                self.identity.part.size = small;
                let why = format!(
                    "{why}; the contents do not show which: only the smaller is read, and nothing is written"
                );
                self.identity.notes.push(why.clone());
                self.identity.conflict = Some(why);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_difference_proves_the_larger_and_blank_proves_nothing() {
        assert_eq!(compare(&[0xFF; 4], &[0xFF; 4]), Mirror::Blank);
        assert_eq!(compare(&[1, 2], &[1, 2]), Mirror::Same);
        assert_eq!(compare(&[1, 2], &[1, 3]), Mirror::Differ);
        assert_eq!(judge(2, 16, &[Mirror::Same, Mirror::Differ, Mirror::Blank]), Some(16));
        assert_eq!(judge(2, 16, &[Mirror::Same; 4]), Some(2));
        assert_eq!(judge(2, 16, &[Mirror::Same; 3]), None);
        assert_eq!(judge(2, 16, &[Mirror::Blank; 32]), None);
    }
}
