//! The store's folder and its lock.

use super::StoreError;
use crate::workflow::files::{FileError, check_room, lock, lock_shared, sync_folder};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Folder of the jobs.
const JOBS: &str = "jobs";
/// Beginning of the names of folders that are being built.
pub(crate) const BUILDING: &str = ".new-";

/// The file in the store, and in each job, whose lock shows that a process is at work.
const LOCK: &str = "lock";
/// How often a lock is tried that another process holds for a moment only, and the time between.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(25);

/// A store on disk. Looked at without a lock. Processes that work with it hold its lock together; one that clears away
/// holds it alone, and each open job has a lock of its own.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Keeps the lock while it is open.
    lock: Option<Mutex<Option<File>>>,
    /// Names are given by one thread at a time.
    naming: Mutex<()>,
    /// The jobs whose journals are open in this process.
    at_work: Arc<Mutex<BTreeSet<String>>>,
    /// Its folder, where that goes with it.
    _temporary: Option<tempfile::TempDir>,
}

/// A job at work in this process; over when dropped.
#[derive(Debug)]
pub(crate) struct AtWork {
    id: String,
    jobs: Arc<Mutex<BTreeSet<String>>>,
    /// Keeps other processes off the job.
    _lock: Option<File>,
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
        let lock = lock.map(|file| Mutex::new(Some(file)));
        Store {
            root: root.to_path_buf(),
            lock,
            naming: Mutex::default(),
            at_work: Arc::default(),
            _temporary: None,
        }
    }

    /// Opens a store for work: makes its folder, takes its lock, and clears away what a killed run left half built, unless
    /// another process is at work. One such handle serves all threads of a process.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process clears away; [`StoreError::File`] when it cannot be written to.
    pub fn open_locked(root: &Path) -> Result<Store, StoreError> {
        fs::create_dir_all(root).map_err(FileError::on("make the store", root))?;
        let jobs = root.join(JOBS);
        fs::create_dir_all(&jobs).map_err(FileError::on("make the store", &jobs))?;
        let path = root.join(LOCK);
        let mut file = lock_file(&path)?;
        if lock(&file).map_err(FileError::on("lock", &path))? {
            clear_away(&[root, &jobs])?;
            // Let go by closing it: a lock cannot be made a shared one everywhere.
            drop(file);
            file = lock_file(&path)?;
        }
        share(&file, root)?;
        Ok(Store::new(root, Some(file)))
    }

    /// A store in a folder of its own that goes when it is dropped: for a dump that is only looked at.
    ///
    /// # Errors
    /// [`StoreError::File`] where there is no room for one.
    pub fn temporary() -> Result<Store, StoreError> {
        // WASI names no folder for what is temporary; the program around the module gives one of this name.
        let made = if cfg!(target_os = "wasi") { tempfile::tempdir_in("/tmp") } else { tempfile::tempdir() };
        let folder = made.map_err(FileError::on("make", Path::new("a temporary folder")))?;
        let store = Store::open_locked(&folder.path().join("store"))?;
        Ok(Store { _temporary: Some(folder), ..store })
    }

    /// Does something that no other process may see half done.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process is at work; what `work` gives.
    pub(super) fn alone<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Some(own) = &self.lock else { return Err(StoreError::ReadOnly(self.root.clone())) };
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        drop(own.take());
        let path = self.root.join(LOCK);
        let file = lock_file(&path)?;
        let done = match lock(&file).map_err(FileError::on("lock", &path))? {
            true => work(),
            false => Err(StoreError::Locked(self.root.clone())),
        };
        drop(file);
        let file = lock_file(&path)?;
        share(&file, &self.root)?;
        *own = Some(file);
        done
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

    /// Marks a job as at work; `None` when another thread or process has it at work already.
    pub(crate) fn begin_work(&self, id: &str) -> Result<Option<AtWork>, StoreError> {
        let path = self.jobs_folder().join(id).join(LOCK);
        let mut jobs = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.contains(id) {
            return Ok(None);
        }
        let file = lock_file(&path)?;
        if !tried(|| lock(&file)).map_err(FileError::on("lock", &path))? {
            return Ok(None);
        }
        jobs.insert(id.into());
        Ok(Some(AtWork { id: id.into(), jobs: Arc::clone(&self.at_work), _lock: Some(file) }))
    }

    /// True for a job that another thread of this process has at work: its chip is on another programmer.
    pub(crate) fn is_at_work(&self, id: &str) -> bool {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// True for a job that another process has at work.
    pub(crate) fn is_at_work_elsewhere(&self, id: &str) -> bool {
        // Without the file no process has begun to work on it.
        let file = File::open(self.jobs_folder().join(id).join(LOCK));
        file.is_ok_and(|file| !tried(|| lock_shared(&file)).unwrap_or(true))
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
        loop {
            seal(built.path(), &name)?;
            sync_folder(built.path())?;
            let to = parent.join(&name);
            match fs::rename(built.path(), &to) {
                Ok(()) => break,
                // Another process has taken the name meanwhile.
                Err(_) if to.exists() => {
                    n += 1;
                    name = format!("{id}-{n}");
                }
                Err(error) => return Err(FileError::on("write", &to)(error).into()),
            }
        }
        // The folder has moved: there is nothing left to be cleaned up under the old name.
        let _ = built.keep();
        sync_folder(parent)?;
        Ok(name)
    }
}

/// Opens a file to lock it.
fn lock_file(path: &Path) -> Result<File, StoreError> {
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    Ok(opened.map_err(FileError::on("write to the store", path))?)
}

/// Takes the store's lock together with other processes; one that clears away is waited for, and not for long.
fn share(file: &File, root: &Path) -> Result<(), StoreError> {
    match tried(|| lock_shared(file)).map_err(FileError::on("lock", root))? {
        true => Ok(()),
        false => Err(StoreError::Locked(root.to_owned())),
    }
}

/// Tries a lock that another process may have for a moment.
fn tried(mut lock: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    for _ in 1..TRIES {
        if lock()? {
            return Ok(true);
        }
        std::thread::sleep(BETWEEN);
    }
    lock()
}

/// Removes what a killed run left half built.
fn clear_away(folders: &[&Path]) -> Result<(), StoreError> {
    for folder in folders {
        for name in names(folder)?.iter().filter(|n| n.starts_with(BUILDING)) {
            let path = folder.join(name);
            fs::remove_dir_all(&path).map_err(FileError::on("clear away", &path))?;
        }
    }
    Ok(())
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
            // Ids begin with the time: the latest last.
            let known = ids.iter().rev().take(5).cloned().collect();
            Err(StoreError::NotFound { what, id: text.into(), known, of: ids.len() })
        }
        _ => Err(StoreError::Ambiguous { id: text.into(), fits }),
    }
}
