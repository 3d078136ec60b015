//! A part of an update file: what it is, for whom, where its bytes are and where on the chip they go.

use crate::image::container::item::{Check, CheckName, Outcome};
use crate::span::Span;

/// For whom a part is, as the file says or its contents show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The processor's firmware.
    Bios,
    /// Intel's management engine.
    Me,
    /// The embedded controller.
    Ec,
    /// The Intel descriptor.
    Descriptor,
    /// Another device of the board, by name.
    Device(&'static str),
    /// The update program itself: texts, settings, drivers, certificates, signatures.
    Updater,
    /// Nothing says for whom.
    Unknown,
}

impl Target {
    /// In a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bios => "BIOS",
            Self::Me => "ME",
            Self::Ec => "EC",
            Self::Descriptor => "descriptor",
            Self::Device(name) => name,
            Self::Updater => "updater",
            Self::Unknown => "unknown",
        }
    }
}

/// In which form the bytes of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As they are on the chip: something known is in them.
    Plain,
    /// Encrypted, as the file says.
    Encrypted,
    /// Blocks of an image, with bytes between them that the file does not have.
    Gaps,
    /// Nothing in them is known.
    Unknown,
}

impl State {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Encrypted => "encrypted",
            Self::Gaps => "gaps",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The name in the file, as far as it is one.
    pub name: String,
    /// The mark, number or type that the file gives it.
    pub kind: String,
    /// For whom it is.
    pub target: Target,
    /// Its first byte on the chip, where the file says so.
    pub place: Option<u64>,
    /// In which form it is.
    pub state: State,
    /// Its version, as the file writes it.
    pub version: Option<String>,
    /// The boards or devices that it is for, as the file writes them.
    pub models: Option<String>,
    /// The part that it is a piece of.
    pub piece_of: Option<String>,
    /// What was checked.
    pub checks: Vec<Check>,
}

impl About {
    /// A part of which only name, kind and target are known.
    pub fn new(name: impl Into<String>, kind: impl Into<String>, target: Target) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            target,
            place: None,
            state: State::Unknown,
            version: None,
            models: None,
            piece_of: None,
            checks: Vec::new(),
        }
    }

    /// Adds a check; the detail is for one that does not hold.
    #[must_use]
    pub fn check(mut self, name: CheckName, holds: bool, detail: impl Into<String>) -> Self {
        let detail = if holds { String::new() } else { detail.into() };
        self.checks.push(Check { name, result: Outcome::from(holds), detail });
        self
    }
}

/// The bytes of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Those of the file.
    At(Span),
    /// Unpacked, or put together of several places.
    Made(Vec<u8>),
}

/// A part of an update file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is known of it.
    pub about: About,
    /// Its bytes.
    pub data: Data,
}

impl Part {
    /// A part that is there as it is.
    pub fn at(about: About, span: Span) -> Self {
        Self { about, data: Data::At(span) }
    }

    /// A part that had to be made.
    pub fn made(about: About, bytes: Vec<u8>) -> Self {
        Self { about, data: Data::Made(bytes) }
    }

    /// Where it is in the file.
    pub fn span(&self) -> Option<Span> {
        match self.data {
            Data::At(span) => Some(span),
            Data::Made(_) => None,
        }
    }

    /// Its length.
    pub fn len(&self) -> u64 {
        match &self.data {
            Data::At(span) => span.len(),
            Data::Made(bytes) => bytes.len() as u64,
        }
    }
}

/// The one of them that is the image of the BIOS: the one for it, or where none is, the one for which nothing says for whom it
/// is. `None` where there are several, or none.
pub fn image<T>(parts: &[T], about: impl Fn(&T) -> &About) -> Option<&T> {
    let one = |target: Target| {
        let mut them = parts.iter().filter(|part| {
            let about = about(part);
            about.target == target && about.piece_of.is_none()
        });
        (them.next(), them.next().is_some())
    };
    match one(Target::Bios) {
        (Some(only), false) => Some(only),
        (Some(_), true) => None,
        (None, _) => match one(Target::Unknown) {
            (Some(only), false) => Some(only),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(target: Target) -> About {
        About::new("x", "x", target)
    }

    #[test]
    fn the_image_is_the_only_part_that_can_be_it() {
        use Target::{Bios, Ec, Unknown};
        for (targets, wanted) in [
            (vec![Ec, Bios, Unknown], Some(1)),
            (vec![Bios, Ec, Bios], None),
            (vec![Ec, Unknown], Some(1)),
            (vec![Unknown, Unknown], None),
            (vec![Ec], None),
        ] {
            let parts: Vec<About> = targets.iter().copied().map(about).collect();
            let found = image(&parts, |about| about);
            assert!(found.map(std::ptr::from_ref) == wanted.map(|n| &raw const parts[n]), "{targets:?}");
        }
        let piece = About { piece_of: Some("image".into()), ..about(Bios) };
        let parts = [piece, about(Bios)];
        assert!(image(&parts, |about| about).is_some_and(|found| found.piece_of.is_none()));
    }
}
