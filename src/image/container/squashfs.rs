//! Squashfs: the superblock, and the tables that it leads to. Version 4 in full, versions 2 and 3 of either byte order as far as
//! they state their size.
//!
//! There is no checksum over the whole. A superblock has to agree with itself, and a second structure has to be there: the chain of
//! metadata blocks from the first inode to the first directory, the index of the ids (version 4), or data packed as the superblock
//! says. A metadata block is a 16-bit length, its top bit set where it is not packed, and at most 8 KiB.
//! Facts: Linux fs/squashfs/squashfs_fs.h (version 4); versions 2 and 3 after squashfs-tools 3 [from memory].

use super::budget::Look;
use super::bytes::{Endianness, slice, u16_at, u32_at, u64_at};
use super::item::{CheckName, Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("squashfs");

const COMPRESSION: [&str; 7] = ["none", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"];
/// How data packed by each of these start; no bytes where nothing tells.
const PACKED: [&[u8]; 7] =
    [&[], &[0x78], &[0x5d], &[], &[0xfd, b'7', b'z', b'X', b'Z', 0], &[], &[0x28, 0xb5, 0x2f, 0xfd]];
/// Length of a version 4 superblock.
const SUPERBLOCK_LEN: usize = 0x60;
/// Lengths of the superblocks of versions 2 and 3.
const OLDER_LENS: [usize; 2] = [0x3f, 0x77];
/// Flag of version 4: options of the packer come before the data.
const HAS_OPTIONS: u16 = 0x400;
/// Flag of versions 2 and 3: a mark is before the contents of each metadata block.
const HAS_MARKS: u8 = 4;
/// The longest metadata block.
const LONGEST: u64 = 0x2000;
/// The tables are where the superblock says.
const TABLES: CheckName = CheckName::new("tables");

/// The magic numbers, with byte order; the last four are vendors' with LZMA.
pub(crate) const MAGICS: [(&[u8; 4], Endianness); 6] = [
    (b"hsqs", Endianness::Little),
    (b"sqsh", Endianness::Big),
    (b"shsq", Endianness::Little),
    (b"qshs", Endianness::Big),
    (b"hsqt", Endianness::Little),
    (b"tqsh", Endianness::Big),
];

/// Reads the file system at `at`: nothing is named by a superblock alone.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let item = superblock(look, at)?;
    let tables = Tables::read(look.bytes, at)?;
    // A chain may be as long as the file, and every superblock in it may lead into the same one.
    let inodes = look.may_sum(tables.directories.saturating_sub(tables.inodes)) && tables.inodes_chain();
    let (ids, data) = (tables.ids_are_there(), tables.data_are_packed());
    if !inodes && ids != Some(true) && !data {
        return None;
    }
    // What is cut short is reported as that.
    let item = match item.is_sound() {
        true => {
            let whole = inodes && ids != Some(false);
            item.check(TABLES, whole, if whole { "" } else { "one is not where the superblock says" })
        }
        false => item,
    };
    // Nothing is searched inside a file system that is all there; one that is damaged hides nothing.
    Some(if item.is_sound() { Found::leaf(item) } else { Found::holder(item, 4) })
}

/// Reads the superblock at `at`, and nothing else: enough to ask about what a donor brings, and not to name it.
pub(crate) fn superblock(look: &Look, at: usize) -> Option<Item> {
    let head = slice(look.bytes, at, SUPERBLOCK_LEN)?;
    let order = order(head)?;
    match u16_at(head, 0x1c, order)? {
        4 => version_4(look, at, head, order),
        major @ 2..=3 => older(look, at, head, order, major),
        _ => None,
    }
}

fn order(head: &[u8]) -> Option<Endianness> {
    Some(MAGICS.iter().find(|(magic, _)| head.starts_with(&magic[..]))?.1)
}

fn version_4(look: &Look, at: usize, head: &[u8], order: Endianness) -> Option<Item> {
    let block_size = u32_at(head, 0xc, order)?;
    let block_log = u16_at(head, 0x16, order)?;
    let used = u64_at(head, 0x28, order)?;
    let compression = u16_at(head, 0x14, order)?;
    if !(0x1000..=0x10_0000).contains(&block_size) || used < SUPERBLOCK_LEN as u64 || compression > 6 {
        return None;
    }
    // Ids, xattrs, inodes, directories, fragments, lookup: all ones where there is no such table.
    let tables = [0x30, 0x38, 0x40, 0x48, 0x50, 0x58].map(|table| u64_at(head, table, order).unwrap_or(0));
    let inside = tables.iter().all(|t| *t == u64::MAX || (SUPERBLOCK_LEN as u64..used).contains(t));
    let log_agrees = block_size.is_power_of_two() && u32::from(block_log) == block_size.trailing_zeros();
    let item = Item::new(KIND, at as u64, used)
        .with("version", format!("4.{}", u16_at(head, 0x1e, order)?))
        .with("compression", COMPRESSION[usize::from(compression)])
        .with("endianness", order.name())
        .with("block_size", block_size)
        .with("inodes", u32_at(head, 4, order)?)
        .with("time", u32_at(head, 8, order)?)
        .check("superblock", log_agrees && inside, if inside { "" } else { "a table lies outside" });
    Some(item.check_fits(look.bytes.len()))
}

fn older(look: &Look, at: usize, head: &[u8], order: Endianness, major: u16) -> Option<Item> {
    let used = if major == 3 { u64_at(head, 0x3f, order)? } else { u64::from(u32_at(head, 8, order)?) };
    let minor = u16_at(head, 0x1e, order)?;
    if minor > 1 || used < 0x40 || used > u64::from(u32::MAX) {
        return None;
    }
    let vendor = head[..4] != *b"hsqs" && head[..4] != *b"sqsh";
    let item = Item::new(KIND, at as u64, used)
        .with("version", format!("{major}.{minor}"))
        .with("compression", if vendor { "lzma" } else { "gzip" })
        .with("endianness", order.name())
        .with("inodes", u32_at(head, 4, order)?);
    Some(item.check_fits(look.bytes.len()))
}

/// Where a superblock says that the tables are; offsets count from its start.
struct Tables<'a> {
    image: &'a [u8],
    order: Endianness,
    inodes: u64,
    directories: u64,
    /// Bytes between a metadata block's length and its contents.
    marks: u64,
    /// Where the index of the ids is, and how many there are.
    ids: Option<(u64, u16)>,
    data: u64,
    packed: &'static [u8],
}

impl<'a> Tables<'a> {
    fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let image = bytes.get(at..)?;
        let order = order(image)?;
        let (short, word) = (|at| u16_at(image, at, order), |at| u32_at(image, at, order).map(u64::from));
        let long = |at| u64_at(image, at, order);
        let new = |inodes, directories, data, packed| Self {
            image,
            order,
            inodes,
            directories,
            marks: 0,
            ids: None,
            data,
            packed,
        };
        let major = short(0x1c)?;
        if major == 4 {
            let packed = *PACKED.get(usize::from(short(0x14)?))?;
            let options = match short(0x18)? & HAS_OPTIONS {
                0 => 0,
                _ => 2 + u64::from(short(SUPERBLOCK_LEN)? & 0x7fff),
            };
            let tables = new(long(0x40)?, long(0x48)?, SUPERBLOCK_LEN as u64 + options, packed);
            return Some(Self { ids: Some((long(0x30)?, short(0x1a)?)), ..tables });
        }
        let [two, three] = OLDER_LENS;
        // The vendors' LZMA streams start with nothing that tells.
        let packed: &[u8] = if matches!(&image[..4], b"hsqs" | b"sqsh") { PACKED[1] } else { &[] };
        let tables = match major {
            3 => new(long(0x57)?, long(0x5f)?, three as u64, packed),
            _ => new(word(0x14)?, word(0x18)?, two as u64, packed),
        };
        Some(Self { marks: u64::from(*image.get(0x24)? & HAS_MARKS != 0), ..tables })
    }

    /// The length of the metadata block at an offset, with its head.
    fn metadata(&self, at: u64) -> Option<u64> {
        let len = u64::from(u16_at(self.image, usize::try_from(at).ok()?, self.order)? & 0x7fff);
        (1..=LONGEST).contains(&len).then_some(2 + self.marks + len)
    }

    /// True where blocks of metadata lead from the first inode to the first directory.
    fn inodes_chain(&self) -> bool {
        let mut at = self.inodes;
        while at < self.directories {
            let Some(len) = self.metadata(at) else { return false };
            at += len;
        }
        at == self.directories && self.inodes < self.directories
    }

    /// True where the index of the ids leads to blocks of metadata before it; `None` for a version that has no such index.
    fn ids_are_there(&self) -> Option<bool> {
        const IDS_IN_A_BLOCK: u16 = 0x800;
        let (index, count) = self.ids?;
        let leads = |n: u16| {
            let entry = usize::try_from(index).ok()?.checked_add(8 * usize::from(n))?;
            let block = u64_at(self.image, entry, self.order)?;
            let end = block.checked_add(self.metadata(block)?)?;
            (block >= SUPERBLOCK_LEN as u64 && end <= index).then_some(())
        };
        Some(count > 0 && (0..count.div_ceil(IDS_IN_A_BLOCK)).all(|n| leads(n).is_some()))
    }

    /// True where the first data start as packed data of this kind do.
    fn data_are_packed(&self) -> bool {
        let data = usize::try_from(self.data).ok().and_then(|at| self.image.get(at..)).unwrap_or_default();
        // zlib's head of two bytes is a multiple of 31.
        let is_zlib = || u16_at(data, 0, Endianness::Big).is_some_and(|head| head.is_multiple_of(31));
        let starts = !self.packed.is_empty() && data.starts_with(self.packed);
        starts && (self.packed != PACKED[1] || is_zlib())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::item::Outcome;
    use crate::image::synthetic::noise;

    /// A file system of version 4 with tables that are not packed, after `data`.
    pub(crate) fn version_4(order: Endianness, data: &[u8]) -> Vec<u8> {
        let short = |value: u16| match order {
            Endianness::Little => value.to_le_bytes(),
            Endianness::Big => value.to_be_bytes(),
        };
        let long = |value: usize| match order {
            Endianness::Little => (value as u64).to_le_bytes(),
            Endianness::Big => (value as u64).to_be_bytes(),
        };
        let block = |len: u16| [&short(0x8000 | len)[..], &vec![0x31; usize::from(len)]].concat();
        let inodes = SUPERBLOCK_LEN + data.len();
        let (two, directory, ids) = ([block(0x1000), block(0x51)].concat(), block(0x21), block(4));
        let directories = inodes + two.len();
        let id_block = directories + directory.len();
        let index = id_block + ids.len();
        let used = index + 8;
        let magic = MAGICS[usize::from(order == Endianness::Big)].0;
        let mut image = magic.to_vec();
        image
            .extend([order.bytes32(3), order.bytes32(1), order.bytes32(0x2_0000), order.bytes32(0)].concat());
        // xz, log of the block's size, flags, ids, version.
        image.extend([4u16, 17, 0xc0, 1, 4, 0].iter().flat_map(|word| short(*word)));
        let tables = [0, used, index, usize::MAX, inodes, directories, usize::MAX, usize::MAX];
        image.extend(tables.iter().flat_map(|table| long(*table)));
        [image, data.to_vec(), two, directory, ids, long(id_block).to_vec()].concat()
    }

    fn read(bytes: &[u8], at: usize) -> Option<Item> {
        find(&mut Look::new(bytes), at).map(|found| found.item)
    }

    /// Superblocks that all lead into one long chain take no time of their own for each.
    #[test]
    fn chains_are_walked_within_the_budget_of_the_file() {
        let mut image = version_4(Endianness::Little, &[]);
        let end = image.len();
        image[end - 8..].fill(0xee);
        let chain = (0x1000 + 2 + 0x51 + 2) as usize;
        let most = (16 * end + (16 << 20)) / chain;
        let mut look = Look::new(&image);
        let walked = (0..2 * most).take_while(|_| find(&mut look, 0).is_some()).count();
        assert_eq!(walked, most);
    }

    #[test]
    fn a_superblock_and_its_tables_in_both_byte_orders() {
        for order in [Endianness::Little, Endianness::Big] {
            let image = version_4(order, &noise(1, 0x300));
            let item = read(&[&noise(2, 0x1000), &image[..], &[0xff; 0x100]].concat(), 0x1000).unwrap();
            assert!(item.is_sound() && item.size == image.len() as u64, "{item:?}");
            // One table is not there: damaged. None is: noise.
            let mut inode = image.clone();
            inode[SUPERBLOCK_LEN + 0x300..][..2].fill(0);
            let mut index = image.clone();
            let end = index.len();
            index[end - 8..].fill(0xee);
            for damaged in [&inode, &index] {
                assert_eq!(read(damaged, 0).unwrap().result("tables"), Some(Outcome::Bad));
            }
            index[SUPERBLOCK_LEN + 0x300..][..2].fill(0);
            assert_eq!(read(&index, 0), None);
            assert_eq!(read(&image[..SUPERBLOCK_LEN + 0x200], 0), None);
            assert!(superblock(&Look::new(&index), 0).unwrap().is_sound());
        }
    }

    #[test]
    fn one_that_is_cut_short_is_told_by_its_first_data() {
        let packed = [PACKED[4], &noise(3, 0x300)].concat();
        let image = version_4(Endianness::Little, &packed);
        let cut = read(&image[..SUPERBLOCK_LEN + 0x200], 0).unwrap();
        assert_eq!(cut.result("size"), Some(Outcome::Bad));
    }

    #[test]
    fn a_superblock_in_noise_is_nothing() {
        for (seed, order) in (0..40).flat_map(|seed| [(seed, Endianness::Little), (seed, Endianness::Big)]) {
            let mut noise = noise(seed, 0x4000);
            noise[..SUPERBLOCK_LEN].copy_from_slice(&version_4(order, &[7; 0x300])[..SUPERBLOCK_LEN]);
            assert_eq!(read(&noise, 0), None, "{seed}");
        }
    }

    /// Versions 2 and 3: two metadata blocks from the first inode to the first directory.
    #[test]
    fn older_ones_by_their_inodes() {
        const LEN: u16 = 0x40;
        for (major, order, mark) in
            [(3, Endianness::Big, 0), (3, Endianness::Little, 1), (2, Endianness::Little, 0)]
        {
            let is_big = usize::from(order == Endianness::Big);
            let mut image = vec![0x31; 0x400];
            image[..0x80].fill(0);
            image[..4].copy_from_slice(MAGICS[is_big].0);
            image[0x1c + is_big] = major;
            image[0x24] = 4 * mark;
            let (inodes, second) = (0x100, 0x102 + u32::from(LEN) + u32::from(mark));
            let directories = 2 * second - inodes;
            // Eight bytes in version 3, of which the upper half is zero.
            let places =
                if major == 3 { [0x3f, 0x57, 0x5f].map(|at| at + 4 * is_big) } else { [8, 0x14, 0x18] };
            for (at, value) in places.into_iter().zip([0x400, inodes, directories]) {
                image[at..at + 4].copy_from_slice(&order.bytes32(value));
            }
            for at in [inodes, second] {
                let head = order.bytes32(0x8000 | u32::from(LEN));
                let from = 2 * is_big;
                image[at as usize..at as usize + 2].copy_from_slice(&head[from..from + 2]);
            }
            let item = read(&image, 0).unwrap_or_else(|| panic!("{major} {order:?}"));
            assert!(item.is_sound() && item.size == 0x400, "{item:?}");
            image[inodes as usize..][..2].fill(0);
            assert_eq!(read(&image, 0), None, "{major} {order:?}");
        }
    }
}
