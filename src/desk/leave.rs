//! Where the store may vanish, as in a browser's tab: nothing is erased before the backup is somewhere else, too.
//!
//! The front end saves the backup's contents, reads them back from where they were saved, and answers with the SHA-256 of
//! what it has read ([`Question::KeepBackup`]). The desk compares it with the backup's own.

use super::Refusal;
use super::conditions::Desk;
use super::front::Front;
use super::question::{KeepQuestion, Question, WriteQuestion};
use super::refusal::Why;
use crate::workflow::{Manifest, Store};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The contents that are somewhere else, too, by their SHA-256. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere(Arc<Mutex<BTreeSet<String>>>);

/// That a backup is where it cannot vanish with the store. Whoever asks whether to write has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Safe(());

impl Desk {
    /// Makes sure that the backup is safe; asks where its store may vanish and its contents are not known to be elsewhere.
    ///
    /// # Errors
    /// [`Why::BackupNotElsewhere`].
    pub(super) fn safe(&self, front: &dyn Front, store: &Store, backup: &Manifest) -> Result<Safe, Refusal> {
        let known = |all: &BTreeSet<String>| all.contains(&backup.sha256);
        let mut elsewhere = self.elsewhere.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.store_may_vanish || self.dry_run || known(&elsewhere) {
            return Ok(Safe(()));
        }
        let file: PathBuf = store.root().join(&backup.id).join("flash.bin");
        let asked =
            KeepQuestion { backup: &backup.id, file: &file, sha256: &backup.sha256, size: backup.size };
        if !front.confirms(&Question::KeepBackup(asked)) {
            return Err(Refusal::from(Why::BackupNotElsewhere { id: backup.id.clone() }).untouched());
        }
        elsewhere.insert(backup.sha256.clone());
        Ok(Safe(()))
    }
}

/// The question whether to write, asked once the backup is safe.
pub(super) struct Asking<'a> {
    desk: &'a Desk,
    front: &'a dyn Front,
    store: &'a Store,
    /// Why the backup is not safe.
    refused: Option<Refusal>,
}

impl<'a> Asking<'a> {
    pub fn new(desk: &'a Desk, front: &'a dyn Front, store: &'a Store) -> Self {
        Self { desk, front, store, refused: None }
    }

    /// Asks; no where the backup is not safe.
    pub fn confirms(&mut self, asked: WriteQuestion<'_>) -> bool {
        match self.desk.safe(self.front, self.store, asked.proposal.backup) {
            Ok(safe) => ask(self.front, asked, safe),
            Err(refusal) => {
                self.refused = Some(refusal);
                false
            }
        }
    }

    /// What came of the job; where the backup is not safe, that.
    pub fn settle<T>(self, done: Result<T, Refusal>) -> Result<T, Refusal> {
        match (done, self.refused) {
            (Err(_), Some(refusal)) => Err(refusal),
            (done, _) => done,
        }
    }
}

/// Nobody is asked whether to write before the backup is safe.
fn ask(front: &dyn Front, asked: WriteQuestion<'_>, _: Safe) -> bool {
    front.confirms(&Question::Write(asked))
}
