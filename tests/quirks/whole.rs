//! The whole program on adapters that differ from the model: every quirk, every kind of work, begun fast and plain.
//!
//! `cargo test --test all quirks:: -- --nocapture` prints the table that hw-notes/faults.md holds; the test compares the
//! two. `NORSPLICE_TEST=all` tries the larger job as well.

use crate::bench::{all, in_memory, write_options};
use crate::faults::bench::quiet;
use crate::faults::job::{Job, SMALL, TINY};
use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind, Quirk};
use norsplice::flash::{Chip, FlashError};
use norsplice::programmer::{self, Settings};
use norsplice::spi::{Programmer, SpiError};
use norsplice::workflow::backup::{BackupOptions, backup};
use norsplice::workflow::contact::{ContactOptions, before_writing};
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::journal::Direction;
use norsplice::workflow::resume::{ResumeOptions, resume};
use norsplice::workflow::{Cause, ChipState, Error, Store, StoreError};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// From the last answer that was lost to the error that ends the work.
const NOTICED: Duration = Duration::from_secs(2);

/// The same where a quirk strikes from the start and every answer is wrong: after the proof, a chip that sleeps is woken by commands
/// that are waited for longer than questions.
const GIVEN_UP: Duration = Duration::from_millis(2200);

/// The same for a serprog device: a board may start when its port is opened, and takes up to two seconds for that.
const NEVER_IN_STEP: Duration = Duration::from_millis(3200);

/// An adapter: its name for `-p`, the emulated one, the quirk, and whether other programs read right by it.
pub(super) type Adapter = (&'static str, ProgrammerKind, Quirk, &'static str, bool);

const CH: ProgrammerKind = ProgrammerKind::Ch341a;
const FT: ProgrammerKind = ProgrammerKind::Ft2232h;
const FT232: ProgrammerKind = ProgrammerKind::Ft232h;

pub(super) const ADAPTERS: [Adapter; 25] = [
    ("ch341a", CH, Quirk::SelectEarly, "cs-early", true),
    ("ch341a", CH, Quirk::Merge, "merge", true),
    ("ch341a", CH, Quirk::Hold, "hold", true),
    ("ch341a", CH, Quirk::Version20, "version-20", true),
    ("ch341a", CH, Quirk::DualMode, "dual-mode", true),
    ("ch341a", CH, Quirk::Loses, "loses", false),
    ("ch341a", CH, Quirk::Doubles, "doubles", false),
    ("ch341a", CH, Quirk::Late, "late", false),
    ("ch341a", CH, Quirk::Overruns, "overruns", false),
    ("ft232h", FT232, Quirk::Stops, "stops", true),
    ("ft2232h", FT, Quirk::Stops, "stops", true),
    ("ft2232h", FT, Quirk::NoIdleClocks, "no-8f", true),
    ("ft2232h", FT, Quirk::NoEcho, "8f-no-echo", true),
    ("ft2232h", FT, Quirk::Old, "bcd-0500", true),
    ("ft2232h", FT, Quirk::Stranger, "stranger", true),
    ("ft2232h", FT, Quirk::Loses, "loses", false),
    ("ft2232h", FT, Quirk::Doubles, "doubles", false),
    ("ft2232h", FT, Quirk::Late, "late", false),
    ("ft2232h", FT, Quirk::Overruns, "overruns", false),
    ("ft232h", FT232, Quirk::StopsAt(600), "stops-600", true),
    ("ft232h", FT232, Quirk::StopsAt(4096), "stops-4096", true),
    ("ft232h", FT232, Quirk::StopsAt(20_000), "stops-20000", true),
    ("ft2232h", FT, Quirk::StopsAt(4096), "stops-4096", true),
    ("ch347", ProgrammerKind::Ch347t, Quirk::OldFirmware, "old-firmware", true),
    ("ch347", ProgrammerKind::Ch347t, Quirk::NoFlags, "no-flags", true),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Probe,
    Backup,
    Rewrite,
    OtpDump,
    Resume,
    /// A rewrite during which the quirk begins, with the question, and strikes at one answer in 7.
    Worsening,
}

const WORKS: [Work; 6] =
    [Work::Probe, Work::Backup, Work::Rewrite, Work::OtpDump, Work::Resume, Work::Worsening];

/// How one case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As on an adapter without the quirk.
    Right,
    /// An error that names the link; the chip is as it was.
    Refused,
    /// An error that names the link and leaves an open job, which `resume` finished on a good adapter.
    Finished,
}

/// One adapter on one chip, with a store of its own.
pub(super) struct Rig {
    pub(super) emulator: Emulator,
    settings: Settings,
    store: tempfile::TempDir,
}

impl Rig {
    pub(super) fn new(adapter: &Adapter, plain: bool, emulator: Emulator) -> Self {
        let text = format!("{}{}", adapter.0, if plain { ":plain" } else { "" });
        Self { emulator, settings: Settings::parse(&text).unwrap(), store: in_memory() }
    }

    /// A job that was begun and cut off, on a good adapter.
    pub(super) fn cut_off(adapter: &Adapter, plain: bool, job: &Job) -> Self {
        let good = Self::new(adapter, plain, on_chip(adapter.1, job, &[], true));
        let error = good.write(job, &mut || {}).expect_err("the supply fails");
        assert!(matches!(error.chip, ChipState::Partial { .. }), "{error}");
        let emulator = moved(&good.emulator, adapter.1, job, &[]);
        Self { emulator, ..good }
    }

    fn clip(&self) -> Result<Chip<Box<dyn Programmer>>, FlashError> {
        Chip::connect(programmer::over(self.emulator.pipe(), &self.settings)?)
    }

    fn store(&self) -> Store {
        open(self.store.path())
    }

    fn write(&self, job: &Job, asked: &mut dyn FnMut()) -> Result<(), Error> {
        let options = write_options();
        let mut wanted = |_: &_| Ok(Wanted::whole(job.new.clone(), Default::default()));
        let mut decide = Decide {
            wanted: &mut wanted,
            confirm: &mut |_| {
                asked();
                true
            },
        };
        let done = job::run(&mut self.clip()?, &self.store(), &options, &mut decide, &mut quiet)?;
        assert_eq!(done.chip, ChipState::Written);
        Ok(())
    }

    fn finish(&self) -> Result<(), Error> {
        let mut options = ResumeOptions::default();
        options.direction = Some(Direction::Finish);
        let done = resume(&mut self.clip()?, &self.store(), &options, &mut quiet)?;
        assert_eq!(done.chip, ChipState::Written);
        Ok(())
    }
}

fn open(path: &Path) -> Store {
    // A process that another test starts holds every open file, locks too, from its fork to its exec.
    loop {
        match Store::open_locked(path) {
            Err(StoreError::Locked(_)) => std::thread::yield_now(),
            store => return store.expect("a store of its own"),
        }
    }
}

/// The job's chip on an adapter with these quirks; `half` cuts its supply in the third erase or program.
pub(super) fn on_chip(kind: ProgrammerKind, job: &Job, quirks: &[Quirk], half: bool) -> Emulator {
    let faults = Faults::default();
    let faults = if half { faults.with(Fault::PowerCutInOperation(3, 0.5)) } else { faults };
    let mut options = Options::new(kind);
    options.quirks = quirks.to_vec();
    options.faults = faults;
    Emulator::with_chip(&options, job.chip()).unwrap()
}

/// The same chip, as it is now, on an adapter with these quirks.
fn moved(from: &Emulator, kind: ProgrammerKind, job: &Job, quirks: &[Quirk]) -> Emulator {
    from.set_faults(&Faults::default());
    let emulator = on_chip(kind, job, quirks, false);
    let state = from.state();
    emulator.chip(|chip| chip.import(&state)).unwrap();
    emulator
}

/// True for a quirk that strikes at one packet or transfer in so many.
fn now_and_then(quirk: Quirk) -> bool {
    use Quirk::{Doubles, Late, Loses, LosesOut, Overruns, Resets, Stalls, Swaps};
    [Loses, LosesOut, Doubles, Late, Overruns, Swaps, Resets, Stalls].contains(&quirk)
}

fn is_link(cause: &Cause) -> bool {
    matches!(cause, Cause::Flash(FlashError::Spi(SpiError::Link(_))))
}

/// One kind of work; the outer error is a wrong result.
pub(super) fn take(rig: &Rig, job: &Job, work: Work) -> Result<Result<(), Error>, String> {
    let unless = |wrong: bool, what: &str| if wrong { Err(what.to_owned()) } else { Ok(()) };
    match work {
        Work::Probe => {
            rig.emulator.chip(|chip| (chip.set_register(1, 0x02), chip.set_register(2, 0x60)));
            let status = || -> Result<_, Error> { Ok(rig.clip()?.status()?.registers) };
            match status() {
                Ok(now) => unless((now.sr1, now.sr2) != (0, Some(2)), &format!("wrong registers: {now:?}"))?,
                Err(error) => return Ok(Err(error)),
            }
            Ok(probe(rig))
        }
        Work::Backup => {
            let backup = || -> Result<_, Error> {
                Ok(backup(&mut rig.clip()?, &rig.store(), &BackupOptions::default(), &mut quiet)?.flash)
            };
            let taken = backup();
            unless(taken.as_ref().is_ok_and(|flash| *flash != job.old), "a wrong backup")?;
            Ok(taken.map(drop))
        }
        Work::OtpDump => {
            let wanted: Vec<Vec<u8>> =
                (0..3u8).map(|n| (0..=255).map(|i: u8| i.rotate_left(3) ^ n).collect()).collect();
            for (n, bytes) in wanted.iter().enumerate() {
                rig.emulator.chip(|chip| {
                    if let Some(cells) = chip.security_mut(n) {
                        cells.copy_from_slice(bytes);
                    }
                });
            }
            let dump = || -> Result<_, Error> { Ok(rig.clip()?.security_registers()?) };
            let dumped = dump();
            let held = |bytes: &Vec<u8>| wanted.contains(bytes);
            let wrong = dumped.as_ref().is_ok_and(|all| all.iter().any(|register| !held(&register.bytes)));
            unless(wrong, "a wrong dump")?;
            Ok(dumped.map(drop))
        }
        Work::Rewrite | Work::Worsening => {
            let written = rig.write(job, &mut || {});
            unless(written.is_ok() && rig.emulator.contents() != job.new, "other contents")?;
            Ok(written)
        }
        Work::Resume => {
            let finished = rig.finish();
            unless(finished.is_ok() && rig.emulator.contents() != job.new, "other contents")?;
            Ok(finished)
        }
    }
}

/// How a case ended in which an answer went wrong once; an error names the link or what it spoiled.
pub(super) fn end_of(
    rig: Rig,
    adapter: &Adapter,
    (job, work): (&Job, Work),
    result: Result<(), Error>,
) -> Result<End, String> {
    let Err(error) = result else { return Ok(End::Right) };
    rig.emulator.set_faults(&Faults::default());
    if matches!(*error.cause, Cause::NoOpenJob) {
        return Err(format!("taken for another chip: {error}"));
    }
    match &error.chip {
        ChipState::Untouched if rig.emulator.contents() == job.old => Ok(End::Refused),
        // The job was open before.
        ChipState::Untouched if work != Work::Resume => Err(format!("{error}; other contents")),
        ChipState::Untouched | ChipState::Partial { .. } => {
            let emulator = moved(&rig.emulator, adapter.1, job, &[]);
            let good = Rig { emulator, ..rig };
            good.finish().map_err(|then| format!("{error}; then {then}"))?;
            match good.emulator.contents() == job.new {
                true => Ok(End::Finished),
                false => Err("finished with other contents".into()),
            }
        }
        state => Err(format!("{error}; {state:?}")),
    }
}

/// How a case ended whose chip held `old` and has an open job where it may be half written.
fn end(bench: Rig, adapter: &Adapter, job: &Job, result: Result<(), Error>) -> Result<End, String> {
    let now = bench.emulator.clock().now();
    let struck = bench.emulator.struck();
    let Err(error) = result else {
        return Ok(End::Right);
    };
    if adapter.4 {
        return Err(format!("an adapter that others read right: {error}"));
    }
    // Answers in another order have the right lengths, and so have those to a command that was lost in part: they show as reads that
    // do not agree.
    if !is_link(&error.cause) && ![Quirk::Swaps, Quirk::LosesOut].contains(&adapter.2) {
        return Err(format!("the link is not named: {error}"));
    }
    let (last, bound) = match struck.last() {
        Some(last) => (*last, NOTICED),
        None if now_and_then(adapter.2) => return Err(format!("an error without a cause: {error}")),
        // It strikes from the start.
        None if adapter.0 == "serprog" => (Duration::ZERO, NEVER_IN_STEP),
        None => (Duration::ZERO, GIVEN_UP),
    };
    if now.saturating_sub(last) > bound {
        return Err(format!("noticed after {:?}: {error}", now - last));
    }
    match &error.chip {
        ChipState::Untouched if bench.emulator.contents() == job.old => Ok(End::Refused),
        // The job was open before.
        ChipState::Untouched | ChipState::Partial { .. } => {
            let emulator = moved(&bench.emulator, adapter.1, job, &[]);
            let good = Rig { emulator, ..bench };
            good.finish().map_err(|then| format!("{error}; then {then}"))?;
            match good.emulator.contents() == job.new {
                true => Ok(End::Finished),
                false => Err("finished with other contents".into()),
            }
        }
        state => Err(format!("{error}; {state:?}")),
    }
}

fn probe(bench: &Rig) -> Result<(), Error> {
    let mut chip = bench.clip()?;
    chip.status()?;
    let contact = ContactOptions::default();
    before_writing(&mut chip, &contact, &mut quiet).map_err(Cause::untouched)?;
    Ok(())
}

fn case(adapter: &Adapter, job: &Job, work: Work, plain: bool) -> Result<End, String> {
    let quirks = [adapter.2];
    match work {
        Work::Probe => {
            let bench = Rig::new(adapter, plain, on_chip(adapter.1, job, &quirks, false));
            let result = probe(&bench);
            end(bench, adapter, job, result)
        }
        Work::Backup => {
            let bench = Rig::new(adapter, plain, on_chip(adapter.1, job, &quirks, false));
            let take = || -> Result<_, Error> {
                Ok(backup(&mut bench.clip()?, &bench.store(), &BackupOptions::default(), &mut quiet)?.flash)
            };
            let result = match take() {
                Ok(flash) if flash != job.old => return Err("a wrong backup".into()),
                taken => taken.map(drop),
            };
            end(bench, adapter, job, result)
        }
        Work::Rewrite => {
            let bench = Rig::new(adapter, plain, on_chip(adapter.1, job, &quirks, false));
            let result = bench.write(job, &mut || {});
            if result.is_ok() && bench.emulator.contents() != job.new {
                return Err("other contents".into());
            }
            end(bench, adapter, job, result)
        }
        Work::OtpDump => {
            let mut options = Options::new(adapter.1);
            options.quirks = quirks.to_vec();
            let emulator = Emulator::new(options).unwrap();
            let wanted: Vec<Vec<u8>> = (0..3u8).map(|n| (0..=255).map(|i| i ^ n).collect()).collect();
            for (n, bytes) in wanted.iter().enumerate() {
                emulator.chip(|chip| chip.security_mut(n).unwrap().copy_from_slice(bytes));
            }
            let old = emulator.contents();
            let bench = Rig::new(adapter, plain, emulator);
            let dump = || -> Result<_, Error> { Ok(bench.clip()?.security_registers()?) };
            let result = match dump() {
                Ok(all) if !all.iter().map(|register| &register.bytes).eq(&wanted) => {
                    return Err("a wrong dump".into());
                }
                dumped => dumped.map(drop),
            };
            let blank = Job::blank(old);
            end(bench, adapter, &blank, result)
        }
        Work::Worsening => {
            let bench = Rig::new(adapter, plain, on_chip(adapter.1, job, &[], false));
            let result = bench.write(job, &mut || bench.emulator.worsen(adapter.2, 7));
            if result.is_ok() && bench.emulator.contents() != job.new {
                return Err("other contents".into());
            }
            end(bench, adapter, job, result)
        }
        Work::Resume => {
            // Begun on a good adapter, cut off, continued on this one.
            let good = Rig::new(adapter, plain, on_chip(adapter.1, job, &[], true));
            let error = good.write(job, &mut || {}).expect_err("the supply fails");
            assert!(matches!(error.chip, ChipState::Partial { .. }), "{error}");
            let emulator = moved(&good.emulator, adapter.1, job, &quirks);
            let bench = Rig { emulator, ..good };
            let result = bench.finish();
            if result.is_ok() && bench.emulator.contents() != job.new {
                return Err("other contents".into());
            }
            end(bench, adapter, job, result)
        }
    }
}

/// Every kind of work on each adapter, begun fast and plain: the table's rows, and what ended wrong.
pub(super) fn matrix(adapters: &[Adapter]) -> (String, Vec<String>) {
    let jobs: &[&Job] = if all() { &[&TINY, &SMALL] } else { &[&TINY] };
    let mut faults = Vec::new();
    let mut rows = Vec::new();
    for adapter in adapters {
        let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
        for (n, job) in jobs.iter().enumerate() {
            // What only now and then goes wrong can begin in the middle of a job.
            for work in WORKS.into_iter().filter(|work| *work != Work::Worsening || now_and_then(adapter.2)) {
                for plain in [false, true] {
                    let ended = case(adapter, job, work, plain);
                    let name = match ended {
                        Ok(End::Right) => "right",
                        Ok(End::Refused) => "refused",
                        Ok(End::Finished) => "finished",
                        Err(why) => {
                            let mode = if plain { "plain" } else { "fast" };
                            faults
                                .push(format!("{} {} {work:?} {mode}, job {n}: {why}", adapter.0, adapter.3));
                            continue;
                        }
                    };
                    // The table has the small job's counts.
                    if n == 0 {
                        *tally.entry(name).or_default() += 1;
                    }
                }
            }
        }
        let count = |name| tally.get(name).copied().unwrap_or_default();
        let (right, refused, finished) = (count("right"), count("refused"), count("finished"));
        let cases = right + refused + finished;
        rows.push(format!("| {} | {} | {cases} | {right} | {refused} | {finished} |", adapter.3, adapter.0));
    }
    (rows.join("\n"), faults)
}

/// Nothing ended wrong, and the table is the kept one.
#[track_caller]
pub(super) fn as_kept((table, faults): (String, Vec<String>)) {
    println!("{table}");
    assert!(faults.is_empty(), "{} cases:\n{}", faults.len(), faults.join("\n"));
    let kept = include_str!("../../hw-notes/faults.md");
    assert!(kept.contains(&table), "hw-notes/faults.md has another table of quirks");
}

#[test]
fn every_quirk_ends_right_or_is_named_in_time_and_resume_finishes_it() {
    as_kept(matrix(&ADAPTERS));
}
