//! A backup as one file: a tar archive with a folder of its name, and its contents out of it again.

use super::error::StoreError;
use super::manifest::{FLASH, MANIFEST, Manifest};
use super::store_folder::Store;
use crate::workflow::files::{FileError, sha256_hex};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

impl Store {
    /// A backup, checked, as a tar archive.
    ///
    /// # Errors
    /// [`StoreError`] for one that is damaged or cannot be read.
    pub fn archive(&self, id: &str) -> Result<Vec<u8>, StoreError> {
        let manifest = self.verify(id)?;
        let mut archive = tar::Builder::new(Vec::new());
        for name in manifest.files.iter().map(|file| file.name.as_str()).chain([MANIFEST]) {
            let path = self.backup_folder(id).join(name);
            let bytes = fs::read(&path).map_err(FileError::on("read", &path))?;
            let mut header = tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            let packed = archive.append_data(&mut header, format!("{id}/{name}"), bytes.as_slice());
            packed.map_err(FileError::on("pack", &path))?;
        }
        let packed = archive.into_inner();
        Ok(packed.map_err(FileError::on("pack", &self.backup_folder(id)))?)
    }
}

/// The contents of the array in an archive of [`Store::archive`], as its manifest has them; `None` for any other file.
///
/// # Errors
/// [`StoreError::Damaged`] where the manifest is damaged, or they are not what it says.
pub(crate) fn contents_of_archive(bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut archive = tar::Archive::new(bytes);
    for mut entry in archive.entries().into_iter().flatten().map_while(Result::ok) {
        let name = entry.path().ok().and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
        let Some(name) = name.filter(|name| name == FLASH || name == MANIFEST) else { continue };
        // No longer than the archive, whatever its header says.
        let mut file = Vec::new();
        if entry.read_to_end(&mut file).is_ok() {
            found.insert(name, file);
        }
    }
    let (Some(flash), Some(manifest)) = (found.remove(FLASH), found.remove(MANIFEST)) else {
        return Ok(None);
    };
    let damaged =
        |fault: String| StoreError::Damaged { what: "backup", id: "in the archive".to_owned(), fault };
    let manifest = Manifest::from_bytes(&manifest).map_err(damaged)?;
    if manifest.sha256 != sha256_hex(&flash) {
        return Err(damaged(format!("its {FLASH} is not what its {MANIFEST} says")));
    }
    Ok(Some(flash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::{ChipKey, Import};

    #[test]
    fn a_packed_backup_gives_its_contents_back_and_a_changed_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_locked(&folder.path().join("store")).unwrap();
        let flash: Vec<u8> = (0..0x1_0000u32).map(|n| (n >> 3) as u8).collect();
        let (chip, source) = (ChipKey::default(), "dump.bin".to_owned());
        let import =
            Import { flash: flash.clone(), second: None, source, chip, part: None, board: None, name: None };
        let id = store.import(&import).unwrap().id;
        let packed = store.archive(&id).unwrap();
        assert_eq!(contents_of_archive(&packed).unwrap().as_deref(), Some(flash.as_slice()));
        assert!(contents_of_archive(&flash).unwrap().is_none(), "no archive");
        // One byte of the contents, which begin after the first head.
        let at = packed.windows(16).position(|bytes| bytes == &flash[0x100..0x110]).unwrap();
        let mut changed = packed.clone();
        changed[at] ^= 1;
        assert!(matches!(contents_of_archive(&changed), Err(StoreError::Damaged { .. })));
        // Half an archive holds no whole contents.
        assert!(!contents_of_archive(&packed[..packed.len() / 2]).is_ok_and(|found| found.is_some()));
    }
}
