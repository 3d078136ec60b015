//! serprog and spidev that differ from the model, and what a CH347 lacks of the other tables.
//!
//! The same works and the same bar as in [`super::whole`]; hw-notes/faults.md holds the table.

use super::whole::{Adapter, as_kept, matrix};
use norsplice::emulator::{ProgrammerKind, Quirk, SerprogKind, SpidevKind};

const CH347: ProgrammerKind = ProgrammerKind::Ch347t;
const PICO: ProgrammerKind = ProgrammerKind::Serprog(SerprogKind::PicoAny);
const ESP32: ProgrammerKind = ProgrammerKind::Serprog(SerprogKind::Esp32);
const PI: ProgrammerKind = ProgrammerKind::Spidev(SpidevKind::Pi);

const ADAPTERS: [Adapter; 18] = [
    ("ch347", CH347, Quirk::FirstBit, "first-bit", true),
    ("ch347", CH347, Quirk::Late, "late", false),
    ("ch347", CH347, Quirk::Overruns, "overruns", false),
    ("serprog", PICO, Quirk::OneByte, "one-byte", true),
    ("serprog", PICO, Quirk::ShortFirst, "short-first", true),
    ("serprog", PICO, Quirk::HeldTillOut, "held-till-out", false),
    ("serprog", PICO, Quirk::Repeats, "repeats", false),
    ("serprog", PICO, Quirk::Loses, "loses", false),
    ("serprog", PICO, Quirk::LosesOut, "loses-out", false),
    ("serprog", PICO, Quirk::Doubles, "doubles", false),
    ("serprog", PICO, Quirk::Late, "late", false),
    ("serprog", PICO, Quirk::Overruns, "overruns", false),
    ("serprog", PICO, Quirk::Swaps, "swaps", false),
    ("serprog", PICO, Quirk::Resets, "resets", false),
    ("serprog", PICO, Quirk::Stalls, "stalls", false),
    ("serprog", ESP32, Quirk::Loses, "loses", false),
    ("serprog", ESP32, Quirk::LosesOut, "loses-out", false),
    ("spidev", PI, Quirk::Stalls, "stalls", false),
];

#[test]
fn every_stream_ends_right_or_is_named_in_time_and_resume_finishes_it() {
    as_kept(matrix(&ADAPTERS));
}
