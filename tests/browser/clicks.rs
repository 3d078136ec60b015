//! The page of `norsplice page`, control by control: a file written, reports, the care for backups, registers, comparisons.

use super::driver::Browser;
use super::local::{assert_no_misdeeds, choose, ready, text, view};
use super::page::browser;
use super::tab::downloaded;
use crate::bench::Bench;
use crate::page::PageRun;
use norsplice::image::synthetic;

/// A chip of 512 KiB on an emulated CH341A, and the page on it.
fn start(bench: &Bench) -> PageRun {
    bench.write("small.bin", &synthetic::noise(3, 0x8_0000));
    let dir = bench.path("");
    let emu =
        format!("emu:chip=P25D40SH,image={0}small.bin,state={0}chip,counts={0}counts.json", dir.display());
    PageRun::start(bench, &["-p", &emu, "--store", "store"])
}

fn give(browser: &mut Browser, bench: &Bench, name: &str) {
    view(browser, "files");
    browser.keys("#choose-file", &bench.path(name).display().to_string());
    browser.until(&format!("document.querySelector('.files').textContent.includes('{name}')"));
}

/// Waits for a question, and confirms it.
fn confirm(browser: &mut Browser) {
    browser.until("document.querySelector('dialog[open] [data-do=confirm]:enabled')");
    browser.click("dialog [data-do=confirm]");
    browser.until("!document.querySelector('dialog[open]')");
}

/// Waits until the view that is open says this.
fn says(browser: &mut Browser, words: &str) {
    browser
        .until(&format!("document.querySelector('[data-view]:not([hidden])').innerText.includes({words:?})"));
}

#[test]
fn a_file_is_written_and_the_job_has_its_report() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    // The programmer of -p is the one that is named and chosen.
    assert_eq!(browser.run("return document.getElementById('subject').textContent"), "emulated programmer");
    bench.write("piece.bin", &[0x5a; 0x1000]);
    give(&mut browser, &bench, "piece.bin");
    view(&mut browser, "write");
    choose(&mut browser, "write-what", "piece.bin");
    browser.keys("[data-do=write-at]", "here");
    browser.click("[data-do=write]");
    says(&mut browser, "is no address");
    browser.run("document.querySelector('[data-do=write-at]').value = ''; return ''");
    browser.keys("[data-do=write-at]", "0x8000");
    browser.click("[data-do=write]");
    confirm(&mut browser);
    says(&mut browser, "Written and verified.");
    let (before, after) = (bench.read("small.bin"), bench.read("chip/flash.bin"));
    assert!(after[0x8000..0x9000].iter().all(|byte| *byte == 0x5a));
    assert!(after[..0x8000] == before[..0x8000] && after[0x9000..] == before[0x9000..]);
    assert_no_misdeeds(&bench);
    view(&mut browser, "backups");
    let own = browser.tabs();
    browser.click("[data-do=report-job]");
    let shown = loop {
        if let Some(tab) = browser.tabs().into_iter().find(|tab| !own.contains(tab)) {
            break tab;
        }
    };
    browser.go_to(&shown);
    browser.until("document.querySelector('.map i')");
    browser.back_to(&own[0]);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn backups_are_exported_imported_named_compared_and_removed() {
    let Some(mut browser) = browser() else { return };
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    let page = start(&bench);
    browser.download_to(saved.path());
    ready(&mut browser, &page);
    browser.click("[data-do=backup]");
    browser.until("document.querySelector('[data-view=bench] a[href=\"#flash\"]')");
    // Against the chip, and a byte later against it again.
    view(&mut browser, "flash");
    choose(&mut browser, "against", "the chip on the clip");
    says(&mut browser, "Both are the same.");
    view(&mut browser, "backups");
    browser.click("[data-do=backup-export]");
    says(&mut browser, "Saved as ");
    let archive = downloaded(saved.path(), ".tar");
    let bytes = std::fs::read(&archive).expect("the archive");
    bench.write("copy.tar", &bytes);
    give(&mut browser, &bench, "copy.tar");
    view(&mut browser, "backups");
    choose(&mut browser, "import-file", "copy.tar");
    browser.click("[data-do=backup-import]");
    says(&mut browser, "Imported.");
    let rows = "document.querySelectorAll('[data-do=look-backup]').length";
    browser.until(&format!("{rows} === 2"));
    browser.keys("[data-do=new-name]", "from the archive");
    browser.click("[data-view=backups] [data-do=backup-name]");
    says(&mut browser, "from the archive");
    browser.click("[data-do=compare-backup]");
    says(&mut browser, "Both are the same.");
    view(&mut browser, "backups");
    browser.click("[data-do=backup-verify]");
    says(&mut browser, "2 intact, 0 damaged.");
    browser.click("[data-do=backup-remove]");
    browser.until(&format!("document.querySelector('dialog[open]') || {rows} === 1"));
    if browser.run("return String(Boolean(document.querySelector('dialog[open]')))") == "true" {
        confirm(&mut browser);
    }
    browser.until(&format!("{rows} === 1"));
    assert_eq!(bench.read("chip/flash.bin"), bench.read("small.bin"));
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn security_registers_are_changed_by_clicks_and_locked_by_the_typed_phrase_alone() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    bench.write("operator.bin", b"OPERATOR-77 30:b5:c2:a1:b2:c3");
    give(&mut browser, &bench, "operator.bin");
    view(&mut browser, "otp");
    browser.click("[data-do=otp]");
    browser.until("document.querySelectorAll('[data-register]').length === 3");
    browser.click("[data-view=otp] summary");
    choose(&mut browser, "otp-file", "operator.bin");
    browser.click("[data-do=otp-program]");
    confirm(&mut browser);
    says(&mut browser, "Done and read back.");
    says(&mut browser, "OPERATOR-77 30:b5:c2:a1:b2:c3");
    // The backup that was taken first holds them as they were.
    browser.click("[data-do=otp-diff]");
    says(&mut browser, "They differ in register 1.");
    browser.click("[data-do=otp-erase]");
    confirm(&mut browser);
    browser.until("!document.querySelector('[data-register=\"1\"]')?.innerText.includes('OPERATOR') && document.querySelectorAll('[data-register]').length === 3");
    browser.click("[data-do=otp-program]");
    confirm(&mut browser);
    says(&mut browser, "OPERATOR-77 30:b5:c2:a1:b2:c3");
    browser.click("[data-do=otp-lock]");
    browser.until("document.querySelector('dialog[open] [data-do=phrase]')");
    let phrase = browser.run("return document.querySelector('dialog code').textContent");
    let can = "return String(!document.querySelector('dialog [data-do=confirm]').disabled)";
    assert_eq!(browser.run(can), "false");
    browser.keys("[data-do=phrase]", &phrase[..phrase.len() - 1]);
    assert_eq!(browser.run(can), "false");
    browser.keys("[data-do=phrase]", &phrase[phrase.len() - 1..]);
    confirm(&mut browser);
    browser.until("document.querySelector('[data-register=\"1\"]')?.innerText.includes('locked forever')");
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn the_contact_is_watched_until_something_else_is_wanted() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    browser.click("[data-do=watch]");
    browser.until("document.querySelector('.gauge output').textContent === '100 %'");
    assert!(text(&mut browser).contains("The chip answers each time"));
    browser.click("[data-do=watch]");
    browser.until("document.querySelector('[data-do=watch]').textContent === 'Live meter'");
    browser.click("[data-do=watch]");
    browser.until("document.querySelector('[data-do=watch]').textContent === 'Stop the meter'");
    browser.click("[data-do=probe]");
    browser.until("document.querySelector('[data-view=bench] .part')");
    browser.until("document.querySelector('[data-do=watch]').textContent === 'Live meter'");
    assert_eq!(browser.console(), Vec::<String>::new());
}
