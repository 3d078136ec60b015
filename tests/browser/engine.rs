//! The engine of the static site in a browser's tab: the files of `target/page` as they are, on an emulated programmer that is
//! outside of the tab and reached by USB transfers.
//!
//! `.ci/page` makes the site; where it is not there (`target/page`, or the folder that `NORSPLICE_PAGE` names), the tests say so
//! and do nothing, unless `NORSPLICE_NEED_PAGE` is set.

use super::driver::Browser;
use super::site::Site;
use norsplice::emulator::usbip::{Export, Server};
use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::image::sha256;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a job in the tab may take.
const LIMIT: Duration = Duration::from_secs(240);

fn site() -> Option<PathBuf> {
    let named = std::env::var_os("NORSPLICE_PAGE").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/target/page").into());
    if folder.join("norsplice-engine.wasm").exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("NORSPLICE_NEED_PAGE").is_none(), "there is no {}", folder.display());
    eprintln!(
        "ATTENTION: the static site is not tested here: there is no {}; .ci/page makes it",
        folder.display()
    );
    None
}

/// A tab with the engine, and the programmer outside of it.
struct Tab {
    browser: Browser,
    emulator: Emulator,
}

impl Tab {
    fn open(options: Options) -> Option<Self> {
        let files = site()?;
        let mut browser = match Browser::start() {
            Ok(browser) => browser,
            Err(why) => {
                assert!(std::env::var_os("NORSPLICE_NEED_BROWSER").is_none(), "{why}");
                eprintln!("ATTENTION: the static site is not tested in a browser here: {why}");
                return None;
            }
        };
        let emulator = Emulator::new(options).expect("the options fit");
        let at = "127.0.0.1:0".parse().expect("an address");
        let server = Server::bind(at, false, vec![Export::new(&emulator, 1)]).expect("a port");
        let programmer = server.address().expect("its address");
        // Ends with the process.
        std::thread::spawn(move || server.run(&|| false, &|_| {}));
        let site = Site::start(&files, programmer);
        browser.open(&site.url("blank"));
        browser.run("const client = document.createElement('script'); client.src = '/client.js'; document.head.append(client);");
        Some(Self { browser, emulator })
    }

    /// Runs the body of an async function, given the client as `bench`; gives what it returns.
    fn run(&mut self, body: &str) -> Value {
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
fn board(programmer: ProgrammerKind) -> Options {
    let contents = (0..0x8_0000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut options = Options::new(programmer);
    options.chip = "P25D40SH".into();
    options.contents = Some(contents);
    options
}

/// The transfers of a native run of the same jobs: in, out and control together.
fn native(options: &Options, spec: &str) -> u64 {
    let bench = crate::bench::Bench::new();
    bench.write("board.bin", options.contents.as_deref().expect("contents"));
    let programmer =
        format!("emu:programmer={spec},chip={},image=board.bin,counts=counts.json", options.chip);
    let mut sum = 0;
    for command in ["probe", "backup"] {
        let ran = bench.run(["-p", &programmer, "--store", "store", command]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let counts: Value = serde_json::from_slice(&bench.read("counts.json")).expect("JSON");
        sum += counts["transfers"].as_u64().expect("a count");
    }
    sum
}

#[test]
fn a_backup_in_a_tab_is_the_chip_and_takes_the_transfers_of_the_native_engine() {
    // An FTDI chip ends an IN transfer by a clock of its own, every few milliseconds: their number is not the same twice.
    for (spec, kind, least, same) in [
        ("ch341a", ProgrammerKind::Ch341a, 32, true),
        ("ch347", ProgrammerKind::Ch347t, 32, true),
        ("ft2232h", ProgrammerKind::Ft2232h, 8, false),
    ] {
        let options = board(kind);
        let Some(mut tab) = Tab::open(options.clone()) else { return };
        let listed = tab.run("return await bench.run('list');");
        let named = listed["programmers"][0]["spec"].as_str().map(str::to_owned);
        assert_eq!(named, Some(format!("{spec}:path=1")), "{listed}");
        let probe = tab.run("return await bench.run('probe');");
        assert_eq!((&probe["event"], &probe["size"]), (&"result".into(), &0x8_0000.into()), "{probe}");
        let backup = tab.run(
            "const line = await bench.run('backup'); \
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
        assert!(number("most") >= least, "{spec}: {counts}");
        let seen = tab.emulator.counts();
        assert_eq!(seen.misdeed_count(), 0, "{:?}", seen.misdeeds);
        // As the device counts them. Each opening looks for old bytes once more, which no device answers.
        let done = seen.in_transfers + seen.out_transfers + number("control");
        let native = native(&options, if spec == "ch347" { "ch347t" } else { spec });
        assert!(done == native || !same, "{spec}: {done} transfers here, {native} natively; {counts}");
        assert_eq!(number("transferOut"), seen.out_transfers, "{spec}: {counts}");
        assert!(
            !same || number("transferIn") - seen.in_transfers <= 2,
            "{spec}: {counts}, {}",
            seen.in_transfers
        );
        assert_eq!(tab.emulator.contents(), options.contents.expect("contents"));
    }
}

#[test]
fn nothing_is_erased_before_the_backup_has_left_the_tab() {
    let options = board(ProgrammerKind::Ch341a);
    let Some(mut tab) = Tab::open(options.clone()) else { return };
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
