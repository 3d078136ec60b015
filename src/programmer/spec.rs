//! `-p` as text: `NAME[:KEY=VALUE,...]` into plain settings. Names are strict, with a suggestion for a near miss.

use super::flashrom;
use super::model::{Model, Settings};
use super::models::models;
use super::pins::Level;
use crate::units::{self, did_you_mean};
use crate::usb::{GpioLine, StreamAddress};
use std::str::FromStr;

/// The words that need no value.
const WORDS: [&str; 1] = [PLAIN];
/// Drive the programmer in plain mode from the start.
const PLAIN: &str = "plain";

/// `NAME[:KEY=VALUE,...]` taken apart, in order of writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec<'t> {
    /// The part before the colon.
    pub name: &'t str,
    /// The pairs after it.
    pub pairs: Vec<(&'t str, &'t str)>,
    /// The words without a value after it.
    pub words: Vec<&'t str>,
}

impl<'t> Spec<'t> {
    /// Takes `text` apart.
    ///
    /// # Errors
    /// A sentence on a pair without `=`, without a value, or given twice; for a name of flashrom's, what it is here.
    pub fn parse(text: &'t str) -> Result<Self, String> {
        let named = text.split_once(':').map_or(text, |(name, _)| name);
        // Where both have a name, it is ours, unless what follows is flashrom's.
        let model = Model::named(named);
        let theirs = if model.is_none_or(|model| is_flashroms(model, text)) {
            flashrom::equivalent(text)
        } else {
            None
        };
        match (theirs, model) {
            (Some(Ok(ours)), None) => {
                return Err(format!("this is flashrom's name of it; here it is:  -p {ours}"));
            }
            (Some(Err(none)), None) => return Err(format!("this is flashrom's name: {none}")),
            (Some(Ok(ours)), Some(_)) => {
                return Err(format!("this is flashrom's form of it; here it is:  -p {ours}"));
            }
            _ => {}
        }
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let mut pairs: Vec<(&str, &str)> = Vec::new();
        let mut words: Vec<&str> = Vec::new();
        for piece in rest.split(',').filter(|piece| !piece.is_empty()) {
            if WORDS.contains(&piece) {
                if words.contains(&piece) {
                    return Err(format!("'{piece}' is given twice in '{text}'"));
                }
                words.push(piece);
                continue;
            }
            let Some((key, value)) = piece.split_once('=').filter(|(_, value)| !value.is_empty()) else {
                return Err(format!("'{piece}' in '{text}' is not KEY=VALUE{}", meant(name, piece)));
            };
            if pairs.iter().any(|(other, _)| *other == key) {
                return Err(format!("'{key}' is given twice in '{text}'"));
            }
            pairs.push((key, value));
        }
        Ok(Self { name, pairs, words })
    }
}

/// True where `text` after the name of `model` has a key that is none of its own, or a port with its speed behind a colon.
fn is_flashroms(model: &Model, text: &str) -> bool {
    let pairs = text
        .split_once(':')
        .map_or("", |(_, rest)| rest)
        .split(',')
        .filter_map(|piece| piece.split_once('='));
    let with_speed = |path: &str| {
        path.rsplit_once(':').is_some_and(|(_, speed)| speed.len() >= 3 && parse_baud(speed).is_ok())
    };
    pairs.into_iter().any(|(key, value)| {
        !model.keys.contains(&key) || (key == "dev" && model.keys.contains(&"baud") && with_speed(value))
    })
}

/// A place that was given without its key, as a question; empty where it looks like none.
fn meant(name: &str, piece: &str) -> String {
    let takes = |key: &str| Model::named(name).is_some_and(|model| model.keys.contains(&key));
    let key = match piece {
        path if path.starts_with('/') && takes("dev") => "dev",
        place if place.contains(':') && takes("tcp") => "tcp",
        _ => return String::new(),
    };
    format!(": did you mean '{name}:{key}={piece}'?")
}

/// `word` is not one of `known`: a sentence that says so, with the nearest one or all of them.
pub fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    match did_you_mean(word, known.iter().copied()) {
        Some(near) => format!("unknown {what} '{word}'; did you mean '{near}'?"),
        None => format!("unknown {what} '{word}'; valid: {}", known.join(", ")),
    }
}

/// Boards by their own names, and what they are here.
const BOARDS: [(&str, &str); 4] = [
    ("pico", "serprog:dev=PATH, with a serprog firmware on it"),
    ("esp32", "serprog:dev=PATH or serprog:tcp=HOST:PORT, with a serprog firmware on it"),
    ("stm32", "serprog:dev=PATH, with a serprog firmware on it"),
    ("raspberrypi", "spidev:dev=/dev/spidev0.0"),
];

/// What a spare pin does, and the level it is held at unless the text says another.
const ROLES: [(&str, Level); 4] =
    [("reset", Level::Low), ("wp", Level::High), ("hold", Level::High), ("led", Level::High)];

impl Settings {
    /// Reads `ch341a[:path=1-2.3,reset=d1]`, `ch347[:path=..,speed=..,cs=1,reset=gpio4]`,
    /// `ft2232h[:port=A,speed=15MHz,serial=S,path=..,reset=gpiol0,wp=..,hold=..]`,
    /// `ft232h`, `ft4232h`, each with the word `plain`. A pin is a name (`gpiol0`) held at its role's level, or `gpiol0:low`, `gpiol0:high`.
    ///
    /// # Errors
    /// A sentence on what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::from_spec(&Spec::parse(text)?)
    }

    /// The same from text already taken apart.
    ///
    /// # Errors
    /// A sentence on what is wrong and what would be right.
    pub fn from_spec(spec: &Spec<'_>) -> Result<Self, String> {
        let model = Model::named(spec.name).ok_or_else(|| {
            if let Some((_, ours)) = BOARDS.iter().find(|(name, _)| spec.name.eq_ignore_ascii_case(name)) {
                return format!("'{}' is named by what is driven: -p {ours}", spec.name);
            }
            let mut names: Vec<_> = models().iter().map(|model| model.name).collect();
            names.push("emu");
            unknown("programmer", spec.name, &names)
        })?;
        let mut settings = Self { plain: spec.words.contains(&PLAIN), ..Self::of(model) };
        for (key, value) in &spec.pairs {
            settings.set(key, value)?;
        }
        if let Some((_, value)) = spec.pairs.iter().find(|(key, _)| *key == "baud") {
            let Some(StreamAddress::Serial { baud, .. }) = &mut settings.address else {
                return Err("baud= goes with dev=: only a serial port has a speed".into());
            };
            *baud = Some(parse_baud(value)?);
        }
        if !settings.lines.is_empty() {
            let Some(StreamAddress::Spidev { lines, .. }) = &mut settings.address else {
                return Err("GPIO lines go with dev=".into());
            };
            lines.clone_from(&settings.lines);
        }
        Ok(settings)
    }

    fn reach(&mut self, address: StreamAddress) -> Result<(), String> {
        match self.address.replace(address) {
            None => Ok(()),
            Some(first) => Err(format!("one place is enough, and {first} is given already")),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let model = self.model;
        if let Some((_, reason)) = model.refused.iter().find(|(refused, _)| *refused == key) {
            return Err((*reason).into());
        }
        if !model.keys.contains(&key) {
            return Err(unknown(&format!("option of {}", model.name), key, model.keys));
        }
        match key {
            "path" => self.path = Some(path(value)?),
            "serial" => self.serial = Some(value.into()),
            "vid" => self.vid = Some(usb_id(value)?),
            "pid" => self.pid = Some(usb_id(value)?),
            "pin" => self.hold_all(value)?,
            "cs" => self.cs = chip_select(model, value)?,
            "dev" => match &model.stream {
                Some(stream) => self.reach((stream.node)(value.into()))?,
                None => return Err(unknown(&format!("option of {}", model.name), key, model.keys)),
            },
            "tcp" => self.reach(StreamAddress::Tcp(tcp(value)?))?,
            "unix" => self.reach(StreamAddress::Unix(value.into()))?,
            // Belongs to dev=, wherever that is in the text.
            "baud" => {}
            "port" => self.port = port(model, value)?,
            "speed" => self.speed = Some(units::parse_hz(value)?),
            _ => self.hold(key, value)?,
        }
        Ok(())
    }

    /// Spare pins of any use: `gpiol0:low+gpioh1:high`.
    fn hold_all(&mut self, value: &str) -> Result<(), String> {
        for piece in value.split('+') {
            if piece.is_empty() {
                return Err(format!(
                    "'{value}' is no list of pins with their levels, as gpiol0:low+gpioh1:high"
                ));
            }
            if !piece.contains(':') {
                return Err(format!("pin '{piece}' has no level; it is {piece}:low or {piece}:high"));
            }
            self.hold("pin", piece)?;
        }
        Ok(())
    }

    /// A spare pin: `gpiol0`, `gpiol0:high`.
    fn hold(&mut self, role: &str, value: &str) -> Result<(), String> {
        let (pin, level) = value.split_once(':').map_or((value, None), |(pin, level)| (pin, Some(level)));
        let level = match level {
            None => ROLES.iter().find(|(name, _)| *name == role).map_or(Level::High, |(_, level)| *level),
            Some("low") => Level::Low,
            Some("high") => Level::High,
            Some(other) => return Err(unknown("level", other, &["low", "high"])),
        };
        if self.model.stream.as_ref().is_some_and(|stream| stream.gpio_lines) {
            return self.hold_line(pin, level);
        }
        let pins = self.model.pins;
        let names: Vec<_> = pins.iter().map(|(name, _)| *name).collect();
        let Some((_, number)) = pins.iter().find(|(name, _)| pin.eq_ignore_ascii_case(name)) else {
            return Err(unknown(&format!("pin of {}", self.model.name), pin, &names));
        };
        if self.pins.iter().any(|(other, _)| other == number) {
            return Err(format!("pin '{pin}' is given two roles"));
        }
        self.pins.push((*number, level));
        Ok(())
    }

    /// A GPIO line: `gpiochip0/17`.
    fn hold_line(&mut self, text: &str, level: Level) -> Result<(), String> {
        let Some((chip, offset)) = gpio_line(text) else {
            return Err(format!("'{text}' is no GPIO line, which is a chip and its line: gpiochip0/17"));
        };
        if self.lines.iter().any(|line| line.chip == chip && line.offset == offset) {
            return Err(format!("pin '{text}' is given two roles"));
        }
        self.lines.push(GpioLine { chip: chip.into(), offset, high: level == Level::High });
        Ok(())
    }
}

/// A number of decimal digits alone: what reads numbers lets a sign pass.
fn decimal<N: FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// `gpiochip0/17`: a chip of the machine and a line of it.
fn gpio_line(text: &str) -> Option<(&str, u32)> {
    let (chip, offset) = text.split_once('/')?;
    let number = chip.strip_prefix("gpiochip")?;
    let named = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    Some((chip, decimal(offset)?)).filter(|_| named)
}

/// `1-2.3`: bus, then ports.
fn path(value: &str) -> Result<String, String> {
    let number = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    match value.split_once('-') {
        Some((bus, ports)) if number(bus) && ports.split('.').all(number) => Ok(value.into()),
        _ => Err(format!("'{value}' is not a USB path, which is a bus and its ports: 1-2.3")),
    }
}

/// `15ba`: four hexadecimal digits.
fn usb_id(value: &str) -> Result<u16, String> {
    let id = units::unhex(value).and_then(|bytes| Some(u16::from_be_bytes(bytes.try_into().ok()?)));
    id.ok_or_else(|| format!("'{value}' is not a USB id; it is four hexadecimal digits, as 15ba"))
}

/// A number below the count of chip selects.
fn chip_select(model: &Model, value: &str) -> Result<u8, String> {
    let known: Vec<String> = (0..model.chip_selects).map(|n| n.to_string()).collect();
    match known.iter().position(|known| known == value) {
        Some(n) => Ok(n as u8),
        None => Err(format!("'{value}' is no chip select; there is {}", known.join(", "))),
    }
}

/// `HOST:PORT`; an address of version 6 in brackets.
fn tcp(value: &str) -> Result<String, String> {
    let port = value.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port);
    match port.and_then(decimal::<u16>).is_some_and(|port| port > 0) {
        true => Ok(value.into()),
        false => Err(format!("'{value}' is not HOST:PORT")),
    }
}

fn parse_baud(value: &str) -> Result<u32, String> {
    match decimal(value) {
        Some(baud @ 300..=12_000_000) => Ok(baud),
        _ => Err(format!("'{value}' is not a speed in baud, such as 115200")),
    }
}

fn port(model: &Model, value: &str) -> Result<u8, String> {
    let letter = |n: u8| char::from(b'A' + n);
    let port = (0..model.ports).find(|n| value.eq_ignore_ascii_case(&letter(*n).to_string()));
    match port {
        Some(port) if port < model.spi_ports => Ok(port),
        Some(port) => {
            let of = model.spi_ports;
            let usable = if of == 1 { "A".to_owned() } else { format!("A to {}", letter(of - 1)) };
            let port = letter(port);
            Err(format!("port {port} of {} has no MPSSE and cannot do SPI; use {usable}", model.title))
        }
        None => {
            let has = match model.ports {
                1 => "its one port is A".to_owned(),
                ports => format!("it has A to {}", letter(ports - 1)),
            };
            Err(format!("{} has no port '{value}'; {has}", model.title))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Settings {
        Settings::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn plain_names_and_full_texts() {
        assert_eq!(parse("ch341a"), Settings::of(&models()[0]));
        assert_eq!(parse("ch341a:"), Settings::of(&models()[0]));
        // A script's own variable of options may be empty.
        assert_eq!(parse("ch341a:,"), Settings::of(&models()[0]));
        let port = |path: &str| StreamAddress::Serial { path: path.into(), baud: None };
        let by_path = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0";
        assert_eq!(parse(&format!("serprog:dev={by_path}")).address, Some(port(by_path)));
        let ch = parse("ch341a:path=1-2.3,reset=d1");
        assert_eq!((ch.path.as_deref(), ch.pins), (Some("1-2.3"), vec![(1, Level::Low)]));
        let ft =
            parse("ft2232h:port=b,speed=15MHz,serial=FT:1,path=2-1,reset=gpiol0:high,wp=gpiol1,hold=GPIOL2");
        assert_eq!(ft.model.name, "ft2232h");
        assert_eq!((ft.port, ft.speed, ft.serial.as_deref()), (1, Some(15_000_000), Some("FT:1")));
        assert_eq!([parse("tigard").port, parse("tigard:port=A").port, parse("ft2232h").port], [1, 0, 0]);
        assert_eq!(ft.pins, [(4, Level::High), (5, Level::High), (6, Level::High)]);
        assert!(parse("ch341a:plain").plain && parse("ft2232h:speed=15MHz,plain").plain);
        let pi = parse("spidev:reset=gpiochip0/17,wp=gpiochip1/4:low,dev=/dev/spidev0.0,speed=8MHz");
        let line = |chip: &str, offset, high| GpioLine { chip: chip.into(), offset, high };
        let lines = vec![line("gpiochip0", 17, false), line("gpiochip1", 4, false)];
        assert_eq!(pi.address, Some(StreamAddress::Spidev { path: "/dev/spidev0.0".into(), lines }));
        assert!(models().iter().all(|model| parse(model.name).model == model));
    }

    #[test]
    fn every_mistake_is_named() {
        for (text, wanted) in [
            ("ch341", "did you mean 'ch341a'"),
            ("CH341A", "did you mean 'ch341a'"),
            ("Pico:speed=1MHz", "named by what is driven: -p serprog:dev=PATH"),
            ("Tigard", "did you mean 'tigard'"),
            ("ch341a_spi", "here it is:  -p ch341a"),
            ("ft2232_spi:type=2232H,gpiol0=L", "here it is:  -p ft2232h:reset=gpiol0"),
            ("ft2232_spi:csgpiol=3", "this is flashrom's name: 'csgpiol=3' of ft2232_spi"),
            ("", "valid: ch341a, ch347, ft2232h, ft232h, ft4232h, ft2232hp"),
            ("serprog:tcp=localhost", "'localhost' is not HOST:PORT"),
            ("serprog:tcp=:8888", "is not HOST:PORT"),
            ("serprog:baud=9600", "baud= goes with dev="),
            ("serprog:dev=/dev/ttyACM0,baud=fast", "'fast' is not a speed in baud"),
            ("serprog:dev=/dev/ttyACM0,tcp=[::1]:8888", "dev=/dev/ttyACM0 is given already"),
            ("spidev:dev=/dev/spidev0.0,reset=17", "'17' is no GPIO line"),
            ("spidev:dev=/dev/spidev0.0,reset=gpiochip/17", "is no GPIO line"),
            ("spidev:dev=/dev/spidev0.0,reset=gpiochip0/17,wp=gpiochip0/17", "two roles"),
            ("spidev:dev=/dev/spidev0.0,reset=gpiochip0/17:lo", "did you mean 'low'"),
            ("spidev:reset=gpiochip0/17", "GPIO lines go with dev="),
            ("spidev:dev=/dev/spidev0.0,cs=1", "/dev/spidev0.1 has chip select 1"),
            ("spidev:tcp=localhost:1", "option of spidev 'tcp'"),
            ("serprog:cs=4", "'4' is no chip select; there is 0, 1, 2, 3"),
            ("buspirate", "valid: ch341a"),
            ("ch341a:path", "'path' in 'ch341a:path' is not KEY=VALUE"),
            ("serprog:/dev/ttyACM0", "not KEY=VALUE: did you mean 'serprog:dev=/dev/ttyACM0'?"),
            ("serprog:localhost:8888", "not KEY=VALUE: did you mean 'serprog:tcp=localhost:8888'?"),
            ("spidev:/dev/spidev0.0", "not KEY=VALUE: did you mean 'spidev:dev=/dev/spidev0.0'?"),
            ("ch341a:plain=1", "unknown option of ch341a 'plain'"),
            ("ch341a:plain,plain", "given twice"),
            ("ch341a:path=", "is not KEY=VALUE"),
            ("ch341a:path=1-1,path=1-2", "given twice"),
            ("ch341a:path=1.2", "is not a USB path"),
            ("ch341a:path=1-2..3", "is not a USB path"),
            ("ch341a:speed=1MHz", "fixed"),
            ("ch341a:serial=1", "no serial number"),
            ("ch341a:reset=gpiol0", "valid: d1, d2, d4"),
            ("ch347t", "did you mean 'ch347'"),
            ("ch347:cs=2", "'2' is no chip select"),
            ("ch347:serial=0123456789", "same serial number"),
            ("ch347:reset=gpio2", "did you mean 'gpio4'"),
            ("ch341a:cs=1", "option of ch341a 'cs'"),
            ("jtagkey:reset=gpiol0", "did you mean 'gpiol1'"),
            ("ft4232h:pin=gpioh0:low", "unknown pin of ft4232h 'gpioh0'"),
            ("ft2232h:pin=gpioh1", "gpioh1:low or gpioh1:high"),
            ("ft2232h:reset=gpiol0,pin=gpiol0:high", "two roles"),
            ("ft2232h:vid=15b", "four hexadecimal digits"),
            ("ft2232h:pid=002x", "four hexadecimal digits"),
            ("ft2232h:pid=+02b", "four hexadecimal digits"),
            ("ft2232h:pin=gpiol0:low+", "no list of pins"),
            ("ft233hp:port=B", "has no port 'B'; its one port is A"),
            ("kt-link:port=B", "no MPSSE and cannot do SPI; use A"),
            ("serprog:tcp=localhost:+80", "is not HOST:PORT"),
            ("serprog:dev=/dev/ttyACM0,baud=+9600", "'+9600' is not a speed in baud"),
            ("spidev:dev=/dev/spidev0.0,reset=gpiochip0/+17", "is no GPIO line"),
            (
                "serprog:ip=localhost:8888",
                "flashrom's form of it; here it is:  -p serprog:tcp=localhost:8888",
            ),
            (
                "serprog:dev=/dev/ttyACM0:115200",
                "flashrom's form of it; here it is:  -p serprog:dev=/dev/ttyACM0,baud=115200",
            ),
            ("serprog:noise=1", "unknown option of serprog 'noise'"),
            ("ft2232h:sped=1MHz", "did you mean 'speed'"),
            ("ft2232h:speed=fast", "is not a clock"),
            ("ft2232h:port=C", "has no port 'C'; it has A to B"),
            ("ft4232h:port=C", "no MPSSE"),
            ("ft2232h:reset=gpiol4", "did you mean 'gpiol0'"),
            ("ft2232h:reset=gpiol0:lo", "did you mean 'low'"),
            ("ft2232h:reset=gpiol0,wp=gpiol0", "two roles"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }
}
