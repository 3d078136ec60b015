//! What stopped something, as facts: one variant for each cause.
//!
//! The texts here name no command and no option. A front end makes its own words and advice from the variant.

use super::PlaceError;
use crate::emulator::OptionsError;
use crate::flash::FlashError;
use crate::image::ImageError;
use crate::image::records::TextFault;
use crate::spi::SpiError;
use crate::units;
use crate::workflow::files::FileError;
use crate::workflow::{Cause, StoreError};
use std::path::PathBuf;
use thiserror::Error as ErrorText;

/// The regions that there are, for the end of a sentence.
fn regions(known: &[String]) -> String {
    match known {
        [] => "; no map of this chip is known".to_owned(),
        known => format!(" of this chip: {}", known.join(", ")),
    }
}

/// What stopped it.
#[derive(Debug, ErrorText)]
#[non_exhaustive]
pub enum Why {
    /// The programmer, or the link to it.
    #[error(transparent)]
    Spi(SpiError),
    /// The chip, or the way to it.
    #[error(transparent)]
    Flash(FlashError),
    /// An image, or the checks on it.
    #[error(transparent)]
    Image(ImageError),
    /// The store.
    #[error(transparent)]
    Store(StoreError),
    /// A job.
    #[error(transparent)]
    Job(Cause),
    /// An input file.
    #[error(transparent)]
    Input(FileError),
    /// Any other file.
    #[error(transparent)]
    File(FileError),
    /// An input file without contents.
    #[error("{} is empty", .path.display())]
    EmptyInput {
        /// The file.
        path: PathBuf,
    },
    /// A text of records that is no image.
    #[error("{}: {fault}", .path.display())]
    TextImage {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: TextFault,
    },
    /// A text of records whose first byte belongs elsewhere.
    #[error("the first byte of {} belongs at address {start:#x}, and not at {at:#x}", .path.display())]
    Begins {
        /// The file.
        path: PathBuf,
        /// Where it belongs.
        start: u64,
        /// Where it would come to.
        at: u64,
    },
    /// An output that is also an input: the only copy of a dump would be gone.
    #[error("{} is read for this and would be overwritten", .path.display())]
    Overwrites {
        /// The file.
        path: PathBuf,
    },
    /// Two outputs of one command with one name.
    #[error("two outputs are to go to {}", .path.display())]
    SameOutput {
        /// The file.
        path: PathBuf,
    },
    /// A region is meant, and nothing maps the regions.
    #[error(
        "nothing on {name} maps its regions: no board is named there, no descriptor, FMAP or device tree is in it"
    )]
    NoMap {
        /// What was looked through.
        name: String,
    },
    /// The map has no such region.
    #[error("there is no region '{name}' in the map ({map})")]
    NoRegion {
        /// The name.
        name: String,
        /// The map.
        map: String,
        /// The regions that it has.
        known: Vec<String>,
    },
    /// A backup that would be lost with its store: it was not shown to be anywhere else.
    #[error("backup {id} is in a store that may vanish, and was not saved and read back elsewhere")]
    BackupNotElsewhere {
        /// The backup.
        id: String,
    },
    /// An erase that names no part of the chip.
    #[error("nothing is selected to erase")]
    NothingToErase,
    /// An erase from an address on, without a length.
    #[error("the length to erase is missing")]
    NoLength,
    /// Records of text that cannot say the address.
    #[error("{title} end at 4 GiB")]
    PastRecords {
        /// What they are called.
        title: &'static str,
    },
    /// A file for a loader, in a form for programmers.
    #[error("a loader takes bytes only, and the file is for {purpose}")]
    LoaderTakesBytes {
        /// What the file is for.
        purpose: &'static str,
    },
    /// Two files for a result that is not of two chips.
    #[error("two files are named, and the result is no image of the two chips of {board}")]
    NotTwoChips {
        /// The board.
        board: String,
    },
    /// More files than a flash has chips.
    #[error("{count} files are named: a flash has one chip or two")]
    TooManyFiles {
        /// How many.
        count: usize,
    },
    /// A folder where a file is to be written.
    #[error("{} is a folder", .path.display())]
    IsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// Something without security registers.
    #[error("{name} holds no security registers")]
    HoldsNoRegisters {
        /// What.
        name: String,
    },
    /// Backups whose files are damaged or edited.
    #[error("{damaged} of {all} backups damaged or edited")]
    BackupsDamaged {
        /// How many are damaged.
        damaged: usize,
        /// How many were looked at.
        all: usize,
    },
    /// An output that would take the place of a file.
    #[error("{} is there already{}", .path.display(), size_words(.path))]
    Exists {
        /// The file or folder.
        path: PathBuf,
    },
    /// An input that should be text.
    #[error("{name} is not a recipe: it is not text")]
    NotText {
        /// Its name.
        name: String,
    },
    /// What is wrong in an input.
    #[error("{name}: {error}")]
    InInput {
        /// Its name.
        name: String,
        /// The fault.
        error: ImageError,
    },
    /// A name that fits nothing.
    #[error("'{text}' is neither {}: {error}", .sought.words())]
    NotFound {
        /// The name.
        text: String,
        /// What it could have been.
        sought: Sought,
        /// Why the store does not have it.
        error: StoreError,
    },
    /// The text that chooses a programmer cannot be read.
    #[error("programmer '{text}': {fault}")]
    ProgrammerText {
        /// The text.
        text: String,
        /// What is wrong, and what would be right.
        fault: String,
    },
    /// Text that is neither an address nor a region's name.
    #[error("'{text}' is neither an address (0x20000, 128K) nor a region{}", regions(known))]
    PlaceText {
        /// As typed.
        text: String,
        /// The regions that there are; none without a map.
        known: Vec<String>,
    },
    /// Several programmers where one is needed.
    #[error("several programmers are named")]
    SeveralProgrammers,
    /// The same programmer more than once.
    #[error("programmer {text} is named twice")]
    SameProgrammer {
        /// The text that chooses it.
        text: String,
    },
    /// No programmer at all.
    #[error("no programmer is plugged in")]
    NoProgrammer,
    /// Something plugged in that cannot be used as a programmer.
    #[error("{0}")]
    UnusableProgrammer(String),
    /// The folder of an emulated chip.
    #[error("cannot use {} for the emulated chip: {source}", .path.display())]
    EmulatedFolder {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another run works on the emulated chip.
    #[error("the emulated chip in {} is in use by another run", .path.display())]
    EmulatedInUse {
        /// Its folder.
        path: PathBuf,
    },
    /// The state of an emulated chip cannot be read.
    #[error("{} is not a chip: {fault}", .path.display())]
    EmulatedState {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: String,
    },
    /// There is no such emulated programmer or chip.
    #[error(transparent)]
    Emulator(OptionsError),
    /// A check to be allowed that does not exist.
    #[error("there is no check '{name}'")]
    UnknownCheck {
        /// The name.
        name: String,
        /// The checks that can be allowed.
        known: Vec<&'static str>,
    },
    /// A check to be allowed that is never passed over.
    #[error("the check {name} cannot be passed over")]
    NeverAllowed {
        /// The name.
        name: String,
    },
    /// A donor under a name that means something else.
    #[error("donor {file}: 'own' and 'blank' name other sources")]
    DonorNameReserved {
        /// The donor's name.
        name: String,
        /// Its file.
        file: String,
    },
    /// One of several donors without a name.
    #[error("donor {file}: several donors need names")]
    DonorUnnamed {
        /// Its file.
        file: String,
    },
    /// Two donors of one name.
    #[error("donor {file}: two donors are called '{name}'")]
    DonorNameTaken {
        /// The name.
        name: String,
        /// The second one's file.
        file: String,
    },
    /// A place that does not fit.
    #[error(transparent)]
    Place(PlaceError),
    /// It is not known whether and how this part keeps one-time memory. Nothing was sent.
    #[error("how {part} keeps its one-time area is not known, so nothing was sent")]
    OtpUnknown {
        /// The part.
        part: String,
    },
    /// The part has no security registers.
    #[error("this part has no security registers")]
    NoRegisters,
    /// The part does not have this security register.
    #[error("{part} has no security register {index}; {}", existing_words(.existing))]
    NoRegister {
        /// The part.
        part: String,
        /// The register's number.
        index: u8,
        /// The numbers of those that it has.
        existing: Vec<u8>,
    },
    /// More bytes than a security register has.
    #[error("security register {index} holds {room} bytes, not the {len} that are given")]
    RegisterTooSmall {
        /// The register's number.
        index: u8,
        /// The bytes that it has.
        room: usize,
        /// The bytes that were given.
        len: usize,
    },
    /// A security register whose write failed: it may be half written.
    #[error(transparent)]
    RegisterInDoubt(FlashError),
    /// The phrase that confirms a lock was not typed.
    #[error("that is not the phrase; nothing was locked")]
    NotThePhrase,
    /// A backup without security registers.
    #[error("backup {id} holds no security registers")]
    BackupWithoutRegisters {
        /// The backup.
        id: String,
    },
    /// The chip on the clip is not of the board's size: another board's, or read wrongly.
    #[error("the chip on the clip ({part}) has {found:#x} bytes, the flash of {board} has {size:#x}")]
    OtherSize {
        /// The part on the clip.
        part: String,
        /// Its bytes.
        found: u64,
        /// The board.
        board: String,
        /// The bytes of its flash.
        size: u64,
    },
}

/// The size of a file, for the user to know which one it is.
fn size_words(path: &std::path::Path) -> String {
    let file = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    file.map_or(String::new(), |file| format!(" ({})", units::size(file.len())))
}

fn existing_words(existing: &[u8]) -> String {
    match existing {
        [] => "it has none".to_owned(),
        existing => {
            let numbers: Vec<String> = existing.iter().map(u8::to_string).collect();
            format!("it has {}", numbers.join(", "))
        }
    }
}

/// What a name could have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// A file or a backup.
    FileOrBackup,
    /// A file, the chip, or a backup.
    Subject,
    /// A job or a backup.
    JobOrBackup,
    /// The chip, a folder of a dump, or a backup.
    Registers,
}

impl Sought {
    fn words(self) -> &'static str {
        match self {
            Sought::FileOrBackup => "a file nor a backup",
            Sought::Subject => "a file, nor 'chip', nor a backup",
            Sought::JobOrBackup => "a job nor a backup",
            Sought::Registers => "'chip' nor a folder nor a backup",
        }
    }
}

impl From<Cause> for Why {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Flash(error) => error.into(),
            Cause::Store(error) => Why::Store(error),
            other => Why::Job(other),
        }
    }
}

impl From<FlashError> for Why {
    fn from(error: FlashError) -> Self {
        match error {
            FlashError::Spi(error) => Why::Spi(error),
            other => Why::Flash(other),
        }
    }
}
