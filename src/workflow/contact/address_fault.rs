//! What can be wrong with the addresses of reads, as data and in words.

use crate::units;
use serde::Serialize;
use std::fmt;

/// What a chip, or the way to it, does to addresses or to the order of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "fault")]
#[non_exhaustive]
pub enum AddressFault {
    /// The chip takes another number of address bytes than its row says.
    AddressMode {
        /// Address bytes that were sent.
        sent: u8,
        /// Address bytes that the chip takes.
        taken: u8,
    },
    /// An address bit that the chip does not see change.
    StuckBit {
        /// Its number.
        bit: u32,
    },
    /// A read does not run on but begins again within aligned blocks.
    Wraps {
        /// The length of a block.
        bytes: u64,
    },
    /// The data line gives nothing more after so many bytes of one transaction.
    DeadAfter {
        /// Bytes that are right.
        bytes: u64,
    },
    /// The first byte of an answer differs from the same byte later in an answer.
    FirstByte {
        /// Its address.
        at: u64,
        /// As the first byte.
        first: u8,
        /// As a later one.
        later: u8,
    },
    /// The fast read gives other bytes than the plain one.
    FastRead {
        /// Its opcode.
        opcode: u8,
    },
    /// Repeated reads of the same places differ: noise, under which no address can be proven.
    Unsteady {
        /// Reads that differed from the first one.
        differing: usize,
        /// Reads.
        reads: usize,
    },
    /// Reads that overlap do not fit together, for none of these reasons.
    Misplaced {
        /// Places at which they do not.
        places: usize,
        /// The first of them.
        first: u64,
    },
    /// The contents repeat as if the chip did not see an address bit, and reads over the bit's boundary differ.
    Mirrored {
        /// The bit's number.
        bit: u32,
    },
    /// The contents repeat as if the chip did not see an address bit, and no answer of the programmer is long enough to
    /// show whether it does.
    Undecided {
        /// The bit's number.
        bit: u32,
        /// Bytes that one answer can have.
        room: u64,
    },
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AddressFault::AddressMode { sent, taken } => write!(
                f,
                "the chip takes {taken} address bytes and {sent} were sent: the board left it in {taken}-byte address mode"
            ),
            AddressFault::StuckBit { bit } | AddressFault::Mirrored { bit } => {
                write!(
                    f,
                    "the chip does not see address bit A{bit}: addresses that differ in it alone read the same"
                )
            }
            AddressFault::Wraps { bytes } => {
                write!(
                    f,
                    "reads do not run on but begin again every {bytes} bytes: the board left a burst wrap set"
                )
            }
            AddressFault::DeadAfter { bytes } => write!(
                f,
                "the data stops after {bytes} bytes of one transaction: the supply or a buffer on the board gives way"
            ),
            AddressFault::FirstByte { at, first, later } => write!(
                f,
                "the first byte of an answer is wrong: {at:#08x} reads {first:02x} as the first byte and {later:02x} as a \
                 later one"
            ),
            AddressFault::FastRead { opcode } => write!(
                f,
                "the fast read ({opcode:02X}h) gives other bytes than the plain one: the board set another number of \
                 dummy cycles, or the wires are too long for the clock"
            ),
            AddressFault::Unsteady { differing, reads } => write!(
                f,
                "{differing} of {reads} repeated reads of a few bytes differ: wires, clock or contact, so that no address \
                 can be proven"
            ),
            AddressFault::Undecided { bit, room } => write!(
                f,
                "the contents repeat as if address bit A{bit} were not seen, and an answer of this programmer, {} at \
                 most, is too short to show whether it is",
                units::size(*room)
            ),
            AddressFault::Misplaced { places, first } => write!(
                f,
                "reads that overlap do not fit together at {places} places, the first at {first:#08x}"
            ),
        }
    }
}
