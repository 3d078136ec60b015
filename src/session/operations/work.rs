//! One request at work: its desk, the store, files that it names, and why it has no result.

use super::super::start::Start;
use super::super::talk::Talk;
use crate::desk::files::{Existing, OutFile, check_apart};
use crate::desk::programmer::ProgrammerChoice;
use crate::desk::subject::{Dump, Named, Subject};
use crate::desk::{Desk, PlaceError, Refusal, Why, allowed, files};
use crate::flash::{Assumed, AssumedFault};
use crate::image::{Allow, Image, ImageError};
use crate::span::Span;
use crate::spi::LinkError;
use crate::units::parse_size;
use crate::wire::Fields;
use crate::wire::options::Options;
use crate::workflow::{Store, StoreError};
use std::path::Path;

/// One request at work.
pub struct Work<'a, 't> {
    pub front: &'a Talk<'t>,
    pub start: &'a Start,
}

/// Why there is no result.
pub enum Fault {
    /// The request makes no sense; nothing was begun.
    Request(String),
    /// The desk refused it, or it failed.
    Refused(Refusal),
}

impl From<AssumedFault> for Fault {
    fn from(fault: AssumedFault) -> Self {
        Self::Request(fault.to_string())
    }
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Request(why)
    }
}

macro_rules! refused_by {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Refused(error.into())
            }
        })*
    };
}

refused_by!(Refusal, StoreError, ImageError, LinkError, PlaceError, Why);

/// What an operation gives.
pub type Outcome = Result<Fields, Fault>;

impl Work<'_, '_> {
    /// The session's desk, with what the request says otherwise.
    pub fn desk(&self, options: &Options) -> Result<Desk, Fault> {
        let mut desk = self.start.desk.clone();
        if let Some(text) = options.text("programmer")? {
            desk.programmer = ProgrammerChoice::parse(text)?;
        }
        desk.wait |= options.flag("wait")?;
        desk.voltage_adapter |= options.flag("voltage_adapter")?;
        desk.dry_run |= options.flag("dry_run")?;
        desk.allow = self.allow(options)?;
        match (options.text("part")?, options.text("size")?) {
            (None, None) => {}
            (Some(name), None) => desk.assumed = Some(Assumed::part(name)?),
            (None, Some(size)) => desk.assumed = Some(Assumed::size(parse_size(size)?)?),
            (Some(_), Some(_)) => return Err("give \"part\" or \"size\", not both".to_owned().into()),
        }
        Ok(desk)
    }

    /// The checks that may pass: those of the request, or else the session's.
    pub fn allow(&self, options: &Options) -> Result<Allow, Fault> {
        match options.texts("allow")? {
            none if none.is_empty() => Ok(self.start.desk.allow.clone()),
            names => Ok(allowed(names)?),
        }
    }

    /// The store, for looking.
    pub fn store(&self) -> Store {
        Store::open(&self.start.store)
    }

    /// The store, for work.
    pub fn store_to_write(&self) -> Result<Store, Fault> {
        Ok(Store::open_locked(&self.start.store)?)
    }

    /// The contents of a file or backup.
    pub fn contents(&self, what: &str) -> Result<Image, Fault> {
        match Named::parse(what) {
            Named::Dump(dump) => dump.image(|| Ok(self.store())),
            Named::Chip => Err("it is read by \"backup\", and then looked at as a backup".to_owned().into()),
        }
    }

    /// All of a file, a backup, or the chip on the clip.
    pub fn subject(&self, options: &Options, what: &str) -> Result<Subject, Fault> {
        let whole = |size| Ok::<_, Fault>(Span::new(0, size));
        match Named::parse(what) {
            Named::Chip => self.desk(options)?.chip_subject(self.front, Some(&self.store()), whole),
            Named::Dump(Dump::File(path)) => {
                Subject::of_bytes(what.to_owned(), files::read_image(path)?, whole)
            }
            Named::Dump(Dump::Backup(name)) => Subject::of_backup(&self.store(), name, whole),
        }
    }

    /// A file that the request names to be written; one that is there is replaced with `force` only, and one that is read
    /// for it never.
    pub fn create(&self, options: &Options, path: &Path, inputs: &[&Path]) -> Result<OutFile, Fault> {
        check_apart(path, inputs)?;
        let existing = if options.flag("force")? { Existing::Replace } else { Existing::Keep };
        Ok(OutFile::create(path, existing)?)
    }
}
