//! The splice view: from files alone, with several donors, with what asks, and as a recipe that repeats it.

use super::clicks::{give, says};
use super::driver::Browser;
use super::local::{choose, demo_board, ready, view};
use super::page::browser;
use super::tab::downloaded;
use crate::bench::Bench;
use crate::page::PageRun;
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
    let all =
        ["splice", "--base", "board.bin", "--board", "archer-mr200-v1", "-o", "by-command.bin", "--force"];
    bench.run([&all[..], words].concat()).code(0);
    bench.read("by-command.bin")
}

/// Presses the button, and waits until a result is there.
fn preview(browser: &mut Browser) {
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-do=splice-write]:not([hidden])')");
}

/// The image as the page saves it, and the name that it says.
fn result(browser: &mut Browser, saved: &Path) -> Vec<u8> {
    browser.click("[data-do=save-result]");
    says(browser, "Saved as archer-mr200-v1.bin: all of the chip, 8 MiB.");
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
