//! What everything made is put together from: bytes of a seed, GUIDs, sums, fill.

use sha2::{Digest, Sha256};

/// Bytes of a seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 32);
    let mut n = 0u64;
    while out.len() < len {
        out.extend(Sha256::new().chain_update(seed.to_le_bytes()).chain_update(n.to_le_bytes()).finalize());
        n += 1;
    }
    out.truncate(len);
    out
}

pub(super) fn guid(text: &str) -> [u8; 16] {
    let hex: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let mut b = [0; 16];
    for (i, pair) in hex.chunks(2).enumerate() {
        b[i] = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    b[..4].reverse();
    b[4..6].reverse();
    b[6..8].reverse();
    b
}

pub(super) fn put(image: &mut [u8], at: usize, data: &[u8]) {
    image[at..at + data.len()].copy_from_slice(data);
}

pub(super) fn sum8(data: &[u8]) -> u8 {
    data.iter().fold(0, |s, b| s.wrapping_add(*b))
}

pub(super) fn filled(mut data: Vec<u8>, len: usize) -> Vec<u8> {
    assert!(data.len() <= len, "{:#x} bytes do not fit into {len:#x}", data.len());
    data.resize(len, 0xff);
    data
}

pub(super) fn filled_zero(text: &str, len: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(len, 0);
    bytes
}
