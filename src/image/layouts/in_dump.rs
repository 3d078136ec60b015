//! The maps that a dump carries of its own flash: an FMAP, a descriptor, a device tree, `mtdparts=` in an environment or
//! a kernel's command line.

use memchr::memmem;

use super::mtdparts;
use crate::image::formats::FORMATS;
use crate::image::layout::Layout;

/// A text that only mentions the option costs one try each.
const MOST_TRIES: usize = 64;
/// Real options are shorter than this.
const LONGEST: usize = 0x1000;

/// Every map in `dump` that can be of all of it: no region reaches past its end, and a chip's size is the dump's.
pub fn find(dump: &[u8]) -> Vec<Layout> {
    let size = dump.len() as u64;
    let by_format = FORMATS.iter().filter_map(|format| format.layout?(dump));
    let mut found: Vec<Layout> = Vec::new();
    for layout in by_format.chain(options(dump)) {
        let fits = layout.chip_size.is_none_or(|own| own == size);
        let inside = layout.regions.iter().all(|region| region.span.end <= size);
        let layout = Layout { chip_size: Some(size), ..layout };
        if fits && inside && !layout.regions.is_empty() && !found.contains(&layout) {
            found.push(layout);
        }
    }
    found
}

/// The options in texts that end with a NUL, a quote or a line.
fn options(dump: &[u8]) -> impl Iterator<Item = Layout> {
    let starts = memmem::find_iter(dump, mtdparts::KEY).take(MOST_TRIES);
    starts.filter_map(move |at| {
        let text = &dump[at..dump.len().min(at + LONGEST)];
        let len = text.iter().take_while(|byte| (0x20..0x7f).contains(*byte)).count();
        mtdparts::parse(std::str::from_utf8(&text[..len]).ok()?, Some(dump.len() as u64)).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{made_tree, synthetic};

    const SIZE: usize = 0x4_0000;
    const MAP: &str = "mtdparts=spi0.0:64k(boot),128k(firmware),-(art)";

    fn with(bytes: &[u8]) -> Vec<u8> {
        let mut dump = synthetic::noise(1, SIZE);
        dump[0x8000..0x8000 + bytes.len()].copy_from_slice(bytes);
        dump
    }

    #[test]
    fn an_option_in_an_environment_and_a_tree_are_maps_of_the_dump() {
        let wanted = mtdparts::parse(MAP, Some(SIZE as u64)).unwrap();
        let spans =
            |layout: &Layout| -> Vec<_> { layout.regions.iter().map(|r| (r.name.clone(), r.span)).collect() };
        let text = with(format!("bootargs=console=ttyS0 {MAP} init=/x\0x=y\0").as_bytes());
        let tree = with(&made_tree::of_layout(&["acme,quick5"], &wanted));
        for dump in [&text, &tree] {
            let found = find(dump);
            assert_eq!(found.len(), 1);
            assert_eq!((spans(&found[0]), found[0].chip_size), (spans(&wanted), Some(SIZE as u64)));
        }
        // Cut short, or of a larger chip.
        assert_eq!(find(&tree[..SIZE / 2]), []);
        assert_eq!(find(&with(b"mtdparts=spi0.0:64k(boot),512k(firmware)\0")), []);
        assert_eq!(find(&with(b"mtdparts=%s\0")), []);
        assert_eq!(find(&synthetic::noise(1, SIZE)), []);
    }
}
