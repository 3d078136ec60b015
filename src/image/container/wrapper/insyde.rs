//! Insyde's update programs: a program for the desktop with `$_IFLASH` blocks after it.
//!
//! A block: the mark with its kind, 16 bytes, then the 32-bit lengths of the block and of its data. `$_IFLASH_BIOSIMG` is
//! what goes to the flash. Source: BIOSUtilities (insyde_ifd_extract.py).

use memchr::memmem;

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, u32_at};
use crate::image::container::item::{Item, ItemKind};
use crate::span::Span;

const PROGRAM: &[u8] = b"MZ";
const BIOS: &[u8] = b"$_IFLASH_BIOSIMG";
const HEAD_LEN: u64 = 0x18;
/// A program mentions the mark where it looks for it.
const MOST_TRIES: usize = 16;

/// Reads a program with the image of a BIOS in it.
pub(super) fn iflash(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    if !bytes.starts_with(PROGRAM) {
        return None;
    }
    memmem::find_iter(bytes, BIOS).take(MOST_TRIES).find_map(|at| {
        let (whole, len) = (u32_at(bytes, at + 16, Little)?, u32_at(bytes, at + 20, Little)?);
        if u64::from(whole) != u64::from(len) + HEAD_LEN || len == 0 {
            return None;
        }
        let inside = Span::at(at as u64 + HEAD_LEN, len.into())?;
        let there = (bytes.len() as u64).max(inside.end);
        let item = Item::new(ItemKind::new("insyde-update"), 0, there)
            .with_hex("image_offset", inside.start)
            .with_hex("image_size", inside.len())
            .check_fits(bytes.len());
        Some(Wrapped { name: "Insyde update program", item, inside: Inside::Bytes(inside) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(len: u32) -> Vec<u8> {
        let mut file = [b"MZ".as_slice(), &[0x11; 0x100], b"$_IFLASH_BIOSIMG"].concat();
        file.extend((len + 0x18).to_le_bytes());
        file.extend(len.to_le_bytes());
        file.resize(file.len() + len as usize, 0x5a);
        [&file[..], b"$_IFLASH_INI_IMG", &[0; 40]].concat()
    }

    #[test]
    fn the_image_is_the_block_of_the_bios() {
        let file = made(0x4000);
        let found = iflash(&mut Look::new(&file)).unwrap();
        assert!(found.item.is_sound(), "{found:?}");
        let Inside::Bytes(span) = found.inside else { panic!("no bytes") };
        assert!(span.len() == 0x4000 && file[span.range()].iter().all(|byte| *byte == 0x5a));
        let cut = iflash(&mut Look::new(&file[..0x2000])).unwrap();
        assert!(!cut.item.is_sound());
        assert!(iflash(&mut Look::new(&file[1..])).is_none(), "no program");
        assert!(iflash(&mut Look::new(b"MZ $_IFLASH_BIOSIMG is looked for")).is_none(), "the mark alone");
    }
}
