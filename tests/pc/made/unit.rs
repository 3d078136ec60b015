//! What is the unit's in the BIOS: variables in their stores, the Windows key, SMBIOS data.

use super::bytes::{filled, guid, noise, put, sum8};
use super::volumes::volume_header;

/// Name and value of the variables of a unit.
fn variables(unit: u64) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("DmiVar0100010700", [format!("SN{:010}", unit * 7_654_321 + 11).as_bytes(), b"\0"].concat()),
        ("DmiVar0100010800", noise(unit + 900, 16)),
        ("Setup", noise(unit + 901, 0x40)),
    ]
}

const AMI_SMBIOS: &str = "4b3082a3-80c6-4d7e-9cd0-583917265df1";

pub(super) fn nvar(len: usize, unit: Option<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in unit.map(variables).unwrap_or_default() {
        let body = [&[0], name.as_bytes(), &[0]].concat();
        let size = (10 + body.len() + value.len()) as u16;
        out.extend([&b"NVAR"[..], &size.to_le_bytes(), &[0xff, 0xff, 0xff, 0x83], &body, &value].concat());
    }
    let table = if unit.is_some() { guid(AMI_SMBIOS).to_vec() } else { vec![0xff; 16] };
    [filled(out, len - 16), table].concat()
}

pub(super) fn vss(len: usize, unit: Option<u64>, old: bool) -> Vec<u8> {
    let half = len / 2;
    let store = half - 0x1000 - 0x48;
    let mark = if old { b"$VSS".to_vec() } else { guid("ddcf3617-3275-4164-98b6-fe85707ffe7d").to_vec() };
    let mut out = [&mark[..], &(store as u32).to_le_bytes(), &[0x5a, 0xfe, 0, 0, 0, 0, 0, 0]].concat();
    for (name, value) in unit.map(variables).unwrap_or_default() {
        let text: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        out.extend([0xaa, 0x55, 0x3f, 0, 7, 0, 0, 0]);
        out.extend((text.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend([&guid(AMI_SMBIOS)[..], &text, &value].concat());
        if !old {
            out.resize(out.len().next_multiple_of(4), 0xff);
        }
    }
    let mut ftw = guid("9e58292b-7c68-497d-a0ce-6500fd9f1b95").to_vec();
    ftw.extend([0xff; 8]);
    ftw.extend(0xfe0u64.to_le_bytes());
    let crc = crc32fast::hash(&ftw);
    put(&mut ftw, 16, &crc.to_le_bytes());
    ftw[20] = 0xfe;
    let head = volume_header(len, guid("fff12b8d-7696-4c8b-a985-2747075b4f50"));
    filled([head, filled(out, store), filled(ftw, 0x1000)].concat(), len)
}

/// The Windows key of a unit.
pub fn windows_key(unit: u64) -> String {
    let group = |n: u64| -> String {
        noise(unit + 910 + n, 5)
            .iter()
            .map(|b| char::from(b"BCDFGHJKMNPQRTVWXY2346789"[*b as usize % 25]))
            .collect()
    };
    (0..5).map(group).collect::<Vec<_>>().join("-")
}

pub(super) fn msdm(unit: u64) -> Vec<u8> {
    let mut table = b"MSDM\x55\0\0\0\x03\0MADE  MADETABL".to_vec();
    table.resize(0x38, 0);
    table.extend(windows_key(unit).as_bytes());
    table[9] = 0u8.wrapping_sub(sum8(&table));
    table
}

pub(super) fn flash_data(unit: u64) -> Vec<u8> {
    let mut body = b"\0\x02\0\0BSA_\0\0\0\0\x01\x08\0\x80\x09\x10\0\x01\0".to_vec();
    body.extend(noise(unit + 920, 16));
    body
}
