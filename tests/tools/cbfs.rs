//! CBFS of cbfstool: the same table of files, with and without an FMAP around it, and the hashes that it makes.

use std::collections::BTreeMap;

use norsplice::image::container::item::{Item, Outcome};
use norsplice::image::inspect::inspect;
use serde_json::Value;

use super::kernel;
use crate::bench::Bench;

/// Offset of the data in the region, type and length of the data, by name.
type Table = BTreeMap<String, (u64, String, u64)>;

/// The table as `cbfstool print -k` lists it. Free space and what has no name are not files.
fn theirs(text: &str) -> Table {
    let number = |text: &str| {
        u64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a listing has hex numbers")
    };
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| !matches!(row[2], "null" | "bootblock"))
        .map(|row| (row[0].to_owned(), (number(row[1]) + number(row[3]), row[2].to_owned(), number(row[4]))))
        .collect()
}

/// The same of an item; offsets from `base`.
fn ours(cbfs: &Item, base: u64) -> Table {
    let files = cbfs.attributes["files"].as_array().expect("a list");
    let number = |file: &Value, name: &str| file[name].as_u64().expect("a number");
    let text = |file: &Value, name: &str| file[name].as_str().expect("a text").to_owned();
    files
        .iter()
        .map(|file| {
            let at = number(file, "offset") - base;
            (text(file, "name"), (at, text(file, "type"), number(file, "size")))
        })
        .collect()
}

fn add_files(bench: &Bench, rom: &str, region: &str) {
    bench.write("one", &kernel(5000));
    let config = format!("CONFIG_MAINBOARD_DIR=\"acme/anvil\"\n{}", "# CONFIG_A is not set\n".repeat(100));
    bench.write("two", config.as_bytes());
    bench.tool(&format!("cbfstool {rom} add {region} -f one -n fallback/one -t raw -A sha256"));
    bench.tool(&format!("cbfstool {rom} add {region} -f one -n packed -t raw -c lzma -A sha1"));
    bench.tool(&format!("cbfstool {rom} add {region} -f two -n config -t raw -c lzma"));
    bench.tool(&format!("cbfstool {rom} add {region} -f two -n splash -t bootsplash -a 0x1000"));
}

#[test]
fn a_rom_of_an_older_coreboot_has_the_same_files() {
    let Some(bench) = Bench::with(&["cbfstool"]) else { return };
    bench.write("boot", &[0x90; 0x400]);
    bench.tool("cbfstool rom create -m x86 -s 0x40000 -B boot");
    add_files(&bench, "rom", "");
    let mut file = bench.read("rom");
    let found = inspect(&file);
    let all: Vec<&Item> = found.of_kind("cbfs").collect();
    assert_eq!((all.len(), found.of_kind("fmap").count()), (1, 0), "{found:#?}");
    assert!(all[0].is_sound() && all[0].result("hashes") == Some(Outcome::Ok), "{:#?}", all[0]);
    assert_eq!(all[0].attributes["mainboard"], "acme/anvil");
    let theirs = theirs(&bench.tool("cbfstool rom print -k"));
    assert_eq!(ours(all[0], 0), theirs);
    let at = theirs["fallback/one"].0 as usize;
    assert!(file[at..].starts_with(&kernel(5000)));

    // cbfstool and norsplice call the same hash bad.
    file[at + 9] ^= 1;
    bench.write("bad", &file);
    let listing = bench.tool("cbfstool bad print -v");
    assert_eq!((listing.matches(" invalid").count(), listing.matches(" valid").count()), (1, 1), "{listing}");
    let found = inspect(&file);
    let bad = found.of_kind("cbfs").next().expect("it is there");
    let hashes = bad.checks.iter().find(|check| check.name == "hashes").expect("hashes are checked");
    assert_eq!(hashes.result, Outcome::Bad);
    assert!(hashes.detail.contains("fallback/one") && !hashes.detail.contains("packed"), "{hashes:?}");
}

#[test]
fn both_regions_of_a_rom_with_an_fmap_have_the_same_files() {
    let Some(bench) = Bench::with(&["cbfstool", "fmaptool"]) else { return };
    let map =
        "FLASH@0xff000000 0x100000 {\n FMAP 0x200\n COREBOOT(CBFS)@0x1000 0x80000\n RW(CBFS) 0x40000\n}\n";
    bench.write("map.fmd", map.as_bytes());
    bench.tool("fmaptool map.fmd map.fmap");
    bench.tool("cbfstool rom create -M map.fmap -r COREBOOT,RW");
    add_files(&bench, "rom", "-r COREBOOT");
    add_files(&bench, "rom", "-r RW");
    let found = inspect(&bench.read("rom"));
    assert_eq!(found.of_kind("fmap").count(), 1);
    for (item, (region, start)) in found.of_kind("cbfs").zip([("COREBOOT", 0x1000), ("RW", 0x8_1000)]) {
        let listing = bench.tool(&format!("cbfstool rom print -k -r {region}"));
        assert_eq!(item.offset, start, "{region}");
        assert_eq!(ours(item, start), theirs(&listing), "{region}");
    }
    assert_eq!(found.of_kind("cbfs").count(), 2);
}
