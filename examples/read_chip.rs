//! Who is the chip on the clip, and its first bytes. Runs on the emulator: `cargo run --example read_chip`.
//!
//! For a real clip, take the programmer from `norsplice::programmer::open` in place of the emulator's.

use norsplice::emulator::{Emulator, Options};
use norsplice::flash::Chip;
use norsplice::programmer::{self, Settings};
use norsplice::span::Span;
use std::error::Error;
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    options.contents = Some(vec![0x42; 8 << 20]);
    let emulator = Emulator::new(options)?;
    let programmer = programmer::over(emulator.pipe(), &Settings::parse("ch341a")?)?;

    let mut chip = Chip::connect(programmer)?;
    let identity = chip.identity();
    println!("{} with id {:02x?}", identity.part_name, identity.jedec_id);

    // A read streams: the bytes come in pieces, in order, and `Break` would end it.
    let mut sum = 0u64;
    let _ = chip.read(Span::new(0, 256 * 1024), &mut |address, bytes| {
        sum += bytes.iter().map(|b| u64::from(*b)).sum::<u64>();
        println!("{:6} bytes from {address:#08x}", bytes.len());
        ControlFlow::Continue(())
    })?;
    assert_eq!(sum, 0x42 * 256 * 1024);

    chip.release()?;
    assert_eq!(emulator.counts().misdeed_count(), 0);
    Ok(())
}
