//! What is known of a legacy BIOS, whoever made it.

use crate::span::Span;

/// More modules than any BIOS has: the work stays bounded.
pub(super) const MOST_MODULES: usize = 128;
/// The longest module that is unpacked.
pub(super) const LONGEST: u64 = 1 << 20;

/// A module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// What it is called: by a file's name, or the kind by its number.
    pub name: String,
    /// Where, with its head.
    pub span: Span,
    /// Its length when it is unpacked; `None` for what is not packed.
    pub unpacked: Option<u64>,
    /// Whether its own sum holds; `None` where it has none that is known.
    pub holds: Option<bool>,
}

/// A BIOS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Legacy {
    /// `Award`, `AMI` or `Phoenix`.
    pub maker: &'static str,
    /// The release, where the BIOS says one.
    pub release: Option<String>,
    /// The board by the maker's own number, where the BIOS has one that is known.
    pub board: Option<String>,
    /// Its modules in order of address.
    pub modules: Vec<Module>,
    /// What starts the board and unpacks the rest, where it is known: never packed.
    pub boot_block: Option<Span>,
    /// The plug-and-play configuration.
    pub escd: Vec<Span>,
}

impl Legacy {
    /// What is the release's: modules and boot block.
    pub fn code(&self) -> impl Iterator<Item = Span> {
        self.modules.iter().map(|module| module.span).chain(self.boot_block)
    }
}

/// A text of printable characters to its first NUL, without the spaces around it.
pub(super) fn text(field: &[u8]) -> Option<String> {
    let len = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let text = field[..len].trim_ascii();
    let plain = !text.is_empty() && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    plain.then(|| String::from_utf8_lossy(text).into_owned())
}
