//! Contents for an 8 MiB chip, the same for every run.

/// Bytes of a W25Q64.
pub const CHIP: usize = 8 << 20;

/// Random bytes.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// A chip as boards have it: some data here and there, much of it blank, so that writing it is quick.
pub fn sparse(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0xff; CHIP];
    for (i, at) in [0, 0x2_0000, 0x10_0000, 0x7d_0000, 0x7f_0000].into_iter().enumerate() {
        bytes[at..at + 0x8000].copy_from_slice(&noise(seed + i as u64, 0x8000));
    }
    bytes
}
