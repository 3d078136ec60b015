//! TP-Link firmware headers, versions 1, 2 and 3: fields, both byte orders, inner and outer header.
//!
//! A header is 200h bytes. The first word is the version, little-endian; the structure after it is decided by
//! the marks 55AA at 8C and A5 at 90 and not by the version, since version 2 is also met with the first
//! structure. The byte order of the other integers is the one in which `kernel_ofs` is 200h (inner header, or
//! a file without boot loader) or 20400h (outer header). Facts: OpenWrt firmware-utils, mktplinkfw and
//! mktplinkfw2 (field order and sizes); openwrt#15610 for the little-endian kind.

use serde::Serialize;

use super::error::ComposeError;
pub use crate::image::container::bytes::Endianness;
use crate::image::container::bytes::{array, slice, text, u16_at, u32_at};
use crate::image::container::item::ItemKind;

/// The kinds of its items, by the version word.
pub(crate) const KINDS: [ItemKind; 3] =
    [ItemKind::new("tplink-v1"), ItemKind::new("tplink-v2"), ItemKind::new("tplink-v3")];

/// Length of a header.
pub const HEADER_LEN: u64 = 0x200;
/// Room of the boot loader between an outer and an inner header on the boards whose loader has 128 KiB.
pub const BOOT_ROOM: u64 = 0x20000;

/// Which of the two field orders a header has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Structure {
    /// Vendor text, then ids at 40h: what version 1 uses.
    V1,
    /// Ids at 34h, marks 55AA and A5: what versions 2 and 3 use.
    V2,
}

/// Offsets of the fields within a header of one [`Structure`].
#[derive(Debug)]
pub(crate) struct Fields {
    text: (usize, usize),
    hw_id: usize,
    hw_rev: usize,
    /// Region (first structure) or hw_ver_add (second).
    third: usize,
    pub(crate) md5: usize,
    md5_second: usize,
    kernel_la: usize,
    kernel_ep: usize,
    fw_length: usize,
    kernel: usize,
    rootfs: usize,
    boot: usize,
    version: usize,
}

const V1: Fields = Fields {
    text: (0x1c, 0x24),
    hw_id: 0x40,
    hw_rev: 0x44,
    third: 0x48,
    md5: 0x4c,
    md5_second: 0x60,
    kernel_la: 0x74,
    kernel_ep: 0x78,
    fw_length: 0x7c,
    kernel: 0x80,
    rootfs: 0x88,
    boot: 0x90,
    version: 0x98,
};

const V2: Fields = Fields {
    text: (0x04, 0x30),
    hw_id: 0x34,
    hw_rev: 0x38,
    third: 0x3c,
    md5: 0x40,
    md5_second: 0x54,
    kernel_la: 0x68,
    kernel_ep: 0x6c,
    fw_length: 0x70,
    kernel: 0x74,
    rootfs: 0x7c,
    boot: 0x84,
    version: 0x91,
};

impl Structure {
    pub(crate) fn fields(self) -> &'static Fields {
        match self {
            Self::V1 => &V1,
            Self::V2 => &V2,
        }
    }
}

/// Where a part is, counted from the header's first byte, and how long it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Offset from the header.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
}

impl Part {
    /// Offset of the first byte after the part.
    pub fn end(&self) -> u64 {
        u64::from(self.offset) + u64::from(self.len)
    }
}

/// A TP-Link header as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TplinkHeader {
    /// Where the header is in the bytes it was found in.
    pub offset: u64,
    /// 1, 2 or 3.
    pub version: u8,
    /// The field order.
    pub structure: Structure,
    /// Byte order of the integers.
    pub endianness: Endianness,
    /// The vendor's name; first structure only.
    pub vendor: Option<String>,
    /// The version text, such as `ver. 2.0`; empty where there is none.
    pub fw_version: String,
    /// Hardware id.
    pub hw_id: u32,
    /// Hardware revision.
    pub hw_rev: u32,
    /// The third id, which is the country on some boards; second structure only.
    pub hw_ver_add: Option<u32>,
    /// The region word: 0 universal, 1 US; first structure only.
    pub region: Option<u32>,
    /// The two region texts; first structure only, empty where there are none.
    pub region_texts: Vec<String>,
    /// The first MD5, over the file.
    pub md5: [u8; 16],
    /// The second MD5, whose use is unknown.
    pub md5_second: [u8; 16],
    /// The kernel's load address, in the byte order in which it is a sensible one.
    pub kernel_la: u32,
    /// The kernel's entry point, in the byte order of the load address.
    pub kernel_ep: u32,
    /// True when load address and entry point are stored in the other byte order than the rest.
    pub kernel_address_swapped: bool,
    /// The length of the layout, which is not always that of the file.
    pub fw_length: u32,
    /// The kernel.
    pub kernel: Part,
    /// The root file system. In an outer header its offset is the one of the *inner* header.
    pub rootfs: Part,
    /// The boot loader; length 0 where there is none, offset 0 where it follows the header.
    pub boot: Part,
    /// The software version, highest first.
    pub software: [u16; 3],
}

/// Reads the header at `offset`, or `None` when there is none.
pub fn parse(bytes: &[u8], offset: u64) -> Option<TplinkHeader> {
    let at = usize::try_from(offset).ok()?;
    let head = slice(bytes, at, HEADER_LEN as usize)?;
    let version = u32_at(head, 0, Endianness::Little)?;
    if !(1..=3).contains(&version) {
        return None;
    }
    let marks = matches!(u16_at(head, 0x8c, Endianness::Big)?, 0x55aa | 0xaa55) && head[0x90] == 0xa5;
    let structure = if marks { Structure::V2 } else { Structure::V1 };
    let header = [Endianness::Big, Endianness::Little]
        .into_iter()
        .find_map(|order| read(head, offset, version as u8, structure, order))?;
    Some(header)
}

/// Reads a header in the given structure and order; `None` where it makes no sense that way.
fn read(
    head: &[u8],
    offset: u64,
    version: u8,
    structure: Structure,
    order: Endianness,
) -> Option<TplinkHeader> {
    let f = structure.fields();
    let word = |at| u32_at(head, at, order);
    let part = |at: usize| Some(Part { offset: word(at)?, len: word(at + 4)? });
    let (kernel, rootfs, boot) = (part(f.kernel)?, part(f.rootfs)?, part(f.boot)?);
    let fw_length = word(f.fw_length)?;
    if !plausible(structure, fw_length, kernel, rootfs, boot) {
        return None;
    }
    let v1 = structure == Structure::V1;
    let fw_version = text(slice(head, f.text.0, f.text.1)?);
    let vendor = if v1 { Some(text(slice(head, 4, 0x18)?)?) } else { None };
    if v1 && (fw_version.is_none() || vendor.as_ref()?.is_empty()) {
        return None;
    }
    let (la, ep) = (array(head, f.kernel_la)?, array(head, f.kernel_ep)?);
    let (straight, swapped) = match order {
        Endianness::Big => (u32::from_be_bytes(la), u32::from_le_bytes(la)),
        Endianness::Little => (u32::from_le_bytes(la), u32::from_be_bytes(la)),
    };
    // Kernels load into kseg0, 80000000 and up; a board of the other order stores both addresses swapped.
    let kernel_address_swapped = straight >> 28 != 8 && swapped >> 28 == 8;
    let address = |raw: [u8; 4]| {
        let big = (order == Endianness::Big) != kernel_address_swapped;
        if big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) }
    };
    let software = if v1 {
        [
            u16_at(head, f.version, order)?,
            u16_at(head, f.version + 2, order)?,
            u16_at(head, f.version + 4, order)?,
        ]
    } else {
        [head[f.version], head[f.version + 1], head[f.version + 2]].map(u16::from)
    };
    let region_texts = if v1 {
        [0x120, 0x140]
            .iter()
            .filter_map(|&at| text(slice(head, at, 0x20)?))
            .filter(|t| !t.is_empty())
            .collect()
    } else {
        Vec::new()
    };
    Some(TplinkHeader {
        offset,
        version,
        structure,
        endianness: order,
        vendor,
        fw_version: fw_version.unwrap_or_default(),
        hw_id: word(f.hw_id)?,
        hw_rev: word(f.hw_rev)?,
        hw_ver_add: (!v1).then(|| word(f.third)).flatten(),
        region: v1.then(|| word(f.third)).flatten(),
        region_texts,
        md5: array(head, f.md5)?,
        md5_second: array(head, f.md5_second)?,
        kernel_la: address(la),
        kernel_ep: address(ep),
        kernel_address_swapped,
        fw_length,
        kernel,
        rootfs,
        boot,
        software,
    })
}

/// True when the lengths and offsets could be those of a firmware (at most 256 MiB).
fn plausible(structure: Structure, fw_length: u32, kernel: Part, rootfs: Part, boot: Part) -> bool {
    const MOST: u32 = 0x1000_0000;
    let kernel_at = match structure {
        Structure::V2 => {
            matches!(kernel.offset, 0x200 | 0x20400) || (boot.len != 0 && kernel.offset >= 0x400)
        }
        Structure::V1 => (0x200..0x10_0000).contains(&kernel.offset),
    };
    kernel_at
        && (0x400..MOST).contains(&fw_length)
        && kernel.offset < fw_length
        && [kernel, rootfs, boot].iter().all(|p| p.offset <= MOST && p.len <= MOST)
}

impl TplinkHeader {
    /// `tplink-v1`, `tplink-v2` or `tplink-v3`, by the version word.
    pub fn kind(&self) -> ItemKind {
        KINDS[usize::from(self.version.clamp(1, 3)) - 1]
    }

    /// True for the header before a boot loader.
    pub fn has_boot(&self) -> bool {
        self.boot.len != 0
    }

    /// Where the boot loader's first byte is in the same bytes as [`TplinkHeader::offset`].
    pub fn boot_offset(&self) -> Option<u64> {
        let from = if self.boot.offset == 0 { HEADER_LEN } else { u64::from(self.boot.offset) };
        self.has_boot().then(|| self.offset + from)
    }

    /// Where the inner header must be, for the header before a boot loader: just before the kernel.
    pub fn inner_offset(&self) -> Option<u64> {
        let before_kernel = u64::from(self.kernel.offset).checked_sub(HEADER_LEN)?;
        (self.has_boot() && before_kernel >= HEADER_LEN).then_some(self.offset + before_kernel)
    }

    /// The inner header of an outer one.
    pub fn inner(&self, bytes: &[u8]) -> Option<TplinkHeader> {
        parse(bytes, self.inner_offset()?).filter(|inner| !inner.has_boot())
    }

    /// `D7500001/4A/1`: hardware id, revision and, in the second structure, hw_ver_add; all three are needed
    /// to tell boards apart.
    pub fn hardware(&self) -> String {
        match self.hw_ver_add {
            Some(add) => format!("{:08X}/{:X}/{add:X}", self.hw_id, self.hw_rev),
            None => format!("{:08X}/{:X}", self.hw_id, self.hw_rev),
        }
    }

    /// Writes the integer and MD5 fields of this header over those at [`TplinkHeader::offset`]; texts and filler stay.
    ///
    /// # Errors
    /// When there is no room for a header.
    pub fn write(&self, bytes: &mut [u8]) -> Result<(), ComposeError> {
        let f = self.structure.fields();
        let too_short = ComposeError::NoRoom { offset: self.offset, len: bytes.len() as u64 };
        let head = usize::try_from(self.offset)
            .ok()
            .and_then(|at| bytes.get_mut(at..at.checked_add(HEADER_LEN as usize)?))
            .ok_or(too_short)?;
        let mut put =
            |at: usize, value: u32| head[at..at + 4].copy_from_slice(&self.endianness.bytes32(value));
        put(f.hw_id, self.hw_id);
        put(f.hw_rev, self.hw_rev);
        put(f.third, self.hw_ver_add.or(self.region).unwrap_or(0));
        put(f.fw_length, self.fw_length);
        for (at, part) in [(f.kernel, self.kernel), (f.rootfs, self.rootfs), (f.boot, self.boot)] {
            put(at, part.offset);
            put(at + 4, part.len);
        }
        head[f.md5..f.md5 + 16].copy_from_slice(&self.md5);
        head[f.md5_second..f.md5_second + 16].copy_from_slice(&self.md5_second);
        Ok(())
    }
}
