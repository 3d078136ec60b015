//! Progress of long steps, on stderr: a bar with rate and time left on a terminal, a line at the start and one at the
//! end elsewhere; with `--json` also an event at every twentieth.

use super::output::{Output, Verbosity};
use super::time_left::time_left;
use crate::{units, wire};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::io::IsTerminal;
use std::time::Instant;

/// Events of one step, at most.
const EVENTS: u64 = 20;

/// The progress of one step after another.
#[derive(Debug)]
pub struct Progress<'a> {
    out: &'a Output,
    step: Option<Step>,
}

#[derive(Debug)]
struct Step {
    what: String,
    total: u64,
    done: u64,
    reported: u64,
    began: Instant,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Progress shown by `out`.
    pub fn new(out: &'a Output) -> Self {
        Self { out, step: None }
    }

    /// Begins a step of `total` bytes; the step before it ends.
    pub fn start(&mut self, what: &str, total: u64) {
        self.finish();
        let terminal = std::io::stderr().is_terminal();
        let quiet = self.out.verbosity() == Verbosity::Quiet;
        let bar = (terminal && !quiet).then(|| bar(what, total, self.out.side()));
        if bar.is_none() && !quiet {
            self.out.stderr(&format!("{what}, {} ...", units::size(total)));
        }
        self.step =
            Some(Step { what: what.to_owned(), total, done: 0, reported: 0, began: Instant::now(), bar });
    }

    /// The step has come to `done` bytes of its total.
    pub fn at(&mut self, done: u64) {
        let Some(step) = &mut self.step else { return };
        step.done = done.min(step.total);
        if let Some(bar) = &step.bar {
            bar.set_position(step.done);
        }
        let part = (step.done * EVENTS).checked_div(step.total).unwrap_or(EVENTS);
        if part > step.reported {
            step.reported = part;
            self.out.event("progress", wire::progress(&step.what, step.done, step.total));
        }
    }

    /// Runs `say`, which prints, without tearing the bar.
    pub fn aside(&self, say: impl FnOnce()) {
        match self.step.as_ref().and_then(|step| step.bar.as_ref()) {
            // Among several, the voice itself keeps the bars away.
            Some(bar) if self.out.side().is_none() => bar.suspend(say),
            _ => say(),
        }
    }

    /// Ends the running step; says how long it took and how fast it was.
    pub fn finish(&mut self) {
        let Some(step) = self.step.take() else { return };
        if let Some(bar) = &step.bar {
            bar.finish_and_clear();
        }
        if self.out.verbosity() == Verbosity::Quiet {
            return;
        }
        let took = step.began.elapsed();
        let rate = (step.done as f64 / took.as_secs_f64().max(1e-6)) as u64;
        let how = if step.done < step.total {
            format!("stopped at {} of {}", units::size(step.done), units::size(step.total))
        } else {
            format!("{} in {}, {}/s", units::size(step.total), units::time(took), units::size(rate))
        };
        self.out.stderr(&format!("{}: {how}", step.what));
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar(what: &str, total: u64, among: Option<(&str, &MultiProgress)>) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix}{msg:22} {wide_bar:.green/dim} {percent:>3}%  {bytes} of {total_bytes}  {bytes_per_sec}  {left}",
    )
    // The template is a constant; a test builds it.
    .unwrap_or_else(|_| ProgressStyle::default_bar())
    .with_key("left", |state: &ProgressState, into: &mut dyn std::fmt::Write| {
        if let Some(left) = time_left(state.pos(), state.len().unwrap_or(0), state.elapsed()) {
            // What writes it down does not fail.
            let _ = write!(into, "{} left", units::time(left));
        }
    });
    let bar = match among {
        None => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()),
        Some((label, bars)) => bars.add(ProgressBar::new(total)).with_prefix(label.to_owned()),
    };
    bar.set_style(style);
    bar.set_message(what.to_owned());
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::TermLike;
    use std::io;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    /// A terminal that keeps what is written to it.
    #[derive(Clone, Debug, Default)]
    struct Paper(Arc<Mutex<String>>);

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            200
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_bar_shows_the_time_left_that_was_learned() {
        let paper = Paper::default();
        // An hour for a quarter: three more hours, whatever a model says.
        let bar = bar("read", 8 << 20, None).with_elapsed(Duration::from_secs(3600));
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(paper.clone())));
        bar.set_position(2 << 20);
        bar.force_draw();
        let text = paper.0.lock().unwrap().clone();
        assert!(text.contains("180 min 0 s left"), "{text}");
    }

    #[test]
    fn a_step_may_be_empty_and_may_be_overrun() {
        let out = Output::new(false, Verbosity::Quiet);
        let mut progress = Progress::new(&out);
        progress.start("erase", 0);
        progress.at(0);
        progress.start("read", 10);
        progress.at(11);
        assert_eq!(progress.step.as_ref().map(|s| (s.what.as_str(), s.done)), Some(("read", 10)));
    }
}
