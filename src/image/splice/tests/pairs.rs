//! Firmware of every kind of processor on a board that runs another kind: refused, or asked about.

use crate::image::container::bytes::jamcrc;
use crate::image::made_tree;
use crate::image::splice::tests::*;

const CHIP: usize = 0x4_0000;

/// Data with this word, a return, in every 64 bytes.
fn code(word: [u8; 4]) -> Vec<u8> {
    let mut code = synthetic::noise(7, 0x4000);
    code.chunks_mut(64).for_each(|chunk| chunk[..4].copy_from_slice(&word));
    code
}

/// A uImage of an architecture's id with data that is not packed.
fn uimage(arch: u8, data: &[u8]) -> Vec<u8> {
    let mut head = [0; 0x40];
    head[..4].copy_from_slice(&[0x27, 0x05, 0x19, 0x56]);
    head[0xc..0x10].copy_from_slice(&(data.len() as u32).to_be_bytes());
    head[0x18..0x1c].copy_from_slice(&crc32fast::hash(data).to_be_bytes());
    head[0x1c..0x20].copy_from_slice(&[5, arch, 2, 0]);
    let crc = crc32fast::hash(&head);
    head[4..8].copy_from_slice(&crc.to_be_bytes());
    [&head[..], data].concat()
}

fn findings(base: &[u8], donor: &[u8]) -> Vec<&'static str> {
    let map = b"mtdparts=x:64k(boot),128k(firmware),64k(rest)";
    let board = Board::from_layout("any", parse_any(map, None).unwrap()).unwrap();
    let mut own = synthetic::noise(1, CHIP);
    own[..8].copy_from_slice(&[0x10, 0, 0, 0xff, 0, 0, 0, 0]);
    own[0x1_0000..0x3_0000].fill(0xff);
    own[0x1_0000..0x1_0000 + base.len()].copy_from_slice(base);
    let made = splice(&Image::new(own), &[Donor::new("donor", donor.to_vec())], &board, &Choice::default());
    made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
}

#[test]
fn firmware_for_another_processor_never_passes_in_silence() {
    let noise = synthetic::noise(5, 0x4000);
    let big = code([0x03, 0xe0, 0, 8]);
    let little = code([8, 0, 0xe0, 3]);
    // The number says which of them may replace each other.
    let kinds = [
        (1, "mips, big", uimage(5, &big)),
        (2, "mips, little", uimage(5, &little)),
        (3, "arm", uimage(2, &noise)),
        (4, "arm64", uimage(22, &noise)),
        (5, "x86", uimage(3, &noise)),
        (6, "powerpc", uimage(7, &noise)),
        (7, "riscv", uimage(26, &noise)),
    ];
    for (own, name, base) in &kinds {
        for (other, of, donor) in &kinds {
            let wanted: &[&str] = if own == other { &[] } else { &["architecture"] };
            assert_eq!(findings(base, donor), wanted, "{of} on a board that runs {name}");
        }
        // A MIPS header alone fits either byte order.
        let alone = findings(base, &uimage(5, &noise));
        assert_eq!(alone.is_empty(), *own <= 2, "{name}: {alone:?}");
        // Erased firmware: there is nothing to compare with.
        assert_eq!(findings(&[0xff; 0x100], base), [""; 0]);
    }
}

/// A FIT image of one kernel of MIPS.
fn fit(code: &[u8]) -> Vec<u8> {
    let words: Vec<u32> = code.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
    let kernel = made_tree::Node::new("kernel-1").cells("data", &words).texts("type", &["kernel"]);
    let images = made_tree::Node::new("images").node(kernel.texts("arch", &["mips"]));
    made_tree::Node::new("").node(images).file()
}

#[test]
fn the_kernel_in_a_fit_image_shows_its_byte_order() {
    let [big, little] = [[0x03, 0xe0, 0, 8], [8, 0, 0xe0, 3]].map(|word| fit(&code(word)));
    assert_eq!((findings(&big, &big), findings(&little, &little)), (vec![""; 0], vec![]));
    assert_eq!(
        (findings(&big, &little), findings(&little, &big)),
        (vec!["architecture"], vec!["architecture"])
    );
    // Without code the name in the image is all that is known, and it fits either.
    assert_eq!(findings(&big, &fit(&synthetic::noise(5, 0x4000))), [""; 0]);
}

/// A TRX image of one part.
fn trx(data: &[u8]) -> Vec<u8> {
    let len = 0x1c + data.len() as u32;
    let mut counted = vec![0; 0x10];
    counted[2] = 1;
    counted[4..8].copy_from_slice(&0x1c_u32.to_le_bytes());
    counted.extend_from_slice(data);
    let mut image = b"HDR0".to_vec();
    image.extend_from_slice(&len.to_le_bytes());
    image.extend_from_slice(&jamcrc(&counted).to_le_bytes());
    image.extend_from_slice(&counted);
    image
}

/// A squashfs 4 superblock of big-endian order with as many bytes after it as it claims. (Version 4 is little endian
/// by its format, so only the other order tells something.)
fn big_endian_root() -> Vec<u8> {
    let mut root = vec![0; 0x1000];
    root[..4].copy_from_slice(b"sqsh");
    root[0xc..0x10].copy_from_slice(&0x2_0000_u32.to_be_bytes());
    root[0x14..0x16].copy_from_slice(&4_u16.to_be_bytes());
    root[0x16..0x18].copy_from_slice(&17_u16.to_be_bytes());
    root[0x1c..0x1e].copy_from_slice(&4_u16.to_be_bytes());
    root[0x28..0x30].copy_from_slice(&0x1000_u64.to_be_bytes());
    root[0x30..0x60].fill(0xff);
    root
}

#[test]
fn a_donor_that_shows_no_board_and_no_processor_asks_where_the_base_shows_one() {
    let donor = trx(&synthetic::noise(9, 0x4000));
    let mips = uimage(5, &code([0x03, 0xe0, 0, 8]));
    assert_eq!(findings(&mips, &donor), ["unproven-donor"]);
    assert_eq!(findings(&synthetic::noise(3, 0x4000), &donor), [""; 0], "the base shows nothing either");
}

#[test]
fn a_root_file_system_of_another_byte_order_asks() {
    let noise = synthetic::noise(5, 0x4000);
    let donor = [uimage(5, &noise), big_endian_root()].concat();
    let big = uimage(5, &code([0x03, 0xe0, 0, 8]));
    let little = uimage(5, &code([8, 0, 0xe0, 3]));
    assert_eq!(findings(&little, &donor), ["byte-order"]);
    assert_eq!(findings(&big, &donor), [""; 0]);
}

/// A kernel for MIPS with a device tree after it, without a flash map.
fn kernel_with_tree(names: &[&str]) -> Vec<u8> {
    let tree = made_tree::root(names).file();
    uimage(5, &[code([8, 0, 0xe0, 3]), tree].concat())
}

/// The board by a map alone, and by the tree in its own firmware.
fn on_both(base: &[u8], donor: &[u8], names: &[&str]) -> [Vec<(&'static str, Severity)>; 2] {
    let map = b"mtdparts=x:64k(boot),128k(firmware),64k(rest)";
    let unnamed = Board::from_layout("any", parse_any(map, None).unwrap()).unwrap();
    let named =
        Board { compatible: names[..1].iter().map(|name| (*name).to_owned()).collect(), ..unnamed.clone() };
    [unnamed, named].map(|board| {
        let mut own = synthetic::noise(1, CHIP);
        own[..8].copy_from_slice(&[0x10, 0, 0, 0xff, 0, 0, 0, 0]);
        own[0x1_0000..0x3_0000].fill(0xff);
        own[0x1_0000..0x1_0000 + base.len()].copy_from_slice(base);
        let donors = [Donor::new("donor", donor.to_vec())];
        let run = |allow: &[&str]| {
            let choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
            splice(&Image::new(own.clone()), &donors, &board, &choice)
        };
        let Err(e) = run(&[]) else { return Vec::new() };
        let found: Vec<_> = e.findings().iter().map(|f| (f.name, f.severity)).collect();
        let questions: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
        let may_pass = found.iter().all(|(_, severity)| *severity == Severity::Ask);
        assert_eq!(run(&questions).is_ok(), may_pass, "{found:?}");
        found
    })
}

#[test]
fn the_tree_of_a_reference_board_asks_and_that_of_another_board_is_refused() {
    use Severity::{Ask, Refuse};
    let names = ["acme,quick5", "mediatek,mt7621-soc"];
    let own = kernel_with_tree(&names);
    for theirs in [
        &["mediatek,mt7621-rfb", "mediatek,mt7621-soc"][..],
        &["ralink,mt7621-eval-board", "ralink,mt7621-soc"],
        &["mediatek,mt7621-soc"],
    ] {
        let stock = kernel_with_tree(theirs);
        let asked = vec![("reference-board", Ask)];
        assert_eq!(on_both(&own, &stock, &names), [asked.clone(), asked], "{theirs:?}");
        assert_eq!(on_both(&stock, &stock, &theirs[..1]), [vec![], vec![]], "{theirs:?}");
        // Erased firmware contradicts nothing; a board that is named still asks.
        assert_eq!(on_both(&[0xff; 16], &stock, &names), [vec![], vec![("reference-board", Ask)]]);
        // From the vendor's firmware to OpenWrt.
        let [unnamed, named] = on_both(&stock, &own, &theirs[..1]);
        assert_eq!((unnamed, named), (vec![("compatible", Ask)], vec![("reference-board", Ask)]));
    }
    // Another maker's processor.
    let other = kernel_with_tree(&["qca,ap147", "qca,qca9533"]);
    for found in on_both(&own, &other, &names) {
        assert!(found.contains(&("compatible", Refuse)), "{found:?}");
    }
    // Another board.
    let other = kernel_with_tree(&["acme,quick6", "mediatek,mt7621-soc"]);
    let [unnamed, named] = on_both(&own, &other, &names);
    assert_eq!((unnamed, named), (vec![("compatible", Ask)], vec![("compatible", Refuse)]));
}
