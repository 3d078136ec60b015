//! `report ID -o FILE.html`: a backup or a job as one page to look at and to keep.

use super::super::exit::{Exit, Failure};
use super::super::json::Fields;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::{files, store};
use super::otp;
use crate::image::{Board, describe, sha256, unit};
use crate::report::{ChipFacts, Counts, OtpFacts, PerUnitRow, RegionRow, Report, page};
use crate::span::{Span, Spans};
use crate::units;
use crate::workflow::Store;
use crate::workflow::journal::{JobRecord, Over};
use crate::workflow::store::Manifest;
use serde_json::Value;
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
            })?,
            None,
        ),
    };
    let stored = store.load(&id)?;
    let html = page(&build(&store, &stored.manifest, &stored.flash, job.as_ref())?);
    files::write(path, html.as_bytes())?;
    Ok((id, job.map(|(_, id)| id)))
}

fn build<'a>(
    store: &Store,
    manifest: &Manifest,
    before: &'a [u8],
    job: Option<&'a (JobRecord, String)>,
) -> Result<Report<'a>, Failure> {
    let record = job.map(|(record, _)| record);
    let about = record.and_then(|r| r.about.as_ref());
    let after = record.and_then(|r| r.result.as_deref());
    let named = about.and_then(|a| a["board"].as_str()).or(manifest.board.as_deref());
    let board = named.and_then(|name| Board::named(name).ok());
    let (otp, otp_verdict, status_registers) = companions(store, manifest)?;
    let mut facts = vec![
        ("Backup".to_owned(), manifest.id.clone()),
        ("Taken (UTC)".to_owned(), manifest.taken.clone()),
        ("Programmer".to_owned(), manifest.programmer.clone()),
    ];
    if let Some((record, id)) = job {
        facts.push(("Job".into(), format!("{id}, begun {}", record.header.begun)));
        facts.push(("State of the chip".into(), state(record).into()));
    }
    let title = match (job, named) {
        (Some((record, _)), Some(board)) => format!("{} of {board}", capital(record.header.verb.name())),
        (Some((record, _)), None) => format!("{} of {}", capital(record.header.verb.name()), manifest.part),
        (None, Some(board)) => format!("Backup of {board}"),
        (None, None) => format!("Backup of {}", manifest.part),
    };
    Ok(Report {
        title,
        facts,
        board: named.map(str::to_owned),
        chip: ChipFacts {
            part: manifest.part.clone(),
            jedec_id: manifest.chip.jedec_id.clone().unwrap_or_else(|| "not known".into()),
            unique_id: manifest.chip.unique_id.clone(),
            status_registers,
        },
        otp,
        otp_verdict,
        per_unit: board.map_or_else(Vec::new, |board| per_unit(board, before, after.unwrap_or(before))),
        regions: board.map_or_else(Vec::new, |board| regions(board, before, after.unwrap_or(before), about)),
        before,
        after,
        before_sha256: manifest.sha256.clone(),
        after_sha256: after.map(sha256),
        sector: SECTOR,
        unstable: manifest.reads.rereads.iter().filter_map(|r| Span::at(r.address, r.len)).collect::<Spans>(),
        counts: Counts { rows: about.map_or_else(Vec::new, work) },
        recipe: about.and_then(|a| a["recipe"].as_str()).map(str::to_owned),
    })
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

fn state(record: &JobRecord) -> &'static str {
    match record.log.over {
        Some(Over::Written) => "written and verified",
        Some(Over::Restored) => "undone: the backup's contents are on the chip again",
        Some(Over::Dropped) => "given up: the chip was left as it was at that moment",
        None => "PARTLY WRITTEN: finish or undo it with \"norsplice resume\"",
    }
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
        otp::verdict(otp.len(), otp.iter().all(|r| r.blank), otp.iter().any(|r| r.locked == Some(true)))
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

fn regions(board: &Board, before: &[u8], after: &[u8], about: Option<&Value>) -> Vec<RegionRow> {
    let source = |name: &str| {
        let rows = about?["regions"].as_array()?;
        let row = rows.iter().find(|row| row["name"] == name)?;
        Some(format!(" (from {})", row["source"].as_str()?))
    };
    let show = |bytes: &[u8], region: &crate::image::Region| {
        region.span.of(bytes).map_or_else(|| "not in these bytes".to_owned(), |b| describe::region(b, region))
    };
    board
        .layout
        .regions
        .iter()
        .map(|region| RegionRow {
            name: region.name.clone(),
            span: region.span,
            was: show(before, region),
            now: show(after, region) + &source(&region.name).unwrap_or_default(),
        })
        .collect()
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
