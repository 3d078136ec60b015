//! The picture of the page in README: made by `NORSPLICE_UPDATE=1 cargo test --test all browser::picture`.

use super::driver::Browser;
use super::page::browser;
use crate::bench::Bench;
use crate::page::PageRun;

const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hw-notes/page.png");

#[test]
fn the_board_to_try_is_one_click_and_its_splice_is_the_picture_of_the_readme() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = PageRun::start(&bench, &["--store", "store"]);
    browser.resize(1280, 900);
    browser.open(&page.url);
    browser.until("document.body.dataset.ready !== undefined");
    browser.click("[data-do='try']");
    browser.until("document.querySelector('[data-view=bench] .part')");
    browser.click("[data-do='view-splice']");
    browser.click("[data-do='donor'][value$='vendor.bin']");
    browser.click("[data-do='preview']");
    browser.until("document.querySelector('[data-result] table')");
    let shown = browser.run("return document.querySelector('[data-result]').innerText");
    assert!(shown.contains("firmware") && shown.contains("DEMO00002016"), "{shown}");
    if std::env::var_os("NORSPLICE_UPDATE").is_some() {
        std::fs::write(PICTURE, picture(&mut browser)).unwrap();
    }
    assert!(std::fs::metadata(PICTURE).is_ok_and(|file| file.len() > 10_000), "{PICTURE} is missing");
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// The window as a PNG, from the result on, without the bar of what has run.
fn picture(browser: &mut Browser) -> Vec<u8> {
    browser.run("document.getElementById('activity').hidden = true; window.scrollTo(0, 250); return ''");
    browser.screenshot()
}
