//! Firmware volumes and their files.

use super::bytes::{filled, guid, put, sum8};

/// A file with fixed or true data sum.
pub fn file(name: [u8; 16], kind: u8, body: &[u8], summed: bool) -> Vec<u8> {
    let mut head = name.to_vec();
    head.extend([0, 0, kind, if summed { 0x40 } else { 0 }]);
    head.extend(&((body.len() + 24) as u32).to_le_bytes()[..3]);
    head.push(0);
    head[16] = 0u8.wrapping_sub(sum8(&head));
    head[17] = if summed { 0u8.wrapping_sub(sum8(body)) } else { 0xaa };
    head[23] = 0xf8;
    head.extend(body);
    head
}

pub fn volume_header(len: usize, system: [u8; 16]) -> Vec<u8> {
    let mut head = vec![0; 16];
    head.extend(system);
    head.extend((len as u64).to_le_bytes());
    head.extend(b"_FVH");
    head.extend(0x4feffu32.to_le_bytes());
    head.extend([0x48, 0, 0, 0, 0, 0, 0, 2]);
    head.extend((len as u32 / 0x1000).to_le_bytes());
    head.extend(0x1000u32.to_le_bytes());
    head.extend([0; 8]);
    let sum = head.chunks(2).fold(0u16, |s, w| s.wrapping_add(u16::from_le_bytes([w[0], w[1]])));
    put(&mut head, 0x32, &0u16.wrapping_sub(sum).to_le_bytes());
    head
}

const FFS2: &str = "8c8ce578-8a3d-4f1c-9935-896185c32dd3";
const PAD: [u8; 16] = [0xff; 16];

/// A volume of files, the last of which may end at its end; also where each file is.
pub(super) fn volume(len: usize, files: &[Vec<u8>], last: Option<Vec<u8>>) -> (Vec<u8>, Vec<usize>) {
    let (mut out, mut places) = (volume_header(len, guid(FFS2)), Vec::new());
    for file in files {
        out.resize(out.len().next_multiple_of(8), 0xff);
        places.push(out.len());
        out.extend(file);
    }
    out.resize(out.len().next_multiple_of(8), 0xff);
    if let Some(last) = last {
        let gap = len - last.len() - out.len();
        out.extend(self::file(PAD, 0xf0, &vec![0xff; gap - 24], false));
        places.push(out.len());
        out.extend(last);
    }
    (filled(out, len), places)
}
