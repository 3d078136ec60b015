//! Judges from outside of what is spliced and unpacked: uefi-firmware, ifdtool, and coreboot's tools on images of their own.

use super::made::bytes::noise;
use super::made::volumes::{file, volume_header};
use super::made::{Hashes, Part, Spec, build};
use super::{done, extracted};
use crate::bench::Bench;

const SPLICE: [&str; 9] =
    ["splice", "--board", "auto", "--base", "own.bin", "--donor", "update.bin", "-o", "new.bin"];

/// Every item of the result is one of the base or of the donor, and there are as many volumes as before.
#[test]
fn uefi_firmware_and_ifdtool_find_in_a_splice_what_is_in_its_sources() {
    let Some(bench) = Bench::with(&["uefi-firmware-parser", "ifdtool"]) else { return };
    let parts = [(Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 8), (Part::Block, 1), (Part::Vss, 8)];
    let (own, new) = (build(&Spec::new(&parts), 1, Some(1)), build(&Spec::new(&parts), 2, None));
    bench.write("own.bin", &own.bytes);
    bench.write("update.bin", &new.bytes);
    done(&bench, &SPLICE);
    let items = |name: &str| -> Vec<String> {
        let shown = bench.tool(&format!("uefi-firmware-parser --nocolor --brute {name}.bin"));
        shown.lines().map(str::to_owned).collect()
    };
    let [of_own, of_update, of_new] = ["own", "update", "new"].map(items);
    let volumes = |items: &[String]| items.iter().filter(|line| line.starts_with("Firmware Volume")).count();
    assert_eq!((volumes(&of_own), volumes(&of_new)), (volumes(&of_update), volumes(&of_update)));
    assert!(volumes(&of_new) >= 5 && of_new.len() > 40, "{of_new:#?}");
    let foreign: Vec<&String> =
        of_new.iter().filter(|line| !of_own.contains(line) && !of_update.contains(line)).collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    let map = |name: &str| {
        bench.tool(&format!("ifdtool -f {name}.map {name}.bin"));
        bench.read(&format!("{name}.map"))
    };
    assert!(!map("own").is_empty() && map("new") == map("own"));
}

/// Sections that other people's packers packed, opened as UEFIExtract opens them.
#[test]
fn packed_sections_hold_what_uefiextract_finds_in_them() {
    const PACK: &str = "from uefi_firmware import efi_compressor as packers
import uuid
def section(kind, body):
    whole = (len(body) + 4).to_bytes(3, 'little') + bytes([kind]) + body
    return whole + bytes(-len(whole) % 4)
def defined(guid, data):
    return section(2, uuid.UUID(guid).bytes_le + bytes([24, 0, 1, 0]) + data)
inner = open('inner.bin', 'rb').read()
plain = section(0x19, bytes(8)) + section(0x17, inner)
size = len(plain)
open('sections.bin', 'wb').write(
    section(1, size.to_bytes(4, 'little') + bytes([1]) + packers.EfiCompress(plain, size))
    + section(1, size.to_bytes(4, 'little') + bytes([1]) + packers.TianoCompress(plain, size))
    + defined('a31280ad-481e-41b6-95e8-127f4c984779', packers.TianoCompress(plain, size))
    + defined('ee4e5898-3914-4259-9d6e-dc7bd79403cf', packers.LzmaCompress(plain, size)))
";
    let Some(bench) = Bench::with(&["UEFIExtract", "uefi-firmware-parser"]) else { return };
    let ffs2: [u8; 16] =
        [0x78, 0xe5, 0x8c, 0x8c, 0x3d, 0x8a, 0x1c, 0x4f, 0x99, 0x35, 0x89, 0x61, 0x85, 0xc3, 0x2d, 0xd3];
    let volume = |len: usize, files: &[Vec<u8>]| {
        let mut bytes = volume_header(len, ffs2);
        for file in files {
            bytes.extend(file);
            bytes.resize(bytes.len().next_multiple_of(8), 0xff);
        }
        assert!(bytes.len() <= len);
        bytes.resize(len, 0xff);
        bytes
    };
    // Names of files that read as their text in a report.
    let inner = [0x61u8, 0x62].map(|name| file([name; 16], 1, &noise(name.into(), 0x900).repeat(3), true));
    bench.write("inner.bin", &volume(0x8000, &inner));
    bench.write("pack.py", PACK.as_bytes());
    bench.tool("python3 pack.py");
    let outer = [file([0x63; 16], 0xb, &bench.read("sections.bin"), false)];
    bench.write("packed.bin", &volume(0x1_0000, &outer));
    let (complaints, items) = extracted(&bench, "packed.bin");
    assert_eq!(complaints, [""; 0]);
    let count = |text: &str| items.iter().filter(|line| line.contains(text)).count();
    let [a, b] = ["6161", "6262"].map(|group| format!("{group}{group}-{group}-{group}-{group}-"));
    assert_eq!((count(&a), count(&b)), (4, 4), "{items:#?}");
    let shown = bench.run(["--json", "inspect", "packed.bin"]).code(0).result();
    let firmware =
        shown["items"].as_array().unwrap().iter().find(|item| item["kind"] == "pc-firmware").unwrap();
    let packed = firmware["attributes"]["packed"].as_array().unwrap();
    let rows: Vec<_> =
        packed.iter().map(|one| (one["method"].as_str().unwrap(), one["files"].as_u64())).collect();
    let methods = ["EFI 1.1 or Tiano", "EFI 1.1 or Tiano", "Tiano", "LZMA"];
    assert_eq!(rows, methods.map(|method| (method, Some(2))));
    for one in packed {
        assert_eq!((&one["unpacked"], &one["volumes"]), (&(12 + 4 + 0x8000).into(), &1.into()));
    }
}

/// The bytes of a boot block with a FIT of no entry, and of a microcode.
fn boot_block(seed: u64) -> Vec<u8> {
    const LEN: usize = 0x3000;
    let mut bytes = noise(seed, LEN);
    let mut fit = b"_FIT_   \x01\0\0\0\0\x01\x80\0".to_vec();
    fit[15] = 0u8.wrapping_sub(fit.iter().fold(0, |sum, byte| sum.wrapping_add(*byte)));
    bytes[0x200..0x300].fill(0xff);
    bytes[0x200..0x210].copy_from_slice(&fit);
    let pointer = u64::from(u32::MAX) + 1 - LEN as u64 + 0x200;
    bytes[LEN - 0x40..LEN - 0x38].copy_from_slice(&pointer.to_le_bytes());
    bytes
}

fn microcode(seed: u64) -> Vec<u8> {
    let mut bytes = noise(seed, 0x400);
    bytes[..0x30].fill(0);
    bytes[0] = 1;
    bytes[0x1c..0x20].copy_from_slice(&(0x400u32 - 48).to_le_bytes());
    bytes[0x20..0x24].copy_from_slice(&0x400u32.to_le_bytes());
    let words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let sum = words.fold(0u32, u32::wrapping_add);
    bytes[0x10..0x14].copy_from_slice(&0u32.wrapping_sub(sum).to_le_bytes());
    bytes
}

/// Images that coreboot's own tools put together: what they read in the result is the donor's, the VPD is the unit's.
#[test]
fn coreboots_tools_read_the_donor_in_a_splice_of_their_images() {
    let Some(bench) = Bench::with(&["cbfstool", "ifittool", "fmaptool"]) else { return };
    let map =
        "FLASH@0xfff00000 0x100000 {\n RO_VPD 0x4000\n SMMSTORE 0x40000\n FMAP 0x1000\n COREBOOT(CBFS)\n}\n";
    bench.write("map.fmd", map.as_bytes());
    bench.tool("fmaptool map.fmd map.bin");
    let config = "CONFIG_MAINBOARD_VENDOR=\"Made\"\nCONFIG_MAINBOARD_PART_NUMBER=\"Anvil\"\n";
    bench.write("config", config.as_bytes());
    for (name, seed) in [("own", 1), ("update", 2)] {
        bench.write("bootblock", &boot_block(seed));
        bench.write("payload", &noise(seed + 10, 0x5000));
        bench.write("microcode", &microcode(seed + 20));
        bench.tool(&format!("cbfstool {name}.bin create -M map.bin"));
        for words in [
            "-f bootblock -n bootblock -t bootblock -b -0x3000",
            "-f config -n config -t raw",
            "-f payload -n fallback/payload -t raw",
            "-f microcode -n cpu_microcode_blob.bin -t microcode",
        ] {
            bench.tool(&format!("cbfstool {name}.bin add -r COREBOOT {words}"));
        }
        bench.tool(&format!("ifittool -f {name}.bin -r COREBOOT -a -n cpu_microcode_blob.bin -t 1 -s 8"));
    }
    let mut own = bench.read("own.bin");
    let data = b"\x01\x0dserial_number\x08PF123456";
    let vpd = [&b"\xfe\x09\x01gVpdInfo"[..], &(data.len() as u32).to_le_bytes(), data].concat();
    own[0x600..0x600 + vpd.len()].copy_from_slice(&vpd);
    bench.write("own.bin", &own);
    done(&bench, &SPLICE);
    let made = bench.read("new.bin");
    assert!(made[..0x4000] == own[..0x4000] && made[0x4000..] == bench.read("update.bin")[0x4000..]);
    for words in ["cbfstool FILE print", "cbfstool FILE layout -w", "ifittool -f FILE -s 16 -r COREBOOT -D"] {
        let said = |name| bench.tool(&words.replace("FILE", name));
        let of_new = said("new.bin");
        assert!(of_new == said("update.bin") && !of_new.is_empty(), "{words}: {of_new}");
    }
    assert!(bench.tool("ifittool -f new.bin -s 16 -r COREBOOT -D").contains("Microcode"));
    // A new serial number changes no byte but its own.
    done(&bench, &[&SPLICE[..8], &["serial.bin", "--serial", "PF654321"]].concat());
    let serial = bench.read("serial.bin");
    let changed: Vec<usize> = (0..made.len()).filter(|at| made[*at] != serial[*at]).collect();
    let start = 0x600 + vpd.len() - 8;
    assert!(!changed.is_empty() && changed.iter().all(|at| (start..start + 8).contains(at)), "{changed:x?}");
    let long = bench.run([&SPLICE[..8], &["long.bin", "--serial", "PF6543210"]].concat());
    assert_eq!((long.code, bench.path("long.bin").exists()), (2, false), "{}", long.stderr);
}

/// PSPTool on a base, an update and their splice: the same directories, and no sum that it cannot verify; on each kind of board
/// of AMD's that the library's tests splice.
#[test]
fn psptool_agrees_on_every_directory_of_each_splice() {
    const LIST: &str = "import sys, io, json, contextlib
from psptool import PSPTool
def seen(name):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        tool = PSPTool.from_file(name)
    rows = sorted([d.buffer_offset, d.magic.decode(), d.count] for d in tool.directories_by_offset.values())
    return [rows, said.getvalue().count('fletcher')]
print(json.dumps([seen(name) for name in sys.argv[1:]]))
";
    let Some(bench) = Bench::with(&["psptool"]) else { return };
    bench.write("list.py", LIST.as_bytes());
    let seen = |names: &str| -> Vec<serde_json::Value> {
        serde_json::from_str(&bench.tool(&format!("python3 list.py {names}"))).unwrap()
    };
    // 8 MiB, the smallest that PSPTool takes.
    let board = |parts: &[(Part, usize)], hashes| {
        let used: usize = parts.iter().map(|(_, blocks)| blocks).sum();
        let psp = (Part::Psp, super::made::psp::PSP_BLOCKS);
        let parts = [&[psp], parts, &[(Part::Blank, 1992 - used)]].concat();
        Spec { hashes, ..Spec::new(&parts) }
    };
    let plain = board(&[(Part::Nvar, 16), (Part::Identity, 2), (Part::Code, 40)], Hashes::Ami2);
    let stores =
        board(&[(Part::Vss2, 16), (Part::Code, 4), (Part::Block, 1), (Part::Vss, 8)], Hashes::Phoenix);
    let many = board(&[(Part::Code, 4), (Part::Identity, 2), (Part::Nvar, 4), (Part::Code, 9)], Hashes::Ami3);
    // Board, whether the donor is another unit's dump, a sum of the combo directory that is stale in both, more words.
    let cases: [(&Spec, bool, bool, &[&str]); 4] = [
        (&plain, false, false, &[]),
        (&plain, true, true, &[]),
        (&stores, true, false, &["--allow", "raw-block"]),
        (&many, false, false, &[]),
    ];
    let mut names = String::new();
    for (n, (spec, from_unit, stale, words)) in cases.iter().enumerate() {
        let mut own = build(spec, 1, Some(1));
        let mut new = build(spec, 2, from_unit.then_some(9));
        assert_eq!(own.bytes.len(), 0x80_0000);
        if *stale {
            [&mut own, &mut new].iter_mut().for_each(|made| made.bytes[0x2_1020] ^= 1);
        }
        let [own_name, update, result] = ["own", "update", "new"].map(|name| format!("{name}{n}.bin"));
        bench.write(&own_name, &own.bytes);
        bench.write(&update, &new.bytes);
        let line = ["splice", "--board", "auto", "--base", &own_name, "--donor", &update, "-o", &result];
        done(&bench, &[&line[..], words].concat());
        assert!(bench.read(&result) == super::made::expected(&own, &new), "{n}");
        names += &format!(" {own_name} {update} {result}");
    }
    let ours = |name: &str| {
        let shown = bench.run(["--json", "inspect", name]).code(0).result();
        let items = shown["items"].as_array().unwrap().clone();
        let firmware = items.into_iter().find(|item| item["kind"] == "pc-firmware").unwrap();
        let directories = firmware["attributes"]["psp"].as_array().unwrap().clone();
        // PSPTool goes through a combo directory and does not list it.
        let mut rows: Vec<_> = directories
            .iter()
            .filter(|one| one["cookie"] != "2PSP")
            .map(|one| serde_json::json!([one["offset"], one["cookie"], one["entries"]]))
            .collect();
        rows.sort_by_key(|row| row[0].as_u64());
        serde_json::json!([rows, 0])
    };
    for (name, seen) in names.split_whitespace().zip(seen(&names)) {
        assert_eq!(seen, ours(name), "{name}");
        assert_eq!(seen[0].as_array().map(Vec::len), Some(4), "{name}");
    }
    // Both see a sum that does not hold.
    let mut bent = bench.read("update0.bin");
    bent[0x2_2804] ^= 1;
    bench.write("update.bin", &bent);
    bench.write("own.bin", &bench.read("own0.bin"));
    assert_eq!(seen("update.bin")[0][1], 1);
    let ran = bench.run([&SPLICE[..], &["--force"]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("PSP directory at 0x22800"), "{}", ran.stderr);
}
