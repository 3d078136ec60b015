//! The guide's loop: keys and the worker's updates in, the picture out.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::Options;
use super::super::session::Session;
use super::super::shell::step_words;
use super::super::store;
use super::draw::draw;
use super::farewell;
use super::keys::{Act, Key};
use super::view::View;
use crate::desk::guide::{Ask, Guide, Saved, Setup, Step, Update, work};
use crate::desk::report::NextStep;
use crate::desk::{Desk, Stop};
use crate::wire::Fields;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::path::PathBuf;
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
    let mut view = View::new(Guide::new(&saved), session.options.store.clone());
    let mut terminal = ratatui::try_init()
        .map_err(|error| Failure::refused(format!("the guide needs a terminal: {error}")))?;
    let stop = Stop::default();
    let (asks, asked) = channel();
    let (send, updates) = channel();
    let setup = setup(session, root.clone(), stop.clone());
    let done = std::thread::scope(|scope| {
        scope.spawn(move || work(&setup, &asked, &send));
        let done = turn(session, &mut view, &mut terminal, &stop, &asks, &updates);
        // A job in progress ends at the next point where the chip is consistent; the worker then finds no one left.
        stop.request();
        drop(asks);
        done
    });
    ratatui::restore();
    farewell::lines(&view).iter().for_each(|line| session.out.line(line));
    let guide = &view.guide;
    guide.saved().keep(&root);
    done.map_err(|error| Failure::failed(format!("the terminal: {error}")))?;
    match &guide.open_job {
        Some(open) if guide.step == Step::Writing || guide.is_partial() => {
            let job = &open.id;
            let text = format!("job {job} is not finished: the chip is partly written");
            let next = view.with_programmer(&format!("resume {job}"));
            Err(Failure::new(Exit::Partial, text).hint(next))
        }
        _ => Ok((Exit::Done, Fields::new())),
    }
}

/// What the worker works with. A programmer named by `-p` is offered, not taken.
fn setup(session: &Session, root: PathBuf, stop: Stop) -> Setup {
    let options = session.options.clone();
    let desk = Desk {
        wait: options.wait,
        voltage_adapter: options.voltage_adapter,
        dry_run: options.dry_run,
        stop,
        ..Desk::default()
    };
    let (programmer, allow) = (options.programmer.clone(), options.allow.clone());
    let words = Box::new(move |spec: &str, step: NextStep<'_>| {
        let options = Options { programmer: Some(spec.to_owned()), ..options.clone() };
        step_words(step, &options)
    });
    Setup { desk, programmer, root, allow, words }
}

fn turn(
    session: &Session,
    view: &mut View,
    terminal: &mut DefaultTerminal,
    stop: &Stop,
    asks: &Sender<Ask>,
    updates: &Receiver<Update>,
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
        while let Ok(update) = updates.try_recv() {
            if let Some(next) = view.guide.take(update) {
                ask(next);
            }
        }
        let stage = view.guide.progress.map(|(stage, ..)| stage);
        if stage != running {
            (running, since) = (stage, Instant::now());
        }
        view.elapsed = running.map(|_| since.elapsed());
        terminal.draw(|frame| draw(view, frame))?;
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
        match view.key(key) {
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
        KeyCode::Char('u') if control => Some(Key::Clear),
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
