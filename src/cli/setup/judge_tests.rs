//! A table of machines, and what is reported for each.

use super::judge::{Check, State, judge};
use super::seen::*;

const ME: u32 = 1000;

fn programmer(spec: Option<&str>) -> Programmer {
    Programmer { spec: spec.map(str::to_owned), path: "1-2".into(), ..Programmer::default() }
}

fn ready() -> Seen {
    Seen {
        nodes: true,
        rules: Rules::Installed("/etc/udev/rules.d/60-norsplice.rules".into()),
        user: User { id: Some(ME), ..User::default() },
        programmers: Ok(vec![programmer(Some("ch341a:path=1-2"))]),
        chip: Answer::Steady("ef4017".into()),
        store: Ok("/home/u/.local/share/norsplice".into()),
        ..Seen::default()
    }
}

fn denied(user: User, rules: Rules) -> Seen {
    let one = Programmer { problem: Problem::Denied, ..programmer(Some("ch341a:path=1-2")) };
    Seen { user, rules, programmers: Ok(vec![one]), chip: Answer::NotAsked, ..ready() }
}

fn user(group_exists: bool, group_pending: bool, in_group: bool) -> User {
    User { id: Some(ME), group_exists, in_group, group_pending }
}

fn states(checks: &[Check]) -> Vec<(&str, State)> {
    checks.iter().map(|check| (check.name, check.state)).collect()
}

/// What is missing, with all that is said of it.
fn missing(seen: &Seen) -> String {
    let checks = judge(seen);
    let lines = checks.iter().filter(|check| check.state == State::Missing);
    lines.map(|c| format!("{}: {} > {}\n", c.name, c.text, c.next.join(" > "))).collect()
}

#[test]
fn a_machine_on_which_nothing_is_missing() {
    let names = ["system", "udev rules", "programmer", "permission", "chip", "store"];
    assert_eq!(states(&judge(&ready())), names.map(|name| (name, State::Ok)));
}

#[test]
fn an_emulated_programmer_needs_no_machine() {
    let seen = Seen {
        emulated: Some("emu:chip=W25Q64FV".into()),
        rules: Rules::Missing,
        inside: Some(Inside::Container),
        programmers: Ok(Vec::new()),
        ..ready()
    };
    assert_eq!(states(&judge(&seen)), ["programmer", "chip", "store"].map(|name| (name, State::Ok)));
}

/// Each: what was seen, and words of what is missing; none where nothing may be missing.
#[test]
fn every_machine_is_told_what_to_type() {
    let rules = || Rules::Installed("/usr/lib/udev/rules.d/60-norsplice.rules".into());
    let with = |one: Programmer| Seen { programmers: Ok(vec![one]), chip: Answer::NotAsked, ..ready() };
    let none = || Seen { programmers: Ok(Vec::new()), chip: Answer::NotAsked, ..ready() };
    let other = |id: &str| Seen { others: vec![Other { path: "1-4".into(), id: id.into() }], ..none() };
    let chip = |chip: Answer| Seen { chip, ..ready() };
    let root = || User { id: Some(0), ..User::default() };
    let uart = Programmer { problem: Problem::Other("UART mode: set its jumper".into()), ..programmer(None) };
    let table: Vec<(&str, Seen, &[&str])> = vec![
        (
            "no rules",
            Seen { rules: Rules::Missing, ..ready() },
            &["udev rules", "--print-udev-rules | sudo tee"],
        ),
        ("no rules, root", Seen { rules: Rules::Missing, user: root(), ..ready() }, &[]),
        ("older rules", Seen { rules: Rules::Differs("/etc/x".into()), ..ready() }, &[]),
        ("flashrom's rules", Seen { rules: Rules::Foreign("/lib/x".into()), ..ready() }, &[]),
        (
            "denied for want of rules",
            denied(user(true, true, true), Rules::Missing),
            &["permission", "sudo tee"],
        ),
        ("rules came after", denied(user(true, true, true), rules()), &["permission", "plug it in again"]),
        ("not in the group", denied(user(true, false, false), rules()), &["usermod -aG plugdev"]),
        ("group from next login", denied(user(true, true, false), rules()), &["log out and in"]),
        ("no such group", denied(user(false, false, false), rules()), &["groupadd", "usermod"]),
        ("nothing plugged in", none(), &["programmer: none", "lsusb", "norsplice demo"]),
        ("UART mode", with(uart), &["programmer: UART mode", "jumper"]),
        ("CH340", other("1a86:7523"), &["programmer: 1a86:7523 at USB 1-4", "CH340"]),
        ("FT232R", other("0403:6001"), &["no MPSSE"]),
        (
            "container",
            Seen { inside: Some(Inside::Container), nodes: false, ..none() },
            &["docker run", "189"],
        ),
        ("container let in", Seen { inside: Some(Inside::Container), ..ready() }, &[]),
        ("WSL", Seen { inside: Some(Inside::Wsl), ..none() }, &["usbipd attach --wsl"]),
        (
            "libusb",
            Seen { programmers: Err("cannot start libusb: X".into()), ..none() },
            &["libusb: cannot start"],
        ),
        ("clip off", chip(Answer::High), &["chip: does not answer", "pin 1 has the dot"]),
        ("no power", chip(Answer::Low), &["no supply", "3.3 V between pin 8 and pin 4"]),
        ("awake", chip(Answer::Toggling), &["processor is awake", "reset="]),
        ("loose", chip(Answer::Unsteady(62)), &["62 %", "contact --watch"]),
        ("in use", chip(Answer::Failed("in use by another".into())), &["chip: in use by another"]),
        (
            "store",
            Seen { store: Err("/x cannot be written to".into()), ..ready() },
            &["store: /x", "--store"],
        ),
    ];
    for (name, seen, wanted) in table {
        let said = missing(&seen);
        assert_eq!(said.is_empty(), wanted.is_empty(), "{name}: {said}");
        for word in wanted {
            assert!(said.contains(word), "{name}: {word} is not in: {said}");
        }
    }
}

#[test]
fn what_may_be_a_programmer_is_told_and_a_place_that_was_named_needs_no_usb() {
    let model = crate::programmer::Model::named("serprog").unwrap();
    let spec = "serprog:dev=/dev/ttyACM0";
    let one = crate::programmer::Possible { model, spec: spec.into(), seen: "USB 1-4, Pico".into() };
    let none = Seen { programmers: Ok(Vec::new()), chip: Answer::NotAsked, ..ready() };
    let seen = Seen { possible: vec![one], ..none.clone() };
    let checks = judge(&seen);
    let line = checks.iter().find(|check| check.name == "perhaps").unwrap();
    assert_eq!(line.state, State::Unknown);
    assert_eq!(line.next, [format!("norsplice -p {spec} probe")]);
    assert!(missing(&seen).contains("programmer: none is plugged in"));
    let named = Seen {
        place: Some(spec.into()),
        rules: Rules::Missing,
        chip: Answer::Steady("ef4017".into()),
        ..none
    };
    assert_eq!(missing(&named), "");
}

#[test]
fn several_programmers_are_named_and_none_is_chosen() {
    let two = vec![programmer(Some("ch341a:path=1-2")), programmer(Some("ft2232h:path=1-3"))];
    let checks = judge(&Seen { programmers: Ok(two), chip: Answer::NotAsked, ..ready() });
    let line = checks.iter().find(|check| check.name == "programmer").unwrap();
    assert!(line.text.contains("ch341a:path=1-2, ft2232h:path=1-3"), "{}", line.text);
    assert_eq!(line.next, ["norsplice -p ch341a:path=1-2 probe"]);
    assert_eq!(checks.iter().find(|check| check.name == "chip").unwrap().state, State::Unknown);
}

#[test]
fn a_kernel_driver_is_reported_and_is_no_obstacle() {
    let drivers = vec!["ftdi_sio".to_owned(), "ftdi_sio".to_owned()];
    let one = Programmer { drivers, ..programmer(Some("ft2232h:path=1-2")) };
    let checks = judge(&Seen { programmers: Ok(vec![one]), ..ready() });
    let line = checks.iter().find(|check| check.name == "kernel driver").unwrap();
    assert_eq!(line.state, State::Ok);
    assert!(line.text.starts_with("ftdi_sio has ft2232h:path=1-2"), "{}", line.text);
}

/// What that means is reported of the programmer whose lines it concerns, and of no other.
#[test]
fn a_programmer_whose_lines_stay_driven_is_told_before_a_board_gets_its_own_power() {
    for (spec, reported) in
        [("ch347:path=1-2", true), ("ch341a:path=1-2", false), ("ft2232h:path=1-2", false)]
    {
        let checks = judge(&Seen { programmers: Ok(vec![programmer(Some(spec))]), ..ready() });
        let line = checks.iter().find(|check| check.name == "lines");
        assert_eq!(line.is_some(), reported, "{spec}");
        if let Some(line) = line {
            assert_eq!(line.state, State::Ok);
            assert!(line.text.contains(spec) && line.next[0].contains("clip off"), "{line:?}");
        }
    }
}

/// A modem manager asks every serial port what it is; on an FTDI port that is left to the kernel's driver this moves the clock.
#[test]
fn no_programmer_with_a_serial_port_is_taken_for_a_modem() {
    let mut seen = 0;
    let usb = crate::programmer::models().iter().filter_map(|model| model.usb.as_ref());
    for (vendor, product) in usb.flat_map(|usb| usb.products.iter().map(|product| (usb.vendor, *product))) {
        let ids = format!(r#"ATTR{{idVendor}}=="{vendor:04x}", ATTR{{idProduct}}=="{product:04x}""#);
        let rules: Vec<&str> = super::RULES.lines().filter(|line| line.starts_with(&ids)).collect();
        let [rule] = rules[..] else { panic!("{ids}: {} rules", rules.len()) };
        // A CH341A has no serial port in its SPI mode.
        let has_port = (vendor, product) != (0x1a86, 0x5512);
        assert_eq!(rule.contains(r#"ENV{ID_MM_DEVICE_IGNORE}="1""#), has_port, "{rule}");
        seen += usize::from(has_port);
    }
    assert!(seen >= 15, "{seen} of them");
}
