//! A job or backup as one HTML page, an SVG or PNG picture, or a terminal picture; pure: data in, text out.
//!
//! `cells` judges every sector once; the pictures and the page draw the same cells.

mod cells;
mod flash_view;
mod hex;
mod html;
mod model;
mod otp;
mod picture;
mod region_table;

pub use cells::{Cell, Kind, Map};
pub use hex::hex_lines;
pub use html::page;
pub use model::{ChipFacts, JobCounts, OtpFacts, PageRegion, PerUnitRow, RecipeFacts, Report};
pub use otp::otp_verdict;
pub use picture::{Palette, Pixels, pixels, svg, terminal};
