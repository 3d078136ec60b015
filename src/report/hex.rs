//! Hex lines of two versions of the same bytes, only where they differ.

use crate::span::Span;

/// One line: address, sixteen bytes before and after as hex, and the same as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexLine {
    /// Address of the first byte, a multiple of 16.
    pub address: u64,
    /// Before: hex and text.
    pub before: (String, String),
    /// After: hex and text.
    pub after: (String, String),
}

/// The lines of sixteen bytes in which `before` and `after` differ, at most `most` of them, and how many there are in all.
pub fn hex_lines(before: &[u8], after: &[u8], most: usize) -> (Vec<HexLine>, usize) {
    let mut lines = Vec::new();
    let mut all = 0;
    for span in Span::new(0, before.len().min(after.len()) as u64).pieces(16) {
        let (b, a) = (&before[span.range()], &after[span.range()]);
        if a != b {
            all += 1;
            if lines.len() < most {
                lines.push(HexLine { address: span.start, before: line(b), after: line(a) });
            }
        }
    }
    (lines, all)
}

fn line(bytes: &[u8]) -> (String, String) {
    let hex = bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ");
    let text = bytes.iter().map(|b| if (0x20..0x7f).contains(b) { *b as char } else { '.' }).collect();
    (hex, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_differing_lines_and_the_true_count() {
        let before = vec![0xff; 64];
        let mut after = before.clone();
        after[16..20].copy_from_slice(b"boot");
        after[63] = 0;
        let (lines, all) = hex_lines(&before, &after, 1);
        assert_eq!((lines.len(), all), (1, 2));
        assert_eq!(lines[0].address, 16);
        assert!(lines[0].after.0.starts_with("62 6f 6f 74 ff"));
        assert!(lines[0].after.1.starts_with("boot...."));
    }
}
