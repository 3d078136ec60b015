//! The folder of one run: files that a tab has dropped, and those that operations write for it. It is removed at the end.

use super::limits::{FILE, FILES};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// The longest name, in bytes.
const LONGEST: usize = 120;

/// The name of a file in the folder: it names no other folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The name that is written exactly so.
    pub fn exactly(text: &str) -> Option<Self> {
        let fits =
            !text.is_empty() && text.len() <= LONGEST && !text.starts_with('.') && text.chars().all(is_plain);
        fits.then(|| Self(text.to_owned()))
    }

    /// A name like this one; what may be no part of a name becomes `_`.
    pub fn made_of(text: &str) -> Option<Self> {
        let text: String = decoded(text)?.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        let tail = text.len().saturating_sub(LONGEST - 10);
        Self::exactly(text[tail..].trim_start_matches('.'))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// A part of an address with its `%41` as characters.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut left = text.as_bytes();
    while let Some((first, rest)) = left.split_first() {
        left = rest;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (digits, rest) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        left = rest;
    }
    String::from_utf8(bytes).ok()
}

/// The folder.
pub struct Shelf {
    folder: TempDir,
    /// How many files were dropped, and their bytes.
    taken: Mutex<(u64, u64)>,
}

impl Shelf {
    /// Makes a folder that only this user reads.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new().prefix("norsplice-page-").tempdir()?,
            taken: Mutex::default(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folder, whoever else still knows it.
    pub fn remove(&self) {
        // What cannot be removed is in the system's folder for such files.
        let _ = fs::remove_dir_all(self.path());
    }

    /// Takes a file of `len` bytes in, under a name of its own.
    ///
    /// # Errors
    /// [`io::ErrorKind::FileTooLarge`] beyond the bounds; where `from` ends early, or the disk is full.
    pub fn put(&self, name: &Name, len: u64, from: impl Read) -> io::Result<PathBuf> {
        let number = {
            let mut taken = self.taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if len > FILE || taken.1 + len > FILES {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            *taken = (taken.0 + 1, taken.1 + len);
            taken.0
        };
        let (path, mut file) = self.place(name, number)?;
        let copied = io::copy(&mut from.take(len), &mut file).and_then(|copied| match copied == len {
            true => Ok(path.clone()),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        });
        if copied.is_err() {
            // Half of a file is none, and has no name that the whole one is to have.
            let _ = fs::remove_file(&path);
        }
        copied
    }

    /// A new file of this name, by which a recipe finds it; with a number before it where the name is taken.
    fn place(&self, name: &Name, number: u64) -> io::Result<(PathBuf, File)> {
        let numbered = (number..).map(|number| format!("{number}-{}", name.as_str()));
        for text in std::iter::once(name.as_str().to_owned()).chain(numbered) {
            let path = self.path().join(text);
            match File::create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return Ok((path, made?)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Opens a file of the folder: a plain one, no link to another place. Gives its length too.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`].
    pub fn open(&self, name: &Name) -> io::Result<(File, u64)> {
        let path = self.path().join(name.as_str());
        if !fs::symlink_metadata(&path)?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok((file, len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_the_folder() {
        let made = |text: &str| Name::made_of(text).map(|name| name.0);
        assert_eq!(made("a%20b%C3%A4(1).bin").as_deref(), Some("a_b__1_.bin"));
        assert_eq!(made("..%2f..%2fetc%2fpasswd").as_deref(), Some("_.._etc_passwd"));
        assert_eq!(
            (made(""), made("..."), made("%4"), made("%zz"), made("%ff")),
            (None, None, None, None, None)
        );
        assert!(made(&"x".repeat(5000)).is_some_and(|name| name.len() <= LONGEST));
    }

    #[test]
    fn a_file_comes_back_and_a_link_does_not() {
        let shelf = Shelf::new().unwrap();
        let path = shelf.put(&Name::made_of("a.bin").unwrap(), 3, &b"abcdef"[..]).unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), path.file_name().unwrap().to_str()),
            (b"abc".to_vec(), Some("a.bin"))
        );
        assert_eq!(shelf.open(&Name::exactly("a.bin").unwrap()).unwrap().1, 3);
        // Another one of this name takes no one's place.
        let other = shelf.put(&Name::made_of("a.bin").unwrap(), 2, &b"de"[..]).unwrap();
        assert_eq!((fs::read(&other).unwrap(), fs::read(&path).unwrap()), (b"de".to_vec(), b"abc".to_vec()));
        let cut = shelf.put(&Name::made_of("b").unwrap(), 9, &b"short"[..]).unwrap_err();
        let large = shelf.put(&Name::made_of("b").unwrap(), FILE + 1, &b""[..]).unwrap_err();
        assert_eq!((cut.kind(), large.kind()), (io::ErrorKind::UnexpectedEof, io::ErrorKind::FileTooLarge));
        assert!(!shelf.path().join("b").exists(), "nothing is left of it");
        let outside = tempfile::NamedTempFile::new().unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), shelf.path().join("link")).unwrap();
        fs::create_dir(shelf.path().join("folder")).unwrap();
        for name in ["link", "folder", "none"] {
            assert_eq!(
                shelf.open(&Name::exactly(name).unwrap()).unwrap_err().kind(),
                io::ErrorKind::NotFound,
                "{name}"
            );
        }
    }
}
