//! What may be a programmer and does not say so: serial ports, spidev nodes, FTDI chips whose ids are in no row.
//!
//! Names and what the system has noted of them are read. Nothing is opened: a serial port may be a modem, and a spidev node
//! a display. Only the owner knows, and names it.
//!
//! Sources: Linux's `Documentation/ABI/testing/sysfs-tty` (`type` 0 is no UART), `drivers/usb/serial/ftdi_sio.c` (chips
//! by bcdDevice).

use super::attached::known_ids;
use super::ftdi_models::FTDI;
use super::model::Model;
use std::path::{Path, PathBuf};

/// Something that may be a programmer. Nothing of it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Possible {
    /// What it would be.
    pub model: &'static Model,
    /// The text that names it after `-p`: `serprog:dev=/dev/ttyACM0`.
    pub spec: String,
    /// What the system knows of it: `USB 1-4, 2e8a:000a, Pico`.
    pub seen: String,
}

/// FTDI's chips with an MPSSE by their release number, bcdDevice.
const RELEASES: [(u16, &str); 10] = [
    (0x0700, "ft2232h"),
    (0x0800, "ft4232h"),
    (0x0900, "ft232h"),
    (0x2800, "ft2233hp"),
    (0x2900, "ft4233hp"),
    (0x3000, "ft2232hp"),
    (0x3100, "ft4232hp"),
    (0x3200, "ft233hp"),
    (0x3300, "ft232hp"),
    (0x3600, "ft4232ha"),
];
/// Characters of a device's own name that are shown.
const NAME: usize = 40;

/// What may be a programmer on this machine; on other systems than Linux its serial ports alone.
pub fn possible() -> Vec<Possible> {
    if cfg!(target_os = "linux") {
        return possible_below(Path::new("/"));
    }
    let ports = crate::usb::host::serial_ports();
    ports.into_iter().filter_map(|path| at_node("serprog", &path, "a serial port".into())).collect()
}

/// The same by the files of a Linux below `root`: `/` for this machine. Nothing is opened but files of `/sys`.
pub fn possible_below(root: &Path) -> Vec<Possible> {
    [serial_ports(root), spidev_nodes(root), ftdi_chips(root)].concat()
}

fn at_node(model: &str, path: &Path, seen: String) -> Option<Possible> {
    let model = Model::named(model)?;
    Some(Possible { model, spec: format!("{}:dev={}", model.name, path.display()), seen })
}

/// Serial ports with hardware behind them, but those of programmers that are known by their ids.
fn serial_ports(root: &Path) -> Vec<Possible> {
    let ports = names(&root.join("sys/class/tty")).into_iter().filter_map(|(name, path)| {
        // A terminal of the console has no device.
        let device = path.join("device").canonicalize().ok()?;
        let seen = match device.ancestors().find_map(UsbDevice::at) {
            Some(usb) if known_ids().contains(&usb.ids) => return None,
            Some(usb) => usb.to_string(),
            None if text(&path.join("type")).is_some_and(|kind| kind == "0") => return None,
            None => "a serial port of the machine itself".into(),
        };
        at_node("serprog", &Path::new("/dev").join(name), seen)
    });
    ports.collect()
}

fn spidev_nodes(root: &Path) -> Vec<Possible> {
    let nodes = names(&root.join("sys/class/spidev")).into_iter().filter_map(|(name, _)| {
        let (bus, select) = name.strip_prefix("spidev")?.split_once('.')?;
        let seen = format!("SPI bus {bus} of the machine itself, chip select {select}");
        at_node("spidev", &Path::new("/dev").join(&name), seen)
    });
    nodes.collect()
}

/// FTDI chips with an MPSSE whose ids are in no row: a cable, or one whose EEPROM was programmed.
fn ftdi_chips(root: &Path) -> Vec<Possible> {
    let devices = root.join("sys/bus/usb/devices");
    let all = names(&devices);
    let chips = all.iter().filter_map(|(path, folder)| {
        let usb = UsbDevice::at(folder)?;
        // Other makers have releases too: theirs counts where the kernel takes the device for a chip of FTDI's.
        let is_ftdi = || {
            let parts = all
                .iter()
                .filter(|(name, _)| name.strip_prefix(path).is_some_and(|rest| rest.starts_with(':')));
            usb.ids.0 == FTDI
                || parts
                    .filter_map(|(_, part)| part.join("driver").read_link().ok())
                    .any(|to| to.ends_with("ftdi_sio"))
        };
        let (_, model) = RELEASES.iter().find(|(release, _)| *release == usb.release)?;
        if known_ids().contains(&usb.ids) || !is_ftdi() {
            return None;
        }
        let model = Model::named(model)?;
        let spec = format!("{}:path={path},vid={:04x},pid={:04x}", model.name, usb.ids.0, usb.ids.1);
        Some(Possible { model, spec, seen: format!("{} by its release; {usb}", model.title) })
    });
    chips.collect()
}

/// What the kernel has noted of a USB device.
struct UsbDevice {
    path: String,
    ids: (u16, u16),
    release: u16,
    name: Option<String>,
}

impl UsbDevice {
    /// The device of this folder of sysfs; `None` where it is none.
    fn at(folder: &Path) -> Option<Self> {
        let number = |name: &str| u16::from_str_radix(&text(&folder.join(name))?, 16).ok();
        let name = text(&folder.join("product"))
            .map(|name| name.chars().filter(|c| !c.is_control()).take(NAME).collect());
        Some(Self {
            path: folder.file_name()?.to_str()?.to_owned(),
            ids: (number("idVendor")?, number("idProduct")?),
            release: number("bcdDevice").unwrap_or(0),
            name,
        })
    }
}

impl std::fmt::Display for UsbDevice {
    /// `USB 1-4, 2e8a:000a, Pico`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "USB {}, {:04x}:{:04x}", self.path, self.ids.0, self.ids.1)?;
        self.name.iter().try_for_each(|name| write!(f, ", {name}"))
    }
}

/// The names in a folder, sorted as people count, and where they are.
fn names(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect();
    names.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    names
}

/// A line that the kernel wrote, at most a page long.
fn text(path: &Path) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder of sysfs with these files.
    fn folder(root: &Path, at: &str, files: &[(&str, &str)]) {
        let at = root.join(at);
        std::fs::create_dir_all(&at).unwrap();
        for (name, text) in files {
            std::fs::write(at.join(name), format!("{text}\n")).unwrap();
        }
    }

    fn usb(root: &Path, path: &str, ids: [&str; 3], product: &str) {
        let [vendor, product_id, release] = ids;
        let at = format!("sys/devices/usb1/{path}");
        let ids =
            [("idVendor", vendor), ("idProduct", product_id), ("bcdDevice", release), ("product", product)];
        folder(root, &at, &ids);
        folder(root, &format!("{at}/{path}:1.0"), &[("bInterfaceNumber", "00")]);
        std::fs::create_dir_all(root.join("sys/bus/usb/devices")).unwrap();
        symlink(root.join(&at), root.join("sys/bus/usb/devices").join(path)).unwrap();
        let part = format!("{path}:1.0");
        symlink(root.join(&at).join(&part), root.join("sys/bus/usb/devices").join(&part)).unwrap();
    }

    fn port(root: &Path, name: &str, device: Option<&str>, kind: &str) {
        let at = format!("sys/class/tty/{name}");
        folder(root, &at, &[("type", kind)]);
        if let Some(device) = device {
            std::fs::create_dir_all(root.join(device)).unwrap();
            symlink(root.join(device), root.join(at).join("device")).unwrap();
        }
    }

    #[test]
    fn ports_nodes_and_ftdi_chips_are_named_by_what_the_system_has_noted() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        assert_eq!(possible_below(root), []);
        usb(root, "1-4", ["2e8a", "000a", "0100"], "Pi\u{1b}[2Jco");
        usb(root, "1-5", ["0403", "6010", "0700"], "Dual RS232-HS");
        usb(root, "1-6", ["0403", "9e90", "0700"], "a cable of its own");
        usb(root, "1-7", ["15ba", "00ff", "0900"], "re-programmed");
        usb(root, "1-8", ["1234", "5678", "0900"], "no FTDI");
        usb(root, "1-9", ["0403", "6001", "0600"], "FT232R");
        let driver = root.join("sys/bus/usb/devices/1-7/1-7:1.0/driver");
        symlink("../../../bus/usb/drivers/ftdi_sio", driver).unwrap();
        port(root, "ttyACM10", Some("sys/devices/usb1/1-4/1-4:1.0"), "0");
        port(root, "ttyACM2", Some("sys/devices/usb1/1-4/1-4:1.0"), "0");
        port(root, "ttyUSB0", Some("sys/devices/usb1/1-5/1-5:1.0/ttyUSB0"), "0");
        port(root, "ttyUSB1", Some("sys/devices/usb1/1-9/1-9:1.0/ttyUSB1"), "0");
        port(root, "ttyS0", Some("sys/devices/pnp0/00:00"), "4");
        port(root, "ttyS1", Some("sys/devices/platform/serial8250"), "0");
        port(root, "tty1", None, "0");
        folder(root, "sys/class/spidev/spidev0.1", &[]);
        let found = possible_below(root);
        let lines: Vec<String> = found.iter().map(|one| format!("{} | {}", one.spec, one.seen)).collect();
        assert_eq!(
            lines,
            [
                "serprog:dev=/dev/ttyS0 | a serial port of the machine itself",
                "serprog:dev=/dev/ttyACM2 | USB 1-4, 2e8a:000a, Pi[2Jco",
                "serprog:dev=/dev/ttyUSB1 | USB 1-9, 0403:6001, FT232R",
                "serprog:dev=/dev/ttyACM10 | USB 1-4, 2e8a:000a, Pi[2Jco",
                "spidev:dev=/dev/spidev0.1 | SPI bus 0 of the machine itself, chip select 1",
                "ft2232h:path=1-6,vid=0403,pid=9e90 | an FT2232H by its release; USB 1-6, 0403:9e90, a cable of its own",
                "ft232h:path=1-7,vid=15ba,pid=00ff | an FT232H by its release; USB 1-7, 15ba:00ff, re-programmed",
            ]
        );
        for one in found {
            let settings = crate::programmer::Settings::parse(&one.spec).unwrap();
            assert_eq!(settings.model, one.model, "{}", one.spec);
        }
    }
}
