//! Guides at a step, and what comes from the desk, for the tests of the guide.

use super::super::draw::draw;
use super::super::keys::Key;
use super::super::view::View;
use crate::desk::Refusal;
use crate::desk::guide::{
    BackedUp, ChipFacts, Contact, Found, Guide, PlanToConfirm, Preview, Saved, Update, Way,
};
use crate::image::{Board, ImageError, Layout, RegionRow, Source, checks};
use crate::plan::{Plan, Step as PlanStep};
use crate::span::Span;
use crate::workflow::ChipState;
use crate::workflow::contact::Verdict;
use crate::workflow::job::{Planned, Report};
use crate::workflow::journal::Verb;
use crate::workflow::rewrite::Tally;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::sync::Arc;
use std::time::Duration;

pub const SIZE: usize = 64 * 4096;

pub fn screen(guide: &View) -> String {
    screen_of(guide, 100, 30)
}

pub fn screen_of(guide: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    // What did not fit is known when it was drawn.
    for _ in 0..2 {
        terminal.draw(|frame| draw(guide, frame)).unwrap();
    }
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

/// Compares with the picture kept beside the tests; `NORSPLICE_UPDATE=1` writes it again, for review in the diff.
pub fn assert_looks(guide: &View, name: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/guide/{name}.txt"));
    let seen = screen(guide) + "\n";
    if std::env::var_os("NORSPLICE_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &seen).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(seen, kept, "the screen of '{name}' has changed:\n{seen}");
}

pub fn found(spec: &str, problem: Option<&str>) -> Found {
    Found {
        spec: spec.into(),
        name: Some(spec.into()),
        path: "1-2".into(),
        may_drive_5v: false,
        problem: problem.map(str::to_owned),
        may_be: None,
    }
}

/// A serial port that may be a programmer.
pub fn perhaps(spec: &str) -> Found {
    Found {
        name: None,
        path: String::new(),
        may_be: Some("USB 1-4, 2e8a:000a, Pico".into()),
        ..found(spec, None)
    }
}

pub fn view(saved: &Saved) -> View {
    View::new(Guide::new(saved), None)
}

pub fn guide() -> View {
    let mut guide = view(&Saved { board: Some("archer-mr200-v1".into()), ..Saved::default() });
    guide
        .guide
        .take(Update::Programmers(vec![found("ch341a", None), found("ft2232h", Some("no permission"))]));
    guide
}

pub fn contact(good: bool) -> Update {
    Update::Contact(Contact::Tested(Box::new(Verdict { good, ..Verdict::default() })))
}

pub fn chip() -> Update {
    Update::Chip(ChipFacts {
        part: "W25Q64FV".into(),
        id: vec![0xef, 0x40, 0x17],
        size: SIZE as u64,
        low_voltage: false,
        supply_unknown: false,
    })
}

pub fn steady(guide: &mut View) {
    guide.key(Key::Enter);
    guide.guide.take(chip());
    for _ in 0..5 {
        guide.guide.take(contact(true));
    }
}

pub fn refused(message: &str) -> Arc<Refusal> {
    let findings = vec![checks::REGION.found(message)];
    Arc::new(ImageError::Refused { findings }.into())
}

pub fn preview(changes: bool) -> Box<Preview> {
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
    Box::new(Preview {
        board: Some("archer-mr200-v1".into()),
        place: None,
        changes: Vec::new(),
        regions: vec![row("u-boot", 0, false), row("firmware", 0x10000, changes)],
        units: Vec::new(),
        findings: Vec::new(),
        image: Arc::new(image),
    })
}

pub fn plan() -> Plan {
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

pub fn planned() -> Update {
    let layout = Board::named("archer-mr200-v1").unwrap().layout.clone();
    Update::Plan(Box::new(PlanToConfirm { plan: plan(), layout: Some(layout) }))
}

pub fn report() -> Report {
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
        backup_millis: 90_300,
        write_millis: 400,
        unlocked: Vec::new(),
        plan: plan(),
    }
}

pub fn backed_up(map: Option<Layout>) -> Update {
    Update::Backup(Box::new(BackedUp {
        id: "20261122-ef4017".into(),
        flash: Arc::new(vec![0xff; SIZE]),
        file: "store/20261122-ef4017/flash.bin".into(),
        map,
        time: Duration::from_secs(90),
    }))
}

/// To the step where wishes are taken, on another way than a board.
pub fn choice_of(way: Way, map: Option<Layout>) -> View {
    let mut guide = guide();
    guide.guide.way = guide.guide.ways.iter().position(|one| *one == way).unwrap();
    steady(&mut guide);
    guide.key(Key::Enter);
    guide.key(Key::Enter);
    guide.guide.take(backed_up(map));
    guide
}

/// To the step where wishes are taken, with a file typed and looked at.
pub fn choice() -> View {
    let mut guide = guide();
    steady(&mut guide);
    guide.key(Key::Enter);
    guide.key(Key::Enter);
    guide.guide.take(backed_up(None));
    "web.bin".chars().for_each(|c| {
        guide.key(Key::Char(c));
    });
    guide
}
