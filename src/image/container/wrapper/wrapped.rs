//! A wrapper as an item with its checks, and the place of what is inside.

use crate::image::container::item::Item;
use crate::span::Span;

/// What a wrapper holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// These bytes of the file go to flash.
    Bytes(Span),
    /// Files or parts, by name; not all of them go to one place.
    Members(Vec<(String, Span)>),
    /// Files that have to be unpacked first.
    Packed,
    /// Nothing can be taken out, and why.
    Closed(&'static str),
}

/// A wrapper at the start of a file.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped {
    /// How messages call it: `Netgear DNI image`.
    pub name: &'static str,
    /// The wrapper, with its checks; it starts at offset 0.
    pub item: Item,
    /// What it holds.
    pub inside: Inside,
}

impl Wrapped {
    /// The bytes of the wrapper itself: what is in no part of its inside.
    pub fn own_bytes(&self) -> Vec<Span> {
        let inside: Vec<Span> = match &self.inside {
            Inside::Bytes(span) => vec![*span],
            Inside::Members(members) => members.iter().map(|(_, span)| *span).collect(),
            Inside::Packed | Inside::Closed(_) => Vec::new(),
        };
        let mut own = Vec::new();
        let mut at = 0;
        for span in inside {
            if span.start > at {
                own.push(Span::new(at, span.start));
            }
            at = at.max(span.end);
        }
        if at < self.item.end() {
            own.push(Span::new(at, self.item.end()));
        }
        own
    }
}
