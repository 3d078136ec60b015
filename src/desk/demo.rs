//! An invented board and a vendor's file for it in a folder, and the programmer in software that has the board's chip.

use super::Refusal;
use super::files::{Existing, OutFile};
use super::why::Why;
use crate::image::synthetic;
use crate::workflow::files::FileError;
use std::path::{Path, PathBuf};

/// What was laid out.
#[derive(Clone, Debug)]
pub struct DemoBoard {
    /// The board, by its name here.
    pub board: &'static str,
    /// The contents of its chip.
    pub dump: PathBuf,
    /// What its owner wants on it.
    pub donor: PathBuf,
    /// The text that chooses the programmer with its chip.
    pub programmer: String,
}

/// Makes the folder and lays the board out in it.
///
/// # Errors
/// [`Why::Exists`] for a folder that is there already, [`Why::ProgrammerText`] for one whose name has a comma, [`Why::File`].
pub(crate) fn lay_out(dir: &Path) -> Result<DemoBoard, Refusal> {
    if dir.to_str().is_none_or(|text| text.contains(',')) {
        let (text, fault) = (dir.display().to_string(), "a comma would end the name of its file".to_owned());
        return Err(Why::ProgrammerText { text, fault }.into());
    }
    std::fs::create_dir(dir).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Refusal::from(Why::Exists { path: dir.to_owned() }),
        _ => Why::File(FileError { what: "make", path: dir.to_owned(), source }).into(),
    })?;
    let demo = synthetic::demo();
    let write = |name: &str, bytes: &[u8]| -> Result<PathBuf, Refusal> {
        let path = dir.join(name);
        let mut file = OutFile::create(&path, Existing::Keep)?;
        file.write(bytes)?;
        file.keep()?;
        Ok(path)
    };
    let (dump, donor) = (write("board.bin", &demo.board)?, write("vendor.bin", &demo.vendor)?);
    let programmer = format!("emu:image={},state={}", dump.display(), dir.join("chip").display());
    Ok(DemoBoard { board: "archer-mr200-v1", dump, donor, programmer })
}
