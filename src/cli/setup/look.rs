//! Gathers what can be seen of the machine: files below a root (the machine's, or a test's), libusb's list, one look at
//! the chip. Every file is small and read to a limit; one that is not there says so by its absence.

use super::super::exit::Failure;
use super::super::session::Session;
use super::super::show::hex;
use super::super::store;
use super::super::terminal::Terminal;
use super::judge::{GROUP, lookalike_ids};
use super::seen::{Answer, Inside, Other, Problem, Programmer, Rules, Seen, System, User};
use crate::programmer::{Attached, Model, Settings, attached, possible_below};
use crate::spi::LinkFault;
use crate::workflow::contact::{Line, Meter};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The udev rules that the program carries with it.
pub const RULES: &str = include_str!("../../../udev/60-norsplice.rules");

/// No file that is read here is longer.
const LIMIT: u64 = 256 * 1024;
/// Where udev looks for rules, the first of a name winning (udev(7)).
const RULES_DIRS: [&str; 4] =
    ["etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d"];
const OUR_RULES: &str = "60-norsplice.rules";

/// A machine, seen through its files.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
}

impl Machine {
    /// The machine whose files lie below `root`, `/` for this one.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Everything, for the programmer that the session asks for.
    pub fn look(&self, session: &Session) -> Seen {
        let emulated = session.options.programmer.as_deref().filter(|text| text.starts_with("emu"));
        let mut seen = self.files();
        seen.store = store_folder(session);
        seen.emulated = emulated.map(str::to_owned);
        seen.place = session.options.programmer.as_deref().and_then(place);
        if emulated.is_none() {
            seen.programmers = match attached() {
                Ok(list) => Ok(list.into_iter().map(|one| self.programmer(one)).collect()),
                Err(error) => Err(error.to_string()),
            };
        }
        let named = session.options.programmer.is_some();
        let usable = seen.programmers.iter().flatten().filter(|one| one.is_usable()).count();
        if named || usable == 1 {
            seen.chip = ask(session);
        }
        seen
    }

    /// What the files alone show.
    fn files(&self) -> Seen {
        Seen {
            system: match std::env::consts::OS {
                "linux" => System::Linux,
                "windows" => System::Windows,
                "macos" => System::Mac,
                _ => System::Other,
            },
            inside: self.inside(),
            nodes: self.root.join("dev/bus/usb").is_dir(),
            rules: self.rules(),
            user: self.user(),
            others: self.others(),
            possible: possible_below(&self.root),
            ..Seen::default()
        }
    }

    fn text(&self, path: &str) -> Option<String> {
        read(&self.root.join(path))
    }

    /// Marks that Docker, podman and systemd-nspawn leave, and the name of WSL's kernel.
    fn inside(&self) -> Option<Inside> {
        let marks = [".dockerenv", "run/.containerenv", "run/systemd/container"];
        if marks.iter().any(|mark| self.root.join(mark).exists()) {
            return Some(Inside::Container);
        }
        let kernel = self.text("proc/sys/kernel/osrelease")?;
        kernel.to_ascii_lowercase().contains("microsoft").then_some(Inside::Wsl)
    }

    fn rules(&self) -> Rules {
        let mut foreign = None;
        for dir in RULES_DIRS {
            let shown = |name: &str| format!("/{dir}/{name}");
            if let Some(text) = self.text(&format!("{dir}/{OUR_RULES}")) {
                let path = shown(OUR_RULES);
                return if text.trim() == RULES.trim() {
                    Rules::Installed(path)
                } else {
                    Rules::Differs(path)
                };
            }
            for name in names(&self.root.join(dir)) {
                let text = self.text(&format!("{dir}/{name}")).unwrap_or_default();
                if name.ends_with(".rules") && names_programmers(&text) {
                    foreign.get_or_insert_with(|| shown(&name));
                }
            }
        }
        foreign.map_or(Rules::Missing, Rules::Foreign)
    }

    /// From proc(5)'s status file and group(5).
    fn user(&self) -> User {
        let status = self.text("proc/self/status").unwrap_or_default();
        let field = |name: &str| -> Vec<u32> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
        };
        let id = field("Uid:").get(1).copied();
        let passwd = self.text("etc/passwd").unwrap_or_default();
        let name = passwd.lines().find_map(|line| {
            let mut parts = line.split(':');
            let name = parts.next()?;
            (parts.nth(1)?.parse().ok() == id).then_some(name)
        });
        let groups = self.text("etc/group").unwrap_or_default();
        let ours = groups.lines().find_map(|line| {
            let parts: Vec<&str> = line.split(':').collect();
            let [GROUP, _, number, members] = parts.as_slice() else { return None };
            Some((number.parse::<u32>().ok()?, members.split(',').any(|member| Some(member) == name)))
        });
        User {
            id,
            group_exists: ours.is_some(),
            in_group: ours.is_some_and(|(number, _)| field("Groups:").contains(&number)),
            group_pending: ours.is_some_and(|(_, member)| member),
        }
    }

    /// Devices that are taken for programmers, from sysfs.
    fn others(&self) -> Vec<Other> {
        let devices = names(&self.root.join("sys/bus/usb/devices")).into_iter();
        let mut others: Vec<Other> = devices
            .filter_map(|path| {
                let part = |name: &str| self.text(&format!("sys/bus/usb/devices/{path}/{name}"));
                let id = format!("{}:{}", part("idVendor")?.trim(), part("idProduct")?.trim());
                lookalike_ids().any(|known| known == id).then_some(Other { path, id })
            })
            .collect();
        others.sort_by(|a, b| a.path.cmp(&b.path));
        others
    }

    fn programmer(&self, one: Attached) -> Programmer {
        let spec = one.spec();
        let path = one.path;
        let problem = match one.problem {
            Some(error) if error.fault == LinkFault::Denied => Problem::Denied,
            Some(error) => Problem::Other(error.text),
            None => Problem::None,
        };
        Programmer { spec, drivers: self.drivers(&path), path, problem }
    }

    /// The kernel drivers bound to the interfaces of the device at a USB path.
    fn drivers(&self, path: &str) -> Vec<String> {
        let devices = self.root.join("sys/bus/usb/devices");
        let interfaces = names(&devices)
            .into_iter()
            .filter(|name| name.strip_prefix(path).is_some_and(|rest| rest.starts_with(':')));
        interfaces
            .filter_map(|name| fs::read_link(devices.join(name).join("driver")).ok())
            .filter_map(|link| Some(link.file_name()?.to_string_lossy().into_owned()))
            // The driver of programs in user space: another program uses it right now, and claiming it will show that.
            .filter(|driver| driver != "usbfs")
            .collect()
    }
}

/// The text again, where it names a programmer that is none of USB.
fn place(text: &str) -> Option<String> {
    let settings = Settings::parse(text).ok()?;
    settings.model.usb.is_none().then(|| text.to_owned())
}

/// Whether udev rules name the programmers that most people have.
fn names_programmers(rules: &str) -> bool {
    let products =
        |name| Model::named(name).and_then(|model| model.usb.as_ref()).map_or(&[][..], |usb| usb.products);
    ["ch341a", "ft2232h"]
        .iter()
        .all(|name| products(name).iter().any(|id| rules.contains(&format!("{id:04x}"))))
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn read(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether the store, or the nearest folder above it that is there, can be written to.
fn store_folder(session: &Session) -> Result<String, String> {
    let folder = store::root(session).map_err(|failure| failure.message)?;
    let there = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
    let there = there.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let shown = folder.display();
    match rustix::fs::access(there, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        Ok(()) if there.is_dir() => Ok(shown.to_string()),
        Ok(()) => Err(format!("{} is a file: backups cannot be kept in {shown}", there.display())),
        Err(error) => Err(format!("{} cannot be written to ({error})", there.display())),
    }
}

/// Opens the programmer and looks at the chip once.
fn ask(session: &Session) -> Answer {
    let look =
        session.desk().and_then(|desk| desk.look_at_contact(&Terminal::new(session)).map_err(Failure::from));
    match look {
        Ok(look) => answer(&look),
        Err(failure) => Answer::Failed(failure.message),
    }
}

fn answer(look: &Meter) -> Answer {
    match look.line {
        Line::Toggling => Answer::Toggling,
        _ if look.id.is_all(0xff) => Answer::High,
        _ if look.id.is_all(0x00) => Answer::Low,
        _ if look.is_steady() => Answer::Steady(hex(look.id.usual())),
        _ => Answer::Unsteady(look.percent()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of files in a temporary folder.
    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::at(dir.path());
        (dir, machine)
    }

    #[test]
    fn rules_are_found_in_udevs_order_and_compared() {
        let rules = |files: &[(&str, &str)]| machine(files).1.rules();
        let etc = "etc/udev/rules.d/60-norsplice.rules";
        let lib = "usr/lib/udev/rules.d/60-norsplice.rules";
        assert_eq!(rules(&[]), Rules::Missing);
        assert_eq!(rules(&[(lib, RULES)]), Rules::Installed(format!("/{lib}")));
        assert_eq!(rules(&[(lib, RULES), (etc, "#")]), Rules::Differs(format!("/{etc}")));
        let foreign = "lib/udev/rules.d/60-flashrom.rules";
        let text = r#"ATTRS{idProduct}=="5512" ATTRS{idProduct}=="6010""#;
        assert_eq!(rules(&[(foreign, text)]), Rules::Foreign(format!("/{foreign}")));
        assert_eq!(rules(&[("lib/udev/rules.d/README", text)]), Rules::Missing);
    }

    #[test]
    fn the_user_and_the_group() {
        let user = |groups: &str, members: &str| {
            let status = format!("Name:\tx\nUid:\t1000\t1000\t1000\t1000\nGroups:\t{groups} \n");
            let group = format!("root:x:0:\nplugdev:x:46:{members}\n");
            let passwd = "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n";
            machine(&[("proc/self/status", &status), ("etc/group", &group), ("etc/passwd", passwd)]).1.user()
        };
        let wanted =
            |in_group, group_pending| User { id: Some(1000), group_exists: true, in_group, group_pending };
        assert_eq!(user("24 46", "other,me"), wanted(true, true));
        assert_eq!(user("24", "me"), wanted(false, true));
        assert_eq!(user("24 460", "meme"), wanted(false, false));
        assert_eq!(machine(&[]).1.user(), User::default());
    }

    #[test]
    fn the_place_and_what_is_plugged_in() {
        let usb = "sys/bus/usb/devices";
        let (dir, m) = machine(&[
            ("proc/sys/kernel/osrelease", "6.6.87-microsoft-standard-WSL2\n"),
            (&format!("{usb}/1-4/idVendor"), "0403\n"),
            (&format!("{usb}/1-4/idProduct"), "6001\n"),
            (&format!("{usb}/1-2/idVendor"), "1a86\n"),
            (&format!("{usb}/1-2/idProduct"), "5512\n"),
            (&format!("{usb}/1-2:1.0/bInterfaceNumber"), "00\n"),
            (&format!("{usb}/1-2.1:1.0/bInterfaceNumber"), "00\n"),
        ]);
        assert_eq!(m.inside(), Some(Inside::Wsl));
        assert_eq!(m.others(), [Other { path: "1-4".into(), id: "0403:6001".into() }]);
        for (interface, driver) in [("1-2:1.0", "spi_ch341"), ("1-2.1:1.0", "usbhid")] {
            let to = format!("../../../../bus/usb/drivers/{driver}");
            std::os::unix::fs::symlink(to, dir.path().join(usb).join(interface).join("driver")).unwrap();
        }
        assert_eq!(m.drivers("1-2"), ["spi_ch341"]);
        assert_eq!(machine(&[(".dockerenv", "")]).1.inside(), Some(Inside::Container));
        assert_eq!(machine(&[("proc/sys/kernel/osrelease", "6.1.0-29-amd64")]).1.inside(), None);
    }

    #[test]
    fn what_a_chip_answers() {
        use crate::workflow::contact::Tallied;
        let look = |line, ids: &[[u8; 3]]| {
            answer(&Meter { line, id: Tallied::of(ids.iter().map(|id| id.to_vec())) })
        };
        let (good, high, low) = ([0xef, 0x40, 0x17], [0xff; 3], [0; 3]);
        assert_eq!(look(Line::High, &[good, good]), Answer::Steady("ef4017".into()));
        assert_eq!(look(Line::High, &[good, good, good, low]), Answer::Unsteady(75));
        assert_eq!(look(Line::High, &[high]), Answer::High);
        assert_eq!(look(Line::Low, &[low]), Answer::Low);
        assert_eq!(look(Line::Toggling, &[good]), Answer::Toggling);
    }
}
