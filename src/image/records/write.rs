//! Images written as text: Intel HEX and Motorola S-records.

use super::read::{LINE, MOST, TextFormat};
use crate::span::Span;
use ihex::Record;
use std::fmt::Write;

/// Bytes from an address on as text, sixteen in a line; `None` where the formats cannot say the address.
pub fn encode(format: TextFormat, start: u64, bytes: &[u8]) -> Option<String> {
    let end = start.checked_add(bytes.len() as u64).filter(|end| *end <= MOST)?;
    match format {
        TextFormat::IntelHex => intel_text(start, bytes),
        TextFormat::SRecord => Some(s_text(start, end, bytes)),
    }
}

/// The bytes in lines, each with its address; none of them crosses a line's multiple of addresses.
fn lines(start: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let pieces = Span::new(start, start + bytes.len() as u64).pieces(LINE as u64);
    pieces.filter_map(move |piece| {
        Some((piece.start, Span::new(piece.start - start, piece.end - start).of(bytes)?))
    })
}

fn intel_text(start: u64, bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len() / LINE * 44 + 64);
    let mut upper = 0;
    let mut add = |record: Record| -> Option<()> {
        text.push_str(&record.to_record_string().ok()?);
        text.push('\n');
        Some(())
    };
    for (at, line) in lines(start, bytes) {
        if at >> 16 != upper {
            upper = at >> 16;
            add(Record::ExtendedLinearAddress(u16::try_from(upper).ok()?))?;
        }
        add(Record::Data { offset: (at & 0xffff) as u16, value: line.to_vec() })?;
    }
    add(Record::EndOfFile)?;
    Some(text)
}

fn s_text(start: u64, end: u64, bytes: &[u8]) -> String {
    // Data, end, and bytes of an address, by the last address.
    let (data, last, width) = match end {
        0..=0x1_0000 => ('1', '9', 2),
        0x1_0001..=0x100_0000 => ('2', '8', 3),
        _ => ('3', '7', 4),
    };
    let mut text = String::with_capacity(bytes.len() / LINE * 46 + 64);
    let mut records = 0u64;
    let mut add = |kind: char, address: u64, width: usize, data: &[u8]| {
        let mut body = vec![(width + data.len() + 1) as u8];
        body.extend(&(address as u32).to_be_bytes()[4 - width..]);
        body.extend(data);
        let sum = !body.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        // Writing to a String cannot fail.
        let _ = write!(text, "S{kind}");
        for byte in body.iter().chain([&sum]) {
            let _ = write!(text, "{byte:02X}");
        }
        text.push('\n');
    };
    add('0', 0, 2, b"norsplice");
    for (at, line) in lines(start, bytes) {
        add(data, at, width, line);
        records += 1;
    }
    match records {
        0..=0xffff => add('5', records, 2, &[]),
        0x1_0000..=0xff_ffff => add('6', records, 3, &[]),
        _ => {}
    }
    add(last, 0, width, &[]);
    text
}
