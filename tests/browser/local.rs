//! The page of `norsplice page` in headless Chromium: the whole work on an emulated board, by clicks and by keys.

use super::driver::Browser;
use super::page::browser;
use crate::bench::{Bench, Ran};
use crate::page::PageRun;
use norsplice::image::synthetic;
use serde_json::Value;
use std::path::Path;

pub const VIEWS: [&str; 7] = ["bench", "flash", "files", "splice", "write", "backups", "otp"];
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";

/// The splice of a donor over the demo board, by the command.
fn splice(bench: &Bench, donor: &str, out: &str) -> Ran {
    let board = ["--base", "board.bin", "--board", "archer-mr200-v1"];
    bench.run(["splice"].into_iter().chain(board).chain(["--donor", donor, "-o", out]))
}

/// The demo board's files; what is to be on its chip at the end, by the command.
pub fn demo_board(bench: &Bench) -> Vec<u8> {
    let demo = synthetic::demo();
    bench.write("board.bin", demo.board.bytes());
    bench.write("vendor.bin", &demo.vendor);
    let wanted = splice(bench, "vendor.bin", "wanted.bin");
    assert_eq!(wanted.code, 0, "{}", wanted.stderr);
    bench.read("wanted.bin")
}

/// What the command says to `other.bin` as a donor.
pub fn refusal_of_other(bench: &Bench) -> String {
    let refused = splice(bench, "other.bin", "x.bin");
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let first = refused.stderr.lines().next().expect("a reason");
    first.split(':').next_back().expect("its end").trim().to_owned()
}

/// Chooses in a select by what is shown there.
pub fn choose(browser: &mut Browser, control: &str, label: &str) {
    let found = browser.run(&format!(
        "const what = document.querySelector(\"[data-do='{control}']\"); \
         const one = [...what.options].find((one) => one.text === '{label}'); \
         if (!one) return [...what.options].map((one) => one.text).join(); \
         what.value = one.value; what.dispatchEvent(new Event('change')); return ''"
    ));
    assert_eq!(found, "", "{control} has no {label}");
}

/// Every view on a phone: nothing sticks out.
pub fn is_on_phone(browser: &mut Browser) {
    browser.resize(360, 740);
    for name in VIEWS {
        view(browser, name);
        let over = browser.run(
            "return String(document.documentElement.scrollWidth - document.documentElement.clientWidth)",
        );
        let wide = browser.run(
            "const room = document.documentElement.clientWidth; \
             return [...document.querySelectorAll('[data-view]:not([hidden]) *')].filter((one) => one.getBoundingClientRect().right > room + 1) \
               .filter((one) => !one.closest('.scroll') || one.matches('.scroll')).map((one) => one.outerHTML.slice(0, 120)).join('\\n')",
        );
        assert_eq!(over, "0", "{name} is wider than a phone: {wide}");
    }
}

/// Pictures of every view, wide and narrow, into the folder that `NORSPLICE_PICTURES` names, for people to look at.
pub fn pictures(browser: &mut Browser, of: &str) {
    let Some(folder) = std::env::var_os("NORSPLICE_PICTURES") else { return };
    for (size, width, height) in [("wide", 1280, 900), ("phone", 360, 740)] {
        browser.resize(width, height);
        for name in VIEWS {
            view(browser, name);
            let file = Path::new(&folder).join(format!("{of}-{size}-{name}.png"));
            std::fs::write(file, browser.screenshot()).expect("the folder is there");
        }
    }
}

fn emulated(bench: &Bench, more: &str) -> String {
    let dir = bench.path("");
    format!("emu:image={0}board.bin,state={0}chip,counts={0}counts.json{more}", dir.display())
}

/// The driver did nothing wrong to the emulated chip in the last request.
pub fn assert_no_misdeeds(bench: &Bench) {
    let counts: Value = serde_json::from_slice(&bench.read("counts.json")).unwrap();
    assert_eq!(counts["misdeeds"], 0, "{counts}");
}

pub fn ready(browser: &mut Browser, page: &PageRun) {
    browser.open(&page.url);
    browser.until("document.body.dataset.ready !== undefined");
}

pub fn view(browser: &mut Browser, name: &str) {
    browser.click(&format!("[data-do='view-{name}']"));
    let shown = "[...document.querySelectorAll('[data-view]')].filter(v => !v.hidden).map(v => v.dataset.view).join()";
    browser.until(&format!("{shown} === '{name}'"));
}

/// Text of the view that is open.
pub fn text(browser: &mut Browser) -> String {
    browser.run("return document.querySelector('[data-view]:not([hidden])').innerText")
}

/// In the flash view: a text that no line of the session has room for is refused by the page, and what comes after it is done.
pub fn search_too_long(browser: &mut Browser) {
    browser.run("document.querySelector('[data-do=search-text]').value = 'x'.repeat(1 << 20); return ''");
    browser.click("[data-view=flash] [data-do=search]");
    browser.until(
        "document.querySelector('[data-view=flash]').innerText.includes('1048576 is the most: what was typed or chosen is too long')",
    );
}

/// No serious fault that axe-core knows is on any view; it is fetched by `.ci/run`.
pub fn assert_accessible(browser: &mut Browser) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/package/axe.min.js");
    let Ok(axe) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("NORSPLICE_NEED_AXE").is_none(), "{} is missing", path.display());
        eprintln!("ATTENTION: axe-core is not there ({}): the views are not judged by it", path.display());
        return;
    };
    browser.run("for (const more of document.querySelectorAll('main details')) more.open = true; return ''");
    for name in VIEWS {
        view(browser, name);
        browser.run(&format!("{axe}; window.judged = null; axe.run({{ resultTypes: ['violations'] }}).then(r => window.judged = r); return ''"));
        browser.until("window.judged");
        let faults = browser.run(
            "return window.judged.violations.filter(v => ['serious', 'critical'].includes(v.impact)) \
             .map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')).join('\\n')",
        );
        assert_eq!(faults, "", "{name}");
    }
}

#[test]
fn a_board_is_spliced_and_written_by_clicks_and_a_killed_tab_costs_nothing() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let wanted = demo_board(&bench);
    let page = PageRun::start(&bench, &["-p", &emulated(&bench, ""), "--store", "store"]);
    ready(&mut browser, &page);
    browser.click("[data-do='probe']");
    browser.until("document.querySelector('[data-view=bench] .part')");
    assert!(text(&mut browser).contains("W25Q64FV"));
    browser.click("[data-do='contact']");
    browser.until("document.querySelector('[data-view=bench] .good')");
    browser.keys("[data-do='backup-name']", "first");
    browser.click("[data-do='backup']");
    browser.until("document.querySelector('[data-view=bench] a[href=\"#flash\"]')");
    assert_eq!(bench.names("store").iter().filter(|name| name.contains("ef4017")).count(), 1);
    // Its picture and bytes.
    view(&mut browser, "flash");
    browser.until("document.querySelector('.hex-row')?.innerText.includes('ff 00 00 10')");
    browser.click("[data-do='region-rom']");
    browser.until("document.querySelector('.hex-row:has(mark) b')?.innerText === '0x007d0000'");

    // Files are dropped: the vendor's, and one that is of another board.
    view(&mut browser, "files");
    bench.write("other.bin", &synthetic::noise(7, 0x7c_0200));
    for name in ["vendor.bin", "other.bin"] {
        browser.keys("#choose-file", &bench.path(name).display().to_string());
        browser.until(&format!("document.querySelector('.files').innerText.includes('{name}')"));
    }
    view(&mut browser, "splice");
    browser.click("[data-do='donor'][value$='other.bin']");
    browser.click("[data-do='preview']");
    browser.until("document.querySelector('[data-view=splice] .fault')");
    let (words, shown) = (refusal_of_other(&bench), text(&mut browser));
    assert!(shown.contains(&words), "{words}\n{shown}");
    assert_eq!(bench.read("chip/flash.bin"), bench.read("board.bin"));
    browser.click("[data-do='donor'][value$='other.bin']");
    browser.click("[data-do='donor'][value$='vendor.bin']");
    browser.click("[data-do='preview']");
    browser.until("document.querySelector('[data-result] table')");
    let shown = text(&mut browser);
    assert!(shown.contains("loader-mix") && shown.contains("02:6e:6f:72:73:70"), "{shown}");

    // The plan is shown; the tab is killed; a new one finds the question, and its answer is the one that counts.
    browser.click("[data-do='splice-write']");
    browser.until("document.querySelector('dialog[open] [data-do=confirm]')");
    browser.other_tab();
    assert_eq!(bench.read("chip/flash.bin"), bench.read("board.bin"));
    browser.open(&page.url);
    browser.until("document.querySelector('dialog[open] [data-do=confirm]:enabled')");
    browser.click("dialog [data-do='confirm']");
    browser.until("document.querySelector('[data-state].good')?.textContent === 'Written and verified.'");
    assert_eq!(bench.read("chip/flash.bin"), wanted);
    assert_no_misdeeds(&bench);

    // Verified against the file that the command made, and the registers shown.
    browser.until("document.body.dataset.ready !== undefined");
    view(&mut browser, "files");
    browser.keys("#choose-file", &bench.path("wanted.bin").display().to_string());
    browser.until("document.querySelector('.files').innerText.includes('wanted.bin')");
    view(&mut browser, "write");
    choose(&mut browser, "verify-what", "wanted.bin");
    browser.click("[data-do='verify']");
    browser.until("document.querySelector('[data-verified] .good')");
    view(&mut browser, "otp");
    browser.click("[data-do='otp']");
    browser.until("document.querySelectorAll('[data-register]').length === 3");
    assert!(text(&mut browser).contains("blank and unlocked"));
    assert_accessible(&mut browser);
    browser.dark();
    assert_accessible(&mut browser);
    pictures(&mut browser, "local");

    // Nothing sticks out on a phone, nothing was asked of another host, nothing went wrong unseen.
    is_on_phone(&mut browser);
    let elsewhere = "return performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith(location.origin)).join()";
    assert_eq!(browser.run(elsewhere), "");
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// Presses Tab until this has the focus, and then a key.
pub fn by_key(browser: &mut Browser, selector: &str, key: &str) {
    let has_it = format!("return String(document.activeElement.matches(\"{selector}\"))");
    for _ in 0..200 {
        if browser.run(&has_it) == "true" {
            browser.press(key);
            return;
        }
        browser.press(TAB);
    }
    panic!("{selector} is not reached by Tab: {}", browser.run("return document.activeElement.outerHTML"));
}

#[test]
fn an_open_job_is_finished_by_keys_alone_in_a_new_tab() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let wanted = demo_board(&bench);
    let page = PageRun::start(&bench, &["--store", "store"]);
    ready(&mut browser, &page);
    // The supply fails in the ninth operation.
    by_key(&mut browser, "[data-view=bench] section summary", ENTER);
    by_key(&mut browser, "[data-do=spec]", "");
    for letter in emulated(&bench, ",fault=cut-in-operation:9").chars() {
        browser.press(&letter.to_string());
    }
    browser.press(ENTER);
    by_key(&mut browser, "[data-do=probe]", ENTER);
    browser.until("document.querySelector('[data-view=bench] .part')");
    // No key opens the browser's own window for files in a test.
    browser.keys("#choose-file", &bench.path("vendor.bin").display().to_string());
    browser.until("document.querySelector('.files').textContent.includes('vendor.bin')");
    by_key(&mut browser, "[data-do=view-splice]", ENTER);
    by_key(&mut browser, "[data-do=donor]", SPACE);
    by_key(&mut browser, "[data-do=preview]", ENTER);
    browser.until("document.querySelector('[data-result] table')");
    by_key(&mut browser, "[data-do=splice-write]", ENTER);
    browser.until("document.querySelector('dialog[open]')");
    by_key(&mut browser, "[data-do=confirm]", ENTER);
    browser.until("document.querySelector('[data-state].bad')");
    assert!(text(&mut browser).contains("chip: partial"), "the chip is partly written, and that is shown");
    browser.other_tab();
    ready(&mut browser, &page);
    by_key(&mut browser, "[data-view=bench] section summary", ENTER);
    by_key(&mut browser, "[data-do=spec]", "");
    for letter in emulated(&bench, "").chars() {
        browser.press(&letter.to_string());
    }
    browser.press(ENTER);
    by_key(&mut browser, "[data-do=view-write]", ENTER);
    by_key(&mut browser, "[data-view=write] [data-do=resume]", ENTER);
    browser.until("document.querySelector('[data-state].good')?.textContent === 'Written and verified.'");
    assert_eq!(bench.read("chip/flash.bin"), wanted);
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}
