//! `report ID -o FILE.html`: a backup or a job as one page to look at and to keep.

use super::super::exit::{Exit, Failure};
use super::super::json::Fields;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::subject::recognised;
use super::super::{files, jobs, store};
use super::otp;
use crate::image::inspect::inspect;
use crate::image::item::Item;
use crate::image::{Board, describe, sha256, unit};
use crate::report::{ChipFacts, Counts, OtpFacts, PerUnitRow, RegionRow, Report, page};
use crate::span::{Span, Spans};
use crate::units;
use crate::workflow::Store;
use crate::workflow::journal::{JobRecord, Over};
use crate::workflow::store::{Manifest, Origin};
use serde_json::Value;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Bytes of a cell.
const SECTOR: u64 = 4096;

/// `report ID`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A backup or a job: its id, or the beginning of it
    id: String,
    /// The page to write
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
}

/// Writes the page.
pub fn run(args: Args, session: &Session) -> Outcome {
    let (id, job) = write(session, &args.id, &args.output)?;
    session.out.line(format!("{}: open it in any browser", args.output.display()));
    let fields = Fields::new()
        .with("file", args.output.display().to_string())
        .with("backup", id)
        .with_some("job", job);
    Ok((Exit::Done, fields.into_map()))
}

/// Writes the page of the backup or job `text` to `path`; gives the ids of the backup and the job.
///
/// # Errors
/// Exit code 2 where it is neither; the store's own failures.
pub fn write(session: &Session, text: &str, path: &Path) -> Result<(String, Option<String>), Failure> {
    let store = store::open(session)?;
    let (id, job) = match store.find_job(text) {
        Ok(id) => (store.job_record(&id)?.header.backup.clone(), Some((store.job_record(&id)?, id))),
        Err(_) => (
            store.find(text).map_err(|error| {
                Failure::refused(format!("'{text}' is neither a job nor a backup: {error}"))
                    .hint("\"norsplice jobs list\" and \"norsplice backups list\" show what there is; --store names another folder")
            })?,
            None,
        ),
    };
    let stored = store.load(&id)?;
    let html = page(&build(session, &store, &stored.manifest, &stored.flash, job.as_ref())?);
    files::write(path, html.as_bytes())?;
    Ok((id, job.map(|(_, id)| id)))
}

fn build<'a>(
    session: &Session,
    store: &Store,
    manifest: &Manifest,
    before: &'a [u8],
    job: Option<&'a (JobRecord, String)>,
) -> Result<Report<'a>, Failure> {
    let record = job.map(|(record, _)| record);
    let about = record.and_then(|r| r.about.as_ref());
    let undone = record.is_some_and(|r| r.log.over == Some(Over::Restored));
    let after = record.filter(|_| !undone).and_then(|r| r.result.as_deref());
    let named = about.and_then(|a| a["board"].as_str()).or(manifest.board.as_deref());
    let (board, by) = board_of(named, before);
    let (otp, otp_verdict, status_registers) = companions(store, manifest)?;
    let mut facts = vec![
        ("Backup".to_owned(), manifest.id.clone()),
        ("Taken (UTC)".to_owned(), manifest.taken.clone()),
        ("From".to_owned(), manifest.programmer.clone()),
        ("Proven by".to_owned(), proof(manifest)),
    ];
    if let Some((record, id)) = job {
        facts.push(("Job".into(), format!("{id}, begun {}", record.header.begun)));
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
            .and_then(told_units)
            .or_else(|| Some(per_unit(board?, before, after.unwrap_or(before))))
            .unwrap_or_default(),
        regions: board.map_or_else(|| items(before), |board| regions(board, before, after, about)),
        before,
        after,
        before_sha256: manifest.sha256.clone(),
        after_sha256: after.map(sha256),
        sector: SECTOR,
        unstable: manifest.reads.rereads.iter().filter_map(|r| Span::at(r.address, r.len)).collect::<Spans>(),
        counts: Counts { rows: about.map_or_else(Vec::new, work) },
        findings: about.map_or_else(Vec::new, findings),
        recipe: about.and_then(|a| a["recipe"].as_str()).map(str::to_owned),
        commands: commands(session, manifest, job.filter(|(record, _)| record.log.over.is_none())),
    })
}

/// The board that was named, or else the one that the contents name; and in words how that is known.
fn board_of(named: Option<&str>, dump: &[u8]) -> (Option<Cow<'static, Board>>, &'static str) {
    let known = named.and_then(|name| Board::named(name).ok()).map(Cow::Borrowed);
    if known.is_some() {
        return (known, "");
    }
    match (named, recognised(dump)) {
        (Some(name), Some(found)) if found.board.name != name => (None, ""),
        (Some(_), found) => (found.map(|found| found.board), ""),
        (None, found) => (found.map(|found| found.board), ", by its contents"),
    }
}

/// Why the backup's bytes can be believed.
fn proof(manifest: &Manifest) -> String {
    let reads = &manifest.reads;
    match manifest.origin {
        Origin::ImportTwice => "two dumps that agree".to_owned(),
        Origin::Import => "nothing: it was taken over from a single dump".to_owned(),
        Origin::Read if reads.rereads.is_empty() => format!("{} reads that agree", reads.passes),
        Origin::Read => {
            let bytes: u64 = reads.rereads.iter().map(|r| r.differing_bytes).sum();
            format!(
                "{} reads that agree but for {} in {}, settled by reading those again",
                reads.passes,
                units::count(bytes, "byte"),
                units::count(reads.rereads.len() as u64, "place")
            )
        }
    }
}

/// What a backup without a job has to say first.
fn kept(manifest: &Manifest) -> (&'static str, bool) {
    match manifest.origin {
        Origin::Import => ("Kept, but nothing proves that the dump was read rightly.", false),
        _ => ("Kept and sound: every file fits its checksum.", true),
    }
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

/// What can be typed next.
fn commands(
    session: &Session,
    manifest: &Manifest,
    open: Option<&(JobRecord, String)>,
) -> Vec<(String, String)> {
    let mut list = Vec::new();
    if let Some((_, id)) = open {
        list.push((jobs::command(session, &format!("resume {id}")), "finish the job".to_owned()));
        list.push((
            jobs::command(session, &format!("resume --undo {id}")),
            "put the backup back instead".to_owned(),
        ));
    } else {
        list.push((
            jobs::command(session, &format!("restore {}", manifest.id)),
            "these contents back onto their chip".to_owned(),
        ));
    }
    list.push((
        jobs::command(session, &format!("diff {} chip", manifest.id)),
        "what the chip on the clip holds now, against this backup".to_owned(),
    ));
    list
}

/// Security registers, what they mean, and status registers, as the backup's companions have them.
fn companions(store: &Store, manifest: &Manifest) -> Result<(Vec<OtpFacts>, String, Vec<String>), Failure> {
    let none = || "The backup holds no security registers.".to_owned();
    let Some(bytes) = store.companion(&manifest.id, "status.json")? else {
        return Ok((Vec::new(), none(), Vec::new()));
    };
    let status: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::failed(format!("status.json of {}: {error}", manifest.id)))?;
    let registers = status["security_registers"].as_array().map_or(&[][..], Vec::as_slice);
    let otp: Vec<OtpFacts> = registers
        .iter()
        .map(|r| OtpFacts {
            index: r["index"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            size: r["size"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
            blank: r["blank"].as_bool().unwrap_or(false),
            locked: r["locked"].as_bool(),
        })
        .collect();
    let verdict = if otp.is_empty() {
        none()
    } else {
        let locks: Vec<Option<bool>> = otp.iter().map(|r| r.locked).collect();
        otp::verdict(otp.len(), otp.iter().all(|r| r.blank), otp::any_locked(&locks))
    };
    let list = status["status_registers"].as_object().map_or_else(Vec::new, |object| {
        object.values().filter_map(Value::as_u64).map(|value| format!("{value:02x}")).collect()
    });
    Ok((otp, verdict, list))
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

/// The per-unit data as the job told it: with what was found by its form alone.
fn told_units(about: &Value) -> Option<Vec<PerUnitRow>> {
    let rows = about["per_unit"].as_array()?.iter().filter_map(|row| {
        Some(PerUnitRow {
            name: row["name"].as_str()?.to_owned(),
            span: Span::at(row["offset"].as_u64()?, row["size"].as_u64()?)?,
            before: row["backup"].as_str()?.to_owned(),
            after: row["result"].as_str()?.to_owned(),
        })
    });
    Some(rows.collect())
}

fn regions(board: &Board, before: &[u8], after: Option<&[u8]>, about: Option<&Value>) -> Vec<RegionRow> {
    let source = |name: &str| {
        let row = about?["regions"].as_array()?.iter().find(|row| row["name"] == name)?;
        let (from, why) = (row["source"].as_str()?, row["why"].as_str().unwrap_or_default());
        Some(format!("From: {from}{}{why}.", if why.is_empty() { "" } else { "; " }))
    };
    let show = |bytes: &[u8], region: &crate::image::Region| {
        region.span.of(bytes).map_or_else(|| "not in these bytes".to_owned(), |b| describe::region(b, region))
    };
    let row = |region: &crate::image::Region| RegionRow {
        name: region.name.clone(),
        span: region.span,
        was: show(before, region),
        now: show(after.unwrap_or(before), region),
        source: source(&region.name).unwrap_or_default(),
    };
    board.layout.regions.iter().map(row).collect()
}

/// Without a board's map: what the contents themselves show.
fn items(bytes: &[u8]) -> Vec<RegionRow> {
    let found = inspect(bytes);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let outer = found.items.iter().filter(|item| item.depth == 0);
    let row = |item: &Item| {
        let known = item.attributes.iter().map(|(name, value)| format!("{name} {}", text(value)));
        let known = known.collect::<Vec<_>>().join(", ");
        Some(RegionRow {
            name: item.kind.to_owned(),
            span: Span::at(item.offset, item.size)?,
            was: known.clone(),
            now: known,
            source: "Found by its form; no map of this board is known.".to_owned(),
        })
    };
    outer.filter_map(row).collect()
}

/// What the checks of the job said.
fn findings(about: &Value) -> Vec<String> {
    let list = about["findings"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |finding: &Value| {
        let (name, message) = (finding["name"].as_str()?, finding["message"].as_str()?);
        let allowed = if finding["severity"] == "ask" { " (allowed by the user)" } else { "" };
        Some(format!("{name}: {message}{allowed}"))
    };
    list.iter().filter_map(text).collect()
}

/// What the job counted.
fn work(about: &Value) -> Vec<(String, String)> {
    let bytes = |name: &str| about[name].as_u64().map(units::size);
    [
        ("Read for the backup", bytes("backup_bytes_read")),
        ("Erased", bytes("bytes_erased")),
        ("Programmed", bytes("bytes_programmed")),
        ("Read back to verify", bytes("bytes_verified")),
        ("Blocks tried again", about["retries"].as_u64().map(|n| n.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}
