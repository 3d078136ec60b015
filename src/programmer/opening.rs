//! From settings to one programmer: the right device, the right codec, the one driver.

use super::heeding::Heeding;
use super::model::{Model, Opened, Settings};
use super::selftest::SelfTest;
use super::{Codec, Driver};
use crate::spi::{Programmer, SpiError};
use crate::usb::host::{self, HostPipe};
use crate::usb::{Pipe, StreamAddress, Wanted};

/// The keys that name the place of a programmer that is not on USB.
const PLACES: [(&str, &str); 3] = [("dev", "PATH"), ("tcp", "HOST:PORT"), ("unix", "PATH")];

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

pub(super) fn open_stream_pipe(settings: &Settings) -> Result<(&StreamAddress, Box<dyn Pipe>), SpiError> {
    let Some(address) = &settings.address else {
        let name = settings.model.name;
        let places = PLACES.iter().filter(|(key, _)| settings.model.keys.contains(key));
        let places: Vec<String> = places.map(|(key, value)| format!("{key}={value}")).collect();
        let text = format!("{name} needs its place: {}", places.join(" or "));
        return Err(SpiError::Unsupported(text));
    };
    Ok((address, host::open_address(address)?))
}

pub(super) fn open_pipe(settings: &Settings) -> Result<HostPipe, SpiError> {
    let Some(usb) = &settings.model.usb else { return Err(no_usb(settings.model)) };
    let wanted = Wanted {
        name: settings.model.name,
        vendor: settings.vid.unwrap_or(usb.vendor),
        products: settings.pid.as_ref().map_or(usb.products, std::slice::from_ref),
        path: settings.path.as_deref(),
        serial: settings.serial.as_deref(),
        interface: usb.interface.map(|of_port| of_port(settings.port)),
    };
    Ok(host::open(&wanted)?)
}

/// The same over any pipe. `stop` is asked before each burst; once it is true the test ends and the pins are released.
///
/// # Errors
/// As [`over`]; [`SpiError::Stopped`].
pub(crate) fn self_test_over<P: Pipe + 'static>(
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

/// The driver over an opened interface, in the shape that the settings allow.
pub(super) fn driven<C: Codec + 'static>(
    codec: C,
    pipe: Box<dyn Pipe>,
    settings: &Settings,
) -> Result<Box<dyn Programmer>, SpiError> {
    Ok(Box::new(Driver::open_in(codec, pipe, settings.fastest())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usb::UsbError;

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
