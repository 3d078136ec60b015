//! BIOSes of the time before UEFI: Award's, AMI's and Phoenix's, by their modules.
//!
//! A BIOS is one of these where its own mark and its modules are there, and not by a text alone: a UEFI firmware may carry the
//! texts in its compatibility module, so it is only looked for where there is no volume. Code is the release's, whole; what
//! nothing names is judged as in any other PC's firmware. The plug-and-play configuration (ESCD) is the unit's.
//! Where a maker keeps its DMI pool no source says: it is a block without a name.

mod ami;
mod award;
mod escd;
mod phoenix;

use crate::span::Span;

/// More modules than any BIOS has: the work stays bounded.
const MOST_MODULES: usize = 128;
/// The longest module that is unpacked.
const LONGEST: u64 = 1 << 20;

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

/// The BIOS in `bytes`, which end where the processor starts.
pub fn find(bytes: &[u8]) -> Option<Legacy> {
    let mut found = [award::find, ami::find, phoenix::find].iter().find_map(|find| find(bytes))?;
    found.modules.sort_by_key(|module| module.span);
    let code: Vec<Span> = found.code().collect();
    let is_code = |span: &Span| code.iter().any(|code| code.overlaps(*span));
    found.escd = escd::find(bytes).into_iter().filter(|span| !is_code(span)).collect();
    Some(found)
}

/// A text of printable characters to its first NUL, without the spaces around it.
fn text(field: &[u8]) -> Option<String> {
    let len = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let text = field[..len].trim_ascii();
    let plain = !text.is_empty() && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    plain.then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
pub(in crate::image::pc) mod tests {
    pub(in crate::image::pc) use super::ami::tests::bios as ami;
    pub(in crate::image::pc) use super::award::tests::{bios as award, of_board as award_of};
    pub(in crate::image::pc) use super::escd::tests::table as escd;
    pub(in crate::image::pc) use super::phoenix::tests::bios as phoenix;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_maker_by_its_modules_and_none_by_a_text() {
        for (maker, bytes) in [("Award", award(1)), ("AMI", ami(1)), ("Phoenix", phoenix(1))] {
            let found = find(&bytes).unwrap();
            assert_eq!((found.maker, found.modules.len()), (maker, 3), "{found:#?}");
            assert!(found.boot_block.is_some() && found.modules.iter().all(|one| one.holds != Some(false)));
            let mut texts = crate::image::synthetic::noise(9, 0x1_0000);
            for (at, mark) in [
                (0x100, &b"= Award Decompression Bios ="[..]),
                (0x200, b"Award BootBlock BIOS v1.0"),
                (0x300, b"AMIBIOSC0800"),
                (0x400, b"AMIBOOT ROM"),
                (0x500, b"BCPSEGMENTBCPSYS"),
                (0x600, b"\x16\x00-lh5-"),
            ] {
                texts[at..at + mark.len()].copy_from_slice(mark);
            }
            assert_eq!(find(&texts), None);
        }
    }

    #[test]
    fn the_configuration_is_the_units_and_not_in_code() {
        let mut bytes = award(1);
        let table = escd();
        bytes[0x8000..0x8000 + table.len()].copy_from_slice(&table);
        assert_eq!(find(&bytes).unwrap().escd, [Span::new(0x8000, 0x9000)]);
    }

    proptest! {
        #[test]
        fn any_bytes(
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..24),
            kind in 0usize..3,
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = [award, ami, phoenix][kind](1);
            for (at, value) in edits {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Some(found) = find(&bytes) {
                prop_assert!(found.code().all(|span| span.end <= bytes.len() as u64));
            }
        }
    }
}
