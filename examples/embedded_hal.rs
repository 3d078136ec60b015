//! A driver written for microcontrollers on a clip: `w25q32jv` over the embedded-hal 1.0 face. Runs on the emulator:
//! `cargo run --example embedded_hal`.

use embedded_hal::digital::{ErrorType, OutputPin};
use embedded_storage::nor_flash::NorFlash;
use norsplice::emulator::{Emulator, Options};
use norsplice::programmer::{self, Settings};
use norsplice::spi::hal::Device;
use std::convert::Infallible;
use std::error::Error;

/// WP# and HOLD# are tied high on the clip: the driver's pins for them do nothing.
struct TiedHigh;

impl ErrorType for TiedHigh {
    type Error = Infallible;
}

impl OutputPin for TiedHigh {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let emulator = Emulator::new(Options::default())?;
    let mut programmer = programmer::over(emulator.pipe(), &Settings::parse("ch341a")?)?;
    let mut flash = w25q32jv::W25q32jv::new(Device(&mut programmer), TiedHigh, TiedHigh)
        .map_err(|e| format!("the driver does not start: {e:?}"))?;

    println!("unique id {:02x?}", flash.device_id().map_err(|e| format!("{e:?}"))?);
    flash.erase_sector(1).map_err(|e| format!("{e:?}"))?;
    flash.write(0x1000, b"from an embedded driver").map_err(|e| format!("{e:?}"))?;
    let mut back = [0; 23];
    flash.read(0x1000, &mut back).map_err(|e| format!("{e:?}"))?;
    println!("{}", String::from_utf8_lossy(&back));
    assert_eq!(&emulator.contents()[0x1000..0x1017], b"from an embedded driver");
    Ok(())
}
