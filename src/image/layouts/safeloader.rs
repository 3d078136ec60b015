//! The flash map in a SafeLoader image (its `partition-table`).

use memchr::memmem;

use crate::image::container::safeloader;
use crate::image::layout::{Layout, Region, Source};

/// What a vendor's file brings and the unit has nothing of its own in.
const FROM_DONOR: [&str; 2] = ["os-image", "file-system"];

/// The flash map of the first SafeLoader image in `bytes` that brings one.
pub fn find(bytes: &[u8]) -> Option<Layout> {
    const MOST_TRIES: usize = 64;
    let tables = memmem::find_iter(bytes, safeloader::MAGIC).take(MOST_TRIES);
    let flash = tables
        .flat_map(|at| safeloader::TABLES_AT.into_iter().filter_map(move |back| at.checked_sub(back)))
        .filter_map(|start| safeloader::parse(bytes, start))
        .map(|image| image.flash)
        .find(|flash| !flash.is_empty())?;
    let regions = flash
        .iter()
        .filter(|(_, span)| !span.is_empty())
        .map(|(name, span)| {
            // What the vendor calls its parts.
            let mut region = Region::named(name.trim_start_matches('@'), *span);
            region.name.clone_from(name);
            if FROM_DONOR.contains(&name.as_str()) {
                region.default = Source::Donor("donor".to_owned());
            }
            region
        })
        .collect();
    let source = "SafeLoader partition table".to_owned();
    Some(Layout { regions, source, ..Layout::default() }.nested())
}
