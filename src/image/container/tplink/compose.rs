//! TP-Link firmware made: a header's MD5 redone, loader and firmware put together as the vendor's web page takes them.
//!
//! Facts: OpenWrt firmware-utils, mktplinkfw2 (what the MD5 runs over); vendor files, whose loader is between an
//! outer and an inner header.

use super::error::ComposeError;
use super::header::{BOOT_ROOM, HEADER_LEN, Part, Structure, TplinkHeader, parse};
use super::md5;

/// Redoes the MD5 of the header at `offset`, over everything from there to the end of `bytes`.
///
/// # Errors
/// When there is no header at `offset`.
pub fn seal(bytes: &mut [u8], offset: u64) -> Result<(), ComposeError> {
    let mut header = parse(bytes, offset).ok_or(ComposeError::NoHeader)?;
    header.md5 = md5::compute(&bytes[offset as usize..], &header);
    header.write(bytes)
}

/// Puts loader and firmware together as the vendor's web page takes them: outer header, loader padded with FF to
/// its room, firmware with its inner header; both MD5s redone.
///
/// `firmware` starts with its header; one shorter than its header's `fw_length` is padded with FF.
///
/// # Errors
/// See [`ComposeError`].
pub fn with_boot(loader: &[u8], firmware: &[u8]) -> Result<Vec<u8>, ComposeError> {
    let inner = parse(firmware, 0).ok_or(ComposeError::NoHeader)?;
    if inner.structure != Structure::V2 {
        return Err(ComposeError::FirstStructure);
    }
    if inner.has_boot() {
        return Err(ComposeError::HasBoot { len: inner.boot.len });
    }
    // The filler after the loader's code is not part of it.
    let code = loader.iter().rposition(|b| *b != 0xff).map_or(0, |last| last + 1);
    if code as u64 > BOOT_ROOM {
        return Err(ComposeError::BootTooLong { found: code as u64, room: BOOT_ROOM });
    }
    let (found, wanted) = (firmware.len() as u64, u64::from(inner.fw_length));
    if found > wanted {
        return Err(ComposeError::Length { found, wanted });
    }
    let inner_at = HEADER_LEN + BOOT_ROOM;
    let mut file = Vec::with_capacity((inner_at + wanted) as usize);
    file.extend_from_slice(&firmware[..HEADER_LEN as usize]);
    file.extend_from_slice(&loader[..code]);
    file.resize(inner_at as usize, 0xff);
    file.extend_from_slice(firmware);
    file.resize((inner_at + wanted) as usize, 0xff);
    seal(&mut file, inner_at)?;
    let kernel = Part { offset: (inner_at + u64::from(inner.kernel.offset)) as u32, ..inner.kernel };
    let boot = Part { offset: 0, len: code as u32 };
    let outer = TplinkHeader { fw_length: (inner_at + wanted) as u32, kernel, boot, ..inner };
    outer.write(&mut file)?;
    seal(&mut file, 0)?;
    Ok(file)
}
