//! A chip on a clip as an embedded-storage `NorFlash`. Runs on the emulator: `cargo run --example nor_flash`.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::flash::{Chip, NorFlashFace, Permit};
use norsplice::programmer::{self, Settings};
use norsplice::span::{Span, Spans};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::new(ProgrammerKind::Ft2232h);
    let emulator = Emulator::new(options)?;
    let programmer = programmer::over(emulator.pipe(), &Settings::parse("ft2232h:speed=15MHz")?)?;
    let mut chip = Chip::connect(programmer)?;

    // Whoever writes says that the old contents are safe elsewhere, and how far the right goes.
    let id = chip.identity().jedec_id.clone();
    let permit = Permit::contents_are_backed_up(Spans::from(Span::new(0x10000, 0x20000)), &id);
    let mut flash = NorFlashFace::new(&mut chip, permit)?;

    flash.erase(0x10000, 0x11000)?;
    flash.write(0x10123, b"hello, flash")?;
    let mut back = [0; 12];
    flash.read(0x10123, &mut back)?;
    println!("{} bytes of {}: {}", back.len(), flash.capacity(), String::from_utf8_lossy(&back));
    assert_eq!(&back, b"hello, flash");

    // Outside of the permit nothing is sent.
    assert!(flash.erase(0, 0x1000).is_err());
    chip.release()?;
    assert_eq!(emulator.counts().misdeed_count(), 0);
    Ok(())
}
