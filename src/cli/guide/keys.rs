//! What a key means at each step.

use super::view::View;
use crate::desk::guide::{Ask, Step};

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
    /// Ctrl-U: empty the line.
    Clear,
}

/// What the screen has to do about a key.
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

impl From<Ask> for Act {
    fn from(ask: Ask) -> Self {
        Act::Ask(ask)
    }
}

impl From<Option<Ask>> for Act {
    fn from(ask: Option<Ask>) -> Self {
        ask.map_or(Act::Nothing, Act::Ask)
    }
}

impl View {
    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Act {
        let step = self.guide.step;
        if self.guide.trouble.is_some() && step != Step::Result {
            if key == Key::Char('b') && self.guide.may_be_blank() {
                return self.guide.begin_blank().into();
            }
            // Any other key says that the message was read.
            return self.guide.start_over().into();
        }
        match key {
            Key::PageUp => self.scroll = self.scroll.saturating_sub(PAGE),
            Key::PageDown => self.scroll = self.scroll.saturating_add(PAGE).min(self.overflow.get()),
            _ if step != Step::Choice => self.scroll = 0,
            _ => {}
        }
        match (step, key) {
            (_, Key::PageUp | Key::PageDown) => Act::Nothing,
            (Step::Backup | Step::Writing, Key::Interrupt | Key::Escape) => Act::Stop,
            (_, Key::Interrupt) => Act::Leave,
            (Step::Choice, _) => self.choice_key(key),
            (Step::Plan, Key::Char('w')) => self.guide.write().into(),
            (Step::Plan, Key::Escape) => self.only(|guide| guide.reconsider()),
            (Step::Backup | Step::Writing | Step::Plan, _) => Act::Nothing,
            (_, Key::Char('q')) => Act::Leave,
            (Step::Programmer | Step::Job, Key::Up) => self.only(|guide| guide.mark(-1)),
            (Step::Programmer | Step::Job, Key::Down) => self.only(|guide| guide.mark(1)),
            (Step::Programmer, Key::Enter) => self.guide.watch().into(),
            (Step::Programmer, Key::Char('l')) => self.guide.choose_programmer().into(),
            (Step::Clip, Key::Escape) => self.guide.choose_programmer().into(),
            (Step::Clip, Key::Enter) => self.only(|guide| guide.choose_job()),
            (Step::Job, Key::Escape) => self.guide.watch().into(),
            (Step::Job, Key::Enter) => {
                self.scroll = 0;
                self.guide.begin().into()
            }
            (Step::Clip | Step::Result, Key::Char('r')) => self.guide.resume(false).into(),
            (Step::Clip | Step::Result, Key::Char('u')) => self.guide.resume(true).into(),
            (Step::Result, Key::Enter) => self.guide.start_over().into(),
            _ => Act::Nothing,
        }
    }

    fn choice_key(&mut self, key: Key) -> Act {
        let typing = self.guide.field().is_some();
        match key {
            Key::Escape => {
                self.scroll = 0;
                self.guide.abandon().into()
            }
            Key::Up => self.only(|guide| guide.mark(-1)),
            Key::Down => self.only(|guide| guide.mark(1)),
            Key::Tab => self.only(|guide| guide.complete()),
            // What is shown is read before it is taken.
            Key::Enter if self.guide.preview.is_some() && self.scroll < self.overflow.get() => {
                self.scroll = self.scroll.saturating_add(PAGE).min(self.overflow.get());
                Act::Nothing
            }
            Key::Enter => self.guide.accept().into(),
            Key::Allow => self.guide.allow_asked().into(),
            Key::Char(c) if typing => self.only(|guide| guide.edit(|name| name.push(c))),
            Key::Backspace if typing => self.only(|guide| guide.edit(|name| name.truncate(cut_last(name)))),
            Key::Clear if typing => self.only(|guide| guide.edit(String::clear)),
            Key::Char(' ') => self.guide.next_source().into(),
            Key::Backspace => self.guide.default_source().into(),
            _ => Act::Nothing,
        }
    }

    /// An action of the user that asks for nothing.
    fn only(&mut self, action: impl FnOnce(&mut crate::desk::guide::Guide)) -> Act {
        action(&mut self.guide);
        Act::Nothing
    }
}

/// The length of a name without its last character.
fn cut_last(name: &str) -> usize {
    name.char_indices().next_back().map_or(0, |(at, _)| at)
}
