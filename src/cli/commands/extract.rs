//! `extract FILE -o DIR`: the parts of an update file, capsule or archive, each into a file of its own, with a list.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::streams;
use super::super::table::{Cell, Table};
use crate::desk::files::check_apart;
use crate::image::donor::contents::LIST;
use crate::image::{Content, contents, sha256};
use crate::units;
use crate::wire;
use std::path::PathBuf;

/// `extract FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: update program, capsule, archive; - is standard input
    file: PathBuf,

    /// The folder to write the parts and the list into; without it, they are only shown
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Takes a file apart. What is damaged, closed or nothing known is refused, and nothing is written then.
pub fn run(args: Args, session: &Session) -> Outcome {
    let bytes = streams::read(&args.file)?;
    let file = args.file.display().to_string();
    let parts = contents(&bytes, &file)?;
    let digest = sha256(&bytes);
    show(session, &file, &parts);
    let Some(dir) = args.output else {
        return Ok((Exit::Done, wire::extracted(&file, &digest, &parts, &[])));
    };
    let mut files: Vec<(String, Vec<u8>)> =
        parts.iter().map(|part| (part.file_name(), part.bytes.clone())).collect();
    files.push((LIST.to_owned(), wire::extracted_text(&file, &digest, &parts)));
    for (name, _) in &files {
        check_apart(&dir.join(name), &[&args.file]).map_err(Failure::from)?;
    }
    let written = streams::write_into(session, &dir, &files)?;
    let count = units::count(parts.len() as u64, "part");
    session.out.line(format!("{count} and the list {LIST} written into {}", dir.display()));
    Ok((Exit::Done, wire::extracted(&file, &digest, &parts, &written)))
}

fn show(session: &Session, file: &str, parts: &[Content]) {
    let out = &session.out;
    let within = parts.first().map_or(String::new(), |part| part.within[0].clone());
    out.line(format!("{file}: {}", out.tone(Tone::Strong, &within)));
    let mut table = Table::new(&["part", "for", ">size", "state", ">in the file", ">on the chip", "facts"]);
    for part in parts {
        let hex = |at: Option<u64>| at.map_or(String::new(), |at| format!("{at:#x}"));
        let tone = if part.state == "plain" { Tone::Good } else { Tone::Warn };
        table.row([
            Cell::toned(Tone::Strong, part.name.as_str()),
            part.target.into(),
            units::size(part.bytes.len() as u64).into(),
            Cell::toned(tone, part.state),
            hex(part.span.map(|span| span.start)).into(),
            hex(part.place).into(),
            facts(part).into(),
        ]);
    }
    out.table(&table);
}

fn facts(part: &Content) -> String {
    let mut facts = vec![part.kind.clone()];
    facts.extend(part.version.iter().map(|version| format!("version {version}")));
    facts.extend(part.models.iter().map(|models| format!("for {models}")));
    facts.extend(part.piece_of.iter().map(|whole| format!("a piece of {whole}")));
    facts.extend(
        part.checks.iter().filter(|check| !check.detail.is_empty()).map(|check| check.detail.clone()),
    );
    facts.join(", ")
}
