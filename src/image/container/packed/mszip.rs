//! Blocks of MSZIP, as cabinets have them: `CK` and a deflate stream that may copy from the bytes before it (Microsoft's MS-MCI).

use flate2::{Decompress, FlushDecompress, Status};

/// The longest block, and how far back one may copy.
pub const BLOCK: usize = 0x8000;

/// The block in `data`, which unpacks to `len` bytes and may copy from `before`, of at most [`BLOCK`] bytes.
pub fn inflate(data: &[u8], len: usize, before: &[u8]) -> Option<Vec<u8>> {
    let stream = data.strip_prefix(b"CK").filter(|_| len <= BLOCK)?;
    // What was before is a stored block of its own, in one stream with the block: a copy from before its first byte is an
    // error then, as it is not where the stream comes in two calls.
    let size = u16::try_from(before.len()).ok()?;
    let stored = [&[0][..], &size.to_le_bytes(), &(!size).to_le_bytes(), before].concat();
    let mut out = Vec::with_capacity(before.len() + len + 1);
    let whole = [&stored, stream].concat();
    let status = Decompress::new(false).decompress_vec(&whole, &mut out, FlushDecompress::Finish).ok()?;
    (status == Status::StreamEnd && out.len() == before.len() + len).then(|| out.split_off(before.len()))
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
        // The last: it would copy from before all there is.
        for (data, len, before) in [
            (COPY, 5, &b"abcd"[..]),
            (COPY, 3, b"abcd"),
            (&COPY[1..], 4, b"abcd"),
            (COPY, 4, b""),
            (COPY, 4, b"abc"),
        ] {
            assert_eq!(inflate(data, len, before), None, "{data:02x?} {len} {before:02x?}");
        }
    }
}
