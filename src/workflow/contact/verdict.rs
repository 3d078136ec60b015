//! What the contact tests say together, as facts.

use super::{AddressFault, AddressProof};
use serde::Serialize;
use std::fmt;

/// How one test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// Not done.
    Skipped,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// Which.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was seen.
    pub detail: String,
}

/// A likely cause of what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likely {
    /// The clip is turned around, or misses the pins.
    Orientation,
    /// The chip has no supply.
    Unpowered,
    /// WP# or HOLD# floats or is low.
    HoldOrWriteProtect,
    /// The board's processor, or another master, drives the bus too.
    Contention,
    /// The supply sags under the board's load.
    Sag,
    /// Wires too long, a clock too fast, pins oxidised.
    Wires,
    /// One pin comes and goes.
    LooseContact,
    /// The chip was left in 4-byte address mode.
    FourByteMode,
    /// The chip was left in QPI mode or asleep.
    QpiOrAsleep,
    /// A 1.8 V part at 3.3 V.
    LowVoltagePart,
    /// The chip is smaller than it says.
    FakeSize,
    /// An address bit that the chip does not see.
    AddressBit,
    /// A burst wrap that the board left set.
    BurstWrap,
    /// Data that stops within a long transaction.
    LongTransactions,
    /// The first byte of an answer is wrong.
    FirstByte,
    /// Another number of dummy cycles than after power-up.
    DummyCycles,
    /// Reads that overlap do not fit together.
    Addresses,
}

impl Likely {
    /// What a fault of the addresses is caused by.
    pub(crate) fn from_fault(fault: &AddressFault) -> Self {
        match fault {
            AddressFault::AddressMode { .. } => Likely::FourByteMode,
            AddressFault::StuckBit { .. }
            | AddressFault::Mirrored { .. }
            | AddressFault::Undecided { .. } => Likely::AddressBit,
            AddressFault::Wraps { .. } => Likely::BurstWrap,
            AddressFault::DeadAfter { .. } => Likely::LongTransactions,
            AddressFault::FirstByte { .. } => Likely::FirstByte,
            AddressFault::FastRead { .. } => Likely::DummyCycles,
            AddressFault::Unsteady { .. } => Likely::Wires,
            AddressFault::Misplaced { .. } => Likely::Addresses,
        }
    }
}

/// Wrong bits in repeated reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ErrorRate {
    /// Bits compared.
    pub bits: u64,
    /// Bits that differed.
    pub wrong: u64,
    /// The rate lies below this with 95 % certainty.
    pub below: f64,
}

impl ErrorRate {
    /// With the upper bound: three over the bits where none was wrong, else two standard deviations up.
    pub fn new(bits: u64, wrong: u64) -> Self {
        let n = wrong as f64;
        let most = if wrong == 0 { 3.0 } else { n + 2.0 * n.sqrt() + 2.0 };
        Self { bits, wrong, below: if bits == 0 { 1.0 } else { (most / bits as f64).min(1.0) } }
    }
}

/// What the tests say together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// Good enough to write.
    pub good: bool,
    /// Every test.
    pub tests: Vec<Test>,
    /// Likely causes of what failed, the likeliest first.
    pub likely: Vec<Likely>,
    /// Wrong bits in repeated reads, where any were read.
    pub error_rate: Option<ErrorRate>,
    /// Bytes of the array that were read.
    pub array_bytes: u64,
    /// That the addresses were proven; `None` where they were not.
    #[serde(skip)]
    pub addresses: Option<AddressProof>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.good {
            return f.write_str("the contact is good");
        }
        f.write_str("the contact is not good enough:")?;
        for (i, test) in self.tests.iter().filter(|t| t.outcome == Outcome::Failed).enumerate() {
            write!(f, "{} {} ({})", if i > 0 { ";" } else { "" }, test.name, test.detail)?;
        }
        Ok(())
    }
}
