//! OpenWrt's sysupgrade files: the chunks fwtool appends (metadata, signature) and the tar kind.
//!
//! A chunk is data with a trailer of 16 bytes: `FWx0`, CRC-32 register over every byte before the trailer
//! (without the final inversion), type, chunk length with the trailer; integers big-endian. Metadata data is
//! 8 header bytes and JSON. Facts: OpenWrt fwtool (fwimage.h, fwtool.c); the CRC's form was measured.

use crate::image::container::bytes::jamcrc;
use serde_json::Value;

use super::budget::Look;
use super::bytes::{Endianness, slice, u32_at};
use super::item::{CheckName, Found, Item, ItemKind};
use super::payload::Payload;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("sysupgrade");

const TRAILER_LEN: usize = 16;
const MAGIC: &[u8; 4] = b"FWx0";
/// No file has more chunks appended; it bounds the search.
const MOST_CHUNKS: usize = 8;

/// What a chunk holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Chunk {
    /// The metadata; `None` where it is not JSON.
    Metadata(Option<Value>),
    /// A signature.
    Signature,
    /// Another type.
    Other(u8),
}

/// A chunk as found, with its place in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Appended {
    /// Offset of its first byte.
    pub offset: u64,
    /// Length with header and trailer.
    pub len: u64,
    /// What it holds.
    pub chunk: Chunk,
    /// True when its CRC holds.
    pub crc_holds: bool,
}

/// A chunk's place: offset, length and type; the CRC is not looked at.
fn last_chunk(bytes: &[u8]) -> Option<(usize, usize, u8)> {
    let trailer_at = bytes.len().checked_sub(TRAILER_LEN)?;
    let trailer = &bytes[trailer_at..];
    if &trailer[..4] != MAGIC {
        return None;
    }
    let len = u32_at(trailer, 12, Endianness::Big)? as usize;
    let offset = bytes.len().checked_sub(len)?;
    (len >= TRAILER_LEN).then_some((offset, len, trailer[8]))
}

/// The length of `file` without what fwtool appended: what is to be written to flash.
pub fn payload_len(file: &[u8]) -> usize {
    let mut len = file.len();
    for _ in 0..MOST_CHUNKS {
        match last_chunk(&file[..len]) {
            Some((offset, ..)) => len = offset,
            None => break,
        }
    }
    len
}

/// `file` without what fwtool appended.
pub fn strip(file: &[u8]) -> &[u8] {
    &file[..payload_len(file)]
}

/// The chunks at the end of `file`, in the file's order.
pub fn appended(file: &[u8]) -> Vec<Appended> {
    let mut found = Vec::new();
    let mut end = file.len();
    while found.len() < MOST_CHUNKS {
        let Some((offset, len, kind)) = last_chunk(&file[..end]) else { break };
        let trailer = end - TRAILER_LEN;
        let stored = u32_at(file, trailer + 4, Endianness::Big);
        let crc = jamcrc(&file[..trailer]);
        let chunk = match kind {
            0 => Chunk::Signature,
            1 => {
                let json = slice(file, offset + 8, trailer.saturating_sub(offset + 8));
                Chunk::Metadata(json.and_then(|text| serde_json::from_slice(text).ok()))
            }
            other => Chunk::Other(other),
        };
        found.push(Appended {
            offset: offset as u64,
            len: len as u64,
            chunk,
            crc_holds: stored == Some(crc),
        });
        end = offset;
    }
    found.reverse();
    found
}

/// Where what fwtool appended was damaged or cut: its parts are where none can be found from the end of `file`.
///
/// A chunk is found by its trailer alone, and its CRC does not cover the trailer: with that gone, or its length wrong,
/// the file reads as one without metadata, or with less payload.
pub fn remnant(file: &[u8]) -> Option<usize> {
    /// Metadata has some hundred bytes, signatures and certificates some more.
    const FAR: usize = 0x1_0000;
    let payload = payload_len(file);
    let tail = payload.saturating_sub(FAR);
    // A trailer in the payload, or inside a chunk that reaches too far.
    let trailer = |at: &usize| {
        let fields = slice(file, at + 8, TRAILER_LEN - 8);
        fields.is_none_or(|f| f[0] <= 1 && f[1..4] == [0; 3] && f[4..6] == [0; 2])
    };
    let in_payload = memchr::memmem::find_iter(&file[tail..payload], MAGIC).map(|at| tail + at).find(trailer);
    let in_chunk = || {
        appended(file).into_iter().find_map(|chunk| {
            let (from, to) = (chunk.offset as usize, (chunk.offset + chunk.len) as usize - TRAILER_LEN);
            memchr::memmem::find_iter(&file[from..to], MAGIC).map(|at| from + at).find(trailer)
        })
    };
    let json = || {
        let names = [&b"\"supported_devices\""[..], b"\"metadata_version\""];
        names.iter().find_map(|name| memchr::memmem::find(&file[tail..payload], name)).map(|at| tail + at)
    };
    in_payload.or_else(in_chunk).or_else(json)
}

/// The metadata of `file`, where it is JSON.
pub fn metadata(file: &[u8]) -> Option<Metadata> {
    appended(file).into_iter().rev().find_map(|found| match found.chunk {
        Chunk::Metadata(Some(json)) => Some(Metadata::from_json(&json)),
        _ => None,
    })
}

/// What a sysupgrade file says about the boards it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Names of the boards, `supported_devices` and `new_supported_devices` together.
    pub supported_devices: Vec<String>,
    /// Version of the flash layout it expects.
    pub compat_version: Option<String>,
    /// `OpenWrt 24.10.0 r28427-6df0e3d02a`.
    pub release: Option<String>,
    /// `ramips/mt7620`.
    pub target: Option<String>,
    /// `tplink_archer-mr200`.
    pub board: Option<String>,
}

impl Metadata {
    /// Reads the known fields of the JSON; unknown or ill-typed fields are left out.
    pub fn from_json(json: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let mut supported_devices = Vec::new();
        for key in ["supported_devices", "new_supported_devices"] {
            for name in json[key].as_array().into_iter().flatten().filter_map(text) {
                // Boards of another layout: "board - Image version mismatch ..." is a sentence, not a name.
                let name = name.split(' ').next().unwrap_or_default().to_owned();
                if !name.is_empty() && !supported_devices.contains(&name) {
                    supported_devices.push(name);
                }
            }
        }
        let version = &json["version"];
        let parts: Vec<_> =
            ["dist", "version", "revision"].iter().filter_map(|k| text(&version[k])).collect();
        Self {
            supported_devices,
            compat_version: text(&json["compat_version"]),
            release: (!parts.is_empty()).then(|| parts.join(" ")),
            target: text(&version["target"]),
            board: text(&version["board"]),
        }
    }
}

/// No image has more files than this.
const MOST_FILES: usize = 64;

/// A file of an image of the tar kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TarFile {
    /// Its path, `sysupgrade-BOARD/kernel`.
    pub path: String,
    /// Where its bytes are, counted from the tar's start.
    pub offset: u64,
    /// Its length.
    pub len: u64,
}

/// The files of an image of the tar kind, which is a tar whose first path starts with `sysupgrade-`.
pub fn tar_files(bytes: &[u8]) -> Option<Vec<TarFile>> {
    let mut archive = tar::Archive::new(bytes);
    let mut files = Vec::new();
    for entry in archive.entries().ok()?.raw(true).take(MOST_FILES) {
        let Ok(entry) = entry else { break };
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !path.starts_with("sysupgrade-") {
            break;
        }
        files.push(TarFile { path, offset: entry.raw_file_position(), len: entry.size() });
    }
    (!files.is_empty()).then_some(files)
}

/// The board in the paths of an image of the tar kind: its name with `_` for the comma. Fact: OpenWrt's nand.sh,
/// nand_do_platform_check.
pub fn tar_board(bytes: &[u8]) -> Option<String> {
    let files = tar_files(bytes)?;
    let board = files.first()?.path.strip_prefix("sysupgrade-")?.split('/').next()?;
    (!board.is_empty()).then(|| board.to_owned())
}

/// The mark of a tar, and its offset in the first header.
pub(crate) const TAR_MAGIC: &[u8; 5] = b"ustar";
/// See [`TAR_MAGIC`].
pub(crate) const TAR_MAGIC_AT: usize = 257;

/// Kernel and root file system of an image of the tar kind.
pub(crate) fn tar_payload(bytes: &[u8]) -> Payload<'_> {
    let files = tar_files(bytes).unwrap_or_default();
    let file = |name: &str| {
        let file = files.iter().find(|f| f.path.ends_with(name))?;
        bytes.get(file.offset as usize..file.offset.checked_add(file.len)? as usize)
    };
    let (kernel, root) = (file("/kernel"), file("/root"));
    let named = [("kernel", kernel), ("rootfs", root), ("root", root)];
    let parts = named.into_iter().filter_map(|(name, bytes)| Some((name.to_owned(), bytes?))).collect();
    Payload::Separate { kernel, root, parts }
}

/// Reads an image of the tar kind whose `ustar` mark is at `mark`.
pub(crate) fn find_tar(look: &mut Look, mark: usize) -> Option<Found> {
    const BLOCK: u64 = 512;
    let at = mark.checked_sub(TAR_MAGIC_AT)?;
    if (at as u64) < look.tar_end {
        return None;
    }
    let files = tar_files(&look.bytes[at..])?;
    let end = files.iter().map(|f| f.offset.saturating_add(f.len).div_ceil(BLOCK) * BLOCK).max()?;
    let board = tar_board(&look.bytes[at..]).unwrap_or_default();
    let list: Vec<Value> = files
        .iter()
        .map(|f| serde_json::json!({ "path": f.path, "offset": at as u64 + f.offset, "size": f.len }))
        .collect();
    let kernel = files.iter().any(|f| f.path.ends_with("/kernel") && f.len > 0);
    let item = Item::new(KIND, at as u64, end)
        .with("format", "tar")
        .with("board", board)
        .with("files", list)
        .check(CheckName::KERNEL, kernel, if kernel { "" } else { "the tar holds no kernel" })
        .check_fits(look.bytes.len());
    look.tar_end = item.end();
    Some(Found::holder(item, TAR_MAGIC_AT + TAR_MAGIC.len()))
}

/// What fwtool appended to `bytes`, as the item it makes of everything from `start` on; the CRC may count from
/// any of `starts`, since a boot loader may have been put before the file.
pub(crate) fn describe(bytes: &[u8], starts: &[usize]) -> Option<Item> {
    const MOST_STARTS: usize = 4;
    if payload_len(bytes) == bytes.len() {
        return None;
    }
    let starts = starts.iter().chain([&0]).take(MOST_STARTS);
    let tried: Vec<_> = starts.map(|start| (*start, appended(&bytes[*start..]))).collect();
    let (start, chunks) = tried
        .iter()
        .find(|(_, chunks)| !chunks.is_empty() && chunks.iter().all(|c| c.crc_holds))
        .or_else(|| tried.iter().find(|(_, chunks)| !chunks.is_empty()))?;
    let mut item = Item::new(KIND, *start as u64, (bytes.len() - start) as u64);
    for found in chunks {
        item = match &found.chunk {
            Chunk::Metadata(json) => {
                let metadata = json.as_ref().map(Metadata::from_json);
                let known = metadata.is_some();
                let m = metadata.unwrap_or_default();
                item.with("metadata_offset", *start as u64 + found.offset)
                    .with("metadata_size", found.len)
                    .with("supported_devices", m.supported_devices)
                    .with_some("compat_version", m.compat_version)
                    .with_some("release", m.release)
                    .with_some("target", m.target)
                    .with_some("board", m.board)
                    .check("metadata", known, if known { "" } else { "no JSON" })
                    .check("metadata-crc", found.crc_holds, "")
            }
            Chunk::Signature => item.with("signed", true).check("signature-crc", found.crc_holds, ""),
            Chunk::Other(kind) => item.check("chunk-crc", found.crc_holds, format!("type {kind}")),
        };
    }
    Some(item)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Appends a chunk as fwtool does.
    pub(crate) fn append(file: &mut Vec<u8>, kind: u8, data: &[u8]) {
        let start = file.len();
        if kind == 1 {
            file.extend([0; 8]);
        }
        file.extend_from_slice(data);
        let crc = jamcrc(file);
        let len = (file.len() - start + TRAILER_LEN) as u32;
        file.extend_from_slice(MAGIC);
        file.extend(crc.to_be_bytes());
        file.extend([kind, 0, 0, 0]);
        file.extend(len.to_be_bytes());
    }

    #[test]
    fn metadata_and_signature_are_found_and_stripped() {
        let mut file = b"payload".to_vec();
        append(
            &mut file,
            1,
            br#"{"supported_devices":["tplink,archer-mr200 - Image version mismatch"],
            "new_supported_devices":["tplink,archer-mr200","mr200"],"compat_version":"1.1",
            "version":{"dist":"OpenWrt","version":"24.10.0","target":"ramips/mt7620","board":"b"}}"#,
        );
        append(&mut file, 0, b"untrusted comment");
        assert_eq!(strip(&file), b"payload");
        let found = appended(&file);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|c| c.crc_holds));
        assert_eq!((found[0].offset, found[1].offset + found[1].len), (7, file.len() as u64));
        let metadata = metadata(&file).unwrap();
        assert_eq!(metadata.supported_devices, ["tplink,archer-mr200", "mr200"]);
        assert_eq!(metadata.release.as_deref(), Some("OpenWrt 24.10.0"));
        assert_eq!(metadata.compat_version.as_deref(), Some("1.1"));

        file[3] ^= 1;
        assert!(appended(&file).iter().all(|c| !c.crc_holds));
    }

    /// Cut anywhere in what was appended, or with a bit of a trailer's mark or length turned, a file shows it.
    #[test]
    fn a_damaged_trailer_leaves_remnants() {
        let mut file = vec![0x5a; 0x1000];
        append(&mut file, 1, br#"{"metadata_version":"1.1","supported_devices":["tplink,archer-mr200"]}"#);
        let metadata_end = file.len();
        append(&mut file, 0, &[b'u'; 150]);
        let whole = file.len();
        assert_eq!(remnant(&file), None);
        assert_eq!(remnant(&file[..metadata_end]), None, "metadata without signature");
        assert_eq!(remnant(&file[..0x1000]), None, "nothing appended");
        for cut in 0x1000 + 60..whole {
            assert!(cut == metadata_end || remnant(&file[..cut]).is_some(), "cut to {cut:#x}");
        }
        for end in [metadata_end, whole] {
            // The mark, and the length's lower bits: others make it longer than the file.
            for at in (end - 16..end - 12).chain(end - 2..end) {
                let mut damaged = file[..end].to_vec();
                damaged[at] ^= 4;
                let reported = remnant(&damaged).is_some()
                    || appended(&damaged).iter().any(|c| !c.crc_holds || c.chunk == Chunk::Metadata(None));
                assert!(reported, "bit of {at:#x} of {end:#x}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes(mut file in prop::collection::vec(any::<u8>(), 0..64), len in any::<u32>(), kind in 0u8..3) {
            file.extend(b"FWx0....");
            file.extend([kind, 0, 0, 0]);
            file.extend(len.to_be_bytes());
            prop_assert_eq!(appended(&file).is_empty(), strip(&file).len() == file.len());
            let _ = metadata(&file);
            let _ = remnant(&file);
        }
    }
}
