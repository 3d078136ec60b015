//! A whole front end in one file: it orders a rewrite, shows the progress, answers the question and reads the result,
//! through `desk` alone. Runs on the emulator: `cargo run --example front_end`.

use norsplice::desk::programmer::ProgrammerChoice;
use norsplice::desk::rewrite;
use norsplice::desk::{Answer, Desk, Front, Input, Notice, Order, Question, Refusal, Wish};
use norsplice::image::{Purpose, synthetic};
use norsplice::workflow::{ChipState, Event, Store};
use std::cell::Cell;
use std::error::Error;
use std::ops::ControlFlow;

/// Shows everything as lines, and says yes to what was asked.
#[derive(Default)]
struct Lines {
    /// Bytes done of the running stage.
    done: Cell<u64>,
}

impl Front for Lines {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        match notice {
            Notice::Opened { name, clock_hz } => println!("programmer  {name}, {clock_hz} Hz"),
            Notice::Connected { identity, .. } => println!("chip        {}", identity.part_name),
            Notice::BoardFound { name, by } => println!("board       {name}, by {}", by.join("; ")),
            Notice::Spliced(spliced) => {
                for row in spliced.regions.iter().filter(|row| row.changes) {
                    println!("  {:9} from {}: {}", row.name, row.from, row.will_be);
                }
                for unit in &spliced.units {
                    println!(
                        "  {:9} {} ({})",
                        unit.name,
                        unit.result,
                        if unit.same { "kept" } else { "new" }
                    );
                }
            }
            Notice::Job(Event::Begin { .. }) => self.done.set(0),
            Notice::Job(Event::Advance { bytes, .. }) => self.done.set(self.done.get() + bytes),
            Notice::Job(Event::End { stage }) => println!("{}: {} bytes", stage.name(), self.done.get()),
            _ => {}
        }
        // `Break` would stop the job where the chip is consistent.
        ControlFlow::Continue(())
    }

    fn ask(&self, question: &Question<'_>) -> Answer {
        let Question::Write(asked) = question else { return Answer::No };
        let counts = asked.proposal.plan.counts();
        println!("plan        erase {} bytes, program {}", counts.erased, counts.programmed);
        println!("question    write this? backup {} is stored. yes", asked.proposal.backup.id);
        Answer::Yes(question.digest())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // A board and a vendor's file, both invented; the board's contents are the emulated chip's.
    let demo = synthetic::demo();
    let folder = tempfile::tempdir()?;
    let contents = folder.path().join("board.bin");
    std::fs::write(&contents, demo.board.bytes())?;
    let emulator = format!("emu:image={},state={}", contents.display(), folder.path().join("chip").display());

    let mut desk = Desk::default();
    desk.programmer = ProgrammerChoice::parse(&emulator)?;
    let store = Store::open_locked(&folder.path().join("store"))?;
    let front = Lines::default();
    let wish = |donor: Vec<u8>| {
        let mut wish = Wish::default();
        wish.board = Some("archer-mr200-v1".to_owned());
        wish.donors = vec![Input::Bytes { name: "vendor.bin".to_owned(), bytes: donor }.into()];
        wish.purpose = Some(Purpose::Programmer);
        wish
    };
    let done = rewrite(&desk, &front, &store, &mut Order::new(wish(demo.vendor.clone()))?, None)?;
    assert_eq!(done.report.chip, ChipState::Written);
    println!(
        "result      {} bytes programmed in {} pages",
        done.report.done.programmed, done.report.done.pages
    );

    // The same again: the chip holds it already, and no question is asked.
    let again = rewrite(&desk, &front, &store, &mut Order::new(wish(demo.vendor.clone()))?, None)?;
    assert!(again.report.plan.is_empty() && again.report.job.is_none());
    println!("result      nothing left to do");

    // A refusal comes as facts: which check stops it, and whether the user may allow it.
    let cut = demo.vendor[..demo.vendor.len() / 2].to_vec();
    let mut order = Order::new(wish(cut))?;
    let refusal: Refusal = order.check_inputs(None, &front).expect_err("a file that ends early is refused");
    println!("refused     {} (can be allowed: {:?})", refusal.findings()[0].name, refusal.askable());
    Ok(())
}
