//! From settings to a programmer: the right device, the right codec, the one driver; and which programmers there are.

use super::heeding::Heeding;
use super::models::{Model, OtherMode, models};
use super::selftest::SelfTest;
use super::spec::Settings;
use super::unsupported::UNSUPPORTED;
use crate::spi::{LinkError, LinkFault, Programmer, SpiError, Transaction};
use crate::usb::host::{self, HostPipe};
use crate::usb::{FoundDevice, StreamAddress, Wanted};
use crate::usb::{Pipe, UsbError};

/// The keys that name the place of a programmer that is not on USB.
const PLACES: [(&str, &str); 3] = [("dev", "PATH"), ("tcp", "HOST:PORT"), ("unix", "PATH")];
/// Read JEDEC id.
const READ_ID: u8 = 0x9F;

/// A programmer that is plugged in, or something that could be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Which kind; `None` for a device in a mode without SPI, or that is not supported.
    pub model: Option<&'static Model>,
    /// What it is called where it is no usable programmer: `CH341 in UART mode`, `CH347T`.
    pub name: String,
    /// USB ids: vendor, product.
    pub ids: (u16, u16),
    /// Where it is plugged in: bus and port path, `1-2.3`.
    pub path: String,
    /// Serial number, where the device has one and can be asked.
    pub serial: Option<String>,
    /// What the device calls itself.
    pub text: Option<String>,
    /// What is wrong and what to do, when it cannot be used as it is.
    pub problem: Option<LinkError>,
}

impl Attached {
    /// The text that names it after `-p`: `ch341a:path=1-2.3`.
    pub fn spec(&self) -> Option<String> {
        self.model.map(|model| format!("{}:path={}", model.name, self.path))
    }
}

fn wrong_mode(vendor: u16, other: &OtherMode, path: &str) -> String {
    format!(
        "the {} at USB {path} is in {} ({vendor:04x}:{:04x}) and has no SPI: {}",
        other.name, other.mode, other.product, other.remedy
    )
}

fn not_driven(name: &str, ids: (u16, u16), path: &str) -> String {
    let (vendor, product) = ids;
    let known = Model::all_titles();
    format!(
        "the {name} at USB {path} ({vendor:04x}:{product:04x}) is not supported by norsplice; it supports {known}"
    )
}

/// The programmers plugged in, devices that are in a mode without SPI, and programmers that are not supported.
///
/// # Errors
/// [`LinkError`] when USB cannot be used at all.
pub fn attached() -> Result<Vec<Attached>, LinkError> {
    Ok(host::list(&known_ids())?.into_iter().filter_map(known_as).collect())
}

/// Ids of programmers, of what is one in another mode, and of those that are not supported.
pub(super) fn known_ids() -> Vec<(u16, u16)> {
    let usb = models().iter().filter_map(|model| model.usb.as_ref());
    usb.flat_map(|usb| {
        let others = usb.other_modes.iter().map(|other| &other.product);
        usb.products.iter().chain(others).map(|product| (usb.vendor, *product))
    })
    .chain(UNSUPPORTED.iter().map(|one| one.ids))
    .collect()
}

fn known_as(found: FoundDevice) -> Option<Attached> {
    let ids = (found.vendor, found.product);
    let usb = |model: &'static Model| model.usb.as_ref().map(|usb| (model, usb));
    let driven = models().iter().filter_map(usb).find_map(|(model, usb)| {
        if ids.0 == usb.vendor && usb.products.contains(&ids.1) {
            return Some((model.name.to_owned(), Some(model), found.problem.clone().map(LinkError::from)));
        }
        let other = usb.other_modes.iter().find(|other| ids == (usb.vendor, other.product))?;
        let text = wrong_mode(usb.vendor, other, &found.path);
        let name = format!("{} in {}", other.name, other.mode);
        Some((name, None, Some(LinkError::new(LinkFault::Unusable, text))))
    });
    let not_driven = || {
        let one = UNSUPPORTED.iter().find(|one| one.ids == ids)?;
        let problem = LinkError::new(LinkFault::Unusable, not_driven(one.name, ids, &found.path));
        Some((one.name.to_owned(), None, Some(problem)))
    };
    let (name, model, problem) = driven.or_else(not_driven)?;
    let FoundDevice { path, serial, text, .. } = found;
    Some(Attached { model, name, ids, path, serial, text, problem })
}

/// The only programmer plugged in, for when the user names none.
///
/// # Errors
/// [`LinkFault::Absent`], which explains a device in the wrong mode or without support; [`LinkFault::Several`] with what to write after `-p`.
pub fn only() -> Result<Settings, LinkError> {
    choose(host::plugged(&known_ids())?.into_iter().filter_map(known_as).collect())
}

fn choose(mut attached: Vec<Attached>) -> Result<Settings, LinkError> {
    if attached.len() > 1 {
        attached.retain(|one| one.model.is_some());
    }
    match attached.as_slice() {
        [] => {
            let text = format!("no programmer is plugged in ({})", Model::found_titles());
            Err(UsbError::NotFound(text).into())
        }
        [Attached { model: Some(model), path, .. }] => {
            Ok(Settings { path: Some(path.clone()), ..Settings::of(model) })
        }
        [one] => {
            let text = one.problem.as_ref().map(ToString::to_string).unwrap_or_default();
            Err(UsbError::NotFound(text).into())
        }
        several => Err(UsbError::Several(several.iter().filter_map(Attached::spec).collect()).into()),
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
/// [`SpiError::Link`] when it is not there, not allowed, in use or does not answer.
pub fn open(settings: &Settings) -> Result<Opened, SpiError> {
    (settings.model.open)(settings)
}

/// The text that means another port of the same programmer, where a chip answers there with a steady id.
pub fn answering_port(settings: &Settings) -> Option<String> {
    let model = settings.model;
    (0..model.spi_ports).filter(|port| *port != settings.port).find_map(|port| {
        let there = Settings { port, pins: Vec::new(), ..settings.clone() };
        // What cannot be opened or asked has no chip to name.
        let mut opened = open(&there).ok()?;
        let mut ids = [[0; 3]; 2];
        let mut batch: Vec<_> = ids.iter_mut().map(|id| Transaction::read(&[READ_ID], id)).collect();
        let asked = opened.programmer.run(&mut batch);
        drop(batch);
        opened.programmer.release().ok()?;
        let answers = asked.is_ok() && ids[0] == ids[1] && ids[0].iter().any(|byte| *byte != ids[0][0]);
        answers.then(|| format!("{}:path={},port={}", model.name, opened.path, char::from(b'A' + port)))
    })
}

/// Opens a programmer that is a USB device.
pub(super) fn open_usb(settings: &Settings) -> Result<Opened, SpiError> {
    let pipe = open_pipe(settings)?;
    let path = pipe.path().to_owned();
    Ok(Opened { programmer: over(pipe, settings)?, path })
}

/// Opens a programmer at the other end of a stream.
pub(super) fn open_stream(settings: &Settings) -> Result<Opened, SpiError> {
    let (address, pipe) = open_stream_pipe(settings)?;
    Ok(Opened { programmer: over(pipe, settings)?, path: address.to_string() })
}

fn open_stream_pipe(settings: &Settings) -> Result<(&StreamAddress, Box<dyn Pipe>), SpiError> {
    let Some(address) = &settings.address else {
        let name = settings.model.name;
        let places = PLACES.iter().filter(|(key, _)| settings.model.keys.contains(key));
        let places: Vec<String> = places.map(|(key, value)| format!("{key}={value}")).collect();
        let text = format!("{name} needs its place: {}", places.join(" or "));
        return Err(SpiError::Unsupported(text));
    };
    Ok((address, host::open_address(address)?))
}

fn open_pipe(settings: &Settings) -> Result<HostPipe, SpiError> {
    let Some(usb) = &settings.model.usb else { return Err(no_usb(settings.model)) };
    let wanted = Wanted {
        name: settings.model.name,
        vendor: settings.vid.unwrap_or(usb.vendor),
        products: settings.pid.as_ref().map_or(usb.products, std::slice::from_ref),
        path: settings.path.as_deref(),
        serial: settings.serial.as_deref(),
        interface: usb.interface.map(|of_port| of_port(settings.port)),
    };
    let opened = host::open(&wanted).map_err(|error| match error {
        UsbError::NotFound(text) => instead(settings, text),
        other => other,
    });
    Ok(opened?)
}

/// The self-test of the programmer that the settings name; with `chip`, of the way to its chip too. Nothing is erased or
/// programmed, and no register changes.
///
/// # Errors
/// As [`open`]; [`SpiError::Link`] where it disappears; [`SpiError::Stopped`].
pub fn self_test(
    settings: &Settings,
    chip: bool,
    stop: impl Fn() -> bool + Clone + 'static,
) -> Result<SelfTest, SpiError> {
    match settings.model.stream {
        Some(_) => self_test_over(open_stream_pipe(settings)?.1, settings, chip, stop),
        None => self_test_over(open_pipe(settings)?, settings, chip, stop),
    }
}

/// The same over any pipe. `stop` is asked before each burst; once it is true the test ends and the pins are released.
///
/// # Errors
/// As [`over`]; [`SpiError::Stopped`].
pub fn self_test_over<P: Pipe + 'static>(
    pipe: P,
    settings: &Settings,
    chip: bool,
    stop: impl Fn() -> bool + Clone + 'static,
) -> Result<SelfTest, SpiError> {
    let pipe = Box::new(Heeding::new(pipe, stop.clone()));
    let tested = match (&settings.model.usb, &settings.model.stream) {
        (Some(usb), _) => (usb.self_test)(pipe, settings, chip),
        (None, Some(stream)) => (stream.self_test)(pipe, settings, chip),
        (None, None) => Err(no_usb(settings.model)),
    };
    if stop() { Err(SpiError::Stopped) } else { tested }
}

/// What is plugged in instead of the one that was not found.
fn instead(settings: &Settings, text: String) -> UsbError {
    // A listing that fails has nothing to add to the failure at hand.
    let found = host::plugged(&known_ids()).unwrap_or_default();
    let there: Vec<_> = found.into_iter().filter_map(known_as).collect();
    let modes = settings.model.usb.as_ref().map_or((0, &[][..]), |usb| (usb.vendor, usb.other_modes));
    let wrong = modes.1.iter().find_map(|other| {
        let one = there.iter().find(|one| one.ids == (modes.0, other.product))?;
        Some(wrong_mode(modes.0, other, &one.path))
    });
    if let Some(wrong) = wrong {
        return UsbError::NotFound(wrong);
    }
    let names: Vec<_> = there
        .iter()
        .filter_map(|one| one.model.map(|model| format!("{} at {}", model.name, one.path)))
        .collect();
    if names.is_empty() {
        return UsbError::NotFound(text);
    }
    UsbError::NotFound(format!("{text}; there is {}", names.join(", ")))
}

/// A programmer of that kind over any pipe, the emulator's for one.
///
/// # Errors
/// [`SpiError::Link`] when it does not answer, [`SpiError::Unsupported`] for a clock it cannot have, or a model that is
/// no USB device.
pub fn over<P: Pipe + 'static>(pipe: P, settings: &Settings) -> Result<Box<dyn Programmer>, SpiError> {
    match (&settings.model.usb, &settings.model.stream) {
        (Some(usb), _) => (usb.over)(Box::new(pipe), settings),
        (None, Some(stream)) => (stream.over)(Box::new(pipe), settings),
        (None, None) => Err(no_usb(settings.model)),
    }
}

fn no_usb(model: &Model) -> SpiError {
    SpiError::Unsupported(format!("{} is no USB device", model.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(ids: (u16, u16), path: &str) -> Attached {
        let found = FoundDevice {
            vendor: ids.0,
            product: ids.1,
            path: path.into(),
            serial: None,
            text: None,
            problem: None,
        };
        known_as(found).expect("the ids are known")
    }

    #[test]
    fn the_only_one_is_taken_and_several_are_named() {
        let ch = || one((0x1a86, 0x5512), "1-2");
        let ft = || one((0x0403, 0x6010), "1-3.4");
        let uart = || one((0x1a86, 0x5523), "1-9");
        assert_eq!(choose(vec![]).unwrap_err().fault, LinkFault::Absent);
        assert_eq!(choose(vec![ch()]).unwrap().path.as_deref(), Some("1-2"));
        assert_eq!(choose(vec![uart(), ft()]).unwrap().model.name, "ft2232h");
        let error = choose(vec![uart()]).unwrap_err();
        assert!(error.fault == LinkFault::Absent && error.text.contains("jumper"), "{error}");
        let error = choose(vec![ch(), ft(), uart()]).unwrap_err();
        assert_eq!(error.fault, LinkFault::Several);
        assert!(error.text.contains("ch341a:path=1-2, ft2232h:path=1-3.4"), "{error}");
        assert_eq!(uart().name, "CH341 in UART mode");
        for (product, mode) in [(0x55DA, "mode 0"), (0x55DC, "mode 2"), (0x55DD, "mode 3")] {
            let one = one((0x1A86, product), "1-4");
            assert!(
                one.model.is_none() && one.name.starts_with(&format!("CH347T in {mode}")),
                "{}",
                one.name
            );
            assert!(one.problem.unwrap().text.contains("mode jumpers to mode 1"));
        }
        // A cable with the ids of its chip is taken for the chip.
        assert_eq!(ft().model.map(|model| model.name), Some("ft2232h"));
    }

    /// What spidev and the like need: a row without USB, and a `Programmer` that is no `Driver`.
    #[test]
    fn a_programmer_that_is_no_usb_device_is_one_row() {
        static SERIAL: Model = Model {
            name: "other",
            title: "another device",
            family: "other",
            keys: &["path", "speed"],
            refused: &[],
            pins: &[],
            held: &[],
            ports: 1,
            spi_ports: 1,
            chip_selects: 1,
            clock: super::super::SpiClock::Settable { max_hz: 8_000_000, default_hz: 4_000_000 },
            drives_5v: false,
            usb: None,
            stream: None,
            open: |settings| {
                let text = format!("nothing at {}", settings.path.as_deref().unwrap_or("-"));
                Err(LinkError::new(LinkFault::Absent, text).into())
            },
        };
        let settings = Settings { path: Some("/dev/ttyACM0".into()), ..Settings::of(&SERIAL) };
        let Err(error) = open(&settings) else { panic!("opened") };
        assert_eq!(error, LinkError::new(LinkFault::Absent, "nothing at /dev/ttyACM0").into());
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
