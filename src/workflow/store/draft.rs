//! A backup while it is being made: the contents go to disk while they arrive, the name comes last.

use super::manifest::{FLASH, MANIFEST, SCHEMA};
use super::recorder::Recorder;
use super::{ChipKey, FileEntry, Manifest, Origin, Reads, Store, StoreError};
use crate::workflow::files::{FileError, check_room, sha256_hex, write_plain};
use crate::workflow::utc;
use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

/// What is known of a backup apart from its bytes.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The chip.
    pub chip: ChipKey,
    /// Part name.
    pub part: String,
    /// Programmer or source file.
    pub programmer: String,
    /// How the contents came here.
    pub origin: Origin,
    /// How they were read.
    pub reads: Reads,
    /// Board, where named.
    pub board: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Whatever else.
    pub notes: Vec<String>,
}

/// A backup in the making; dropped before [`finish`](Self::finish), it is gone.
pub struct Draft<'s> {
    store: &'s Store,
    /// Before the folder: its file is closed when the folder goes.
    flash: Recorder,
    folder: tempfile::TempDir,
    size: u64,
    files: Vec<FileEntry>,
}

impl<'s> Draft<'s> {
    /// Begins a backup of `size` bytes, and checks that there is room for it.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot take it.
    pub fn new(store: &'s Store, size: u64) -> Result<Self, StoreError> {
        let folder = store.new_folder(store.root())?;
        check_room(store.root(), size)?;
        let path = folder.path().join(FLASH);
        let flash = File::create_new(&path).map_err(FileError::on("write", &path))?;
        Ok(Self { store, flash: Recorder::start(flash, path), folder, size, files: Vec::new() })
    }

    /// Takes bytes of the array for their address. They go to disk while the caller continues.
    ///
    /// # Errors
    /// [`StoreError::File`], as on a full disk; it may be about bytes of an earlier call.
    pub fn put(&mut self, address: u64, bytes: &[u8]) -> Result<(), StoreError> {
        Ok(self.flash.put(address, bytes)?)
    }

    /// Waits until the contents are on disk; gives their checksum, unless bytes came twice or out of order.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn sum(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.flash.finish()?)
    }

    /// Adds a companion file.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        write_plain(&self.folder.path().join(name), bytes)?;
        self.files.push(FileEntry { name: name.into(), size: bytes.len() as u64, sha256: sha256_hex(bytes) });
        Ok(())
    }

    /// Seals the backup and gives it its name. `sha256` is the checksum of the contents as they should be; what is on
    /// disk is read back and must have it.
    ///
    /// # Errors
    /// [`StoreError`]; the backup does not exist then.
    pub fn finish(mut self, sha256: &str, facts: Facts) -> Result<Manifest, StoreError> {
        let path = self.folder.path().join(FLASH);
        self.flash.finish()?;
        let entry = super::backups::hash_file(&path)?;
        if entry != (self.size, sha256.to_string()) {
            let fault = format!("{FLASH} does not read back from the disk as it was written");
            return Err(StoreError::Damaged { what: "backup", id: "new".into(), fault });
        }
        if let Some(twin) = self.store.flash_like(self.size, sha256) {
            share(&twin, &path);
        }
        let flash = FileEntry { name: FLASH.into(), size: self.size, sha256: sha256.into() };
        self.files.insert(0, flash);
        let now = SystemTime::now();
        let jedec = facts.chip.jedec_id.as_deref().unwrap_or("import");
        let id = format!("{}-{jedec}-{}", utc::compact(now), &sha256[..8.min(sha256.len())]);
        let mut manifest = Manifest {
            schema: SCHEMA,
            id: String::new(),
            chip: facts.chip,
            part: facts.part,
            size: self.size,
            sha256: sha256.into(),
            taken: utc::rfc3339_millis(now),
            programmer: facts.programmer,
            origin: facts.origin,
            reads: facts.reads,
            board: facts.board,
            name: facts.name.and_then(|name| super::backups::named(&name)),
            notes: facts.notes,
            files: self.files,
            seal: String::new(),
        };
        let store = self.store;
        store.publish(self.folder, store.root(), &id, &mut |folder, name| {
            manifest.id = name.into();
            write_plain(&folder.join(MANIFEST), &manifest.seal_to_bytes())
        })?;
        Ok(manifest)
    }
}

/// Puts a second name for `twin`, which holds the same bytes, in place of `path`. Where the file system has no such names,
/// the bytes are kept twice. No file of the store is ever written to again.
fn share(twin: &Path, path: &Path) {
    let linked = path.with_extension("link");
    if fs::hard_link(twin, &linked).is_ok() && fs::rename(&linked, path).is_err() {
        let _ = fs::remove_file(&linked);
    }
}
