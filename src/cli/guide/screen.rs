//! The guide on a terminal: keys in, the worker's messages in, the picture out.

use super::super::exit::{Exit, Failure};
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::store;
use super::draw::draw;
use super::keys::{Act, Key};
use super::message::Ask;
use super::saved::Saved;
use super::state::{AUTO, Guide, Step};
use super::worker;
use crate::desk::Stop;
use crate::image::Board;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use serde_json::Map;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long a key is waited for before the worker's messages are looked at again.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs the guide until it is left.
///
/// # Errors
/// Exit code 2 without a terminal; 3 when it is left with the chip partly written.
pub fn run(session: &Session) -> Outcome {
    let root = store::root(session)?;
    let saved = Saved::load(&root);
    let boards = std::iter::once(AUTO.to_owned()).chain(Board::all().iter().map(|board| board.name.clone()));
    let mut guide = Guide::new(&saved, boards.collect());
    guide.store = session.options.store.clone();
    let mut terminal = ratatui::try_init()
        .map_err(|error| Failure::refused(format!("the guide needs a terminal: {error}")))?;
    let stop = Stop::default();
    let (asks, asked) = channel();
    let (tell, told) = channel();
    let done = std::thread::scope(|scope| {
        let (options, stop_worker) = (session.options.clone(), stop.clone());
        scope.spawn(move || worker::work(options, stop_worker, &asked, &tell));
        let done = turn(session, &mut guide, &mut terminal, &stop, &asks, &told);
        // A job in progress ends at the next point where the chip is consistent; the worker then hears nobody.
        stop.request();
        drop(asks);
        done
    });
    ratatui::restore();
    guide.saved().keep(&root);
    done.map_err(|error| Failure::failed(format!("the terminal: {error}")))?;
    match &guide.open_job {
        Some((job, _))
            if guide.step == Step::Writing || guide.trouble.as_ref().is_some_and(|t| t.partial) =>
        {
            let text = format!("job {job} is not finished: the chip is partly written");
            let next = guide.with_programmer(&format!("resume {job}"));
            Err(Failure::new(Exit::Partial, text).hint(next))
        }
        _ => Ok((Exit::Done, Map::new())),
    }
}

fn turn(
    session: &Session,
    guide: &mut Guide,
    terminal: &mut DefaultTerminal,
    stop: &Stop,
    asks: &Sender<Ask>,
    told: &Receiver<super::message::Tell>,
) -> std::io::Result<()> {
    let ask = |ask: Ask| {
        if matches!(ask, Ask::Begin { .. } | Ask::Resume { .. }) {
            stop.reset();
        }
        // The worker ends only after this loop.
        let _ = asks.send(ask);
    };
    ask(Ask::Programmers);
    let events = events();
    let (mut running, mut since) = (None, Instant::now());
    loop {
        while let Ok(message) = told.try_recv() {
            if let Some(next) = guide.take(message) {
                ask(next);
            }
        }
        let stage = guide.progress.map(|(stage, ..)| stage);
        if stage != running {
            (running, since) = (stage, Instant::now());
        }
        guide.elapsed = running.map(|_| since.elapsed());
        terminal.draw(|frame| draw(guide, frame))?;
        if session.stop.soon() {
            return Ok(());
        }
        let event = match events.recv_timeout(GLANCE) {
            Ok(event) => event?,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let Event::Key(pressed) = event else { continue };
        let Some(key) = key(pressed) else { continue };
        match guide.key(key) {
            Act::Nothing => {}
            Act::Ask(next) => ask(next),
            Act::Stop => drop(stop.request()),
            Act::Leave => return Ok(()),
        }
    }
}

/// The terminal's events, read on a thread of its own: reading from a terminal that has been closed need not come back,
/// and the signal that goes with it has to be seen all the same.
fn events() -> Receiver<std::io::Result<Event>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let last = event.is_err();
            if send.send(event).is_err() || last {
                return;
            }
        }
    });
    receive
}

fn key(pressed: KeyEvent) -> Option<Key> {
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    let control = pressed.modifiers.contains(KeyModifiers::CONTROL);
    match pressed.code {
        KeyCode::Char('c') if control => Some(Key::Interrupt),
        KeyCode::Char('a') if control => Some(Key::Allow),
        KeyCode::Char(c) if !control => Some(Key::Char(c)),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Escape),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Tab => Some(Key::Tab),
        KeyCode::PageUp => Some(Key::PageUp),
        KeyCode::PageDown => Some(Key::PageDown),
        KeyCode::Backspace => Some(Key::Backspace),
        _ => None,
    }
}
