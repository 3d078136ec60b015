//! binwalk as a second reader: on a composed image its signature scan has the offsets and kinds that `inspect` has.

use std::collections::BTreeSet;

use norsplice::image::inspect::{Inspection, inspect};

use super::{kernel, rootfs, tree};
use crate::bench::Bench;

/// Where pieces of the composed image start.
const EDGE: usize = 0x1_0000;

/// How binwalk's descriptions start, and our kinds. Descriptions of anything else are not compared.
const KINDS: [(&str, &str); 11] = [
    ("uImage header", "uimage"),
    ("LZMA compressed data", "lzma"),
    ("Squashfs filesystem", "squashfs"),
    ("JFFS2 filesystem", "jffs2"),
    ("CramFS filesystem", "cramfs"),
    ("UBI erase count header", "ubi"),
    ("gzip compressed data", "gzip"),
    ("xz compressed data", "xz"),
    ("Flattened device tree", "dtb"),
    ("TRX firmware header", "trx"),
    ("POSIX tar archive", "sysupgrade"),
];

type Named = BTreeSet<(u64, String)>;

/// The lines `DECIMAL  0xHEX  DESCRIPTION` with a description of [`KINDS`].
fn theirs(text: &str) -> Named {
    let line = |line: &str| {
        let (offset, rest) = line.trim().split_once(char::is_whitespace)?;
        let (hex, description) = rest.trim_start().split_once(char::is_whitespace)?;
        hex.strip_prefix("0x")?;
        let (_, kind) = KINDS.iter().find(|(start, _)| description.trim_start().starts_with(start))?;
        Some((offset.parse().ok()?, (*kind).to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// Our items of those kinds, without the trees inside packed kernels, which binwalk does not unpack here.
fn ours(found: &Inspection) -> Named {
    let items = found.items.iter().filter(|item| !item.attributes.contains_key("unpacked_offset"));
    let named = items.filter(|item| KINDS.iter().any(|(_, kind)| item.kind == **kind));
    named.map(|item| (item.offset, item.kind.name().to_owned())).collect()
}

/// A TRX image of version 1 with one part.
fn trx() -> Vec<u8> {
    let mut covered = vec![0, 0, 1, 0];
    covered.extend([0x1c_u32, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    covered.extend(kernel(5000));
    let head = [covered.len() as u32 + 12, !crc32fast::hash(&covered)];
    let head: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
    [&b"HDR0"[..], &head, &covered].concat()
}

/// The pieces, each made by the tool that the field makes it with, and the kinds at its start.
fn pieces(bench: &Bench) -> Vec<(&'static str, Vec<u8>)> {
    rootfs(bench);
    bench.write("kernel", &kernel(120_000));
    bench.write(
        "ubi.ini",
        b"[v]\nmode=ubi\nimage=kernel\nvol_id=0\nvol_type=static\nvol_name=kernel\nvol_size=262144\n",
    );
    let mut pieces: Vec<_> = [
        ("lzma", "xz --format=lzma --keep kernel", "kernel.lzma"),
        ("uimage", "mkimage -A mips -O linux -T kernel -C lzma -n name -d kernel.lzma ui", "ui"),
        ("xz", "xz --keep kernel", "kernel.xz"),
        ("gzip", "gzip --keep kernel", "kernel.gz"),
        ("squashfs", "mksquashfs root sq -comp xz -noappend -no-progress -all-root", "sq"),
        ("jffs2", "mkfs.jffs2 -l -e 0x10000 -r root -o jf", "jf"),
        ("jffs2", "mkfs.jffs2 -b -e 0x10000 -r root -o jb", "jb"),
        ("cramfs", "mkfs.cramfs -N little root cl", "cl"),
        ("cramfs", "mkfs.cramfs -N big root cb", "cb"),
        ("ubi", "ubinize -o ub -p 64KiB -m 1 ubi.ini", "ub"),
    ]
    .into_iter()
    .map(|(kind, line, file)| {
        bench.tool(line);
        (kind, bench.read(file))
    })
    .collect();
    pieces.extend([("dtb", tree()), ("trx", trx())]);
    pieces
}

#[test]
fn binwalk_names_the_same_things_at_the_same_places() {
    let tools = ["binwalk", "xz", "mkimage", "gzip", "mksquashfs", "mkfs.jffs2", "mkfs.cramfs", "ubinize"];
    let Some(bench) = Bench::with(&tools) else { return };
    let mut image = Vec::new();
    let mut put = Named::new();
    for (kind, piece) in pieces(&bench) {
        image.resize(image.len().next_multiple_of(EDGE), 0xff);
        put.insert((image.len() as u64, kind.to_owned()));
        image.extend(piece);
    }
    image.resize(image.len().next_multiple_of(EDGE), 0xff);
    bench.write("image", &image);
    bench.tool("binwalk --quiet --log=scan image");
    let text = String::from_utf8(bench.read("scan")).expect("a scan is text");
    let (ours, theirs) = (ours(&inspect(&image)), theirs(&text));
    assert!(put.is_subset(&theirs), "put {put:#?}\nbinwalk {theirs:#?}\n{text}");
    assert_eq!(ours, theirs, "{text}");
}
