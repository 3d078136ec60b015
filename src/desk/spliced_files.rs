//! The files that a splice is written to: which part of the image each gets, and under which name.

use super::Refusal;
use super::files::Form;
use super::why::Why;
use crate::image::{Board, Purpose, chips};
use crate::span::Span;
use std::path::{Path, PathBuf};

/// The files to write, and which part of the image each gets: one file all of it, two files the two chips of a flash.
/// `swapped` where the dumps were given in the other order.
///
/// # Errors
/// [`Why::NotTwoChips`], [`Why::TooManyFiles`], [`Why::IsFolder`].
pub fn parts(
    outputs: &[PathBuf],
    purpose: Purpose,
    board: &Board,
    image: &[u8],
    swapped: bool,
) -> Result<Vec<(PathBuf, Span)>, Refusal> {
    let halves = || chips::halves(board, image).filter(|_| purpose == Purpose::Programmer);
    let halves = match outputs {
        [one] => return Ok(vec![(target(one, purpose, board)?, Span::new(0, image.len() as u64))]),
        [_, _] => halves().ok_or_else(|| Why::NotTwoChips { board: board.name.clone() })?,
        _ => return Err(Why::TooManyFiles { count: outputs.len() }.into()),
    };
    let [first, second] = halves;
    let order = if swapped { [second, first] } else { [first, second] };
    outputs.iter().zip(order).map(|(path, part)| Ok((target(path, purpose, board)?, part))).collect()
}

/// Refuses a form for programmers where the file is for a loader.
///
/// # Errors
/// [`Why::LoaderTakesBytes`].
pub(crate) fn check_form(form: Option<Form>, purpose: Purpose) -> Result<(), Refusal> {
    match form.is_some_and(|form| form != Form::Bin) && purpose != Purpose::Programmer {
        true => Err(Why::LoaderTakesBytes { purpose: purpose.name() }.into()),
        false => Ok(()),
    }
}

/// The file to write; in a folder, by the loader's name.
fn target(output: &Path, purpose: Purpose, board: &Board) -> Result<PathBuf, Refusal> {
    if !output.is_dir() {
        return Ok(output.to_owned());
    }
    let name = board.recovery.as_ref().and_then(|recovery| recovery.file.as_deref());
    match (purpose, name) {
        (Purpose::Tftp, Some(name)) => Ok(output.join(name)),
        _ => Err(Why::IsFolder { path: output.to_owned() }.into()),
    }
}
