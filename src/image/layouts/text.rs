//! Small readers of text that several sources share.

use crate::span::Span;

/// A hex number with or without `0x`, all digits.
pub fn hex(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// The part of `line` between two double quotes.
pub fn quoted(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('"')?;
    rest.split_once('"').map(|(name, _)| name)
}

/// A span that holds at least a byte.
pub fn span(start: u64, end: u64) -> Option<Span> {
    (start < end).then(|| Span::new(start, end))
}
