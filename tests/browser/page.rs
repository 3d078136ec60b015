//! The report page in a real browser: headless Chromium opens it, clicks a region and reads what it shows.
//!
//! Needs Debian's `chromium` and `chromium-driver`; where they are missing the tests say so and do nothing, unless
//! `NORSPLICE_NEED_BROWSER` is set, as the continuous tests do once they have installed them.

use super::driver::Browser;
use norsplice::report::{ChipFacts, OtpFacts, PageRegion, PerUnitRow, Report, page};
use norsplice::span::Span;

/// A browser, where there is one.
pub fn browser() -> Option<Browser> {
    match Browser::start() {
        Ok(browser) => Some(browser),
        Err(why) => {
            assert!(std::env::var_os("NORSPLICE_NEED_BROWSER").is_none(), "{why}");
            eprintln!("ATTENTION: the report and the page are not tested in a browser here: {why}");
            None
        }
    }
}

fn sample() -> String {
    let before: Vec<u8> =
        (0..0x50000u32).map(|i| if i < 0x10000 { 0xff } else { ((i * 7) >> 3) as u8 }).collect();
    let mut after = before.clone();
    after[0x20010..0x20014].copy_from_slice(b"new!");
    page(&Report {
        title: "Rewrite of a board".into(),
        board: Some("archer-mr200-v1".into()),
        chip: ChipFacts { part: "W25Q64FV".into(), jedec_id: "ef4017".into(), ..ChipFacts::default() },
        otp: vec![OtpFacts { index: 1, size: 256, blank: true, locked: Some(false) }],
        otp_verdict: "All security registers are blank and unlocked.".into(),
        per_unit: vec![PerUnitRow {
            name: "MAC".into(),
            span: Span::new(0x30000, 0x30006),
            before: "30:b5:c2:a1:b2:c3".into(),
            after: "30:b5:c2:a1:b2:c3".into(),
        }],
        regions: ["u-boot", "firmware", "rom"]
            .iter()
            .zip([0u64, 0x10000, 0x30000])
            .map(|(name, start)| PageRegion {
                name: (*name).into(),
                span: Span::new(start, if *name == "firmware" { 0x30000 } else { start + 0x10000 }),
                was: "own".into(),
                now: "own".into(),
                source: String::new(),
            })
            .collect(),
        before: &before,
        after: Some(&after),
        before_sha256: "11".repeat(32),
        after_sha256: Some("22".repeat(32)),
        sector: 4096,
        ..Report::default()
    })
}

#[test]
fn a_region_can_be_clicked_and_shows_its_differences() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, sample()).expect("the page is written");
    browser.open(&format!("file://{}", file.display()));

    assert_eq!(browser.run("return document.title"), "Rewrite of a board");
    // Nothing is open at first, and a click opens exactly the region's own part.
    let open = "return [...document.querySelectorAll('.detail')].filter(d => d.offsetParent !== null).map(d => d.id).join()";
    assert_eq!(browser.run(open), "");
    browser.click("tr[data-r='1'] button");
    assert_eq!(browser.run(open), "region-1");
    let shown = browser.run("return document.getElementById('region-1').innerText");
    assert!(shown.contains("00020010") && shown.contains("new!"), "{shown}");
    // Its cells are marked in the picture, and no others.
    let marked = browser.run("return String(document.querySelectorAll('.map i.on').length)");
    assert_eq!(marked, "32");
    // The picture before and after: the changed cell has its own colour, and in the other views that of its contents.
    let colour = "return getComputedStyle(document.querySelectorAll('.map i')[0x20]).backgroundColor";
    let changed = browser.run(colour);
    browser.click("#view-before");
    let before = browser.run(colour);
    browser.click("#view-after");
    assert_eq!((before != changed, browser.run(colour)), (true, before), "{changed}");
    // A cell names what it is, and choosing it chooses its region.
    browser.click(".map i:nth-child(49)");
    assert_eq!(
        browser.run("return document.getElementById('cell').textContent"),
        "0x030000..0x031000 rom: compressed, kept"
    );
    assert_eq!(browser.run(open), "region-2");
    // Arrows move from cell to cell, Enter goes to the region's button.
    browser.keys(".map", "\u{e012}");
    let told = browser.run("return document.getElementById('cell').textContent");
    assert_eq!(told, "0x02f000..0x030000 firmware: compressed, kept");
    browser.keys(".map", "\u{e007}");
    assert_eq!(browser.run(open), "region-1");
    assert_eq!(browser.run("return document.activeElement.closest('tr').dataset.r"), "1");
    // By keyboard: the focused button closes it again.
    browser.keys("tr[data-r='1'] button", "\u{e007}");
    assert_eq!(browser.run(open), "");
    // Light and dark, as the system says.
    let ground = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(browser.run(ground), "rgb(255, 255, 255)");
    browser.dark();
    assert_eq!(browser.run(ground), "rgb(20, 23, 27)");
    // The entropy is next to the picture, over the same height, and below it on a phone.
    let places = "const [m, p] = ['.map', '.beside'].map(s => document.querySelector(s).getBoundingClientRect()); \
         return [p.left >= m.right, p.top < m.bottom, p.top >= m.bottom].join()";
    browser.resize(1280, 800);
    assert_eq!(browser.run(places), "true,true,false");
    browser.resize(360, 740);
    assert_eq!(browser.run(places), "false,false,true");
    // On a phone's width nothing sticks out of the page.
    let over = browser
        .run("return String(document.documentElement.scrollWidth - document.documentElement.clientWidth)");
    assert_eq!(over, "0", "the page is wider than a phone");
    assert_eq!(browser.run("return String(performance.getEntriesByType('resource').length)"), "0");
}
