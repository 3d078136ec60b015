//! The guide as a value, and what it looks like on a terminal of 100 by 30.

use super::draw::draw;
use super::keys::{Act, Key};
use super::message::{Ask, ChipFacts, Finished, Found, Planned, Preview, Tell};
use super::saved::Saved;
use super::state::{Guide, Step};
use crate::image::{Finding, RegionRow, Severity, Source};
use crate::span::Span;
use crate::workflow::{Event, Stage};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use std::time::Duration;

const SIZE: usize = 64 * 4096;

fn screen(guide: &Guide) -> String {
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    terminal.draw(|frame| draw(guide, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..100).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..30).map(line).collect::<Vec<_>>().join("\n")
}

/// Compares with the picture kept beside the tests; `NORSPLICE_UPDATE=1` draws it anew, for review in the diff.
fn assert_looks(guide: &Guide, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/guide/{name}.txt"));
    let seen = screen(guide) + "\n";
    if std::env::var_os("NORSPLICE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &seen).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(seen, kept, "the screen of '{name}' has changed:\n{seen}");
}

fn guide() -> Guide {
    let mut guide = Guide::new(&Saved::default(), vec!["archer-mr200-v1".into(), "archer-c2-v1".into()]);
    let found = |spec: &str, problem: Option<&str>| Found {
        spec: spec.into(),
        text: format!("{spec} at USB 1-2"),
        problem: problem.map(str::to_owned),
    };
    guide.take(Tell::Programmers(vec![found("ch341a", None), found("ft2232h", Some("no permission"))]));
    guide
}

fn chip() -> Tell {
    Tell::Chip(ChipFacts {
        part: "W25Q64FV".into(),
        id: "ef4017".into(),
        size: SIZE as u64,
        low_voltage: false,
    })
}

fn steady(guide: &mut Guide) {
    guide.key(Key::Enter);
    guide.take(chip());
    for _ in 0..5 {
        guide.take(Tell::Contact(true, "the contact is good".into()));
    }
}

fn preview(changes: bool) -> Tell {
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
    Tell::Preview(Box::new(Preview {
        board: "archer-mr200-v1".into(),
        regions: vec![row("u-boot", 0, false), row("firmware", 0x10000, changes)],
        units: Vec::new(),
        findings: Vec::new(),
        image: Arc::new(image),
    }))
}

fn planned() -> Tell {
    let text = vec!["  erase 64 KiB (1 x 64 KiB)".into()];
    Tell::Plan(Planned { blocks: vec![Span::new(0x10000, 0x20000)], text })
}

/// To the step where wishes are taken, with a file typed and looked at.
fn choice() -> Guide {
    let mut guide = guide();
    steady(&mut guide);
    guide.key(Key::Enter);
    guide.key(Key::Enter);
    guide.take(Tell::Backup("20261122-ef4017".into(), Arc::new(vec![0xff; SIZE])));
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
    assert_eq!(guide.step, Step::Programmer);
    guide.key(Key::Up);
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Watch { spec: "ch341a".into() }));
}

#[test]
fn only_a_steady_contact_leads_on() {
    let mut guide = guide();
    steady(&mut guide);
    guide.take(Tell::Contact(false, "the id differs from read to read".into()));
    assert_eq!(guide.key(Key::Enter), Act::Nothing);
    assert_eq!(guide.step, Step::Clip);
    for _ in 0..5 {
        guide.take(Tell::Contact(true, "the contact is good".into()));
    }
    assert_looks(&guide, "clip");
    guide.key(Key::Enter);
    assert_eq!(guide.step, Step::Board);
}

#[test]
fn a_chip_in_between_is_not_backed_up() {
    let mut guide = guide();
    guide.take(Tell::OpenJob("20261122-rewrite".into(), "W25Q64FV".into()));
    steady(&mut guide);
    assert_eq!(guide.key(Key::Enter), Act::Nothing);
    let resume = Ask::Resume { spec: "ch341a".into(), job: "20261122-rewrite".into(), undo: false };
    assert_eq!(guide.key(Key::Char('r')), Act::Ask(resume));
    assert_eq!(guide.step, Step::Writing);
}

#[test]
fn the_backup_fills_the_picture_cell_by_cell() {
    let mut guide = guide();
    steady(&mut guide);
    guide.key(Key::Enter);
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Begin { .. })));
    let stage = Stage::SecondRead;
    guide.take(Tell::Event(Event::Begin { stage, bytes: SIZE as u64, time: None }));
    guide.take(Tell::Event(Event::Advance { stage, bytes: SIZE as u64 / 4 }));
    guide.elapsed = Some(Duration::from_secs(2));
    assert_looks(&guide, "backup");
    assert_eq!(guide.key(Key::Escape), Act::Stop);
    assert_eq!(guide.key(Key::Char('w')), Act::Nothing, "nothing else happens while it runs");
}

#[test]
fn a_wish_is_looked_at_before_it_is_taken() {
    let mut guide = choice();
    let Act::Ask(Ask::Splice(wish)) = guide.key(Key::Enter) else { panic!("the wish is tried first") };
    assert_eq!(wish.donors, ["web.bin"]);
    guide.take(Tell::Refused("region: another region".into(), vec!["region".into()]));
    assert!(screen(&guide).contains("Ctrl-A allows: region"));
    let Act::Ask(Ask::Splice(wish)) = guide.key(Key::Allow) else { panic!("allowed and tried again") };
    assert_eq!(wish.allow, ["region"]);
    guide.take(preview(true));
    assert_looks(&guide, "choice");
    guide.key(Key::Down);
    guide.key(Key::Down);
    let Act::Ask(Ask::Splice(wish)) = guide.key(Key::Char(' ')) else { panic!("another source is tried") };
    assert_eq!(wish.sets, ["firmware=donor"]);
    guide.take(preview(true));
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Accept));
}

#[test]
fn a_changed_file_name_takes_nothing_that_was_shown_before() {
    let mut guide = choice();
    guide.take(preview(true));
    guide.key(Key::Char('x'));
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Splice(_))), "never accepted unseen");
}

#[test]
fn nothing_is_written_but_by_w() {
    let mut guide = choice();
    guide.take(preview(true));
    guide.key(Key::Enter);
    guide.take(planned());
    for key in [Key::Enter, Key::Char('y'), Key::Char('q'), Key::Down, Key::Char(' ')] {
        assert_eq!(guide.key(key), Act::Nothing, "{key:?}");
    }
    assert_looks(&guide, "plan");
    // Back to the choice without a new backup, and on again.
    assert_eq!((guide.key(Key::Escape), guide.step), (Act::Nothing, Step::Choice));
    assert_eq!(guide.key(Key::Char('w')), Act::Nothing, "not from here");
    guide.key(Key::Backspace);
    guide.take(preview(true));
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Accept));
    guide.take(planned());
    assert_eq!(guide.key(Key::Char('w')), Act::Ask(Ask::Confirm(true)));
    let stage = Stage::Write;
    guide.take(Tell::Event(Event::Begin { stage, bytes: 0x10000, time: None }));
    assert_looks(&guide, "writing");
    guide.take(Tell::Finished(Finished {
        backup: "20261122-ef4017".into(),
        job: Some("20261122-rewrite".into()),
        verdict: "Written and verified.",
        lines: vec!["16 MiB read for the backup".into()],
        report: Some("reports/20261122-rewrite.html".into()),
    }));
    assert_looks(&guide, "result");
}

#[test]
fn what_does_not_fit_is_reached_by_the_page_keys() {
    let mut guide = choice();
    let findings =
        (0..40).map(|n| Finding { name: "told", severity: Severity::Tell, message: format!("finding {n}") });
    let Tell::Preview(mut preview) = preview(true) else { unreachable!() };
    preview.findings = findings.collect();
    guide.take(Tell::Preview(preview));
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
    let mut guide = Guide::new(&saved, vec!["auto".into()]);
    let found = |spec: &str| Found { spec: spec.into(), text: spec.into(), problem: None };
    guide.take(Tell::Programmers(vec![found("ch341a"), found("ft2232h")]));
    assert_eq!(guide.spec(), Some("ft2232h"));
    assert_eq!(guide.command(), "norsplice list");
    guide.key(Key::Enter);
    assert_eq!(guide.command(), "norsplice -p ft2232h contact --watch");
}

#[test]
fn a_chip_left_in_between_is_owned_up_to() {
    let mut guide = choice();
    guide.take(Tell::Event(Event::JobOpened { id: "j1".into() }));
    guide.take(Tell::Failed {
        message: "the programmer disappeared".into(),
        hint: Some("resume".into()),
        partial: true,
    });
    assert_eq!(guide.step, Step::Result);
    let seen = screen(&guide);
    assert!(seen.contains("partly written") && seen.contains("the programmer disappeared"), "{seen}");
    assert!(matches!(guide.key(Key::Char('u')), Act::Ask(Ask::Resume { undo: true, .. })));
}
