//! The page of `norsplice page`, control by control: a file written, reports, the care for backups, registers, comparisons.

use super::driver::Browser;
use super::local::{assert_no_misdeeds, choose, ready, text, view};
use super::page::browser;
use super::tab::downloaded;
use crate::bench::Bench;
use crate::page::PageRun;
use norsplice::image::synthetic;

/// A chip of 512 KiB on an emulated CH341A, and the page on it.
pub fn start(bench: &Bench) -> PageRun {
    bench.write("small.bin", &synthetic::noise(3, 0x8_0000));
    let dir = bench.path("");
    let emu =
        format!("emu:chip=P25D40SH,image={0}small.bin,state={0}chip,counts={0}counts.json", dir.display());
    PageRun::start(bench, &["-p", &emu, "--store", "store"])
}

pub fn give(browser: &mut Browser, bench: &Bench, name: &str) {
    view(browser, "files");
    browser.keys("[data-do=choose-file]", &bench.path(name).display().to_string());
    browser.until(&format!("document.querySelector('.files').textContent.includes('{name}')"));
}

/// Waits for a question, and confirms it.
pub fn confirm(browser: &mut Browser) {
    browser.until("document.querySelector('dialog[open] [data-do=confirm]:enabled')");
    browser.click("dialog [data-do=confirm]");
    browser.until("!document.querySelector('dialog[open]')");
}

/// Presses a button twice, before anything comes of the first time.
fn press_twice(browser: &mut Browser, selector: &str) {
    browser
        .run(&format!("const it = document.querySelector('{selector}'); it.click(); it.click(); return ''"));
}

/// Waits until the view that is open says this.
pub fn says(browser: &mut Browser, words: &str) {
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
    let next = "document.querySelector('[data-next]').textContent.includes";
    browser.until(&format!("{next}('put the clip on the chip')"));
    browser.click("[data-do=probe]");
    browser.until(&format!("{next}('Take a backup.')"));
    view(&mut browser, "write");
    browser.click("[data-do=write]");
    says(&mut browser, "Drop the file in Files first");
    browser.click("[data-do=verify]");
    says(&mut browser, "Drop a file in Files or take a backup first");
    bench.write("piece.bin", &[0x5a; 0x1000]);
    give(&mut browser, &bench, "piece.bin");
    view(&mut browser, "write");
    browser.until("!document.querySelector('[data-view=write] .messages:not([hidden])')");
    choose(&mut browser, "write-what", "piece.bin");
    browser.keys("[data-do=write-at]", "here");
    browser.click("[data-do=write]");
    says(&mut browser, "is no address");
    browser.run("document.querySelector('[data-do=write-at]').value = ''; return ''");
    browser.keys("[data-do=write-at]", "0x8000");
    browser.click("[data-do=write]");
    browser.until("document.querySelector('dialog[open] [data-do=confirm]:enabled')");
    press_twice(&mut browser, "dialog [data-do=confirm]");
    says(&mut browser, "Written and verified.");
    let notice = "return document.querySelector('#notice:not([hidden])')?.innerText ?? ''";
    assert_eq!(browser.run(notice), "", "one answer was given");
    says(&mut browser, "Take the clip off before the board gets its power.");
    let (before, after) = (bench.read("small.bin"), bench.read("chip/flash.bin"));
    assert!(after[0x8000..0x9000].iter().all(|byte| *byte == 0x5a));
    assert!(after[..0x8000] == before[..0x8000] && after[0x9000..] == before[0x9000..]);
    assert_no_misdeeds(&bench);
    view(&mut browser, "backups");
    for control in ["[data-do=report-job]", "[data-do=report]"] {
        let own = browser.tabs();
        browser.click(control);
        let shown = browser.new_tab(&own);
        browser.go_to(&shown);
        browser.until("document.querySelector('.map i')");
        browser.back_to(&own[0]);
    }
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn backups_are_exported_imported_named_compared_and_removed() {
    let Some(mut browser) = browser() else { return };
    let (bench, saved) = (Bench::new(), tempfile::tempdir().expect("a folder"));
    let page = start(&bench);
    browser.download_to(saved.path());
    ready(&mut browser, &page);
    // One backup is taken.
    press_twice(&mut browser, "[data-do=backup]");
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
    browser.click("[data-do=otp-diff]");
    says(&mut browser, "There is no backup yet");
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

#[test]
fn what_the_bench_asks_for_is_ticked_and_chosen() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    // A blank chip for 1.8 V.
    let dir = bench.path("");
    let emu = format!("emu:chip=W25Q64FW,state={0}chip,counts={0}counts.json", dir.display());
    let page = PageRun::start(&bench, &["-p", &emu, "--store", "store"]);
    ready(&mut browser, &page);
    browser.click("[data-do=list]");
    browser.click("[data-do=probe]");
    says(&mut browser, "This chip takes 1.8 V. A higher voltage destroys it.");
    browser.click("[data-do=backup]");
    says(&mut browser, "blank");
    browser.until("document.querySelector('[data-view=bench] .fault')");
    assert!(!bench.names("store").iter().any(|name| name.contains("ef6017")), "nothing is kept of it");
    browser.click("[data-do=blank]");
    browser.click("[data-do=backup]");
    browser.until("document.querySelector('[data-view=bench] a[href=\"#flash\"]')");
    // It is written to with an adapter only.
    bench.write("piece.bin", &[0x5a; 0x1000]);
    give(&mut browser, &bench, "piece.bin");
    view(&mut browser, "write");
    choose(&mut browser, "write-what", "piece.bin");
    browser.keys("[data-do=write-at]", "0");
    browser.click("[data-do=write]");
    says(&mut browser, "is a 1.8 V part");
    browser.until("document.querySelector('[data-view=write] .fault')");
    view(&mut browser, "bench");
    browser.click("[data-view=bench] section summary");
    browser.click("[data-do=voltage-adapter]");
    browser.click("[data-do=wait]");
    view(&mut browser, "write");
    browser.click("[data-do=write]");
    confirm(&mut browser);
    says(&mut browser, "Written and verified.");
    assert!(bench.read("chip/flash.bin")[..0x1000].iter().all(|byte| *byte == 0x5a));
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn registers_of_a_backup_are_put_back_and_a_backup_of_many_is_named() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    browser.click("[data-do=backup]");
    browser.until("document.querySelector('[data-view=bench] a[href=\"#flash\"]')");
    bench.write("operator.bin", b"OPERATOR-77");
    give(&mut browser, &bench, "operator.bin");
    view(&mut browser, "otp");
    browser.click("[data-view=otp] summary");
    choose(&mut browser, "otp-file", "operator.bin");
    browser.run("document.querySelector('[data-do=register]').value = ''; return ''");
    browser.keys("[data-do=register]", "2");
    browser.click("[data-do=otp-program]");
    confirm(&mut browser);
    browser.until("document.querySelector('[data-register=\"2\"]')?.innerText.includes('OPERATOR-77')");
    view(&mut browser, "bench");
    browser.click("[data-do=backup]");
    browser.until("document.querySelectorAll('[data-do=look-backup]').length === 2");
    // The backup before it, by its name.
    view(&mut browser, "backups");
    let oldest = "[...document.querySelector('[data-do=name-backup]').options].at(-1).text";
    let oldest = browser.run(&format!("return {oldest}"));
    choose(&mut browser, "name-backup", &oldest);
    browser.keys("[data-do=new-name]", "as it came");
    browser.click("[data-view=backups] [data-do=backup-name]");
    says(&mut browser, "Named.");
    browser.until("document.querySelector('[data-view=backups] tbody').lastElementChild.innerText.includes('as it came')");
    view(&mut browser, "otp");
    choose(&mut browser, "otp-against", "backup as it came");
    browser.click("[data-do=otp-diff]");
    says(&mut browser, "They differ in register 2.");
    browser.click("[data-do=otp-clone]");
    confirm(&mut browser);
    says(&mut browser, "Done and read back.");
    browser.click("[data-do=otp-diff]");
    says(&mut browser, "Both hold the same.");
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn two_files_are_compared_by_list_and_picture_and_coloured_by_entropy() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    let one = bench.read("small.bin")[..0x1_0000].to_vec();
    let mut other = one.clone();
    for at in [0x100, 0x101, 0x102, 0x8000] {
        other[at] ^= 0xff;
    }
    bench.write("one.bin", &one);
    bench.write("other.bin", &other);
    give(&mut browser, &bench, "one.bin");
    give(&mut browser, &bench, "other.bin");
    // What is in the first one, again.
    browser.click("[data-do=inspect]");
    browser.until("document.querySelector('[data-verdict]')?.parentElement.querySelector('h3').textContent === 'one.bin'");
    view(&mut browser, "flash");
    choose(&mut browser, "look", "one.bin");
    choose(&mut browser, "against", "other.bin");
    says(&mut browser, "4 bytes in 2 ranges differ.");
    browser.until("!document.querySelector('.hex-bytes').textContent.includes('·')");
    let marked = "document.querySelector('.hex-row mark')?.parentElement.textContent.startsWith";
    for (n, row) in ["0x00000100", "0x00008000"].into_iter().enumerate() {
        browser.run(&format!(
            "document.querySelectorAll('[data-do=show-difference]')[{n}].id = 'shown-{n}'; return ''"
        ));
        browser.click(&format!("#shown-{n}"));
        browser.until(&format!("{marked}('{row}')"));
    }
    // In the picture the first cell differs and the next one does not.
    let key = |key: &str| {
        format!(
            "const canvas = document.querySelector('[data-view=flash] canvas'); canvas.focus(); \
             canvas.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }})); \
             return document.querySelector('[data-view=flash] .cell').textContent"
        )
    };
    let next = browser.run(&key("ArrowRight"));
    assert!(next.starts_with("0x001000…") && !next.contains("differs"), "{next}");
    let first = browser.run(&key("ArrowLeft"));
    assert!(first.starts_with("0x000000…") && first.ends_with(", differs"), "{first}");
    choose(&mut browser, "colour", "entropy");
    says(&mut browser, "8: compressed or encrypted");
    // And against the chip, which begins with it and goes on.
    choose(&mut browser, "against", "nothing");
    says(&mut browser, "Choose above what to compare it with.");
    choose(&mut browser, "against", "the chip on the clip");
    says(&mut browser, &format!("{} bytes in 1 range differ.", 0x8_0000 - 0x1_0000));
    says(&mut browser, "0x010000…0x080000");
    says(
        &mut browser,
        "the chip on the clip has 524288 bytes, one.bin has 65536: what is beyond the shorter one counts",
    );
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// Types into a control of the flash view in place of what is there, and presses Enter.
fn enter(browser: &mut Browser, control: &str, words: &str) {
    browser.run(&format!("document.querySelector('[data-do={control}]').value = ''; return ''"));
    browser.keys(&format!("[data-do={control}]"), &format!("{words}\u{e007}"));
}

#[test]
fn bytes_are_found_by_address_text_hex_and_mac() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    let mut known = vec![0xff; 0x1_0000];
    for (at, bytes) in
        [(0x1234, &b"U-Boot 1.1.3"[..]), (0x2000, b"\x02\x6e\x6f\x72\x73\x70"), (0x3000, b"cafe")]
    {
        known[at..at + bytes.len()].copy_from_slice(bytes);
    }
    bench.write("known.bin", &known);
    view(&mut browser, "flash");
    enter(&mut browser, "goto", "0x1000");
    says(&mut browser, "Choose the contents above first.");
    give(&mut browser, &bench, "known.bin");
    browser.click("[data-do=picture]");
    browser.until("!document.querySelector('.hex-bytes')?.textContent.includes('·')");
    for (address, words) in [
        ("here", "\"here\" is no address"),
        ("0x10000", "0x010000 is beyond the end: there are 0x010000 bytes."),
    ] {
        enter(&mut browser, "goto", address);
        says(&mut browser, words);
    }
    let marked = "document.querySelector('.hex-row mark')?.parentElement.textContent.startsWith";
    enter(&mut browser, "goto", "0x4321");
    browser.until(&format!("{marked}('0x00004320')"));
    browser.until("document.querySelector('[data-view=flash] .messages:not([hidden])') === null");
    for (sought, words, row) in [
        ("U-Boot", "1 place has this text.", "0x00001230"),
        ("026e6f72", "1 place has these bytes.", "0x00002000"),
        ("02:6e:6f:72:73:70", "1 place has this MAC address.", "0x00002000"),
        ("\"cafe\"", "1 place has this text.", "0x00003000"),
    ] {
        enter(&mut browser, "search-text", sought);
        says(&mut browser, words);
        browser.click("[data-do=hit]");
        browser.until(&format!("{marked}('{row}')"));
    }
    // Digits that could be either are said to be bytes.
    browser.run("document.querySelector('[data-do=search-text]').value = 'cafe'; return ''");
    browser.click("[data-do=search]");
    says(&mut browser, "No place has these bytes. For the text instead, put it in quotes: \"cafe\".");
    super::local::search_too_long(&mut browser);
    enter(&mut browser, "search-text", "nowhere");
    says(&mut browser, "No place has this text.");
    assert_eq!(browser.console(), Vec::<String>::new());
}
