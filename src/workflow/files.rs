//! Files that are either whole or not there: a temporary name in the same folder, fsync, rename, fsync of the folder.
//!
//! And the checks that belong before the chip is touched: is the folder writable, is there room, may the name be used.

use crate::units::sum;
use sha2::Sha256;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

pub use crate::units::hex;

/// A failure on a file or folder.
#[derive(Debug, Error)]
#[error("cannot {what} {}: {source}{}", .path.display(), hint(.what, .source))]
pub struct FileError {
    /// What was tried: `write`, `read`.
    pub what: &'static str,
    /// On what.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

/// The next thing to do, by kind of failure.
fn hint(what: &str, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied if what == "read" => "; you may not read it",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room or choose another folder",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that you may write to"
        }
        io::ErrorKind::NotFound => "; check the path",
        io::ErrorKind::IsADirectory if what == "read" => "; name a file in it",
        io::ErrorKind::IsADirectory => "; give a file name, too",
        io::ErrorKind::FileTooLarge => "; no flash is that large: is it the right file?",
        _ => "",
    }
}

impl FileError {
    pub(crate) fn on(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        let path = path.to_path_buf();
        move |source| FileError { what, path, source }
    }
}

/// The folder a path lies in.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder's entries durable. Windows has no such call and needs none.
pub(crate) fn sync_folder(path: &Path) -> Result<(), FileError> {
    if cfg!(unix) {
        File::open(path).and_then(|f| f.sync_all()).map_err(FileError::on("sync the folder", path))?;
    }
    Ok(())
}

/// A file that appears under its name only when it is whole.
pub struct NewFile {
    path: PathBuf,
    temp: tempfile::NamedTempFile,
}

impl NewFile {
    /// Opens a temporary file next to `path`; dropped before [`finish`](Self::finish), it is gone again.
    ///
    /// # Errors
    /// [`FileError`] when the folder cannot be written to.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        if path.is_dir() {
            return Err(FileError {
                what: "write",
                path: path.to_path_buf(),
                source: io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"),
            });
        }
        let folder = parent(path);
        if !folder.is_dir() {
            // Reported here, for the failure to name the folder and not a temporary file in it.
            return Err(FileError {
                what: "write",
                path: path.to_path_buf(),
                source: io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("there is no folder {}", folder.display()),
                ),
            });
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".norsplice-").suffix(".part");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As a plain new file would be; the process's mask still applies.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let temp = builder.tempfile_in(folder).map_err(FileError::on("write", path))?;
        Ok(Self { path: path.to_path_buf(), temp })
    }

    /// Gives the file its name, in place of what was there before.
    ///
    /// # Errors
    /// [`FileError`]; nothing is left under the name then, or what was there before.
    pub fn finish(self) -> Result<(), FileError> {
        self.finish_by(tempfile::NamedTempFile::persist)
    }

    /// Gives the file its name, where there is no file of that name.
    ///
    /// # Errors
    /// [`FileError`], also where there is one by now; it stays as it is.
    pub(crate) fn finish_new(self) -> Result<(), FileError> {
        self.finish_by(tempfile::NamedTempFile::persist_noclobber)
    }

    fn finish_by(
        self,
        persist: impl FnOnce(tempfile::NamedTempFile, PathBuf) -> Result<File, tempfile::PersistError>,
    ) -> Result<(), FileError> {
        let Self { path, temp } = self;
        temp.as_file().sync_all().map_err(FileError::on("write", &path))?;
        persist(temp, path.clone()).map_err(|e| FileError::on("write", &path)(e.error))?;
        sync_folder(parent(&path))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temp.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.temp.flush()
    }
}

/// Writes a whole file, atomically.
///
/// # Errors
/// [`FileError`]; nothing half-written is left.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut file = NewFile::create(path)?;
    file.write_all(bytes).map_err(FileError::on("write", path))?;
    file.finish()
}

/// Writes a file into a folder that no one sees yet: durable, not atomic.
pub(crate) fn write_plain(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let go = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    go().map_err(FileError::on("write", path))
}

/// Reads a whole file of at most `most` bytes.
///
/// # Errors
/// [`FileError`], also when the file is longer: its length is not believed before it is checked; and when it was changed
/// meanwhile, as far as its length and times show.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    read_while(path, most, || ())
}

/// The same; `meanwhile` is called when all is read and nothing judged yet.
fn read_while(path: &Path, most: u64, meanwhile: impl FnOnce()) -> Result<Vec<u8>, FileError> {
    let go = || {
        let mut file = open_to_read(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        let too_long = |len| {
            let text = format!("it has {len} bytes, and the most that is read is {most}");
            io::Error::new(io::ErrorKind::FileTooLarge, text)
        };
        if about.len() > most {
            return Err(too_long(about.len().to_string()));
        }
        let mut bytes = Vec::with_capacity(about.len() as usize + 1);
        // A device or a pipe has no length of its own.
        (&mut file).take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        meanwhile();
        if bytes.len() as u64 > most {
            return Err(too_long(format!("more than {most}")));
        }
        let (len, now) = (bytes.len() as u64, file.metadata()?);
        // Files of the kernel's own have no length, or a rounded one, and any time.
        let changed =
            now.len() != about.len() || now.modified().ok() != about.modified().ok() || len > about.len();
        if about.is_file() && about.len() > 0 && changed {
            let was = about.len();
            return Err(io::Error::other(format!(
                "it was changed while it was read: {was} bytes before, {len} read, {} now; see that nothing writes to it, and \
                 try again",
                now.len()
            )));
        }
        Ok(bytes)
    };
    go().map_err(FileError::on("read", path))
}

/// Opens a file to read. A named pipe that no one writes to is empty at once, where a plain open would wait forever.
#[cfg(unix)]
fn open_to_read(path: &Path) -> io::Result<File> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::unix::fs::OpenOptionsExt;
    let waiting_not = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = File::options().read(true).custom_flags(waiting_not).open(path)?;
    let flags = fcntl_getfl(&file)?;
    fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(not(unix))]
fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Checks that `folder`'s file system has room for `need` bytes.
///
/// # Errors
/// [`FileError`] with the room there is.
pub fn check_room(folder: &Path, need: u64) -> Result<(), FileError> {
    let Some(free) = free_bytes(folder) else { return Ok(()) };
    if free >= need {
        return Ok(());
    }
    let source =
        io::Error::new(io::ErrorKind::StorageFull, format!("{need} bytes are needed and {free} are free"));
    Err(FileError { what: "write to", path: folder.to_path_buf(), source })
}

/// Takes the lock of a file for as long as it is open; false where another process has it.
///
/// WebAssembly has no locks on files: there the program around the module keeps a second one out.
///
/// # Errors
/// Where the file system has no locks.
pub fn lock(file: &File) -> io::Result<bool> {
    if cfg!(target_family = "wasm") {
        return Ok(true);
    }
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// As [`lock`], with others that lock it like this; false where another process has it alone.
///
/// # Errors
/// Where the file system has no locks.
pub(crate) fn lock_shared(file: &File) -> io::Result<bool> {
    if cfg!(target_family = "wasm") {
        return Ok(true);
    }
    match file.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Free bytes for this user, where the system reports it; otherwise the write itself will.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// SHA-256 as 64 lower-case hex digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sum::<Sha256>(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_only_when_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dump.bin");
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert!(names(dir.path()).is_empty(), "an abandoned file leaves something behind");
        write(&path, b"whole").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names(dir.path()).len()), (b"whole".to_vec(), 1));
    }

    #[test]
    fn what_cannot_be_written_is_found_before_the_chip_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing/dump.bin");
        let refused = |path: &Path| NewFile::create(path).err().expect("refused").to_string();
        assert!(refused(&missing).contains("missing/dump.bin"));
        assert!(refused(dir.path()).contains("folder"));
        let full = check_room(dir.path(), u64::MAX).unwrap_err();
        assert_eq!(full.source.kind(), io::ErrorKind::StorageFull);
        check_room(dir.path(), 1).unwrap();
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_file_longer_than_believed_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        write(&path, &[7; 10]).unwrap();
        assert_eq!(read(&path, 10).unwrap(), [7; 10]);
        assert_eq!(read(&path, 9).unwrap_err().source.kind(), io::ErrorKind::FileTooLarge);
        // Its length is asked for and not read: this one fits into few memories.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path, 9).unwrap_err().source.kind(), io::ErrorKind::FileTooLarge);
        assert!(read(&dir.path().join("no"), 9).unwrap_err().to_string().contains("check the path"));
    }

    #[test]
    fn a_file_that_is_changed_while_it_is_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let open = || File::options().read(true).write(true).open(&path).unwrap();
        let later = |file: &File| {
            let then = file.metadata().unwrap().modified().unwrap() + std::time::Duration::from_secs(1);
            file.set_modified(then).unwrap();
        };
        let changes: [(&str, &dyn Fn()); 3] = [
            ("grown", &|| open().set_len(11).unwrap()),
            ("cut", &|| open().set_len(4).unwrap()),
            ("other bytes", &|| {
                let mut file = open();
                file.write_all(b"new").unwrap();
                later(&file);
            }),
        ];
        for (name, change) in changes {
            write(&path, &[7; 10]).unwrap();
            assert_eq!(read_while(&path, 99, || ()).unwrap(), [7; 10]);
            let error = read_while(&path, 99, change).unwrap_err().to_string();
            assert!(error.contains("was changed while it was read"), "{name}: {error}");
        }
        // Another file in its place is another file.
        write(&path, &[7; 10]).unwrap();
        let replaced = || {
            fs::remove_file(&path).unwrap();
            fs::write(&path, b"other").unwrap();
        };
        assert_eq!(read_while(&path, 99, replaced).unwrap(), [7; 10]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_that_nobody_writes_to_is_empty_and_not_waited_for() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
        let late = std::thread::spawn({
            let path = path.clone();
            move || read(&path, 9).unwrap()
        });
        writer.write_all(b"late").unwrap();
        drop(writer);
        assert_eq!(late.join().unwrap(), b"late");
        assert_eq!(read(&path, 9).unwrap(), b"");
    }

    #[test]
    fn hex_there_and_back() {
        assert_eq!(hex(&[0, 0xef, 0x40]), "00ef40");
    }
}
