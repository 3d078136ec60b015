//! For which processor a firmware or boot loader is: by what its headers say, else by its code.
//!
//! Facts: U-Boot include/image.h and boot/image.c (architecture ids and names), Linux Documentation/arch/arm64/booting.rst
//! (the Image header), arch/arm/boot/compressed/head.S (the zImage magic); the encodings of a return are those of the
//! architectures' manuals.

use std::fmt;

use memchr::memmem;

use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness, slice, u16_at, u32_at};
use crate::image::container::dtb::Tree;
use crate::image::container::packed::{self, lzma};
use crate::image::container::{fit, seama, squashfs, trx, uimage};
use crate::image::formats::envelope_at;

/// Wrappers within wrappers: no firmware has more.
const DEEPEST: usize = 4;
/// A kernel's code is counted in so many bytes of it.
const COUNTED: u64 = 1 << 20;
/// Code of this length has far more returns; other data of any length have next to none.
const FEWEST_RETURNS: usize = 16;

/// A processor's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arch {
    Mips,
    Mips64,
    Arm,
    Arm64,
    X86,
    X8664,
    PowerPc,
    RiscV,
}

impl Arch {
    /// By the id in a uImage header.
    fn by_id(id: u8) -> Option<Self> {
        Some(match id {
            2 => Self::Arm,
            3 => Self::X86,
            5 => Self::Mips,
            6 => Self::Mips64,
            7 => Self::PowerPc,
            22 => Self::Arm64,
            24 => Self::X8664,
            26 => Self::RiscV,
            _ => return None,
        })
    }

    /// By the name in a FIT image.
    fn by_name(name: &str) -> Option<Self> {
        [
            ("arm", Self::Arm),
            ("x86", Self::X86),
            ("mips", Self::Mips),
            ("mips64", Self::Mips64),
            ("powerpc", Self::PowerPc),
            ("ppc", Self::PowerPc),
            ("arm64", Self::Arm64),
            ("x86_64", Self::X8664),
            ("riscv", Self::RiscV),
        ]
        .into_iter()
        .find_map(|(known, arch)| (known == name).then_some(arch))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Mips => "MIPS",
            Self::Mips64 => "MIPS64",
            Self::Arm => "ARM",
            Self::Arm64 => "ARM64",
            Self::X86 => "x86",
            Self::X8664 => "x86-64",
            Self::PowerPc => "PowerPC",
            Self::RiscV => "RISC-V",
        }
    }

    /// True for two that one processor may run both of: vendors' headers name the family or the member.
    pub fn fits(self, other: Self) -> bool {
        let family = |arch| match arch {
            Self::Mips64 => Self::Mips,
            Self::X8664 => Self::X86,
            arch => arch,
        };
        family(self) == family(other)
    }
}

/// What is known of the processor that some bytes are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    /// The architecture.
    pub arch: Option<Arch>,
    /// The byte order, by code.
    pub order: Option<Endianness>,
    /// The byte order by the file system: of some vendors it says nothing.
    pub root_order: Option<Endianness>,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = self.order.or(self.root_order).map(|order| format!("{} endian", order.name()));
        let words: Vec<String> =
            self.arch.map(|arch| arch.name().to_owned()).into_iter().chain(order).collect();
        f.write_str(&if words.is_empty() { "an unknown processor".to_owned() } else { words.join(", ") })
    }
}

/// The machine that the firmware at the start of `bytes` is for.
pub(crate) fn of_firmware(bytes: &[u8]) -> Machine {
    let mut machine = of_kernel(bytes, DEEPEST);
    machine.root_order = root_order(bytes);
    machine
}

fn of_kernel(bytes: &[u8], depth: usize) -> Machine {
    if depth == 0 {
        return Machine::default();
    }
    let inside = |at: usize| bytes.get(at..).map_or_else(Machine::default, |b| of_kernel(b, depth - 1));
    // A header's word counts; the code adds the byte order, where it is of that architecture.
    let said = |arch: Option<Arch>, code: Machine| Machine {
        arch: arch.or(code.arch),
        order: code.order.filter(|_| arch.is_none_or(|arch| code.arch.is_some_and(|code| code.fits(arch)))),
        ..Machine::default()
    };
    if uimage::parse(bytes, 0).is_some_and(|header| header.crc_holds) {
        let arch = bytes.get(ARCH_AT).and_then(|id| Arch::by_id(*id));
        return said(arch, inside(uimage::HEADER_LEN));
    }
    if let Some(header) = envelope_at(bytes, 0) {
        return inside(header.payload_at() as usize);
    }
    if bytes.starts_with(trx::MAGIC) {
        let first = u32_at(bytes, 0x10, Endianness::Little).unwrap_or(0);
        return if first > 0 { inside(first as usize) } else { Machine::default() };
    }
    if bytes.starts_with(&seama::MAGIC) {
        let payload = seama::without_seal(bytes);
        let entity = (payload.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
        // Header and MD5, then the metadata.
        let meta = u16_at(payload, 6, Endianness::Big).unwrap_or(0);
        return inside(entity + 12 + 16 + usize::from(meta));
    }
    if let Ok(tree) = Tree::read(bytes) {
        let arch = tree.nodes.iter().find_map(|node| Arch::by_name(node.text("arch")?));
        return said(
            arch,
            fit::kernel(bytes, &tree).map_or_else(Machine::default, |b| of_kernel(b, depth - 1)),
        );
    }
    if let Some(code) = unpacked(bytes) {
        return of_code(&code);
    }
    of_code(slice(bytes, 0, bytes.len().min(COUNTED as usize)).unwrap_or_default())
}

/// Where a uImage header has its architecture.
const ARCH_AT: usize = 0x1d;

/// The first part of what the stream at the start unpacks to.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    if lzma::parse(bytes, 0).is_some_and(|header| lzma::USUAL_PROPERTIES.contains(&header.properties)) {
        return Some(lzma::unpack(bytes, 0, COUNTED)?.data);
    }
    let format = packed::FORMATS.iter().find(|format| bytes.starts_with(format.magic))?;
    Some(format.unpack(bytes, 0, COUNTED)?.data)
}

/// The machine that plain code is for: by the header of a kernel, else by the returns in it.
pub(crate) fn of_code(code: &[u8]) -> Machine {
    use Endianness::{Big, Little};
    let known = |arch, order| Machine { arch: Some(arch), order, ..Machine::default() };
    if slice(code, 0x38, 4) == Some(b"ARM\x64") {
        return known(Arch::Arm64, Some(Little));
    }
    if u32_at(code, 0x24, Little) == Some(0x016f_2818) {
        return known(Arch::Arm, Some(Little));
    }
    // jr ra; bx lr and mov pc, lr; ret; blr.
    const RETURNS: [(Arch, Endianness, [u8; 4]); 7] = [
        (Arch::Mips, Big, [0x03, 0xe0, 0x00, 0x08]),
        (Arch::Mips, Little, [0x08, 0x00, 0xe0, 0x03]),
        (Arch::Arm, Little, [0x1e, 0xff, 0x2f, 0xe1]),
        (Arch::Arm, Big, [0xe1, 0x2f, 0xff, 0x1e]),
        (Arch::Arm64, Little, [0xc0, 0x03, 0x5f, 0xd6]),
        (Arch::PowerPc, Big, [0x4e, 0x80, 0x00, 0x20]),
        (Arch::RiscV, Little, [0x67, 0x80, 0x00, 0x00]),
    ];
    let count = |word: &[u8; 4]| memmem::find_iter(code, word).filter(|at| at % 4 == 0).count();
    let counts = RETURNS.map(|(arch, order, word)| (count(&word), arch, order));
    let most = counts.iter().copied().max_by_key(|(count, ..)| *count);
    let others: usize = counts.iter().map(|(count, ..)| count).sum();
    match most {
        // Nearly all of them are of one kind.
        Some((count, arch, order)) if count >= FEWEST_RETURNS && (others - count) * 8 < count => {
            known(arch, Some(order))
        }
        _ => Machine::default(),
    }
}

/// The byte order of the first squashfs, where its version has one: version 4 is little endian on every machine.
fn root_order(bytes: &[u8]) -> Option<Endianness> {
    const MOST_TRIES: usize = 16;
    let look = Look::new(bytes);
    let starts: Vec<usize> = squashfs::MAGICS
        .iter()
        .flat_map(|(magic, _)| memmem::find_iter(bytes, &magic[..]).take(MOST_TRIES))
        .collect();
    let first = starts.into_iter().filter_map(|at| squashfs::superblock(&look, at));
    let item = first.filter(|item| item.is_sound()).min_by_key(|item| item.offset)?;
    let at = item.offset as usize;
    let order = squashfs::MAGICS.iter().find(|(magic, _)| bytes[at..].starts_with(&magic[..]))?.1;
    let version_4 = u16_at(bytes, at + 0x1c, order) == Some(4);
    (!version_4 || order == Endianness::Big).then_some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::synthetic;

    /// Data with a return in every 64 bytes.
    fn code(word: [u8; 4]) -> Vec<u8> {
        let mut code = synthetic::noise(1, 0x4000);
        code.chunks_mut(64).for_each(|chunk| chunk[..4].copy_from_slice(&word));
        code
    }

    #[test]
    fn code_shows_its_processor_and_noise_does_not() {
        let mips = of_code(&code([0x03, 0xe0, 0, 8]));
        assert_eq!((mips.arch, mips.order), (Some(Arch::Mips), Some(Endianness::Big)));
        let little = of_code(&code([8, 0, 0xe0, 3]));
        assert_eq!((little.arch, little.order), (Some(Arch::Mips), Some(Endianness::Little)));
        assert_eq!(of_code(&code([0x1e, 0xff, 0x2f, 0xe1])).arch, Some(Arch::Arm));
        assert_eq!(of_code(&code([0xc0, 3, 0x5f, 0xd6])).arch, Some(Arch::Arm64));
        for none in [synthetic::noise(2, 0x10_0000), vec![0; 0x1000], vec![0xff; 0x1000], Vec::new()] {
            assert_eq!(of_code(&none), Machine::default());
        }
        // Code of two kinds side by side decides nothing.
        let both = [code([0x03, 0xe0, 0, 8]), code([8, 0, 0xe0, 3])].concat();
        assert_eq!(of_code(&both), Machine::default());
        let mut image = synthetic::noise(3, 0x1000);
        image[0x38..0x3c].copy_from_slice(b"ARM\x64");
        assert_eq!(of_code(&image).arch, Some(Arch::Arm64));
    }

    #[test]
    fn squashfs_of_version_4_says_no_byte_order() {
        let mut version_3 = vec![0; 0x1000];
        version_3[..4].copy_from_slice(b"sqsh");
        version_3[0x1c..0x20].copy_from_slice(&[0, 3, 0, 1]);
        version_3[0x3f..0x47].copy_from_slice(&0x1000u64.to_be_bytes());
        assert_eq!(root_order(&version_3), Some(Endianness::Big));
        let openwrt = synthetic::openwrt(&synthetic::FirmwareSpec::default());
        assert_eq!(of_firmware(&openwrt).root_order, None);
    }
}
