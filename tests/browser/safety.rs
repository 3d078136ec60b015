//! What is taken back, by clicks: a question refused, a backup put back, a job stopped, undone or abandoned; two tabs.

use super::clicks::{confirm, give, says, start};
use super::local::{assert_no_misdeeds, choose, demo_board, ready, view};
use super::page::browser;
use crate::bench::Bench;
use crate::page::PageRun;

/// Waits for a question, and says no to it.
fn refuse(browser: &mut super::driver::Browser) {
    browser.until("document.querySelector('dialog[open] [data-do=refuse]:enabled')");
    browser.click("dialog [data-do=refuse]");
    browser.until("!document.querySelector('dialog[open]')");
}

#[test]
fn a_no_changes_nothing_and_a_backup_is_put_back() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    choose(&mut browser, "backup-board", "TP-Link Archer MR200 v1");
    browser.click("[data-do=backup]");
    browser.until("document.querySelector('[data-view=bench] a[href=\"#flash\"]')");
    bench.write("piece.bin", &[0x5a; 0x1000]);
    give(&mut browser, &bench, "piece.bin");
    view(&mut browser, "write");
    choose(&mut browser, "write-what", "piece.bin");
    browser.keys("[data-do=write-at]", "0");
    browser.click("[data-do=write]");
    refuse(&mut browser);
    says(&mut browser, "not confirmed");
    assert_eq!(bench.read("chip/flash.bin"), bench.read("small.bin"));
    browser.click("[data-do=write]");
    confirm(&mut browser);
    says(&mut browser, "Written and verified.");
    assert!(bench.read("chip/flash.bin") != bench.read("small.bin"));
    // The newest backup is of what is on the chip now; the last one in the list is the first that was taken.
    // A box that someone ticks meanwhile stays the same one.
    browser.run("document.querySelector('[data-do=donor]').id = 'same'; return ''");
    view(&mut browser, "bench");
    choose(&mut browser, "backup-board", "not named");
    browser.click("[data-do=backup]");
    says(&mut browser, "Read twice and stored: ");
    let newest = browser
        .run("return /stored: (\\S+)\\. /.exec(document.querySelector('[data-view=bench]').innerText)[1]");
    browser.until(&format!(
        "document.querySelector('[data-view=backups] tbody').rows[0].innerText.includes('{newest}')"
    ));
    assert_eq!(browser.run("return String(document.getElementById('same') !== null)"), "true");
    view(&mut browser, "backups");
    browser.click("[data-do=backups]");
    browser.until("document.querySelectorAll('[data-do=restore]').length >= 1");
    says(&mut browser, "archer-mr200-v1");
    browser.run("[...document.querySelectorAll('[data-do=restore]')].at(-1).id = 'oldest'; return ''");
    browser.click("#oldest");
    confirm(&mut browser);
    says(&mut browser, "Written and verified.");
    assert_eq!(bench.read("chip/flash.bin"), bench.read("small.bin"));
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}

/// The page on a demo board whose supply fails in the middle of the write; the write is begun, and cut off.
fn cut_off(browser: &mut super::driver::Browser, bench: &Bench) -> PageRun {
    demo_board(bench);
    let dir = bench.path("");
    let emu = format!("emu:image={0}board.bin,state={0}chip,counts={0}counts.json", dir.display());
    let page = PageRun::start(bench, &["-p", &format!("{emu},fault=cut-in-operation:9"), "--store", "store"]);
    ready(browser, &page);
    give(browser, bench, "vendor.bin");
    browser.click("[data-do=as-donor]");
    browser.click("[data-do=preview]");
    browser.until("document.querySelector('[data-do=splice-write]:not([hidden])')");
    browser.click("[data-do=splice-write]");
    confirm(browser);
    browser.until("document.querySelector('[data-state].bad')");
    assert!(bench.read("chip/flash.bin") != bench.read("board.bin"), "it was cut off in the middle");
    // The supply is there again.
    view(browser, "bench");
    browser.click("[data-view=bench] section summary");
    browser.keys("[data-do=spec]", &format!("{emu}\u{e007}"));
    says(browser, "finish the open job or undo it");
    page
}

#[test]
fn a_job_that_was_cut_off_is_undone_by_a_click() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let _page = cut_off(&mut browser, &bench);
    says(&mut browser, "A job is open");
    browser.click("[data-view=bench] [data-do=undo]");
    browser.until("document.querySelector('#activity').dataset.state === 'done'");
    browser.until("!document.querySelector('[data-view=bench] [data-do=undo]')");
    view(&mut browser, "write");
    says(&mut browser, "The chip holds what it held before.");
    assert_eq!(bench.read("chip/flash.bin"), bench.read("board.bin"));
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn an_open_job_is_abandoned_after_a_question_and_the_chip_stays() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let _page = cut_off(&mut browser, &bench);
    let before = bench.read("chip/flash.bin");
    browser.click("[data-view=bench] [data-do=drop]");
    refuse(&mut browser);
    browser.until("document.querySelector('[data-view=bench] [data-do=drop]')");
    browser.click("[data-view=bench] [data-do=drop]");
    confirm(&mut browser);
    browser.until("!document.querySelector('[data-view=bench] [data-do=drop]')");
    assert_eq!(bench.read("chip/flash.bin"), before);
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn a_second_tab_takes_over_by_a_click_before_and_in_a_question() {
    let Some(mut browser) = browser() else { return };
    let bench = Bench::new();
    let page = start(&bench);
    ready(&mut browser, &page);
    bench.write("piece.bin", &[0x5a; 0x1000]);
    give(&mut browser, &bench, "piece.bin");
    let first = browser.second_tab();
    browser.open(&page.url);
    browser.until("document.querySelector('#notice:not([hidden]) [data-do=take-over]')");
    let second = browser.tabs().into_iter().find(|tab| *tab != first).expect("the second one");
    // Only the tab in charge asks.
    browser.click("[data-do=probe]");
    says(&mut browser, "another tab is in charge");
    browser.click("[data-do=take-over]");
    browser.until("document.body.dataset.ready !== undefined");
    browser.click("[data-do=probe]");
    browser.until("document.querySelector('[data-view=bench] .part')");
    browser.go_to(&first);
    browser.until("document.querySelector('#notice:not([hidden]) [data-do=take-over]')");
    // Whatever happens in the other tab, the button is the same one.
    browser.run("document.querySelector('[data-do=take-over]').id = 'same'; return ''");
    browser.go_to(&second);
    browser.click("[data-do=contact]");
    browser.until("document.querySelector('[data-view=bench] .tests')");
    browser.go_to(&first);
    browser.until("document.querySelector('#activity').textContent.includes('Contact')");
    browser.click("#same");
    view(&mut browser, "write");
    choose(&mut browser, "write-what", "piece.bin");
    browser.keys("[data-do=write-at]", "0");
    browser.click("[data-do=write]");
    browser.until("document.querySelector('dialog[open] [data-do=confirm]:enabled')");
    browser.go_to(&second);
    browser.until("document.querySelector('dialog[open] [data-do=answer-here]:enabled')");
    assert_eq!(
        browser.run("return String(document.querySelector('dialog [data-do=confirm]').disabled)"),
        "true"
    );
    browser.click("[data-do=answer-here]");
    confirm(&mut browser);
    browser.until("document.querySelector('#activity').dataset.state === 'done'");
    let after = bench.read("chip/flash.bin");
    assert!(after[..0x1000].iter().all(|byte| *byte == 0x5a));
    // A line that is no request is complained of in every tab, whatever happens after it, until that is closed.
    let mut other = page.join();
    other.send(r#"{"tab":"take"}"#);
    other.send("garbage");
    other.until("error");
    other.send(r#"{"id":1,"do":"jobs"}"#);
    other.until("result");
    drop(other);
    // The first one is in charge then.
    browser.click("[data-do=take-over]");
    browser
        .until("document.querySelector('#notice:not([hidden])')?.innerText.includes('the line is not JSON')");
    browser.click("[data-do=dismiss]");
    browser.until("document.querySelector('#notice').hidden");
    assert_no_misdeeds(&bench);
    assert_eq!(browser.console(), Vec::<String>::new());
}
