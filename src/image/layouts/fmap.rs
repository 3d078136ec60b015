//! FMAP, the flash map of coreboot and ChromeOS images.

use memchr::memmem;

use crate::image::container::fmap;
use crate::image::layout::{Layout, Region};

/// Where the first map is, and the map.
fn first(bytes: &[u8]) -> Option<(usize, fmap::Fmap)> {
    // A text that only mentions the name costs one try each.
    const MOST_TRIES: usize = 64;
    let places = memmem::find_iter(bytes, fmap::MAGIC).take(MOST_TRIES);
    places.into_iter().find_map(|at| Some((at, fmap::parse(bytes, at)?)))
}

/// Where the first map anywhere in `bytes` starts.
pub fn place(bytes: &[u8]) -> Option<u64> {
    first(bytes).map(|(at, _)| at as u64)
}

/// The first map anywhere in `bytes`.
pub fn find(bytes: &[u8]) -> Option<Layout> {
    let (_, map) = first(bytes)?;
    let source = format!("FMAP {}", map.name);
    let mut layout = Layout { chip_size: Some(map.size), source, ..Layout::default() };
    for area in &map.areas {
        if area.span.is_empty() || area.span.end > map.size {
            let why = format!("{} ({}) is empty or outside of the map and is left out", area.name, area.span);
            layout.leave_out(area.name.as_str(), why);
            continue;
        }
        let mut region = Region::named(area.name.as_str(), area.span);
        region.read_only = area.read_only();
        layout.regions.push(region);
    }
    Some(layout.nested())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn areas_nest_and_know_read_only() {
        let mut map = b"__FMAP__\x01\x01".to_vec();
        map.extend(0u64.to_le_bytes());
        map.extend(0x1000u32.to_le_bytes());
        map.extend([b'F'; 31]);
        map.push(0);
        let areas: [(u32, u32, &str, u16); 4] =
            [(0, 0x800, "RO", 4), (0x100, 0x100, "FMAP", 1), (0x800, 0x800, "RW", 0), (0xfff, 2, "OUT", 0)];
        map.extend((areas.len() as u16).to_le_bytes());
        for (offset, size, name, flags) in areas {
            map.extend(offset.to_le_bytes());
            map.extend(size.to_le_bytes());
            let mut field = [0; 32];
            field[..name.len()].copy_from_slice(name.as_bytes());
            map.extend(field);
            map.extend(flags.to_le_bytes());
        }
        let image = [&[0xff; 77][..], &map].concat();
        let layout = find(&image).unwrap();
        assert_eq!((layout.names().as_str(), layout.chip_size), ("RO, FMAP, RW", Some(0x1000)));
        assert!(layout.region("RO").unwrap().read_only && layout.notes[0].contains("OUT"));
        assert_eq!(layout.region("FMAP").unwrap().inside.as_deref(), Some("RO"));
        assert_eq!(layout.region("RW").unwrap().span, Span::new(0x800, 0x1000));
    }
}
