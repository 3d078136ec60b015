//! Arcadyan's scrambled LZMA: two blocks of the front changed places, one of them with its nibbles and bytes swapped.
//!
//! Source: binwalk (MIT licence), src/extractors/arcadyan.rs and src/signatures/arcadyan.rs. It has no sum: only an image that unpacks
//! to its end counts.

use super::budget::Look;
use super::bytes::slice;
use super::item::{Found, Item, ItemKind};
use super::packed::lzma;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("arcadyan-lzma");
/// The scrambled start of an LZMA header, without the zero in front of it: properties 5D, a dictionary of 8 MiB.
pub const MAGIC: [u8; 3] = [0xd5, 0x08, 0x00];
/// Where it is.
pub const MAGIC_AT: usize = SECOND + 1;

const BLOCK: usize = 32;
/// Where the scrambled block is.
const SECOND: usize = 0x68;
/// Where the header belongs, after a word that is left alone.
const HOME: usize = 4;
/// The largest image that binwalk's reader takes.
const LONGEST: usize = 0x1b_0000;

/// The image, or its front up to the second block's end, put right; what follows is not scrambled.
fn unscrambled(image: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = image.to_vec();
    let header = bytes.get(SECOND..SECOND + BLOCK)?.to_vec();
    bytes.copy_within(HOME..HOME + BLOCK, SECOND);
    for (pair, to) in header.chunks_exact(2).zip(bytes[HOME..HOME + BLOCK].chunks_exact_mut(2)) {
        to.copy_from_slice(&[pair[1].rotate_left(4), pair[0].rotate_left(4)]);
    }
    Some(bytes)
}

/// Reads the image whose scrambled header is at `magic`.
pub(crate) fn find(look: &mut Look, magic: usize) -> Option<Found> {
    let at = magic.checked_sub(MAGIC_AT)?;
    let len = (look.bytes.len() - at).min(LONGEST);
    // Cheap first: the header alone.
    lzma::parse(&unscrambled(slice(look.bytes, at, SECOND + BLOCK)?)?, HOME)?;
    look.tries = look.tries.checked_sub(1)?;
    let bytes = unscrambled(slice(look.bytes, at, len)?)?;
    let unpacked = lzma::unpack_usual(&bytes, HOME, look.may_unpack(), &mut look.tries)?;
    look.unpacked(unpacked.data.len() as u64);
    let item = Item::new(KIND, at as u64, (HOME + unpacked.used) as u64)
        .with("unpacked_size", unpacked.data.len())
        .check("unpacks", true, "");
    unpacked.complete.then(|| Found { unpacked: Some(unpacked.data), ..Found::leaf(item) })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;

    /// The stream was made by xz; binwalk's reader of Debian puts it right.
    pub(crate) const MADE: &[u8] = include_bytes!("../../../tests/data/small/arcadyan_lzma.bin");

    #[test]
    fn an_image_that_unpacks() {
        let mut file = MADE.to_vec();
        file.extend([0xff; 100]);
        let item = find(&mut Look::new(&file), MAGIC_AT).unwrap().item;
        assert_eq!((item.offset, item.size), (0, file.len() as u64 - 100), "{item:?}");
        assert_eq!(item.attributes["unpacked_size"], 16_627);
        assert!(find(&mut Look::new(&file[..0x90]), MAGIC_AT).is_none());
        is_no_item(find, &MAGIC, MAGIC_AT);
    }
}
