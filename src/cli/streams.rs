//! `-` in place of a file name: standard input where a file is read, standard output where one is written.

use super::exit::Failure;
use super::session::Session;
use crate::desk::files::{self, INPUT_MAX, OutFile};
use crate::desk::{Input, Refusal, Why};
use std::io::Read;
use std::path::Path;

/// The file name that means a standard stream. A file of that name is `./-`.
const STREAM: &str = "-";

/// True for standard input or output.
pub fn is_stream(path: &Path) -> bool {
    path.as_os_str() == STREAM
}

/// The bytes of an input file, or of standard input.
///
/// # Errors
/// As [`files::read`]; exit code 1 where standard input cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    if !is_stream(path) {
        return Ok(files::read(path)?);
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
        true => Ok(Input::Bytes { name: STREAM.to_owned(), bytes: read(path)? }),
        false => Ok(path.into()),
    }
}

/// An output file, or standard output; what is printed for people goes to standard error then.
///
/// # Errors
/// As [`OutFile::create`]; exit code 2 where JSON is printed on standard output too.
pub fn create(session: &Session, path: &Path) -> Result<OutFile, Failure> {
    if !is_stream(path) {
        return Ok(OutFile::create(path)?);
    }
    if session.options.json {
        return Err(Failure::refused("'-' and --json both write to standard output").hint("name a file"));
    }
    session.out.leave_stdout_to_data();
    Ok(OutFile::to_stream("standard output", Box::new(std::io::stdout())))
}

/// Writes a whole output file, or all of standard output.
///
/// # Errors
/// As [`create`] and [`OutFile::write`].
pub fn write(session: &Session, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = create(session, path)?;
    file.write(bytes)?;
    Ok(file.keep()?)
}
