//! Why a command line of flashrom is not translated.

use crate::programmer::flashrom::NoEquivalent;

/// Why a line is not translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A word is not text.
    NotText,
    /// No option of flashrom.
    UnknownOption(String),
    /// The beginning of several options.
    AmbiguousOption(String),
    /// An option without its value.
    NoValue(String),
    /// An option with a value that it does not take.
    NeedlessValue(String),
    /// A word that belongs to no option.
    ExtraWord(String),
    /// Two operations at once.
    TwoOperations(String, String),
    /// Two maps at once.
    TwoMaps,
    /// Two programmers.
    TwoProgrammers,
    /// The programmer or one of its parameters.
    Programmer(NoEquivalent),
    /// No programmer of flashrom's, and none of ours.
    UnknownProgrammer(String),
    /// Regions without a map.
    RegionsWithoutMap,
    /// An operation without a file.
    NoFile(String),
    /// Several regions into one file, or compared with one.
    SeveralRegions(String),
    /// Checks are passed over by name only.
    Force(String),
    /// Every region into a file of its name.
    Extract,
    /// A list for a wiki.
    WikiList,
    /// The pin is not made to guard the protection.
    PinProtection,
    /// A protected region by name.
    WpRegion(String),
    /// A range that is not start and length.
    WpRange(String),
    /// Protection is changed and something else done on one line.
    WpWithOperation,
    /// Replay-protected counters.
    Counter(String),
}
