//! The regions of an Intel flash descriptor.

use crate::image::container::ifd;
use crate::image::layout::{Layout, Region};

/// The layout of a whole flash that starts with a descriptor.
pub fn parse(bytes: &[u8]) -> Option<Layout> {
    let descriptor = ifd::parse(bytes, 0)?;
    let regions = descriptor.regions.iter().map(|(name, span)| Region::named(*name, *span)).collect();
    let source = "Intel flash descriptor".to_owned();
    Some(Layout { regions, source, ..Layout::default() }.settle())
}
