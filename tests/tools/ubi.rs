//! UBI images: ubi_reader counts the same erase blocks, of the same size, of the same image.

use norsplice::image::inspect::inspect;

use super::kernel;
use crate::bench::Bench;

/// The number in the line `NAME: NUMBER` of a display.
fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
    line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{name} in {text}"))
}

#[test]
fn erase_blocks_are_counted_as_ubi_reader_counts_them() {
    let Some(bench) = Bench::with(&["ubinize", "ubireader_display_info"]) else { return };
    bench.write("kernel", &kernel(150_000));
    bench.write("text", &b"a line of text\n".repeat(2000));
    bench.write(
        "ubi.ini",
        b"[k]\nmode=ubi\nimage=kernel\nvol_id=0\nvol_type=static\nvol_name=kernel\nvol_size=262144\n\
          [t]\nmode=ubi\nimage=text\nvol_id=1\nvol_type=dynamic\nvol_name=text\nvol_size=131072\n",
    );
    for (block, page, sequence) in [("64KiB", 1, 77), ("128KiB", 2048, 0x1234_5678), ("16KiB", 512, 1)] {
        bench.tool(&format!("ubinize -o out -p {block} -m {page} -Q {sequence} ubi.ini"));
        let image = bench.read("out");
        let theirs = bench.tool("ubireader_display_info out");
        let found = inspect(&image);
        let items: Vec<_> = found.of_kind("ubi").collect();
        assert_eq!(items.len(), 1, "{block}: {found:#?}");
        let (ubi, attribute) = (items[0], |name: &str| items[0].attributes[name].as_u64());
        assert!(ubi.is_sound() && ubi.offset == 0, "{ubi:#?}");
        assert_eq!(attribute("block_size"), Some(number(&theirs, "PEB Size")), "{block}");
        assert_eq!(attribute("blocks"), Some(number(&theirs, "Total Block Count")), "{block}");
        let sequence = number(&theirs, "Image Sequence Num");
        assert_eq!(ubi.attributes["image_sequence"], format!("{sequence:#x}"), "{block}");
        assert_eq!(ubi.size, number(&theirs, "PEB Size") * number(&theirs, "Total Block Count"));
    }
}
