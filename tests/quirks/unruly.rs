//! Adapters that differ in ways which no report names: small differences of packets, requests and order.
//!
//! The same works and the same bar as in [`super::whole`]; hw-notes/faults.md holds the table.

use super::whole::{Adapter, as_kept, matrix};
use norsplice::emulator::{ProgrammerKind, Quirk};

const CH: ProgrammerKind = ProgrammerKind::Ch341a;
const FT: ProgrammerKind = ProgrammerKind::Ft2232h;
const CH347: ProgrammerKind = ProgrammerKind::Ch347t;

const ADAPTERS: [Adapter; 39] = [
    ("ch341a", CH, Quirk::OneByte, "one-byte", true),
    ("ft2232h", FT, Quirk::OneByte, "one-byte", true),
    ("ch347", CH347, Quirk::OneByte, "one-byte", true),
    ("ch341a", CH, Quirk::EmptyFirst, "empty-first", true),
    ("ft2232h", FT, Quirk::EmptyFirst, "empty-first", true),
    ("ch347", CH347, Quirk::EmptyFirst, "empty-first", true),
    ("ch341a", CH, Quirk::SelectLate, "cs-late", true),
    ("ft2232h", FT, Quirk::SelectLate, "cs-late", true),
    ("ch347", CH347, Quirk::SelectLate, "cs-late", true),
    ("ch341a", CH, Quirk::Version0, "version-0", true),
    ("ch341a", CH, Quirk::NoSettings, "no-settings", true),
    ("ft2232h", FT, Quirk::ErrorStatus, "error-status", true),
    ("ft2232h", FT, Quirk::LatencyFixed, "latency-fixed", true),
    ("ft2232h", FT, Quirk::LatencyRefused, "latency-refused", true),
    ("ft2232h", FT, Quirk::PurgesNothing, "purges-nothing", true),
    ("ft2232h", FT, Quirk::PurgesAll, "purges-all", true),
    ("ch341a", CH, Quirk::HeldTillOut, "held-till-out", false),
    ("ft2232h", FT, Quirk::HeldTillOut, "held-till-out", false),
    ("ch347", CH347, Quirk::HeldTillOut, "held-till-out", false),
    ("ch341a", CH, Quirk::Repeats, "repeats", false),
    ("ft2232h", FT, Quirk::Repeats, "repeats", false),
    ("ch347", CH347, Quirk::Repeats, "repeats", false),
    ("ch341a", CH, Quirk::ShortFirst, "short-first", false),
    ("ft2232h", FT, Quirk::ShortFirst, "short-first", false),
    ("ch347", CH347, Quirk::ShortFirst, "short-first", false),
    ("ch341a", CH, Quirk::Swaps, "swaps", false),
    ("ft2232h", FT, Quirk::Swaps, "swaps", false),
    ("ch347", CH347, Quirk::Swaps, "swaps", false),
    ("ch341a", CH, Quirk::Resets, "resets", false),
    ("ft2232h", FT, Quirk::Resets, "resets", false),
    ("ch347", CH347, Quirk::Resets, "resets", false),
    ("ch341a", CH, Quirk::Stalls, "stalls", false),
    ("ft2232h", FT, Quirk::Stalls, "stalls", false),
    ("ch347", CH347, Quirk::Stalls, "stalls", false),
    ("ch347", CH347, Quirk::Loses, "loses", false),
    ("ch347", CH347, Quirk::Doubles, "doubles", false),
    ("ch341a", CH, Quirk::LosesOut, "loses-out", false),
    ("ft2232h", FT, Quirk::LosesOut, "loses-out", false),
    ("ch347", CH347, Quirk::LosesOut, "loses-out", false),
];

#[test]
fn every_difference_ends_right_or_is_named_in_time_and_resume_finishes_it() {
    as_kept(matrix(&ADAPTERS));
}
