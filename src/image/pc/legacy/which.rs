//! Whose BIOS it is: each maker is asked by its modules.

use super::modules::Legacy;
use super::{ami, award, escd, phoenix};
use crate::span::Span;

/// The BIOS in `bytes`, which end where the processor starts.
pub fn find(bytes: &[u8]) -> Option<Legacy> {
    let mut found = [award::find, ami::find, phoenix::find].iter().find_map(|find| find(bytes))?;
    found.modules.sort_by_key(|module| module.span);
    let code: Vec<Span> = found.code().collect();
    let is_code = |span: &Span| code.iter().any(|code| code.overlaps(*span));
    found.escd = escd::find(bytes).into_iter().filter(|span| !is_code(span)).collect();
    Some(found)
}

#[cfg(test)]
pub(in crate::image::pc) mod tests {
    pub(in crate::image::pc) use super::super::ami::tests::bios as ami;
    pub(in crate::image::pc) use super::super::award::tests::{bios as award, of_board as award_of};
    pub(in crate::image::pc) use super::super::escd::tests::table as escd;
    pub(in crate::image::pc) use super::super::phoenix::tests::bios as phoenix;
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
