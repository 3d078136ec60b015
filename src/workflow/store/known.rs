//! What the store knows of the contents of a chip that is on the clip again.
//!
//! Only a chip with a unique id is known. The id does not count where it is one value or repeats, where another part has
//! it too, or where the last two backups under it cannot be of the same chip.

use super::{ChipKey, Manifest, Origin, Store, StoreError};
use crate::workflow::journal::Over;

/// Two contents of one chip share at least so many of their blocks, in percent.
const SHARED_PERCENT: usize = 50;
const BLOCK: usize = 4096;

/// The contents that a chip was left with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The backup that they rest on.
    pub backup: String,
    /// All of them.
    pub contents: Vec<u8>,
}

impl Store {
    /// The proven contents that this chip was left with: its newest backup, or what a job that began from it has
    /// written since. `None` for a chip that is not known.
    ///
    /// # Errors
    /// [`StoreError`] where the store cannot be read.
    pub(crate) fn known_contents(&self, chip: &ChipKey, size: u64) -> Result<Option<Known>, StoreError> {
        let Some(id) = chip.unique_id.as_deref().filter(|id| tells_one_chip(id)) else { return Ok(None) };
        let holders: Vec<Manifest> = self
            .list()?
            .into_iter()
            .filter_map(|listed| listed.manifest.ok())
            .filter(|manifest| manifest.chip.unique_id.as_deref() == Some(id))
            .collect();
        if holders.iter().any(|manifest| !manifest.chip.is_same(chip) || manifest.size != size) {
            return Ok(None);
        }
        let mut read = holders.iter().filter(|manifest| manifest.origin == Origin::Read);
        let Some(last) = read.next() else { return Ok(None) };
        let known = self.left_by(last)?;
        if let Some(before) = read.next() {
            let (before, then) = (self.left_by(before)?, self.load(&last.id)?.flash);
            if !share_blocks(&before.contents, &then) {
                return Ok(None);
            }
        }
        Ok(Some(known))
    }

    /// What the chip held once the last job from this backup was over.
    fn left_by(&self, manifest: &Manifest) -> Result<Known, StoreError> {
        let contents = self.load(&manifest.id)?.flash;
        // The newest first.
        for job in self.jobs()? {
            let Ok(header) = &job.header else { continue };
            if header.backup == manifest.id && header.backup_sha256 == manifest.sha256 {
                let written = job.log.over == Some(Over::Written);
                let result = if written { self.result_of(header)? } else { None };
                let contents = result.unwrap_or(contents);
                return Ok(Known { backup: manifest.id.clone(), contents });
            }
        }
        Ok(Known { backup: manifest.id.clone(), contents })
    }
}

/// A unique id, in hex, that is not one value and does not repeat itself.
fn tells_one_chip(id: &str) -> bool {
    let bytes = id.as_bytes();
    !bytes.is_empty()
        && (1..=bytes.len() / 2).all(|period| bytes.iter().zip(&bytes[period..]).any(|(a, b)| a != b))
}

fn share_blocks(a: &[u8], b: &[u8]) -> bool {
    let blocks = a.chunks(BLOCK).zip(b.chunks(BLOCK));
    let same = blocks.filter(|(a, b)| a == b).count();
    a.len() == b.len() && same * 100 >= a.len().div_ceil(BLOCK) * SHARED_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_repeating_ids_tell_nothing() {
        for id in ["", "ffffffffffffffff", "0000000000000000", "abababababababab", "1234567812345678"] {
            assert!(!tells_one_chip(id), "{id}");
        }
        assert!(tells_one_chip("fe6137de333d6f94"));
    }

    #[test]
    fn contents_of_two_chips_share_few_blocks() {
        let one = vec![1; 8 * BLOCK];
        let mut other = one.clone();
        other[..3 * BLOCK].fill(2);
        assert!(share_blocks(&one, &other));
        other[..5 * BLOCK].fill(2);
        assert!(!share_blocks(&one, &other));
    }
}
