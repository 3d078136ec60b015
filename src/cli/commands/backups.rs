//! `backups`: what the store holds, and care for it.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::store;
use super::super::streams;
use super::super::table::{Cell, Table};
use super::super::terminal::Terminal;
use super::super::words;
use crate::desk::files::check_new;
use crate::desk::report::proof;
use crate::desk::stored::{Doubt, SINGLE, doubts, verify_backups};
use crate::desk::{self, Why};
use crate::units;
use crate::wire;
use crate::workflow::{ChipKey, Import, Manifest, Origin, contents_of_archive};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// `backups ...`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the backups, newest first
    List {
        /// Only those with this text in their name, id, part, board or unique id
        filter: Option<String>,
    },
    /// Give a backup a name for the list; an empty one removes it
    Name {
        /// The backup: its id, or the beginning of it
        #[arg(add = super::super::completion::backups())]
        id: String,
        /// The name, like "T480, Smith"
        name: String,
    },
    /// Remove backups that a newer one of the same chip equals, byte for byte, unless they have a name or a job refers to
    /// them
    Prune {
        /// Remove them without a question
        #[arg(long)]
        for_good: bool,
    },
    /// Show what is known of a backup
    Show {
        /// The backup: its id, or the beginning of it
        #[arg(add = super::super::completion::backups())]
        id: String,
    },
    /// Check every file of a backup, or of all, against its checksum
    Verify {
        /// The backup; without it, all of them
        #[arg(add = super::super::completion::backups())]
        id: Option<String>,
    },
    /// Import a dump made by another tool
    Import {
        /// The dump of the whole chip
        file: PathBuf,
        /// A second dump of the same chip, which must be equal
        #[arg(long, value_name = "FILE")]
        second: Option<PathBuf>,
        /// The board it was read from, for the list
        #[arg(long)]
        board: Option<String>,
        /// A name for it in the list
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
    },
    /// Copy a backup, checked, into a new folder
    Export {
        /// The backup: its id, or the beginning of it
        #[arg(add = super::super::completion::backups())]
        id: String,
        /// The folder to make
        dir: PathBuf,
    },
    /// Remove a backup; asks when it is the only one of its chip or with its contents, or when a job refers to it
    Remove {
        /// The backup: its id, or the beginning of it
        #[arg(add = super::super::completion::backups())]
        id: String,
        /// Remove it without a question, though nothing replaces it
        #[arg(long)]
        even_the_only_one: bool,
    },
}

/// Runs `backups`.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.verb.unwrap_or(Verb::List { filter: None }) {
        Verb::List { filter } => list(session, &filter.unwrap_or_default().to_lowercase()),
        Verb::Name { id, name } => {
            let store = store::open_locked(session)?;
            let manifest = store.rename(&store.find(&id)?, &name)?;
            let name = manifest.name.as_deref().unwrap_or("no name");
            session.out.line(format!("backup {}: {name}", manifest.id));
            Ok((Exit::Done, wire::backup(store.root(), &manifest)))
        }
        Verb::Prune { for_good } => prune(session, for_good),
        Verb::Show { id } => show(session, &id),
        Verb::Verify { id } => verify(session, id.as_deref()),
        Verb::Import { file, second, board, name } => {
            let source = file.display().to_string();
            let dump = |file: &Path| -> Result<Vec<u8>, Failure> {
                let bytes = streams::read(file)?;
                Ok(contents_of_archive(&bytes)?.unwrap_or(bytes))
            };
            let flash = dump(&file)?;
            let second = second.as_deref().map(dump).transpose()?;
            let chip = ChipKey::default();
            import(session, &Import { flash, second, source, chip, part: None, board, name })
        }
        Verb::Export { id, dir } => {
            let store = store::open(session)?;
            let id = store.find(&id)?;
            check_new(&dir)?;
            let path = store.export(&id, &dir)?;
            session.out.line(format!("backup {id} copied to {}", path.display()));
            Ok((Exit::Done, wire::backup_exported(&id, &path)))
        }
        Verb::Remove { id, even_the_only_one } => remove(session, &id, even_the_only_one),
    }
}

/// Removes what newer backups equal.
fn prune(session: &Session, for_good: bool) -> Outcome {
    let store = store::open_locked(session)?;
    let needless = store.needless()?;
    let ids: Vec<String> = needless.iter().map(|manifest| manifest.id.clone()).collect();
    if ids.is_empty() {
        session.out.line("nothing to remove: no backup equals a newer one of its chip");
        return Ok((Exit::Done, wire::backups_pruned(&ids, false)));
    }
    needless.iter().for_each(|m| session.out.line(format!("  {}  {}", m.id, units::size(m.size))));
    if session.options.dry_run {
        return Ok((Exit::Done, wire::backups_pruned(&ids, false)));
    }
    let front = Terminal::new(session).with_removal_allowed(for_good);
    desk::prune_backups(&front, &store, &ids).map_err(|refusal| front.failure(refusal))?;
    session.out.line(format!("{} removed", units::count(ids.len() as u64, "backup")));
    Ok((Exit::Done, wire::backups_pruned(&ids, true)))
}

fn fits(m: &Manifest, filter: &str) -> bool {
    let texts = [Some(&m.id), m.name.as_ref(), Some(&m.part), m.board.as_ref(), m.chip.unique_id.as_ref()];
    texts.into_iter().flatten().chain(&m.notes).any(|text| text.to_lowercase().contains(filter))
}

fn list(session: &Session, filter: &str) -> Outcome {
    let store = store::open(session)?;
    let listed = store.list()?;
    let (mut backups, mut damaged) = (Vec::new(), Vec::new());
    let mut table =
        Table::new(&["backup", "taken (UTC)", "part", ">size", "unique id", "board", "name", "from"]);
    for backup in &listed {
        match &backup.manifest {
            Ok(m) if !fits(m, filter) => {}
            Ok(m) => {
                backups.push(m);
                table.row(row(m));
            }
            Err(fault) => {
                damaged.push((backup.id.as_str(), fault.as_str()));
                table.row([backup.id.as_str().into(), Cell::toned(Tone::Bad, fault.as_str())]);
            }
        }
    }
    if listed.is_empty() {
        session
            .out
            .line(format!("no backups in {} yet; \"norsplice backup\" takes one", store.root().display()));
    } else {
        session.out.table(&table);
    }
    Ok((Exit::Done, wire::backups(store.root(), &backups, &damaged)))
}

fn row(m: &Manifest) -> [Cell; 8] {
    [
        m.id.as_str().into(),
        m.taken.get(..19).unwrap_or(&m.taken).replace('T', " ").into(),
        m.part.as_str().into(),
        units::size(m.size).into(),
        m.chip.unique_id.as_deref().unwrap_or("-").into(),
        m.board.as_deref().unwrap_or("-").into(),
        m.name.as_deref().unwrap_or_default().into(),
        m.programmer.as_str().into(),
    ]
}

fn show(session: &Session, id: &str) -> Outcome {
    let store = store::open(session)?;
    let m = store.manifest(&store.find(id)?)?;
    let out = &session.out;
    out.heading(&m.id);
    for (name, value) in [
        ("chip", format!("{} ({})", m.part, m.chip)),
        ("size", units::size(m.size)),
        ("sha256", m.sha256.clone()),
        ("taken", m.taken.clone()),
        ("from", m.programmer.clone()),
        ("proven by", proof(&m)),
        ("board", m.board.clone().unwrap_or_else(|| "not named".to_owned())),
        ("name", m.name.clone().unwrap_or_else(|| "none".to_owned())),
        ("folder", store.root().join(&m.id).display().to_string()),
    ] {
        out.line(format!("  {name:<10} {value}"));
    }
    for reread in &m.reads.rereads {
        let (at, bad) = (reread.address, reread.differing_bytes);
        out.line(format!("  read again {at:#08x}: {bad} bytes differed, {} reads", reread.reads));
    }
    for note in &m.notes {
        out.line(format!("  note       {note}"));
    }
    let mut table = Table::new(&["file", ">bytes", "sha256"]);
    for file in &m.files {
        table.row([file.name.as_str().into(), file.size.to_string().into(), file.sha256.as_str().into()]);
    }
    out.table(&table);
    Ok((Exit::Done, wire::backup_details(store.root(), &m)))
}

fn verify(session: &Session, id: Option<&str>) -> Outcome {
    let store = store::open(session)?;
    let (mut sound, mut damaged) = (Vec::new(), Vec::new());
    for (id, checked) in verify_backups(&store, id)? {
        match checked {
            Ok(m) => {
                session.out.line(format!("{id}  {}  {}", session.out.tone(Tone::Good, "intact"), m.sha256));
                sound.push(id);
            }
            Err(fault) => {
                session.out.line(format!("{id}  {}  {fault}", session.out.tone(Tone::Bad, "damaged")));
                damaged.push((id, fault));
            }
        }
    }
    let damaged: Vec<(&str, &str)> =
        damaged.iter().map(|(id, fault): &(String, String)| (id.as_str(), fault.as_str())).collect();
    if damaged.is_empty() {
        return Ok((Exit::Done, wire::backups_sound(&sound)));
    }
    let why = Why::BackupsDamaged { damaged: damaged.len(), all: damaged.len() + sound.len() };
    Err(Failure::from(why).with_fields(wire::backups_checked(&sound, &damaged)))
}

fn import(session: &Session, import: &Import) -> Outcome {
    let doubts = doubts(import)?;
    let store = store::open_locked(session)?;
    let m = store.import(import)?;
    session.out.line(format!("backup {} imported from {}", m.id, import.source));
    for doubt in doubts {
        session.out.warn(match doubt {
            Doubt::Finding(finding) => words::finding(&finding),
            Doubt::Check(text) => text,
        });
    }
    if m.origin == Origin::Import {
        session.out.warn(format!("{SINGLE}; give a second one with --second FILE"));
    }
    Ok((Exit::Done, wire::backup(store.root(), &m)))
}

fn remove(session: &Session, id: &str, even_the_only_one: bool) -> Outcome {
    let store = store::open_locked(session)?;
    let id = store.find(id)?;
    let front = Terminal::new(session).with_removal_allowed(even_the_only_one);
    desk::remove_backup(&front, &store, &id).map_err(|refusal| front.failure(refusal))?;
    session.out.line(format!("backup {id} removed"));
    Ok((Exit::Done, wire::stored_id(&id)))
}
