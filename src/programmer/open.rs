//! Opens the programmer that the settings mean; where it is not there, what is plugged in instead is named.

use super::attached::{known_as, known_ids, wrong_mode};
use super::model::{Opened, Settings};
use super::opening::{open_pipe, open_stream_pipe, self_test_over};
use super::selftest::SelfTest;
use crate::spi::{LinkError, LinkFault, SpiError, Transaction};
use crate::usb::{UsbError, host};

/// Read JEDEC id.
const READ_ID: u8 = 0x9F;

/// Opens the programmer that the settings mean.
///
/// # Errors
/// [`SpiError::Link`] when it is not there, not allowed, in use or does not answer.
pub fn open(settings: &Settings) -> Result<Opened, SpiError> {
    (settings.model.open)(settings).map_err(|error| instead(settings, error))
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
        None => {
            let pipe = open_pipe(settings).map_err(|error| instead(settings, error))?;
            self_test_over(pipe, settings, chip, stop)
        }
    }
}

/// An error as it is, and for a USB device that was not found what is plugged in instead of it.
fn instead(settings: &Settings, error: SpiError) -> SpiError {
    let (SpiError::Link(link), Some(usb)) = (&error, &settings.model.usb) else { return error };
    if link.fault != LinkFault::Absent {
        return error;
    }
    // A listing that fails has nothing to add to the failure at hand.
    let found = host::plugged(&known_ids()).unwrap_or_default();
    let there: Vec<_> = found.into_iter().filter_map(known_as).collect();
    let wrong = usb.other_modes.iter().find_map(|other| {
        let one = there.iter().find(|one| one.ids == (usb.vendor, other.product))?;
        Some(wrong_mode(usb.vendor, other, &one.path))
    });
    let names: Vec<_> = there
        .iter()
        .filter_map(|one| one.model.map(|model| format!("{} at {}", model.name, one.path)))
        .collect();
    match wrong {
        Some(wrong) => UsbError::NotFound(wrong).into(),
        None if names.is_empty() => error,
        None => {
            LinkError::new(LinkFault::Absent, format!("{}; there is {}", link.text, names.join(", "))).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::{Model, SpiClock};

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
            port: 0,
            chip_selects: 1,
            clock: SpiClock::Settable { max_hz: 8_000_000, default_hz: 4_000_000 },
            drives_5v: false,
            stays_driven: false,
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
}
