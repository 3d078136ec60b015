//! A synthetic Archer MR200 board and files for it, made by the program itself: nothing in them comes from a vendor.
//!
//! Headers, sums and places are as on the real board; loader, kernel, file system, calibration and settings are
//! invented from a seed. For the demo, which needs no hardware, and for tests.

use crate::image::Image;
use crate::image::container::bytes::jamcrc;
use crate::image::container::overlay::FORMAT_MARK;
use crate::image::container::tplink;
use crate::image::unit::Mac;

const CHIP: usize = 0x80_0000;
const LOADER: usize = 0x2_0000;
const HEADER: usize = 0x200;
/// Where the root file system is after the header.
const ROOTFS: usize = 0x14_0000;
const ROM_MAC: usize = 0x7d_f100;
const ROMFILE: usize = 0x7e_0000;
const RADIO: [(usize, u16); 2] = [(0x7f_0000, 0x7620), (0x7f_8000, 0x7610)];
const EEPROM: usize = 0x200;

/// Bytes without a pattern, the same for the same seed (splitmix64).
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x6e6f_7273_706c_6963;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend((z ^ (z >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// One unit of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its address.
    pub mac: Mac,
    /// What its calibration is invented from.
    pub seed: u64,
    /// The operator's profile in its settings; none for a unit without.
    pub profile: Option<String>,
}

/// A firmware to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirmwareSpec {
    /// What its payload is invented from.
    pub seed: u64,
    /// Hardware id, revision and hw_ver_add in the header.
    pub hardware: (u32, u32, u32),
    /// The room it is made for.
    pub fw_length: usize,
    /// Length of the kernel.
    pub kernel: usize,
    /// Length of the root file system.
    pub rootfs: usize,
}

impl Default for FirmwareSpec {
    /// The vendor's for this board.
    fn default() -> Self {
        Self {
            seed: 1,
            hardware: (0xd750_0001, 0x4a, 1),
            fw_length: 0x7a_0000,
            kernel: 0x5_1234,
            rootfs: 0x9_1000,
        }
    }
}

/// A boot loader of the room it has: a branch at the reset vector, a version text, invented code, padding.
pub fn loader(seed: u64, date: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LOADER);
    for vector in 0..8u32 {
        // `b` to 400h and `nop`, as U-Boot's start for MIPS has it.
        bytes.extend((0x1000_00ff - 2 * vector).to_le_bytes());
        bytes.extend([0; 4]);
    }
    bytes.extend(noise(seed, 0x1_1000 - bytes.len()));
    bytes.extend(format!("U-Boot 1.1.3 ({date})\0").bytes());
    for text in ["Board: Ralink APSoC DRAM:  ", "ArcherC2V1_tp_recovery.bin", "192.168.1.1", "192.168.0.66"] {
        bytes.extend(text.bytes());
        bytes.push(0);
    }
    bytes.extend(noise(seed ^ 0xb007, 0x1_8a00 - bytes.len()));
    bytes.resize(LOADER, 0xff);
    bytes
}

/// A firmware with its header, as long as its room.
pub fn firmware(spec: &FirmwareSpec) -> Vec<u8> {
    let mut bytes = header(spec, ROOTFS);
    bytes.extend(noise(spec.seed, spec.kernel));
    bytes.resize(ROOTFS, 0xff);
    bytes.extend(rootfs(spec));
    bytes.resize(spec.fw_length, 0xff);
    // A header was just put there.
    let _ = tplink::seal(&mut bytes, 0);
    bytes
}

/// The vendor's file for the web page: outer header, loader, firmware.
pub fn vendor_file(loader: &[u8], firmware: &[u8]) -> Vec<u8> {
    tplink::with_boot(loader, firmware).unwrap_or_default()
}

/// OpenWrt's sysupgrade file without what fwtool appends: root file system right after the kernel, marks after it.
pub fn openwrt(spec: &FirmwareSpec) -> Vec<u8> {
    let mut bytes = header(spec, HEADER + spec.kernel);
    bytes.extend(noise(spec.seed, spec.kernel));
    bytes.extend(rootfs(spec));
    for edge in [0x1000usize, 0x1_0000] {
        bytes.resize(bytes.len().next_multiple_of(edge), 0xff);
        bytes.extend(FORMAT_MARK);
    }
    let _ = tplink::seal(&mut bytes, 0);
    bytes
}

/// The sysupgrade file: [`openwrt()`] and metadata for `devices`.
pub fn sysupgrade(spec: &FirmwareSpec, devices: &[&str]) -> Vec<u8> {
    let mut bytes = openwrt(spec);
    let start = bytes.len();
    let metadata = serde_json::json!({
        "metadata_version": "1.1", "compat_version": "1.0", "supported_devices": devices,
        "version": {"dist": "OpenWrt", "version": "24.10.0", "target": "ramips/mt7620"},
    });
    bytes.extend([0; 8]);
    bytes.extend(metadata.to_string().bytes());
    let crc = jamcrc(&bytes);
    let len = (bytes.len() - start + 16) as u32;
    bytes.extend(b"FWx0");
    bytes.extend(crc.to_be_bytes());
    bytes.extend([1, 0, 0, 0]);
    bytes.extend(len.to_be_bytes());
    bytes
}

/// A whole chip: loader, firmware, and the unit's own data after them.
pub fn chip(unit: &Unit, loader: &[u8], firmware: &[u8]) -> Vec<u8> {
    let mut bytes = loader.to_vec();
    bytes.extend_from_slice(firmware);
    bytes.resize(CHIP, 0xff);
    bytes[ROM_MAC..ROM_MAC + 6].copy_from_slice(&unit.mac);
    let serial = format!("DEMO{:08}", unit.seed % 100_000_000);
    bytes[ROM_MAC + 0x200..ROM_MAC + 0x200 + serial.len()].copy_from_slice(serial.as_bytes());
    if let Some(profile) = &unit.profile {
        let text = settings(profile);
        bytes[ROMFILE..ROMFILE + text.len()].copy_from_slice(text.as_bytes());
    }
    for (at, id) in RADIO {
        let mut eeprom = noise(unit.seed ^ u64::from(id), EEPROM);
        eeprom[..2].copy_from_slice(&id.to_le_bytes());
        eeprom[2..4].copy_from_slice(&[2, 0]);
        eeprom[4..10].copy_from_slice(&unit.mac);
        bytes[at..at + EEPROM].copy_from_slice(&eeprom);
    }
    bytes
}

/// A board with an operator's firmware, and a vendor's file to rewrite it with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Demo {
    /// What is on the chip.
    pub board: Image,
    /// The file.
    pub vendor: Vec<u8>,
}

/// The board and the file of the demo.
pub fn demo() -> Demo {
    let unit = Unit {
        mac: [0x02, 0x6e, 0x6f, 0x72, 0x73, 0x70],
        seed: 2016,
        profile: Some("OPERATOR-DEMO".to_owned()),
    };
    let operator = FirmwareSpec { seed: 3, rootfs: 0x8_2000, ..FirmwareSpec::default() };
    let vendor = FirmwareSpec { seed: 4, ..FirmwareSpec::default() };
    let board = chip(&unit, &loader(5, "Mar 10 2016 - 09:12:44"), &firmware(&operator));
    let vendor = vendor_file(&loader(6, "Aug 31 2015 - 16:32:16"), &firmware(&vendor));
    Demo { board: Image::new(board), vendor }
}

/// A header of version 3 for a kernel right after it; the MD5 is still to be made.
fn header(spec: &FirmwareSpec, rootfs: usize) -> Vec<u8> {
    let mut bytes = vec![0xff; HEADER];
    bytes[..14].copy_from_slice(b"\x03\0\0\0ver. 2.0\0\xff");
    bytes[0x50..0x54].fill(0);
    // Load address and entry point are little-endian where the rest is big-endian.
    bytes[0x68..0x70].copy_from_slice(&[0, 0, 0, 0x80, 0, 0, 0, 0x80]);
    bytes[0x8c..0x94].copy_from_slice(&[0x55, 0xaa, 1, 2, 0xa5, 0, 9, 1]);
    let (id, rev, add) = spec.hardware;
    let words = [
        (0x34, id),
        (0x38, rev),
        (0x3c, add),
        (0x70, spec.fw_length as u32),
        (0x74, HEADER as u32),
        (0x78, spec.kernel as u32),
        (0x7c, rootfs as u32),
        (0x80, spec.rootfs as u32),
        (0x84, 0),
        (0x88, 0),
    ];
    for (at, value) in words {
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    bytes
}

/// A root file system: the first block of a squashfs, invented contents.
fn rootfs(spec: &FirmwareSpec) -> Vec<u8> {
    const BLOCK_LOG: u16 = 17;
    let mut bytes = noise(spec.seed ^ 0x5f5f, spec.rootfs);
    let used = spec.rootfs as u64;
    let mut block = b"hsqs".to_vec();
    block.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    block.extend((1u32 << BLOCK_LOG).to_le_bytes());
    block.extend([0; 4]);
    // xz, block size, flags, ids, version 4.0
    for word in [4u16, BLOCK_LOG, 0xc0, 1, 4, 0] {
        block.extend(word.to_le_bytes());
    }
    block.extend(0u64.to_le_bytes());
    block.extend(used.to_le_bytes());
    for back in [8u64, u64::MAX, 64, 32, 16, u64::MAX] {
        let at = if back == u64::MAX { back } else { used.saturating_sub(back) };
        block.extend(at.to_le_bytes());
    }
    let len = block.len().min(bytes.len());
    bytes[..len].copy_from_slice(&block[..len]);
    bytes
}

/// Settings as the operator's default configuration has them.
fn settings(profile: &str) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<DslCpeConfig>\n  <InternetGatewayDevice>\n    <DeviceInfo Profile=\"{profile}\" />\n"
    );
    for i in 0..200 {
        text += &format!("    <Setting{i} Value=\"{}\" />\n", i * 37 % 101);
    }
    text + "  </InternetGatewayDevice>\n</DslCpeConfig>\n"
}
