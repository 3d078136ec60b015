//! From the embedded TOML files to [`Part`]s, each vendor's file read once, when first asked for.
//!
//! A row takes what it does not say from its `series`, a series from the file's `[defaults]`. Rows are checked by the
//! tests of this module, so a fault in them never reaches a user.

use super::row::read_file;
use super::schemes::Schemes;
use crate::flash::part::{Part, Probe};
use std::sync::OnceLock;

/// Schemes by name, for all vendors.
const SCHEMES: &str = include_str!("schemes.toml");

/// One vendor's file and the first id bytes it answers for.
struct VendorFile {
    manufacturers: &'static [u8],
    text: &'static str,
    rows: OnceLock<Vec<Part>>,
}

const fn vendor(manufacturers: &'static [u8], text: &'static str) -> VendorFile {
    VendorFile { manufacturers, text, rows: OnceLock::new() }
}

static VENDORS: [VendorFile; 19] = [
    vendor(&[0xEF], include_str!("winbond.toml")),
    vendor(&[0xC8, 0x51], include_str!("gigadevice.toml")),
    vendor(&[0xC2], include_str!("macronix.toml")),
    vendor(&[0x20, 0x2C, 0x89], include_str!("micron.toml")),
    vendor(&[0x20], include_str!("xmc.toml")),
    vendor(&[0x01, 0x34], include_str!("spansion.toml")),
    vendor(&[0xBF, 0x62], include_str!("sst.toml")),
    vendor(&[0x1F], include_str!("adesto.toml")),
    vendor(&[0x9D], include_str!("issi.toml")),
    vendor(&[0x1C], include_str!("eon.toml")),
    vendor(&[0x8C, 0x4A], include_str!("esmt.toml")),
    vendor(&[0x37], include_str!("amic.toml")),
    vendor(&[0x85], include_str!("puya.toml")),
    vendor(&[0x68], include_str!("boya.toml")),
    vendor(&[0x5E, 0x0E], include_str!("zbit.toml")),
    vendor(&[0x0B], include_str!("xtx.toml")),
    vendor(&[0xA1], include_str!("fudan.toml")),
    vendor(&[0xBA], include_str!("zetta.toml")),
    vendor(
        &[0xE0, 0xE5, 0xF8, 0xD5, 0x25, 0xB3, 0x54, 0x0E, 0x52, 0x9B, 0xC4, 0xD8],
        include_str!("others.toml"),
    ),
];

impl VendorFile {
    fn rows(&'static self) -> &'static [Part] {
        // Invariant: the text is part of the program and the tests below read every file of it.
        self.rows.get_or_init(|| {
            read_file(self.text, schemes()).expect("embedded part tables are checked by tests")
        })
    }
}

fn schemes() -> &'static Schemes {
    static ONCE: OnceLock<Schemes> = OnceLock::new();
    // Invariant: as for the vendors' files.
    ONCE.get_or_init(|| toml::from_str(SCHEMES).expect("embedded schemes are checked by tests"))
}

/// Every part of every vendor, in the order of the files.
pub fn parts() -> &'static [Part] {
    static ALL: OnceLock<Vec<Part>> = OnceLock::new();
    ALL.get_or_init(|| VENDORS.iter().flat_map(|v| v.rows().iter().cloned()).collect())
}

/// The rows whose id is how `id` (bytes as read) begins. Several where parts share an id, none where no one knows it.
pub fn by_id(id: &[u8]) -> Vec<&'static Part> {
    by_probe(Probe::Jedec, id)
}

/// The same for an id that another command than `9F` gave: the last resort for parts that do not know `9F`.
pub fn by_probe(probe: Probe, id: &[u8]) -> Vec<&'static Part> {
    let Some(first) = id.iter().find(|b| **b != 0x7F) else { return Vec::new() };
    VENDORS
        .iter()
        .filter(|v| v.manufacturers.contains(first))
        .flat_map(|v| v.rows())
        .filter(|p| p.probe == probe && id.starts_with(&p.jedec_id))
        .collect()
}

#[cfg(test)]
mod tests;
