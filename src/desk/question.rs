//! What the user is asked before something that cannot be taken back, and how an answer names what it answers.
//!
//! Each question has a [`Digest`] of what it is about. A yes carries the digest of the question that was shown, so that an
//! answer that arrives late, or from another window, never confirms anything else.

use crate::flash::{ProtectionPlan, SecurityRegister};
use crate::image::{Layout, sha256};
use crate::plan::{Erase, Plan};
use crate::workflow::job::Proposal;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The SHA-256, in hex, of what a question is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Of facts in their order.
    fn of(facts: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for fact in facts {
            // The lengths keep facts apart.
            bytes.extend((fact.len() as u64).to_le_bytes());
            bytes.extend(*fact);
        }
        Self(sha256(&bytes))
    }

    /// Of a plan.
    pub(crate) fn of_plan(plan: &Plan) -> Self {
        let mut facts = Vec::new();
        for step in &plan.steps {
            let erase = match &step.erase {
                None => "none".to_owned(),
                Some(Erase::Block(kind)) => format!("{:02x} {}", kind.opcode, kind.size),
                Some(Erase::Chip { opcode, .. }) => format!("chip {opcode:02x}"),
            };
            let spans = std::iter::once(&step.block).chain(&step.program).chain([&step.verify]);
            facts.push(erase.into_bytes());
            facts.push(spans.flat_map(|s| [s.start, s.end]).flat_map(u64::to_le_bytes).collect());
        }
        Self::of(&facts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Digest {
    /// A digest as a front end received it.
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// What the user is asked. The chip is untouched so far.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Question<'a> {
    /// Whether a backup is somewhere else than in a store that may vanish. The SHA-256 of what was read back there is the
    /// yes, and no option answers it.
    KeepBackup(KeepQuestion<'a>),
    /// Whether to carry out this plan.
    Write(WriteQuestion<'a>),
    /// Whether to program or erase security registers.
    Registers(RegistersQuestion<'a>),
    /// Whether to lock a security register forever. Only the typed phrase is a yes, and no option answers it.
    Lock(LockQuestion<'a>),
    /// Whether to write protection bits that survive power-off.
    Protect(&'a ProtectionPlan),
    /// Whether to remove a backup that nothing replaces.
    RemoveBackup(RemoveQuestion<'a>),
    /// Whether to remove these backups, each of which a newer one of its chip equals.
    PruneBackups(&'a [String]),
    /// Whether to replace a file of the user's.
    ReplaceFile(&'a Path),
    /// Whether to give up an open job: the chip stays as it is.
    DropJob {
        /// The job.
        job: &'a str,
    },
}

/// A backup to be saved elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct KeepQuestion<'a> {
    /// The backup.
    pub backup: &'a str,
    /// The file with its contents.
    pub file: &'a Path,
    /// Their SHA-256.
    pub sha256: &'a str,
    /// Their bytes.
    pub size: u64,
}

/// A plan to confirm.
#[derive(Clone, Copy)]
pub struct WriteQuestion<'a> {
    /// The backup that was just stored, the contents before and after, the plan.
    pub proposal: &'a Proposal<'a>,
    /// The map that names regions, where the board is known.
    pub layout: Option<&'a Layout>,
}

/// Security registers to change.
#[derive(Clone, Copy, Debug)]
pub struct RegistersQuestion<'a> {
    /// The backup that holds the registers as they are now.
    pub backup: &'a str,
    /// Each register as it is, and the bytes that it is to begin with; none erases it.
    pub changes: &'a [RegisterChange],
}

/// A security register and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterChange {
    /// As it is now.
    pub now: SecurityRegister,
    /// What it is to begin with; none erases it.
    pub wanted: Option<Vec<u8>>,
}

/// A security register to lock.
#[derive(Clone, Copy, Debug)]
pub struct LockQuestion<'a> {
    /// The register as it is now.
    pub register: &'a SecurityRegister,
    /// What has to be typed.
    pub phrase: &'a str,
}

/// A backup to remove.
#[derive(Clone, Copy, Debug)]
pub struct RemoveQuestion<'a> {
    /// The backup.
    pub backup: &'a str,
    /// Its chip has no other backup.
    pub only_of_chip: bool,
    /// No other backup has these contents.
    pub only_with_contents: bool,
    /// The jobs that began with it; their reports need it.
    pub jobs: &'a [String],
}

impl Question<'_> {
    /// Its kind, as a name.
    pub fn kind(&self) -> &'static str {
        match self {
            Question::KeepBackup(_) => "keep-backup",
            Question::Write(_) => "write",
            Question::Registers(_) => "security-registers",
            Question::Lock(_) => "lock",
            Question::Protect(_) => "protect",
            Question::RemoveBackup(_) => "remove-backup",
            Question::PruneBackups(_) => "prune-backups",
            Question::ReplaceFile(_) => "replace-file",
            Question::DropJob { .. } => "drop-job",
        }
    }

    /// The digest of what it is about.
    pub fn digest(&self) -> Digest {
        let kind = self.kind().as_bytes();
        match self {
            Question::KeepBackup(asked) => {
                Digest::of(&[kind, asked.backup.as_bytes(), asked.sha256.as_bytes()])
            }
            Question::Write(WriteQuestion { proposal, .. }) => {
                let plan = Digest::of_plan(proposal.plan);
                let (before, after) = (sha256(proposal.current), sha256(proposal.wanted));
                Digest::of(&[
                    kind,
                    proposal.backup.id.as_bytes(),
                    plan.0.as_bytes(),
                    before.as_bytes(),
                    after.as_bytes(),
                ])
            }
            Question::Registers(asked) => {
                let facts = asked.changes.iter().flat_map(|change| {
                    let (action, wanted) = match &change.wanted {
                        Some(bytes) => (&b"program"[..], bytes.as_slice()),
                        None => (&b"erase"[..], &[][..]),
                    };
                    [action, std::slice::from_ref(&change.now.index), &change.now.bytes, wanted]
                });
                Digest::of(&[kind, asked.backup.as_bytes()].into_iter().chain(facts).collect::<Vec<_>>())
            }
            Question::Lock(asked) => {
                let index = std::slice::from_ref(&asked.register.index);
                Digest::of(&[kind, index, &asked.register.bytes, asked.phrase.as_bytes()])
            }
            Question::Protect(plan) => {
                let writes = plan.writes().into_iter();
                let writes: String =
                    writes.map(|(register, now, then)| format!("{register:?} {now} {then};")).collect();
                let (lift, set) = (plan.lift.to_string(), format!("{:?}", plan.set));
                Digest::of(&[kind, writes.as_bytes(), lift.as_bytes(), set.as_bytes()])
            }
            Question::RemoveBackup(asked) => Digest::of(&[kind, asked.backup.as_bytes()]),
            Question::PruneBackups(ids) => {
                let ids = ids.iter().map(String::as_bytes);
                Digest::of(&std::iter::once(kind).chain(ids).collect::<Vec<_>>())
            }
            Question::ReplaceFile(path) => Digest::of(&[kind, path.as_os_str().as_encoded_bytes()]),
            Question::DropJob { job } => Digest::of(&[kind, job.as_bytes()]),
        }
    }

    /// Whether this answer confirms it.
    pub fn is_confirmed_by(&self, answer: &Answer) -> bool {
        match (self, answer) {
            (Question::Lock(asked), Answer::Phrase(typed)) => {
                typed.trim_end_matches(['\r', '\n']) == asked.phrase
            }
            (Question::KeepBackup(asked), Answer::ReadBack(sha256)) => asked.sha256 == sha256,
            (Question::Lock(_) | Question::KeepBackup(_), _) => false,
            (_, Answer::No | Answer::Phrase(_) | Answer::ReadBack(_)) => false,
            (_, Answer::Yes(digest)) => *digest == self.digest(),
        }
    }
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Not confirmed.
    No,
    /// Confirmed: the question with this digest was shown.
    Yes(Digest),
    /// What was typed in place of a yes.
    Phrase(String),
    /// The SHA-256 of what was read back from where a backup was saved.
    ReadBack(String),
}
