//! From what was seen to what it means and what to type. Pure: the tests hold it by a table of machines.

use super::seen::{Answer, Inside, Problem, Programmer, Rules, Seen, System};
use crate::programmer::{Model, Possible, Settings};

/// The group that the rules give programmers to where no one sits at the machine.
pub(super) const GROUP: &str = "plugdev";

const INSTALL_RULES: &str =
    "norsplice setup --print-udev-rules | sudo tee /etc/udev/rules.d/60-norsplice.rules >/dev/null";
const RELOAD: &str = "sudo udevadm control --reload";
const REPLUG: &str = "then unplug the programmer and plug it in again";

/// The state of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// Wants something done before work can begin.
    Missing,
    /// Could not be found out, or is not known to work.
    Unknown,
}

impl State {
    /// Its name in the JSON form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// Its state.
    pub state: State,
    /// In words.
    pub text: String,
    /// What to type or do, in order.
    pub next: Vec<String>,
}

impl Check {
    fn new<T: Into<String>>(
        name: &'static str,
        state: State,
        text: impl Into<String>,
        next: impl IntoIterator<Item = T>,
    ) -> Self {
        Self { name, state, text: text.into(), next: next.into_iter().map(Into::into).collect() }
    }

    fn ok(name: &'static str, text: impl Into<String>) -> Self {
        Self::new(name, State::Ok, text, [""; 0])
    }
}

/// Everything that was looked at, in the order in which it matters.
pub fn judge(seen: &Seen) -> Vec<Check> {
    let mut checks = match &seen.emulated {
        Some(spec) => vec![Check::ok("programmer", format!("{spec}, in software"))],
        None => machine(seen),
    };
    checks.push(chip(seen));
    checks.push(match &seen.store {
        Ok(folder) => Check::ok("store", format!("backups are kept in {folder}")),
        Err(fault) => Check::new("store", State::Missing, fault, ["name another folder with --store DIR"]),
    });
    checks
}

/// The machine and what is plugged into it.
fn machine(seen: &Seen) -> Vec<Check> {
    let mut checks = vec![system(seen)];
    if let Some(place) = &seen.place {
        // Whether it can be opened is seen where the chip is asked.
        checks.push(Check::ok("programmer", place));
        return checks;
    }
    checks.extend(inside(seen));
    if seen.system == System::Linux {
        checks.push(rules(seen));
    }
    match &seen.programmers {
        Err(complaint) => checks.push(libusb(complaint)),
        Ok(programmers) => {
            checks.extend(plugged(seen, programmers));
            checks.extend(programmers.iter().flat_map(|one| usable(seen, one)));
        }
    }
    checks.extend(seen.possible.iter().map(perhaps));
    checks
}

/// Never missing: it is opened only where it is named, so nothing is known of it.
fn perhaps(one: &Possible) -> Check {
    let text = format!("{}: {}, not opened; if it is your programmer, name it", one.spec, one.seen);
    Check::new("perhaps", State::Unknown, text, [format!("norsplice -p {} probe", one.spec)])
}

fn system(seen: &Seen) -> Check {
    let name = "system";
    match seen.system {
        System::Linux => Check::ok(name, "Linux"),
        System::Windows => Check::new(
            name,
            State::Unknown,
            "Windows: not tested",
            ["give the programmer the WinUSB driver with Zadig (zadig.akeo.ie)"],
        ),
        System::Mac => Check::new(name, State::Unknown, "macOS: not tested", [""; 0]),
        System::Other => Check::new(name, State::Unknown, "not tested on this system", [""; 0]),
    }
}

/// Inside of something, USB devices have to be let in.
fn inside(seen: &Seen) -> Option<Check> {
    let found = seen.programmers.as_ref().is_ok_and(|list| !list.is_empty());
    let state = if found { State::Ok } else { State::Missing };
    match seen.inside? {
        _ if found => Some(Check::ok("machine", "USB devices are visible")),
        Inside::Container if seen.nodes => Some(Check::ok("machine", "a container with /dev/bus/usb")),
        Inside::Container => Some(Check::new(
            "machine",
            state,
            "running in a container without access to USB",
            ["start it with: docker run -v /dev/bus/usb:/dev/bus/usb --device-cgroup-rule 'c 189:* rmw' ..."],
        )),
        Inside::Wsl => Some(Check::new(
            "machine",
            state,
            "Windows Subsystem for Linux: a USB device has to be handed in from Windows",
            [
                "in Windows, as administrator: usbipd list",
                "usbipd bind --busid BUSID",
                "usbipd attach --wsl --busid BUSID",
            ],
        )),
    }
}

fn rules(seen: &Seen) -> Check {
    let name = "udev rules";
    let root = seen.user.id == Some(0);
    match &seen.rules {
        Rules::Installed(path) => Check::ok(name, format!("installed as {path}")),
        Rules::Foreign(path) => Check::ok(name, format!("{path} names these programmers too")),
        Rules::Missing if root => Check::ok(name, "not installed, and not needed by root"),
        Rules::Missing => Check::new(name, State::Missing, "not installed", [INSTALL_RULES, RELOAD, REPLUG]),
        Rules::Differs(path) => Check::new(
            name,
            State::Unknown,
            format!("{path} is not the one of this version"),
            [INSTALL_RULES, RELOAD],
        ),
    }
}

fn libusb(complaint: &str) -> Check {
    Check::new(
        "libusb",
        State::Missing,
        complaint,
        ["the kernel needs USB support, and /dev/bus/usb has to be there: ls /dev/bus/usb"],
    )
}

/// Whether there is one, and what is there in its place.
fn plugged(seen: &Seen, programmers: &[Programmer]) -> Vec<Check> {
    let name = "programmer";
    let mut checks: Vec<Check> = seen.others.iter().filter_map(lookalike).collect();
    let usable: Vec<&str> = programmers.iter().filter_map(|one| one.spec.as_deref()).collect();
    match (usable.as_slice(), programmers) {
        ([], []) if checks.is_empty() => checks.push(Check::new(
            name,
            State::Missing,
            format!("none is plugged in ({})", Model::found_titles()),
            ["plug one in, and look whether the kernel sees it: lsusb", "without one: norsplice demo"],
        )),
        ([], _) => {}
        ([one], _) => checks.push(Check::ok(name, *one)),
        (several, _) => checks.push(Check::new(
            name,
            State::Ok,
            format!("{}: name the one you mean", several.join(", ")),
            [format!("norsplice -p {} probe", several[0])],
        )),
    }
    checks
}

/// Devices that are taken for programmers: id, what it is, what to do.
const LOOKALIKES: [(&str, &str, &str); 3] = [
    ("1a86:7523", "a CH340, which is a serial port and has no SPI", "take a board with a CH341A"),
    ("0403:6001", "an FT232R, which is a serial port and has no MPSSE", "take an FT232H, FT2232H or FT4232H"),
    ("0403:6015", "an FT-X, which is a serial port and has no MPSSE", "take an FT232H, FT2232H or FT4232H"),
];

fn lookalike(other: &super::seen::Other) -> Option<Check> {
    let (_, what, next) = LOOKALIKES.iter().find(|(id, _, _)| *id == other.id)?;
    let text = format!("{} at USB {} is {what}", other.id, other.path);
    Some(Check::new("programmer", State::Missing, text, [*next]))
}

/// The ids of [`LOOKALIKES`].
pub(super) fn lookalike_ids() -> impl Iterator<Item = &'static str> {
    LOOKALIKES.iter().map(|(id, _, _)| *id)
}

/// Whether one programmer can be opened, and who else has it.
fn usable(seen: &Seen, one: &Programmer) -> Vec<Check> {
    let who = one.spec.as_deref().unwrap_or(&one.path);
    let mut checks = Vec::new();
    match &one.problem {
        Problem::None => checks.push(Check::ok("permission", format!("{who} can be opened"))),
        Problem::Denied => {
            let (why, next) = denied(seen);
            checks.push(Check::new("permission", State::Missing, format!("{who}: {why}"), next));
        }
        Problem::Other(text) => checks.push(Check::new("programmer", State::Missing, text, [""; 0])),
    }
    let mut drivers = one.drivers.clone();
    drivers.sort();
    drivers.dedup();
    if let Some(settings) = one.spec.as_deref().and_then(|spec| Settings::parse(spec).ok())
        && settings.model.stays_driven
    {
        let text =
            format!("{who} still drives the chip's clock and data in after a job; chip select is high then");
        let next = ["take the clip off before the board gets power of its own"];
        checks.push(Check::new("lines", State::Ok, text, next));
    }
    if !drivers.is_empty() && one.spec.is_some() {
        let text = format!(
            "{} has {who}: norsplice detaches it and attaches it again afterwards",
            drivers.join(", ")
        );
        checks.push(Check::ok("kernel driver", text));
    }
    checks
}

/// Why the system refuses, and the way out, by what is known of rules and groups.
fn denied(seen: &Seen) -> (String, Vec<String>) {
    let rules = matches!(seen.rules, Rules::Installed(_) | Rules::Foreign(_) | Rules::Differs(_));
    let (why, next): (&str, Vec<&str>) = match seen.user {
        _ if !rules => ("no permission: the udev rules are missing", vec![INSTALL_RULES, RELOAD, REPLUG]),
        ref user if user.group_pending && !user.in_group => {
            ("no permission yet: you are in plugdev from the next login on", vec!["log out and in again"])
        }
        ref user if user.in_group => (
            "no permission: the rules came after the programmer",
            vec![RELOAD, "unplug the programmer and plug it in again"],
        ),
        ref user if user.group_exists => (
            "no permission: you do not sit at this machine, and are not in the group plugdev",
            vec!["sudo usermod -aG plugdev \"$USER\"", "log out and in again"],
        ),
        _ => (
            "no permission: you do not sit at this machine, and it has no group plugdev",
            vec![
                "sudo groupadd --system plugdev",
                "sudo usermod -aG plugdev \"$USER\"",
                RELOAD,
                "log out and in again, and plug the programmer in again",
            ],
        ),
    };
    (why.to_owned(), next.into_iter().map(str::to_owned).collect())
}

fn chip(seen: &Seen) -> Check {
    let name = "chip";
    let missing = |text: &str, next: &[&str]| Check::new(name, State::Missing, text, next.iter().copied());
    match &seen.chip {
        Answer::NotAsked => Check::new(name, State::Unknown, "not checked: no programmer", [""; 0]),
        Answer::Steady(id) => Check::ok(name, format!("answers steadily, id {id}")),
        Answer::Unsteady(percent) => missing(
            &format!("answers the same in {percent} % of the reads only"),
            &["seat the clip again while watching: norsplice contact --watch", "norsplice contact"],
        ),
        Answer::High => missing(
            "does not answer, the data line stays high: clip off, reversed, or not on pin 2",
            &["pin 1 has the dot, the clip's red wire goes there", "norsplice contact --watch"],
        ),
        Answer::Low => missing(
            "does not answer, the data line stays low: no supply at the chip, or the board pulls it down",
            &[
                "measure 3.3 V between pin 8 and pin 4 of the chip",
                "if it sags, the board draws too much: see hw-notes/power-and-reset.md",
            ],
        ),
        Answer::Toggling => missing(
            "something else drives the bus: the board's processor is awake",
            &["hold it in reset (-p ...,reset=PIN does it): see hw-notes/power-and-reset.md"],
        ),
        Answer::Failed(text) => missing(text, &[]),
    }
}
