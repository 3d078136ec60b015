//! Where a PC's flash has its BIOS: by its descriptor, or all of it where there is none.

use super::bios::Bios;
use crate::image::container::intel::descriptor;
use crate::span::Span;

/// The name of the region of the BIOS, as descriptors have it here.
pub const BIOS: &str = "bios";

/// The part of `flash` that its own descriptor gives the BIOS; without a descriptor, all of it. `None` where the
/// descriptor has no such region, or one that the flash does not reach.
pub fn bios_span(flash: &[u8]) -> Option<Span> {
    let len = flash.len() as u64;
    match descriptor::parse(flash, 0) {
        Some(found) => found.region(BIOS).filter(|span| span.end <= len),
        None => Some(Span::new(0, len)),
    }
}

/// The BIOS of a file for a flash whose BIOS is at `span`: of a dump of `size` bytes that part, of a file as long as the
/// region all of it; of others nothing.
pub fn bios_in(file: &[u8], size: u64, span: Span) -> Option<Bios<'_>> {
    let bytes = match file.len() as u64 {
        len if len == size => span.of(file)?,
        len if len == span.len() => file,
        _ => return None,
    };
    Some(Bios::read(bytes, span.start))
}
