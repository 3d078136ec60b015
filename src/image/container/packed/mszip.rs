//! Blocks of MSZIP, as cabinets have them: `CK` and a deflate stream that may copy from the bytes before it (Microsoft's MS-MCI).

use flate2::{Decompress, FlushDecompress, Status};

/// The longest block, and how far back one may copy.
pub const BLOCK: usize = 0x8000;

/// The block in `data`, which unpacks to `len` bytes and may copy from `before`, of at most [`BLOCK`] bytes.
pub fn inflate(data: &[u8], len: usize, before: &[u8]) -> Option<Vec<u8>> {
    let stream = data.strip_prefix(b"CK").filter(|_| len <= BLOCK)?;
    let mut inflater = Decompress::new(false);
    // A stored block of its own puts what was before into the window.
    let size = u16::try_from(before.len()).ok()?;
    let stored = [&[0][..], &size.to_le_bytes(), &(!size).to_le_bytes(), before].concat();
    let mut window = Vec::with_capacity(before.len());
    if !before.is_empty() {
        inflater.decompress_vec(&stored, &mut window, FlushDecompress::Sync).ok()?;
    }
    let mut out = Vec::with_capacity(len + 1);
    let status = inflater.decompress_vec(stream, &mut out, FlushDecompress::Finish).ok()?;
    (window == before && status == Status::StreamEnd && out.len() == len).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a fixed code: four bytes from four before, and the end.
    const COPY: &[u8] = b"CK\x03\x61\0";

    #[test]
    fn a_block_copies_from_what_was_before_it() {
        let long = [vec![0x5a; BLOCK - 4], b"efgh".to_vec()].concat();
        for (before, copied) in [(&b"abcd"[..], b"abcd"), (b"ab-cdef", b"cdef"), (&long, b"efgh")] {
            assert_eq!(inflate(COPY, 4, before).as_deref(), Some(&copied[..]));
        }
        for (data, len, before) in
            [(COPY, 4, &b""[..]), (COPY, 5, b"abcd"), (COPY, 3, b"abcd"), (&COPY[1..], 4, b"abcd")]
        {
            assert_eq!(inflate(data, len, before), None, "{data:02x?} {len} {before:02x?}");
        }
    }
}
