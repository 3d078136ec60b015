//! Tests of the contact between clip and chip, before every write and on demand; and a live meter.
//!
//! First the wires are asked, as often as it takes to see a rate: what the data line shows while no one is selected, the
//! id by three methods, status, SFDP, and whether write enable sets WEL and write disable clears it, which proves the
//! way out as well as the way back. Then a few blocks of the array are read over and over. None of it puts the contents
//! at risk. What was seen is data (`Findings`); what it means is a pure function of it (`judge`).
//!
//! Facts: the tests and what their outcomes mean are gathered from reports of failed clips; the thresholds are ours.

mod address_fault;
mod address_search;
mod addresses;
mod array;
mod asker;
mod clock;
mod findings;
mod judge;
mod line;
mod meter;
mod run;
mod unproven;
mod verdict;

pub use address_fault::AddressFault;
pub(super) use address_search::explain_difference;
pub use addresses::AddressProof;
pub(crate) use addresses::prove_addresses;
pub(super) use addresses::telling_addresses;
#[cfg(test)]
pub(super) use array::MOST;
pub(crate) use clock::find_clock;
pub use findings::{Line, Tallied};
pub(crate) use judge::judge;
pub use meter::Meter;
pub(crate) use meter::{meter, wait_until_steady};
pub use run::{ContactOptions, before_writing, examine};
pub(super) use unproven::{prove_little, prove_unproven_bits};
pub use verdict::{ErrorRate, Likely, Outcome, Test, Verdict};
