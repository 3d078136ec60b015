//! Whether what has a header, and a sum that does not hold, is an image that was damaged, or noise in which a header happens to be.

use super::budget::Look;
use super::packed::{Format, lzma};
use super::{squashfs, uimage};

/// True where more than the header speaks for an image from `at` to `end`, as its header says: the file starts or ends with it, or
/// what its header leads to, at one of `contents`, starts as something known does.
pub(super) fn is_damaged(look: &Look, at: usize, end: u64, contents: &[usize]) -> bool {
    at == 0 || end == look.bytes.len() as u64 || contents.iter().any(|at| starts_known(look.bytes, *at))
}

/// True where a packed stream, a file system or a kernel's header starts.
fn starts_known(bytes: &[u8], at: usize) -> bool {
    let Some(here) = bytes.get(at..) else { return false };
    let is_lzma =
        || lzma::parse(bytes, at).is_some_and(|header| lzma::USUAL_PROPERTIES.contains(&header.properties));
    here.starts_with(&uimage::MAGIC)
        || squashfs::MAGICS.iter().any(|(magic, _)| here.starts_with(&magic[..]))
        || Format::at(bytes, at).is_some()
        || is_lzma()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::synthetic::noise;

    #[test]
    fn a_header_counts_where_more_than_itself_speaks_for_it() {
        let mut bytes = noise(1, 0x1000);
        let look =
            |bytes: &[u8], at, end, contents: &[usize]| is_damaged(&Look::new(bytes), at, end, contents);
        assert!(!look(&bytes, 0x100, 0x800, &[0x120]) && !look(&bytes, 0x100, 0x1001, &[0x2000]));
        assert!(look(&bytes, 0, 0x800, &[]) && look(&bytes, 0x100, 0x1000, &[]));
        for start in [
            &b"hsqs"[..],
            &[0x1f, 0x8b, 8],
            &uimage::MAGIC,
            &[0x5d, 0, 0, 0x80, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        ] {
            bytes[0x120..0x120 + start.len()].copy_from_slice(start);
            assert!(look(&bytes, 0x100, 0x800, &[0x110, 0x120]), "{start:02x?}");
        }
    }
}
