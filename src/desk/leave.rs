//! Where the store may vanish, as in a browser's tab: nothing is erased before the backup is somewhere else, too.
//!
//! The front end saves a file of the backup, reads it back from where it was saved, and answers with the SHA-256 of what it
//! has read ([`Question::KeepBackup`]). The desk compares it with the backup's own. It asks for the contents of the array, and
//! for each security register that is not blank.

use super::conditions::Desk;
use super::front::Front;
use super::question::{KeepQuestion, Question, WriteQuestion};
use super::why::Why;
use super::{Refusal, files};
use crate::workflow::otp::file_name;
use crate::workflow::{FLASH, FileEntry, Manifest, Store};
use std::path::Path;

/// That a backup is where it cannot vanish with the store. Whoever asks whether to write has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Safe(());

impl Desk {
    /// Makes sure that the backup is safe; asks where its store may vanish and its contents are not known to be elsewhere.
    ///
    /// # Errors
    /// [`Why::BackupNotElsewhere`].
    pub(super) fn safe(&self, front: &dyn Front, store: &Store, backup: &Manifest) -> Result<Safe, Refusal> {
        if !self.store_may_vanish || self.dry_run {
            return Ok(Safe(()));
        }
        let folder = store.root().join(&backup.id);
        for entry in backup.files.iter().filter(|entry| !self.elsewhere.has(&entry.sha256)) {
            let file = folder.join(&entry.name);
            if entry.name != FLASH && !holds_register(&entry.name, &file)? {
                continue;
            }
            let FileEntry { sha256, size, .. } = entry;
            let asked = KeepQuestion { backup: &backup.id, file: &file, sha256, size: *size };
            if !front.confirms(&Question::KeepBackup(asked)) {
                return Err(Refusal::from(Why::BackupNotElsewhere { id: backup.id.clone() }).untouched());
            }
            self.elsewhere.add(sha256);
        }
        Ok(Safe(()))
    }
}

/// True for the file of a security register that holds something.
fn holds_register(name: &str, file: &Path) -> Result<bool, Refusal> {
    Ok((0..=u8::MAX).any(|index| file_name(index) == name)
        && files::read(file)?.iter().any(|byte| *byte != 0xff))
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

#[cfg(test)]
mod tests {
    use super::super::programmer::ProgrammerChoice;
    use super::super::{Answer, Notice, Place, Put, PutContents};
    use super::*;
    use crate::image::Allow;
    use crate::workflow::ChipState;
    use std::cell::RefCell;
    use std::ops::ControlFlow;

    /// Answers the question about the backup in this way, and every other one with yes; keeps their kinds.
    struct Answers(fn(&KeepQuestion<'_>) -> Answer, RefCell<Vec<&'static str>>);

    impl Front for Answers {
        fn notice(&self, _: Notice<'_>) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn ask(&self, question: &Question<'_>) -> Answer {
            self.1.borrow_mut().push(question.kind());
            match question {
                Question::KeepBackup(asked) => self.0(asked),
                other => Answer::Yes(other.digest()),
            }
        }
    }

    fn read_back(asked: &KeepQuestion<'_>) -> Answer {
        Answer::ReadBack(crate::image::sha256(&std::fs::read(asked.file).unwrap()))
    }

    #[test]
    fn where_the_store_may_vanish_nothing_is_written_before_the_backup_was_read_back_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("chip").display().to_string();
        let programmer = ProgrammerChoice::parse(&format!("emu:chip=P25D40SH,state={state}")).unwrap();
        let desk = Desk { programmer, store_may_vanish: true, ..Desk::default() };
        let store = Store::open_locked(&folder.path().join("store")).unwrap();
        let put = |answer, byte: u8| {
            let front = Answers(answer, RefCell::default());
            let (bytes, place) = ([byte; 0x1000], Place::At(0x2000, None));
            let contents = PutContents::Bytes(&bytes);
            let put = Put { place: &place, contents, board: None, layout: None, allow: Allow::new(["all"]) };
            let done = desk.put(&front, &store, &put).map(|(_, report)| report.chip);
            (done, front.1.into_inner())
        };
        let wrong: [fn(&KeepQuestion<'_>) -> Answer; 4] = [
            |_| Answer::No,
            |_| Answer::Phrase("yes".to_owned()),
            |_| Answer::ReadBack("0".repeat(64)),
            |asked| Answer::Yes(Question::KeepBackup(*asked).digest()),
        ];
        for answer in wrong {
            let (done, asked) = put(answer, 0x11);
            let refusal = done.unwrap_err();
            assert!(matches!(*refusal.why, Why::BackupNotElsewhere { .. }), "{refusal:?}");
            assert_eq!((refusal.chip, asked), (Some(ChipState::Untouched), vec!["keep-backup"]));
        }
        let (done, asked) = put(read_back, 0x11);
        assert_eq!((done.unwrap(), asked), (ChipState::Written, vec!["keep-backup", "write"]));
        // The same contents again are known to be elsewhere; other ones are not.
        let (done, asked) = put(read_back, 0x01);
        assert_eq!((done.unwrap(), asked), (ChipState::Written, vec!["keep-backup", "write"]));
        let plain = Desk { store_may_vanish: false, ..desk.clone() };
        // A register that holds something has a file of its own to be saved; blank ones have nothing to lose.
        let yes = Answers(|_| Answer::No, RefCell::default());
        plain.program_registers(&yes, &store, vec![(2, b"operator".to_vec())]).unwrap();
        let (done, asked) = put(read_back, 0x00);
        assert_eq!((done.unwrap(), asked), (ChipState::Written, vec!["keep-backup", "keep-backup", "write"]));
        let before = store.list().unwrap()[0].manifest.clone().unwrap();
        assert!(desk.elsewhere.has(&before.sha256));
        assert!(plain.safe(&Answers(|_| Answer::No, RefCell::default()), &store, &before).is_ok());
    }
}
