//! The guide as a value, and what it looks like on a terminal of 100 by 30.

use super::draw::draw;
use super::keys::{Act, Key};
use super::view::View;
use crate::desk::guide::{
    Ask, ChipFacts, Contact, Finished, Found, Guide, OpenJob, PlanToConfirm, Preview, Saved, Step, Update,
};
use crate::desk::{Input, Refusal};
use crate::flash::FlashError;
use crate::image::{Board, Finding, ImageError, RegionRow, Severity, Source, checks};
use crate::plan::{Plan, Step as PlanStep};
use crate::span::Span;
use crate::spi::{LinkError, LinkFault, SpiError};
use crate::workflow::contact::Verdict;
use crate::workflow::job::{Planned, Report};
use crate::workflow::journal::Verb;
use crate::workflow::rewrite::Tally;
use crate::workflow::{Cause, ChipState, Event, Stage};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use std::time::Duration;

const SIZE: usize = 64 * 4096;

fn screen(guide: &View) -> String {
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    terminal.draw(|frame| draw(guide, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..30).map(line).collect::<Vec<_>>().join("\n")
}

/// Compares with the picture kept beside the tests; `NORSPLICE_UPDATE=1` writes it again, for review in the diff.
fn assert_looks(guide: &View, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/guide/{name}.txt"));
    let seen = screen(guide) + "\n";
    if std::env::var_os("NORSPLICE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &seen).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(seen, kept, "the screen of '{name}' has changed:\n{seen}");
}

fn found(spec: &str, problem: Option<&str>) -> Found {
    Found {
        spec: spec.into(),
        name: Some(spec.into()),
        path: "1-2".into(),
        may_drive_5v: false,
        problem: problem.map(str::to_owned),
    }
}

fn view(saved: &Saved) -> View {
    View::new(Guide::new(saved), None)
}

fn guide() -> View {
    let mut guide = view(&Saved { board: Some("archer-mr200-v1".into()), ..Saved::default() });
    guide
        .guide
        .take(Update::Programmers(vec![found("ch341a", None), found("ft2232h", Some("no permission"))]));
    guide
}

fn contact(good: bool) -> Update {
    Update::Contact(Contact::Tested(Box::new(Verdict { good, ..Verdict::default() })))
}

fn chip() -> Update {
    Update::Chip(ChipFacts {
        part: "W25Q64FV".into(),
        id: vec![0xef, 0x40, 0x17],
        size: SIZE as u64,
        low_voltage: false,
        supply_unknown: false,
    })
}

fn steady(guide: &mut View) {
    guide.key(Key::Enter);
    guide.guide.take(chip());
    for _ in 0..5 {
        guide.guide.take(contact(true));
    }
}

fn refused(message: &str) -> Arc<Refusal> {
    let findings = vec![checks::REGION.found(message)];
    Arc::new(ImageError::Refused { findings }.into())
}

fn preview(changes: bool) -> Update {
    let row = |name: &str, start, changes| RegionRow {
        name: name.into(),
        inside: None,
        span: Span::new(start, start + 0x10000),
        was: "boot loader".into(),
        will_be: "firmware".into(),
        from: Source::Own,
        why: String::new(),
        changes,
    };
    let mut image = vec![0xff; SIZE];
    image[0x10000..0x18000].fill(0x5a);
    Update::Preview(Box::new(Preview {
        board: "archer-mr200-v1".into(),
        regions: vec![row("u-boot", 0, false), row("firmware", 0x10000, changes)],
        units: Vec::new(),
        findings: Vec::new(),
        image: Arc::new(image),
    }))
}

fn plan() -> Plan {
    let block = Span::new(0x10000, 0x20000);
    let written = Span::new(0x10000, 0x18000);
    Plan {
        steps: vec![PlanStep {
            block,
            erase: None,
            program: vec![written],
            verify: block,
            pages: 128,
            time: Duration::from_millis(400),
        }],
    }
}

fn planned() -> Update {
    let layout = Board::named("archer-mr200-v1").unwrap().layout.clone();
    Update::Plan(Box::new(PlanToConfirm { plan: plan(), layout }))
}

fn report() -> Report {
    Report {
        verb: Verb::Rewrite,
        chip: ChipState::Written,
        backup: "20261122-ef4017".into(),
        job: Some("20261122-rewrite".into()),
        dry_run: false,
        planned: Planned::from(&plan()),
        done: Tally { programmed: 0x8000, verified: 0x10000, ..Tally::default() },
        backup_read: 16 << 20,
        contact_read: 0,
        backup_millis: 0,
        write_millis: 0,
        unlocked: Vec::new(),
        plan: plan(),
    }
}

/// To the step where wishes are taken, with a file typed and looked at.
fn choice() -> View {
    let mut guide = guide();
    steady(&mut guide);
    guide.key(Key::Enter);
    guide.key(Key::Enter);
    guide.guide.take(Update::Backup("20261122-ef4017".into(), Arc::new(vec![0xff; SIZE])));
    "web.bin".chars().for_each(|c| {
        guide.key(Key::Char(c));
    });
    guide
}

#[test]
fn a_programmer_with_a_problem_cannot_be_taken() {
    let mut guide = guide();
    assert_looks(&guide, "programmer");
    guide.key(Key::Down);
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Programmers), "looked for again, not taken");
    assert_eq!(guide.guide.step, Step::Programmer);
    guide.key(Key::Up);
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Watch { spec: "ch341a".into() }));
}

#[test]
fn only_a_steady_contact_leads_on() {
    let mut guide = guide();
    steady(&mut guide);
    guide.guide.take(contact(false));
    assert_eq!(guide.key(Key::Enter), Act::Nothing);
    assert_eq!(guide.guide.step, Step::Clip);
    for _ in 0..5 {
        guide.guide.take(contact(true));
    }
    assert_looks(&guide, "clip");
    guide.key(Key::Enter);
    assert_eq!(guide.guide.step, Step::Board);
}

#[test]
fn a_chip_in_between_is_not_backed_up() {
    let mut guide = guide();
    guide.guide.take(Update::OpenJob(OpenJob { id: "20261122-rewrite".into(), part: "W25Q64FV".into() }));
    steady(&mut guide);
    assert_eq!(guide.key(Key::Enter), Act::Nothing);
    let resume = Ask::Resume { spec: "ch341a".into(), job: "20261122-rewrite".into(), undo: false };
    assert_eq!(guide.key(Key::Char('r')), Act::Ask(resume));
    assert_eq!(guide.guide.step, Step::Writing);
}

#[test]
fn the_backup_fills_the_picture_cell_by_cell() {
    let mut guide = guide();
    steady(&mut guide);
    guide.key(Key::Enter);
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Begin { .. })));
    let stage = Stage::SecondRead;
    guide.guide.take(Update::Event(Event::Begin { stage, bytes: SIZE as u64, time: None }));
    guide.guide.take(Update::Event(Event::Advance { stage, bytes: SIZE as u64 / 4 }));
    guide.elapsed = Some(Duration::from_secs(2));
    assert_looks(&guide, "backup");
    assert_eq!(guide.key(Key::Escape), Act::Stop);
    assert_eq!(guide.key(Key::Char('w')), Act::Nothing, "nothing else happens while it runs");
}

#[test]
fn a_wish_is_looked_at_before_it_is_taken() {
    let mut guide = choice();
    let Act::Ask(Ask::Splice(wish)) = guide.key(Key::Enter) else { panic!("the wish is tried first") };
    assert_eq!(wish.donors[0].input, Input::File("web.bin".into()));
    guide.guide.take(Update::Refused(refused("another region")));
    assert!(screen(&guide).contains("Ctrl-A allows: region"));
    let Act::Ask(Ask::Splice(wish)) = guide.key(Key::Allow) else { panic!("allowed and tried again") };
    assert_eq!(wish.allow, ["region"]);
    guide.guide.take(preview(true));
    assert_looks(&guide, "choice");
    guide.key(Key::Down);
    guide.key(Key::Down);
    let Act::Ask(Ask::Splice(wish)) = guide.key(Key::Char(' ')) else { panic!("another source is tried") };
    assert_eq!(wish.sources, ["firmware=donor".parse().unwrap()]);
    guide.guide.take(preview(true));
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Accept));
}

#[test]
fn a_changed_file_name_takes_nothing_that_was_shown_before() {
    let mut guide = choice();
    guide.guide.take(preview(true));
    guide.key(Key::Char('x'));
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Splice(_))), "never accepted unseen");
}

#[test]
fn nothing_is_written_but_by_w() {
    let mut guide = choice();
    guide.guide.take(preview(true));
    guide.key(Key::Enter);
    guide.guide.take(planned());
    for key in [Key::Enter, Key::Char('y'), Key::Char('q'), Key::Down, Key::Char(' ')] {
        assert_eq!(guide.key(key), Act::Nothing, "{key:?}");
    }
    assert_looks(&guide, "plan");
    // Back to the choice without a new backup, and on again.
    assert_eq!((guide.key(Key::Escape), guide.guide.step), (Act::Nothing, Step::Choice));
    assert_eq!(guide.key(Key::Char('w')), Act::Nothing, "not from here");
    guide.key(Key::Backspace);
    guide.guide.take(preview(true));
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Accept));
    guide.guide.take(planned());
    assert_eq!(guide.key(Key::Char('w')), Act::Ask(Ask::Confirm(true)));
    let stage = Stage::Write;
    guide.guide.take(Update::Event(Event::Begin { stage, bytes: 0x10000, time: None }));
    assert_looks(&guide, "writing");
    guide.guide.take(Update::Finished(Box::new(Finished {
        report: report(),
        page: Some("reports/20261122-rewrite.html".into()),
    })));
    assert_looks(&guide, "result");
}

#[test]
fn what_does_not_fit_is_reached_by_the_page_keys() {
    let mut guide = choice();
    let findings =
        (0..40).map(|n| Finding { name: "note", severity: Severity::Tell, message: format!("finding {n}") });
    let Update::Preview(mut preview) = preview(true) else { unreachable!() };
    preview.findings = findings.collect();
    guide.guide.take(Update::Preview(preview));
    let seen = screen(&guide);
    assert!(seen.contains("PgDn: more") && !seen.contains("finding 39"), "{seen}");
    for _ in 0..20 {
        guide.key(Key::PageDown);
        screen(&guide);
    }
    let seen = screen(&guide);
    assert!(!seen.contains("PgDn: more") && seen.contains("finding 39"), "{seen}");
}

#[test]
fn the_programmer_of_last_time_is_marked() {
    let saved = Saved { spec: Some("ft2232h".into()), ..Saved::default() };
    let mut guide = view(&saved);
    guide.guide.take(Update::Programmers(vec![found("ch341a", None), found("ft2232h", None)]));
    assert_eq!(guide.guide.spec(), Some("ft2232h"));
    assert_eq!(guide.command(), "norsplice list");
    guide.key(Key::Enter);
    assert_eq!(guide.command(), "norsplice -p ft2232h contact --watch");
}

#[test]
fn a_chip_left_in_between_is_owned_up_to() {
    let mut guide = choice();
    guide.guide.take(Update::Event(Event::JobOpened { id: "j1".into() }));
    let gone = LinkError::new(LinkFault::Gone, "the programmer disappeared");
    let cause = Cause::Flash(FlashError::Spi(SpiError::Link(gone)));
    guide.guide.take(Update::Failed(Arc::new(cause.partial("j1").into())));
    assert_eq!(guide.guide.step, Step::Result);
    let seen = screen(&guide);
    assert!(seen.contains("partly written") && seen.contains("the programmer disappeared"), "{seen}");
    assert!(matches!(guide.key(Key::Char('u')), Act::Ask(Ask::Resume { undo: true, .. })));
}

#[test]
fn an_unknown_supply_is_shown_before_anything_is_chosen() {
    let mut guide = guide();
    guide.key(Key::Enter);
    guide.guide.take(chip());
    assert!(!screen(&guide).contains("supply is in no table"));
    let Update::Chip(known) = chip() else { panic!("a chip") };
    guide.guide.take(Update::Chip(ChipFacts { supply_unknown: true, ..known }));
    let seen = screen(&guide);
    assert!(seen.contains("supply is in no table") && seen.contains("--allow supply-unknown"), "{seen}");
}
