//! The environment: `NORSPLICE_DROPIN` lists the devices, `NORSPLICE_DROPIN_REPORT` names the report's file,
//! `NORSPLICE_DROPIN_TRACE` one for the transfers.
//!
//! Devices are parted by `;`, words by blanks: a kind, then `path=1-2.3`, `serial=S`, `port=1`, `chip=NAME`, `image=FILE` (contents
//! at the start), `out=FILE` (contents at the end), `driver` (a kernel driver has its interfaces), `deny` (no
//! permission), `unconfigured` (no configuration is active), `halted` (both endpoints of its first interface stalled from before), `vague` (what goes wrong, unplugging
//! too, shows as an I/O error of the bus and nothing else), `busy` (claimed by another), `deaf` (cancelled transfers never come back), `full=N` (at most N transfers
//! fit in the system), `unplug-at-page=N` (pulled out when that many pages have been programmed), `stall=N`, `unplug=N`, `lost=N`, `short=N` (faults of the emulator, by number), `quirk=NAME` (as of `-p emu`).

use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind, Quirk};

/// One device of the list.
pub struct DeviceConfig {
    pub emulator: Emulator,
    pub bus: u8,
    pub ports: Vec<u8>,
    pub driver: bool,
    pub deny: bool,
    /// No configuration is active: as a virtual machine may hand a device on.
    pub unconfigured: bool,
    pub busy: bool,
    pub deaf: bool,
    pub full: Option<usize>,
    pub unplug_at_page: Option<u64>,
    pub halted: bool,
    pub vague: bool,
    pub out: Option<String>,
}

/// The devices that the environment asks for.
pub fn devices() -> Vec<DeviceConfig> {
    let text = std::env::var("NORSPLICE_DROPIN").unwrap_or_default();
    let list = text.split(';').map(str::trim).filter(|d| !d.is_empty());
    list.enumerate().map(|(n, line)| device(n, line)).collect()
}

/// Where the report goes.
pub fn report() -> Option<String> {
    std::env::var("NORSPLICE_DROPIN_REPORT").ok()
}

/// Where every transfer that is submitted is written down.
pub fn trace() -> Option<String> {
    std::env::var("NORSPLICE_DROPIN_TRACE").ok()
}

fn device(number: usize, line: &str) -> DeviceConfig {
    let mut words = line.split_whitespace();
    let programmer = match words.next() {
        Some("ch341a") => ProgrammerKind::Ch341a,
        Some("ch341uart") => ProgrammerKind::Ch341Uart,
        Some("ft2232h") => ProgrammerKind::Ft2232h,
        Some("ft232h") => ProgrammerKind::Ft232h,
        Some("ft4232h") => ProgrammerKind::Ft4232h,
        Some("ch347t") => ProgrammerKind::Ch347t,
        Some("ch347f") => ProgrammerKind::Ch347f,
        other => panic!("NORSPLICE_DROPIN names no device: {other:?}"),
    };
    let mut options = Options::new(programmer);
    let mut config = DeviceConfig {
        emulator: Emulator::new(options.clone()).expect("the default part exists"),
        bus: 1,
        ports: vec![number as u8 + 1],
        driver: false,
        deny: false,
        unconfigured: false,
        busy: false,
        deaf: false,
        full: None,
        unplug_at_page: None,
        halted: false,
        vague: false,
        out: None,
    };
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let n = || value.parse::<u64>().unwrap_or_else(|_| panic!("{word}: not a number"));
        let fault =
            |options: &mut Options, fault| options.faults = std::mem::take(&mut options.faults).with(fault);
        match key {
            "path" => {
                let (bus, ports) = value.split_once('-').expect("path=BUS-PORTS");
                config.bus = bus.parse().expect("a bus number");
                config.ports = ports.split('.').map(|p| p.parse().expect("a port number")).collect();
            }
            "serial" => options.serial = Some(value.into()),
            "chip" => options.chip = value.into(),
            "port" => options.port = n() as usize,
            "image" => options.contents = Some(std::fs::read(value).expect("the image can be read")),
            "out" => config.out = Some(value.into()),
            "driver" => config.driver = true,
            "deny" => config.deny = true,
            "unconfigured" => config.unconfigured = true,
            "busy" => config.busy = true,
            "deaf" => config.deaf = true,
            "halted" => config.halted = true,
            "vague" => config.vague = true,
            "full" => config.full = Some(n() as usize),
            "unplug-at-page" => config.unplug_at_page = Some(n()),
            "stall" => fault(&mut options, Fault::StallAtTransfer(n())),
            "unplug" => fault(&mut options, Fault::UnplugAtTransfer(n())),
            "lost" => fault(&mut options, Fault::LostPacket(n())),
            "short" => fault(&mut options, Fault::ShortPacket(n())),
            "quirk" => options.quirks.push(Quirk::named(value).unwrap_or_else(|| panic!("{word}: no quirk"))),
            other => panic!("NORSPLICE_DROPIN: '{other}' is not known"),
        }
    }
    debug_assert!(options.faults.list.is_empty() || options.faults != Faults::default());
    config.emulator = Emulator::new(options).expect("part and image fit");
    config
}
