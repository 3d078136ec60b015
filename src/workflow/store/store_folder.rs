//! The store's folder and its lock.

use super::StoreError;
use crate::workflow::files::{FileError, check_room, lock, sync_folder};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Folder of the jobs.
const JOBS: &str = "jobs";
/// Beginning of the names of folders that are being built.
pub(crate) const BUILDING: &str = ".new-";

/// A store on disk. Locked while a job runs; looked at without a lock.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Keeps the lock while it is open.
    lock: Option<File>,
    /// Names are given by one thread at a time.
    naming: Mutex<()>,
    /// The jobs whose journals are open in this process.
    at_work: Arc<Mutex<BTreeSet<String>>>,
}

/// A job at work in this process; over when dropped.
#[derive(Debug)]
pub(crate) struct AtWork {
    id: String,
    jobs: Arc<Mutex<BTreeSet<String>>>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl Store {
    /// Opens a store for looking; it need not exist yet.
    pub fn open(root: &Path) -> Store {
        Store::new(root, None)
    }

    fn new(root: &Path, lock: Option<File>) -> Store {
        Store { root: root.to_path_buf(), lock, naming: Mutex::default(), at_work: Arc::default() }
    }

    /// Opens a store for work: makes its folder, takes its lock, clears away what a killed run left half built. One
    /// such handle serves all threads of a process.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another instance has it; [`StoreError::File`] when it cannot be written to.
    pub fn open_locked(root: &Path) -> Result<Store, StoreError> {
        fs::create_dir_all(root).map_err(FileError::on("make the store", root))?;
        let path = root.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(FileError::on("write to the store", &path))?;
        if !lock(&file).map_err(FileError::on("lock", &path))? {
            return Err(StoreError::Locked(root.to_path_buf()));
        }
        let store = Store::new(root, Some(file));
        let jobs = store.jobs_folder();
        fs::create_dir_all(&jobs).map_err(FileError::on("make the store", &jobs))?;
        for folder in [root, &jobs] {
            for name in names(folder)?.iter().filter(|n| n.starts_with(BUILDING)) {
                let path = folder.join(name);
                fs::remove_dir_all(&path).map_err(FileError::on("clear away", &path))?;
            }
        }
        Ok(store)
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Checks that there is room for `bytes` more.
    ///
    /// # Errors
    /// [`StoreError`] naming the folder.
    pub fn check_room(&self, bytes: u64) -> Result<(), StoreError> {
        self.writable()?;
        Ok(check_room(&self.root, bytes)?)
    }

    pub(crate) fn jobs_folder(&self) -> PathBuf {
        self.root.join(JOBS)
    }

    /// Marks a job as at work; `None` when another thread has it at work already.
    pub(crate) fn begin_work(&self, id: &str) -> Option<AtWork> {
        let mut jobs = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(id.into()).then(|| AtWork { id: id.into(), jobs: Arc::clone(&self.at_work) })
    }

    /// True for a job that another thread of this process has at work: its chip is on another programmer.
    pub(crate) fn is_at_work(&self, id: &str) -> bool {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Refuses a change by a handle without the lock.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        match self.lock {
            Some(_) => Ok(()),
            None => Err(StoreError::ReadOnly(self.root.clone())),
        }
    }

    /// Makes a hidden folder next to the place where it will be [`publish`](Self::publish)ed.
    pub(crate) fn new_folder(&self, parent: &Path) -> Result<tempfile::TempDir, StoreError> {
        self.writable()?;
        let made = tempfile::Builder::new().prefix(BUILDING).tempdir_in(parent);
        Ok(made.map_err(FileError::on("write to the store", parent))?)
    }

    /// Gives a built folder its name in `parent`: `id`, or `id-2` and so on where that is taken. The files in it are
    /// durable already. `seal` writes what needs the final name.
    pub(crate) fn publish(
        &self,
        built: tempfile::TempDir,
        parent: &Path,
        id: &str,
        seal: &mut dyn FnMut(&Path, &str) -> Result<(), FileError>,
    ) -> Result<String, StoreError> {
        let _naming = self.naming.lock().unwrap_or_else(PoisonError::into_inner);
        let mut name = id.to_string();
        let mut n = 1;
        while parent.join(&name).exists() {
            n += 1;
            name = format!("{id}-{n}");
        }
        seal(built.path(), &name)?;
        sync_folder(built.path())?;
        let to = parent.join(&name);
        fs::rename(built.path(), &to).map_err(FileError::on("write", &to))?;
        // The folder has moved: there is nothing left to be cleaned up under the old name.
        let _ = built.keep();
        sync_folder(parent)?;
        Ok(name)
    }
}

/// Names in a folder, sorted; a folder that does not exist holds none.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(FileError::on("read the store", folder)(e)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(FileError::on("read the store", folder))?;
        // Names that are not text are not ours.
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// The one id that is `text` or begins with it.
pub(crate) fn resolve(what: &'static str, text: &str, ids: &[String]) -> Result<String, StoreError> {
    if let Some(id) = ids.iter().find(|id| *id == text) {
        return Ok(id.clone());
    }
    let fits: Vec<String> =
        ids.iter().filter(|id| !text.is_empty() && id.starts_with(text)).cloned().collect();
    match &fits[..] {
        [one] => Ok(one.clone()),
        [] => {
            let known = ids.iter().take(5).cloned().collect();
            Err(StoreError::NotFound { what, id: text.into(), known })
        }
        _ => Err(StoreError::Ambiguous { id: text.into(), fits }),
    }
}
