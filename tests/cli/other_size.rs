//! `rewrite` where dump and flash differ in size: onto a chip of another size, and one of the two chips of a PC.

use super::images::noise;
use crate::bench::{Bench, Ran, all};

const HALF: usize = 512 << 10;
const WHOLE: usize = 2 << 20;
/// Of 512 KiB, with what the loader is given in its environment.
const OLD: &str = "mtdparts=spi0.0:64k(u-boot),256k(firmware),-(art)";
/// Of 2 MiB, with room that belongs to no region before the end.
const NEW: &str = "mtdparts=spi0.0:64k(u-boot),512k(firmware),192k@0x1d0000(art)";

/// The board's old dump; its environment names the map where `named`.
fn old_dump(named: bool) -> Vec<u8> {
    let mut dump = noise(1, HALF);
    if named {
        let text = format!("bootargs=console=ttyS0 {OLD}\0");
        dump[0x8000..0x8000 + text.len()].copy_from_slice(text.as_bytes());
    }
    dump
}

fn bench() -> Bench {
    let bench = Bench::new();
    let put = |name: &str, bytes: &[u8]| std::fs::write(bench.path(name), bytes).unwrap();
    put("old.parts", OLD.as_bytes());
    put("new.parts", NEW.as_bytes());
    put("own.bin", &old_dump(false));
    put("named.bin", &old_dump(true));
    put("firmware.bin", &noise(2, 512 << 10));
    put("used.bin", &noise(3, WHOLE));
    bench
}

/// `dump` on the new map, with the donor's firmware.
fn moved(dump: &[u8]) -> Vec<u8> {
    let mut wanted = vec![0xff; WHOLE];
    wanted[..0x1_0000].copy_from_slice(&dump[..0x1_0000]);
    wanted[0x1_0000..0x9_0000].copy_from_slice(&noise(2, 512 << 10));
    wanted[0x1d_0000..].copy_from_slice(&dump[0x5_0000..]);
    wanted
}

const MAP: [&str; 4] = ["--layout", "new.parts", "--chip-size", "2M"];

fn rewrite(bench: &Bench, emu: &str, words: &[&str]) -> Ran {
    bench.emu(emu, [&["--json", "--store", "store", "rewrite"], words].concat()).0
}

fn flash(bench: &Bench, state: &str) -> Vec<u8> {
    std::fs::read(bench.path(state).join("flash.bin")).unwrap()
}

#[test]
fn a_dump_goes_onto_a_larger_chip_in_one_pass() {
    // A new chip, and one that holds something else; the map of the old one is given, or in the dump.
    for (emu, own) in [
        // Of both below one half each: in the long form alone.
        ("chip=GD25Q16C,state=chip", &["--base", "own.bin", "--base-layout", "old.parts"][..]),
        ("chip=GD25Q16C,image=used.bin,state=chip", &["--base", "own.bin", "--base-layout", "old.parts"]),
        ("programmer=ft2232h,chip=GD25Q16C,state=chip", &["--base", "named.bin"]),
    ]
    .into_iter()
    .skip(usize::from(!all()))
    {
        let bench = bench();
        let words = [&MAP[..], own, &["--donor", "firmware.bin", "--yes"]].concat();
        let before = std::fs::read(bench.path("used.bin")).unwrap();
        let result =
            rewrite(&bench, emu, &[&words[..], &["--save-recipe", "r.toml"]].concat()).code(0).result();
        assert_eq!(result["chip"], "written", "{result}");
        let dump = std::fs::read(bench.path(own[1])).unwrap();
        assert!(flash(&bench, "chip") == moved(&dump), "{emu}");
        let told = result["findings"].to_string();
        assert!(told.contains("art was at 0x50000 and is put at 0x1d0000"), "{told}");
        assert!(!told.contains("foreign"), "{told}");
        if emu.contains("used") {
            let backup = bench.path("store").join(result["backup"].as_str().unwrap());
            assert!(std::fs::read(backup.join("flash.bin")).unwrap() == before);
        }
        // Nothing is left to do; the recipe says the same.
        let again =
            rewrite(&bench, emu, &[&["--recipe", "r.toml", "--yes"], &own[..2]].concat()).code(0).result();
        assert_eq!(again["bytes_erased"], 0, "{again}");
    }
}

/// The donor's loader is given its map in its environment: `--layout DONOR` takes it from there, as `--base OLD` does.
#[test]
fn the_map_of_the_new_chip_comes_from_the_environment_in_the_donors_dump() {
    let bench = bench();
    let donor = |maps: &[&str]| {
        let mut dump = noise(3, WHOLE);
        for (n, map) in maps.iter().enumerate() {
            let text = format!("bootargs=console=ttyS0 {map}\0");
            dump[0x8000 + 0x400 * n..0x8000 + 0x400 * n + text.len()].copy_from_slice(text.as_bytes());
        }
        dump
    };
    std::fs::write(bench.path("donor.bin"), donor(&[NEW, NEW])).unwrap();
    std::fs::write(bench.path("two.bin"), donor(&[NEW, "mtdparts=spi0.0:64k(u-boot),-(firmware)"])).unwrap();
    let words = |map: &'static str, out: &'static str| {
        let own = ["--json", "splice", "--layout", map, "--base", "own.bin", "--base-layout", "old.parts"];
        [&own[..], &["--donor", "d=donor.bin", "--set", "firmware=d", "-o", out]].concat()
    };
    bench.run(words("donor.bin", "out.bin")).code(0);
    let (own, new) = (old_dump(false), donor(&[NEW, NEW]));
    let mut wanted = vec![0xff; WHOLE];
    wanted[..0x1_0000].copy_from_slice(&own[..0x1_0000]);
    wanted[0x1_0000..0x9_0000].copy_from_slice(&new[0x1_0000..0x9_0000]);
    wanted[0x1d_0000..].copy_from_slice(&own[0x5_0000..]);
    assert!(std::fs::read(bench.path("out.bin")).unwrap() == wanted);
    bench.run(words("two.bin", "none.bin")).code(2).says(&["2 maps are in it"]);
    assert!(!bench.path("none.bin").exists());
    bench.run(["layout", "donor.bin"]).code(0).says(&["art"]);
}

#[test]
fn a_dump_goes_back_onto_the_smaller_chip() {
    let bench = bench();
    std::fs::write(bench.path("large.bin"), moved(&old_dump(false))).unwrap();
    std::fs::write(bench.path("small.bin"), noise(2, 256 << 10)).unwrap();
    let own =
        ["--layout", "old.parts", "--chip-size", "512K", "--base", "large.bin", "--base-layout", "new.parts"];
    let words = [&own[..], &["--donor", "small.bin", "--yes"]].concat();
    let result = rewrite(&bench, "chip=P25D40SH,state=chip", &words).code(0).result();
    let told = result["findings"].to_string();
    assert!(
        told.contains("art was at 0x1d0000 and is put at 0x50000") && !told.contains("foreign"),
        "{told}"
    );
    let wanted = [&old_dump(false)[..0x1_0000], &noise(2, 256 << 10), &old_dump(false)[0x5_0000..]].concat();
    assert!(flash(&bench, "chip") == wanted);
    // What is longer than the room there is refused before the chip is opened.
    std::fs::write(bench.path("more.bin"), noise(2, 384 << 10)).unwrap();
    let words = [&own[..], &["--donor", "more.bin", "--yes"]].concat();
    rewrite(&bench, "chip=P25D40SH,state=other", &words).code(2);
    assert!(!bench.path("other/flash.bin").exists());
}

#[test]
fn a_map_of_the_old_dump_that_is_none_is_refused() {
    let bench = bench();
    std::fs::write(bench.path("text"), "no map").unwrap();
    std::fs::write(bench.path("large.parts"), "mtdparts=spi0.0:64k(u-boot),2m(firmware)").unwrap();
    std::fs::write(bench.path("short.parts"), "mtdparts=spi0.0:64k(u-boot),256k(firmware),192k(art)")
        .unwrap();
    std::fs::write(bench.path("other.parts"), "mtdparts=spi0.0:64k(loader),256k(system),192k(data)").unwrap();
    for (own, said) in [
        (&["--base", "own.bin"][..], "chip-size"),
        (&["--base", "own.bin", "--base-layout", "missing"], "missing"),
        (&["--base", "own.bin", "--base-layout", "text"], "no known kind"),
        (&["--base", "own.bin", "--base-layout", "own.bin"], "own.bin"),
        (&["--base", "own.bin", "--base-layout", "large.parts"], "chip-size"),
        (&["--base", "used.bin", "--base-layout", "old.parts"], "not-moved"),
        (&["--base", "used.bin", "--base-layout", "short.parts"], "chip-size"),
        // No region has a name that the new map has: nothing of the board's own is left.
        (&["--base", "own.bin", "--base-layout", "other.parts", "--set", "art=own"], "not-moved"),
    ] {
        let splice =
            [&["--json", "splice"], &MAP[..], own, &["--donor", "firmware.bin", "-o", "out"]].concat();
        bench.run(&splice).code(2).says(&[said]);
        assert!(!bench.path("out").exists(), "{own:?}");
        let words = [&MAP[..], own, &["--donor", "firmware.bin", "--yes"]].concat();
        rewrite(&bench, "chip=GD25Q16C,state=chip", &words).code(2).says(&[said]);
        assert!(!bench.path("chip/flash.bin").exists(), "{own:?}: the chip was opened");
    }
    // What is on the clip is not of the old map.
    let words = [&MAP[..], &["--base-layout", "old.parts", "--donor", "firmware.bin", "--yes"]].concat();
    rewrite(&bench, "chip=GD25Q16C,image=used.bin,state=chip", &words).code(2).says(&["not-moved"]);
    assert!(flash(&bench, "chip") == noise(3, WHOLE));
    // And the chip has to be as large as the new map says.
    let words = [&MAP[..], &["--base", "named.bin", "--donor", "firmware.bin", "--yes"]].concat();
    rewrite(&bench, "chip=P25D40SH,state=small", &words).says(&["0x80000 bytes"]).code(2);
}

/// A descriptor for two chips of these size codes: descriptor, ME in the first, BIOS across, data in the second.
fn descriptor(codes: u32, bios_ends: u32, ends: u32) -> Vec<u8> {
    let mut bytes = vec![0xff; 0x1000];
    let mut put = |at: usize, word: u32| bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    put(0x10, 0x0ff0_a55a);
    put(0x14, 0x0004_0103);
    put(0x18, 0x60 >> 4);
    put(0x1c, 0);
    put(0x30, codes);
    (0..8).for_each(|n| put(0x40 + 4 * n, 0x7fff));
    for (n, start, end) in
        [(0, 0, 0x1000), (2, 0x1000, 0x4_0000), (1, 0x4_0000, bios_ends), (4, bios_ends, ends)]
    {
        put(0x40 + 4 * n, ((end >> 12) - 1) << 16 | start >> 12);
    }
    bytes
}

/// The flash of both chips, `seed` in everything but the descriptor.
fn pc(seed: u64, first: usize, second: usize) -> Vec<u8> {
    let code = |len: usize| (len >> 19).trailing_zeros();
    let ends = (first + second) as u32;
    let mut flash = descriptor(code(second) << 3 | code(first), ends - 0x2_0000, ends);
    flash.extend(noise(seed, first + second - 0x1000));
    flash
}

/// A bench with both chips of a PC, the dump of both, and a donor of both.
fn two_chips(first: usize, second: usize) -> (Bench, Vec<u8>, Vec<u8>) {
    let bench = Bench::new();
    let (own, other) = (pc(1, first, second), pc(2, first, second));
    for (name, bytes) in [
        ("first.bin", &own[..first]),
        ("second.bin", &own[first..]),
        ("both.bin", &own),
        ("other.bin", &other),
    ] {
        std::fs::write(bench.path(name), bytes).unwrap();
    }
    (bench, own, other)
}

const FIRST: &str = "chip=GD25Q16C,image=first.bin,state=first";
const SECOND: &str = "chip=P25D40SH,image=second.bin,state=second";
const DONOR: [&str; 5] = ["--layout", "first.bin", "--donor", "d=other.bin", "--yes"];

#[test]
fn each_of_two_chips_is_rewritten_by_the_one_descriptor() {
    let (bench, own, other) = two_chips(WHOLE, HALF);
    let run = |emu: &str, words: &[&str]| rewrite(&bench, emu, &[&DONOR[..], words].concat());
    run(FIRST, &["--set", "me=d"]).code(0);
    let wanted = [&own[..0x1000], &other[0x1000..0x4_0000], &own[0x4_0000..WHOLE]].concat();
    assert!(flash(&bench, "first") == wanted);
    run(SECOND, &["--set", "pd=d"]).code(0);
    let pd = WHOLE + HALF - 0x2_0000;
    assert!(flash(&bench, "second") == [&own[WHOLE..pd], &other[pd..]].concat());
    // What lies in both, or in the other one, is not written in part.
    run(FIRST, &["--set", "bios=d"]).code(2).says(&["--base FIRST"]);
    run(SECOND, &["--set", "me=d"]).code(2).says(&["--base FIRST"]);
    // By the dump of both, everything; the part in question goes to the chip on the clip, new ones too.
    let both = ["--base", "both.bin", "--set", "bios=d", "--set", "me=own", "--set", "pd=own"];
    let wanted = [&own[..0x4_0000], &other[0x4_0000..pd], &own[pd..]].concat();
    for (emu, state, part) in [
        (SECOND, "second", &wanted[WHOLE..]),
        ("chip=P25D40SH,state=new-second", "new-second", &wanted[WHOLE..]),
        // The larger one costs four times as much: in the long form, and of two chips of one size below.
        (FIRST, "first", &wanted[..WHOLE]),
        ("chip=GD25Q16C,state=new-first", "new-first", &wanted[..WHOLE]),
    ]
    .into_iter()
    .take(if all() { 4 } else { 2 })
    {
        run(emu, &both).code(0);
        assert!(flash(&bench, state) == part, "{state}");
    }
    // Neither of them.
    run("chip=W25Q64FV,state=large", &both).code(2);
    run("chip=GD25Q16C,image=first.bin,state=again", &["--base", "second.bin", "--set", "pd=d"]).code(2);
    assert!(flash(&bench, "again") == own[..WHOLE]);
}

#[test]
fn of_two_chips_of_one_size_the_contents_tell_which_is_on_the_clip() {
    let (bench, own, other) = two_chips(HALF, HALF);
    let chip = |image: &str, state: &str| format!("chip=P25D40SH,image={image},state={state}");
    let run = |emu: &str, words: &[&str]| rewrite(&bench, emu, &[&DONOR[..], words].concat());
    let both = ["--base", "both.bin", "--set", "bios=d"];
    let wanted =
        [&own[..0x4_0000], &other[0x4_0000..2 * HALF - 0x2_0000], &own[2 * HALF - 0x2_0000..]].concat();
    run(&chip("first.bin", "a"), &both).code(0);
    assert!(flash(&bench, "a") == wanted[..HALF]);
    run(&chip("second.bin", "b"), &both).code(0);
    assert!(flash(&bench, "b") == wanted[HALF..]);
    run("chip=P25D40SH,state=new", &both).code(2).says(&["which it is"]);
    // The dump of the one on the other.
    run(&chip("first.bin", "c"), &["--base", "second.bin", "--set", "pd=d"])
        .code(2)
        .says(&["the first of two"]);
    run(&chip("second.bin", "d"), &["--base", "first.bin", "--set", "me=d"])
        .code(2)
        .says(&["no Intel descriptor"]);
    assert!(flash(&bench, "c") == own[..HALF] && flash(&bench, "d") == own[HALF..]);
}

#[test]
fn the_two_chips_of_a_flash_get_a_file_each_in_the_order_of_their_dumps() {
    let (bench, own, other) = two_chips(WHOLE, HALF);
    let pd = WHOLE + HALF - 0x2_0000;
    let wanted = [&own[..0x4_0000], &other[0x4_0000..pd], &own[pd..]].concat();
    let splice = |words: &[&str]| {
        let start =
            ["--json", "splice", "--layout", "first.bin", "--donor", "d=other.bin", "--set", "bios=d"];
        bench.run([&start[..], words].concat())
    };
    let bases = |names: [&'static str; 2]| ["--base", names[0], "--base", names[1]];
    for (n, (dumps, sizes)) in
        [(["first.bin", "second.bin"], [WHOLE, HALF]), (["second.bin", "first.bin"], [HALF, WHOLE])]
            .into_iter()
            .enumerate()
    {
        let files = ["a", "b"].map(|name| format!("{name}{n}.bin"));
        let result =
            splice(&[&bases(dumps)[..], &["-o", &files[0], "-o", &files[1]]].concat()).code(0).result();
        for ((file, size), told) in files.iter().zip(sizes).zip(result["outputs"].as_array().unwrap()) {
            let part = if size == WHOLE { &wanted[..WHOLE] } else { &wanted[WHOLE..] };
            assert!(std::fs::read(bench.path(file)).unwrap() == part, "{dumps:?}: {file}");
            let chip = if size == WHOLE { "first" } else { "second" };
            assert_eq!((told["file"].as_str(), told["chip"].as_str()), (Some(file.as_str()), Some(chip)));
        }
    }
    // By the dump of both the first chip comes first.
    let words = [
        "splice",
        "--layout",
        "first.bin",
        "--donor",
        "d=other.bin",
        "--set",
        "bios=d",
        "--base",
        "both.bin",
    ];
    bench
        .run([&words[..], &["-o", "c.bin", "-o", "d.bin"]].concat())
        .code(0)
        .says(&["the first chip, 2 MiB"]);
    assert!(std::fs::read(bench.path("d.bin")).unwrap() == wanted[WHOLE..]);
    // What does not go is refused, and nothing is left.
    let both = bases(["first.bin", "second.bin"]);
    for (words, said) in [
        (&[&both[..], &["-o", "e.bin", "-o", "e.bin"]].concat()[..], "e.bin"),
        (&[&both[..], &["-o", "e.bin", "-o", "f.bin", "-o", "g.bin"]].concat(), "3 files"),
        (&[&both[..], &["-o", "e.bin", "-o", "first.bin"]].concat(), "first.bin"),
        (&["--base", "first.bin", "--set", "bios=own", "-o", "e.bin", "-o", "f.bin"], "two files"),
    ] {
        splice(words).code(2).says(&[said]);
        assert!(["e.bin", "f.bin", "g.bin"].iter().all(|name| !bench.path(name).exists()), "{words:?}");
    }
    assert!(std::fs::read(bench.path("first.bin")).unwrap() == own[..WHOLE]);
}
