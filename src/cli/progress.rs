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

/// The progress of one step after another. Steps of one leg share a bar: both readings of a backup do.
#[derive(Debug)]
pub struct Progress<'a> {
    out: &'a Output,
    /// Times that are measured here mean nothing to a chip in software.
    modelled: bool,
    step: Option<Step>,
    leg: Option<Leg>,
}

#[derive(Debug)]
struct Step {
    what: String,
    total: u64,
    done: u64,
    reported: u64,
    began: Instant,
}

/// Steps that one bar shows.
#[derive(Debug)]
struct Leg {
    bar: ProgressBar,
    /// Bytes of the steps that are over.
    behind: u64,
}

impl<'a> Progress<'a> {
    /// Progress shown by `out`. `modelled` leaves out the time that passes here.
    pub fn new(out: &'a Output, modelled: bool) -> Self {
        Self { out, modelled, step: None, leg: None }
    }

    /// Begins a step of `total` bytes; the step and the leg before it end.
    pub fn start(&mut self, what: &str, total: u64) {
        self.start_leg(what, total, total);
    }

    /// The same of a step that is the first of several with `all` bytes together.
    pub fn start_leg(&mut self, what: &str, total: u64, all: u64) {
        self.pause();
        let terminal = std::io::stderr().is_terminal();
        if terminal && self.out.verbosity() != Verbosity::Quiet {
            let bar = bar(what, all, self.out.side(), self.out.stderr_width(), self.modelled);
            self.leg = Some(Leg { bar, behind: 0 });
        }
        self.begin(what, total);
    }

    /// Begins a step that the running leg has counted in already; without one, a leg of its own.
    pub fn go_on(&mut self, what: &str, total: u64) {
        self.finish();
        let Some(leg) = &self.leg else { return self.start(what, total) };
        let all = leg.bar.length().unwrap_or(0).max(leg.behind + total);
        leg.bar.set_length(all);
        leg.bar.set_message(what.to_owned());
        self.begin(what, total);
    }

    fn begin(&mut self, what: &str, total: u64) {
        if self.leg.is_none() && self.out.verbosity() != Verbosity::Quiet {
            self.out.stderr(&format!("{what}, {} ...", units::size(total)));
        }
        self.step = Some(Step { what: what.to_owned(), total, done: 0, reported: 0, began: Instant::now() });
    }

    /// The step has come to `done` bytes of its total.
    pub fn at(&mut self, done: u64) {
        let Some(step) = &mut self.step else { return };
        step.done = done.min(step.total);
        if let Some(leg) = &self.leg {
            leg.bar.set_position(leg.behind + step.done);
        }
        let part = (step.done * EVENTS).checked_div(step.total).unwrap_or(EVENTS);
        if part > step.reported {
            step.reported = part;
            self.out.event("progress", wire::progress(&step.what, step.done, step.total));
        }
    }

    /// Runs `say`, which prints, without tearing the bar.
    pub fn aside(&self, say: impl FnOnce()) {
        match &self.leg {
            // Among several, the voice itself keeps the bars away.
            Some(leg) if self.out.side().is_none() => leg.bar.suspend(say),
            _ => say(),
        }
    }

    /// Ends the running step; says how long it took and how fast it was.
    pub fn finish(&mut self) {
        let Some(step) = self.step.take() else { return };
        if let Some(leg) = &mut self.leg {
            leg.behind += step.total;
        }
        if self.out.verbosity() == Verbosity::Quiet {
            return;
        }
        let took = step.began.elapsed();
        let rate = (step.done as f64 / took.as_secs_f64().max(1e-6)) as u64;
        let how = match step.done < step.total {
            true => format!("stopped at {} of {}", units::size(step.done), units::size(step.total)),
            false if self.modelled => units::size(step.total),
            false => format!("{} in {}, {}/s", units::size(step.total), units::time(took), units::size(rate)),
        };
        self.aside(|| self.out.stderr(&format!("{}: {how}", step.what)));
    }

    /// Ends the running step and its leg: the bar goes.
    pub fn pause(&mut self) {
        self.finish();
        if let Some(leg) = self.leg.take() {
            leg.bar.finish_and_clear();
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.pause();
    }
}

/// What the bar shows on a terminal of so many columns: all bars of a run are alike.
fn template(columns: usize, modelled: bool) -> &'static str {
    match (columns, modelled) {
        (..64, _) => "{prefix}{msg:<11!} {bar:12.green/dim} {percent:>3}%",
        (..100, true) => "{prefix}{msg:<22!} {bar:24.green/dim} {percent:>3}%",
        (..100, false) => "{prefix}{msg:<22!} {bar:24.green/dim} {percent:>3}%  {left}",
        (_, true) => "{prefix}{msg:<22!} {bar:24.green/dim} {percent:>3}%  {bytes} of {total_bytes}",
        (_, false) => "{prefix}{msg:<22!} {bar:24.green/dim} {percent:>3}%  {bytes} of {total_bytes}  {left}",
    }
}

fn bar(
    what: &str,
    total: u64,
    among: Option<(&str, &MultiProgress)>,
    columns: usize,
    modelled: bool,
) -> ProgressBar {
    // The templates are constants; a test builds them.
    let style = ProgressStyle::with_template(template(columns, modelled))
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
        let bar = bar("read", 8 << 20, None, 200, false).with_elapsed(Duration::from_secs(3600));
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(paper.clone())));
        bar.set_position(2 << 20);
        bar.force_draw();
        let text = paper.0.lock().unwrap().clone();
        assert!(text.contains("180 min 0 s left"), "{text}");
    }

    #[test]
    fn bars_are_alike_and_fit_every_width() {
        for (columns, modelled) in [(40, false), (64, false), (80, true), (100, false), (200, true)] {
            let template = template(columns, modelled);
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
            assert_eq!(template.contains("left"), !modelled && columns >= 64, "{template}");
        }
    }

    #[test]
    fn both_readings_of_a_backup_fill_one_bar() {
        let out = Output::new(false, Verbosity::Quiet);
        let mut progress = Progress::new(&out, false);
        progress.start_leg("first read", 10, 20);
        progress.leg = Some(Leg { bar: ProgressBar::hidden(), behind: 0 });
        progress.leg.as_ref().unwrap().bar.set_length(20);
        progress.at(10);
        progress.go_on("second read", 10);
        progress.at(5);
        let bar = progress.leg.as_ref().unwrap().bar.clone();
        assert_eq!((bar.position(), bar.length()), (15, Some(20)));
        // A third pass was not counted in.
        progress.go_on("second read", 10);
        assert_eq!((bar.position(), bar.length()), (15, Some(30)));
        progress.start("erase, program, verify", 4);
        assert!(progress.leg.is_none() && bar.is_finished());
    }

    #[test]
    fn a_step_may_be_empty_and_may_be_overrun() {
        let out = Output::new(false, Verbosity::Quiet);
        let mut progress = Progress::new(&out, false);
        progress.start("erase", 0);
        progress.at(0);
        progress.start("read", 10);
        progress.at(11);
        assert_eq!(progress.step.as_ref().map(|s| (s.what.as_str(), s.done)), Some(("read", 10)));
    }
}
