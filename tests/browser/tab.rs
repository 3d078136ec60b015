//! The static site, worked by clicks and by keys: its files as they are, the programmer outside of the tab.

use super::driver::Browser;
use super::local::{VIEWS, assert_accessible, by_key, demo_board, is_on_phone, refusal_of_other, text, view};
use super::outside::{Outside, Time};
use super::site::WORKERS;
use crate::bench::Bench;
use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::image::synthetic;
use std::path::Path;
use std::time::{Duration, Instant};

const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";

/// How the page is worked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hand {
    Mouse,
    Keys,
}

impl Hand {
    /// Presses a button or follows a link.
    fn press(self, browser: &mut Browser, selector: &str) {
        match self {
            Hand::Mouse => browser.click(selector),
            Hand::Keys => by_key(browser, selector, ENTER),
        }
    }

    /// Ticks a box.
    fn tick(self, browser: &mut Browser, selector: &str) {
        match self {
            Hand::Mouse => browser.click(selector),
            Hand::Keys => by_key(browser, selector, SPACE),
        }
    }

    fn view(self, browser: &mut Browser, name: &str) {
        match self {
            Hand::Mouse => view(browser, name),
            Hand::Keys => by_key(browser, &format!("[data-do=view-{name}]"), ENTER),
        }
    }
}

/// The place that the browser's own window for saving would give: a file that the test can name, in the browser's file system.
const PICKER: &str = "globalThis.showSaveFilePicker = async ({ suggestedName }) => \
    (await navigator.storage.getDirectory()).getFileHandle(`saved-${suggestedName}`, { create: true });";
/// A browser without that window.
const NO_PICKER: &str = "delete globalThis.showSaveFilePicker; globalThis.showSaveFilePicker = undefined;";

/// Opens the site in this tab; no device is allowed before the user chooses one. `more` goes before the page's own scripts.
pub fn open(outside: &mut Outside, more: &str) {
    outside.browser.inject(&format!("globalThis.standin = {{ allowed: false }}; {more}\n{WORKERS}"));
    let url = outside.site.url("");
    outside.browser.open(&url);
}

pub fn ready(browser: &mut Browser) {
    browser.until("document.body.dataset.ready !== undefined");
}

/// The demo board of the MR200 under a clip on an FT2232H.
fn board(bench: &Bench) -> (Options, Vec<u8>) {
    let wanted = demo_board(bench);
    let mut options = Options::new(ProgrammerKind::Ft2232h);
    options.contents = Some(synthetic::demo().board.to_vec());
    (options, wanted)
}

/// A chip of 512 KiB on a CH341A.
pub fn small() -> Options {
    let mut options = Options::new(ProgrammerKind::Ch341a);
    options.chip = "P25D40SH".into();
    options.contents = Some(synthetic::noise(5, 0x8_0000));
    options
}

/// Files are given by the input: no test drives the system's own window.
pub fn give(browser: &mut Browser, file: &Path) {
    browser.keys("#choose-file", &file.display().to_string());
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    browser.until(&format!("document.querySelector('.files').textContent.includes('{name}')"));
}

fn assert_quiet(browser: &mut Browser, emulator: &Emulator) {
    assert_eq!(browser.console(), Vec::<String>::new());
    let seen = emulator.counts();
    assert_eq!(seen.misdeed_count(), 0, "{:?}", seen.misdeeds);
}

/// A device is chosen, and its chip asked who it is.
fn probe(browser: &mut Browser, hand: Hand) {
    assert_eq!(browser.run("return document.getElementById('subject').textContent"), "no programmer chosen");
    assert!(text(browser).contains("Next: Plug the programmer in and choose it."), "{}", text(browser));
    hand.press(browser, "[data-do=probe]");
    let shown = "document.querySelector('[data-view=bench] .messages:not([hidden])')";
    browser.until(&format!(
        "{shown}?.textContent.includes('this page has been given none, choose one on the bench')"
    ));
    hand.press(browser, "[data-do=device]");
    browser.until("document.querySelector('[data-do=choose]:checked')");
    // Of a CH341A it is said what may be wrong with its board before a chip is asked; an FT2232H has nothing of that.
    assert!(!text(browser).contains("with 5 V"), "{}", text(browser));
    // What went wrong without it is not shown any more.
    browser.until(&format!("!{shown}"));
    hand.press(browser, "[data-do=probe]");
    browser.until("document.querySelector('[data-view=bench] .part')");
}

/// A vendor's file is spliced with what is on the chip, and the plan asked about. The wrong donor is refused before.
fn splice(browser: &mut Browser, bench: &Bench, hand: Hand) {
    bench.write("other.bin", &synthetic::noise(7, 0x7c_0200));
    hand.view(browser, "files");
    for name in ["vendor.bin", "other.bin"] {
        give(browser, &bench.path(name));
    }
    hand.view(browser, "splice");
    hand.tick(browser, "[data-do=donor][value$='other.bin']");
    hand.press(browser, "[data-do=preview]");
    browser.until("document.querySelector('[data-view=splice] .fault')");
    let (words, shown) = (refusal_of_other(bench), text(browser));
    assert!(shown.contains(&words), "{words}\n{shown}");
    hand.tick(browser, "[data-do=donor][value$='other.bin']");
    hand.tick(browser, "[data-do=donor][value$='vendor.bin']");
    hand.press(browser, "[data-do=preview]");
    browser.until("document.querySelector('[data-result] table')");
    let shown = text(browser);
    assert!(shown.contains("loader-mix") && shown.contains("02:6e:6f:72:73:70"), "{shown}");
    hand.press(browser, "[data-do=splice-write]");
    browser.until("document.querySelector('dialog[open] [data-do=keep-backup]')");
}

/// The whole way on an MR200: to the written and verified board.
fn whole_way(hand: Hand) -> Option<(Outside, Bench, Vec<u8>)> {
    let bench = Bench::new();
    let (options, wanted) = board(&bench);
    let before = options.contents.clone().expect("contents");
    let mut outside = Outside::start(options, Time::OfTheWorld)?;
    open(&mut outside, PICKER);
    let (browser, emulator) = (&mut outside.browser, &outside.emulator);
    ready(browser);
    probe(browser, hand);
    assert!(text(browser).contains("W25Q64FV"));
    hand.press(browser, "[data-do=contact]");
    browser.until("document.querySelector('[data-view=bench] .tests')?.parentElement.parentElement.querySelector('.good')");
    hand.press(browser, "[data-do=backup]");
    browser.until("document.querySelector('[data-view=bench] a[href=\"#flash\"]')");
    splice(browser, &bench, hand);
    // No erase before the backup has left the tab; then the plan, and a yes to it.
    assert!(emulator.contents() == before);
    hand.press(browser, "dialog [data-do=keep-backup]");
    browser.until("document.querySelector('dialog[open] [data-do=confirm]')");
    assert!(emulator.contents() == before);
    hand.press(browser, "dialog [data-do=confirm]");
    browser.until("document.querySelector('[data-state].good')?.textContent === 'Written and verified.'");
    assert!(emulator.contents() == wanted);
    assert_quiet(browser, emulator);
    Some((outside, bench, wanted))
}

#[test]
fn a_board_is_spliced_and_written_in_a_tab_by_clicks() {
    let Some((mut outside, bench, _)) = whole_way(Hand::Mouse) else { return };
    let (browser, emulator) = (&mut outside.browser, &outside.emulator);
    // Verified against the file that the command made; the registers shown.
    view(browser, "files");
    give(browser, &bench.path("wanted.bin"));
    view(browser, "write");
    super::local::choose(browser, "verify-what", "wanted.bin");
    browser.click("[data-do=verify]");
    browser.until("document.querySelector('[data-verified] .good')");
    view(browser, "otp");
    browser.click("[data-do=otp]");
    browser.until("document.querySelectorAll('[data-register]').length === 3");
    assert!(text(browser).contains("blank and unlocked"));
    assert_accessible(browser);
    browser.dark();
    assert_accessible(browser);
    super::local::pictures(browser, "tab");
    is_on_phone(browser);
    let elsewhere = "return performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith(location.origin)).join()";
    assert_eq!(browser.run(elsewhere), "");
    assert_quiet(browser, emulator);
}

#[test]
fn a_board_is_spliced_and_written_in_a_tab_by_keys_alone() {
    let _ = whole_way(Hand::Keys);
}

#[test]
fn a_job_of_a_tab_that_was_killed_is_finished_in_a_new_one() {
    let bench = Bench::new();
    let (options, wanted) = board(&bench);
    let Some(mut outside) = Outside::start(options, Time::OfTheWorld) else { return };
    open(&mut outside, PICKER);
    let browser = &mut outside.browser;
    ready(browser);
    probe(browser, Hand::Mouse);
    splice(browser, &bench, Hand::Mouse);
    browser.click("dialog [data-do=keep-backup]");
    browser.until("document.querySelector('dialog[open] [data-do=confirm]')");
    browser.click("dialog [data-do=confirm]");
    browser.until("document.querySelector('#activity progress').value > 5 && document.querySelector('#activity').textContent.includes('erase, program')");
    browser.other_tab();
    assert!(outside.emulator.contents() != wanted, "it was killed before its end");
    // In a browser without a window for saving the backup is downloaded, and proven by choosing the file.
    let folder = tempfile::tempdir().expect("a folder");
    open(&mut outside, NO_PICKER);
    let (browser, emulator) = (&mut outside.browser, &outside.emulator);
    browser.download_to(folder.path());
    ready(browser);
    browser.until("document.querySelector('[data-do=choose]:checked')");
    browser.until("document.querySelector('[data-view=bench] [data-do=resume]')");
    browser.click("[data-view=bench] [data-do=resume]");
    browser.until("document.querySelector('dialog[open] [data-do=keep-backup]')");
    browser.click("dialog [data-do=keep-backup]");
    let file = downloaded(folder.path(), ".bin");
    // Another file is not it.
    browser.keys("dialog [data-do=kept-file]", &bench.path("vendor.bin").display().to_string());
    browser.until("document.querySelector('dialog').textContent.includes('another file')");
    // What was confirmed before the tab was killed is not asked again.
    browser.keys("dialog [data-do=kept-file]", &file);
    browser.until("document.querySelector('#activity').dataset.state === 'done'");
    assert!(emulator.contents() == wanted);
    assert_eq!(emulator.counts().misdeed_count(), 0);
}

#[test]
fn a_write_is_stopped_at_a_safe_place_and_undone_by_clicks() {
    const BLOCK: usize = 0x1_0000;
    let bench = Bench::new();
    let (options, wanted) = board(&bench);
    let before = options.contents.clone().expect("contents");
    let Some(mut outside) = Outside::start(options, Time::OfTheWorld) else { return };
    open(&mut outside, PICKER);
    let (browser, emulator) = (&mut outside.browser, &outside.emulator);
    ready(browser);
    probe(browser, Hand::Mouse);
    splice(browser, &bench, Hand::Mouse);
    browser.click("dialog [data-do=keep-backup]");
    browser.until("document.querySelector('dialog[open] [data-do=confirm]')");
    browser.click("dialog [data-do=confirm]");
    browser.until("document.querySelector('#activity progress').value > 5 && document.querySelector('#activity').textContent.includes('erase, program')");
    browser.click("[data-do=stop]");
    browser.until("document.querySelector('[data-state].bad')");
    // Each block is whole: as it was, or as it is to be.
    let between = emulator.contents();
    assert!(between != before && between != wanted, "in the middle of the write");
    for (n, block) in between.chunks(BLOCK).enumerate() {
        let place = n * BLOCK..(n + 1) * BLOCK;
        assert!(block == &before[place.clone()] || block == &wanted[place.clone()], "{place:x?}");
    }
    view(browser, "bench");
    assert!(text(browser).contains("A job is open: the chip is partly written"), "{}", text(browser));
    browser.click("[data-view=bench] [data-do=undo]");
    browser.until("document.querySelector('#activity').dataset.state === 'done'");
    browser.until("!document.querySelector('[data-view=bench] [data-do=undo]')");
    view(browser, "write");
    assert!(text(browser).contains("The chip holds what it held before."), "{}", text(browser));
    assert!(emulator.contents() == before);
    assert_quiet(browser, emulator);
}

/// The file that comes into a folder, once it is whole.
pub fn downloaded(folder: &Path, ending: &str) -> String {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let names = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
        let found = names.filter(|path| path.display().to_string().ends_with(ending)).last();
        if let Some(path) = found {
            return path.display().to_string();
        }
        assert!(Instant::now() < end, "nothing came into {}", folder.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_second_tab_says_that_the_store_is_taken_and_works_once_it_is_free() {
    let Some(mut outside) = Outside::start(small(), Time::OfTheWorld) else { return };
    open(&mut outside, "");
    ready(&mut outside.browser);
    let first = outside.browser.second_tab();
    open(&mut outside, "");
    let browser = &mut outside.browser;
    browser.until("document.getElementById('notice').textContent.includes('another tab has this page')");
    let second = browser.tabs().into_iter().find(|tab| *tab != first).expect("the second one");
    browser.go_to(&first);
    browser.back_to(&second);
    browser.click("[data-do=connect]");
    ready(browser);
    browser.click("[data-do=device]");
    browser.until("document.querySelector('[data-do=choose]:checked')");
    assert!(
        text(browser).contains("Many boards of this kind drive the data lines with 5 V"),
        "{}",
        text(browser)
    );
}

#[test]
fn a_backup_is_cancelled_and_the_page_works_on() {
    let bench = Bench::new();
    let (options, _) = board(&bench);
    let Some(mut outside) = Outside::start(options, Time::OfTheWorld) else { return };
    open(&mut outside, "");
    let (browser, emulator) = (&mut outside.browser, &outside.emulator);
    ready(browser);
    probe(browser, Hand::Mouse);
    // The meter moves until something else is wanted.
    browser.click("[data-do=watch]");
    browser.until("document.querySelector('.gauge output').textContent === '100 %'");
    browser.click("[data-do=backup]");
    browser.until("document.querySelector('#activity progress').value > 2");
    assert_eq!(browser.run("return document.querySelector('[data-do=watch]').textContent"), "Live meter");
    browser.click("[data-do=stop]");
    browser.until("document.querySelector('[data-view=bench] .fault')");
    assert!(text(browser).contains("stopped"), "{}", text(browser));
    view(browser, "flash");
    super::local::search_too_long(browser);
    view(browser, "backups");
    assert!(text(browser).contains("No backup yet"));
    view(browser, "bench");
    browser.click("[data-do=probe]");
    browser.until("document.querySelector('#activity').dataset.state === 'done'");
    assert_quiet(browser, emulator);
}

#[test]
fn after_the_first_visit_the_page_works_without_its_server() {
    let Some(mut outside) = Outside::start(small(), Time::OfTheWorld) else { return };
    open(&mut outside, "");
    let browser = &mut outside.browser;
    ready(browser);
    browser.until("navigator.serviceWorker.controller?.state === 'activated'");
    outside.site.go_down();
    let url = outside.site.url("");
    browser.open(&url);
    ready(browser);
    browser.click("[data-do=try]");
    browser.until("document.querySelector('[data-view=bench] .part')");
    assert_eq!(
        browser.run("return String(document.querySelectorAll('[data-view]').length)"),
        VIEWS.len().to_string()
    );
}

#[test]
fn without_a_programmer_files_are_spliced_and_the_image_is_saved() {
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    let wanted = demo_board(&bench);
    let Some(mut outside) = Outside::start(small(), Time::OfTheWorld) else { return };
    open(&mut outside, "");
    let browser = &mut outside.browser;
    browser.download_to(saved.path());
    ready(browser);
    view(browser, "files");
    give(browser, &bench.path("vendor.bin"));
    browser.click("[data-do=as-donor]");
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-view=splice] .messages:not([hidden])')?.textContent.includes('drop this board\\'s own dump in Files and choose it above')");
    view(browser, "files");
    give(browser, &bench.path("board.bin"));
    // A file of the same name takes no one's place.
    bench.write("other/board.bin", &synthetic::noise(8, 0x1000));
    give(browser, &bench.path("other/board.bin"));
    browser.until("document.querySelectorAll('.files > li').length === 3");
    view(browser, "splice");
    super::local::choose(browser, "base", "the dump board.bin");
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-do=save-result]:not([hidden])')");
    browser.click("[data-do=save-result]");
    let file = downloaded(saved.path(), ".bin");
    assert!(std::fs::read(file).expect("it is there") == wanted);
    assert_quiet(browser, &outside.emulator);
}

#[test]
fn a_browser_that_cannot_run_the_engine_says_which_can() {
    let Some(mut outside) = Outside::start(small(), Time::OfTheWorld) else { return };
    open(&mut outside, "globalThis.standin.jspi = false;");
    let browser = &mut outside.browser;
    browser.until(
        "document.getElementById('notice').textContent.includes('Chrome and Edge can from version 137 on')",
    );
    assert_eq!(browser.run("return String(document.body.dataset.ready)"), "undefined");
}
