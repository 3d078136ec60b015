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

/// A line to show, or a place where lines that differ are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Excerpt {
    /// A line.
    Line(HexLine),
    /// So many differing lines are not shown here.
    LeftOut(usize),
}

/// The first `each` lines of every run of lines that differ, at most `most` in all, so that no small change hides behind
/// a large one; and how many lines differ.
pub fn excerpt(before: &[u8], after: &[u8], each: usize, most: usize) -> (Vec<Excerpt>, usize) {
    let (lines, all) = hex_lines(before, after, usize::MAX);
    let (mut out, mut shown) = (Vec::new(), 0);
    for run in lines.chunk_by(|a, b| a.address + 16 == b.address) {
        let take = run.len().min(each).min(most - shown);
        out.extend(run[..take].iter().cloned().map(Excerpt::Line));
        shown += take;
        let left = run.len() - take;
        match out.last_mut() {
            // Where nothing is shown any more, omitted runs are reported together.
            Some(Excerpt::LeftOut(n)) if take == 0 => *n += left,
            _ if left > 0 => out.push(Excerpt::LeftOut(left)),
            _ => {}
        }
    }
    (out, all)
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

    #[test]
    fn every_run_shows_its_first_lines() {
        let before = vec![0u8; 16 * 40];
        let mut after = before.clone();
        after[..16 * 10].fill(1);
        after[16 * 20] = 1;
        after[16 * 30..].fill(1);
        let (rows, all) = excerpt(&before, &after, 2, 4);
        assert_eq!(all, 21);
        let seen: Vec<(u64, usize)> = rows
            .iter()
            .map(|row| match row {
                Excerpt::Line(line) => (line.address, 0),
                Excerpt::LeftOut(n) => (0, *n),
            })
            .collect();
        assert_eq!(seen, [(0, 0), (16, 0), (0, 8), (16 * 20, 0), (16 * 30, 0), (0, 9)]);
        let (rows, _) = excerpt(&before, &after, 2, 1);
        assert_eq!(rows[1..], [Excerpt::LeftOut(20)]);
    }
}
