//! TP-Link headers as items of an inspection.

use super::header::{HEADER_LEN, Structure, TplinkHeader, parse};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::envelope::{Change, Md5Verdict};
use crate::image::container::item::{CheckName, Found, Item, Outcome};

/// Reads the header at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let header = parse(bytes, at as u64)?;
    let rest = crate::image::container::sysupgrade::payload_len(bytes).saturating_sub(at) as u64;
    let verdict = look.may_judge_header().then(|| header.check_md5(bytes));
    let size = match &verdict {
        Some(Md5Verdict::Holds { len }) => *len,
        _ => u64::from(header.fw_length).min(rest),
    };
    let item = describe(&header, size);
    let item = match verdict {
        None => item.check(CheckName::MD5, Outcome::CannotTell, NOT_MADE),
        Some(verdict) => check_md5(item, &header, &verdict),
    };
    let item = match header.inner_offset() {
        Some(offset) => check_inner(item, &header, header.inner(bytes).as_ref(), offset),
        None => item,
    };
    Some(Found::holder(item, HEADER_LEN as usize))
}

fn describe(header: &TplinkHeader, size: u64) -> Item {
    let [high, mid, low] = header.software;
    let part = |p: super::header::Part| format!("{:#x}+{:#x}", p.offset, p.len);
    let item = Item::new(header.kind(), header.offset, size)
        .with("hardware_id", format!("{:08x}", header.hw_id))
        .with("hardware_revision", format!("{:x}", header.hw_rev))
        .with_some("hw_ver_add", header.hw_ver_add)
        .with_some("region", region(header))
        .with_some("region_code", header.region)
        .with("endianness", header.endianness.name())
        .with("structure", if header.structure == Structure::V1 { "v1" } else { "v2" })
        .with_some("vendor", header.vendor.as_deref())
        .with_some("fw_version", Some(header.fw_version.as_str()))
        .with("software", format!("{high}.{mid}.{low}"))
        .with_hex("fw_length", header.fw_length)
        .with("kernel", part(header.kernel))
        .with("rootfs", part(header.rootfs));
    if header.has_boot() { item.with("boot", part(header.boot)) } else { item }
}

/// The country of a header of the first structure: by the second text, else by the code.
fn region(header: &TplinkHeader) -> Option<String> {
    let code = header.region?;
    let country = header.region_texts.last().filter(|text| text.len() == 8).and_then(|text| {
        let bytes = u32::from_str_radix(text, 16).ok()?.to_be_bytes();
        let letters: String = bytes
            .iter()
            .take_while(|b| **b != 0)
            .map(|b| char::from(*b))
            .filter(char::is_ascii_alphabetic)
            .collect();
        (!letters.is_empty()).then_some(letters)
    });
    Some(country.unwrap_or_else(|| match code {
        0 => "universal".to_owned(),
        1 => "US".to_owned(),
        other => other.to_string(),
    }))
}

fn check_md5(item: Item, header: &TplinkHeader, verdict: &Md5Verdict) -> Item {
    match verdict {
        Md5Verdict::Holds { len } if *len == u64::from(header.fw_length) => {
            item.check(CheckName::MD5, true, "")
        }
        Md5Verdict::Holds { len } if *len > u64::from(header.fw_length) => {
            item.check(CheckName::MD5, true, format!("over {len:#x} bytes")).check(
                "fw-length",
                Outcome::CannotTell,
                format!("{:#x} bytes follow the firmware", len - u64::from(header.fw_length)),
            )
        }
        Md5Verdict::Holds { len } => {
            item.check(CheckName::MD5, true, format!("over {len:#x} bytes, a stripped image"))
        }
        Md5Verdict::Stale { len, change } => {
            let what = match change {
                Change::Overlay { offset } => {
                    format!("OpenWrt has written its overlay over the mark at {:#x}", header.offset + offset)
                }
                Change::HwVerAdd { was } => {
                    format!("the vendor's page has changed hw_ver_add, it was {was:#x}")
                }
            };
            item.check(CheckName::MD5, Outcome::CannotTell, format!("lawfully stale: {what}")).check(
                "contents",
                true,
                format!("the MD5 holds over {len:#x} bytes with that undone"),
            )
        }
        Md5Verdict::CannotTell { reason } => item.check(CheckName::MD5, Outcome::CannotTell, *reason),
        Md5Verdict::Fails { short: true } => item.check(CheckName::MD5, false, "damaged or cut short"),
        Md5Verdict::Fails { short: false } => item.check(CheckName::MD5, false, "damaged"),
    }
}

fn check_inner(item: Item, outer: &TplinkHeader, inner: Option<&TplinkHeader>, offset: u64) -> Item {
    let Some(inner) = inner else {
        // Whether files of the first structure have one is not known.
        let result = if outer.structure == Structure::V1 { Outcome::CannotTell } else { Outcome::Bad };
        return item.check("inner-header", result, format!("none at {offset:#x}"));
    };
    let (a, b) = (outer.hardware(), inner.hardware());
    let detail = if a == b { String::new() } else { format!("it is for {b}, the outer one for {a}") };
    item.check("inner-header", a == b, detail)
}
