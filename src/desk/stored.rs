//! Care for what the store holds: backups checked, and dumps of other tools taken over.

use super::{Refusal, files};
use crate::image::container::item::Outcome;
use crate::image::fitness::{Use, judge};
use crate::image::inspect::inspect;
use crate::image::{Board, Finding};
use crate::workflow::{Import, Manifest, Store, StoreError, contents_of_archive};
use std::path::Path;

/// A backup that was checked: its manifest, or what is wrong with it.
pub(crate) type CheckedBackup = (String, Result<Manifest, String>);

/// Checks every file of a backup, or of all of them, against its checksum.
///
/// # Errors
/// [`Why::Store`](super::Why::Store) where one cannot be read at all. Damage is a result.
pub(crate) fn verify_backups(store: &Store, id: Option<&str>) -> Result<Vec<CheckedBackup>, Refusal> {
    let ids = match id {
        Some(id) => vec![store.find(id)?],
        None => store.list()?.into_iter().map(|backup| backup.id).collect(),
    };
    let check = |id: String| match store.verify(&id) {
        Ok(manifest) => Ok((id, Ok(manifest))),
        Err(StoreError::Damaged { fault, .. }) => Ok((id, Err(fault))),
        Err(other) => Err(other.into()),
    };
    ids.into_iter().map(check).collect()
}

/// The dump in a file that is to become a backup: its bytes, or the contents of a backup that was packed into one file.
///
/// # Errors
/// As [`files::read_image`]; [`Why::Store`](super::Why::Store) for a packed backup that is damaged.
pub fn dump(path: &Path) -> Result<Vec<u8>, Refusal> {
    let bytes = files::read_image(path)?;
    Ok(contents_of_archive(&bytes)?.unwrap_or(bytes))
}

/// What speaks against a dump that is taken over: it is kept all the same, but not without a word.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// A check on a dump of the board that was named.
    Finding(Finding),
    /// A check of the contents that is bad, in words.
    Check(String),
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finding(finding) => finding.fmt(f),
            Self::Check(text) => f.write_str(text),
        }
    }
}

/// What speaks against this dump.
///
/// # Errors
/// [`Why::Image`](super::Why::Image) for a board that is not known.
pub(crate) fn doubts(import: &Import) -> Result<Vec<Doubt>, Refusal> {
    if let Some(board) = &import.board {
        let findings = judge(import.flash.clone(), &import.source, Use::Dump, Board::named(board)?)?;
        return Ok(findings.into_iter().map(Doubt::Finding).collect());
    }
    let checks = inspect(&import.flash).checks;
    let bad = checks.iter().filter(|check| check.result == Outcome::Bad);
    Ok(bad.map(|check| Doubt::Check(format!("{}: {}", check.name, check.detail))).collect())
}

/// What a single dump is worth.
pub(crate) const SINGLE: &str = "a single dump proves nothing about the reading";
