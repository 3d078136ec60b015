//! Files of the user: inputs are read with bounds and refused by name; outputs appear whole or not at all, except for
//! devices and pipes, which are written to directly.

use super::Refusal;
use super::why::Why;
use crate::image::records::{TextFormat, decode, encode};
use crate::workflow::files::{FileError, NewFile};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The largest input that is read into memory: four times the largest chip of the parts table, 256 MiB.
pub(crate) const INPUT_MAX: u64 = 1 << 30;

/// The bytes of an input file, as they are.
///
/// # Errors
/// [`Why::Input`] for a file that is missing, unreadable, a folder or too large; [`Why::EmptyInput`].
pub fn read(path: &Path) -> Result<Vec<u8>, Refusal> {
    let bytes = crate::workflow::files::read(path, INPUT_MAX).map_err(Why::Input)?;
    if bytes.is_empty() {
        return Err(Why::EmptyInput { path: path.to_owned() }.into());
    }
    Ok(bytes)
}

/// An image of a file: bytes as they are, or those that a text of records gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFile {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Address of the first of them; 0 where the file does not say one.
    pub start: u64,
    /// The form of the text, where it is one.
    pub text: Option<TextFormat>,
}

impl ImageFile {
    /// The image in the bytes of a file of this name.
    ///
    /// # Errors
    /// [`Why::TextImage`] where they are records with a fault.
    pub fn of(name: &Path, bytes: Vec<u8>) -> Result<Self, Refusal> {
        match decode(&bytes, TextFormat::by_name(name)) {
            Ok(None) => Ok(Self { bytes, start: 0, text: None }),
            Ok(Some(image)) => Ok(Self { bytes: image.bytes, start: image.start, text: Some(image.format) }),
            Err(fault) => Err(Why::TextImage { path: name.to_owned(), fault }.into()),
        }
    }

    /// The bytes of an image that begins at address 0, or says no address.
    ///
    /// # Errors
    /// [`Why::Begins`].
    pub fn from_zero(self, name: &Path) -> Result<Vec<u8>, Refusal> {
        match self.start {
            0 => Ok(self.bytes),
            start => Err(Why::Begins { path: name.to_owned(), start, at: 0 }.into()),
        }
    }

    /// The bytes for an address: records that name another one do not belong there. Those that begin at 0 may be counted from
    /// anywhere.
    ///
    /// # Errors
    /// [`Why::Begins`].
    pub(crate) fn for_address(&self, name: &Path, at: u64) -> Result<&[u8], Refusal> {
        match self.start {
            start if start == 0 || start == at => Ok(&self.bytes),
            start => Err(Why::Begins { path: name.to_owned(), start, at }.into()),
        }
    }
}

/// The bytes of an image in a file, from address 0 on.
///
/// # Errors
/// As [`read`], [`ImageFile::of`] and [`ImageFile::from_zero`].
pub fn read_image(path: &Path) -> Result<Vec<u8>, Refusal> {
    ImageFile::of(path, read(path)?)?.from_zero(path)
}

/// How an image is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The bytes as they are.
    Bin,
    /// Intel HEX.
    Ihex,
    /// Motorola S-records.
    Srec,
}

impl std::str::FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "bin" => Ok(Self::Bin),
            "ihex" => Ok(Self::Ihex),
            "srec" => Ok(Self::Srec),
            _ => Err(format!("'{text}' is no form of a file; there are bin, ihex and srec")),
        }
    }
}

/// The bytes of an image as its file has them: in this form, or else by the ending of the name.
///
/// # Errors
/// [`Why::PastRecords`] where records cannot say the address.
pub(crate) fn as_file(
    path: &Path,
    form: Option<Form>,
    start: u64,
    bytes: Vec<u8>,
) -> Result<Vec<u8>, Refusal> {
    let format = match form {
        None => TextFormat::by_name(path),
        Some(Form::Bin) => None,
        Some(Form::Ihex) => Some(TextFormat::IntelHex),
        Some(Form::Srec) => Some(TextFormat::SRecord),
    };
    let Some(format) = format else { return Ok(bytes) };
    let text = encode(format, start, &bytes).map(String::into_bytes);
    text.ok_or_else(|| Why::PastRecords { title: format.title() }.into())
}

/// Checks that a folder to be made is not there yet.
///
/// # Errors
/// [`Why::Exists`].
pub(crate) fn check_new(path: &Path) -> Result<(), Refusal> {
    match path.symlink_metadata() {
        Ok(_) => Err(Why::Exists { path: path.to_owned() }.into()),
        Err(_) => Ok(()),
    }
}

/// What becomes of a file that is already where an output is to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and the output is refused: it may be the only copy of a dump.
    #[default]
    Keep,
    /// The output takes its place.
    Replace,
}

/// A file being written; it appears under its name only by [`OutFile::keep`].
pub struct OutFile {
    path: PathBuf,
    existing: Existing,
    target: Target,
}

enum Target {
    /// Under a temporary name in the same folder; gone when dropped.
    Fresh(NewFile),
    /// A device or pipe, written to directly.
    Special(File),
    /// A stream of the process.
    Stream(Box<dyn Write>),
}

impl OutFile {
    /// Opens the place for `path` at once, so that a missing folder or right is found before any chip is asked.
    ///
    /// # Errors
    /// [`Why::File`]; [`Why::Exists`] for a file that is to be kept.
    pub fn create(path: &Path, existing: Existing) -> Result<Self, Refusal> {
        let given = path;
        // A link is followed, so that the file it names is replaced and not the link.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if existing == Existing::Keep && path.is_file() {
            return Err(Why::Exists { path: given.to_owned() }.into());
        }
        let special = std::fs::metadata(&path).is_ok_and(|data| !data.is_file() && !data.is_dir());
        let target = if special {
            Target::Special(OpenOptions::new().write(true).open(&path).map_err(|e| fault(&path, e))?)
        } else {
            Target::Fresh(NewFile::create(&path)?)
        };
        Ok(Self { path, existing, target })
    }

    /// A stream in place of a file; `name` names it in messages.
    pub fn to_stream(name: &str, stream: Box<dyn Write>) -> Self {
        Self { path: name.into(), existing: Existing::Keep, target: Target::Stream(stream) }
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`Why::File`] for a full disk and its like.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let written = match &mut self.target {
            Target::Fresh(file) => file.write_all(bytes),
            Target::Special(file) => file.write_all(bytes),
            Target::Stream(stream) => stream.write_all(bytes),
        };
        written.map_err(|error| fault(&self.path, error))
    }

    /// Makes sure that it is on the disk, and gives it its name.
    ///
    /// # Errors
    /// [`Why::File`]; nothing is left behind then.
    pub fn keep(self) -> Result<(), Refusal> {
        match self.target {
            Target::Fresh(file) if self.existing == Existing::Replace => Ok(file.finish()?),
            // A file of that name may have come since.
            Target::Fresh(file) => Ok(file.finish_new()?),
            Target::Special(_) => Ok(()),
            Target::Stream(mut stream) => stream.flush().map_err(|error| fault(&self.path, error)),
        }
    }
}

/// Refuses an output that is one of the inputs, by whatever name: the only copy of a dump would be gone.
///
/// # Errors
/// [`Why::Overwrites`].
pub fn check_apart(output: &Path, inputs: &[&Path]) -> Result<(), Refusal> {
    let place = place(output);
    match place.is_file() && inputs.iter().any(|input| self::place(input) == place) {
        true => Err(Why::Overwrites { path: output.to_owned() }.into()),
        false => Ok(()),
    }
}

/// Refuses outputs of one command that would take each other's place. `-` counts like a file: two outputs on standard
/// output could not be told apart.
///
/// # Errors
/// [`Why::SameOutput`].
pub(crate) fn check_distinct(outputs: &[&Path]) -> Result<(), Refusal> {
    let twice = |(n, output): (usize, &&Path)| {
        outputs[..n].iter().any(|other| place(other) == place(output)).then(|| output.to_path_buf())
    };
    match outputs.iter().enumerate().find_map(twice) {
        Some(path) => Err(Why::SameOutput { path }.into()),
        None => Ok(()),
    }
}

/// A path without links and dots, as far as it is there.
fn place(path: &Path) -> PathBuf {
    let in_folder = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(std::fs::canonicalize(folder).ok()?.join(path.file_name()?))
    };
    std::fs::canonicalize(path).ok().or_else(in_folder).unwrap_or_else(|| path.to_owned())
}

/// Writes a whole file of the program's own, in place of the one before. What a user names is an [`OutFile`].
///
/// # Errors
/// [`Why::File`]; nothing is left behind then.
pub(super) fn write_own(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let mut file = OutFile::create(path, Existing::Replace)?;
    file.write(bytes)?;
    file.keep()
}

fn fault(path: &Path, source: std::io::Error) -> Refusal {
    Why::File(FileError { what: "write", path: path.to_owned(), source }).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), Refusal> {
        let mut file = OutFile::create(path, existing)?;
        file.write(bytes)?;
        file.keep()
    }

    #[test]
    fn a_file_is_replaced_only_on_request() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dump.bin");
        write(&path, b"first", Existing::Keep).unwrap();
        assert!(matches!(*write(&path, b"second", Existing::Keep).unwrap_err().why, Why::Exists { .. }));
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        write(&path, b"second", Existing::Replace).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        // One that comes while the output is written is kept too.
        let late = dir.path().join("late.bin");
        let file = OutFile::create(&late, Existing::Keep).unwrap();
        std::fs::write(&late, b"mine").unwrap();
        assert!(matches!(*file.keep().unwrap_err().why, Why::File(_)));
        assert_eq!(std::fs::read(&late).unwrap(), b"mine");
    }

    #[test]
    fn nothing_is_left_of_a_file_that_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.bin");
        let mut file = OutFile::create(&path, Existing::Keep).unwrap();
        file.write(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        write(&path, b"whole", Existing::Keep).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_a_device_is_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("out.bin"), dir.path().join("link"));
        std::fs::write(&path, b"old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write(&link, b"new", Existing::Replace).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(matches!(
            *write(Path::new("/dev/full"), b"x", Existing::Keep).unwrap_err().why,
            Why::File(_)
        ));
        assert!(!std::fs::metadata("/dev/full").unwrap().is_file());
    }

    #[test]
    fn inputs_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty.bin");
        std::fs::write(&empty, b"").unwrap();
        for (path, word) in
            [(empty, "is empty"), (dir.path().into(), "folder"), ("none.bin".into(), "none.bin")]
        {
            let refusal = read(&path).unwrap_err();
            assert!(matches!(*refusal.why, Why::Input(_) | Why::EmptyInput { .. }), "{refusal:?}");
            assert!(refusal.to_string().contains(word), "{refusal}");
        }
    }
}
