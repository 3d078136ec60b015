//! Stores of Phoenix's and Apple's form, made by their rules in Python, as UEFIExtract reads them.

use super::extracted;
use crate::bench::Bench;
use serde_json::Value;

const MAKE: &str = "import struct, uuid, zlib
def guid(text):
    return uuid.UUID(text).bytes_le
def volume(size, body):
    head = bytes(16) + guid('FFF12B8D-7696-4C8B-A985-2747075B4F50') + struct.pack('<Q', size) + b'_FVH'
    head += struct.pack('<IHHHBB', 0x0004feff, 0x48, 0, 0, 0, 2) + struct.pack('<IIII', size // 0x1000, 0x1000, 0, 0)
    total = sum(struct.unpack('<36H', head)) & 0xffff
    head = head[:0x32] + struct.pack('<H', -total & 0xffff) + head[0x34:]
    return (head + body).ljust(size, b'\\xff')
def entry(kind, body):
    whole = bytes([kind, 0]) + struct.pack('<H', 4 + len(body)) + body
    return whole[:1] + bytes([-sum(whole[1:]) & 0xff]) + whole[2:]
owner = guid('4B3082A3-80C6-4D7E-9CD0-583917265DF1')
def data(kind, name, value):
    return entry(kind, struct.pack('<HHI', 1, name, 7) + value)
def name(number, text):
    return entry(0xee, struct.pack('<H', number) + (text + chr(0)).encode('utf-16-le'))
evsa = entry(0xec, b'EVSA' + bytes(4) + struct.pack('<I', 0x800) + bytes(4)) + entry(0xed, struct.pack('<H', 1) + owner)
evsa += name(7, 'DmiVar0100010700') + name(8, 'Boot0000') + data(0x83, 7, b'older')
evsa += data(0xef, 7, b'PF123456') + data(0xef, 8, bytes(range(40)))
vss = (b'$VSS' + struct.pack('<I', 0x400) + bytes([0x5a, 0xfe]) + bytes(6)).ljust(0x400, b'\\xff')
svs = b'$SVS' + struct.pack('<I', 0x400) + bytes([0x5a, 0xfe]) + bytes(6)
title, value = ('Lock' + chr(0)).encode('utf-16-le'), b'secret'
svs += bytes([0xaa, 0x55, 0x3f, 0]) + struct.pack('<III', 0x80000007, len(title), len(value)) + owner
svs = (svs + struct.pack('<I', zlib.crc32(value)) + title + value).ljust(0x400, b'\\xff')
fsys = b'Fsys' + bytes([1, 0, 0, 0, 0]) + struct.pack('<H', 0x200)
for key, text in [(b'ssn', b'C02ABC12DEFG'), (b'hwc', b'DEFG'), (b'son', b'MC975')]:
    fsys += bytes([len(key)]) + key + struct.pack('<H', len(text)) + text
fsys = (fsys + bytes([3]) + b'EOF').ljust(0x1fc, bytes(1))
fsys += struct.pack('<I', zlib.crc32(fsys))
open('phoenix.bin', 'wb').write(volume(0x2000, evsa.ljust(0x800, b'\\xff')))
open('apple.bin', 'wb').write(volume(0x4000, vss + svs + fsys))
bent = bytearray(vss + svs + fsys)
bent[0x9f0] ^= 1
open('bent.bin', 'wb').write(volume(0x4000, bytes(bent)))
";

/// Name, place, and how many of its entries count, of each store in UEFIExtract's list.
fn theirs(items: &[String]) -> Vec<(String, u64, u64)> {
    let mut found: Vec<(String, u64, u64)> = Vec::new();
    for row in items.iter().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>()) {
        let [kind, subtype, base, _, _, name, ..] = row[..] else { continue };
        if kind.ends_with(" store") {
            let name = name.trim_start_matches(['-', ' ']).trim_end_matches(" store");
            found.push((name.to_owned(), u64::from_str_radix(base, 16).unwrap(), 0));
        }
        let is_end = name.ends_with(" EOF");
        if kind.ends_with(" entry") && matches!(subtype, "Data" | "Apple" | "Normal") && !is_end {
            found.last_mut().unwrap().2 += 1;
        }
    }
    found
}

fn firmware(bench: &Bench, name: &str) -> Value {
    let shown = bench.run(["--json", "inspect", name]).code(0).result();
    let items = shown["items"].as_array().unwrap().clone();
    items.into_iter().find(|item| item["kind"] == "pc-firmware").unwrap()["attributes"].clone()
}

#[test]
fn uefiextract_reads_the_same_stores_of_phoenix_and_apple() {
    let Some(bench) = Bench::with(&["UEFIExtract"]) else { return };
    bench.write("make.py", MAKE.as_bytes());
    bench.tool("python3 make.py");
    for (name, count) in [("phoenix.bin", 1), ("apple.bin", 3)] {
        let (complaints, items) = extracted(&bench, name);
        assert!(complaints.iter().all(|line| !line.contains("invalid")), "{complaints:?}");
        let ours: Vec<_> = firmware(&bench, name)["stores"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                assert_eq!(one["fault"], Value::Null);
                let number = |key: &str| one[key].as_u64().unwrap();
                (one["form"].as_str().unwrap().to_owned(), number("offset"), number("variables"))
            })
            .collect();
        assert_eq!((ours.len(), &ours), (count, &theirs(&items)), "{items:#?}");
    }
    let apple = firmware(&bench, "apple.bin");
    assert_eq!((&apple["serial"], &apple["hardware_code"]), (&"C02ABC12DEFG".into(), &"DEFG".into()));
    assert_eq!(firmware(&bench, "phoenix.bin")["serial"], "PF123456");
    // Both see a sum that does not hold.
    bench.tool("UEFIExtract bent.bin all");
    let fault = firmware(&bench, "bent.bin")["stores"][2]["fault"].as_str().unwrap().to_owned();
    let said = bench.tool("grep -rh CRC32 bent.bin.dump");
    let stated = fault.split("0x").last().unwrap().trim_end_matches(" is stated").to_uppercase();
    assert!(said.contains("invalid") && said.contains(&stated), "{fault}: {said}");
}
