//! Manifests of the second version, made here: every hash of them, and what cannot be checked. Those of the first version are
//! tried in whole splices.

use crate::image::pc::bios::Bios;
use crate::image::pc::hashed::{Budget, Hashed, Verdict};
use crate::image::pc::made::{BIOS, Hashes, Made, Part, Spec, build};
use memchr::memmem;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

/// A segment: its flags (0: of the initial boot block), its address, its bytes.
type Segment<'a> = (u16, u32, &'a [u8]);

fn list(segments: &[Segment]) -> Vec<u8> {
    let row = |(flags, address, bytes): &Segment| {
        [&[0, 0], &flags.to_le_bytes()[..], &address.to_le_bytes(), &(bytes.len() as u32).to_le_bytes()]
            .concat()
    };
    [vec![segments.len() as u8], segments.iter().flat_map(row).collect()].concat()
}

fn joined(segments: &[Segment], wanted: u16) -> Vec<u8> {
    segments.iter().filter(|(flags, ..)| *flags == wanted).flat_map(|(_, _, bytes)| bytes.to_vec()).collect()
}

fn hash(algorithm: u16, digest: &[u8]) -> Vec<u8> {
    [&algorithm.to_le_bytes()[..], &(digest.len() as u16).to_le_bytes(), digest].concat()
}

fn element(tag: &[u8; 8], body: &[u8]) -> Vec<u8> {
    [&tag[..], &[0x20, 0], &(body.len() as u16 + 12).to_le_bytes(), body].concat()
}

/// A manifest: three hashes of the block, one of a kind that few know, one of the segments that are not of the block
/// where there are any, and a measured range for each of those.
fn manifest(segments: &[Segment]) -> Vec<u8> {
    let block = joined(segments, 0);
    let hashes = [
        hash(0xb, &Sha256::digest(&block)),
        hash(4, &Sha1::digest(&block)),
        hash(0xc, &Sha384::digest(&block)),
        hash(0x12, &[0x5a; 32]),
    ];
    let len = hashes.concat().len() as u16 + 4;
    let others = joined(segments, 1);
    let of_oem = if others.is_empty() { hash(0x10, &[]) } else { hash(0xb, &Sha256::digest(&others)) };
    let body = [
        vec![0; 48],
        hash(0x10, &[]),
        0xffff_fff0u32.to_le_bytes().to_vec(),
        [len.to_le_bytes(), (hashes.len() as u16).to_le_bytes()].concat(),
        hashes.concat(),
        of_oem,
        vec![0; 3],
        list(segments),
    ];
    let rows: Vec<Vec<u8>> = segments
        .iter()
        .filter(|(flags, ..)| *flags == 1)
        .map(|(_, address, bytes)| {
            let stated = hash(0xb, &Sha256::digest(bytes));
            let len = (bytes.len() as u32).to_le_bytes();
            let row_len = (16 + stated.len() as u16).to_le_bytes();
            [&1u32.to_le_bytes()[..], &address.to_le_bytes(), &len, &row_len, &[3, 0], &stated].concat()
        })
        .collect();
    let counts = [3u32.to_le_bytes(), (rows.len() as u32).to_le_bytes()].concat();
    let measured =
        [vec![0; 2], (rows.concat().len() as u16 + 12).to_le_bytes().to_vec(), counts, rows.concat()];
    let head = [&b"__ACBP__\x23"[..], &[0x20, 0x14, 0, 0, 0], &[0; 6]].concat();
    // TXT's settings without hashes and segments.
    let txt = [vec![0; 20], vec![4, 0, 0, 0], vec![0; 4]].concat();
    [
        head,
        element(b"__IBBS__", &body.concat()),
        element(b"__TXTS__", &txt),
        element(b"__PCDS__", &[0; 8]),
        element(b"__PMDA__", &measured.concat()),
        b"__PMSG__".to_vec(),
    ]
    .concat()
}

/// A board whose FIT leads to the manifest, which is in a block of the boot volume's microcode.
struct Board {
    bytes: Vec<u8>,
    made: Made,
    at: usize,
}

impl Board {
    fn new(own_segments: bool) -> Self {
        let parts = [(Part::Code, 2), (Part::Blank, 1), (Part::Vss2, 8)];
        let made = build(&Spec { hashes: Hashes::BootGuard, ..Spec::new(&parts) }, 1, None);
        let mut bytes = made.bytes[BIOS..].to_vec();
        let place = |n: usize| (made.parts[n].1 - BIOS, made.parts[n].2 - BIOS);
        let (code, blank, other) = (place(0), place(1), place(2));
        let address = |at: usize| (u32::MAX as usize + 1 - bytes.len() + at) as u32;
        let segment =
            |flags: u16, (from, to): (usize, usize)| (flags, address(from), bytes[from..to].to_vec());
        let mut segments = vec![segment(0, (code.0, code.0 + 0x1000)), segment(0, (code.0 + 0x1000, code.1))];
        if own_segments {
            // Less than the volume, over which the hash of the OEM's block may hold, too.
            segments.push(segment(1, (other.0, other.1 - 0x1000)));
        }
        let segments: Vec<Segment> =
            segments.iter().map(|(flags, at, bytes)| (*flags, *at, bytes.as_slice())).collect();
        let (made_of, at, pointer) = (manifest(&segments), blank.0, address(blank.0));
        bytes[at..at + made_of.len()].copy_from_slice(&made_of);
        // The row of the boot policy is the last one of the table.
        let row = made.fit - BIOS + 0x30;
        assert_eq!(bytes[row + 14], 0xc);
        bytes[row..row + 8].copy_from_slice(&u64::from(pointer).to_le_bytes());
        Self { bytes, made, at }
    }

    /// The place of a part, in the region.
    fn part(&self, n: usize) -> usize {
        self.made.parts[n].1 - BIOS
    }

    fn verdicts(&self) -> Vec<(&'static str, &'static str)> {
        let bios = Bios::read(&self.bytes, BIOS as u64);
        let short = |one: Hashed| {
            let verdict = match one.verdict {
                Verdict::Holds => "holds",
                Verdict::Fails => "fails",
                Verdict::Unknown(_) => "unknown",
            };
            (one.by.trim_start_matches("Boot Guard, over "), verdict)
        };
        super::hashed(&bios, &mut Budget::of(&bios)).into_iter().map(short).collect()
    }

    /// The verdicts after a change of the manifest, at a place after a mark.
    fn with(&self, mark: &[u8], after: usize, bytes: &[u8]) -> Vec<(&'static str, &'static str)> {
        let mut changed = self.bytes.clone();
        let at = self.at + memmem::find(&changed[self.at..], mark).unwrap() + after;
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        Self { bytes: changed, made: self.made.clone(), at: self.at }.verdicts()
    }
}

const BLOCK: &str = "the initial boot block";
const OEM: &str = "the OEM's boot block";
const RANGE: &str = "a measured range";

#[test]
fn every_hash_of_a_later_manifest_is_held_against_the_bytes() {
    let board = Board::new(true);
    let held = [(BLOCK, "holds"), (BLOCK, "holds"), (BLOCK, "holds"), (OEM, "holds"), (RANGE, "holds")];
    assert_eq!(board.verdicts(), held);
    assert_eq!(Board::new(false).verdicts(), held[..3]);
    for (part, after) in [
        (0, [(BLOCK, "fails"), (BLOCK, "fails"), (BLOCK, "fails"), (OEM, "holds"), (RANGE, "holds")]),
        (2, [(BLOCK, "holds"), (BLOCK, "holds"), (BLOCK, "holds"), (OEM, "unknown"), (RANGE, "fails")]),
    ] {
        let mut changed = Board::new(true);
        let at = changed.part(part) + 0x80;
        changed.bytes[at] ^= 1;
        assert_eq!(changed.verdicts(), after, "part {part}");
    }
}

/// Never in silence: what is not known of a manifest is a hash that cannot be checked.
#[test]
fn what_is_not_known_of_a_later_manifest_cannot_be_checked() {
    let board = Board::new(true);
    let len = memmem::find(&board.bytes[board.at..], b"__TXTS__").unwrap()
        - memmem::find(&board.bytes[board.at..], b"__IBBS__").unwrap();
    for (what, mark, after, bytes) in [
        ("a version to come", &b"__ACBP__"[..], 8, &[0x30][..]),
        ("no manifest", b"__ACBP__", 0, b"__ACBX__"),
        ("another element", b"__PCDS__", 0, b"__NEWS__"),
        ("an element without length", b"__PCDS__", 10, &[0, 0]),
        ("an element past the flash", b"__PCDS__", 10, &[0xff, 0xff]),
        ("a list of segments cut short", b"__IBBS__", 10, &(len as u16 - 1).to_le_bytes()),
        ("more hashes than there are", b"__IBBS__", 70, &[0xff, 0xff]),
        ("no list of segments", b"__IBBS__", 0, b"__PCDS__"),
        ("TXT's segments", b"__TXTS__", 39, &[1]),
        ("measured ranges of another version", b"__PMDA__", 16, &[2]),
        ("a measured range of another kind of hash", b"__PMDA__", 40, &[0x12]),
        ("more measured ranges than there are", b"__PMDA__", 20, &[2]),
    ] {
        let found = board.with(mark, after, bytes);
        assert!(found.iter().any(|(_, verdict)| *verdict == "unknown"), "{what}: {found:?}");
    }
    // Hashes of kinds that are not known, all of them.
    let mut other = Board::new(true);
    let at = other.at + memmem::find(&other.bytes[other.at..], b"__IBBS__").unwrap() + 72;
    for step in [0, 36, 36 + 24] {
        assert!(matches!(other.bytes[at + step], 4 | 0xb | 0xc));
        other.bytes[at + step] = 0x12;
    }
    assert_eq!(other.verdicts()[0], (BLOCK, "unknown"));
}

#[test]
fn the_makers_key_is_where_the_manifest_says() {
    let key: Vec<u8> = (0..=255).collect();
    let at = 0x80;
    let mut manifest = [&b"__KEYM__\x21"[..], &[0; 3], &[at as u8, 0]].concat();
    manifest.resize(at, 0);
    manifest.extend([&[0x10, 1, 0, 0x10][..], &2048u16.to_le_bytes(), &[1, 0, 1, 0], &key].concat());
    assert_eq!(super::manifest::key_in(&manifest), Some(key.as_slice()));
    assert_eq!(super::manifest::key_in(&manifest[..manifest.len() - 1]), None);
    manifest[8] = 0x30;
    assert_eq!(super::manifest::key_in(&manifest), None, "a version to come");
}
