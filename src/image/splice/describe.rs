//! The contents of a region, in a few words for a table.

use crate::image::donor::loader;
use crate::image::formats::envelope_at;
use crate::image::is_blank;
use crate::image::layout::{Region, Role};
use crate::image::pc;
use crate::image::unit;

/// Describes `bytes`, the contents of `region` from its first byte on.
pub fn region(bytes: &[u8], region: &Region) -> String {
    if is_blank(bytes) {
        return if bytes.first() == Some(&0) { "zeros".to_owned() } else { "blank".to_owned() };
    }
    let words = match region.role {
        Role::Loader => loader::version(bytes).map(|v| format!("boot loader, {v}")),
        Role::Firmware => firmware(bytes),
        Role::Settings => settings(bytes),
        Role::Unit | Role::Other => pc::item::describe(bytes, &region.name, region.span.start),
    };
    let units: Vec<String> = region
        .per_unit
        .iter()
        .filter_map(|u| {
            let from = usize::try_from(u.span.start - region.span.start).ok()?;
            let there = bytes.get(from..from + u.span.len() as usize)?;
            Some(format!("{} {}", u.name, unit::show(there, u)))
        })
        .collect();
    let mut parts: Vec<String> = words.into_iter().chain(units).collect();
    if parts.is_empty() {
        parts.push(format!("data, crc32 {:08x}", crc32fast::hash(bytes)));
    }
    parts.join("; ")
}

/// A firmware by its header.
fn firmware(bytes: &[u8]) -> Option<String> {
    let header = envelope_at(bytes, 0)?;
    Some(format!("firmware {}, crc32 {:08x}", header.describe(), crc32fast::hash(bytes)))
}

/// Settings by the operator's profile in them, where they are readable.
fn settings(bytes: &[u8]) -> Option<String> {
    if !bytes.starts_with(b"<?xml") {
        return None;
    }
    Some(match profile(bytes) {
        Some(name) => format!("settings (XML), profile {name}"),
        None => "settings (XML)".to_owned(),
    })
}

/// The operator's profile named in readable settings.
pub(crate) fn profile(bytes: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"Profile=\"";
    const LONGEST: usize = 32;
    let at = loader::find(bytes, KEY)? + KEY.len();
    let name: Vec<u8> = bytes[at..].iter().copied().take(LONGEST).take_while(|b| *b != b'"').collect();
    let plain = !name.is_empty() && name.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    plain.then(|| String::from_utf8_lossy(&name).into_owned())
}
