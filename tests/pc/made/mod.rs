//! PC boards made for tests: descriptor, GbE, ME, and a BIOS of the parts that a test names. Sums, hashes and pointers are
//! true, code is noise. Used by the library's own tests and by those of the program.

mod boot;
pub mod bytes;
mod parts;
pub mod psp;
mod regions;
pub mod unit;
pub mod volumes;

use boot::{BOOT, boot};
use bytes::put;
use parts::{block, code_volume, identity, store_of_variables};
use psp::{PSP_BLOCKS, psp};
use regions::{descriptor, gbe, me};
use unit::vss;

/// What a part of the BIOS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A volume whose one file is AMI's store of variables.
    Nvar,
    /// A volume of variables with a working block and a spare.
    Vss2,
    /// The same in the older form.
    Vss,
    /// A volume with SMBIOSFlashData, a hole with the Windows key, and the release's own file between them.
    Identity,
    /// A volume of code.
    Code,
    /// Nothing.
    Blank,
    /// A block that nothing names: text of the unit, erased as delivered.
    Block,
    /// What AMD's security processor starts from, and its stores; the first part of a board without a descriptor.
    Psp,
}

/// Who hashes the first volume of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashes {
    /// AMI's file in its three forms.
    Ami1,
    Ami2,
    Ami3,
    /// Phoenix's file.
    Phoenix,
    /// A boot policy manifest of Boot Guard, to which the FIT leads.
    BootGuard,
}

/// A board: parts with their lengths in blocks of 4 KiB, from the start of the BIOS region on; the boot volume follows.
#[derive(Clone, Debug)]
pub struct Spec {
    pub parts: Vec<(Part, usize)>,
    pub model: &'static str,
    /// Two more words of each file's noise: another board's code.
    pub seed: u64,
    /// True where the hash file covers the first block or identity, too.
    pub wide: bool,
    pub hashes: Hashes,
    pub me_major: u16,
    /// True for a board without a descriptor, GbE and ME.
    pub amd: bool,
    /// The maker's key of Platform Secure Boot.
    pub key: u64,
}

impl Spec {
    pub fn new(parts: &[(Part, usize)]) -> Self {
        Self {
            parts: parts.to_vec(),
            model: "MADE B250",
            seed: 0,
            wide: false,
            hashes: Hashes::Ami2,
            me_major: 11,
            amd: parts.first().is_some_and(|(part, _)| *part == Part::Psp),
            key: 70,
        }
    }
}

/// A made flash.
#[derive(Clone, Debug)]
pub struct Made {
    pub bytes: Vec<u8>,
    /// What is the unit's in the BIOS, as offsets in the flash.
    pub own: Vec<(usize, usize)>,
    /// Where each part is, the boot volume last.
    pub parts: Vec<(Part, usize, usize)>,
    /// Where the FIT is.
    pub fit: usize,
}

/// Where the BIOS region starts.
pub const BIOS: usize = 0x10000;
pub const GBE: (usize, usize) = (0x1000, 0x3000);
pub const ME: (usize, usize) = (0x3000, 0x10000);

/// The flash of a board with code of `release`; without a unit, as the maker delivers it.
pub fn build(spec: &Spec, release: u64, unit: Option<u64>) -> Made {
    let code = spec.seed * 1000 + release * 100;
    let bios: usize = spec.parts.iter().map(|(_, blocks)| blocks * 0x1000).sum::<usize>() + BOOT;
    let size = BIOS + bios;
    let (mut own, mut parts, mut image) = (Vec::new(), Vec::new(), vec![0xff; size]);
    if !spec.amd {
        let regions = [(0, 0, 0x1000), (1, BIOS, size), (2, ME.0, ME.1), (3, GBE.0, GBE.1)];
        put(&mut image, 0, &descriptor(&regions));
        put(&mut image, GBE.0, &gbe(unit));
        let build = if unit.is_some() { 100 } else { 200 };
        put(&mut image, ME.0, &me(ME.1 - ME.0, [spec.me_major, 8, 50, build], unit));
    }
    let mut at = BIOS;
    for (n, (part, blocks)) in spec.parts.iter().enumerate() {
        let len = blocks * 0x1000;
        let whole = (at, at + len);
        let bytes = match part {
            Part::Blank => vec![0xff; len],
            Part::Psp => {
                assert_eq!((at, len), (BIOS, PSP_BLOCKS * 0x1000), "the first part, of its length");
                own.extend([(0x2_6000, 0x2_8000), (0x2_8000, 0x2_9000)]);
                psp(size, code, spec.key, unit)
            }
            Part::Block => block(len, unit),
            Part::Vss2 | Part::Vss => vss(len, unit, *part == Part::Vss),
            Part::Nvar => store_of_variables(len, unit),
            Part::Identity => {
                let (bytes, of_unit) = identity(len, spec.model, release, unit);
                own.extend(of_unit.map(|(a, b)| (at + a, at + b)));
                bytes
            }
            Part::Code => code_volume(len, code + n as u64),
        };
        match part {
            Part::Vss2 | Part::Vss | Part::Nvar | Part::Block => own.push(whole),
            Part::Identity | Part::Code | Part::Blank | Part::Psp => {}
        }
        put(&mut image, at, &bytes);
        parts.push((*part, whole.0, whole.1));
        at += len;
    }
    let fit = boot(&mut image, &parts, code + 50, spec);
    parts.push((Part::Code, at, size));
    Made { bytes: image, own, parts, fit }
}

/// What a splice of `own` with `donor` must be: the unit's bytes from the one, the rest of the BIOS from the other.
pub fn expected(own: &Made, donor: &Made) -> Vec<u8> {
    let mut bytes = own.bytes.clone();
    bytes[BIOS..].copy_from_slice(&donor.bytes[BIOS..]);
    for (a, b) in &own.own {
        bytes[*a..*b].copy_from_slice(&own.bytes[*a..*b]);
    }
    bytes
}
