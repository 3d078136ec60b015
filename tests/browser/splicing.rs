//! The splice view: from files alone, with several donors, with what asks, and as a recipe that repeats it.

use super::clicks::{give, says};
use super::driver::Browser;
use super::local::{choose, demo_board, ready, view};
use super::page::browser;
use super::tab::downloaded;
use crate::bench::Bench;
use crate::page::PageRun;
use crate::pc::made::{Part, Spec, build};
use norsplice::image::synthetic;
use std::path::Path;

const MAC: &str = "02:11:22:33:44:55";

/// The page without a programmer, and a folder that it saves into.
fn start(browser: &mut Browser, bench: &Bench, saved: &Path) -> PageRun {
    let page = PageRun::start(bench, &["-p", "ch341a:path=9-9", "--store", "store"]);
    browser.download_to(saved);
    ready(browser, &page);
    page
}

/// What the command makes of the same order.
fn by_command(bench: &Bench, words: &[&str]) -> Vec<u8> {
    by_splice(bench, &[&["--base", "board.bin", "--board", "archer-mr200-v1"][..], words].concat())
}

/// The same, of any board.
fn by_splice(bench: &Bench, words: &[&str]) -> Vec<u8> {
    bench.run([&["splice", "-o", "by-command.bin", "--force"][..], words].concat()).code(0);
    bench.read("by-command.bin")
}

/// Presses the button, and waits until a result is there.
fn preview(browser: &mut Browser) {
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-do=splice-write]:not([hidden])')");
}

/// The image as the page saves it, and the name that it says.
fn result(browser: &mut Browser, saved: &Path) -> Vec<u8> {
    result_as(browser, saved, "Saved as archer-mr200-v1.bin: all of the chip, 8 MiB.")
}

/// The same, where it says this.
fn result_as(browser: &mut Browser, saved: &Path, words: &str) -> Vec<u8> {
    browser.click("[data-do=save-result]");
    says(browser, words);
    let file = downloaded(saved, ".bin");
    let bytes = std::fs::read(&file).expect("it is there");
    std::fs::remove_file(file).expect("it can go");
    bytes
}

#[test]
fn files_alone_are_spliced_and_saved_and_the_recipe_repeats_it_in_another_run() {
    let Some(mut browser) = browser() else { return };
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    demo_board(&bench);
    let wanted = by_command(&bench, &["--donor", "vendor.bin", "--mac", MAC, "--set", "romfile=own"]);
    let page = start(&mut browser, &bench, saved.path());
    // No dump is chosen, and no chip is there: it is said which programmer is missing.
    give(&mut browser, &bench, "vendor.bin");
    browser.click("[data-do=as-donor]");
    browser.until("document.querySelector('[data-do=donor]:checked')");
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-view=splice] .fault')?.textContent.includes('9-9')");
    give(&mut browser, &bench, "board.bin");
    view(&mut browser, "splice");
    choose(&mut browser, "board", "TP-Link Archer MR200 v1");
    choose(&mut browser, "base", "the dump board.bin");
    browser.keys("[data-do=mac]", MAC);
    preview(&mut browser);
    // Another choice: what was shown is no result of it.
    choose(&mut browser, "source-romfile", "own");
    says(&mut browser, "The choices have changed: preview the result again.");
    assert_eq!(browser.run("return String(document.querySelector('[data-do=save-result]').hidden)"), "true");
    preview(&mut browser);
    says(&mut browser, "MAC address");
    says(&mut browser, MAC);
    assert!(result(&mut browser, saved.path()) == wanted);
    browser.click("[data-do=save-recipe]");
    let recipe = std::fs::read(downloaded(saved.path(), ".toml")).expect("a recipe");
    assert_eq!(page.end(), Some(0));

    // In another run, whose folder is another one.
    bench.write("recipe.toml", &recipe);
    let _page = start(&mut browser, &bench, saved.path());
    for name in ["board.bin", "recipe.toml"] {
        give(&mut browser, &bench, name);
    }
    view(&mut browser, "splice");
    choose(&mut browser, "base", "the dump board.bin");
    choose(&mut browser, "recipe", "recipe.toml");
    // Its donor is not there yet.
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-view=splice] .fault')?.textContent.includes('vendor.bin')");
    give(&mut browser, &bench, "vendor.bin");
    view(&mut browser, "splice");
    preview(&mut browser);
    assert!(result(&mut browser, saved.path()) == wanted);
    // A choice here goes before the recipe's.
    choose(&mut browser, "source-romfile", "donor");
    preview(&mut browser);
    let wanted = by_command(&bench, &["--donor", "vendor.bin", "--mac", MAC]);
    assert!(result(&mut browser, saved.path()) == wanted);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn of_several_donors_one_is_chosen_where_both_have_a_region_and_what_asks_passes_by_a_click() {
    let Some(mut browser) = browser() else { return };
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    demo_board(&bench);
    // Another unit's dump: its address is another one.
    bench.write("other unit.bin", &by_command(&bench, &["--donor", "vendor.bin", "--mac", MAC]));
    let wanted = by_command(
        &bench,
        &["--donor", "v=vendor.bin", "--donor", "o=other unit.bin", "--set", "firmware=v", "--set", "rom=o"]
            .into_iter()
            .chain(["--allow", "foreign-mac"])
            .collect::<Vec<_>>(),
    );
    let _page = start(&mut browser, &bench, saved.path());
    for name in ["vendor.bin", "other unit.bin", "board.bin"] {
        give(&mut browser, &bench, name);
    }
    view(&mut browser, "splice");
    choose(&mut browser, "base", "the dump board.bin");
    for name in ["vendor.bin", "other_unit.bin"] {
        browser.click(&format!("[data-do=donor][value$='/{name}']"));
    }
    browser.click("[data-do=preview]");
    says(&mut browser, "both vendor and other-unit have a firmware");
    choose(&mut browser, "source-firmware", "vendor");
    preview(&mut browser);
    choose(&mut browser, "source-rom", "other-unit");
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-do=allow-foreign-mac]')");
    browser.click("[data-do=allow-foreign-mac]");
    preview(&mut browser);
    assert!(result(&mut browser, saved.path()) == wanted);
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// Types into a control in place of what is there, as a person who then goes on.
fn fill(browser: &mut Browser, control: &str, words: &str) {
    // The one that is seen: each donor has its own.
    browser.run(&format!(
        "const one = [...document.querySelectorAll('[data-do={control}]')].find((one) => one.offsetParent); \
         one.id ||= 'to-fill'; one.value = ''; globalThis.filled = one.id; return ''"
    ));
    let id = browser.run("return globalThis.filled");
    browser.keys(&format!("#{id}"), words);
    browser.run("document.activeElement.blur(); return ''");
}

/// A U-Boot environment of one block, with its sum.
fn environment(texts: &[u8]) -> Vec<u8> {
    let mut texts = texts.to_vec();
    texts.resize(0x1000 - 4, 0);
    [crc32fast::hash(&texts).to_le_bytes().to_vec(), texts].concat()
}

#[test]
fn another_map_and_variables_are_given_by_controls_and_the_recipe_repeats_them() {
    const OLD: &str = "mtdparts=spi0.0:64k(u-boot),64k(u-boot-env),256k(firmware),-(art)";
    const NEW: &str = "mtdparts=spi0.0:64k(u-boot),64k(u-boot-env),512k(firmware),128k@0xe0000(art)";
    let Some(mut browser) = browser() else { return };
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    let mut own = synthetic::noise(1, 0x8_0000);
    own[0x1_0000..0x1_1000].copy_from_slice(&environment(b"bootdelay=3\0baudrate=57600\0old=1\0\0"));
    bench.write("own.bin", &own);
    bench.write("old.txt", OLD.as_bytes());
    bench.write("new.txt", NEW.as_bytes());
    bench.write("firmware.bin", &synthetic::noise(2, 0x8_0000));
    let map = ["--layout", "new.txt", "--chip-size", "2M", "--base", "own.bin", "--base-layout", "old.txt"];
    let of = ["--donor", "firmware.bin", "--env", "bootdelay=9", "--env", "old="];
    let wanted = by_splice(&bench, &[&map[..], &of].concat());
    assert!(wanted.windows(11).any(|text| text == b"bootdelay=9"), "the command sets it");
    let page = start(&mut browser, &bench, saved.path());
    for name in ["own.bin", "old.txt", "new.txt", "firmware.bin"] {
        give(&mut browser, &bench, name);
    }
    view(&mut browser, "splice");
    choose(&mut browser, "base", "the dump own.bin");
    browser.click("[data-do=donor][value$='firmware.bin']");
    browser.click("[data-more] summary");
    choose(&mut browser, "layout", "in new.txt");
    assert_eq!(browser.run("return String(document.querySelector('[data-do=board]').disabled)"), "true");
    fill(&mut browser, "chip-size", "one");
    browser.click("[data-do=preview]");
    says(&mut browser, "\"one\" is no size");
    fill(&mut browser, "chip-size", "2M");
    choose(&mut browser, "base-layout", "in old.txt");
    fill(&mut browser, "env", "bootdelay\n");
    browser.click("[data-do=preview]");
    says(&mut browser, "NAME=VALUE");
    fill(&mut browser, "env", "bootdelay=9\nold=\n");
    preview(&mut browser);
    says(&mut browser, "bootdelay, old set in the U-Boot environment at 0x10000");
    assert!(result_as(&mut browser, saved.path(), "all of the chip, 2 MiB.") == wanted);
    browser.click("[data-do=save-recipe]");
    let recipe = std::fs::read(downloaded(saved.path(), ".toml")).expect("a recipe");
    assert_eq!(page.end(), Some(0));

    // In another run the recipe says all of it.
    bench.write("recipe.toml", &recipe);
    let _page = start(&mut browser, &bench, saved.path());
    for name in ["own.bin", "old.txt", "new.txt", "firmware.bin", "recipe.toml"] {
        give(&mut browser, &bench, name);
    }
    view(&mut browser, "splice");
    choose(&mut browser, "base", "the dump own.bin");
    choose(&mut browser, "recipe", "recipe.toml");
    preview(&mut browser);
    assert!(result_as(&mut browser, saved.path(), "all of the chip, 2 MiB.") == wanted);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_pc_gets_serial_number_and_uuid_and_a_donor_is_a_part_of_a_file() {
    const UUID: &str = "4c4c4544-0051-3510-8052-b4c04f4a3232";
    let Some(mut browser) = browser() else { return };
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    let spec = Spec::new(&[(Part::Nvar, 8), (Part::Identity, 2), (Part::Code, 4)]);
    bench.write("own.bin", &build(&spec, 1, Some(1)).bytes);
    // Something of the tool that flashes it is before it.
    bench.write("update.bin", &[vec![0x4d; 0x800], build(&spec, 2, None).bytes].concat());
    let words = ["--board", "auto", "--base", "own.bin", "--donor", "update.bin@0x800"];
    let wanted = by_splice(&bench, &[&words[..], &["--serial", "NEW1234567X", "--uuid", UUID]].concat());
    let _page = start(&mut browser, &bench, saved.path());
    for name in ["own.bin", "update.bin"] {
        give(&mut browser, &bench, name);
    }
    view(&mut browser, "splice");
    choose(&mut browser, "base", "the dump own.bin");
    browser.click("[data-do=donor][value$='update.bin']");
    fill(&mut browser, "donor-part", "@0x800");
    browser.click("[data-more] summary");
    fill(&mut browser, "serial", "NEW1234567X");
    fill(&mut browser, "uuid", "1234");
    browser.click("[data-do=preview]");
    says(&mut browser, UUID);
    fill(&mut browser, "uuid", UUID);
    preview(&mut browser);
    says(&mut browser, "is set to NEW1234567X");
    assert!(result_as(&mut browser, saved.path(), "Saved as ") == wanted);
    assert_eq!(browser.console(), Vec::<String>::new());
}
