//! What one smallest block needs: compared page by page.

use crate::span::Span;

/// What a smallest block needs, seen alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leaf {
    /// A bit must go from 0 to 1, or the block must be done again.
    pub erase: bool,
    /// Pages that differ.
    pub changed_pages: u64,
    /// Pages that are not blank in the wanted image: what is programmed after an erase.
    pub full_pages: u64,
    /// First to last page that differs.
    pub changed: Option<Span>,
}

impl Leaf {
    /// True when it has to be touched for its own sake.
    pub fn work(&self) -> bool {
        self.erase || self.changed.is_some()
    }
}

/// Looks at `block` of both images; both reach to the block's end.
pub(super) fn leaf(current: &[u8], wanted: &[u8], block: Span, page: u64) -> Leaf {
    let mut leaf = Leaf::default();
    for piece in block.pieces(page) {
        let (c, w) = (&current[piece.range()], &wanted[piece.range()]);
        let full = !is_erased(w);
        leaf.full_pages += u64::from(full);
        if c != w {
            leaf.changed_pages += 1;
            leaf.changed = Some(Span::new(leaf.changed.map_or(piece.start, |s| s.start), piece.end));
            leaf.erase |= rises(c, w);
        }
    }
    leaf
}

/// True when every byte is FF.
pub(super) fn is_erased(bytes: &[u8]) -> bool {
    // Folding without an early way out lets the compiler use wide registers; a page is short.
    bytes.iter().fold(0xff, |all, b| all & b) == 0xff
}

/// True when a bit is 0 in `current` and 1 in `wanted`: programming alone cannot do it.
pub(super) fn rises(current: &[u8], wanted: &[u8]) -> bool {
    current.iter().zip(wanted).fold(0, |any, (c, w)| any | (w & !c)) != 0
}

/// The pages of `block` that `take` accepts, as runs, each cut at both ends to the bytes that `matter`.
pub(super) fn runs(
    block: Span,
    page: u64,
    take: impl Fn(Span) -> bool,
    matters: impl Fn(usize) -> bool,
) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    for piece in block.pieces(page).filter(|p| take(*p)) {
        match runs.last_mut() {
            Some(last) if last.end == piece.start => last.end = piece.end,
            _ => runs.push(piece),
        }
    }
    for run in &mut runs {
        let range = run.range();
        if let (Some(first), Some(last)) =
            (range.clone().find(|i| matters(*i)), range.rev().find(|i| matters(*i)))
        {
            *run = Span::new(first as u64, last as u64 + 1);
        }
    }
    runs
}
