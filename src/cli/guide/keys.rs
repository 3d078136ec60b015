//! What a key means at each step.

use super::message::Ask;
use super::state::{Guide, Step};

/// Lines that a page key moves by.
const PAGE: u16 = 5;

/// A key, as far as the guide knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Backspace.
    Backspace,
    /// Tab.
    Tab,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-A: allow what is asked about.
    Allow,
}

/// What the screen shall do about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing more.
    Nothing,
    /// Ask the worker.
    Ask(Ask),
    /// Ask the running job to stop at the next point where the chip is consistent.
    Stop,
    /// Leave the guide.
    Leave,
}

impl Guide {
    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Act {
        if self.trouble.is_some() && self.step != Step::Result {
            // The message is read; what it was about begins anew.
            self.trouble = None;
            return self.watch();
        }
        match key {
            Key::PageUp => self.scroll = self.scroll.saturating_sub(PAGE),
            Key::PageDown => self.scroll = self.scroll.saturating_add(PAGE).min(self.overflow.get()),
            _ => self.scroll = if self.step == Step::Choice { self.scroll } else { 0 },
        }
        match (self.step, key) {
            (_, Key::PageUp | Key::PageDown) => Act::Nothing,
            (Step::Backup | Step::Writing, Key::Interrupt | Key::Escape) => Act::Stop,
            (_, Key::Interrupt) => Act::Leave,
            (Step::Choice, _) => self.choice_key(key),
            (Step::Plan, Key::Char('w')) => {
                self.step = Step::Writing;
                Act::Ask(Ask::Confirm(true))
            }
            // The worker still listens to wishes: the backup holds, and another choice can be made.
            (Step::Plan, Key::Escape) => {
                self.plan = None;
                self.step = Step::Choice;
                Act::Nothing
            }
            (Step::Backup | Step::Writing | Step::Plan, _) => Act::Nothing,
            (_, Key::Char('q')) => Act::Leave,
            (Step::Programmer, key) => self.programmer_key(key),
            (Step::Clip, key) => self.clip_key(key),
            (Step::Board, Key::Up) => {
                self.board = self.board.saturating_sub(1);
                Act::Nothing
            }
            (Step::Board, Key::Down) => {
                self.board = (self.board + 1).min(self.boards.len().saturating_sub(1));
                Act::Nothing
            }
            (Step::Board, Key::Escape) => self.watch(),
            (Step::Board, Key::Enter) => match (self.spec(), self.boards.get(self.board)) {
                (Some(spec), Some(board)) => {
                    let ask = Ask::Begin { spec: spec.to_owned(), board: board.clone() };
                    self.forget();
                    self.step = Step::Backup;
                    Act::Ask(ask)
                }
                _ => Act::Nothing,
            },
            (Step::Result, Key::Char('r')) => self.resume(false),
            (Step::Result, Key::Char('u')) => self.resume(true),
            (Step::Result, Key::Enter) if self.finished.is_some() => {
                self.finished = None;
                self.forget();
                self.watch()
            }
            _ => Act::Nothing,
        }
    }

    fn programmer_key(&mut self, key: Key) -> Act {
        match key {
            Key::Up => self.programmer = self.programmer.saturating_sub(1),
            Key::Down => {
                self.programmer = (self.programmer + 1).min(self.programmers.len().saturating_sub(1));
            }
            Key::Enter if self.spec().is_some() => return self.watch(),
            Key::Enter | Key::Char('l') => return Act::Ask(Ask::Programmers),
            _ => {}
        }
        Act::Nothing
    }

    fn clip_key(&mut self, key: Key) -> Act {
        match key {
            Key::Escape => {
                self.step = Step::Programmer;
                Act::Ask(Ask::Programmers)
            }
            Key::Char('r') => self.resume(false),
            Key::Char('u') => self.resume(true),
            // With a job open, its chip is in between: no backup of it is taken.
            Key::Enter if self.is_steady() && self.open_job.is_none() => {
                self.step = Step::Board;
                Act::Nothing
            }
            _ => Act::Nothing,
        }
    }

    fn choice_key(&mut self, key: Key) -> Act {
        let regions = self.preview.as_ref().map_or(0, |preview| preview.regions.len());
        match key {
            Key::Escape => {
                self.forget();
                self.step = Step::Clip;
                // The worker waits for a wish: a job that is not to be.
                return Act::Ask(Ask::Confirm(false));
            }
            Key::Up => self.row = self.row.saturating_sub(1),
            Key::Down | Key::Tab => self.row = if self.row >= regions { 0 } else { self.row + 1 },
            Key::Enter if self.refused.is_none() && self.preview.is_some() => return Act::Ask(Ask::Accept),
            Key::Enter => return Act::Ask(Ask::Splice(self.wish())),
            Key::Allow => return self.allow_asked(),
            Key::Char(c) if self.row == 0 => {
                self.donor.push(c);
                self.unsettle();
            }
            Key::Backspace if self.row == 0 => {
                self.donor.pop();
                self.unsettle();
            }
            Key::Char(' ') => return self.next_source(),
            Key::Backspace => return self.default_source(),
            _ => {}
        }
        Act::Nothing
    }

    /// The donor has changed: what was shown does not hold any more.
    fn unsettle(&mut self) {
        self.preview = None;
        self.refused = None;
        self.allow.clear();
    }

    /// Allows what the refusal asks about, and tries again.
    fn allow_asked(&mut self) -> Act {
        match self.refused.take() {
            Some((_, names)) if !names.is_empty() => {
                self.allow.extend(names);
                Act::Ask(Ask::Splice(self.wish()))
            }
            other => {
                self.refused = other;
                Act::Nothing
            }
        }
    }

    /// The marked region's next source: own, donor, blank, own.
    fn next_source(&mut self) -> Act {
        let row = self.row.checked_sub(1).and_then(|i| self.preview.as_ref()?.regions.get(i));
        let Some(row) = row else { return Act::Nothing };
        let next = match row.from.to_string().as_str() {
            "own" => "donor",
            "blank" => "own",
            _ => "blank",
        };
        let prefix = format!("{}=", row.name);
        self.sets.retain(|set| !set.starts_with(&prefix));
        self.sets.push(prefix + next);
        self.refused = None;
        Act::Ask(Ask::Splice(self.wish()))
    }

    /// The marked region's source as the board has it.
    fn default_source(&mut self) -> Act {
        let Some(row) = self.marked() else { return Act::Nothing };
        self.sets.retain(|set| !set.starts_with(&format!("{row}=")));
        Act::Ask(Ask::Splice(self.wish()))
    }

    /// The name of the marked region.
    fn marked(&self) -> Option<String> {
        let row = self.row.checked_sub(1)?;
        Some(self.preview.as_ref()?.regions.get(row)?.name.clone())
    }

    fn watch(&mut self) -> Act {
        let Some(spec) = self.spec() else {
            self.step = Step::Programmer;
            return Act::Ask(Ask::Programmers);
        };
        let ask = Ask::Watch { spec: spec.to_owned() };
        self.step = Step::Clip;
        self.meter.clear();
        Act::Ask(ask)
    }

    fn resume(&mut self, undo: bool) -> Act {
        match (self.spec(), &self.open_job) {
            (Some(spec), Some((job, _))) => {
                let ask = Ask::Resume { spec: spec.to_owned(), job: job.clone(), undo };
                self.trouble = None;
                self.plan = None;
                self.step = Step::Writing;
                Act::Ask(ask)
            }
            _ => Act::Nothing,
        }
    }

    /// A new job begins: nothing of the last one holds.
    fn forget(&mut self) {
        self.backup = None;
        self.map = None;
        self.preview = None;
        self.refused = None;
        self.allow.clear();
        self.plan = None;
        self.progress = None;
        self.trouble = None;
        self.scroll = 0;
        self.notes.clear();
    }
}
