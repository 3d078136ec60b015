//! flashrom's names of programmers, and what each of them is here.
//!
//! Facts: the manual page flashrom(8) of 1.3.0 and 1.6.0 (names, parameters, defaults; the clock of an FTDI chip of the H
//! family is 60 MHz through the divisor).

use super::model::Model;
use crate::units;
use std::fmt::Write;
use thiserror::Error;

/// What of a programmer's text has no equivalent here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoEquivalent {
    /// The programmer is not driven.
    #[error(
        "{name} ({what}) is not supported by norsplice; there is {}{}",
        Model::all_titles(),
        more(instead)
    )]
    Programmer {
        /// flashrom's name.
        name: String,
        /// What it is.
        what: &'static str,
        /// What can be done in its place; may be empty.
        instead: &'static str,
    },
    /// The programmer is driven, and this parameter is not taken.
    #[error("'{parameter}' of {name}: {why}")]
    Parameter {
        /// flashrom's name of the programmer.
        name: String,
        /// The parameter with its value.
        parameter: String,
        /// Why not, and what there is.
        why: &'static str,
    },
}

fn more(instead: &str) -> String {
    if instead.is_empty() { String::new() } else { format!(". {instead}") }
}

/// The text after `-p` that names the same programmer here; `None` where flashrom has no programmer of that name.
///
/// # Errors
/// [`NoEquivalent`] for a programmer or a parameter that has none.
pub fn equivalent(text: &str) -> Option<Result<String, NoEquivalent>> {
    let (name, parameters) = text.split_once(':').unwrap_or((text, ""));
    let row = PROGRAMMERS.iter().find(|row| row.name == name)?;
    Some(match row.here {
        Here::Same(translate) => translate(name, parameters),
        Here::Not(instead) => {
            Err(NoEquivalent::Programmer { name: name.to_owned(), what: row.what, instead })
        }
    })
}

/// flashrom's names of programmers.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROGRAMMERS.iter().map(|row| row.name)
}

/// A programmer of flashrom.
struct Row {
    name: &'static str,
    what: &'static str,
    here: Here,
}

/// What it is here.
enum Here {
    /// The same programmer: its name and parameters into the text after `-p`.
    Same(fn(&str, &str) -> Result<String, NoEquivalent>),
    /// Not driven: what can be done in its place.
    Not(&'static str),
}

const fn not(name: &'static str, what: &'static str, instead: &'static str) -> Row {
    Row { name, what, here: Here::Not(instead) }
}

const fn same(
    name: &'static str,
    what: &'static str,
    translate: fn(&str, &str) -> Result<String, NoEquivalent>,
) -> Row {
    Row { name, what, here: Here::Same(translate) }
}

/// For a flash that sits in the machine itself.
const OUTSIDE: &str = "Power the board off and read its chip with a clip";

/// Every programmer that flashrom names. One that gets a driver here becomes a row with [`same`].
const PROGRAMMERS: &[Row] = &[
    same("ch341a_spi", "CH341A", |name, rest| bare("ch341a", name, rest)),
    same("ft2232_spi", "FTDI chip with an MPSSE", ftdi),
    same("ch347_spi", "CH347", ch347),
    same("serprog", "a microcontroller with the serprog protocol", serprog),
    same("dummy", "a chip in software", |name, rest| bare("emu", name, rest)),
    same("linux_spi", "an SPI device of the Linux kernel", linux_spi),
    not("linux_mtd", "a flash of this machine", OUTSIDE),
    not("linux_gpio_spi", "pins of this machine", ""),
    not("internal", "the flash of this machine", OUTSIDE),
    not("buspirate_spi", "Bus Pirate", ""),
    not("dediprog", "Dediprog SF100 or SF600", ""),
    not("developerbox_spi", "the debug port of a Developerbox", ""),
    not("digilent_spi", "iCEblink40", ""),
    not("dirtyjtag_spi", "DirtyJTAG", ""),
    not("jlink_spi", "SEGGER J-Link", ""),
    not("mediatek_i2c_spi", "a display with a MediaTek controller", ""),
    not("mstarddc_spi", "a display with an MStar controller", ""),
    not("ni845x_spi", "NI USB-8451 or 8452", ""),
    not("parade_lspcon", "a Parade LSPCON", ""),
    not("pickit2_spi", "PICkit 2", ""),
    not("pony_spi", "SI-Prog at a serial port", ""),
    not("raiden_debug_spi", "a debug cable for Chrome devices", ""),
    not("rayer_spi", "a cable at a parallel port", ""),
    not("realtek_mst_i2c_spi", "a Realtek display hub", ""),
    not("spidriver", "SPIDriver", ""),
    not("stlinkv3_spi", "ST-LINK V3", ""),
    not("usbblaster_spi", "USB-Blaster", ""),
    not("asm106x", "an ASMedia SATA controller", OUTSIDE),
    not("atahpt", "a HighPoint controller", OUTSIDE),
    not("atapromise", "a Promise controller", OUTSIDE),
    not("atavia", "a VIA controller", OUTSIDE),
    not("drkaiser", "a Dr. Kaiser card", OUTSIDE),
    not("gfxnvidia", "an NVIDIA graphics card", OUTSIDE),
    not("it8212", "an ITE controller", OUTSIDE),
    not("nic3com", "a 3COM network card", OUTSIDE),
    not("nicintel", "an Intel network card", OUTSIDE),
    not("nicintel_eeprom", "an Intel network card", OUTSIDE),
    not("nicintel_spi", "an Intel network card", OUTSIDE),
    not("nicnatsemi", "a National Semiconductor network card", OUTSIDE),
    not("nicrealtek", "a Realtek network card", OUTSIDE),
    not("ogp_spi", "an Open Graphics card", OUTSIDE),
    not("satamv", "a Marvell controller", OUTSIDE),
    not("satasii", "a Silicon Image controller", OUTSIDE),
];

fn parameter(name: &str, parameter: &str, why: &'static str) -> NoEquivalent {
    NoEquivalent::Parameter { name: name.to_owned(), parameter: parameter.to_owned(), why }
}

/// A programmer whose parameters, if any, are not carried over.
fn bare(ours: &str, name: &str, parameters: &str) -> Result<String, NoEquivalent> {
    match parameters.split(',').find(|piece| !piece.is_empty()) {
        Some(piece) => Err(parameter(name, piece, "not a parameter of it here")),
        None => Ok(ours.to_owned()),
    }
}

/// `spispeed=15M` as `ch347:speed=15M`.
fn ch347(name: &str, parameters: &str) -> Result<String, NoEquivalent> {
    let mut pieces = parameters.split(',').filter(|piece| !piece.is_empty());
    match (pieces.next(), pieces.next()) {
        (None, _) => Ok("ch347".to_owned()),
        (Some(piece), other) => match piece.split_once('=') {
            Some(("spispeed", speed)) if other.is_none() => Ok(format!("ch347:speed={speed}")),
            _ => bare("ch347", name, other.unwrap_or(piece)),
        },
    }
}

/// `dev=/dev/ttyACM0:115200,spispeed=8M,cs=1` as `serprog:dev=/dev/ttyACM0,baud=115200,speed=8M,cs=1`.
fn serprog(name: &str, parameters: &str) -> Result<String, NoEquivalent> {
    let mut ours = Vec::new();
    for piece in parameters.split(',').filter(|piece| !piece.is_empty()) {
        let no = |why| parameter(name, piece, why);
        match piece.split_once('=').ok_or_else(|| no("a parameter is written as NAME=VALUE: dev=PATH"))? {
            ("dev", value) => match value.rsplit_once(':') {
                Some((path, baud)) => ours.push(format!("dev={path},baud={baud}")),
                None => ours.push(format!("dev={value}")),
            },
            ("ip", value) => ours.push(format!("tcp={value}")),
            ("spispeed", value) => ours.push(format!("speed={value}")),
            ("cs", value) => ours.push(format!("cs={value}")),
            _ => return Err(no("not a parameter of it here")),
        }
    }
    Ok(if ours.is_empty() { "serprog".to_owned() } else { format!("serprog:{}", ours.join(",")) })
}

/// `dev=/dev/spidev0.0,spispeed=8000`, its clock in kHz, as `spidev:dev=/dev/spidev0.0,speed=8000kHz`.
fn linux_spi(name: &str, parameters: &str) -> Result<String, NoEquivalent> {
    let mut ours = Vec::new();
    for piece in parameters.split(',').filter(|piece| !piece.is_empty()) {
        let no = |why| parameter(name, piece, why);
        match piece.split_once('=').ok_or_else(|| no("a parameter is written as NAME=VALUE: dev=PATH"))? {
            ("dev", value) => ours.push(format!("dev={value}")),
            ("spispeed", value) if value.bytes().all(|b| b.is_ascii_digit()) => {
                ours.push(format!("speed={value}kHz"));
            }
            _ => return Err(no("not a parameter of it here")),
        }
    }
    Ok(if ours.is_empty() { "spidev".to_owned() } else { format!("spidev:{}", ours.join(",")) })
}

/// The clock before the divisor of a chip of the H family, in Hz.
const FTDI_BASE_HZ: u32 = 60_000_000;
/// flashrom's types of FTDI devices, what each is here, and the clock before its divisor where that is known: cables are
/// sold with chips of both families.
const TYPES: &[(&str, &str, Option<u32>)] = &[
    ("2232H", "ft2232h", Some(FTDI_BASE_HZ)),
    ("232H", "ft232h", Some(FTDI_BASE_HZ)),
    ("4232H", "ft4232h", Some(FTDI_BASE_HZ)),
    ("4233H", "ft4233hp", Some(FTDI_BASE_HZ)),
    ("tumpa", "tumpa", Some(FTDI_BASE_HZ)),
    ("tumpalite", "tumpa-lite", Some(FTDI_BASE_HZ)),
    ("jtagkey", "jtagkey", None),
    ("kt-link", "kt-link", Some(FTDI_BASE_HZ)),
    ("arm-usb-ocd", "arm-usb-ocd", None),
    ("arm-usb-ocd-h", "arm-usb-ocd-h", Some(FTDI_BASE_HZ)),
    ("arm-usb-tiny", "arm-usb-tiny", None),
    ("arm-usb-tiny-h", "arm-usb-tiny-h", Some(FTDI_BASE_HZ)),
    ("picotap", "picotap", None),
    ("busblaster", "busblaster", Some(FTDI_BASE_HZ)),
    ("flyswatter", "flyswatter", None),
];
/// Roles of spare pins here, with the level that each has by default: the level is all that they differ in.
const ROLES: [(&str, char); 4] = [("reset", 'L'), ("wp", 'H'), ("hold", 'H'), ("led", 'H')];

/// `type=2232H,port=A,divisor=4,gpiol0=L` as `ft2232h:port=A,speed=15MHz,reset=gpiol0`.
fn ftdi(name: &str, parameters: &str) -> Result<String, NoEquivalent> {
    // flashrom's default.
    let (mut model, mut base_hz) = ("ft4232h", Some(FTDI_BASE_HZ));
    let mut divided = None;
    let mut ours: Vec<String> = Vec::new();
    let mut roles = ROLES.to_vec();
    // A colon separates them too.
    for piece in parameters.split([',', ':']).filter(|piece| !piece.is_empty()) {
        let no = |why| parameter(name, piece, why);
        let (key, value) = piece.split_once('=').ok_or_else(|| no("a parameter is written as NAME=VALUE"))?;
        match key {
            "type" => {
                let row = TYPES.iter().find(|(theirs, ..)| value.eq_ignore_ascii_case(theirs));
                (_, model, base_hz) = *row.ok_or_else(|| no("no device of this type is supported"))?;
            }
            "port" => ours.push(format!("port={}", value.to_ascii_uppercase())),
            "serial" => ours.push(format!("serial={value}")),
            "usbpath" => ours.push(format!("path={value}")),
            "divisor" => {
                let divisor: u32 = value.parse().map_err(|_| no("a divisor is an even number"))?;
                if !divisor.is_multiple_of(2) || !(2..=1 << 17).contains(&divisor) {
                    return Err(no("a divisor is an even number from 2 to 131072"));
                }
                divided = Some((divisor, piece, ours.len()));
            }
            "gpiol0" | "gpiol1" | "gpiol2" | "gpiol3" => {
                let level = match value {
                    "H" | "h" => 'H',
                    "L" | "l" => 'L',
                    "C" | "c" => return Err(no("a second chip select is not driven")),
                    _ => return Err(no("the level of a pin is H or L")),
                };
                ours.push(pin(&mut roles, key, level).ok_or_else(|| no("each pin has one level"))?);
            }
            "csgpiol" => return Err(no("a second chip select is not driven")),
            "description" => {
                return Err(no("programmers are chosen by serial=S or path=1-2"));
            }
            _ => return Err(no("not a parameter of it here")),
        }
    }
    if let Some((divisor, piece, at)) = divided {
        let why = "the clock that it divides is not known for this type; give speed=15MHz or another clock";
        let base_hz = base_hz.ok_or_else(|| parameter(name, piece, why))?;
        ours.insert(at, format!("speed={}", units::hz(base_hz / divisor).replace(' ', "")));
    }
    let mut text = model.to_owned();
    for (i, piece) in ours.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{piece}", if i == 0 { ':' } else { ',' });
    }
    Ok(text)
}

/// A pin held at a level: the first free role of that level by default, else any with the level given.
fn pin(roles: &mut Vec<(&'static str, char)>, pin: &str, level: char) -> Option<String> {
    let at = roles.iter().position(|(_, default)| *default == level).or((!roles.is_empty()).then_some(0))?;
    let (role, default) = roles.remove(at);
    let word = if level == 'H' { ":high" } else { ":low" };
    Some(format!("{role}={pin}{}", if default == level { "" } else { word }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::Settings;

    #[test]
    fn names_and_parameters_become_ours() {
        for (theirs, ours) in [
            ("ch341a_spi", "ch341a"),
            ("ch341a_spi:", "ch341a"),
            ("ft2232_spi", "ft4232h"),
            ("ft2232_spi:type=2232H,port=A,divisor=4,gpiol0=L", "ft2232h:port=A,speed=15MHz,reset=gpiol0"),
            ("ft2232_spi:type=232h,serial=FT1,divisor=14", "ft232h:serial=FT1,speed=4.29MHz"),
            ("ft2232_spi:type=4232H:port=b", "ft4232h:port=B"),
            (
                "ft2232_spi:type=2232H,gpiol0=L,gpiol1=L,gpiol2=H",
                "ft2232h:reset=gpiol0,wp=gpiol1:low,hold=gpiol2",
            ),
            ("ft2232_spi:type=2232H,divisor=60000,usbpath=1-1.4", "ft2232h:speed=1kHz,path=1-1.4"),
        ] {
            assert_eq!(equivalent(theirs), Some(Ok(ours.to_owned())), "{theirs}");
            assert!(Settings::parse(ours).is_ok(), "{ours} is a text that -p takes");
        }
        for (theirs, ours) in [("ch347_spi", "ch347"), ("ch347_spi:spispeed=937.5K", "ch347:speed=937.5K")] {
            assert_eq!(equivalent(theirs), Some(Ok(ours.to_owned())));
            assert!(Settings::parse(ours).is_ok(), "{ours}");
        }
        for (theirs, ours) in [
            ("serprog:dev=/dev/ttyACM0:115200,spispeed=8M", "serprog:dev=/dev/ttyACM0,baud=115200,speed=8M"),
            ("serprog:ip=localhost:8888,cs=1", "serprog:tcp=localhost:8888,cs=1"),
            ("linux_spi:dev=/dev/spidev0.0,spispeed=512", "spidev:dev=/dev/spidev0.0,speed=512kHz"),
        ] {
            assert_eq!(equivalent(theirs), Some(Ok(ours.to_owned())));
            assert!(Settings::parse(ours).is_ok(), "{ours}");
        }
        for (theirs, ours, _) in TYPES {
            assert_eq!(equivalent(&format!("ft2232_spi:type={theirs}")), Some(Ok((*ours).to_owned())));
            assert!(Settings::parse(ours).is_ok(), "{ours}");
        }
        assert_eq!(equivalent("dummy"), Some(Ok("emu".to_owned())));
        assert_eq!(equivalent("ch341a"), None);
    }

    #[test]
    fn what_has_no_equivalent_is_named() {
        for (theirs, wanted) in [
            (
                "internal",
                "internal (the flash of this machine) is not supported by norsplice; there is CH341A",
            ),
            ("internal:laptop=this_is_not_a_laptop", "read its chip with a clip"),
            ("linux_spi:dev=/dev/spidev0.0,spispeed=fast", "'spispeed=fast' of linux_spi"),
            ("serprog:/dev/ttyACM0", "'/dev/ttyACM0' of serprog: a parameter is written as NAME=VALUE"),
            ("serprog:noise=1", "'noise=1' of serprog"),
            ("ch341a_spi:speed=1", "'speed=1' of ch341a_spi"),
            ("ch347_spi:spispeed=15M,x=1", "'x=1' of ch347_spi"),
            ("ft2232_spi:type=google-servo", "'type=google-servo' of ft2232_spi: no device of this type"),
            ("ft2232_spi:divisor=4,type=jtagkey", "'divisor=4' of ft2232_spi: the clock that it divides"),
            ("ft2232_spi:csgpiol=3", "second chip select"),
            ("ft2232_spi:gpiol0=C", "second chip select"),
            ("ft2232_spi:gpiol0=x", "H or L"),
            ("ft2232_spi:divisor=3", "even"),
            ("ft2232_spi:divisor=0", "even"),
            ("ft2232_spi:port", "NAME=VALUE"),
            ("ft2232_spi:gpiol0=L,gpiol0=L,gpiol0=L,gpiol0=L,gpiol0=L", "one level"),
            ("dummy:emulate=W25Q128FV", "'emulate=W25Q128FV' of dummy"),
        ] {
            let Some(Err(why)) = equivalent(theirs) else { panic!("{theirs}") };
            assert!(why.to_string().contains(wanted), "{theirs}: {why}");
        }
    }
}
