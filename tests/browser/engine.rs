//! The engine of the static site in a browser's tab: the files of `target/page` as they are, on an emulated programmer that is
//! outside of the tab and reached by USB transfers.
//!
//! `.ci/page` makes the site; where it is not there (`target/page`, or the folder that `NORSPLICE_PAGE` names), the tests say so
//! and do nothing, unless `NORSPLICE_NEED_PAGE` is set.

use super::driver::Browser;
use super::outside::{Outside, Time};
use crate::bench::Bench;
use crate::session::Session;
use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind};
use norsplice::image::sha256;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a job in the tab may take.
const LIMIT: Duration = Duration::from_secs(240);

/// A tab with the engine, and the programmer outside of it.
pub struct Tab {
    browser: Browser,
    pub emulator: Emulator,
}

impl Tab {
    pub fn open(options: Options, time: Time) -> Option<Self> {
        let Outside { mut browser, emulator, site } = Outside::start(options, time)?;
        browser.open(&site.url("blank"));
        browser.run("const client = document.createElement('script'); client.src = '/client.js'; document.head.append(client);");
        Some(Self { browser, emulator })
    }

    /// Runs the body of an async function, given the client as `bench`; gives what it returns.
    pub fn run(&mut self, body: &str) -> Value {
        self.browser.run(&format!(
            "globalThis.outcome = null; (async () => {{ \
               while (!globalThis.bench) await new Promise((resolve) => setTimeout(resolve, 20)); \
               const bench = await globalThis.bench; {body} }})() \
             .then((value) => {{ globalThis.outcome = JSON.stringify({{ value }}); }}, \
                   (error) => {{ globalThis.outcome = JSON.stringify({{ fault: String(error?.stack ?? error) }}); }});"
        ));
        let end = Instant::now() + LIMIT;
        loop {
            let text = self.browser.run("return globalThis.outcome ?? '';");
            if !text.is_empty() {
                let outcome: Value = serde_json::from_str(&text).expect("JSON");
                assert_eq!(outcome["fault"], Value::Null, "{body}");
                return outcome["value"].clone();
            }
            assert!(Instant::now() < end, "no end of {body}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A chip of 512 KiB with contents that differ from byte to byte.
pub fn board(programmer: ProgrammerKind) -> Options {
    let contents = (0..0x8_0000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut options = Options::new(programmer);
    options.chip = "P25D40SH".into();
    options.contents = Some(contents);
    options
}

/// The transfers of a native session with the same jobs: in, out and control together.
fn native(options: &Options, spec: &str) -> u64 {
    let bench = Bench::new();
    bench.write("board.bin", options.contents.as_deref().expect("contents"));
    let programmer =
        format!("emu:programmer={spec},chip={},image=board.bin,counts=counts.json", options.chip);
    let mut session = Session::start(&bench, &["-p", &programmer, "--store", "store"]);
    for operation in ["probe", "backup"] {
        session.result(operation, json!({}));
    }
    session.end();
    let counts: Value = serde_json::from_slice(&bench.read("counts.json")).expect("JSON");
    counts["transfers"].as_u64().expect("a count")
}

#[test]
fn a_backup_in_a_tab_is_the_chip_and_takes_the_transfers_of_the_native_engine() {
    for (spec, kind) in [
        ("ch341a", ProgrammerKind::Ch341a),
        ("ch347", ProgrammerKind::Ch347t),
        ("ft2232h", ProgrammerKind::Ft2232h),
    ] {
        let options = board(kind);
        let Some(mut tab) = Tab::open(options.clone(), Time::OfTheDevice) else { return };
        let listed = tab.run("return await bench.run('list');");
        let named = listed["programmers"][0]["spec"].as_str().map(str::to_owned);
        assert_eq!(named, Some(format!("{spec}:path=1-1")), "{listed}");
        // As the page does it: by the name that the list gives.
        let probe =
            tab.run(&format!("return await bench.run('probe', {{ programmer: '{spec}:path=1-1' }});"));
        assert_eq!((&probe["event"], &probe["size"]), (&"result".into(), &0x8_0000.into()), "{probe}");
        let backup = tab.run(
            "const { programmers } = await bench.run('list'); \
             const line = await bench.run('backup', { programmer: programmers[0].spec }); \
             if (line.event === 'result') line.kept = await bench.sha256(await bench.engine.getFile(`${line.path}/flash.bin`)); \
             return line;",
        );
        let on_chip = sha256(options.contents.as_deref().expect("contents"));
        assert_eq!(
            (&backup["sha256"], &backup["kept"]),
            (&on_chip.as_str().into(), &on_chip.as_str().into()),
            "{backup}"
        );
        let counts = tab.run("return await bench.counts();");
        let number = |name: &str| counts[name].as_u64().expect("a count");
        let seen = tab.emulator.counts();
        assert_eq!(seen.misdeed_count(), 0, "{:?}", seen.misdeeds);
        let done = seen.in_transfers + seen.out_transfers + number("control");
        let native = native(&options, if spec == "ch347" { "ch347t" } else { spec });
        eprintln!("{spec}: {done} transfers here, {native} natively; {counts}, {} IN", seen.in_transfers);
        assert!(number("most") >= 32, "{spec}: {counts}");
        assert_eq!(done, native, "{spec}: {counts}");
        assert_eq!(number("transferOut"), seen.out_transfers, "{spec}: {counts}");
        // A look for old bytes at the opening is one that no device answers.
        assert!(number("transferIn") - seen.in_transfers <= 2, "{spec}: {counts}, {}", seen.in_transfers);
        assert_eq!(tab.emulator.contents(), options.contents.expect("contents"));
    }
}

#[test]
fn a_programmer_that_was_unplugged_between_two_requests_is_opened_again() {
    let options = board(ProgrammerKind::Ch341a);
    let Some(mut tab) = Tab::open(options, Time::OfTheWorld) else { return };
    let asked = |tab: &mut Tab| tab.run("return await bench.run('probe');")["event"].clone();
    let opened = |tab: &mut Tab| tab.emulator.counts().control_transfers;
    assert_eq!(asked(&mut tab), "result");
    let once = opened(&mut tab);
    assert_eq!(asked(&mut tab), "result");
    assert_eq!(opened(&mut tab), once, "it stays open");
    assert_eq!(tab.emulator.counts().misdeed_count(), 0);
    tab.emulator.reset_counts();
    tab.emulator.set_faults(&Faults::default().with(Fault::UnplugAtTransfer(1)));
    // The device that is plugged in then is found, and opened anew.
    assert_eq!(asked(&mut tab), "result");
    let counts = tab.emulator.counts();
    assert_eq!((counts.faults, counts.misdeed_count()), (1, 0), "it was unplugged");
}

#[test]
fn nothing_is_erased_before_the_backup_has_left_the_tab() {
    let options = board(ProgrammerKind::Ch341a);
    let Some(mut tab) = Tab::open(options.clone(), Time::OfTheWorld) else { return };
    let before = options.contents.expect("contents");
    // Without it the chip stays as it is.
    let refused = tab.run(
        "await bench.engine.putFile('piece.bin', new Blob([new Uint8Array(4096).fill(0x5a)])); \
         return await bench.run('write', { file: '/files/piece.bin', at: 0x8000 }, { 'keep-backup': () => [{ answer: 'no' }] });",
    );
    assert_eq!((&refused["event"], &refused["chip"]), (&"error".into(), &"untouched".into()), "{refused}");
    assert_eq!(tab.emulator.contents(), before);
    // Another file is not it; the file itself, read back, is. Then the write is asked about.
    let written = tab.run(
        "const kept = async (line) => { \
           const sha256 = await bench.sha256(await bench.engine.getFile(line.file)); \
           return [{ answer: 'yes', digest: line.digest }, { answer: 'sha256', sha256: '0'.repeat(64) }, { answer: 'sha256', sha256 }]; }; \
         const line = await bench.run('write', { file: '/files/piece.bin', at: 0x8000 }, \
           { 'keep-backup': kept, write: (line) => [{ answer: 'yes', digest: line.digest }] }); \
         return { line, complaints: bench.lines.filter((one) => one.event === 'error').length };",
    );
    assert_eq!(
        (&written["line"]["chip"], &written["complaints"]),
        (&"written".into(), &2.into()),
        "{written}"
    );
    let after = tab.emulator.contents();
    assert!(after[0x8000..0x9000].iter().all(|byte| *byte == 0x5a));
    assert!(after[..0x8000] == before[..0x8000] && after[0x9000..] == before[0x9000..]);
    assert_eq!(tab.emulator.counts().misdeed_count(), 0);
}

#[test]
fn a_security_register_leaves_the_tab_before_it_is_erased() {
    let Some(mut tab) = Tab::open(board(ProgrammerKind::Ch341a), Time::OfTheWorld) else { return };
    let done = tab.run(
        "await bench.engine.putFile('operator.bin', new Blob(['OPERATOR-77'])); \
         const asked = []; \
         const name = (line) => line.file.split('/').pop(); \
         const no = (line) => (asked.push(`no: ${name(line)}`), [{ answer: 'no' }]); \
         const kept = async (line) => { \
           asked.push(name(line)); \
           return [{ answer: 'sha256', sha256: await bench.sha256(await bench.engine.getFile(line.file)) }]; }; \
         const yes = (line) => [{ answer: 'yes', digest: line.digest }]; \
         const answers = { 'keep-backup': kept, 'security-registers': yes }; \
         const first = async () => (await bench.run('otp')).security_registers[0].data.slice(0, 22); \
         const programmed = await bench.run('otp-program', { register: 1, file: '/files/operator.bin' }, answers); \
         const refused = await bench.run('otp-erase', { register: 1 }, { ...answers, 'keep-backup': no }); \
         const still = await first(); \
         const erased = await bench.run('otp-erase', { register: 1 }, answers); \
         return { asked, ends: [programmed, refused, erased].map((line) => [line.event, line.chip]), still, after: await first() };",
    );
    let hex = norsplice::units::hex(b"OPERATOR-77");
    let register = "security-register-1.bin";
    assert_eq!(done["asked"], json!(["flash.bin", format!("no: {register}"), register]), "{done}");
    let ends = json!([["result", "written"], ["error", "untouched"], ["result", "written"]]);
    assert_eq!(done["ends"], ends, "{done}");
    assert_eq!((&done["still"], &done["after"]), (&json!(hex), &json!("ff".repeat(11))), "{done}");
    assert_eq!(tab.emulator.counts().misdeed_count(), 0);
}
