//! Items of a firmware management capsule: drivers of the update, and payloads for what a GUID of the ESRT names.
//!
//! Head: version, 16-bit numbers of drivers and payloads, a 64-bit offset each. A payload: version (1 to 3), the type's GUID,
//! index, 32-bit lengths of image and vendor's code, from version 2 on the instance, from 3 on flags; then the image. An
//! image may start with its signature (64-bit count, WIN_CERTIFICATE_UEFI_GUID of PKCS 7), and then with `MSS1`: length of that
//! header, version, lowest version. Sources: UEFI specification 2.10 (23.3), EDK2's FmpCapsule.h and FmpPayloadHeaderV1.

use super::part::{About, Part, Target};
use crate::image::container::bytes::{Endianness::Little, array, slice, u16_at, u32_at, u64_at};
use crate::image::container::item::CheckName;
use crate::image::is_blank;
use crate::image::pc::guid::Guid;
use crate::span::Span;

/// All items are whole.
pub(super) const ITEMS: CheckName = CheckName::SIZE;
const HEAD_LEN: usize = 8;
const MOST_ITEMS: usize = 256;
/// The length of a payload's header by its version.
const HEADERS: [(u32, usize); 3] = [(1, 32), (2, 40), (3, 48)];
const PKCS7: Guid = Guid::of("4AAFD29D-68DF-49EE-8AA9-347D375665A7");
const COUNT_LEN: usize = 8;
const CERTIFICATE: (u16, u16) = (0x0200, 0x0ef1);
const PAYLOAD: &[u8] = b"MSS1";

/// The items of a capsule whose body is `body`.
///
/// # Errors
/// What is not whole, in words.
pub(super) fn items(file: &[u8], body: Span) -> Result<Vec<Part>, String> {
    let cut = || "the capsule's list of items is not whole".to_owned();
    let bytes = body.of(file).ok_or_else(cut)?;
    let count = |at| u16_at(bytes, at, Little).map(usize::from).ok_or_else(cut);
    let (drivers, payloads) = (count(4)?, count(6)?);
    let all = drivers + payloads;
    if all == 0 || all > MOST_ITEMS {
        return Err(format!("the capsule has {all} items"));
    }
    let mut starts: Vec<usize> = (0..all)
        .map(|n| u64_at(bytes, HEAD_LEN + 8 * n, Little).and_then(|at| usize::try_from(at).ok()))
        .collect::<Option<_>>()
        .ok_or_else(cut)?;
    let first = HEAD_LEN + 8 * all;
    let ordered = starts[0] >= first && starts.windows(2).all(|pair| pair[0] < pair[1]);
    if !ordered || starts[all - 1] >= bytes.len() {
        return Err("the capsule's items are not one after another inside of it".to_owned());
    }
    starts.push(bytes.len());
    let mut parts = Vec::new();
    for (n, pair) in starts.windows(2).enumerate() {
        let span = Span::new(pair[0] as u64, pair[1] as u64);
        parts.push(if n < drivers {
            Part::at(
                About::new(format!("driver-{}", n + 1), "driver", Target::Updater),
                span.shifted(body.start),
            )
        } else {
            let number = n - drivers + 1;
            let item = &bytes[span.range()];
            payload(item, number, body.start + span.start)
                .ok_or_else(|| format!("payload {number} of the capsule is not whole"))?
        });
    }
    Ok(parts)
}

fn payload(item: &[u8], number: usize, at: u64) -> Option<Part> {
    let version = u32_at(item, 0, Little)?;
    let header = HEADERS.iter().find(|(known, _)| *known == version)?.1;
    let kind = Guid(array(item, 4)?).to_string();
    let image = slice(item, header, u32_at(item, 24, Little)? as usize).filter(|image| !image.is_empty())?;
    // What is after the image is the vendor's code, or filler.
    let code_at = (header + image.len()).checked_add(u32_at(item, 28, Little)? as usize)?;
    if !is_blank(item.get(code_at..)?) {
        return None;
    }
    let signed = signature(image);
    let unsigned = image.get(signed..)?;
    let (skip, version) = match unsigned.starts_with(PAYLOAD) {
        false => (0, None),
        true => {
            let len = u32_at(unsigned, 4, Little)? as usize;
            let version = u32_at(unsigned, 8, Little)?;
            (len.max(PAYLOAD.len()), Some(format!("{version:#x}")))
        }
    };
    let inner = unsigned.get(skip..).filter(|inner| !inner.is_empty())?;
    let start = at + (header + signed + skip) as u64;
    let about = About {
        version,
        models: Some(kind.clone()),
        ..About::new(format!("payload-{number}"), kind, Target::Unknown)
    };
    Some(Part::at(about, Span::at(start, inner.len() as u64)?))
}

/// The length of the signature in front of an image; 0 where there is none.
fn signature(image: &[u8]) -> usize {
    let len = u32_at(image, COUNT_LEN, Little).unwrap_or(0) as usize;
    let kind = u16_at(image, COUNT_LEN + 4, Little).zip(u16_at(image, COUNT_LEN + 6, Little));
    let is_one = kind == Some(CERTIFICATE) && slice(image, COUNT_LEN + 8, 16) == Some(&PKCS7.0[..]);
    if is_one && COUNT_LEN + len <= image.len() && len >= 24 { COUNT_LEN + len } else { 0 }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A capsule of a driver and of payloads, each with type, version and image; signed where `signed`.
    pub(crate) fn made(payloads: &[(u8, u32, &[u8])], signed: bool) -> Vec<u8> {
        let driver = b"driver of the update".to_vec();
        let payload = |(kind, version, image): &(u8, u32, &[u8])| {
            let mut whole = Vec::new();
            if signed {
                whole.extend(1u64.to_le_bytes());
                whole.extend((24u32 + 100).to_le_bytes());
                whole.extend([0x00, 0x02, 0xf1, 0x0e]);
                whole.extend([&PKCS7.0[..], &[0x30; 100]].concat());
            }
            whole.extend(
                [PAYLOAD, &16u32.to_le_bytes(), &version.to_le_bytes(), &0u32.to_le_bytes(), image].concat(),
            );
            let head = [
                &3u32.to_le_bytes()[..],
                &[*kind; 16],
                &[1, 0, 0, 0],
                &(whole.len() as u32).to_le_bytes(),
                &[0; 20],
            ]
            .concat();
            [head, whole].concat()
        };
        let items: Vec<Vec<u8>> = std::iter::once(driver).chain(payloads.iter().map(payload)).collect();
        let mut body =
            [&1u32.to_le_bytes()[..], &1u16.to_le_bytes(), &(payloads.len() as u16).to_le_bytes()].concat();
        let mut at = HEAD_LEN + 8 * items.len();
        for item in &items {
            body.extend((at as u64).to_le_bytes());
            at += item.len();
        }
        body.extend(items.concat());
        let mut file = Guid::of("6DCBD5ED-E82D-4C44-BDA1-7194199AD92A").0.to_vec();
        for word in [0x20, 0x5_0000, 0x20 + body.len() as u32, 0] {
            file.extend(u32::to_le_bytes(word));
        }
        [file, body].concat()
    }

    #[test]
    fn payloads_are_found_behind_their_signatures_and_versions() {
        for signed in [false, true] {
            let file = made(&[(7, 0x0102, &[0xa5; 0x400]), (8, 3, &[0x5a; 0x30])], signed);
            let parts = items(&file, Span::new(0x20, file.len() as u64)).unwrap();
            let rows: Vec<_> = parts
                .iter()
                .map(|part| (part.about.name.as_str(), part.about.version.as_deref(), part.len()))
                .collect();
            assert_eq!(
                rows,
                [
                    ("driver-1", None, 20),
                    ("payload-1", Some("0x102"), 0x400),
                    ("payload-2", Some("0x3"), 0x30)
                ]
            );
            assert!(parts[1].span().unwrap().of(&file).unwrap().iter().all(|byte| *byte == 0xa5), "{signed}");
            assert_eq!(parts[1].about.kind, "07070707-0707-0707-0707-070707070707");
            for cut in [0x22, 0x40, file.len() - 1] {
                assert!(items(&file[..cut], Span::new(0x20, cut as u64)).is_err(), "{cut:#x}");
            }
        }
    }
}
