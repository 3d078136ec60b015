//! PC boards made for tests: descriptor, GbE, ME, and a BIOS of the parts that a test names. Sums, hashes and pointers are
//! true, code is noise. Used by the library's own tests and by those of the program.

use sha2::{Digest, Sha256};

/// What a part of the BIOS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A volume whose one file is AMI's store of variables.
    Nvar,
    /// A volume of variables with a working block and a spare.
    Vss2,
    /// The same in the older form.
    Vss,
    /// A volume with SMBIOSFlashData, a hole with the Windows key, and the release's own file between them.
    Identity,
    /// A volume of code.
    Code,
    /// Nothing.
    Blank,
    /// A block that nothing names: text of the unit, erased as delivered.
    Block,
    /// What AMD's security processor starts from, and its stores; the first part of a board without a descriptor.
    Psp,
}

/// Who hashes the first volume of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashes {
    /// AMI's file in its three forms.
    Ami1,
    Ami2,
    Ami3,
    /// Phoenix's file.
    Phoenix,
    /// A boot policy manifest of Boot Guard, to which the FIT leads.
    BootGuard,
}

/// A board: parts with their lengths in blocks of 4 KiB, from the start of the BIOS region on; the boot volume follows.
#[derive(Clone, Debug)]
pub struct Spec {
    pub parts: Vec<(Part, usize)>,
    pub model: &'static str,
    /// Two more words of each file's noise: another board's code.
    pub seed: u64,
    /// True where the hash file covers the first block or identity, too.
    pub wide: bool,
    pub hashes: Hashes,
    pub me_major: u16,
    /// True for a board without a descriptor, GbE and ME.
    pub amd: bool,
    /// The maker's key of Platform Secure Boot.
    pub key: u64,
}

impl Spec {
    pub fn new(parts: &[(Part, usize)]) -> Self {
        Self {
            parts: parts.to_vec(),
            model: "MADE B250",
            seed: 0,
            wide: false,
            hashes: Hashes::Ami2,
            me_major: 11,
            amd: parts.first().is_some_and(|(part, _)| *part == Part::Psp),
            key: 70,
        }
    }
}

/// A made flash.
#[derive(Clone, Debug)]
pub struct Made {
    pub bytes: Vec<u8>,
    /// What is the unit's in the BIOS, as offsets in the flash.
    pub own: Vec<(usize, usize)>,
    /// Where each part is, the boot volume last.
    pub parts: Vec<(Part, usize, usize)>,
    /// Where the FIT is.
    pub fit: usize,
}

/// Where the BIOS region starts.
pub const BIOS: usize = 0x10000;
pub const GBE: (usize, usize) = (0x1000, 0x3000);
pub const ME: (usize, usize) = (0x3000, 0x10000);
/// Length of the boot volume.
const BOOT: usize = 0x8000;

/// Bytes of a seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(len + 32);
    let mut n = 0u64;
    while out.len() < len {
        out.extend(Sha256::new().chain_update(seed.to_le_bytes()).chain_update(n.to_le_bytes()).finalize());
        n += 1;
    }
    out.truncate(len);
    out
}

fn guid(text: &str) -> [u8; 16] {
    let hex: Vec<u8> = text.bytes().filter(|b| *b != b'-').collect();
    let mut b = [0; 16];
    for (i, pair) in hex.chunks(2).enumerate() {
        b[i] = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    b[..4].reverse();
    b[4..6].reverse();
    b[6..8].reverse();
    b
}

fn put(image: &mut [u8], at: usize, data: &[u8]) {
    image[at..at + data.len()].copy_from_slice(data);
}

fn sum8(data: &[u8]) -> u8 {
    data.iter().fold(0, |s, b| s.wrapping_add(*b))
}

fn filled(mut data: Vec<u8>, len: usize) -> Vec<u8> {
    assert!(data.len() <= len, "{:#x} bytes do not fit into {len:#x}", data.len());
    data.resize(len, 0xff);
    data
}

/// A file with fixed or true data sum.
pub fn file(name: [u8; 16], kind: u8, body: &[u8], summed: bool) -> Vec<u8> {
    let mut head = name.to_vec();
    head.extend([0, 0, kind, if summed { 0x40 } else { 0 }]);
    head.extend(&((body.len() + 24) as u32).to_le_bytes()[..3]);
    head.push(0);
    head[16] = 0u8.wrapping_sub(sum8(&head));
    head[17] = if summed { 0u8.wrapping_sub(sum8(body)) } else { 0xaa };
    head[23] = 0xf8;
    head.extend(body);
    head
}

pub fn volume_header(len: usize, system: [u8; 16]) -> Vec<u8> {
    let mut head = vec![0; 16];
    head.extend(system);
    head.extend((len as u64).to_le_bytes());
    head.extend(b"_FVH");
    head.extend(0x4feffu32.to_le_bytes());
    head.extend([0x48, 0, 0, 0, 0, 0, 0, 2]);
    head.extend((len as u32 / 0x1000).to_le_bytes());
    head.extend(0x1000u32.to_le_bytes());
    head.extend([0; 8]);
    let sum = head.chunks(2).fold(0u16, |s, w| s.wrapping_add(u16::from_le_bytes([w[0], w[1]])));
    put(&mut head, 0x32, &0u16.wrapping_sub(sum).to_le_bytes());
    head
}

const FFS2: &str = "8c8ce578-8a3d-4f1c-9935-896185c32dd3";
const PAD: [u8; 16] = [0xff; 16];

/// A volume of files, the last of which may end at its end; also where each file is.
fn volume(len: usize, files: &[Vec<u8>], last: Option<Vec<u8>>) -> (Vec<u8>, Vec<usize>) {
    let (mut out, mut places) = (volume_header(len, guid(FFS2)), Vec::new());
    for file in files {
        out.resize(out.len().next_multiple_of(8), 0xff);
        places.push(out.len());
        out.extend(file);
    }
    out.resize(out.len().next_multiple_of(8), 0xff);
    if let Some(last) = last {
        let gap = len - last.len() - out.len();
        out.extend(self::file(PAD, 0xf0, &vec![0xff; gap - 24], false));
        places.push(out.len());
        out.extend(last);
    }
    (filled(out, len), places)
}

/// Name and value of the variables of a unit.
fn variables(unit: u64) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("DmiVar0100010700", [format!("SN{:010}", unit * 7_654_321 + 11).as_bytes(), b"\0"].concat()),
        ("DmiVar0100010800", noise(unit + 900, 16)),
        ("Setup", noise(unit + 901, 0x40)),
    ]
}

const AMI_SMBIOS: &str = "4b3082a3-80c6-4d7e-9cd0-583917265df1";

fn nvar(len: usize, unit: Option<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in unit.map(variables).unwrap_or_default() {
        let body = [&[0], name.as_bytes(), &[0]].concat();
        let size = (10 + body.len() + value.len()) as u16;
        out.extend([&b"NVAR"[..], &size.to_le_bytes(), &[0xff, 0xff, 0xff, 0x83], &body, &value].concat());
    }
    let table = if unit.is_some() { guid(AMI_SMBIOS).to_vec() } else { vec![0xff; 16] };
    [filled(out, len - 16), table].concat()
}

fn vss(len: usize, unit: Option<u64>, old: bool) -> Vec<u8> {
    let half = len / 2;
    let store = half - 0x1000 - 0x48;
    let mark = if old { b"$VSS".to_vec() } else { guid("ddcf3617-3275-4164-98b6-fe85707ffe7d").to_vec() };
    let mut out = [&mark[..], &(store as u32).to_le_bytes(), &[0x5a, 0xfe, 0, 0, 0, 0, 0, 0]].concat();
    for (name, value) in unit.map(variables).unwrap_or_default() {
        let text: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        out.extend([0xaa, 0x55, 0x3f, 0, 7, 0, 0, 0]);
        out.extend((text.len() as u32).to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend([&guid(AMI_SMBIOS)[..], &text, &value].concat());
        if !old {
            out.resize(out.len().next_multiple_of(4), 0xff);
        }
    }
    let mut ftw = guid("9e58292b-7c68-497d-a0ce-6500fd9f1b95").to_vec();
    ftw.extend([0xff; 8]);
    ftw.extend(0xfe0u64.to_le_bytes());
    let crc = crc32fast::hash(&ftw);
    put(&mut ftw, 16, &crc.to_le_bytes());
    ftw[20] = 0xfe;
    let head = volume_header(len, guid("fff12b8d-7696-4c8b-a985-2747075b4f50"));
    filled([head, filled(out, store), filled(ftw, 0x1000)].concat(), len)
}

/// The Windows key of a unit.
pub fn windows_key(unit: u64) -> String {
    let group = |n: u64| -> String {
        noise(unit + 910 + n, 5)
            .iter()
            .map(|b| char::from(b"BCDFGHJKMNPQRTVWXY2346789"[*b as usize % 25]))
            .collect()
    };
    (0..5).map(group).collect::<Vec<_>>().join("-")
}

fn msdm(unit: u64) -> Vec<u8> {
    let mut table = b"MSDM\x55\0\0\0\x03\0MADE  MADETABL".to_vec();
    table.resize(0x38, 0);
    table.extend(windows_key(unit).as_bytes());
    table[9] = 0u8.wrapping_sub(sum8(&table));
    table
}

fn flash_data(unit: u64) -> Vec<u8> {
    let mut body = b"\0\x02\0\0BSA_\0\0\0\0\x01\x08\0\x80\x09\x10\0\x01\0".to_vec();
    body.extend(noise(unit + 920, 16));
    body
}

fn mac(unit: Option<u64>) -> [u8; 6] {
    unit.map_or([0x88, 0x88, 0x88, 0x88, 0x87, 0x88], |unit| [2, 0x5e, 0x10, 0, 0, unit as u8])
}

fn gbe(unit: Option<u64>) -> Vec<u8> {
    let mut words = noise(77, 0x80);
    put(&mut words, 0, &mac(unit));
    words[0x27] = words[0x27] & 0x3f | 0x80;
    let sum = words[..0x7e].chunks(2).fold(0u16, |s, w| s.wrapping_add(u16::from_le_bytes([w[0], w[1]])));
    put(&mut words, 0x7e, &0xbabau16.wrapping_sub(sum).to_le_bytes());
    filled(words, 0x1000).repeat(2)
}

fn me(len: usize, version: [u16; 4], unit: Option<u64>) -> Vec<u8> {
    let mut out = vec![0xff; len];
    put(&mut out, 0x10, b"$FPT\x02\0\0\0\x20\x10\x20\0");
    for (n, (name, at, size)) in
        [(b"FTPR", 0x1000u32, 0x2000u32), (b"MFS\0", 0x3000, 0x1000)].into_iter().enumerate()
    {
        let row = [&name[..], &[0xff; 4], &at.to_le_bytes(), &size.to_le_bytes(), &[0; 16]].concat();
        put(&mut out, 0x30 + 0x20 * n, &row);
    }
    put(&mut out, 0x101c, b"$MN2\0\0\0\0");
    put(&mut out, 0x1024, &version.map(u16::to_le_bytes).concat());
    if let Some(unit) = unit {
        put(&mut out, 0x3000, &noise(unit + 930, 0x800));
    }
    out
}

fn descriptor(regions: &[(usize, usize, usize)]) -> Vec<u8> {
    let mut fd = vec![0xff; 0x1000];
    for (at, word) in
        [(0x10, 0x0ff0_a55a), (0x14, 0x0004_0003), (0x18, 0x1210_0206), (0x1c, 0x0000_0120), (0x30, 0)]
    {
        put(&mut fd, at, &u32::to_le_bytes(word));
    }
    for n in 0..8 {
        put(&mut fd, 0x40 + 4 * n, &0x7fffu32.to_le_bytes());
    }
    for (n, start, end) in regions {
        put(&mut fd, 0x40 + 4 * n, &(((end - 1) >> 12 << 16 | start >> 12) as u32).to_le_bytes());
    }
    // No chip in the table that the ME asks.
    put(&mut fd, 0xefc, &[0xdf, 0, 0, 0]);
    fd
}

/// The flash of a board with code of `release`; without a unit, as the maker delivers it.
pub fn build(spec: &Spec, release: u64, unit: Option<u64>) -> Made {
    let code = spec.seed * 1000 + release * 100;
    let bios: usize = spec.parts.iter().map(|(_, blocks)| blocks * 0x1000).sum::<usize>() + BOOT;
    let size = BIOS + bios;
    let (mut own, mut parts, mut image) = (Vec::new(), Vec::new(), vec![0xff; size]);
    if !spec.amd {
        put(
            &mut image,
            0,
            &descriptor(&[(0, 0, 0x1000), (1, BIOS, size), (2, ME.0, ME.1), (3, GBE.0, GBE.1)]),
        );
        put(&mut image, GBE.0, &gbe(unit));
        let build = if unit.is_some() { 100 } else { 200 };
        put(&mut image, ME.0, &me(ME.1 - ME.0, [spec.me_major, 8, 50, build], unit));
    }
    let mut at = BIOS;
    for (n, (part, blocks)) in spec.parts.iter().enumerate() {
        let len = blocks * 0x1000;
        let seed = code + n as u64;
        let bytes = match part {
            Part::Blank => vec![0xff; len],
            Part::Psp => {
                assert_eq!((at, len), (BIOS, PSP_BLOCKS * 0x1000), "the first part, of its length");
                own.extend([(0x2_6000, 0x2_8000), (0x2_8000, 0x2_9000)]);
                psp(size, code, spec.key, unit)
            }
            Part::Block => unit.map_or(vec![0xff; len], |unit| {
                filled(format!("DMI of unit {unit}").into_bytes(), len.min(0x1000))
                    .into_iter()
                    .chain(vec![0xff; len - 0x1000])
                    .collect()
            }),
            Part::Vss2 | Part::Vss => vss(len, unit, *part == Part::Vss),
            Part::Nvar => {
                let store =
                    file(guid("cef5b9a3-476d-497f-9fdc-e98143e0422c"), 1, &nvar(len - 0x60, unit), false);
                volume(len, &[store], None).0
            }
            Part::Identity => {
                let body = |data: Vec<u8>| filled(if unit.is_some() { data } else { Vec::new() }, 0x200);
                let hole = file(
                    guid("05ca01fc-0fc1-11dc-9011-00173153eba8"),
                    1,
                    &body(unit.map(msdm).unwrap_or_default()),
                    false,
                );
                let mark = [
                    &b"$BOOTEFI$\0\x01\0\x04\x02"[..],
                    &filled_zero(spec.model, 60),
                    &filled_zero(&format!("R{release}"), 21),
                    b"05/17/2024",
                ]
                .concat();
                let model = file(guid("a0327fe0-1fda-4e5b-905d-b510c45a61d0"), 1, &mark, false);
                let fd44 = file(
                    guid("fd44820b-f1ab-41c0-ae4e-0c55556eb9bd"),
                    1,
                    &body(unit.map(flash_data).unwrap_or_default()),
                    true,
                );
                let lens = [hole.len(), 0, fd44.len()];
                let (bytes, places) = volume(len, &[hole, model, fd44], None);
                own.extend([0, 2].map(|n| (at + places[n], at + places[n] + lens[n])));
                bytes
            }
            Part::Code => {
                let files: Vec<Vec<u8>> = (0..3)
                    .map(|f| {
                        file(
                            noise(f + 40, 16).try_into().unwrap(),
                            7,
                            &noise(seed * 10 + f, 0x300 + 0x40 * f as usize),
                            f % 2 == 0,
                        )
                    })
                    .collect();
                volume(len, &files, None).0
            }
        };
        match part {
            Part::Vss2 | Part::Vss | Part::Nvar | Part::Block => own.push((at, at + len)),
            Part::Identity | Part::Code | Part::Blank | Part::Psp => {}
        }
        put(&mut image, at, &bytes);
        parts.push((*part, at, at + len));
        at += len;
    }
    let fit = boot(&mut image, &parts, code + 50, spec);
    parts.push((Part::Code, at, size));
    Made { bytes: image, own, parts, fit }
}

/// Blocks of the part for AMD's security processor.
pub const PSP_BLOCKS: usize = 0x20;

/// Fletcher's sum as its directories have it, word after word.
fn fletcher(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|word| u64::from(u16::from_le_bytes([word[0], word[1]])));
    let (a, b) = words.fold((0xffff, 0xffff), |(a, b), word| {
        let a = (a + word) % 0xffff;
        (a, (b + a) % 0xffff)
    });
    // Zero is written as ffff in sums that start there.
    let shown = |sum: u64| if sum == 0 { 0xffff } else { sum as u32 };
    shown(b) << 16 | shown(a)
}

/// Structure, directories, firmware of a release, the maker's key and its signature, and the stores of a unit: what is from
/// [`BIOS`] on in a flash of `size` bytes.
fn psp(size: usize, release: u64, key: u64, unit: Option<u64>) -> Vec<u8> {
    let mut out = vec![0xff; PSP_BLOCKS * 0x1000];
    let mut at = |place: usize, data: &[u8]| put(&mut out, place - BIOS, data);
    let directory = |cookie: &[u8], entries: &[(u8, u32, u64)], len: usize| {
        // Locations count from the start of the flash.
        let mut body = [(entries.len() as u32).to_le_bytes(), (1u32 << 29).to_le_bytes()].concat();
        for (kind, size, place) in entries {
            let mut entry = [&[*kind, 0, 0, 0], &size.to_le_bytes()[..], &place.to_le_bytes()].concat();
            entry.resize(len, 0);
            body.extend(entry);
        }
        [cookie, &fletcher(&body).to_le_bytes(), &body].concat()
    };
    let address = |place: usize| {
        if size > 0x100_0000 {
            0xff00_0000 + place as u32
        } else {
            (u32::MAX as usize + 1 - size + place) as u32
        }
    };
    let pointers =
        [0xffff_ffff, 0, address(0x2_1000), 0, address(0x2_2000), 0].map(u32::to_le_bytes).concat();
    at(0x2_0000, &[&[0xaa, 0x55, 0xaa, 0x55, 0, 0, 0, 0, 0, 0, 0, 0], &pointers[..]].concat());
    // The combo directory of two processors, the directory of each, the second level of the first.
    let combo: Vec<u8> = [(1u32, 0x2_1800), (2, 0x2_1c00)]
        .iter()
        .flat_map(|(id, place)| [0, *id, address(*place), 0].map(u32::to_le_bytes).concat())
        .collect();
    let combo = [&2u32.to_le_bytes()[..], &1u32.to_le_bytes(), &[0; 16], &combo].concat();
    at(0x2_1000, &[&b"2PSP"[..], &fletcher(&combo).to_le_bytes(), &combo].concat());
    let first =
        [(0x01, 0x400, 0x2_3000), (0x04, 0x2000, 0x2_6000), (0x0b, u32::MAX, 1), (0x40, 0x400, 0x2_2800)];
    at(0x2_1800, &directory(b"$PSP", &first, 16));
    at(0x2_1c00, &directory(b"$PSP", &[(0x01, 0x400, 0x2_3400)], 16));
    at(0x2_2800, &directory(b"$PL2", &[(0x08, 0x400, 0x2_3800)], 16));
    let bios = [
        (0x05, 0x240, 0x2_4000),
        (0x07, 0x100, 0x2_4800),
        (0x62, 0x400, 0x2_5000),
        (0x63, 0x1000, 0x2_8000),
        (0x61, 0, 0),
    ];
    at(0x2_2000, &directory(b"$BHD", &bios, 24));
    (0..3).for_each(|n| at(0x2_3000 + 0x400 * n, &noise(release + 60 + n as u64, 0x400)));
    // A key of 2048 bits: version, its id, no id of a key that signs it, lengths, exponent, modulus.
    let mut maker = noise(key, 0x240);
    put(&mut maker, 0, &1u32.to_le_bytes());
    put(&mut maker, 0x14, &[0; 0x24]);
    put(&mut maker, 0x38, &[2048u32, 2048, 65537].map(u32::to_le_bytes).concat());
    maker[0x44..0x140].fill(0);
    at(0x2_4000, &maker);
    at(0x2_4800, &noise(release + 64, 0x100));
    at(0x2_5000, &noise(release + 65, 0x400));
    if let Some(unit) = unit {
        at(0x2_6000, &noise(unit + 940, 0x1800));
        at(0x2_8000, &noise(unit + 941, 0xc00));
    }
    out
}

fn filled_zero(text: &str, len: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(len, 0);
    bytes
}

fn microcode(seed: u64) -> Vec<u8> {
    let mut update = noise(seed, 0x400);
    update[..0x30].fill(0);
    update[0] = 1;
    put(&mut update, 0x1c, &(0x400u32 - 48).to_le_bytes());
    put(&mut update, 0x20, &0x400u32.to_le_bytes());
    let sum = update.chunks(4).fold(0u32, |s, w| s.wrapping_add(u32::from_le_bytes(w.try_into().unwrap())));
    put(&mut update, 0x10, &0u32.wrapping_sub(sum).to_le_bytes());
    update
}

/// The file of hashes over the ranges.
fn hash_file(
    image: &[u8],
    covered: &[(usize, usize)],
    parts: &[(Part, usize, usize)],
    kind: Hashes,
    address: impl Fn(usize) -> u32,
) -> Vec<u8> {
    let len = |range: &(usize, usize)| ((range.1 - range.0) as u32).to_le_bytes();
    let sha = |range: &(usize, usize)| Sha256::digest(&image[range.0..range.1]).to_vec();
    let unused = [&[0xff; 36][..], &[0; 4]].concat();
    let rows = |base: &dyn Fn(usize) -> u32, count: usize| -> Vec<u8> {
        let row =
            |range: &(usize, usize)| [&sha(range)[..], &base(range.0).to_le_bytes(), &len(range)].concat();
        (0..count).flat_map(|n| covered.get(n).map_or(unused.clone(), row)).collect()
    };
    let table = match kind {
        Hashes::Phoenix => {
            let is_volume = |part: &Part| !matches!(part, Part::Blank | Part::Block | Part::Psp);
            let first = parts.iter().find(|(part, ..)| is_volume(part)).map_or(0, |(_, at, _)| *at);
            let body = [b"$HASHTBL\x03\0\0\0", &rows(&|at| (at - first) as u32, 3)[..]].concat();
            return file(guid("389cc6f2-1ea8-467b-ab8a-78e769ae2a15"), 1, &body, false);
        }
        Hashes::BootGuard => {
            let joined: Vec<u8> = covered.iter().flat_map(|(a, b)| image[*a..*b].to_vec()).collect();
            let mut block = b"__IBBS__\x10".to_vec();
            block.resize(132, 0);
            // No hash of what follows the block; SHA-256 of the block.
            put(&mut block, 56, &[0x10, 0, 0, 0]);
            put(&mut block, 96, &[0xb, 0, 32, 0]);
            put(&mut block, 100, &Sha256::digest(&joined));
            block.push(covered.len() as u8);
            block.extend(
                covered
                    .iter()
                    .flat_map(|range| [[0; 4], address(range.0).to_le_bytes(), len(range)].concat()),
            );
            let head = [&b"__ACBP__\x10"[..], &[0; 7]].concat();
            return file(
                noise(61, 16).try_into().unwrap(),
                1,
                &[&head, &block[..], b"__PMSG__"].concat(),
                false,
            );
        }
        Hashes::Ami1 => covered.first().map_or(vec![0; 36], |range| [&sha(range)[..], &len(range)].concat()),
        Hashes::Ami2 => rows(&address, 2),
        Hashes::Ami3 => {
            let joined: Vec<u8> = covered.iter().flat_map(|(a, b)| image[*a..*b].to_vec()).collect();
            let mut table = Sha256::digest(&joined).to_vec();
            (0..3).for_each(|n| {
                table.extend(covered.get(n).map_or(u32::MAX, |(a, _)| address(*a)).to_le_bytes())
            });
            (0..3).for_each(|n| table.extend(covered.get(n).map_or([0; 4], len)));
            [&table[..], &[0xff; 4], &[0; 52]].concat()
        }
    };
    let section = [&(table.len() as u32 + 4).to_le_bytes()[..3], &[0x19], &table].concat();
    file(guid("cbc91f44-a4bc-4a5b-8696-703451d0b053"), 2, &section, false)
}

/// The boot volume at the end of the image: hash file, FIT with microcode, reset vector. Gives where the FIT is.
fn boot(image: &mut [u8], parts: &[(Part, usize, usize)], seed: u64, spec: &Spec) -> usize {
    let size = image.len();
    let (base, address) = (size - BOOT, |at: usize| (u32::MAX as usize + 1 - size + at) as u32);
    let first = |wanted: &[Part]| parts.iter().find(|(part, ..)| wanted.contains(part)).copied();
    let covered = [first(&[Part::Code]), first(&[Part::Block, Part::Identity]).filter(|_| spec.wide)];
    let covered: Vec<(usize, usize)> = covered.into_iter().flatten().map(|(_, a, b)| (a, b)).collect();
    let hashes = hash_file(image, &covered, parts, spec.hashes, address);
    let updates = file(
        guid("17088572-377f-44ef-8f4e-b09fff46a070"),
        1,
        &[microcode(seed), microcode(seed + 1)].concat(),
        false,
    );
    let core = file(noise(60, 16).try_into().unwrap(), 4, &noise(seed + 2, 0x1000), true);
    let manifests = usize::from(spec.hashes == Hashes::BootGuard);
    let table = vec![0; 0x30 + 0x10 * manifests];
    let fit_file = file(guid("b52282ee-9b66-44b9-b1cf-7e5040f787c1"), 1, &table, false);
    let mut vector = noise(seed + 3, 0x400 - 24);
    let end = vector.len();
    let (_, places) = volume(
        BOOT,
        &[hashes.clone(), updates.clone(), core.clone(), fit_file],
        Some(file(guid("1ba0062e-c779-4582-8566-336ae8f78f09"), 1, &vector, false)),
    );
    let mut fit = b"_FIT_   \x03\0\0\0\0\x01\x80\0".to_vec();
    fit[8] += manifests as u8;
    for n in 0..2 {
        fit.extend(u64::from(address(base + places[1] + 24 + 0x400 * n)).to_le_bytes());
        fit.extend([0, 0, 0, 0, 0, 1, 1, 0]);
    }
    for _ in 0..manifests {
        fit.extend(u64::from(address(base + places[0] + 24)).to_le_bytes());
        fit.extend([0, 0, 0, 0, 0, 1, 0xc, 0]);
    }
    fit[15] = 0u8.wrapping_sub(sum8(&fit));
    let fit_at = base + places[3] + 24;
    put(&mut vector, end - 0x40, &address(fit_at).to_le_bytes());
    put(&mut vector, end - 4, &address(base).to_le_bytes());
    let fit_file = file(guid("b52282ee-9b66-44b9-b1cf-7e5040f787c1"), 1, &fit, false);
    let vtf = file(guid("1ba0062e-c779-4582-8566-336ae8f78f09"), 1, &vector, false);
    put(image, base, &volume(BOOT, &[hashes, updates, core, fit_file], Some(vtf)).0);
    fit_at
}

/// What a splice of `own` with `donor` must be: the unit's bytes from the one, the rest of the BIOS from the other.
pub fn expected(own: &Made, donor: &Made) -> Vec<u8> {
    let mut bytes = own.bytes.clone();
    bytes[BIOS..].copy_from_slice(&donor.bytes[BIOS..]);
    for (a, b) in &own.own {
        bytes[*a..*b].copy_from_slice(&own.bytes[*a..*b]);
    }
    bytes
}
