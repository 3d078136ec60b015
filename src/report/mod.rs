//! A job or backup as one HTML page, an SVG or PNG picture, or a terminal picture; pure: data in, text out.
//!
//! [`cells`] judges every sector once; the pictures and the page draw the same cells.

pub mod cells;
mod hex;
mod html;
mod picture;

pub use cells::{Cell, Kind, Map};
pub use hex::hex_lines;
pub use html::{ChipFacts, Counts, OtpFacts, PerUnitRow, RegionRow, Report, page};
pub use picture::{Palette, png_pixels, svg, terminal};
