//! Which part of a chip, file or backup is meant.

use crate::span::Span;
use thiserror::Error;

/// The part that an operation works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// All of it.
    Whole,
    /// A region of a layout.
    Region {
        /// Its name.
        name: String,
        /// Its bytes.
        span: Span,
    },
    /// From an address on, with this length in bytes; without one, up to the end.
    At(u64, Option<u64>),
}

/// A place that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// It has no bytes.
    #[error("the length is 0: there is nothing to do")]
    Empty,
    /// It reaches past the end of the chip, file or backup.
    #[error("{place} is past the end: there are {size:#x} bytes")]
    PastEnd {
        /// The place.
        place: Place,
        /// The bytes that there are.
        size: u64,
    },
    /// Bytes that do not fit into their place.
    #[error("there are {len:#x} bytes to be written, {place} has room for {room:#x}")]
    Misfit {
        /// The place.
        place: Place,
        /// The bytes that were given.
        len: u64,
        /// The bytes that the place takes.
        room: u64,
    },
}

impl Place {
    /// Its first address.
    pub fn start(&self) -> u64 {
        match self {
            Place::Whole => 0,
            Place::Region { span, .. } => span.start,
            Place::At(at, _) => *at,
        }
    }

    /// Its bytes within `size` bytes.
    ///
    /// # Errors
    /// [`PlaceError::PastEnd`] where it reaches further, [`PlaceError::Empty`].
    pub fn span(&self, size: u64) -> Result<Span, PlaceError> {
        if matches!(self, Place::At(_, Some(0))) {
            return Err(PlaceError::Empty);
        }
        let span = match self {
            Place::Whole => Some(Span::new(0, size)),
            Place::Region { span, .. } => Some(*span),
            Place::At(at, len) => {
                Span::at(*at, len.unwrap_or(size.saturating_sub(*at))).filter(|s| !s.is_empty())
            }
        };
        span.filter(|s| s.end <= size).ok_or_else(|| PlaceError::PastEnd { place: self.clone(), size })
    }

    /// Where `len` bytes go on a chip of `size` bytes: from the place's first address on. The whole chip takes its own
    /// size only.
    ///
    /// # Errors
    /// [`PlaceError::Misfit`] where they do not fit into the place, [`PlaceError::PastEnd`] where they reach past the chip's end.
    pub fn span_for(&self, len: u64, size: u64) -> Result<Span, PlaceError> {
        let room = match self {
            Place::Whole => Some(size),
            Place::Region { span, .. } => Some(span.len()),
            Place::At(_, room) => *room,
        };
        let fits = match (self, room) {
            (Place::Whole, Some(room)) => len == room,
            (_, Some(room)) => len <= room,
            (_, None) => true,
        };
        if let (false, Some(room)) = (fits, room) {
            return Err(PlaceError::Misfit { place: self.clone(), len, room });
        }
        Place::At(self.start(), Some(len)).span(size)
    }
}

impl Place {
    /// Which of these bytes go where on a chip of `size` bytes. Of contents of the whole chip, a region takes what is at
    /// its own place.
    ///
    /// # Errors
    /// Those of [`Place::span_for`].
    pub fn fit<'b>(&self, bytes: &'b [u8], size: u64) -> Result<(Span, &'b [u8]), PlaceError> {
        match self {
            Place::Region { span, .. } if bytes.len() as u64 == size => {
                let part = span.of(bytes).ok_or(PlaceError::PastEnd { place: self.clone(), size })?;
                Ok((*span, part))
            }
            _ => Ok((self.span_for(bytes.len() as u64, size)?, bytes)),
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Whole => f.write_str("the whole chip"),
            Place::Region { name, span } => write!(f, "{name} ({span})"),
            Place::At(at, Some(len)) => write!(f, "{len:#x} bytes at {at:#x}"),
            Place::At(at, None) => write!(f, "address {at:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stays_inside_the_chip() {
        assert_eq!(Place::Whole.span(0x100).ok(), Some(Span::new(0, 0x100)));
        assert_eq!(Place::At(0x10, None).span(0x100).ok(), Some(Span::new(0x10, 0x100)));
        for place in [Place::At(0x100, None), Place::At(0xf0, Some(0x11)), Place::At(u64::MAX, Some(2))] {
            assert!(matches!(place.span(0x100), Err(PlaceError::PastEnd { .. })), "{place}");
        }
    }

    #[test]
    fn a_region_takes_its_own_part_of_a_whole_image() {
        let image: Vec<u8> = (0..=255).collect();
        let region = Place::Region { name: "rom".to_owned(), span: Span::new(0x20, 0x30) };
        assert_eq!(region.fit(&image, 0x100), Ok((Span::new(0x20, 0x30), &image[0x20..0x30])));
        assert_eq!(region.fit(&image[..4], 0x100), Ok((Span::new(0x20, 0x24), &image[..4])));
        assert!(region.fit(&image, 0x200).is_err() && region.fit(&image[..0x28], 0x28).is_err());
        assert_eq!(Place::Whole.fit(&image, 0x100), Ok((Span::new(0, 0x100), &image[..])));
        assert_eq!(Place::At(0x1, Some(0)).span(0x100), Err(PlaceError::Empty));
    }

    #[test]
    fn bytes_fit_into_their_place_or_are_refused() {
        let region = Place::Region { name: "rom".to_owned(), span: Span::new(0x20, 0x30) };
        for (place, len, wanted) in [
            (Place::Whole, 0x100, Some(Span::new(0, 0x100))),
            (Place::Whole, 0xff, None),
            (Place::At(0x10, None), 4, Some(Span::new(0x10, 0x14))),
            (Place::At(0x10, Some(8)), 4, Some(Span::new(0x10, 0x14))),
            (Place::At(0x10, Some(8)), 9, None),
            (Place::At(0xfe, None), 4, None),
            (region.clone(), 0x10, Some(Span::new(0x20, 0x30))),
            (region, 0x11, None),
        ] {
            assert_eq!(place.span_for(len, 0x100).ok(), wanted, "{place}, {len:#x} bytes");
        }
    }
}
