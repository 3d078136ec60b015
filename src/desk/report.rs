//! A backup or a job as a page: what the store, the board's map and the job's record have to show.

use super::Refusal;
use super::about::About;
use super::why::{Sought, Why};
use super::{attributes, regions};
use crate::image::container::item::Item;
use crate::image::inspect::inspect;
use crate::image::{Board, Severity, describe, sha256, unit};
use crate::report::{
    ChipFacts, JobCounts, OtpFacts, PageRegion, PerUnitRow, RecipeFacts, Report, otp_verdict, page,
};
use crate::span::{Span, Spans};
use crate::units;
use crate::workflow::journal::{JobRecord, Over};
use crate::workflow::{Import, Manifest, Origin};
use crate::workflow::{Store, StoredStatus};
use std::borrow::Cow;

/// Bytes of a cell.
const SECTOR: u64 = 4096;

/// What can be done next with a backup or job. A front end has the command or button for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep<'a> {
    /// Finish this open job.
    Finish(&'a str),
    /// Put the backup back in place of this open job.
    Undo(&'a str),
    /// Put this backup back onto its chip.
    Restore(&'a str),
    /// Compare the chip on the clip with this backup.
    Compare(&'a str),
    /// Repeat the job by its recipe, saved as `recipe.toml`.
    Repeat,
}

/// A backup or job, loaded from the store.
#[derive(Debug)]
pub struct Dossier {
    /// The backup: of the job, or the one that is meant itself.
    pub manifest: Manifest,
    /// Its contents.
    flash: Vec<u8>,
    /// The job with its id, where one is meant.
    job: Option<(JobRecord, String)>,
}

impl Dossier {
    /// Loads the job or backup that `text` names: its id, or the beginning of it.
    ///
    /// # Errors
    /// [`Why::NotFound`]; [`Why::Store`] for one that is damaged.
    pub fn load(store: &Store, text: &str) -> Result<Self, Refusal> {
        let (id, job) = match store.find_job(text) {
            Ok(id) => {
                let record = store.job_record(&id)?;
                (record.header.backup.clone(), Some((record, id)))
            }
            Err(_) => {
                let not_found =
                    |error| Why::NotFound { text: text.to_owned(), sought: Sought::JobOrBackup, error };
                (store.find(text).map_err(not_found)?, None)
            }
        };
        let stored = store.load(&id)?;
        Ok(Self { manifest: stored.manifest, flash: stored.flash, job })
    }

    /// The dump in a file, as if it had been taken over into a store: that store comes with it.
    ///
    /// # Errors
    /// [`Why::Store`] where there is no room for one.
    pub(crate) fn of_dump(source: String, flash: Vec<u8>) -> Result<(Store, Self), Refusal> {
        let board = regions::board_of(&flash).map(|found| found.board.name.clone());
        let board = board.filter(|name| Board::named(name).is_ok());
        let store = Store::temporary()?;
        let manifest = store.import(&Import { flash, source, board, ..Import::default() })?;
        let dossier = Self::load(&store, &manifest.id)?;
        Ok((store, dossier))
    }

    /// Id of the job, where one is meant.
    pub fn job(&self) -> Option<&str> {
        self.job.as_ref().map(|(_, id)| id.as_str())
    }

    /// The page as HTML. `words` gives the command for a next step, and what it does.
    ///
    /// # Errors
    /// [`Why::Store`] for a backup that is damaged.
    pub fn page(
        &self,
        store: &Store,
        words: &dyn Fn(NextStep<'_>) -> (String, String),
    ) -> Result<String, Refusal> {
        Ok(page(&build(store, &self.manifest, &self.flash, self.job.as_ref(), words)?))
    }
}

fn build<'a>(
    store: &Store,
    manifest: &Manifest,
    before: &'a [u8],
    job: Option<&'a (JobRecord, String)>,
    words: &dyn Fn(NextStep<'_>) -> (String, String),
) -> Result<Report<'a>, Refusal> {
    let record = job.map(|(record, _)| record);
    let (about, lost) = match record.and_then(|r| r.about.as_deref()).map(About::from_bytes) {
        Some(Ok(about)) => (Some(about), None),
        Some(Err(fault)) => (None, Some(fault)),
        None => (None, None),
    };
    let about = about.as_ref();
    let undone = record.is_some_and(|r| r.log.over == Some(Over::Restored));
    let after = record.filter(|_| !undone).and_then(|r| r.result.as_deref());
    let named = about.and_then(|about| about.board.as_deref()).or(manifest.board.as_deref());
    let (board, by) = board_of(named, before);
    let (otp, otp_verdict, status_registers) = registers(store, manifest)?;
    let mut facts = vec![
        ("Backup".to_owned(), manifest.id.clone()),
        ("Taken (UTC)".to_owned(), manifest.taken.clone()),
        ("From".to_owned(), manifest.programmer.clone()),
        ("Verified by".to_owned(), proof(manifest)),
    ];
    if let Some((record, id)) = job {
        facts.push(("Job".into(), format!("{id}, begun {}", record.header.begun)));
    }
    facts.extend(protected(manifest, store)?.map(|what| ("Write-protected then".to_owned(), what)));
    facts.push(("Version of the program".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    if let Some(fault) = lost {
        facts.push(("Details of the job".into(), format!("not shown: {fault}")));
    }
    let of = board.as_ref().map_or(manifest.part.as_str(), |board| board.name.as_str());
    let (verdict, good) = record.map_or_else(|| kept(manifest), state);
    let label = board.as_ref().map(|board| format!("{} ({}){by}", board.model, board.name));
    let board = board.as_deref();
    Ok(Report {
        title: record.map_or_else(
            || format!("Backup of {of}"),
            |record| format!("{} of {of}", capital(record.header.verb.name())),
        ),
        verdict: verdict.to_owned(),
        good,
        facts,
        board: label.or_else(|| named.map(str::to_owned)),
        chip: ChipFacts {
            part: manifest.part.clone(),
            jedec_id: manifest.chip.jedec_id.clone().unwrap_or_else(|| "not known".into()),
            unique_id: manifest.chip.unique_id.clone(),
            status_registers,
        },
        otp,
        otp_verdict: sentence(&otp_verdict),
        per_unit: about
            .and_then(recorded_units)
            .or_else(|| Some(per_unit(board?, before, after.unwrap_or(before))))
            .unwrap_or_default(),
        regions: board.map_or_else(|| items(before), |board| regions(board, before, after, about)),
        before,
        after,
        before_sha256: manifest.sha256.clone(),
        after_sha256: after.map(sha256),
        sector: SECTOR,
        unstable: manifest.reads.rereads.iter().filter_map(|r| Span::at(r.address, r.len)).collect::<Spans>(),
        counts: JobCounts { rows: about.map_or_else(Vec::new, work) },
        findings: about.map_or_else(Vec::new, findings),
        recipe: about.and_then(|about| about.recipe.clone()).map(|text| {
            let (command, _) = words(NextStep::Repeat);
            RecipeFacts { text, command }
        }),
        commands: next_steps(manifest, job.filter(|(record, _)| record.log.over.is_none()))
            .into_iter()
            .map(words)
            .collect(),
    })
}

/// The board that was named, or else the one that the contents name; and in words how that is known.
fn board_of(named: Option<&str>, dump: &[u8]) -> (Option<Cow<'static, Board>>, &'static str) {
    let known = named.and_then(|name| Board::named(name).ok()).map(Cow::Borrowed);
    if known.is_some() {
        return (known, "");
    }
    match (named, regions::board_of(dump)) {
        (Some(name), Some(found)) if found.board.name != name => (None, ""),
        (Some(_), found) => (found.map(|found| found.board), ""),
        (None, found) => (found.map(|found| found.board), ", by its contents"),
    }
}

/// What proves the backup's bytes.
pub fn proof(manifest: &Manifest) -> String {
    let reads = &manifest.reads;
    let passes = match (manifest.origin, &reads.known_from) {
        (Origin::ImportTwice, _) => return "two dumps that agree".to_owned(),
        (Origin::Import, _) => return "nothing: it was taken over from a single dump".to_owned(),
        (Origin::Read, Some(known)) => format!("one pass that agrees with what backup {known} proved"),
        // Backups of older versions do not say how they were read.
        (Origin::Read, None) if reads.proven.is_empty() => format!("{} reads that agree", reads.passes),
        (Origin::Read, None) => {
            format!("{} passes that differ in engine, command, order and lengths, and agree", reads.passes)
        }
    };
    if reads.rereads.is_empty() {
        return passes;
    }
    let bytes: u64 = reads.rereads.iter().map(|r| r.differing_bytes).sum();
    let (bytes, places) = (units::count(bytes, "byte"), units::count(reads.rereads.len() as u64, "place"));
    format!("{passes} but for {bytes} in {places}, settled by reading those again")
}

/// What a backup without a job has to say first.
fn kept(manifest: &Manifest) -> (&'static str, bool) {
    match manifest.origin {
        Origin::Import => ("Kept, but nothing proves that the dump was read rightly.", false),
        _ => ("Backup intact: all checksums match.", true),
    }
}

/// What was write-protected when the backup was taken; none where it does not say.
fn protected(manifest: &Manifest, store: &Store) -> Result<Option<String>, Refusal> {
    let Some(status) = StoredStatus::load(store, &manifest.id)? else { return Ok(None) };
    let spans: Spans = status.protected_ranges.iter().map(|(start, end)| Span::new(*start, *end)).collect();
    Ok(Some(match (spans.is_empty(), status.protection_known) {
        (_, false) => "not known".to_owned(),
        (true, true) => "nothing".to_owned(),
        (false, true) => spans.to_string(),
    }))
}

fn sentence(text: &str) -> String {
    let text = capital(text);
    if text.ends_with('.') { text } else { text + "." }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

fn state(record: &JobRecord) -> (&'static str, bool) {
    match record.log.over {
        Some(Over::Written) => ("Written and verified.", true),
        Some(Over::Restored) => ("Undone: the backup's contents are on the chip again.", true),
        Some(Over::Dropped) => (
            "Given up: the chip was left as it was at that moment. What is shown as after is what was wanted.",
            false,
        ),
        None => (
            "PARTLY WRITTEN: finish or undo it before the board is powered. What is shown as after is what was wanted.",
            false,
        ),
    }
}

/// What can be done next; `open` is a job that is not over.
fn next_steps<'a>(manifest: &'a Manifest, open: Option<&'a (JobRecord, String)>) -> Vec<NextStep<'a>> {
    let compare = NextStep::Compare(&manifest.id);
    match open {
        Some((_, id)) => vec![NextStep::Finish(id), NextStep::Undo(id), compare],
        None => vec![NextStep::Restore(&manifest.id), compare],
    }
}

/// Security registers, what they mean, and status registers by name, as the backup has them.
type Registers = (Vec<OtpFacts>, String, Vec<(&'static str, u8)>);

fn registers(store: &Store, manifest: &Manifest) -> Result<Registers, Refusal> {
    let none = || "The backup holds no security registers.".to_owned();
    let Some(status) = StoredStatus::load(store, &manifest.id)? else {
        return Ok((Vec::new(), none(), Vec::new()));
    };
    let otp: Vec<OtpFacts> = status
        .security_registers
        .iter()
        .map(|r| OtpFacts { index: r.index.into(), size: r.size, blank: r.blank, locked: r.locked })
        .collect();
    let verdict = if otp.is_empty() {
        none()
    } else {
        let locks: Vec<Option<bool>> = otp.iter().map(|r| r.locked).collect();
        otp_verdict(otp.len(), otp.iter().all(|r| r.blank), &locks)
    };
    Ok((otp, verdict, status.status_registers.named()))
}

fn per_unit(board: &Board, before: &[u8], after: &[u8]) -> Vec<PerUnitRow> {
    let show = |bytes: &[u8], per: &crate::image::PerUnit| {
        per.span.of(bytes).map_or_else(|| "not in these bytes".to_owned(), |bytes| unit::show(bytes, per))
    };
    board
        .layout
        .per_unit()
        .map(|(_, per)| PerUnitRow {
            name: per.name.clone(),
            span: per.span,
            before: show(before, per),
            after: show(after, per),
        })
        .collect()
}

/// The per-unit data as the job recorded it: with what was found by its form alone.
fn recorded_units(about: &About) -> Option<Vec<PerUnitRow>> {
    let rows = about.per_unit.as_ref()?.iter().filter_map(|row| {
        Some(PerUnitRow {
            name: row.name.clone(),
            span: Span::at(row.offset, row.size)?,
            before: row.backup.clone(),
            after: row.result.clone(),
        })
    });
    Some(rows.collect())
}

fn regions(board: &Board, before: &[u8], after: Option<&[u8]>, about: Option<&About>) -> Vec<PageRegion> {
    let source = |name: &str| {
        let row = about?.regions.as_ref()?.iter().find(|row| row.name == name)?;
        let (from, why) = (&row.source, &row.why);
        Some(format!("From: {from}{}{why}.", if why.is_empty() { "" } else { "; " }))
    };
    let show = |bytes: &[u8], region: &crate::image::Region| {
        region.span.of(bytes).map_or_else(|| "not in these bytes".to_owned(), |b| describe::region(b, region))
    };
    let around =
        |region: &crate::image::Region| region.inside.as_ref().map(|outer| format!("Inside {outer}."));
    let row = |region: &crate::image::Region| PageRegion {
        name: region.name.clone(),
        span: region.span,
        was: show(before, region),
        now: show(after.unwrap_or(before), region),
        source: around(region).into_iter().chain(source(&region.name)).collect::<Vec<_>>().join(" "),
    };
    board.layout.regions.iter().map(row).collect()
}

/// Without a board's map: what the contents themselves show.
fn items(bytes: &[u8]) -> Vec<PageRegion> {
    let found = inspect(bytes);
    let outer = found.items.iter().filter(|item| item.depth == 0);
    let row = |item: &Item| {
        let known = item.attributes.iter().flat_map(|(name, value)| attributes::text(name, value));
        let known = known.collect::<Vec<_>>().join(", ");
        Some(PageRegion {
            name: item.kind.name().to_owned(),
            span: Span::at(item.offset, item.size)?,
            was: known.clone(),
            now: known,
            source: "Found by its form; no map of this board is known.".to_owned(),
        })
    };
    outer.filter_map(row).collect()
}

/// What the checks of the job found.
fn findings(about: &About) -> Vec<String> {
    let found = about.findings.iter().flatten();
    found
        .map(|finding| {
            let allowed = if finding.severity == Severity::Ask { " (allowed by the user)" } else { "" };
            format!("{}: {}{allowed}", finding.name, finding.message)
        })
        .collect()
}

/// What the job counted.
fn work(about: &About) -> Vec<(String, String)> {
    let Some(done) = &about.counted else { return Vec::new() };
    let rows = [
        ("Read for the backup", units::size(done.backup_bytes_read)),
        ("Erased", units::size(done.bytes_erased)),
        ("Programmed", units::size(done.bytes_programmed)),
        ("Read back to verify", units::size(done.bytes_verified)),
        ("Blocks tried again", done.retries.to_string()),
    ];
    rows.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
