//! norsplice and other people's tools: what they make is inspected and spliced, what is served they fetch.
//!
//! A test whose tool is missing says "left out" and passes; with `NORSPLICE_NEED_TOOLS` set it fails, which is how CI runs it.

mod binwalk;
mod cbfs;
mod containers;
mod ifdtool;
mod loaders;
pub mod serprog;
mod tftp;
mod ubi;

use std::path::Path;

use crate::bench::Bench;

/// A root file system with text in it, in the folder `root`.
fn rootfs(bench: &Bench) {
    for i in 0..20 {
        bench.write(&format!("root/etc/file{i}"), format!("line {i}\n").repeat(200).as_bytes());
    }
}

/// Something that packs, is not blank and is no other format.
pub fn kernel(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(i) >> 7) as u8 & 0x3f | 0x40).collect()
}

pub fn tree() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dts/fixed-layout.dtb");
    std::fs::read(path).expect("the tree is part of the sources")
}
