//! The ways that sections of UEFI files are packed in, each opened within bounds: only to say what is inside.

use std::io::Read;

use super::efi::{self, Width};
use super::lzma;
use super::unpacked::read_up_to;
use crate::image::container::bytes::{Endianness::Little, u64_at};

/// A way of packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// EFI 1.1's or the later one: a section does not always say which.
    EfiOrTiano,
    /// The later one alone.
    Tiano,
    /// LZMA with its own header.
    Lzma,
    /// The same over code whose call addresses are made absolute; they are left so.
    LzmaX86,
    /// Brotli after EDK2's two lengths.
    Brotli,
    /// A gzip member.
    Gzip,
    /// A zlib stream.
    Zlib,
    /// AMD's zlib after a head of 256 bytes, which is not opened.
    AmdZlib,
}

impl Method {
    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::EfiOrTiano => "EFI 1.1 or Tiano",
            Self::Tiano => "Tiano",
            Self::Lzma => "LZMA",
            Self::LzmaX86 => "LZMA of x86 code",
            Self::Brotli => "Brotli",
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::AmdZlib => "zlib (AMD)",
        }
    }

    /// What the whole stream unpacks to, where that is at most `most` bytes.
    pub fn unpack(self, bytes: &[u8], most: u64) -> Option<Vec<u8>> {
        let efi = |width| efi::unpack(bytes, width, most);
        match self {
            // A stream of the one width that passes as one of the other is not met: every code must be whole.
            Self::EfiOrTiano => efi(Width::Tiano).or_else(|| efi(Width::Efi11)),
            Self::Tiano => efi(Width::Tiano),
            Self::Lzma | Self::LzmaX86 => lzma::unpack(bytes, 0, most)
                .filter(|unpacked| unpacked.complete)
                .map(|unpacked| unpacked.data),
            Self::Brotli => brotli(bytes, most),
            Self::Gzip => whole(&mut flate2::bufread::GzDecoder::new(bytes), most),
            Self::Zlib => whole(&mut flate2::bufread::ZlibDecoder::new(bytes), most),
            Self::AmdZlib => None,
        }
    }
}

fn whole(stream: &mut dyn Read, most: u64) -> Option<Vec<u8>> {
    let (data, complete) = read_up_to(stream, most);
    complete.then_some(data)
}

/// Unpacked length and that of a scratch buffer as 64-bit words, then the stream (EDK2's BrotliCustomDecompressLib).
fn brotli(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    const HEADER_LEN: usize = 16;
    const BUFFER: usize = 0x1000;
    let len = u64_at(bytes, 0, Little).filter(|len| *len <= most)?;
    let mut stream = brotli_decompressor::Decompressor::new(bytes.get(HEADER_LEN..)?, BUFFER);
    whole(&mut stream, len).filter(|data| data.len() as u64 == len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text below by Google's encoder (Python's `brotli`).
    const BROTLI: &[u8] = &[
        0x1b, 0x67, 0x01, 0xf8, 0x1d, 0x09, 0x76, 0xec, 0xc8, 0x3a, 0xb3, 0x3b, 0x47, 0x5e, 0x82, 0x04, 0xcd,
        0x25, 0x9d, 0xcb, 0x49, 0x95, 0xe1, 0x55, 0x25, 0xbc, 0x55, 0x08, 0x82, 0xc8, 0x21, 0x1a, 0x0d,
    ];

    #[test]
    fn brotli_has_its_length_in_front() {
        let text = "A section's text. ".repeat(20);
        let head = |len: u64| [len.to_le_bytes(), 0x4000u64.to_le_bytes()].concat();
        let packed = |len| [&head(len)[..], BROTLI].concat();
        assert_eq!(Method::Brotli.unpack(&packed(360), 360).as_deref(), Some(text.as_bytes()));
        for (len, most) in [(360, 359), (359, 999), (361, 999), (u64::MAX, u64::MAX)] {
            assert_eq!(Method::Brotli.unpack(&packed(len), most), None, "{len}, {most}");
        }
        assert_eq!(Method::Brotli.unpack(&packed(360)[..20], 999), None);
    }

    #[test]
    fn gzip_to_its_end() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, &[7; 5000]).unwrap();
        let packed = gzip.finish().unwrap();
        assert_eq!(Method::Gzip.unpack(&packed, 5000), Some(vec![7; 5000]));
        assert_eq!(Method::Gzip.unpack(&packed, 4999), None);
        assert_eq!(Method::Gzip.unpack(&packed[..packed.len() - 1], 5000), None);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x80)) {
            use Method::{AmdZlib, Brotli, EfiOrTiano, Gzip, Lzma, LzmaX86, Tiano, Zlib};
            for method in [EfiOrTiano, Tiano, Lzma, LzmaX86, Brotli, Gzip, Zlib, AmdZlib] {
                prop_assert!(method.unpack(&bytes, 0x1000).is_none_or(|data| data.len() <= 0x1000));
            }
        }
    }
}
