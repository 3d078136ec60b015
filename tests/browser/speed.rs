//! How long the static site lets people wait, measured in the browser: the first dump opened, a large one scrolled and drawn.
//!
//! Other work on the machine makes each slower and none faster: the first round within the bound is the proof, and where the
//! machine was busy what the browser's processes had of the processor counts, with the time in which no one wanted it. A browser begins with a slow translation of the
//! engine and improves what runs often: so each opening is the first one of a fresh browser.

use super::driver::Browser;
use super::outside::{Outside, Time};
use super::tab::{give, open, ready, small};
use crate::bench::Bench;
use norsplice::image::synthetic;
use std::path::Path;

/// Rounds, of which the best counts.
const ROUNDS: usize = 5;
/// How long a dump of 16 MiB may take, in milliseconds.
const OPENED: u64 = 2000;
/// How long a frame may take, in milliseconds.
const PAUSE: u64 = 100;

/// Remembers when a file was chosen and when what is in it was shown; then opens its picture and bytes.
const OPENING: &str = "
  const done = (test) => new Promise((resolve) => {
    const look = () => (test() ? resolve(performance.now()) : requestAnimationFrame(look));
    look();
  });
  const input = document.getElementById('choose-file');
  globalThis.took = null;
  input.addEventListener('change', async () => {
    const start = performance.now();
    const inspected = await done(() => document.querySelector('[data-verdict]'));
    [...document.querySelectorAll('[data-do=picture]')].at(-1).click();
    const drawn = await done(() => document.querySelector('[data-view=flash] .picture:not([hidden]) canvas')?.height > 100 &&
      document.querySelector('.hex-bytes')?.textContent.length > 20 && !document.querySelector('.hex-bytes').textContent.includes('·'));
    globalThis.took = [inspected - start, drawn - inspected].map(Math.round);
  }, { capture: true, once: true });
  return '';";

/// The longest time between two frames while this is done in each of 60 frames, in milliseconds.
fn longest_pause(browser: &mut Browser, each: &str) -> u64 {
    browser.run(&format!(
        "globalThis.longest = null; let worst = 0, last = 0, n = 0; \
         const frame = (now) => {{ if (last) worst = Math.max(worst, now - last); last = now; \
           if (n++ === 60) return (globalThis.longest = Math.round(worst)); {each}; requestAnimationFrame(frame); }}; \
         requestAnimationFrame(frame); return ''"
    ));
    browser.until("globalThis.longest !== null");
    browser.run("return String(globalThis.longest)").parse().expect("a number")
}

/// The best of the rounds; the first one that is good enough is the last.
fn best(enough: u64, mut round: impl FnMut() -> u64) -> u64 {
    let mut best = u64::MAX;
    for _ in 0..ROUNDS {
        best = best.min(round());
        if best <= enough {
            break;
        }
    }
    best
}

/// The time that the first opening of this file takes in a fresh browser, in milliseconds; `None` where there is no site.
fn first_opening(file: &Path) -> Option<u64> {
    let mut outside = Outside::start(small(), Time::OfTheWorld)?;
    open(&mut outside, "");
    let browser = &mut outside.browser;
    ready(browser);
    browser.run("location.hash = 'files'; return ''");
    browser.run(OPENING);
    let had = |browser: &Browser| browser.processor_time().zip(Browser::idle_time());
    let before = had(browser);
    give(browser, file);
    browser.until("globalThis.took");
    let had = had(browser).zip(before).map(|(after, before)| (after.0 - before.0, after.1 - before.1));
    let took = browser.run("return String(globalThis.took)");
    eprintln!(
        "16 MiB: what is in it, then picture and bytes, in ms: {took}; of the processor, and nothing to do: {had:?}"
    );
    let took: u64 = took.split(',').map(|part| part.parse::<u64>().expect("a number")).sum();
    Some(had.map_or(took, |(work, rest)| counted(took, work, rest)))
}

/// What counts of the time that it took: without what was neither the browser's work nor anyone's rest, the work of others.
fn counted(took: u64, work: u64, rest: u64) -> u64 {
    took.min(work + rest)
}

#[test]
fn only_the_work_of_others_does_not_count() {
    // On an idle machine all of it does, worked on by one processor, by two, or waited for.
    assert_eq!(
        [counted(1000, 1000, 500), counted(1000, 1900, 50), counted(5000, 900, 4100)],
        [1000, 1000, 5000]
    );
    // On a busy one what the browser had of the processor does.
    assert_eq!(counted(5000, 900, 0), 900);
}

#[test]
fn the_first_dump_of_16_mib_is_opened_within_two_seconds() {
    let bench = Bench::new();
    let mut dump = synthetic::demo().board.to_vec();
    dump.extend(synthetic::noise(1, 0x40_0000));
    dump.resize(16 << 20, 0xff);
    bench.write("dump.bin", &dump);
    let best = best(OPENED, || first_opening(&bench.path("dump.bin")).unwrap_or(0));
    assert!(best <= OPENED, "{best} ms");
}

#[test]
fn the_bytes_and_the_picture_of_64_mib_move_without_a_pause() {
    let bench = Bench::new();
    let Some(mut outside) = Outside::start(small(), Time::OfTheWorld) else { return };
    open(&mut outside, "");
    let browser = &mut outside.browser;
    ready(browser);
    bench.write("large.bin", &synthetic::noise(2, 64 << 20));
    browser.run("location.hash = 'files'; return ''");
    give(browser, &bench.path("large.bin"));
    browser.click("[data-do=picture]");
    browser.until("document.querySelector('[data-view=flash] .picture:not([hidden]) canvas')?.height > 100");
    browser.until("!document.querySelector('.hex-bytes').textContent.includes('·')");
    let wheel = "document.querySelector('.hex').dispatchEvent(new WheelEvent('wheel', { deltaY: 700, cancelable: true, bubbles: true }))";
    let bar =
        "const bar = document.querySelector('.hex-scroll'); bar.scrollTop = (bar.scrollHeight / 60) * n";
    let point = "const canvas = document.querySelector('[data-view=flash] canvas'); canvas.focus(); \
        canvas.dispatchEvent(new KeyboardEvent('keydown', { key: n % 3 ? 'ArrowRight' : 'ArrowDown', bubbles: true }))";
    for (what, each) in [("wheel", wheel), ("scroll bar", bar), ("picture", point)] {
        let longest = best(PAUSE, || longest_pause(browser, each));
        eprintln!("64 MiB, {what}: the longest of 60 frames took {longest} ms");
        assert!(longest <= PAUSE, "{what}: {longest} ms");
    }
    assert_eq!(browser.console(), Vec::<String>::new());
}
