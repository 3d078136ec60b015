//! Where words go: results to stdout, or JSON lines in their place; notes, warnings and questions to stderr.
//!
//! A reader that has gone (`| head`) ends no job: what it does not take is dropped, and the exit code still shows how
//! the job ended. A full disk that stdout is redirected to is different: the result is lost, and that is reported.

use super::flow::flowed;
use super::show::{Paint, Tone};
use super::table::Table;
use crate::wire::{self, Fields};
use indicatif::{MultiProgress, ProgressDrawTarget};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::process::{Child, Command, Stdio};

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Results and errors only.
    Quiet,
    /// And what is being done.
    Normal,
    /// And how.
    Verbose,
}

/// The program's output.
#[derive(Debug)]
pub struct Output {
    json: bool,
    verbosity: Verbosity,
    out: Paint,
    err: Paint,
    lost: Cell<bool>,
    /// Standard output carries the data of a command; lines of the result go to standard error.
    data_on_stdout: Cell<bool>,
    /// Where results go while a pager shows them.
    pager: RefCell<Option<Child>>,
    /// One of several jobs at the same time.
    side: Option<Side>,
}

/// A pager that shows results; it ends with this.
pub struct Paging<'a>(&'a Output);

impl Drop for Paging<'_> {
    fn drop(&mut self) {
        if let Some(mut pager) = self.0.pager.take() {
            // It ends when its input does and the reader has seen enough.
            drop(pager.stdin.take());
            let _ = pager.wait();
        }
    }
}

/// What distinguishes the output of one job from that of others at the same time.
#[derive(Clone, Debug)]
struct Side {
    /// In front of every line for people.
    label: String,
    /// The programmer of every event, as in `-p`.
    programmer: String,
    /// The bars of all of them.
    bars: MultiProgress,
}

impl Output {
    /// Output on the process's stdout and stderr.
    pub fn new(json: bool, verbosity: Verbosity) -> Self {
        let out = if json { Paint::plain() } else { Paint::for_stream(&std::io::stdout()) };
        Self {
            json,
            verbosity,
            out,
            err: Paint::for_stream(&std::io::stderr()),
            lost: Cell::new(false),
            data_on_stdout: Cell::new(false),
            pager: RefCell::default(),
            side: None,
        }
    }

    /// The same, in colours always or never.
    pub fn coloured(mut self, on: bool) -> Self {
        self.err = Paint::forced(on);
        self.out = if self.json { Paint::plain() } else { self.err };
        self
    }

    /// The output of the job on one of several programmers: `label` is before each of its lines, `programmer`
    /// in each of its events, and its bars among those of the others.
    pub fn labelled_as(&self, label: &str, programmer: &str, bars: &MultiProgress) -> Self {
        let side = Side { label: format!("[{label}] "), programmer: programmer.into(), bars: bars.clone() };
        let (lost, data_on_stdout) = (Cell::new(false), Cell::new(false));
        Self { side: Some(side), lost, data_on_stdout, pager: RefCell::default(), ..*self }
    }

    /// What is before each line, and the group of progress bars, for one of several jobs.
    pub fn side(&self) -> Option<(&str, &MultiProgress)> {
        self.side.as_ref().map(|side| (side.label.as_str(), &side.bars))
    }

    /// Leaves standard output to the data of a command: lines of the result go to standard error, not with `-q`.
    pub fn leave_stdout_to_data(&self) {
        self.data_on_stdout.set(true);
    }

    /// How much is said.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// True when something could not be written to stdout (a full disk under a redirection).
    pub fn lost(&self) -> bool {
        self.lost.get()
    }

    /// Shows what follows page by page where a terminal shows it: `PAGER`, or less. Without a pager it is printed as it is.
    pub fn page(&self) -> Paging<'_> {
        let set = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
        let pager = set.unwrap_or_else(|| "less -FRX".to_owned());
        let mut words = pager.split_whitespace();
        if let Some(program) = words.next()
            && !self.json
            && std::io::stdout().is_terminal()
            && std::io::stdin().is_terminal()
        {
            let started = Command::new(program).args(words).stdin(Stdio::piped()).spawn();
            self.pager.replace(started.ok());
        }
        Paging(self)
    }

    /// A line of the result, for people.
    pub fn line(&self, text: impl AsRef<str>) {
        match self.data_on_stdout.get() {
            true if self.verbosity > Verbosity::Quiet => self.stderr(text.as_ref()),
            false if !self.json => self.stdout(text.as_ref()),
            _ => {}
        }
    }

    /// A heading above a part of the result.
    pub fn heading(&self, text: &str) {
        self.line(self.out.tone(Tone::Strong, text));
    }

    /// True where results are shown in colours.
    pub fn is_coloured(&self) -> bool {
        self.out != Paint::plain()
    }

    /// Text in a tone, for use in [`Self::line`].
    pub fn tone(&self, tone: Tone, text: &str) -> String {
        self.out.tone(tone, text)
    }

    /// The width of the terminal that results go to; without one, lines are as long as they are.
    pub fn width(&self) -> usize {
        columns(&std::io::stdout())
    }

    /// The same of the terminal that notes and progress go to.
    pub fn stderr_width(&self) -> usize {
        columns(&std::io::stderr())
    }

    /// A table of the result.
    pub fn table(&self, table: &Table) {
        // Lines of jobs side by side carry their programmer in front.
        let width = if self.side.is_none() { columns(&std::io::stdout()) } else { usize::MAX };
        self.line(table.lines_within(self.out, width).join("\n"));
    }

    /// One JSON event; nothing for people.
    pub fn event(&self, name: &str, fields: Fields) {
        if self.json {
            let programmer = self.side.as_ref().map(|side| side.programmer.as_str());
            self.write(&wire::event(name, programmer, fields).to_string());
        }
    }

    /// What is being done or was found: stderr, not with `-q`; with `--json` an event as well.
    pub fn note(&self, text: impl AsRef<str>) {
        self.say("note", None, Verbosity::Normal, text.as_ref());
    }

    /// How it is done: stderr, with `-v` only.
    pub fn detail(&self, text: impl AsRef<str>) {
        self.say("detail", Some(Tone::Faint), Verbosity::Verbose, text.as_ref());
    }

    /// Something the user should look at: stderr, always.
    pub fn warn(&self, text: impl AsRef<str>) {
        self.event("warning", wire::message(text.as_ref()));
        self.stderr(&format!("{} {}", self.err.tone(Tone::Warn, "warning:"), text.as_ref()));
    }

    /// Why it ended: stderr, always. The JSON form is the result.
    pub fn error(&self, text: &str, hint: Option<&str>) {
        self.stderr(&format!("{} {text}", self.err.tone(Tone::Bad, "error:")));
        if let Some(hint) = hint {
            self.stderr(&format!("  {} {hint}", self.err.tone(Tone::Strong, "next:")));
        }
    }

    /// A line on stderr as it is, always.
    pub fn stderr(&self, text: &str) {
        // Lines of jobs at the same time carry their programmer in front.
        let width = if self.side.is_none() { columns(&std::io::stderr()) } else { usize::MAX };
        let flowing = flowed(text, width);
        let text = self.labelled(&flowing);
        self.without_bars(|| {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        });
    }

    /// A question on stderr, the answer to be typed after it. Bars stay away until [`Self::answered`].
    pub fn ask(&self, text: &str) {
        if let Some(side) = &self.side {
            // Nothing is left to be cleared where the terminal is gone.
            let _ = side.bars.clear();
            side.bars.set_draw_target(ProgressDrawTarget::hidden());
        }
        // A terminal that is gone answers with an empty line, which is a no.
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "{}", self.labelled(text)).and_then(|()| stderr.flush());
    }

    /// The question has been answered.
    pub fn answered(&self) {
        if let Some(side) = &self.side {
            side.bars.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// The text with the label before each of its lines.
    fn labelled<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.side {
            None => text.into(),
            Some(side) => text
                .split('\n')
                .map(|line| format!("{}{line}", side.label))
                .collect::<Vec<_>>()
                .join("\n")
                .into(),
        }
    }

    /// Prints without tearing the bars of several jobs.
    fn without_bars(&self, print: impl FnOnce()) {
        match &self.side {
            Some(side) => side.bars.suspend(print),
            None => print(),
        }
    }

    fn say(&self, name: &str, tone: Option<Tone>, from: Verbosity, text: &str) {
        if self.verbosity >= from {
            self.event(name, wire::message(text));
            self.stderr(&tone.map_or_else(|| text.to_owned(), |t| self.err.tone(t, text)));
        }
    }

    fn stdout(&self, text: &str) {
        // Lines of jobs at the same time carry their programmer in front.
        let width = if self.side.is_none() { self.width() } else { usize::MAX };
        self.write(&self.labelled(&flowed(text, width)));
    }

    fn write(&self, text: &str) {
        if let Some(input) = self.pager.borrow_mut().as_mut().and_then(|pager| pager.stdin.as_mut()) {
            // A reader who has seen enough takes no more.
            let _ = writeln!(input, "{text}");
            return;
        }
        self.without_bars(|| {
            let mut stdout = std::io::stdout().lock();
            match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
                Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => self.lost.set(true),
                _ => {}
            }
        });
    }
}

/// The terminal's width; without one, lines are as long as they are.
fn columns(stream: &impl IsTerminal) -> usize {
    let size = stream.is_terminal().then(ratatui::crossterm::terminal::size);
    size.and_then(Result::ok).map_or(usize::MAX, |(columns, _)| usize::from(columns.max(20)))
}
