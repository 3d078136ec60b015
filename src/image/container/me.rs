//! Intel ME firmware: the partition table `$FPT` near its start.
//!
//! Sources: me_cleaner.py (the mark at 0x10 or at the start, its fields); coreboot util/ifdtool (an ME file shorter than
//! its region is put at the region's start, FF behind it).

use super::bytes::{Endianness::Little, slice, u32_at};

/// Where the table is: behind a vector of 16 bytes, or first in later generations.
const PLACES: [usize; 2] = [0x10, 0];
/// No ME has more partitions than this.
const MOST_PARTITIONS: u32 = 64;

/// True when `bytes` start with an ME partition table whose fields agree.
pub fn is_image(bytes: &[u8]) -> bool {
    PLACES.iter().any(|at| {
        let Some(head) = slice(bytes, *at, 0x20) else { return false };
        let partitions = u32_at(head, 4, Little).unwrap_or(0);
        // Versions of the header and of the entries, and the header's length.
        head.starts_with(b"$FPT")
            && (1..=MOST_PARTITIONS).contains(&partitions)
            && matches!(head[8], 0x10 | 0x20 | 0x21)
            && head[9] == 0x10
            && (0x20..=0x40).contains(&head[10])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_alone_is_no_table() {
        let mut image = vec![0; 0x40];
        image[0x10..0x1b].copy_from_slice(b"$FPT\x04\0\0\0\x20\x10\x30");
        assert!(is_image(&image) && is_image(&[&image[0x10..], &[0; 0x10]].concat()));
        for (at, value) in [(0x10, b'F'), (0x14, 0), (0x17, 1), (0x18, 0x55), (0x19, 0), (0x1a, 0xff)] {
            let mut other = image.clone();
            other[at] = value;
            assert!(!is_image(&other), "{at:#x}");
        }
        assert!(!is_image(b"$FPT") && !is_image(&[]));
    }
}
