//! The MD5 of a TP-Link header: computed, and judged with the legitimate reasons why it may no longer hold.
//!
//! MD5 over the file with the 16 bytes of the sum replaced by a salt; which file that was is not in the header:
//! `fw_length` is the layout's length, a stripped image is shorter, and bytes may follow. A running unit changes
//! the covered bytes legitimately: OpenWrt writes its overlay over the marks after the root file system, the
//! vendor's page writes `hw_ver_add` while storing. Facts: firmware-utils mktplinkfw.c, mktplinkfw2.c (salts and
//! coverage), firmware-utils c14e29c and 4b35e174 (`hw_ver_add`).

use md5::{Digest, Md5};

use super::header::{Structure, TplinkHeader};
use crate::image::container::bytes::slice;
use crate::image::container::envelope::{Change, Md5Verdict};
use crate::image::container::overlay::FORMAT_MARK;
use crate::units;

/// Which of a structure's two salts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    /// A firmware without boot loader.
    Normal,
    /// A file with a boot loader.
    Boot,
}

const V1_NORMAL: u128 = 0xdcd7_3aa5_c395_98fb_ddf9_e7f4_0eae_4738;
const V1_BOOT: u128 = 0x8cef_335b_d5c5_cefa_a79c_28da_b2e9_0f42;
const V2_NORMAL: u128 = 0xdcd7_3aa5_c395_98fb_dcf9_e7f4_0eae_4737;
const V2_BOOT: u128 = 0x8cef_335f_d5c5_cefa_ac9c_28da_b2e9_0f42;

impl TplinkHeader {
    /// The salt its MD5 was made with.
    pub fn salt(&self) -> Salt {
        if self.has_boot() { Salt::Boot } else { Salt::Normal }
    }

    /// Judges the MD5 of the header within the bytes it was found in.
    pub fn check_md5(&self, bytes: &[u8]) -> Md5Verdict {
        check(bytes, self)
    }
}

/// The MD5 of `file`, which starts with `header`.
pub(crate) fn compute(file: &[u8], header: &TplinkHeader) -> [u8; 16] {
    sum(header, &[file], None)
}

/// MD5 over `pieces` one after the other; the first starts with the header, `hw_ver_add` may be another.
fn sum(header: &TplinkHeader, pieces: &[&[u8]], hw_ver_add: Option<u32>) -> [u8; 16] {
    let salt = match (header.structure, header.salt()) {
        (Structure::V1, Salt::Normal) => V1_NORMAL,
        (Structure::V1, Salt::Boot) => V1_BOOT,
        (Structure::V2, Salt::Normal) => V2_NORMAL,
        (Structure::V2, Salt::Boot) => V2_BOOT,
    };
    let at = header.structure.fields().md5;
    let mut md5 = Md5::new();
    for (i, piece) in pieces.iter().enumerate() {
        if i > 0 || piece.len() < at + 16 {
            units::add(&mut md5, piece);
            continue;
        }
        match hw_ver_add {
            // In the second structure it is just before the sum.
            Some(add) => {
                md5.update(&piece[..at - 4]);
                md5.update(header.endianness.bytes32(add));
            }
            None => md5.update(&piece[..at]),
        }
        md5.update(salt.to_be_bytes());
        units::add(&mut md5, &piece[at + 16..]);
    }
    md5.finalize().into()
}

/// Judges the MD5 of `header`, found in `bytes`.
pub(crate) fn check(bytes: &[u8], header: &TplinkHeader) -> Md5Verdict {
    let Some(rest) = usize::try_from(header.offset).ok().and_then(|at| bytes.get(at..)) else {
        return Md5Verdict::Fails { short: true };
    };
    if header.md5 == [0; 16] || header.md5 == [0xff; 16] {
        return Md5Verdict::CannotTell { reason: "the header carries no MD5" };
    }
    let whole = &rest[..crate::image::container::sysupgrade::payload_len(rest)];
    let fw_length = header.fw_length as usize;
    let holds = |piece: &[u8]| sum(header, &[piece], None) == header.md5;

    let layout = rest.get(..fw_length);
    if layout.is_some_and(holds) {
        return Md5Verdict::Holds { len: fw_length as u64 };
    }
    if whole.len() != fw_length && holds(whole) {
        return Md5Verdict::Holds { len: whole.len() as u64 };
    }
    if let Some(verdict) = check_overlay(rest, header) {
        return verdict;
    }
    // The vendor's page only changes what is in flash: a header with other bytes before it.
    if let (Some(layout), Some(now), true) = (layout, header.hw_ver_add, header.offset > 0) {
        for was in (0..=5).filter(|was| *was != now) {
            if sum(header, &[layout], Some(was)) == header.md5 {
                return Md5Verdict::Stale { len: fw_length as u64, change: Change::HwVerAdd { was } };
            }
        }
    }
    Md5Verdict::Fails { short: whole.len() < fw_length }
}

/// Judges an OpenWrt image in flash: what is after its root file system, at an erase block's edge?
/// The mark says where the image ended; an overlay is written where a mark was.
fn check_overlay(rest: &[u8], header: &TplinkHeader) -> Option<Md5Verdict> {
    const MOST_EDGES: u64 = 64;
    if header.has_boot() {
        return None;
    }
    let rootfs_end = header.rootfs.end();
    let mut mark_end = None;
    let mut overlay = None;
    for step in [0x1000_u64, 0x1_0000] {
        let first = rootfs_end.div_ceil(step) * step;
        for edge in (0..MOST_EDGES).map(|i| first + i * step).take_while(|e| *e < u64::from(header.fw_length))
        {
            let Some(four) = slice(rest, edge as usize, 4) else { break };
            if four == FORMAT_MARK {
                mark_end = mark_end.max(Some(edge + 4));
            } else if overlay.is_none() && matches!(four[..2], [0x85, 0x19] | [0x19, 0x85]) {
                overlay = Some(edge);
            }
        }
    }
    if let Some(end) = mark_end
        && sum(header, &[&rest[..end as usize]], None) == header.md5
    {
        return Some(Md5Verdict::Holds { len: end });
    }
    let edge = overlay?;
    let was = sum(header, &[&rest[..edge as usize], &FORMAT_MARK], None);
    Some(if was == header.md5 {
        Md5Verdict::Stale { len: edge + 4, change: Change::Overlay { offset: edge } }
    } else {
        Md5Verdict::CannotTell { reason: "OpenWrt's overlay is written over bytes the MD5 was made over" }
    })
}
