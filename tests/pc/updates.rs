//! Updates through the program: what `extract` writes and refuses, a part as a donor, files that other people's packers made.

use super::done;
use super::made::bytes::noise;
use super::made::{BIOS, Part, Spec, build, expected};
use crate::bench::Bench;
use serde_json::Value;

const SPLICE: [&str; 6] = ["splice", "--board", "auto", "--base", "own.bin", "-o"];

/// An Insyde program with blocks of these kinds.
fn program(blocks: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = [b"MZ".as_slice(), &[0x11; 0x100]].concat();
    for (kind, data) in blocks {
        file.extend(format!("$_IFLASH_{kind}_______").bytes().take(16));
        file.extend((data.len() as u32 + 0x18).to_le_bytes());
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(*data);
    }
    file
}

fn spec() -> Spec {
    Spec::new(&[(Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 4)])
}

#[test]
fn parts_are_written_with_a_list_and_nothing_is_overwritten() {
    let bench = Bench::new();
    let new = build(&spec(), 2, None).bytes;
    bench.write("up.exe", &program(&[("BIOSIMG", &new), ("EC_IMG", &[7; 99]), ("INI_IMG", b"[Platform]\n")]));
    let ran = bench.run(["--json", "extract", "up.exe", "-o", "parts"]).code(0);
    let parts = ran.result()["parts"].clone();
    let row = |n: usize, field: &str| parts[n][field].as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = (0..3).map(|n| [row(n, "name"), row(n, "for"), row(n, "state")].join(" ")).collect();
    assert_eq!(rows, ["BIOSIMG BIOS plain", "EC_IMG EC unknown", "INI_IMG updater plain"]);
    assert!(bench.read("parts/BIOSIMG.bin") == new && bench.read("parts/EC_IMG.bin") == [7; 99]);
    let list: Value = serde_json::from_slice(&bench.read("parts/parts.json")).unwrap();
    assert_eq!(list["parts"], parts);
    bench.run(["extract", "up.exe"]).code(0).says(&["BIOSIMG", "EC_IMG", "Insyde update program"]);
    // Again: refused, and with --force written; the input itself never.
    bench.write("parts/EC_IMG.bin", b"mine");
    bench.run(["extract", "up.exe", "-o", "parts"]).code(2).says(&["parts/"]);
    assert_eq!(bench.read("parts/EC_IMG.bin"), b"mine");
    bench.run(["extract", "up.exe", "-o", "parts", "--force"]).code(0);
    assert_eq!(bench.read("parts/EC_IMG.bin"), [7; 99]);
    bench.write("own/BIOSIMG.bin", &program(&[("BIOSIMG", &new)]));
    bench.run(["extract", "own/BIOSIMG.bin", "-o", "own", "--force"]).code(2).says(&["BIOSIMG.bin"]);
    // Damaged or nothing: no file.
    let whole = bench.read("up.exe");
    bench.write("cut.exe", &whole[..whole.len() - 1]);
    bench.run(["extract", "cut.exe", "-o", "none"]).code(2).says(&["cut short"]);
    bench.write("noise.bin", &noise(3, 0x1000));
    bench.run(["extract", "noise.bin", "-o", "none"]).code(2).says(&["nothing to take out"]);
    assert!(!bench.path("none").exists());
}

#[test]
fn of_two_releases_in_one_file_the_user_names_one() {
    let bench = Bench::new();
    let (own, new) = (build(&spec(), 1, Some(1)), build(&spec(), 2, None));
    let other = build(&Spec { model: "MADE Z990", ..spec() }, 2, None).bytes;
    bench.write("own.bin", &own.bytes);
    bench.write("two.exe", &program(&[("BIOSIMG", &other), ("BIOSIMG", &new.bytes)]));
    let line = |donor: &'static str| [&SPLICE[..], &["new.bin", "--donor", donor]].concat();
    bench.run(line("two.exe")).code(2).says(&["2 parts", "BIOSIMG (BIOS)", "FILE:PART"]);
    bench.run(line("two.exe:BIOSIMG")).code(2).says(&["Z990"]);
    bench.run(line("two.exe:NONE")).code(2).says(&["no part 'NONE'", "BIOSIMG-2"]);
    assert!(!bench.path("new.bin").exists());
    // The recipe has the part, too.
    bench.run([&line("two.exe:BIOSIMG-2")[..], &["--save-recipe", "again.toml"]].concat()).code(0);
    assert!(bench.read("new.bin") == expected(&own, &new));
    bench.run(["splice", "--recipe", "again.toml", "--base", "own.bin", "-o", "again.bin"]).code(0);
    assert!(bench.read("again.bin") == bench.read("new.bin"));
}

/// As a maker has it: the BIOS's bytes beside a signature, texts and what is for the EC.
#[test]
fn raw_files_of_hp_and_lenovo_are_taken_out_of_their_downloads() {
    let Some(bench) = Bench::with(&["zip"]) else { return };
    let (own, new) = (build(&spec(), 1, Some(1)), build(&spec(), 2, None));
    bench.write("own.bin", &own.bytes);
    let line = |donor: &'static str| [&SPLICE[..], &["new.bin", "--donor", donor, "--force"]].concat();
    // HP: the region, and signatures by the board's number.
    bench.write("0227D.bin", &new.bytes[BIOS..]);
    bench.write("0227D.sig", &noise(5, 0x100));
    bench.write("0227D.s12", &noise(6, 0x100));
    bench.tool("zip -q hp.zip 0227D.bin 0227D.sig 0227D.s12");
    for donor in ["0227D.bin", "hp.zip"] {
        done(&bench, &line(donor));
        assert!(bench.read("new.bin") == expected(&own, &new), "{donor}");
    }
    // Newer ones are encrypted, which nothing in them says: no volume is in them.
    bench.write("0227D.bin", &noise(7, new.bytes.len() - BIOS));
    bench.run(line("0227D.bin")).code(2).says(&["not a PC's firmware, or it is encrypted"]);
    // Lenovo: a capsule of its own, and the EC's beside it.
    let capsule = |body: &[u8]| {
        let guid =
            [0x76, 0xfe, 0xb5, 0x25, 0x43, 0x82, 0x5c, 0x4a, 0xa9, 0xbd, 0x7e, 0xe3, 0x24, 0x61, 0x98, 0xb5];
        let words = [0x1d0u32, 0, 0x1d0 + body.len() as u32].map(u32::to_le_bytes).concat();
        let mut head = [&guid[..], &words].concat();
        head.resize(0x1d0, 0);
        [&head, body].concat()
    };
    bench.write("N1X00.FL1", &capsule(&new.bytes[BIOS..]));
    bench.write("N1X00.FL2", &noise(8, 0x8000));
    bench.tool("zip -q lenovo.zip N1X00.FL1 N1X00.FL2");
    bench.run(line("lenovo.zip")).code(2).says(&["N1X00.FL1", "N1X00.FL2", "FILE:PART"]);
    for donor in ["N1X00.FL1", "lenovo.zip:N1X00.FL1.image"] {
        done(&bench, &line(donor));
        assert!(bench.read("new.bin") == expected(&own, &new), "{donor}");
    }
}

/// Cabinets of other people's packer, stored and packed, and one by LHA's rules of a packer of EFI's.
#[test]
fn cabinets_of_gcab_give_the_same_splice() {
    let Some(bench) = Bench::with(&["gcab"]) else { return };
    let (own, new) = (build(&spec(), 1, Some(1)), build(&spec(), 2, None));
    bench.write("own.bin", &own.bytes);
    bench.write("firmware.bin", &new.bytes);
    bench.write("firmware.metainfo.xml", b"<component type=\"firmware\"/>\n");
    for (name, how) in [("stored.cab", ""), ("packed.cab", "-z ")] {
        bench.tool(&format!("gcab -c {how}{name} firmware.bin firmware.metainfo.xml"));
        let line = [&SPLICE[..], &["new.bin", "--donor", name, "--force"]].concat();
        done(&bench, &line);
        assert!(bench.read("new.bin") == expected(&own, &new), "{name}");
        bench.run(["extract", name]).code(0).says(&["firmware.bin", "firmware.metainfo.xml", "cabinet"]);
        let whole = bench.read(name);
        bench.write("cut.cab", &whole[..whole.len() - 100]);
        bench
            .run([&SPLICE[..], &["none.bin", "--donor", "cut.cab", "--force"]].concat())
            .code(2)
            .says(&["cut short"]);
    }
}

/// A Dell update and an AMI program that Python put together from their rules, with packers of other people.
const MAKE: &str = "from uefi_firmware import efi_compressor as packers
from uefi_firmware.pfs import PFSFile
import struct, uuid, zlib, json, sys, contextlib, io
bios = open('update.bin', 'rb').read()
ec = bytes(range(256)) * 3

def entry(guid, data, version):
    numbers = struct.pack('<4sHHHH', b'NNN ', *version)
    return uuid.UUID(guid).bytes_le + struct.pack('<I', 1) + numbers + bytes(8) + struct.pack('<IIII', len(data), 3, 0, 0) + bytes(16) + data + b'sig'

def name(guid, text, version):
    return struct.pack('<I', 1) + uuid.UUID(guid).bytes_le + struct.pack('<HHHH4sH', *version, b'NNN ', len(text)) + text.encode('utf-16-le') + bytes(2)

one, two = '7ec6c2b0-3fe3-42a0-a316-22dd0517c1e8', '11111111-2222-3333-4444-555555555555'
names = name(one, 'System BIOS', (1, 7, 0, 0)) + name(two, 'Embedded Controller', (2, 0, 0, 0))
payload = entry('fd041960-0dc8-4b9f-8225-bba9e37c71e0', names, (1, 0, 0, 0)) + entry(one, bios, (1, 7, 0, 0)) + entry(two, ec, (2, 0, 0, 0))
size = struct.pack('<I', len(payload))
pfs = b'PFS.HDR.' + struct.pack('<I', 1) + size + payload + size + struct.pack('<I', zlib.crc32(payload) ^ 0xffffffff) + b'PFS.FTR.'

def framed(frame):
    xor = 0
    for byte in frame:
        xor ^= byte
    return frame + bytes([xor])

stream = zlib.compress(pfs)
size = struct.pack('<I', len(stream))
head = framed(size + b'\\xaa' + bytes.fromhex('eeaa761becbb20f1e651'))
foot = framed(size + bytes.fromhex('eeaaee8f491be8ae143790'))
open('dell.exe', 'wb').write(b'MZ' + bytes(126) + head + stream + foot)

def module(tag, packed, unpacked, data):
    body = struct.pack('<II', packed, unpacked) + data
    body += bytes(len(body) % 2)
    whole = tag + struct.pack('<I', len(body) + 16) + bytes(8) + body
    total = sum(struct.unpack('<%dH' % (len(whole) // 2), whole)) & 0xffff
    return whole[:8] + struct.pack('<H', -total & 0xffff) + whole[10:]

def outer(body):
    whole = b'@UAF' + struct.pack('<I', len(body) + 16) + bytes(8) + body
    total = sum(struct.unpack('<%dH' % (len(whole) // 2), whole)) & 0xffff
    return whole[:8] + struct.pack('<H', -total & 0xffff) + whole[10:]

packed = packers.TianoCompress(bios, len(bios))
old = packers.EfiCompress(ec, len(ec))
open('ami.exe', 'wb').write(b'MZ' + bytes(126) + outer(
    module(b'@R00', len(packed) - 8, len(bios), packed[8:]) + module(b'@EC0', len(old) - 8, len(ec), old[8:])))
with contextlib.redirect_stdout(io.StringIO()):
    seen = PFSFile(pfs)
    seen.process()
print(json.dumps([[str(uuid.UUID(bytes_le=s.uuid)), len(s.section_data), s.version] for s in seen.sections]))
";

#[test]
fn updates_of_other_peoples_packers_give_the_same_splice() {
    let Some(bench) = Bench::with(&["uefi-firmware-parser"]) else { return };
    let (own, new) = (build(&spec(), 1, Some(1)), build(&spec(), 2, None));
    bench.write("own.bin", &own.bytes);
    bench.write("update.bin", &new.bytes);
    bench.write("make.py", MAKE.as_bytes());
    let seen: Value = serde_json::from_str(&bench.tool("python3 make.py")).unwrap();
    let parts = bench.run(["--json", "extract", "dell.exe"]).code(0).result()["parts"].clone();
    // What uefi-firmware sees in the list: types, lengths, and the version but for its first point.
    let ours: Vec<Value> = parts
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            serde_json::json!([part["kind"], part["size"], format!(".{}", part["version"].as_str().unwrap())])
        })
        .collect();
    assert_eq!(Value::from(ours), seen);
    let names: Vec<&str> = (0..3).map(|n| parts[n]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["names", "System_BIOS", "Embedded_Controller"]);
    for donor in ["dell.exe", "ami.exe"] {
        done(&bench, &[&SPLICE[..], &["new.bin", "--donor", donor, "--force"]].concat());
        assert!(bench.read("new.bin") == expected(&own, &new), "{donor}");
    }
}
