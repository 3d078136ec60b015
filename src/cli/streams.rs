//! Files that the user names: the one way in and the one way out. `-` is standard input where a file is read, and
//! standard output where one is written; no file is replaced unless the user says so.

use super::exit::Failure;
use super::questions;
use super::session::Session;
use crate::desk::files::{self, Existing, Form, INPUT_MAX, ImageFile, OutFile};
use crate::desk::{Input, Question, Refusal, Why};
use crate::units;
use clap::ValueEnum;
use std::ffi::OsStr;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// The file name that means a standard stream. A file of that name is `./-`.
const STREAM: &str = "-";

/// Whether standard input was read: it can be read once, whichever options name it.
static STDIN_READ: AtomicBool = AtomicBool::new(false);

/// True for standard input or output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == STREAM
}

/// The image in an input file, or in standard input, from address 0 on.
///
/// # Errors
/// As [`files::read_image`]; exit code 1 where standard input cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(ImageFile::of(path, raw(path)?)?.from_zero(path)?)
}

/// The same with the address that it names; said to the user where it is a text of records.
///
/// # Errors
/// As [`read`].
pub fn image(session: &Session, path: &Path) -> Result<ImageFile, Failure> {
    let image = ImageFile::of(path, raw(path)?)?;
    if let Some(format) = image.text {
        let (title, size) = (format.title(), units::size(image.bytes.len() as u64));
        session.out.note(format!("{}: {title}, {size} from {:#x}", path.display(), image.start));
    }
    Ok(image)
}

/// The bytes of an input file, or of standard input, as they are.
fn raw(path: &Path) -> Result<Vec<u8>, Failure> {
    if !is_stream(path) {
        return Ok(files::read(path)?);
    }
    if STDIN_READ.swap(true, Ordering::Relaxed) {
        return Err(Failure::refused("'-' is named twice: standard input can be read only once")
            .hint("name a file in place of all but one '-'"));
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(INPUT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::failed(format!("cannot read standard input: {error}")))?;
    match bytes.len() as u64 {
        0 => Err(Refusal::from(Why::EmptyInput { path: "standard input".into() }).into()),
        1..=INPUT_MAX => Ok(bytes),
        _ => Err(Failure::refused("standard input has more than 1 GiB: no flash is that large")),
    }
}

/// An input of the desk: a file by its name, standard input by its bytes.
///
/// # Errors
/// As [`read`], for standard input.
pub fn input(path: &Path) -> Result<Input, Failure> {
    match is_stream(path) {
        true => Ok(Input::Bytes { name: STREAM.to_owned(), bytes: raw(path)? }),
        false => Ok(path.into()),
    }
}

/// True for a part of standard input: `-@OFFSET`, `-:PART`.
pub fn is_part(name: &OsStr) -> bool {
    let rest = name.to_str().and_then(|text| text.strip_prefix(STREAM));
    rest.is_some_and(|rest| rest.starts_with(['@', ':']))
}

/// The same of a donor, which may be a part: `-@OFFSET` and `-:PART` are parts of standard input, unless a file is called so.
///
/// # Errors
/// As [`input`].
pub fn donor(path: &Path) -> Result<Input, Failure> {
    match path.to_str().filter(|text| is_part(text.as_ref()) && !path.exists()) {
        Some(text) => Ok(Input::Bytes { name: text.to_owned(), bytes: raw(Path::new(STREAM))? }),
        None => input(path),
    }
}

/// An output file, or standard output; what is printed for people goes to standard error then. A file that is there
/// already is replaced with `--force`, or by a yes on a terminal; one of `inputs`, the files that the command reads, never is.
///
/// # Errors
/// As [`files::check_apart`] and [`OutFile::create`]; exit code 2 where JSON is printed on standard output too.
pub fn create(session: &Session, path: &Path, inputs: &[&Path]) -> Result<OutFile, Failure> {
    if !is_stream(path) {
        files::check_apart(path, inputs)?;
        return Ok(OutFile::create(path, existing(session, path)?)?);
    }
    if session.options.json {
        return Err(Failure::refused("'-' and --json both write to standard output").hint("name a file"));
    }
    session.out.leave_stdout_to_data();
    Ok(OutFile::to_stream("standard output", Box::new(std::io::stdout())))
}

/// How an image is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// The bytes as they are.
    Bin,
    /// Intel HEX.
    Ihex,
    /// Motorola S-records.
    Srec,
}

impl FileFormat {
    /// The form that it is.
    pub fn form(self) -> Form {
        match self {
            Self::Bin => Form::Bin,
            Self::Ihex => Form::Ihex,
            Self::Srec => Form::Srec,
        }
    }
}

/// The bytes of an image as its file has them: as the option says, or else the ending of the name.
///
/// # Errors
/// Exit code 2 where records cannot say the address.
pub fn as_file(
    path: &Path,
    format: Option<FileFormat>,
    start: u64,
    bytes: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    Ok(files::as_file(path, format.map(FileFormat::form), start, bytes)?)
}

/// Writes a whole output file, or all of standard output, for a command that reads no file.
///
/// # Errors
/// As [`create`] and [`OutFile::write`].
pub fn write(session: &Session, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = create(session, path, &[])?;
    file.write(bytes)?;
    Ok(file.keep()?)
}

/// Writes files into a folder, which is made when missing, for a command that reads no file: all of them, or none where
/// one cannot be written.
///
/// # Errors
/// As [`create`]; exit code 1 where the folder cannot be made.
pub fn write_into(
    session: &Session,
    dir: &Path,
    files: &[(String, Vec<u8>)],
) -> Result<Vec<PathBuf>, Failure> {
    std::fs::create_dir_all(dir).map_err(|error| cannot_make(dir, &error))?;
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.join(name)).collect();
    let mut open = paths.iter().map(|path| create(session, path, &[])).collect::<Result<Vec<_>, _>>()?;
    for (file, (_, bytes)) in open.iter_mut().zip(files) {
        file.write(bytes)?;
    }
    open.into_iter().try_for_each(OutFile::keep)?;
    Ok(paths)
}

/// A folder that cannot be made.
pub fn cannot_make(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot make the folder {}: {error}", dir.display()))
}

/// What becomes of a file at `path`; asked where someone is there to ask.
fn existing(session: &Session, path: &Path) -> Result<Existing, Failure> {
    if session.options.force {
        return Ok(Existing::Replace);
    }
    if !path.is_file() || !std::io::stdin().is_terminal() {
        return Ok(Existing::Keep);
    }
    questions::ask(session, &Question::ReplaceFile(path), false).map(|_| Existing::Replace)
}
