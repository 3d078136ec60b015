//! From settings to a programmer: the right device, the right codec, the one driver; and which programmers there are.

use super::spec::{Kind, Settings};
use super::{Ch341a, Driver, Mpsse};
use crate::spi::{Programmer, SpiError};
use crate::usb::host::{self, Found, Wanted};
use crate::usb::{Pipe, UsbError};

/// WCH's idVendor.
const WCH: u16 = 0x1a86;
/// CH341A in EPP/MEM/I2C mode, the one with SPI.
const CH341A: u16 = 0x5512;
/// The same chip with the mode jumper set for UART.
const CH341_UART: u16 = 0x5523;
/// FTDI's idVendor.
const FTDI: u16 = 0x0403;

/// A programmer that is plugged in, or something that could be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Which kind; none for a CH341 in UART mode.
    pub kind: Option<Kind>,
    /// Where, and what it says of itself.
    pub found: Found,
    /// What is wrong and what to do, when it cannot be used as it is.
    pub problem: Option<String>,
}

impl Kind {
    fn ids(self) -> (u16, u16) {
        match self {
            Self::Ch341a => (WCH, CH341A),
            Self::Ftdi(kind) => (FTDI, kind.product),
        }
    }
}

fn uart_mode(path: &str) -> String {
    format!(
        "the CH341 at USB {path} is in UART mode ({WCH:04x}:{CH341_UART:04x}) and has no SPI: set its jumper to \
         programmer mode (pins 1-2 on most boards) and plug it in again"
    )
}

/// The programmers plugged in, and CH341s that are not in SPI mode.
///
/// # Errors
/// [`UsbError`] when USB cannot be used at all.
pub fn attached() -> Result<Vec<Attached>, UsbError> {
    Ok(host::list(&known())?.into_iter().map(known_as).collect())
}

/// Ids of programmers, and of the CH341 in UART mode.
fn known() -> Vec<(u16, u16)> {
    Kind::all().map(Kind::ids).chain([(WCH, CH341_UART)]).collect()
}

fn known_as(found: Found) -> Attached {
    let kind = Kind::all().find(|kind| kind.ids() == (found.vendor, found.product));
    let problem = match kind {
        Some(_) => found.problem.as_ref().map(ToString::to_string),
        None => Some(uart_mode(&found.path)),
    };
    Attached { kind, found, problem }
}

/// The only programmer plugged in, for when the user names none.
///
/// # Errors
/// [`UsbError::NotFound`], which explains a CH341 in UART mode; [`UsbError::Several`] with what to write after `-p`.
pub fn only() -> Result<Settings, UsbError> {
    choose(host::plugged(&known())?.into_iter().map(known_as).collect())
}

fn choose(mut attached: Vec<Attached>) -> Result<Settings, UsbError> {
    if attached.len() > 1 {
        attached.retain(|one| one.kind.is_some());
    }
    match attached.as_slice() {
        [] => {
            Err(UsbError::NotFound("neither a CH341A nor an FT2232H, FT232H or FT4232H is plugged in".into()))
        }
        [one] => match one.kind {
            Some(kind) => Ok(Settings { path: Some(one.found.path.clone()), ..Settings::of(kind) }),
            None => Err(UsbError::NotFound(uart_mode(&one.found.path))),
        },
        several => {
            let name =
                |one: &Attached| one.kind.map(|kind| format!("{}:path={}", kind.name(), one.found.path));
            Err(UsbError::Several(several.iter().filter_map(name).collect()))
        }
    }
}

/// A programmer in use, and where it is plugged in.
pub struct Opened {
    /// The programmer.
    pub programmer: Box<dyn Programmer>,
    /// Bus and port path, `1-2.3`.
    pub path: String,
}

/// Opens the programmer that the settings mean.
///
/// # Errors
/// [`SpiError::Usb`] when it is not there, not allowed, in use or does not answer.
pub fn open(settings: &Settings) -> Result<Opened, SpiError> {
    let (vendor, product) = settings.kind.ids();
    let port = match settings.kind {
        Kind::Ch341a => 0,
        Kind::Ftdi(_) => settings.port,
    };
    let (endpoint_out, endpoint_in) = match settings.kind {
        Kind::Ch341a => (0x02, 0x82),
        Kind::Ftdi(_) => (0x02 + 2 * port, 0x81 + 2 * port),
    };
    let wanted = Wanted {
        name: settings.kind.name(),
        vendor,
        product,
        path: settings.path.as_deref(),
        serial: settings.serial.as_deref(),
        interface: port,
        endpoint_out,
        endpoint_in,
    };
    let pipe = host::open(&wanted).map_err(|error| match error {
        UsbError::NotFound(text) => instead(settings, text),
        other => other,
    })?;
    let path = pipe.path().to_owned();
    Ok(Opened { programmer: over(pipe, settings)?, path })
}

/// What there is instead of the one that was not found.
fn instead(settings: &Settings, text: String) -> UsbError {
    // A listing that fails has nothing to add to the failure at hand.
    let there: Vec<_> = host::plugged(&known()).unwrap_or_default().into_iter().map(known_as).collect();
    let mut uart = there.iter().filter(|one| one.kind.is_none());
    if let (Kind::Ch341a, Some(one)) = (settings.kind, uart.next()) {
        return UsbError::NotFound(uart_mode(&one.found.path));
    }
    let names: Vec<_> = there
        .iter()
        .filter_map(|one| one.kind.map(|kind| format!("{} at {}", kind.name(), one.found.path)))
        .collect();
    if names.is_empty() {
        return UsbError::NotFound(text);
    }
    UsbError::NotFound(format!("{text}; there is {}", names.join(", ")))
}

/// A programmer of that kind over any pipe, the emulator's for one.
///
/// # Errors
/// [`SpiError::Usb`] when it does not answer, [`SpiError::Unsupported`] for a clock it cannot have.
pub fn over<P: Pipe + 'static>(pipe: P, settings: &Settings) -> Result<Box<dyn Programmer>, SpiError> {
    match settings.kind {
        Kind::Ch341a => Ok(Box::new(Driver::open(Ch341a::new(&settings.pins), pipe)?)),
        Kind::Ftdi(_) => {
            let mut codec = Mpsse::new(settings.port, &settings.pins);
            if let Some(hz) = settings.speed {
                codec = codec.with_clock(hz)?;
            }
            Ok(Box::new(Driver::open(codec, pipe)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::FTDI_KINDS;

    fn one(kind: Option<Kind>, path: &str) -> Attached {
        let found =
            Found { vendor: 0, product: 0, path: path.into(), serial: None, text: None, problem: None };
        Attached { kind, found, problem: None }
    }

    #[test]
    fn the_only_one_is_taken_and_several_are_named() {
        let ch = || one(Some(Kind::Ch341a), "1-2");
        let ft = || one(Some(Kind::Ftdi(&FTDI_KINDS[0])), "1-3.4");
        let uart = || one(None, "1-9");
        assert!(matches!(choose(vec![]), Err(UsbError::NotFound(_))));
        assert_eq!(choose(vec![ch()]).unwrap().path.as_deref(), Some("1-2"));
        assert_eq!(choose(vec![uart(), ft()]).unwrap().kind.name(), "ft2232h");
        assert!(matches!(choose(vec![uart()]), Err(UsbError::NotFound(text)) if text.contains("jumper")));
        let wanted = vec!["ch341a:path=1-2".to_owned(), "ft2232h:path=1-3.4".to_owned()];
        assert_eq!(choose(vec![ch(), ft(), uart()]), Err(UsbError::Several(wanted)));
    }

    #[test]
    fn a_clock_that_cannot_be_is_refused_before_anything_is_sent() {
        struct Untouched;
        impl Pipe for Untouched {
            fn control_out(&mut self, _: crate::usb::Control, _: &[u8]) -> Result<(), UsbError> {
                panic!("touched")
            }
            fn control_in(&mut self, _: crate::usb::Control, _: &mut [u8]) -> Result<usize, UsbError> {
                panic!("touched")
            }
            fn burst(
                &mut self,
                _: crate::usb::Burst<'_>,
                _: &mut dyn crate::usb::Reply,
            ) -> Result<(), UsbError> {
                panic!("touched")
            }
            fn drain(&mut self, _: usize, _: std::time::Duration) -> Result<Vec<u8>, UsbError> {
                panic!("touched")
            }
            fn now(&self) -> std::time::Duration {
                std::time::Duration::ZERO
            }
            fn sleep(&mut self, _: std::time::Duration) {}
        }
        let settings = Settings::parse("ft2232h:speed=100Hz").unwrap();
        assert!(matches!(over(Untouched, &settings), Err(SpiError::Unsupported(_))));
    }
}
