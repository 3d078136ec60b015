//! Where two images differ.

use crate::span::{Span, Spans};

/// Bytes compared at once while looking for the next difference.
const STRIDE: usize = 256;

/// The bytes in which `a` and `b` differ; where one is longer, its tail counts as different.
pub fn diff(a: &[u8], b: &[u8]) -> Spans {
    diff_near(a, b, 0)
}

/// As [`diff`], with differences that are at most `gap` equal bytes apart reported as one: for lists that people read.
pub fn diff_near(a: &[u8], b: &[u8], gap: u64) -> Spans {
    let common = a.len().min(b.len());
    let mut found: Vec<Span> = Vec::new();
    let mut add = |span: Span| match found.last_mut() {
        Some(last) if span.start - last.end <= gap => last.end = span.end,
        _ => found.push(span),
    };
    for (i, (x, y)) in a[..common].chunks(STRIDE).zip(b[..common].chunks(STRIDE)).enumerate() {
        if x == y {
            continue;
        }
        let base = (i * STRIDE) as u64;
        let mut start = None;
        for (j, (p, q)) in x.iter().zip(y).enumerate() {
            let at = base + j as u64;
            match (p != q, start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    add(Span::new(from, at));
                    start = None;
                }
                _ => {}
            }
        }
        if let Some(from) = start {
            add(Span::new(from, base + x.len() as u64));
        }
    }
    let longest = a.len().max(b.len());
    if longest > common {
        add(Span::new(common as u64, longest as u64));
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_join_across_the_stride_and_the_tail_counts() {
        let a = vec![0u8; 600];
        let mut b = a.clone();
        b[250..260].fill(1);
        b[599] = 1;
        assert_eq!(diff(&a, &b).as_slice(), [Span::new(250, 260), Span::new(599, 600)]);
        b.extend([0; 4]);
        assert_eq!(diff(&a, &b).as_slice(), [Span::new(250, 260), Span::new(599, 604)]);
        assert_eq!(diff(&a, &a), Spans::new());
    }

    #[test]
    fn near_ranges_become_one() {
        let a = vec![0u8; 64];
        let mut b = a.clone();
        (b[10], b[13], b[40]) = (1, 1, 1);
        assert_eq!(diff_near(&a, &b, 2).as_slice(), [Span::new(10, 14), Span::new(40, 41)]);
        assert_eq!(diff_near(&a, &b, 1).as_slice().len(), 3);
    }

    proptest! {
        #[test]
        fn diff_is_exact(pairs in prop::collection::vec((0u8..3, 0u8..3), 0..1000)) {
            let (a, b): (Vec<u8>, Vec<u8>) = pairs.into_iter().unzip();
            let spans = diff(&a, &b);
            for i in 0..a.len() {
                prop_assert_eq!(spans.contains(i as u64), a[i] != b[i]);
            }
        }
    }
}
