//! A wrapper as an item with its checks, and the place of what is inside.

use super::part::{About, Part, image};
use crate::image::container::item::Item;
use crate::span::Span;

/// What a wrapper holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Inside {
    /// These bytes of the file go to flash.
    Bytes(Span),
    /// Files or parts, by name; not all of them go to one place.
    Members(Vec<(String, Span)>),
    /// Parts of an update, each with what the file says of it.
    Parts(Vec<Part>),
    /// Files that have to be unpacked first.
    Packed,
    /// Nothing can be taken out, and why.
    Closed(&'static str),
    /// The same, since it is encrypted.
    Encrypted(&'static str),
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

impl Inside {
    /// Where the one image is, where it is there as it is.
    pub fn image(&self) -> Option<Span> {
        match self {
            Self::Bytes(span) => Some(*span),
            Self::Parts(parts) => image(parts, |part: &Part| -> &About { &part.about })?.span(),
            Self::Members(_) | Self::Packed | Self::Closed(_) | Self::Encrypted(_) => None,
        }
    }
}

impl Wrapped {
    /// The bytes of the wrapper itself: what is in no part of its inside.
    pub fn own_bytes(&self) -> Vec<Span> {
        let inside: Vec<Span> = match &self.inside {
            Inside::Bytes(span) => vec![*span],
            Inside::Members(members) => members.iter().map(|(_, span)| *span).collect(),
            Inside::Parts(parts) => parts.iter().filter_map(Part::span).collect(),
            Inside::Packed | Inside::Closed(_) | Inside::Encrypted(_) => Vec::new(),
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
