//! Backups in the store: list, look up, load, verify, export, remove.

use super::manifest::{FLASH, MANIFEST};
use super::store_folder::{BUILDING, names, resolve};
use super::{Manifest, Store, StoreError};
use crate::workflow::files::{FileError, read, sync_folder, write};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// No manifest is longer; a damaged one is not read at length.
const MANIFEST_MOST: u64 = 4 << 20;

/// A backup as the list has it.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its manifest, or what is wrong with it. The files are not looked at: [`Store::verify`] does.
    pub manifest: Result<Manifest, String>,
}

/// A backup with its contents, checked.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its manifest.
    pub manifest: Manifest,
    /// The contents of the chip.
    pub flash: Vec<u8>,
}

/// A name as it is kept; one without a letter is none.
pub(super) fn named(name: &str) -> Option<String> {
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

impl Store {
    pub(super) fn backup_folder(&self, id: &str) -> PathBuf {
        self.root().join(id)
    }

    fn backup_ids(&self) -> Result<Vec<String>, StoreError> {
        let mut ids = names(self.root())?;
        ids.retain(|n| !n.starts_with(BUILDING) && self.root().join(n).join(MANIFEST).is_file());
        Ok(ids)
    }

    /// All backups, newest first; damaged ones at the end.
    ///
    /// # Errors
    /// [`StoreError::File`] when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let mut list: Vec<Listed> = self
            .backup_ids()?
            .into_iter()
            .map(|id| Listed { manifest: self.manifest(&id).map_err(|e| e.to_string()), id })
            .collect();
        list.sort_by_cached_key(|l| {
            let taken = l.manifest.as_ref().map(|m| m.taken.clone()).unwrap_or_default();
            std::cmp::Reverse((taken, l.id.clone()))
        });
        Ok(list)
    }

    /// The id of the one backup named so, or whose id begins so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`].
    pub fn find(&self, text: &str) -> Result<String, StoreError> {
        resolve("backup", text, &self.backup_ids()?)
    }

    /// A backup's manifest, checked against its own seal; its files are not looked at.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::File`].
    pub fn manifest(&self, id: &str) -> Result<Manifest, StoreError> {
        let damaged = |fault| StoreError::Damaged { what: "backup", id: id.into(), fault };
        let bytes = read(&self.backup_folder(id).join(MANIFEST), MANIFEST_MOST)?;
        let manifest = Manifest::from_bytes(&bytes).map_err(damaged)?;
        if manifest.id != id {
            return Err(damaged(format!("its manifest calls it '{}'", manifest.id)));
        }
        Ok(manifest)
    }

    /// Checks every file of a backup against its checksum.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming the first file that is missing, or not as it was stored.
    pub fn verify(&self, id: &str) -> Result<Manifest, StoreError> {
        let manifest = self.manifest(id)?;
        let damaged = |fault| StoreError::Damaged { what: "backup", id: id.into(), fault };
        let mut flash_seen = false;
        for file in &manifest.files {
            if file.name.contains(['/', '\\']) || file.name.starts_with('.') {
                return Err(damaged(format!("its manifest names a file '{}'", file.name)));
            }
            let (size, sha256) = match hash_file(&self.backup_folder(id).join(&file.name)) {
                Ok(found) => found,
                Err(e) if e.source.kind() == io::ErrorKind::NotFound => {
                    return Err(damaged(format!("{} is missing", file.name)));
                }
                Err(e) => return Err(e.into()),
            };
            if size != file.size {
                return Err(damaged(format!("{} has {size} bytes, {} were stored", file.name, file.size)));
            }
            if sha256 != file.sha256 {
                return Err(damaged(format!("{} does not fit its checksum", file.name)));
            }
            flash_seen |= file.name == FLASH && file.size == manifest.size && file.sha256 == manifest.sha256;
        }
        if !flash_seen {
            return Err(damaged(format!("its manifest does not list its {FLASH}")));
        }
        Ok(manifest)
    }

    /// A backup with its contents, every file checked.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn load(&self, id: &str) -> Result<Stored, StoreError> {
        let manifest = self.verify(id)?;
        let flash = read(&self.backup_folder(id).join(FLASH), manifest.size)?;
        if crate::workflow::files::sha256_hex(&flash) != manifest.sha256 {
            let fault = format!("{FLASH} changed while it was read");
            return Err(StoreError::Damaged { what: "backup", id: id.into(), fault });
        }
        Ok(Stored { manifest, flash })
    }

    /// A companion file of a backup, checked; `None` when it has none of that name.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn companion(&self, id: &str, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let manifest = self.verify(id)?;
        match manifest.files.iter().find(|f| f.name == name) {
            Some(file) => Ok(Some(read(&self.backup_folder(id).join(name), file.size)?)),
            None => Ok(None),
        }
    }

    /// Copies a backup, checked, into a new folder `to`; gives that folder.
    ///
    /// # Errors
    /// [`StoreError`]; also when `to` exists.
    pub fn export(&self, id: &str, to: &Path) -> Result<PathBuf, StoreError> {
        let manifest = self.verify(id)?;
        fs::create_dir(to).map_err(FileError::on("make the folder", to))?;
        let names = manifest.files.iter().map(|f| f.name.as_str()).chain([MANIFEST]);
        for name in names {
            let target = to.join(name);
            let copied = fs::copy(self.backup_folder(id).join(name), &target)
                .and_then(|_| File::options().write(true).open(&target)?.sync_all());
            copied.map_err(FileError::on("write", &target))?;
        }
        sync_folder(to)?;
        Ok(to.to_path_buf())
    }

    /// The contents of a sound backup that are these.
    pub(super) fn flash_like(&self, size: u64, sha256: &str) -> Option<PathBuf> {
        let listed = self.list().unwrap_or_default().into_iter().filter_map(|one| one.manifest.ok());
        let mut paths = listed
            .filter(|manifest| manifest.size == size && manifest.sha256 == sha256)
            .map(|manifest| self.backup_folder(&manifest.id).join(FLASH));
        paths.find(|path| hash_file(path).is_ok_and(|found| found == (size, sha256.to_owned())))
    }

    /// The backups that are not needed: a newer sound one of the same chip has the same contents and companions, no job
    /// refers to them, and they have no name. Nothing is removed.
    ///
    /// # Errors
    /// [`StoreError::File`] when the store cannot be read.
    pub fn needless(&self) -> Result<Vec<Manifest>, StoreError> {
        let referred: BTreeSet<String> =
            self.jobs()?.into_iter().filter_map(|job| Some(job.header.ok()?.backup)).collect();
        let all: Vec<Manifest> = self.list()?.into_iter().filter_map(|one| one.manifest.ok()).collect();
        let files = |manifest: &Manifest| -> Vec<String> {
            manifest.files.iter().map(|file| format!("{} {}", file.name, file.sha256)).collect()
        };
        let replaced = |n: usize, old: &Manifest| {
            let same = |new: &&Manifest| new.chip == old.chip && files(new) == files(old);
            all[..n].iter().filter(same).any(|new| self.verify(&new.id).is_ok())
        };
        Ok(all
            .iter()
            .enumerate()
            .filter(|(n, old)| old.name.is_none() && !referred.contains(&old.id) && replaced(*n, old))
            .map(|(_, old)| old.clone())
            .collect())
    }

    /// Gives a backup a name; an empty one takes it away.
    ///
    /// # Errors
    /// As [`Store::manifest`]; [`StoreError::File`] where it cannot be written.
    pub fn rename(&self, id: &str, name: &str) -> Result<Manifest, StoreError> {
        self.writable()?;
        let mut manifest = Manifest { name: named(name), ..self.manifest(id)? };
        write(&self.backup_folder(id).join(MANIFEST), &manifest.seal_to_bytes())?;
        Ok(manifest)
    }

    /// Notes the board of a backup that has none, once its contents have told it.
    ///
    /// # Errors
    /// As [`Store::rename`].
    pub(crate) fn note_board(&self, id: &str, board: &str) -> Result<Manifest, StoreError> {
        self.writable()?;
        let mut manifest = self.manifest(id)?;
        if manifest.board.is_none() {
            manifest.board = Some(board.to_owned());
            write(&self.backup_folder(id).join(MANIFEST), &manifest.seal_to_bytes())?;
        }
        Ok(manifest)
    }

    /// True when no other sound backup of the same chip is in the store. Chips without a unique id, and dumps of
    /// unknown chips, count by themselves unless the contents are the same.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest).
    pub(crate) fn is_only_backup(&self, id: &str) -> Result<bool, StoreError> {
        let this = self.manifest(id)?;
        Ok(!self.list()?.iter().filter(|l| l.id != id).filter_map(|l| l.manifest.as_ref().ok()).any(
            |other| {
                this.chip.is_same(&other.chip) || (this.chip == other.chip && this.sha256 == other.sha256)
            },
        ))
    }

    /// Removes a backup, while no other process works with the store. The only one of its chip goes only with `even_the_only_one`; one that an open job needs does
    /// not go at all. A damaged one counts as the only one.
    ///
    /// # Errors
    /// [`StoreError::OnlyBackup`], [`StoreError::NeededByJob`], [`StoreError::Locked`], [`StoreError::File`].
    pub fn remove(&self, id: &str, even_the_only_one: bool) -> Result<(), StoreError> {
        self.alone(|| self.remove_alone(id, even_the_only_one))
    }

    fn remove_alone(&self, id: &str, even_the_only_one: bool) -> Result<(), StoreError> {
        for job in self.jobs()?.iter().filter(|j| j.is_open()) {
            if job.header.as_ref().is_ok_and(|h| h.backup == id) {
                return Err(StoreError::NeededByJob { id: id.into(), job: job.id.clone() });
            }
        }
        if !even_the_only_one && self.is_only_backup(id).unwrap_or(true) {
            return Err(StoreError::OnlyBackup(id.into()));
        }
        let folder = self.backup_folder(id);
        // First out of sight, so that a removal cut short leaves no half backup under the name.
        let hidden = self.root().join(format!("{BUILDING}removed-{id}"));
        fs::rename(&folder, &hidden).map_err(FileError::on("remove", &folder))?;
        fs::remove_dir_all(&hidden).map_err(FileError::on("remove", &hidden))?;
        Ok(sync_folder(self.root())?)
    }
}

/// Size and SHA-256 of a file, with little memory.
pub(super) fn hash_file(path: &Path) -> Result<(u64, String), FileError> {
    let go = || {
        let mut file = File::open(path)?;
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            hash.update(&buffer[..n]);
            size += n as u64;
        }
        Ok((size, crate::workflow::files::hex(&hash.finalize())))
    };
    go().map_err(FileError::on("read", path))
}
