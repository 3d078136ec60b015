//! Blocks of Intel's BIOS Guard, as AMI's and Dell's updates have them: a script that says where the data go, the data, and
//! a signature.
//!
//! Head: 16-bit version twice, 16 bytes of the platform, 32-bit attributes (1: signed), script version, 32-bit lengths of
//! script and data, three more words. The signature: 32-bit kind, a word, then modulus, exponent and signature of 2048
//! (kind 1) or 3072 bits (kinds 2 and 3). The script is of 8-byte steps, the first 01, the last FF; the second sets the
//! offset on the flash, the fourth the length. Source: BIOSUtilities (ami_pfat_extract.py, dell_pfs_extract.py).

use crate::image::container::bytes::{Endianness::Little, array, slice, text, u32_at};
use crate::span::Span;

const HEAD_LEN: usize = 0x30;
const SIGNED: u32 = 1;
const SHORT_SIGNATURE: usize = 8 + 256 + 4 + 256;
const LONG_SIGNATURE: usize = 8 + 384 + 4 + 384;
const BEGIN: [u8; 8] = [1, 0, 0, 0, 0, 0, 0, 0];
const END: [u8; 8] = [0xff, 0, 0, 0, 0, 0, 0, 0];

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Whose flash it is for.
    pub platform: [u8; 16],
    /// Where its data are in the file.
    pub data: Span,
    /// Where they go, where the script has the form that is known and agrees with the head.
    pub place: Option<u64>,
    /// True where it is signed.
    pub signed: bool,
    /// One past its last byte in the file.
    pub end: usize,
}

impl Block {
    /// The platform as a text, or in hex.
    pub fn platform_text(&self) -> String {
        text(&self.platform)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| crate::image::container::bytes::hex(&self.platform))
    }
}

/// Reads the block at `at`; `None` where it does not lie whole in the bytes, or its signature is of no known form.
pub(super) fn read(bytes: &[u8], at: usize) -> Option<Block> {
    let head = slice(bytes, at, HEAD_LEN)?;
    let word = |offset| u32_at(head, offset, Little);
    let (attributes, script_len, data_len) = (word(0x14)?, word(0x1c)? as usize, word(0x20)?);
    let script = slice(bytes, at + HEAD_LEN, script_len)?;
    let data = Span::at((at + HEAD_LEN + script_len) as u64, data_len.into())?;
    let end = usize::try_from(data.end).ok().filter(|end| *end <= bytes.len() && data_len > 0)?;
    let signed = attributes & SIGNED != 0;
    let signature = if signed { signature_len(bytes, end, &head[..0x14])? } else { 0 };
    slice(bytes, end, signature)?;
    Some(Block {
        platform: array(head, 4)?,
        data,
        place: place(script, data_len),
        signed,
        end: end + signature,
    })
}

fn signature_len(bytes: &[u8], at: usize, next: &[u8]) -> Option<usize> {
    match u32_at(bytes, at, Little)? {
        1 => Some(SHORT_SIGNATURE),
        2 | 3 => Some(LONG_SIGNATURE),
        // Of another kind, the head of the next block shows where it ends.
        _ => [SHORT_SIGNATURE, LONG_SIGNATURE]
            .into_iter()
            .find(|len| slice(bytes, at + len, next.len()) == Some(next)),
    }
}

fn place(script: &[u8], data_len: u32) -> Option<u64> {
    let whole = script.len().is_multiple_of(8) && script.starts_with(&BEGIN) && script.ends_with(&END);
    let agrees = u32_at(script, 0x1c, Little) == Some(data_len);
    u32_at(script, 0x0c, Little).filter(|_| whole && agrees).map(u64::from)
}

/// Blocks in the order of their places, put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// Without a gap: the first place, and the bytes.
    Whole(u64, Vec<u8>),
    /// With gaps, which are FF here and unknown on the chip.
    Gaps(u64, Vec<u8>),
    /// Two are for the same bytes.
    Overlap,
}

/// Puts data together by their places; `None` where there are none, or they reach further than `most` bytes.
pub(super) fn join(bytes: &[u8], mut placed: Vec<(u64, Span)>, most: u64) -> Option<Joined> {
    placed.sort_unstable();
    let (first, last) = (placed.first()?.0, placed.last()?);
    let end = last.0.checked_add(last.1.len()).filter(|end| end - first <= most)?;
    let mut out: Vec<u8> = Vec::with_capacity((end - first) as usize);
    let mut gaps = false;
    for (place, span) in placed {
        let at = (place - first) as usize;
        if at < out.len() {
            return Some(Joined::Overlap);
        }
        gaps |= at > out.len();
        out.resize(at, 0xff);
        out.extend_from_slice(span.of(bytes)?);
    }
    Some(if gaps { Joined::Gaps(first, out) } else { Joined::Whole(first, out) })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A block for a place; the signature is noise.
    pub(crate) fn made(platform: &str, place: u32, data: &[u8], signature: Option<u32>) -> Vec<u8> {
        let len = data.len() as u32;
        let step = |op: u32, value: u32| [op.to_le_bytes(), value.to_le_bytes()].concat();
        let script = [
            BEGIN.to_vec(),
            step(0x0051, place),
            step(0x0151, 0),
            step(0x0251, len),
            step(0x10, 0),
            END.to_vec(),
        ]
        .concat();
        let mut head = vec![2, 0, 0, 0];
        head.extend(platform.bytes().chain([0; 16]).take(16));
        head.extend(u32::from(signature.is_some()).to_le_bytes());
        head.extend([2, 0, 0, 0]);
        head.extend((script.len() as u32).to_le_bytes());
        head.extend(len.to_le_bytes());
        head.resize(HEAD_LEN, 0);
        let mut block = [&head, &script[..], data].concat();
        if let Some(kind) = signature {
            let len = if kind == 1 { SHORT_SIGNATURE } else { LONG_SIGNATURE };
            block.extend(kind.to_le_bytes());
            block.resize(block.len() + len - 4, 0x77);
        }
        block
    }

    #[test]
    fn a_block_tells_its_place_and_where_it_ends() {
        let data = [0xa5; 0x100];
        for signature in [None, Some(1), Some(3)] {
            let block = made("MADE", 0x4_0000, &data, signature);
            let found = read(&block, 0).unwrap();
            assert_eq!(
                (found.place, found.end, found.signed),
                (Some(0x4_0000), block.len(), signature.is_some())
            );
            assert_eq!((found.data.of(&block), found.platform_text().as_str()), (Some(&data[..]), "MADE"));
            assert!((0..block.len()).all(|cut| read(&block[..cut], 0).is_none()), "{signature:?}");
        }
        // An unknown kind of signature is measured by the next head.
        let next = made("MADE", 0, &data, None);
        let mut odd = [made("MADE", 0, &data, Some(3)), next.clone()].concat();
        let sign = odd.len() - next.len() - LONG_SIGNATURE;
        odd[sign] = 9;
        // The heads differ in nothing but the attributes.
        assert_eq!(read(&odd, 0).map(|block| block.end), Some(sign + LONG_SIGNATURE));
        // A script whose length is not the head's says nothing of the place.
        let mut other = made("MADE", 0x4_0000, &data, None);
        other[HEAD_LEN + 0x1c] ^= 1;
        assert_eq!(read(&other, 0).unwrap().place, None);
    }

    #[test]
    fn blocks_are_put_together_by_their_places() {
        let file: Vec<u8> = (0..0x40).collect();
        let span = |at| Span::new(at, at + 0x10);
        let whole = join(&file, vec![(0x20, span(0)), (0x10, span(0x30))], 1 << 20);
        assert_eq!(whole, Some(Joined::Whole(0x10, [&file[0x30..], &file[..0x10]].concat())));
        let gaps = join(&file, vec![(0x30, span(0)), (0x10, span(0x30))], 1 << 20).unwrap();
        assert!(matches!(&gaps, Joined::Gaps(0x10, bytes) if bytes[0x10..0x20] == [0xff; 0x10]), "{gaps:?}");
        assert_eq!(join(&file, vec![(0, span(0)), (8, span(0))], 1 << 20), Some(Joined::Overlap));
        assert_eq!(join(&file, vec![(0, span(0)), (1 << 31, span(0))], 1 << 20), None);
    }
}
