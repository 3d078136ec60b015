//! Dell's stores of numbered variables, which have the service tag among them: `DVAR`, size, flags, and entries until FF.
//!
//! All numbers are stored as their complements. An entry: state, flags (2, and 4 where a namespace's GUID follows), type (0,
//! 4, 5: how wide number and size are), attributes, namespace, GUID, number, size, data. The mark stands in code, too: what
//! counts reads to its end. Facts: UEFITool (dell_dvar.ksy).

use memchr::memmem;

use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;

const MARK: &[u8] = b"DVAR";
const HEAD_LEN: usize = 9;
const ENTRY_HEAD: usize = 5;
/// Being stored, stored, being deleted, deleted.
const STATES: [u8; 4] = [0x01, 0x05, 0x15, 0x55];
const GUID_LEN: usize = 16;
/// A flash has two; a mark without entries costs one try.
const MOST: usize = 16;

/// Where the stores are.
pub fn find(bytes: &[u8]) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    for at in memmem::find_iter(bytes, MARK) {
        let free = found.last().is_none_or(|last| last.end <= at as u64);
        if free && found.len() < MOST {
            found.extend(store(bytes, at));
        }
    }
    found
}

fn store(bytes: &[u8], at: usize) -> Option<Span> {
    let len = !u32_at(bytes, at + 4, Little)? as usize;
    let all = slice(bytes, at, len).filter(|_| len > HEAD_LEN)?;
    let mut next = HEAD_LEN;
    while next < len && all[next] != 0xff {
        next = next.checked_add(entry(&all[next..])?)?;
    }
    // An empty one proves nothing.
    (next > HEAD_LEN && next <= len).then(|| Span::at(at as u64, len as u64))?
}

/// The length of the entry at the start.
fn entry(bytes: &[u8]) -> Option<usize> {
    let head = slice(bytes, 0, ENTRY_HEAD)?;
    let (state, flags, kind) = (!head[0], !head[1], !head[2]);
    let guid = match flags {
        2 => 0,
        6 => GUID_LEN,
        _ => return None,
    };
    let (number, size) = match kind {
        0 => (1, 1),
        4 => (2, 1),
        5 => (2, 2),
        _ => return None,
    };
    let size_at = ENTRY_HEAD + guid + number;
    let len = match size {
        1 => usize::from(!*bytes.get(size_at)?),
        _ => usize::from(!u16_at(bytes, size_at, Little)?),
    };
    let len = size_at + size + len;
    (STATES.contains(&state) && len <= bytes.len()).then_some(len)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A store of 200h bytes: a namespace with its GUID, a short entry, a long one, one that is deleted.
    pub(in crate::image::pc) fn made(tag: &[u8]) -> Vec<u8> {
        let not = |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect::<Vec<u8>>();
        let mut bytes = [MARK, &not(&0x200u32.to_le_bytes()), &not(&[1])].concat();
        bytes.extend([not(&[5, 6, 0, 0, 1]), vec![7; GUID_LEN], not(&[1, 2]), vec![0xaa; 2]].concat());
        bytes.extend([not(&[5, 2, 4, 0, 1, 9, 0, tag.len() as u8]), tag.to_vec()].concat());
        bytes.extend([not(&[0x55, 2, 5, 0, 1, 9, 1, 3, 0]), vec![0xbb; 3]].concat());
        bytes.resize(0x200, 0xff);
        bytes
    }

    #[test]
    fn a_store_reads_to_its_end_and_a_text_is_none() {
        let bytes = [&b"a text about DVAR and such"[..], &made(b"7XYZ123"), b"DVAR"].concat();
        assert_eq!(find(&bytes), [Span::new(26, 0x21a)]);
        for (at, value) in [(26 + 9, 0), (26 + 10, 0), (26 + 11, 0), (26 + 4, 0)] {
            let mut bad = bytes.clone();
            bad[at] = value;
            assert_eq!(find(&bad), [], "{at:#x}");
        }
        assert_eq!(find(&bytes[..0x219]), []);
    }

    proptest! {
        #[test]
        fn any_bytes(edits in prop::collection::vec((0usize..0x200, any::<u8>()), 0..12), cut in 0usize..0x201) {
            let mut bytes = made(b"TAG");
            edits.into_iter().for_each(|(at, value)| bytes[at] = value);
            bytes.truncate(cut);
            prop_assert!(find(&bytes).iter().all(|span| span.end <= cut as u64));
        }
    }
}
