//! What a read, a comparison and a search of the chip for data gave.

use super::{Fields, spans};
use crate::image::sha256;
use crate::span::{Span, Spans};
use crate::workflow::reading::Reading;
use crate::workflow::verify::Verified;

/// A read of a span into a file of this name.
pub fn reading(file: &str, span: Span, passes: u32, reading: &Reading) -> Fields {
    Fields::new()
        .with("file", file)
        .with("offset", span.start)
        .with("size", span.len())
        .with("sha256", sha256(&reading.bytes))
        .with("passes", passes)
        .with("bytes_read", reading.bytes_read)
        .with("blocks_settled", reading.rereads.len())
        .with("unsure_ranges", spans(reading.unsure.as_slice()))
}

/// A comparison of a span.
pub fn verified(span: Span, verified: &Verified) -> Fields {
    let differing = &verified.differing;
    Fields::new()
        .with("offset", span.start)
        .with("size", span.len())
        .with("bytes_read", verified.bytes_read)
        .with("bytes_misread", verified.misread)
        .with("equal", differing.is_empty())
        .with("differing_bytes", differing.len())
        .with("differing_ranges", spans(differing.as_slice()))
}

/// Whether a span is erased, and what in it is not.
pub fn blank(span: Span, found: &Spans) -> Fields {
    Fields::new()
        .with("offset", span.start)
        .with("size", span.len())
        .with("blank", found.is_empty())
        .with("written_bytes", found.len())
        .with("written_ranges", spans(found.as_slice()))
}
