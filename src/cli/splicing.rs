//! What `splice` and `rewrite` share: which board, donors and sources are meant, and how a splice is shown.

use super::exit::Failure;
use super::files;
use super::json::Fields;
use super::session::Session;
use super::show::{Cell, Table, Tone, unknown};
use super::store;
use crate::image::anatomy::Anatomy;
use crate::image::finding::stopping;
use crate::image::{
    Allow, Board, Choice, Donor, Finding, Image, ImageError, Purpose, RegionRow, Severity, Spliced, UnitRow,
    checks, splice,
};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What shall be put together.
#[derive(Debug, Args)]
pub struct SpliceArgs {
    /// The board ("norsplice boards" lists them)
    #[arg(long, value_name = "BOARD")]
    pub board: String,

    /// A file to take regions from: vendor download, full dump, sysupgrade file; NAME= where there are several
    #[arg(long, value_name = "[NAME=]FILE")]
    pub donor: Vec<String>,

    /// Where a region comes from: own (the board's backup), blank, or a donor's name
    #[arg(long, value_name = "REGION=SOURCE")]
    pub set: Vec<String>,
}

/// The same checked, donors read.
#[derive(Debug)]
pub struct Recipe {
    /// The board.
    pub board: &'static Board,
    /// The donors.
    pub donors: Vec<Donor>,
    /// Sources, purpose, what is allowed.
    pub choice: Choice,
}

impl Recipe {
    /// Checks the words and reads the donors.
    ///
    /// # Errors
    /// Exit code 2 with what is wrong.
    pub fn read(args: &SpliceArgs, purpose: Purpose, session: &Session) -> Result<Self, Failure> {
        let board = Board::named(&args.board)?;
        let mut choice = Choice { allow: allow(session)?, purpose, ..Choice::default() };
        for text in &args.set {
            choice.set(text)?;
        }
        for name in choice.sources.keys() {
            board.region(name)?;
        }
        Ok(Self { board, donors: donors(&args.donor)?, choice })
    }

    /// Judges what can be judged before any chip is asked: the donors, and the splice where its base is known.
    ///
    /// # Errors
    /// Exit code 2 with every finding that stops the work.
    pub fn check_inputs(&self, base: Option<&Image>) -> Result<(), Failure> {
        if let Some(base) = base {
            return Ok(splice(base, &self.donors, self.board, &self.choice).map(drop)?);
        }
        let findings: Vec<Finding> =
            self.donors.iter().flat_map(|donor| Anatomy::of(donor, self.board).findings).collect();
        match stopping(&findings, &self.choice.allow) {
            findings if findings.is_empty() => Ok(()),
            findings => Err(ImageError::Refused { findings }.into()),
        }
    }
}

/// `--allow`, its names checked: a name that is no check's would silently allow nothing.
///
/// # Errors
/// Exit code 2 for a name that is no check's, or a check that cannot be passed over.
pub fn allow(session: &Session) -> Result<Allow, Failure> {
    let names = &session.options.allow;
    let known: Vec<&str> = checks::CHECKS
        .iter()
        .filter(|check| check.severity == Severity::Ask)
        .map(|check| check.name)
        .chain(["all"])
        .collect();
    for name in names {
        match checks::named(name) {
            Some(check) if check.severity == Severity::Refuse => {
                return Err(Failure::refused(format!("--allow {name}: this check cannot be passed over")));
            }
            Some(_) => {}
            None if name == "all" => {}
            None => return Err(Failure::refused(format!("--allow: {}", unknown("check", name, &known)))),
        }
    }
    Ok(Allow::new(names.iter().cloned()))
}

/// `[NAME=]FILE`, as often as given.
fn donors(texts: &[String]) -> Result<Vec<Donor>, Failure> {
    let mut donors: Vec<Donor> = Vec::new();
    for text in texts {
        let (name, file) = name_and_file(text);
        let name = match name {
            Some("own" | "blank") => {
                return Err(Failure::refused(format!(
                    "--donor {text}: 'own' and 'blank' name other sources"
                )));
            }
            Some(name) => name,
            None if texts.len() == 1 => "donor",
            None => {
                return Err(Failure::refused(format!("--donor {text}: several donors need names"))
                    .hint(format!("write --donor NAME={text}")));
            }
        };
        if donors.iter().any(|other| other.name == name) {
            return Err(Failure::refused(format!("--donor {text}: two donors are called '{name}'")));
        }
        donors.push(Donor::new(name, files::read(Path::new(file))?));
    }
    Ok(donors)
}

/// The name is what stands before the first `=`, where it looks like one and the whole is not itself a file.
fn name_and_file(text: &str) -> (Option<&str>, &str) {
    let plain = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    match text.split_once('=') {
        Some((name, file)) if plain(name) && !Path::new(text).exists() => (Some(name), file),
        _ => (None, text),
    }
}

/// A dump given as a file, or as the id of a backup.
///
/// # Errors
/// Exit code 2 where it is neither; the store's own where the backup is damaged.
pub fn base(text: &str, session: &Session) -> Result<Image, Failure> {
    let path = PathBuf::from(text);
    if path.exists() || text.contains(['/', '.']) {
        return Ok(files::read(&path)?.into());
    }
    let store = store::open(session)?;
    let id = store
        .find(text)
        .map_err(|error| Failure::refused(format!("'{text}' is neither a file nor a backup: {error}")))?;
    Ok(store.load(&id)?.flash.into())
}

/// Shows what becomes of each region, the data of the one unit side by side, and what the checks found.
pub fn show(session: &Session, spliced: &Spliced) {
    let out = &session.out;
    let mut table = Table::new(&["region", ">from", ">to", "source", ""]);
    for row in &spliced.regions {
        for line in region_rows(row) {
            table.row(line);
        }
    }
    out.table(&table);
    if !spliced.units.is_empty() {
        let mut table = Table::new(&["of this unit", "in", "backup", "result", ""]);
        for unit in &spliced.units {
            table.row(unit_row(unit));
        }
        out.line("");
        out.table(&table);
    }
    match (&spliced.loader_before, &spliced.loader_after) {
        (Some(before), Some(after)) if before == after => out.line(format!("\n  loader: {before}, kept")),
        (before, after) if before.is_some() || after.is_some() => {
            let text = |loader: &Option<String>| loader.clone().unwrap_or_else(|| "unknown".to_owned());
            out.line(format!("\n  loader: {} -> {}", text(before), text(after)));
        }
        _ => {}
    }
    findings(session, &spliced.findings);
}

/// Says what the checks found.
pub fn findings(session: &Session, findings: &[Finding]) {
    for finding in findings {
        match finding.severity {
            Severity::Tell => session.out.note(finding.to_string()),
            _ => session.out.warn(format!("{}: {} (allowed)", finding.name, finding.message)),
        }
    }
}

/// What a region keeps, or what it loses and gets, and why: a line each.
fn region_rows(row: &RegionRow) -> Vec<[Cell; 5]> {
    let mut texts = Vec::new();
    if row.changes {
        texts.push(Cell::from(format!("was  {}", row.was)));
        texts.push(Cell::toned(Tone::Warn, format!("now  {}", row.will_be)));
    } else {
        texts.push(Cell::toned(Tone::Good, format!("kept {}", row.was)));
    }
    texts.push(Cell::toned(Tone::Faint, row.why.as_str()));
    let mut head = [
        Cell::toned(Tone::Strong, row.name.as_str()),
        format!("{:#08x}", row.span.start).into(),
        format!("{:#08x}", row.span.end).into(),
        row.from.to_string().into(),
    ];
    texts
        .into_iter()
        .map(|text| {
            let [name, from, to, source] = std::mem::take(&mut head);
            [name, from, to, source, text]
        })
        .collect()
}

fn unit_row(unit: &UnitRow) -> [Cell; 5] {
    [
        unit.name.as_str().into(),
        unit.region.as_str().into(),
        unit.backup.as_str().into(),
        unit.result.as_str().into(),
        if unit.same { Cell::toned(Tone::Good, "kept") } else { Cell::toned(Tone::Bad, "changes") },
    ]
}

/// A splice for JSON.
pub fn fields(spliced: &Spliced) -> Fields {
    let regions: Vec<Value> = spliced
        .regions
        .iter()
        .map(|row| {
            json!({
                "name": row.name,
                "offset": row.span.start,
                "size": row.span.len(),
                "was": row.was,
                "will_be": row.will_be,
                "source": row.from.to_string(),
                "why": row.why,
                "changes": row.changes,
            })
        })
        .collect();
    let units: Vec<Value> = spliced
        .units
        .iter()
        .map(|unit| {
            json!({
                "name": unit.name,
                "region": unit.region,
                "offset": unit.span.start,
                "size": unit.span.len(),
                "kind": unit.kind.name(),
                "backup": unit.backup,
                "result": unit.result,
                "same": unit.same,
            })
        })
        .collect();
    Fields::new()
        .with("regions", regions)
        .with("per_unit", units)
        .with("findings", json!(spliced.findings))
        .with("loader_before", json!(spliced.loader_before))
        .with("loader_after", json!(spliced.loader_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_donor_may_have_a_name() {
        assert_eq!(name_and_file("web.bin"), (None, "web.bin"));
        assert_eq!(name_and_file("old=dir/a=b.bin"), (Some("old"), "dir/a=b.bin"));
        assert_eq!(name_and_file("./a=b.bin"), (None, "./a=b.bin"));
        assert!(donors(&["a.bin".into(), "b.bin".into()]).unwrap_err().message.contains("need names"));
        assert!(donors(&["own=a.bin".into()]).is_err());
    }
}
