//! coreboot's images, made and read by coreboot's own tools, before and after a splice.

use super::done;
use super::made::bytes::noise;
use super::made::{BIOS, Part, Spec, build};
use crate::bench::Bench;

const SPLICE: [&str; 6] = ["splice", "--board", "auto", "--base", "own.bin", "-o"];

/// A ROM of coreboot like a made board's flash, with that board's descriptor, GbE and ME put in by ifdtool.
fn rom(bench: &Bench, name: &str, seed: u64, spec: &Spec) {
    let made = build(spec, 1, Some(seed));
    let len = made.bytes.len();
    let map = format!(
        "FLASH@0x{:x} {len:#x} {{\n SI_ALL@0 {BIOS:#x} {{\n  SI_DESC 0x1000\n  SI_GBE 0x2000\n  SI_ME\n }}\n SI_BIOS@{BIOS:#x} {:#x} {{\n  \
         RW_SECTION 0x3000 {{\n   RW_VPD 0x1000\n   SMMSTORE 0x2000\n  }}\n  RO_SECTION {{\n   RO_VPD 0x1000\n   FMAP 0x1000\n   COREBOOT(CBFS)\n  }}\n }}\n}}\n",
        (1u64 << 32) - len as u64,
        len - BIOS
    );
    bench.write("map.fmd", map.as_bytes());
    bench.tool("fmaptool map.fmd map.bin");
    bench.write("bootblock", &noise(seed, 0x400));
    bench.write("payload", &noise(seed + 10, 0x2000));
    bench.write("order", b"/pci@i0cf8/*@1f,2/drive@0/disk@0\n/rom@img/memtest\n");
    bench.write("config", b"CONFIG_MAINBOARD_DIR=\"made/anvil\"\n");
    bench.tool(&format!("cbfstool {name} create -M map.bin -r COREBOOT"));
    for words in [
        "add-flat-binary -f payload -n fallback/payload -l 0x100000 -e 0x100000",
        "add -f config -n config -t raw",
        "add -f order -n bootorder -t raw",
        "add -f bootblock -n bootblock -t bootblock -b -0x400",
    ] {
        let (verb, rest) = words.split_once(' ').expect("a verb and its words");
        bench.tool(&format!("cbfstool {name} {verb} -r COREBOOT {rest}"));
    }
    // Only ifdtool knows where the regions go: the descriptor first, the others by it.
    let mut image = bench.read(name);
    image[..0x1000].copy_from_slice(&made.bytes[..0x1000]);
    bench.write(name, &image);
    bench.write("gbe", &made.bytes[0x1000..0x3000]);
    bench.write("me", &made.bytes[0x3000..BIOS]);
    for region in ["gbe", "me"] {
        bench.tool(&format!("ifdtool -i {region}:{region} -O {name} {name}"));
    }
    assert!(bench.read(name)[..BIOS] == made.bytes[..BIOS]);
}

fn spec() -> Spec {
    Spec::new(&[(Part::Nvar, 4), (Part::Code, 8), (Part::Blank, 20)])
}

#[test]
fn a_rom_keeps_the_own_regions_and_its_tools_read_the_donors_files() {
    let Some(bench) = Bench::with(&["cbfstool", "fmaptool", "ifdtool"]) else { return };
    rom(&bench, "own.bin", 1, &spec());
    rom(&bench, "update.bin", 2, &spec());
    let mut own = bench.read("own.bin");
    let data = b"\x01\x0dserial_number\x0aPF12345678\x01\x0dethernet_mac0\x1102:00:5e:00:00:77";
    let vpd = [&b"\xfe\x09\x01gVpdInfo"[..], &(data.len() as u32).to_le_bytes(), data].concat();
    own[BIOS + 0x3600..BIOS + 0x3600 + vpd.len()].copy_from_slice(&vpd);
    bench.write("own.bin", &own);
    done(&bench, &[&SPLICE[..], &["new.bin", "--donor", "update.bin"]].concat());
    let (made, new) = (bench.read("new.bin"), bench.read("update.bin"));
    assert!(made[..BIOS + 0x4000] == own[..BIOS + 0x4000] && made[BIOS + 0x4000..] == new[BIOS + 0x4000..]);
    let said = |words: &str, name: &str| bench.tool(&words.replace("FILE", name));
    for words in ["cbfstool FILE print -r COREBOOT -v", "cbfstool FILE layout -w"] {
        assert_eq!(said(words, "new.bin"), said(words, "update.bin"));
    }
    let map = |name: &str| {
        bench.tool(&format!("ifdtool -f {name}.map {name}"));
        bench.read(&format!("{name}.map"))
    };
    assert!(map("new.bin") == map("own.bin"));
    bench.tool("cbfstool new.bin extract -r COREBOOT -n bootorder -f order.out");
    let shown = bench.run(["--json", "inspect", "new.bin"]).code(0).result();
    let item = |kind: &str| {
        shown["items"].as_array().unwrap().iter().find(|item| item["kind"] == kind).unwrap().clone()
    };
    let order = String::from_utf8(bench.read("order.out")).unwrap();
    let lines: Vec<&str> = order.lines().collect();
    assert_eq!(item("cbfs")["attributes"]["bootorder"], serde_json::json!(lines));
    assert_eq!(item("cbfs")["attributes"]["payloads"], serde_json::json!(["fallback/payload"]));
    assert_eq!(item("pc-firmware")["attributes"]["serial"], "PF12345678");

    // By choice: the address is written in the Ethernet part, and ifdtool cuts that very part out.
    let sets = ["--donor", "update.bin", "--set", "gbe=donor", "--mac", "02:00:5e:00:00:99", "--force"];
    done(&bench, &[&SPLICE[..], &["set.bin"], &sets[..]].concat());
    bench.tool("ifdtool -x set.bin");
    let gbe = bench.read("flashregion_3_gbe.bin");
    assert!(gbe[..6] == [2, 0, 0x5e, 0, 0, 0x99] && gbe[6..0x7e] == new[0x1006..0x107e]);
    assert!(bench.read("set.bin")[0x3000..] == made[0x3000..], "the address in the VPD is not the port's");
}

#[test]
fn a_makers_bios_gives_place_to_a_rom_and_another_map_does_not() {
    let Some(bench) = Bench::with(&["cbfstool", "fmaptool", "ifdtool"]) else { return };
    rom(&bench, "rom.bin", 2, &spec());
    let own = build(&spec(), 1, Some(1)).bytes;
    bench.write("own.bin", &own);
    let line = [&SPLICE[..], &["new.bin", "--donor", "rom.bin"]].concat();
    bench.run(&line).code(2).says(&["coreboot", "UEFI firmware", "other-firmware"]);
    assert!(!bench.path("new.bin").exists());
    done(&bench, &[&line[..], &["--allow", "other-firmware,other-model,unit-replaced"]].concat());
    let made = bench.read("new.bin");
    assert!(made[..BIOS] == own[..BIOS] && made[BIOS..] == bench.read("rom.bin")[BIOS..]);
    let listing = bench.tool("cbfstool new.bin print -r COREBOOT");
    assert!(listing.contains("fallback/payload") && listing.contains("bootblock"), "{listing}");
    // The same board's ROM of another size of its parts.
    let other = Spec::new(&[(Part::Nvar, 4), (Part::Code, 8), (Part::Blank, 20)]);
    rom(&bench, "own.bin", 1, &other);
    let mut moved = bench.read("rom.bin");
    let at = moved.windows(6).position(|name| name == b"RO_VPD").expect("the map has its name");
    moved[at..at + 6].copy_from_slice(b"RO_OLD");
    bench.write("rom.bin", &moved);
    bench.run([&line[..], &["--force"]].concat()).code(2).says(&["FMAP", "RO_VPD first"]);
}
