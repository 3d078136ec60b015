//! Byte ranges and sets of them: the one vocabulary for "where" in a chip or a file.
//!
//! A [`Span`] is half-open, `start..end`, in bytes. [`Spans`] is a set of bytes kept as sorted, disjoint,
//! non-touching spans, so two equal sets compare equal.

use std::fmt;

/// A half-open range of bytes, `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// One past the last byte; never below `start`.
    pub end: u64,
}

impl Span {
    /// `start..end`; an `end` below `start` gives an empty span at `start`.
    pub fn new(start: u64, end: u64) -> Self {
        Self { start, end: end.max(start) }
    }

    /// `len` bytes from `start`, or `None` where the end would not fit 64 bits.
    pub fn at(start: u64, len: u64) -> Option<Self> {
        Some(Self { start, end: start.checked_add(len)? })
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// True when it holds no byte.
    pub fn is_empty(&self) -> bool {
        self.end == self.start
    }

    /// True when `address` lies inside.
    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// True when every byte of `other` lies inside (an empty span lies in every span).
    pub fn covers(&self, other: Span) -> bool {
        other.is_empty() || (self.start <= other.start && other.end <= self.end)
    }

    /// The bytes in both, or `None` when there are none.
    pub fn intersection(&self, other: Span) -> Option<Span> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start < end).then_some(Span { start, end })
    }

    /// True when the two share a byte.
    pub fn overlaps(&self, other: Span) -> bool {
        self.intersection(other).is_some()
    }

    /// The same span `by` bytes further on (saturating).
    pub fn shifted(&self, by: u64) -> Span {
        Span { start: self.start.saturating_add(by), end: self.end.saturating_add(by) }
    }

    /// The smallest span aligned to `unit` (a power of two or not) that covers this one.
    pub fn aligned_out(&self, unit: u64) -> Span {
        let start = self.start / unit * unit;
        let end = self.end.div_ceil(unit).saturating_mul(unit);
        Span { start, end: end.max(start) }
    }

    /// Pieces of at most `unit` bytes, cut at multiples of `unit`, in order.
    pub fn pieces(self, unit: u64) -> impl Iterator<Item = Span> {
        let mut at = self.start;
        std::iter::from_fn(move || {
            if at >= self.end {
                return None;
            }
            let end = ((at / unit + 1) * unit).min(self.end);
            let piece = Span { start: at, end };
            at = end;
            Some(piece)
        })
    }

    /// As slice indices; only for spans already checked against a slice's length.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// This span's bytes of `bytes`, or `None` when it reaches past the end.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        if self.end > bytes.len() as u64 { None } else { bytes.get(self.range()) }
    }
}

impl fmt::Display for Span {
    /// `0x020000..0x7c0000`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#08x}..{:#08x}", self.start, self.end)
    }
}

/// A set of bytes, as sorted, disjoint, non-touching spans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the bytes of `span`.
    pub fn insert(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        let first = self.0.partition_point(|s| s.end < span.start);
        let last = self.0.partition_point(|s| s.start <= span.end);
        let merged = self.0[first..last]
            .iter()
            .fold(span, |m, s| Span { start: m.start.min(s.start), end: m.end.max(s.end) });
        self.0.splice(first..last, [merged]);
    }

    /// Takes the bytes of `span` out.
    pub fn remove(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        let mut left = Vec::with_capacity(self.0.len() + 1);
        for s in &self.0 {
            if !s.overlaps(span) {
                left.push(*s);
                continue;
            }
            if s.start < span.start {
                left.push(Span { start: s.start, end: span.start });
            }
            if span.end < s.end {
                left.push(Span { start: span.end, end: s.end });
            }
        }
        self.0 = left;
    }

    /// The spans in order of address.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }

    /// The spans in order of address, as a slice.
    pub fn as_slice(&self) -> &[Span] {
        &self.0
    }

    /// True when the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of bytes in the set.
    pub fn len(&self) -> u64 {
        self.0.iter().map(Span::len).sum()
    }

    /// True when `address` is in the set.
    pub fn contains(&self, address: u64) -> bool {
        self.0.iter().any(|s| s.contains(address))
    }

    /// True when every byte of `span` is in the set.
    pub fn covers(&self, span: Span) -> bool {
        span.is_empty() || self.0.iter().any(|s| s.covers(span))
    }

    /// True when the set and `span` share a byte.
    pub fn overlaps(&self, span: Span) -> bool {
        self.0.iter().any(|s| s.overlaps(span))
    }

    /// The bytes that are in both sets.
    pub fn intersection(&self, other: &Spans) -> Spans {
        let mut both = Spans::new();
        for a in &self.0 {
            for b in &other.0 {
                if let Some(c) = a.intersection(*b) {
                    both.insert(c);
                }
            }
        }
        both
    }

    /// The bytes of this set that are not in `other`.
    pub fn difference(&self, other: &Spans) -> Spans {
        let mut left = self.clone();
        for span in &other.0 {
            left.remove(*span);
        }
        left
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(iter: I) -> Self {
        let mut spans = Spans::new();
        for span in iter {
            spans.insert(span);
        }
        spans
    }
}

impl From<Span> for Spans {
    fn from(span: Span) -> Self {
        Spans::from_iter([span])
    }
}

/// Spans that a message names one by one.
const SHOWN: usize = 16;

impl fmt::Display for Spans {
    /// The first ones, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing");
        }
        for (i, span) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{span}", if i > 0 { ", " } else { "" })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_some_and_counts_the_rest() {
        let many: Spans = (0..20).map(|n| Span::new(n * 16, n * 16 + 1)).collect();
        let text = many.to_string();
        assert!(
            text.starts_with("0x000000..0x000001, 0x000010..") && text.ends_with(" and 4 more"),
            "{text}"
        );
        assert_eq!(Spans::new().to_string(), "nothing");
    }
    use proptest::prelude::*;

    #[test]
    fn pieces_are_cut_at_multiples() {
        let pieces: Vec<_> = Span::new(5, 20).pieces(8).collect();
        assert_eq!(pieces, [Span::new(5, 8), Span::new(8, 16), Span::new(16, 20)]);
    }

    #[test]
    fn of_refuses_what_reaches_past_the_end() {
        assert_eq!(Span::new(1, 3).of(b"abc"), Some(&b"bc"[..]));
        assert_eq!(Span::new(1, 4).of(b"abc"), None);
        assert_eq!(Span::new(u64::MAX - 1, u64::MAX).of(b"abc"), None);
    }

    proptest! {
        /// A set of spans behaves as the set of its bytes.
        #[test]
        fn spans_are_a_set_of_bytes(steps in prop::collection::vec((any::<bool>(), 0u64..64, 0u64..20), 0..40)) {
            let mut spans = Spans::new();
            let mut model = [false; 96];
            for (add, start, len) in steps {
                let span = Span::new(start, start + len);
                if add { spans.insert(span) } else { spans.remove(span) }
                model[span.range()].fill(add);
            }
            for (i, wanted) in model.iter().enumerate() {
                prop_assert_eq!(spans.contains(i as u64), *wanted);
            }
            for pair in spans.as_slice().windows(2) {
                prop_assert!(pair[0].end < pair[1].start);
            }
        }
    }
}
