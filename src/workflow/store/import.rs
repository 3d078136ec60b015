//! Dumps made by other tools, taken over as backups; and what no dump of a real chip looks like.

use super::draft::{Draft, Facts};
use super::{ChipKey, Manifest, Origin, Reads, Store, StoreError};
use crate::plan::diff;
use crate::units;
use crate::workflow::files::sha256_hex;

/// The largest chip anyone clips, 256 MiB.
pub const LARGEST: u64 = 256 << 20;
/// The smallest, 32 KiB.
const SMALLEST: u64 = 32 << 10;

/// A dump to be taken over.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Import {
    /// Its contents.
    pub flash: Vec<u8>,
    /// A second read of the same chip, which must be equal.
    pub second: Option<Vec<u8>>,
    /// Where it comes from, a file name.
    pub source: String,
    /// The chip, where it is known.
    pub chip: ChipKey,
    /// Part name, where it is known.
    pub part: Option<String>,
    /// Board, where named.
    pub board: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
}

impl Store {
    /// Takes a dump over.
    ///
    /// # Errors
    /// [`StoreError::SecondDiffers`], [`StoreError::Suspect`] for sizes and contents that no chip has.
    pub fn import(&self, import: &Import) -> Result<Manifest, StoreError> {
        let size = import.flash.len() as u64;
        if !size.is_power_of_two() || !(SMALLEST..=LARGEST).contains(&size) {
            let size = units::size(size);
            return Err(StoreError::Suspect(format!(
                "{} holds {size}; a dump of a whole chip holds a power of two from 32 KiB to 256 MiB",
                import.source
            )));
        }
        refuse_suspect(&import.flash)?;
        if let Some(second) = &import.second {
            let spans = diff(&import.flash, second);
            if let Some(&first) = spans.as_slice().first() {
                return Err(StoreError::SecondDiffers { bytes: spans.len(), first: first.start, spans });
            }
        }
        let mut draft = Draft::new(self, size)?;
        draft.put(0, &import.flash)?;
        let passes = 1 + u32::from(import.second.is_some());
        let mut notes = Vec::new();
        if import.second.is_none() {
            notes.push("taken over from a single file; nothing proves that it was read rightly".to_string());
        }
        let facts = Facts {
            chip: import.chip.clone(),
            part: import.part.clone().unwrap_or_else(|| "unknown".into()),
            programmer: format!("import of {}", import.source),
            origin: if passes == 2 { Origin::ImportTwice } else { Origin::Import },
            reads: Reads { passes, bytes: size * u64::from(passes), ..Reads::default() },
            board: import.board.clone(),
            name: import.name.clone(),
            notes,
        };
        draft.finish(&sha256_hex(&import.flash), facts)
    }
}

/// Refuses contents that are one value all over: a dead bus reads so, and a chip worth a backup does not.
///
/// # Errors
/// [`StoreError::Suspect`] naming the value.
pub fn refuse_suspect(flash: &[u8]) -> Result<(), StoreError> {
    let uniform = flash.first().filter(|first| flash.iter().all(|b| b == *first));
    match uniform {
        Some(value) => Err(StoreError::Suspect(format!(
            "every byte reads {value:02x}: that is what a dead bus gives, so it is not taken for a backup; check \
             orientation, contact and power"
        ))),
        None => Ok(()),
    }
}
