//! gzip, xz and zstd streams, as kernels in FIT images and uImages are packed: unpacked within bounds.
//!
//! A gzip member is recognised by its method and flags (a file name of at most 255 bytes, no other extras: so kernels are
//! packed), xz and zstd by their magic numbers; the crates' own sums decide whether a stream is good. Facts: RFC 1952,
//! the .xz file format 1.2, RFC 8878.

use std::io::Read;

use super::unpacked::{PROBE, Unpacked, read_up_to};

use crate::image::container::budget::{Look, TOO_MUCH};
use crate::image::container::bytes::slice;
use crate::image::container::item::{Found, Item, ItemKind, Outcome};

/// No boot loader has memory for larger dictionaries and windows.
const WINDOW_MOST: u64 = 64 << 20;

/// A way of packing.
pub struct Format {
    /// `gzip`, `xz`, `zstd`.
    pub kind: ItemKind,
    /// How a stream starts.
    pub magic: &'static [u8],
    /// Opens the stream at the start of the bytes; what is left of them can be asked for at its end.
    open: for<'a> fn(&'a [u8]) -> Option<Box<dyn Stream + 'a>>,
}

/// The ways there are.
pub const FORMATS: [Format; 3] = [
    Format { kind: ItemKind::new("gzip"), magic: &[0x1f, 0x8b, 8], open: gzip },
    Format { kind: ItemKind::new("xz"), magic: &[0xfd, b'7', b'z', b'X', b'Z', 0], open: xz },
    Format { kind: ItemKind::new("zstd"), magic: &[0x28, 0xb5, 0x2f, 0xfd], open: zstd },
];

/// A reader that knows how much of its input is left.
trait Stream: Read {
    fn left(&self) -> usize;
}

impl Stream for flate2::bufread::GzDecoder<&[u8]> {
    fn left(&self) -> usize {
        self.get_ref().len()
    }
}

impl Stream for lzma_rust2::XzReader<&[u8]> {
    fn left(&self) -> usize {
        self.inner().len()
    }
}

impl Stream for ruzstd::decoding::StreamingDecoder<&[u8], ruzstd::decoding::FrameDecoder> {
    fn left(&self) -> usize {
        self.get_ref().len()
    }
}

fn gzip(bytes: &[u8]) -> Option<Box<dyn Stream + '_>> {
    const NAME: u8 = 8;
    const TEXT: u8 = 1;
    let head = slice(bytes, 0, 10)?;
    let named = head[3] & NAME != 0;
    let ends = || bytes[10..].iter().take(256).any(|b| *b == 0);
    if head[3] & !(NAME | TEXT) != 0 || (named && !ends()) {
        return None;
    }
    Some(Box::new(flate2::bufread::GzDecoder::new(bytes)))
}

fn xz(bytes: &[u8]) -> Option<Box<dyn Stream + '_>> {
    Some(Box::new(lzma_rust2::XzReader::new_mem_limit(bytes, false, (WINDOW_MOST >> 10) as u32 + 1024)))
}

fn zstd(bytes: &[u8]) -> Option<Box<dyn Stream + '_>> {
    let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(bytes, WINDOW_MOST).ok()?;
    Some(Box::new(decoder))
}

impl Format {
    /// The format of the stream at `at`.
    pub fn at(bytes: &[u8], at: usize) -> Option<&'static Format> {
        FORMATS.iter().find(|format| format.is_at(bytes, at))
    }

    /// Unpacks the stream at `at`, at most `most` bytes of it; what does not unpack from its start is not one.
    pub fn unpack(&self, bytes: &[u8], at: usize, most: u64) -> Option<Unpacked> {
        let bytes = bytes.get(at..)?;
        let mut stream = (self.open)(bytes)?;
        let (data, complete) = read_up_to(&mut *stream, most);
        let worth = complete || data.len() as u64 >= PROBE.min(most);
        worth.then(|| Unpacked { used: bytes.len() - stream.left(), data, complete })
    }
}

impl Format {
    /// Unpacks all streams of the format that follow each other at the start of `bytes`, at most `most` bytes of them: the
    /// three formats say that such a file is one. Zeros between them are skipped (.xz pads its streams with them).
    pub fn unpack_all(&self, bytes: &[u8], most: u64) -> Option<Unpacked> {
        let mut all = self.unpack(bytes, 0, most)?;
        while all.complete {
            let rest = bytes.get(all.used..).unwrap_or_default();
            let next = rest.iter().position(|byte| *byte != 0).map(|zeros| all.used + zeros);
            let Some(next) = next.filter(|next| self.is_at(bytes, *next)) else { break };
            let left = most - all.data.len() as u64;
            let Some(more) = self.unpack(bytes, next, left) else {
                all.complete = false;
                break;
            };
            all.data.extend(more.data);
            (all.used, all.complete) = (next + more.used, more.complete);
        }
        Some(all)
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        slice(bytes, at, self.magic.len()) == Some(self.magic)
    }
}

/// Reads the stream at `at`; its unpacked data come with it, since a kernel carries its board's device tree.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let format = Format::at(look.bytes, at)?;
    look.packed_tries = look.packed_tries.checked_sub(1)?;
    let unpacked = format.unpack(look.bytes, at, look.may_unpack())?;
    look.unpacked(unpacked.data.len() as u64);
    let item = Item::new(format.kind, at as u64, unpacked.used as u64);
    let item = item.with("unpacked_size", unpacked.data.len());
    let item = match unpacked.complete {
        true => item.check("unpacks", true, ""),
        _ if look.may_unpack() == 0 => item.check("unpacks", Outcome::CannotTell, TOO_MUCH),
        _ => item.check("unpacks", false, format!("stops after {:#x} unpacked bytes", unpacked.data.len())),
    };
    let found = if unpacked.complete { Found::leaf(item) } else { Found::holder(item, format.magic.len()) };
    Some(Found { unpacked: Some(unpacked.data), ..found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `gzip -9n`, `xz --check=crc32` and `zstd -19 --check` of 1000 times "norsplice\n".
    const STREAMS: [&[u8]; 3] = [
        include_bytes!("../../../../tests/data/made/lines.gz"),
        include_bytes!("../../../../tests/data/made/lines.xz"),
        include_bytes!("../../../../tests/data/made/lines.zst"),
    ];

    #[test]
    fn streams_one_after_the_other_are_one_file_and_a_damaged_one_ends_it() {
        let lines = b"norsplice\n".repeat(1000);
        for (format, stream) in FORMATS.iter().zip(STREAMS) {
            let twice = [stream, stream].concat();
            for file in [twice.clone(), [stream, &[0; 8], stream, &[0; 4]].concat()] {
                let all = format.unpack_all(&file, 1 << 20).unwrap();
                assert!(all.complete && all.data == lines.repeat(2), "{}", format.kind);
            }
            assert_eq!(
                format.unpack_all(&[&twice[..], b"more"].concat(), 1 << 20).unwrap().used,
                twice.len()
            );
            let cut = format.unpack_all(&twice[..twice.len() - 9], 1 << 20).unwrap();
            assert!(!cut.complete && cut.data.starts_with(&lines), "{}", format.kind);
            let bounded = format.unpack_all(&twice, 15_000).unwrap();
            assert!(!bounded.complete && bounded.data.len() <= 15_000, "{}", format.kind);
        }
    }

    #[test]
    fn each_unpacks_to_its_end_within_its_bound_and_not_when_damaged() {
        let lines = b"norsplice\n".repeat(1000);
        for (format, stream) in FORMATS.iter().zip(STREAMS) {
            let file = [&[7; 5], stream, &[9; 40]].concat();
            assert_eq!(Format::at(&file, 5).map(|f| f.kind), Some(format.kind));
            let unpacked = format.unpack(&file, 5, 1 << 20).unwrap();
            assert!(unpacked.complete && unpacked.data == lines, "{}", format.kind);
            assert_eq!(unpacked.used, stream.len(), "{}", format.kind);
            let bounded = format.unpack(&file, 5, 100).unwrap();
            assert!(!bounded.complete && bounded.data.len() <= 100);
            let mut damaged = file.clone();
            let sum = 5 + stream.len() - 6;
            damaged[sum] ^= 1;
            assert!(format.unpack(&damaged, 5, 1 << 20).is_none_or(|u| !u.complete), "{}", format.kind);
            let cut = format.unpack(&file[..5 + stream.len() / 2], 5, 1 << 20);
            assert!(cut.is_none_or(|u| !u.complete), "{}", format.kind);
        }
    }

    proptest! {
        #[test]
        fn any_change(
            which in 0usize..3,
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            tail in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let magic = FORMATS[which].magic.len();
            let mut bytes = STREAMS[which].to_vec();
            for (at, value) in edits {
                let at = magic + at.index(bytes.len() - magic);
                bytes[at] = value;
            }
            bytes.extend(tail);
            if let Some(unpacked) = FORMATS[which].unpack(&bytes, 0, 0x4000) {
                prop_assert!(unpacked.data.len() <= 0x4000 && unpacked.used <= bytes.len());
            }
        }
    }
}
