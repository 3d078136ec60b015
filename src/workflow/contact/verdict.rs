//! What the contact tests say together, in words.

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
    /// The clip is turned round, or beside the pins.
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
    pub fn from_fault(fault: &AddressFault) -> Self {
        match fault {
            AddressFault::AddressMode { .. } => Likely::FourByteMode,
            AddressFault::StuckBit { .. } | AddressFault::Mirrored { .. } => Likely::AddressBit,
            AddressFault::Wraps { .. } => Likely::BurstWrap,
            AddressFault::DeadAfter { .. } => Likely::LongTransactions,
            AddressFault::FirstByte { .. } => Likely::FirstByte,
            AddressFault::FastRead { .. } => Likely::DummyCycles,
            AddressFault::Unsteady { .. } => Likely::Wires,
            AddressFault::Misplaced { .. } => Likely::Addresses,
        }
    }

    /// The cause and what to try next.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Likely::Orientation => (
                "the clip is turned round or sits beside the pins",
                "put the red wire (pin 1 of the clip) on the corner with the dot, press the clip down until it snaps",
            ),
            Likely::Unpowered => (
                "the chip has no supply, or the board draws it down",
                "measure 3.3 V between pins 8 and 4; if the board is too heavy a load, power it from its own supply, \
                 disconnect the programmer's, and hold the processor in reset",
            ),
            Likely::HoldOrWriteProtect => (
                "HOLD# (pin 7) or WP# (pin 3) floats or is held low, or the data-in pin (5) has no contact",
                "pull pins 3 and 7 up to the supply by 1 to 10 kOhm, and reseat the clip",
            ),
            Likely::Contention => (
                "the board's processor is awake and talks on the bus",
                "hold the processor in reset (a spare pin of the programmer can), or lift the chip's supply pin",
            ),
            Likely::Sag => (
                "the supply sags: bits are lost in one direction",
                "shorten the wires, put 100 nF across pins 8 and 4, or power the board from its own supply with the \
                 processor in reset",
            ),
            Likely::Wires => (
                "wires too long or a clock too fast",
                "use wires of 10 cm at most, clean the pins, and lower the clock (FTDI: speed=...)",
            ),
            Likely::LooseContact => (
                "one pin of the clip comes and goes",
                "wiggle the clip under 'norsplice contact --watch' until it is steady, and do not touch it then",
            ),
            Likely::FourByteMode => (
                "the chip was left in 4-byte address mode by the board",
                "take the board's supply away for some seconds, so that the chip forgets it",
            ),
            Likely::QpiOrAsleep => (
                "the chip was left in QPI mode, or in the middle of an operation",
                "take the board's supply away for some seconds, so that the chip forgets it",
            ),
            Likely::LowVoltagePart => (
                "this is a 1.8 V part on a 3.3 V programmer",
                "take the clip off, and put a 1.8 V adapter in between",
            ),
            Likely::AddressBit => (
                "the chip does not see one of the address bits",
                "clean pin 5 (data in), shorten the wires, and lower the clock (FTDI: speed=...)",
            ),
            Likely::BurstWrap => (
                "the board left a burst wrap set, so that reads do not run on",
                "take the board's supply away for some seconds, so that the chip forgets it",
            ),
            Likely::LongTransactions => (
                "the data stops within a long transaction: the supply sags, or a buffer on the board lets go",
                "measure the supply between pins 8 and 4 during a read; power the board from its own supply with the \
                 processor in reset, or lift the chip's supply pin",
            ),
            Likely::FirstByte => (
                "the first byte of each answer is wrong: the data line turns round too slowly",
                "shorten the wires, and lower the clock (FTDI: speed=...)",
            ),
            Likely::DummyCycles => (
                "the board set another number of dummy cycles, or the fast read fails",
                "take the board's supply away for some seconds, so that the chip forgets it",
            ),
            Likely::Addresses => (
                "the chip does not answer for the addresses that it is sent",
                "clean pin 5 (data in) and pin 6 (clock), shorten the wires, and lower the clock (FTDI: speed=...)",
            ),
            Likely::FakeSize => (
                "the chip holds less than its id says: the upper half repeats the lower",
                "compare with the marking on the chip; do not write to it before that is settled",
            ),
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
    /// The same in words.
    pub causes: Vec<String>,
    /// The next thing to try.
    pub next: String,
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
        for test in self.tests.iter().filter(|t| t.outcome == Outcome::Failed) {
            write!(f, " {} ({});", test.name, test.detail)?;
        }
        if let Some(cause) = self.causes.first() {
            write!(f, " likely {cause};")?;
        }
        write!(f, " next: {}", self.next)
    }
}
