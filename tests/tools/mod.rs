//! norsplice and other people's tools: what they make is inspected and spliced, what is served they fetch.
//!
//! A test whose tool is missing says so and passes; with `NORSPLICE_NEED_TOOLS` set it fails, which is how CI runs it.

mod containers;
mod ifdtool;
mod tftp;

use std::path::Path;

/// Something that packs, is not blank and is no other format.
pub fn kernel(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(i) >> 7) as u8 & 0x3f | 0x40).collect()
}

pub fn tree() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dts/fixed-layout.dtb");
    std::fs::read(path).expect("the tree is part of the sources")
}
