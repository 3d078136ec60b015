//! Packed sections of a volume's files, opened only to say what is in them: nothing is decided by it.
//!
//! A section: 24-bit size, type; sections follow each other at multiples of 4. Type 1 has the unpacked length and a way of
//! packing, type 2 the GUID of what it is, the offset of its data, attributes; type 17h holds a volume. Facts: UEFI PI
//! specification volume 3, UEFITool (ffs.h), EDK2 (BrotliCustomDecompressLib).

use super::bios::Bios;
use super::file;
use super::guid::Guid;
use super::volume;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::packed::uefi::Method;
use crate::span::Span;

const COMPRESSION: u8 = 1;
const GUID_DEFINED: u8 = 2;
const VOLUME: u8 = 0x17;
/// Files that have no sections.
const RAW_FILE: u8 = 1;
/// How deep sections and volumes are looked for in each other, unpacked ones.
const DEEPEST: u32 = 4;
/// More packed sections than a flash has on its first level.
const MOST: usize = 256;
/// What all of them may unpack to.
const MOST_UNPACKED: u64 = 96 << 20;

/// What a GUID says of a section's data: a way of packing, or nothing, and the data are sections as they are.
const DEFINED: [(Guid, Option<Method>); 10] = [
    (Guid::of("EE4E5898-3914-4259-9D6E-DC7BD79403CF"), Some(Method::Lzma)),
    (Guid::of("0ED85E23-F253-413F-A03C-901987B04397"), Some(Method::Lzma)),
    (Guid::of("D42AE6BD-1352-4BFB-909A-CA72A6EAE889"), Some(Method::LzmaX86)),
    (Guid::of("A31280AD-481E-41B6-95E8-127F4C984779"), Some(Method::Tiano)),
    (Guid::of("3D532050-5CDA-4FD0-879E-0F7F630D5AFB"), Some(Method::Brotli)),
    (Guid::of("1D301FE9-BE79-4353-91C2-D23BC959AE0C"), Some(Method::Gzip)),
    (Guid::of("CE3233F5-2CD6-4D87-9152-4A238BB6D1C4"), Some(Method::AmdZlib)),
    (Guid::of("991EFAC0-E260-416B-A4B8-3B153072B804"), Some(Method::AmdZlib)),
    // A CRC-32 in front, a signature in front.
    (Guid::of("FC1BCDB0-7D31-49AA-936A-A4600D9DD083"), None),
    (Guid::of("0F9D89E8-9259-4F76-A5AF-0C89E34023DF"), None),
];

/// A packed section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Its data, from the region's start.
    pub span: Span,
    /// How it is packed.
    pub method: Method,
    /// What is inside, where it unpacks.
    pub inside: Option<Inside>,
}

/// What a packed section unpacks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inside {
    /// Its length.
    pub len: u64,
    /// Volumes that lie in no other one of it.
    pub volumes: usize,
    /// The files in them.
    pub files: usize,
}

/// A stream that does not unpack may have cost all that was left, and is charged a part of it: 1 of so many.
const CHARGE: u64 = 4;

/// The packed sections of all files, those in unpacked volumes and sections included; not those that are packed in others.
pub fn packed(bios: &Bios) -> Vec<Packed> {
    walked(bios).found
}

fn walked<'a>(bios: &Bios<'a>) -> Walk<'a> {
    let mut walk = Walk { bytes: bios.bytes, found: Vec::new(), left: MOST_UNPACKED, work: 0 };
    for file in bios.files() {
        walk.file(file, DEEPEST);
    }
    walk
}

struct Walk<'a> {
    bytes: &'a [u8],
    found: Vec<Packed>,
    left: u64,
    /// Heads that were read, and bytes of packed data that were given to be unpacked.
    work: u64,
}

impl Walk<'_> {
    fn file(&mut self, file: &file::File, depth: u32) {
        if file.kind != RAW_FILE {
            self.sections(file.body(), depth);
        }
    }

    /// Each byte is in one section at most of a level: the time is linear in the length, `DEEPEST` times.
    fn sections(&mut self, all: Span, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let mut at = all.start;
        while let Some((kind, section, header)) = self.section(at, all.end) {
            let body = Span::new(section.start + header, section.end);
            self.work += header;
            match kind {
                COMPRESSION => self.compression(body, depth),
                GUID_DEFINED => self.defined(section, body, depth),
                VOLUME => {
                    let inner = volume::read(self.bytes, body.start as usize);
                    if let Some(volume) = inner.filter(|volume| body.covers(volume.span)) {
                        volume.real_files().for_each(|file| self.file(file, depth));
                    }
                }
                _ => {}
            }
            at = all.start + (section.end - all.start).next_multiple_of(4);
        }
    }

    /// Type, place and length of the header of the section at `at`.
    fn section(&self, at: u64, end: u64) -> Option<(u8, Span, u64)> {
        const LARGE: u32 = 0xff_ffff;
        let start = usize::try_from(at).ok()?;
        let word = u32_at(self.bytes, start, Little)?;
        let (size, header) = match word & LARGE {
            LARGE => (u32_at(self.bytes, start + 4, Little)?, 8),
            size => (size, 4),
        };
        let span = Span::at(at, size.into()).filter(|span| span.end <= end && u64::from(size) > header)?;
        Some(((word >> 24) as u8, span, header))
    }

    fn compression(&mut self, body: Span, depth: u32) {
        const HEADER_LEN: u64 = 5;
        let Some(head) = slice(self.bytes, body.start as usize, HEADER_LEN as usize) else { return };
        if body.len() <= HEADER_LEN {
            return;
        }
        let data = Span::new(body.start + HEADER_LEN, body.end);
        match head[4] {
            0 => self.sections(data, depth),
            1 => self.open(data, Method::EfiOrTiano),
            2 => self.open(data, Method::Lzma),
            0x86 => self.open(data, Method::LzmaX86),
            _ => {}
        }
    }

    fn defined(&mut self, section: Span, body: Span, depth: u32) {
        let start = body.start as usize;
        let (Some(guid), Some(offset)) =
            (Guid::at(self.bytes, start), u16_at(self.bytes, start + 16, Little))
        else {
            return;
        };
        let data = section.start + u64::from(offset);
        let Some((_, method)) = DEFINED.iter().find(|(known, _)| *known == guid) else { return };
        if data < body.start + 20 || data >= section.end {
            return;
        }
        let data = Span::new(data, section.end);
        match method {
            Some(method) => self.open(data, *method),
            None => self.sections(data, depth),
        }
    }

    fn open(&mut self, span: Span, method: Method) {
        if self.found.len() >= MOST {
            return;
        }
        let data = span.of(self.bytes).and_then(|packed| method.unpack(packed, self.left));
        self.work += span.len();
        if data.is_none() && method != Method::AmdZlib {
            self.left -= self.left / CHARGE;
        }
        let inside = data.map(|data| {
            self.left = self.left.saturating_sub(data.len() as u64);
            let volumes = volume::find_all(&data);
            let files = volumes.iter().map(|volume| volume.real_files().count()).sum();
            Inside { len: data.len() as u64, volumes: volumes.len(), files }
        });
        self.found.push(Packed { span, method, inside });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::pc::made::volumes::{file, volume_header};

    const FFS2: Guid = Guid::of("8C8CE578-8A3D-4F1C-9935-896185C32DD3");
    const NAME: [u8; 16] = [9; 16];

    fn section(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = [&(body.len() as u32 + 4).to_le_bytes()[..3], &[kind], body].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn defined(guid: Guid, data: &[u8]) -> Vec<u8> {
        section(GUID_DEFINED, &[&guid.0[..], &[24, 0, 1, 0], data].concat())
    }

    fn volume_of(files: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = volume_header(0x1000, FFS2.0);
        for file in files {
            bytes.extend(file);
            bytes.resize(bytes.len().next_multiple_of(8), 0xff);
        }
        bytes.resize(bytes.len().next_multiple_of(0x1000), 0xff);
        let header = volume_header(bytes.len(), FFS2.0);
        bytes[..header.len()].copy_from_slice(&header);
        bytes
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut gzip, data).unwrap();
        gzip.finish().unwrap()
    }

    fn found(sections: &[Vec<u8>]) -> Vec<(Method, Option<Inside>)> {
        let bytes = volume_of(&[file(NAME, 0xb, &sections.concat(), false)]);
        let all = packed(&Bios::read(&bytes, 0));
        all.into_iter().map(|one| (one.method, one.inside)).collect()
    }

    #[test]
    fn sections_in_sections_and_volumes_say_what_is_inside() {
        let inner = volume_of(&[file(NAME, 7, &[5; 64], true), file([8; 16], 7, &[6; 64], false)]);
        // A raw section puts the inner volume on its edge.
        let inside = [section(0x19, &[0; 8]), section(VOLUME, &inner)].concat();
        let packed = defined(DEFINED[5].0, &gzip(&inside));
        let wanted = (Method::Gzip, Some(Inside { len: inside.len() as u64, volumes: 1, files: 2 }));
        assert_eq!(found(&[section(0x15, b"U\0I\0"), packed.clone()]), [wanted]);
        // After a CRC, in a section that is not packed, in a volume of its own.
        let after_crc =
            section(GUID_DEFINED, &[&DEFINED[8].0.0[..], &[28, 0, 2, 0], &[1; 4], &packed].concat());
        let plain = section(COMPRESSION, &[&[0; 5][..], &packed].concat());
        let nested = volume_of(&[file(NAME, 0xb, &packed, false)]);
        for sections in [after_crc, plain, section(VOLUME, &nested)] {
            assert_eq!(found(&[sections]), [wanted]);
        }
        // What does not unpack is named, too; what is of no known kind is not.
        let cut = gzip(&inside);
        assert_eq!(found(&[defined(DEFINED[5].0, &cut[..cut.len() - 9])]), [(Method::Gzip, None)]);
        assert_eq!(found(&[defined(DEFINED[6].0, &[0; 0x120])]), [(Method::AmdZlib, None)]);
        assert_eq!(found(&[section(COMPRESSION, &[1, 0, 0, 0, 7, 1, 2, 3])]), []);
        assert_eq!(found(&[defined(FFS2, &cut)]), []);
    }

    /// A file of sections that could each be packed, and of noise between them.
    #[test]
    fn noise_of_32_mib_is_walked_in_linear_time() {
        let mut work = Vec::new();
        for len in [8usize << 20, 32 << 20] {
            let noise = crate::image::synthetic::noise(3, 0x1_0000);
            let mut body = Vec::with_capacity(len);
            while body.len() < len {
                let data = &noise[body.len() % 0x8000..][..0x4000];
                match body.len() >> 14 & 3 {
                    0 => body.extend(defined(DEFINED[body.len() >> 16 & 7].0, data)),
                    1 => body.extend(section(COMPRESSION, &[&[9, 9, 9, 0, 1][..], data].concat())),
                    2 => body
                        .extend(section(COMPRESSION, &[&[9, 9, 9, 0, 0][..], &section(0x19, data)].concat())),
                    _ => body.extend(section(0x19, data)),
                }
            }
            body.truncate(0xff_0000);
            let files: Vec<Vec<u8>> =
                (0..len >> 23).map(|_| file(NAME, 0xb, &body[..0x7f_0000], false)).collect();
            let bytes = volume_of(&files);
            let walk = walked(&Bios::read(&bytes, 0));
            assert!(walk.found.len() > 100 && walk.found.iter().all(|one| one.inside.is_none()));
            work.push(walk.work / (bytes.len() as u64 >> 20));
        }
        assert!(work[0] > 0 && work[1] <= work[0] + work[0] / 100 && work[1] < 4 << 20, "{work:?}");
    }

    /// Streams that unpack far and fail at their end: together they cost a few times what may be unpacked, not each as much.
    #[test]
    fn streams_that_fail_at_their_end_are_charged() {
        let mut bomb = gzip(&vec![0; 1 << 20]);
        let end = bomb.len() - 8;
        bomb[end] ^= 1;
        let many = volume_of(&[file(NAME, 0xb, &vec![defined(DEFINED[5].0, &bomb); 24].concat(), false)]);
        let walk = walked(&Bios::read(&many, 0));
        assert!(walk.found.len() == 24 && walk.left < MOST_UNPACKED / 500, "{}", walk.left);
    }

    #[test]
    fn work_is_bounded() {
        // Sections in sections to any depth, and more packed ones than are opened.
        let mut deep = defined(DEFINED[5].0, &gzip(b"x"));
        for _ in 0..DEEPEST {
            deep = section(COMPRESSION, &[&[0; 5][..], &deep].concat());
        }
        assert_eq!(found(&[deep]), []);
        let many = vec![defined(DEFINED[6].0, &[0; 4]); 400];
        assert_eq!(found(&many).len(), MOST);
        // Offsets and sizes that lead out of their section.
        for offset in [0u8, 19, 23, 255] {
            let far = section(GUID_DEFINED, &[&DEFINED[5].0.0[..], &[offset, 0, 1, 0], &[0; 16]].concat());
            assert_eq!(found(&[far]), [], "{offset}");
        }
    }
}
