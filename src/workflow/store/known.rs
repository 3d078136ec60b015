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
    use crate::plan::Bounds;
    use crate::span::{Span, Spans};
    use crate::workflow::files::sha256_hex;
    use crate::workflow::journal::{NewJob, Verb};
    use crate::workflow::store::{Draft, Facts, Reads};

    const ID: &str = "fe6137de333d6f94";
    const SIZE: usize = 8 * BLOCK;

    fn key(jedec_id: &str) -> ChipKey {
        ChipKey { jedec_id: Some(jedec_id.into()), unique_id: Some(ID.into()) }
    }

    /// A backup of contents in which each block has its own value, from `first` on.
    fn add(store: &Store, jedec_id: &str, origin: Origin, first: u8, size: usize) -> Manifest {
        let flash = contents(first, size);
        let mut draft = Draft::new(store, size as u64).unwrap();
        draft.put(0, &flash).unwrap();
        let facts = Facts {
            chip: key(jedec_id),
            part: "W25Q64FV".into(),
            programmer: "emu".into(),
            origin,
            reads: Reads { passes: 2, ..Reads::default() },
            board: None,
            name: None,
            notes: Vec::new(),
        };
        draft.finish(&sha256_hex(&flash), facts).unwrap()
    }

    fn contents(first: u8, size: usize) -> Vec<u8> {
        (0..size).map(|at| first + (at / BLOCK) as u8).collect()
    }

    fn known(store: &Store) -> Option<Vec<u8>> {
        store.known_contents(&key("ef4017"), SIZE as u64).unwrap().map(|known| known.contents)
    }

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_locked(dir.path()).unwrap();
        (dir, store)
    }

    #[test]
    fn an_id_that_two_chips_have_tells_neither() {
        let (_dir, one) = store();
        add(&one, "ef4017", Origin::Read, 1, SIZE);
        assert_eq!(known(&one), Some(contents(1, SIZE)));
        add(&one, "ef4018", Origin::Read, 1, SIZE);
        assert_eq!(known(&one), None, "another part has it too");
        let (_dir, one) = store();
        add(&one, "ef4017", Origin::Read, 1, SIZE / 2);
        add(&one, "ef4017", Origin::Read, 1, SIZE);
        add(&one, "ef4017", Origin::Read, 1, SIZE);
        assert_eq!(known(&one), None, "another size has it too");
        let (_dir, one) = store();
        add(&one, "ef4017", Origin::Read, 100, SIZE);
        add(&one, "ef4017", Origin::Read, 1, SIZE);
        assert_eq!(known(&one), None, "other contents, and no job between them");
        add(&one, "ef4017", Origin::Read, 1, SIZE);
        assert_eq!(known(&one), Some(contents(1, SIZE)), "the last two agree");
    }

    #[test]
    fn a_file_taken_over_proves_nothing() {
        let (_dir, store) = store();
        add(&store, "ef4017", Origin::Import, 1, SIZE);
        add(&store, "ef4017", Origin::ImportTwice, 1, SIZE);
        assert_eq!(known(&store), None);
        add(&store, "ef4017", Origin::Read, 1, SIZE);
        add(&store, "ef4017", Origin::Import, 100, SIZE);
        assert_eq!(known(&store), Some(contents(1, SIZE)), "what was read counts");
    }

    /// What a job has written counts once it was written, and where it began from this very backup.
    #[test]
    fn only_a_finished_job_of_this_backup_has_left_its_contents() {
        for (over, same, left) in [
            (Some(Over::Written), true, 50),
            (Some(Over::Written), false, 1),
            (Some(Over::Restored), true, 1),
            (Some(Over::Dropped), true, 1),
            (None, true, 1),
        ] {
            let (_dir, store) = store();
            let manifest = add(&store, "ef4017", Origin::Read, 1, SIZE);
            let blocks = Spans::from(Span::new(0, SIZE as u64));
            let job = NewJob {
                verb: Verb::Write,
                chip: key("ef4017"),
                part: "W25Q64FV".into(),
                programmer: "emu".into(),
                backup: manifest.id,
                backup_sha256: if same { manifest.sha256 } else { "00".into() },
                wanted: &contents(50, SIZE),
                bounds: &Bounds::from(blocks.clone()),
                blocks: &blocks,
            };
            let journal = store.open_job(&job).unwrap();
            if let Some(over) = over {
                journal.over(over).unwrap();
            }
            assert_eq!(known(&store), Some(contents(left, SIZE)), "{over:?}, same backup: {same}");
        }
    }

    /// Contents that no longer fit their sum, or are cut short, are no knowledge.
    #[test]
    fn a_damaged_backup_is_not_known_by() {
        for damage in [0, 1, 2] {
            let (dir, store) = store();
            let manifest = add(&store, "ef4017", Origin::Read, 1, SIZE);
            let path = dir.path().join(&manifest.id).join("flash.bin");
            let mut bytes = std::fs::read(&path).unwrap();
            match damage {
                0 => bytes[5] ^= 1,
                1 => bytes.truncate(SIZE / 2),
                _ => bytes.clear(),
            }
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
            assert!(store.known_contents(&key("ef4017"), SIZE as u64).is_err(), "{damage}");
        }
    }

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
