//! The guide as a value, and what it looks like on a terminal of 100 by 30.

mod given;

use super::keys::{Act, Key};
use super::view::View;
use crate::desk::guide::{
    Ask, ChipFacts, Contact, Done, Finished, OpenJob, Preview, Saved, Step, Try, Update, Way,
};
use crate::desk::{Input, Wish};
use crate::flash::FlashError;
use crate::image::checks;
use crate::image::layouts::parse_any;
use crate::spi::{LinkError, LinkFault, SpiError};
use crate::workflow::job::Report;
use crate::workflow::{Cause, Event, Stage};
use given::*;
use std::sync::Arc;
use std::time::Duration;

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
fn what_may_be_a_programmer_is_opened_only_where_it_is_chosen() {
    let ports = ["serprog:dev=/dev/ttyACM0", "spidev:dev=/dev/spidev0.0"];
    let mut guide = view(&Saved::default());
    guide.guide.take(Update::Programmers(ports.map(perhaps).to_vec()));
    assert_looks(&guide, "programmer-perhaps");
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Programmers), "none is marked, none is taken");
    guide.key(Key::Down);
    guide.key(Key::Up);
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Watch { spec: ports[0].into() }));
    // Beside one that is certain.
    let mut guide = view(&Saved::default());
    guide.guide.take(Update::Programmers(vec![found("ch341a", None), perhaps(ports[0])]));
    assert_eq!(guide.guide.spec(), Some("ch341a"));
    // The one of last time is marked: it was named then.
    let mut guide = view(&Saved { spec: Some(ports[1].into()), ..Saved::default() });
    guide.guide.take(Update::Programmers(ports.map(perhaps).to_vec()));
    assert_eq!(guide.guide.spec(), Some(ports[1]));
}

/// Wiggling the clip helps no programmer that is not there.
#[test]
fn what_is_the_programmers_fault_is_told_from_the_contacts() {
    let mut guide = guide();
    guide.key(Key::Enter);
    let failed = |error: SpiError| Update::Contact(Contact::Failed(Arc::new(error.into())));
    let link = |fault| SpiError::Link(LinkError::new(fault, "said"));
    for (error, is_its) in [
        (link(LinkFault::Absent), true),
        (link(LinkFault::Unusable), true),
        (SpiError::Unsupported("said".into()), true),
        (link(LinkFault::Silent), false),
        (link(LinkFault::Garbled), false),
    ] {
        guide.guide.take(failed(error.clone()));
        let screen = screen(&guide);
        assert_eq!(screen.contains("The programmer cannot be used yet"), is_its, "{error}: {screen}");
        assert_eq!(screen.contains("Wiggle the clip"), !is_its, "{error}: {screen}");
    }
}

/// A Raspberry Pi cannot be unplugged while it works.
#[test]
fn what_comes_next_after_a_backup_depends_on_the_programmer() {
    for (spec, words) in [
        ("spidev:dev=/dev/spidev0.0", "Next: take the clip off, for this machine still drives"),
        ("serprog:dev=/dev/ttyACM0", "Next: unplug the programmer"),
        ("ch347:speed=30MHz", "Next: unplug the programmer"),
    ] {
        let mut guide = view(&Saved { spec: Some(spec.into()), ..Saved::default() });
        guide.guide.take(Update::Programmers(vec![found(spec, None)]));
        guide.guide.step = Step::Result;
        let done = Done::Backup { id: "b".into(), bytes: 1, time: Duration::ZERO };
        guide.guide.take(Update::Finished(Box::new(Finished { done, page: None })));
        let screen = screen(&guide);
        assert!(screen.contains(words), "{spec}: {screen}");
    }
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
    let small = screen_of(&guide, 40, 10);
    assert!(small.contains("Steady.") && small.contains("step 2 of 8: clip"), "{small}");
    guide.key(Key::Enter);
    assert_eq!(guide.guide.step, Step::Job);
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

/// The worker's answer to the latest try; asks for one where there is none.
fn answer(guide: &mut View, preview: Box<Preview>) {
    if guide.guide.trying.is_none() {
        guide.key(Key::Enter);
    }
    let number = guide.guide.trying.expect("a try");
    guide.guide.take(Update::Preview(number, preview));
}

/// The wish that is tried.
fn splice(act: Act) -> Wish {
    match act {
        Act::Ask(Ask::Try { wish, .. }) => match *wish {
            Try::Splice(wish) => *wish,
            Try::Put(other) => panic!("no splice: {other:?}"),
        },
        other => panic!("nothing is tried: {other:?}"),
    }
}

#[test]
fn a_wish_is_looked_at_before_it_is_taken() {
    let mut guide = choice();
    let wish = splice(guide.key(Key::Enter));
    assert_eq!(wish.donors[0].input, Input::File("web.bin".into()));
    let number = guide.guide.trying.expect("a try");
    guide.guide.take(Update::Refused(number, refused("another region")));
    assert!(screen(&guide).contains("Ctrl-A allows: region"));
    let wish = splice(guide.key(Key::Allow));
    assert_eq!(wish.allow, ["region"]);
    answer(&mut guide, preview(true));
    assert_looks(&guide, "choice");
    guide.key(Key::Down);
    guide.key(Key::Down);
    let wish = splice(guide.key(Key::Char(' ')));
    assert_eq!(wish.sources, ["firmware=donor".parse().unwrap()]);
    answer(&mut guide, preview(true));
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Accept));
}

#[test]
fn a_changed_file_name_takes_nothing_that_was_shown_before() {
    let mut guide = choice();
    answer(&mut guide, preview(true));
    guide.key(Key::Char('x'));
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Try { .. })), "never accepted unseen");
}

#[test]
fn the_answer_to_an_earlier_wish_is_not_taken_for_this_one() {
    let mut guide = choice();
    guide.key(Key::Enter);
    let number = guide.guide.trying.expect("a try");
    guide.key(Key::Char('x'));
    guide.guide.take(Update::Preview(number, preview(true)));
    assert!(guide.guide.preview.is_none(), "of the name before");
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Try { .. })));
    guide.guide.take(Update::Refused(number, refused("late")));
    assert!(guide.guide.refused.is_none());
}

#[test]
fn nothing_is_written_but_by_w() {
    let mut guide = choice();
    answer(&mut guide, preview(true));
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
    answer(&mut guide, preview(true));
    assert_eq!(guide.key(Key::Enter), Act::Ask(Ask::Accept));
    guide.guide.take(planned());
    assert_eq!(guide.key(Key::Char('w')), Act::Ask(Ask::Confirm(true)));
    let stage = Stage::Write;
    guide.guide.take(Update::Event(Event::Begin { stage, bytes: 0x10000, time: None }));
    assert_looks(&guide, "writing");
    guide.guide.take(Update::Finished(Box::new(Finished {
        done: Done::Job(Box::new(report())),
        page: Some("reports/20261122-rewrite.html".into()),
    })));
    assert_looks(&guide, "result");
}

#[test]
fn what_does_not_fit_is_reached_by_the_page_keys() {
    let mut guide = choice();
    let findings = (0..40).map(|n| checks::EDITED.found(format!("finding {n}")));
    let mut preview = preview(true);
    preview.findings = findings.collect();
    answer(&mut guide, preview);
    let seen = screen(&guide);
    assert!(seen.contains("PgDn: more") && !seen.contains("finding 39"), "{seen}");
    for _ in 0..20 {
        guide.key(Key::PageDown);
        screen(&guide);
    }
    let seen = screen(&guide);
    assert!(!seen.contains("PgDn: more") && seen.contains("finding 39"), "{seen}");
    // Until then Enter reads on, and takes nothing.
    guide.scroll = 0;
    screen(&guide);
    assert_eq!(guide.key(Key::Enter), Act::Nothing);
    assert!(guide.scroll > 0);
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

#[test]
fn every_way_is_reached_on_small_and_large_screens() {
    let mut guide = guide();
    steady(&mut guide);
    guide.key(Key::Enter);
    guide.guide.way = 0;
    assert_looks(&guide, "job");
    for (width, height) in [(40, 10), (80, 24), (200, 50)] {
        guide.guide.way = 0;
        for way in Way::all() {
            let seen = screen_of(&guide, width, height);
            let marked = seen.lines().find(|line| line.starts_with("> ")).unwrap_or_default().to_owned();
            let name = match &way {
                Way::Board(name) if name == "auto" => "find the board",
                Way::Board(name) => name,
                Way::Carried => "a PC board",
                Way::Layout => "another board",
                Way::Image => "a whole image",
                Way::Place => "a region",
                Way::Backup => "a backup only",
            };
            assert!(marked.contains(name), "{way:?} at {width}x{height}:\n{seen}");
            guide.key(Key::Down);
        }
    }
}

#[test]
fn a_file_for_the_whole_chip_or_a_place_is_what_write_takes() {
    let map = parse_any(b"00000000:0000ffff boot\n00010000:0003ffff data\n", None).unwrap();
    let type_in = |guide: &mut View, text: &str| {
        text.chars().for_each(|c| {
            guide.key(Key::Char(c));
        })
    };
    let put = |act: Act| match act {
        Act::Ask(Ask::Try { wish, .. }) => match *wish {
            Try::Put(wish) => wish,
            Try::Splice(other) => panic!("no write: {other:?}"),
        },
        other => panic!("nothing is tried: {other:?}"),
    };
    let mut guide = choice_of(Way::Image, None);
    assert_eq!(guide.key(Key::Enter), Act::Nothing, "a file comes first");
    type_in(&mut guide, "full.rom");
    let wish = put(guide.key(Key::Enter));
    assert_eq!((wish.input, wish.place), (Input::File("full.rom".into()), None));
    assert_eq!(guide.command(), "norsplice -p ch341a write full.rom");
    let mut guide = choice_of(Way::Place, Some(map));
    type_in(&mut guide, "part.bin");
    assert_eq!(guide.key(Key::Enter), Act::Nothing, "the place is asked for");
    type_in(&mut guide, "data");
    assert_eq!(put(guide.key(Key::Enter)).place.as_deref(), Some("data"));
    assert_looks(&guide, "place");
    let by_region =
        "norsplice -p ch341a write part.bin --layout store/20261122-ef4017/flash.bin --region data";
    assert_eq!(guide.command(), by_region);
    guide.key(Key::Clear);
    type_in(&mut guide, "0x20000");
    assert_eq!(guide.command(), "norsplice -p ch341a write part.bin --at 0x20000");
}

#[test]
fn a_board_without_a_name_takes_its_map_from_the_chip_or_a_file() {
    let mut guide = choice_of(Way::Carried, None);
    let wish = splice(guide.key(Key::Enter));
    let Some(Input::Bytes { name, .. }) = wish.layout else { panic!("the contents are the map") };
    assert_eq!((name.as_str(), wish.chip_size), ("store/20261122-ef4017/flash.bin", Some(SIZE as u64)));
    let mut guide = choice_of(Way::Layout, None);
    "l.txt".chars().for_each(|c| drop(guide.key(Key::Char(c))));
    assert_eq!(splice(guide.key(Key::Enter)).layout, Some(Input::File("l.txt".into())));
    assert_eq!(guide.command(), "norsplice -p ch341a rewrite --layout l.txt --donor FILE");
}

#[test]
fn a_chip_that_reads_ff_only_is_blank_on_request() {
    let mut guide = guide();
    guide.guide.way = guide.guide.ways.iter().position(|way| *way == Way::Backup).unwrap();
    steady(&mut guide);
    guide.key(Key::Enter);
    assert!(matches!(guide.key(Key::Enter), Act::Ask(Ask::Begin { blank: false, .. })));
    guide.guide.take(Update::Failed(Arc::new(Cause::Suspect { value: 0xff }.untouched().into())));
    assert!(screen(&guide).contains("b: the chip is blank"));
    assert!(matches!(guide.key(Key::Char('b')), Act::Ask(Ask::Begin { blank: true, way: Way::Backup, .. })));
}

#[test]
fn a_resumed_job_shows_its_own_figures_and_command() {
    let mut guide = choice();
    answer(&mut guide, preview(true));
    guide.guide.take(Update::OpenJob(OpenJob { id: "j1".into(), part: "W25Q64FV".into() }));
    guide.guide.resume(false);
    assert_eq!(guide.command(), "norsplice -p ch341a resume j1");
    let stage = Stage::Write;
    guide.guide.take(Update::Event(Event::Begin { stage, bytes: 0x10000, time: None }));
    let seen = screen(&guide);
    assert!(!seen.contains("one sign is"), "no picture of a plan that is not known:\n{seen}");
    let done = Done::Resumed(Box::new(Report { job: Some("j1".into()), backup_read: 0x4000, ..report() }));
    guide.guide.take(Update::Finished(Box::new(Finished { done, page: None })));
    let seen = screen(&guide);
    assert!(seen.contains("this run did") && seen.contains("16 KiB read, to see how far"), "{seen}");
    assert!(!seen.contains("for the backup"), "{seen}");
}

#[test]
fn what_was_done_stays_on_the_terminal() {
    let mut guide = choice();
    let lines = super::farewell::lines(&guide);
    assert_eq!(lines[0], "Backup 20261122-ef4017 is stored; nothing was written.");
    guide.guide.take(Update::Finished(Box::new(Finished {
        done: Done::Job(Box::new(report())),
        page: Some("r.html".into()),
    })));
    let lines = super::farewell::lines(&guide).join("\n");
    for wanted in
        ["Written and verified.", "20261122-ef4017", "r.html", "norsplice -p ch341a restore 20261122-ef4017"]
    {
        assert!(lines.contains(wanted), "{wanted}: {lines}");
    }
    assert_eq!(lines.matches("20261122-ef4017").count(), 2, "said once: {lines}");
}

#[test]
fn names_are_listed_completed_and_cleared() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["web-1.bin", "web-2.bin"] {
        std::fs::write(dir.path().join(name), [0; 10]).unwrap();
    }
    let mut guide = choice_of(Way::Image, None);
    format!("{}/w", dir.path().display()).chars().for_each(|c| drop(guide.key(Key::Char(c))));
    guide.key(Key::Tab);
    assert!(guide.guide.file.ends_with("/web-"), "{}", guide.guide.file);
    let seen = screen_of(&guide, 120, 30);
    assert!(seen.contains("web-1.bin  10 bytes") && seen.contains("web-2.bin"), "{seen}");
    guide.key(Key::Tab);
    assert!(guide.guide.file.ends_with("/web-1.bin"), "{}", guide.guide.file);
    guide.key(Key::Clear);
    assert_eq!(guide.guide.file, "");
}
