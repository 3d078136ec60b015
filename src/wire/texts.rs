//! Results that are a text or files: help, scripts, pages, commands in other words.

use super::Fields;
use crate::desk::demo::DemoBoard;
use serde_json::{Value, json};
use std::path::Path;

/// A text that was asked for.
pub fn text(text: &str) -> Fields {
    Fields::new().with("text", text)
}

/// A shell's completion script.
pub fn script(script: &str) -> Fields {
    Fields::new().with("script", script)
}

/// Files that were written.
pub fn files(files: &[impl AsRef<Path>]) -> Fields {
    let names: Vec<String> = files.iter().map(|file| file.as_ref().display().to_string()).collect();
    Fields::new().with("files", names)
}

/// `step`: a command that is run as if it had been typed.
pub fn step(run: &str) -> Fields {
    Fields::new().with("run", run)
}

/// What the demonstration made, in this folder.
pub fn demo(rewritten: Fields, folder: &Path) -> Fields {
    rewritten.with("dir", folder.display().to_string())
}

/// A board that was laid out to try things on.
pub fn demo_board(demo: &DemoBoard) -> Fields {
    Fields::new()
        .with("board", demo.board)
        .with("dump", demo.dump.display().to_string())
        .with("donor", demo.donor.display().to_string())
        .with("programmer", demo.programmer.as_str())
}

/// Another program's command line: the commands in its place, notes on them, and the results of those that were run.
pub fn translated(commands: &[String], notes: &[String], results: Vec<Fields>) -> Fields {
    let results: Vec<Value> = results.into_iter().map(Value::from).collect();
    Fields::new().with("commands", json!(commands)).with("notes", json!(notes)).with("results", results)
}

/// What a page shows.
#[derive(Clone, Copy, Debug)]
pub enum PageOf<'a> {
    /// A dump in a file.
    Dump(&'a Path),
    /// A backup, and the job that began with it.
    Backup {
        /// The backup.
        id: &'a str,
        /// The job.
        job: Option<&'a str>,
    },
}

/// A page that was written to `file`.
pub fn page(file: &Path, of: PageOf<'_>) -> Fields {
    let fields = Fields::new().with("file", file.display().to_string());
    match of {
        PageOf::Dump(path) => fields.with("dump", path.display().to_string()),
        PageOf::Backup { id, job } => fields.with("backup", id).with_some("job", job),
    }
}
