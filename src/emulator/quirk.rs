//! How a device differs from the published model, at the USB level: clones, old versions, firmware with faults.
//!
//! Each is named after what it does. Sources: behaviour reported of real adapters and clones (flashrom issue 237, WCH's
//! Linux library, konelav's firmware for a CH341A, a BL702's firmware as an FT2232H, FTDI's data sheets of FT2232D); unmeasured here.

use super::programmers::ProgrammerKind;

/// One difference from the model. "All" are those on USB; most of these a serprog device can have too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quirk {
    /// CH341A: a pin packet is carried out when it arrives, while bytes before it still wait for their clocks.
    SelectEarly,
    /// CH341A: a short answer is held for 60 us, and what comes meanwhile is merged with it.
    Merge,
    /// CH341A: an answer is held for 3 ms before it is given.
    Hold,
    /// CH341A: reports version 20h, and loses the packet after a full `A8` packet unless it is an empty one.
    Version20,
    /// CH341A: another program has left SPI with two data lines; an `AA` mode setting ends it.
    DualMode,
    /// FTDI: a read command longer than the port's FIFO stops the port once the FIFO has been filled, until it is reset.
    Stops,
    /// FTDI: the same in a read command of more than so many bytes, once they have come.
    StopsAt(usize),
    /// FTDI: does not know the commands 8E, 8F and 94 to 9D.
    NoIdleClocks,
    /// FTDI: does not know them either, and answers 8F with FA alone, without the byte that it did not know.
    NoEcho,
    /// FTDI: an FT2232D, bcdDevice 0500: 12 MHz, 64-byte packets, none of the commands of the H family.
    Old,
    /// FTDI: another maker's name.
    Stranger,
    /// CH347T: firmware before 0341h, without `E1` and without flags in the length of a `C2`.
    OldFirmware,
    /// CH347: reports new firmware, and takes the flags in the length of a `C2` for a length.
    NoFlags,
    /// CH347: the first bit that a `C3` reads after each configuration arrives as 1.
    FirstBit,
    /// All: one IN packet with data in 401 never comes.
    Loses,
    /// All: one OUT packet in 401 is acknowledged and never carried out.
    LosesOut,
    /// All: one IN packet with data in 401 comes twice.
    Doubles,
    /// All: one IN packet with data in 401, and all after it, comes 600 ms late.
    Late,
    /// All: a buffer overruns: one IN packet with data in 401 has a byte too many, or where it is full one too few.
    Overruns,
    /// All: one IN packet with data in 401 comes after the one after it.
    Swaps,
    /// All: with one IN packet with data in 401 the device starts anew and forgets everything, without leaving the bus.
    Resets,
    /// All: one transfer in 100 is answered by STALL; spidev: one call in 100 fails.
    Stalls,
    /// All: answers come in packets of one byte.
    OneByte,
    /// All but serprog, where the port's driver drops them: an empty packet (FTDI: status alone) comes before each packet with data.
    EmptyFirst,
    /// All: an answer is held until the next OUT packet comes.
    HeldTillOut,
    /// All: every IN packet with data comes twice.
    Repeats,
    /// All: the first answer after the start is one byte short.
    ShortFirst,
    /// All but serprog: a packet that raises chip select is carried out with the packet after it; FTDI: such a command, with the command after
    /// it that clocks or moves pins.
    SelectLate,
    /// CH341A: reports version 00h.
    Version0,
    /// CH341A: refuses `AA` packets.
    NoSettings,
    /// FTDI: the status bytes are 31 EE: overrun, parity and framing errors, all the time.
    ErrorStatus,
    /// FTDI: the latency timer is 255 ms, whatever it is set to.
    LatencyFixed,
    /// FTDI: refuses to set the latency timer.
    LatencyRefused,
    /// FTDI: reset and purge do nothing.
    PurgesNothing,
    /// FTDI: each purge empties both FIFOs.
    PurgesAll,
}

/// What a programmer has in common with others of its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Ch341a,
    Ftdi,
    Ch347,
    Serprog,
    Spidev,
}

impl Link {
    fn of(programmer: ProgrammerKind) -> Self {
        match programmer {
            ProgrammerKind::Ch341a | ProgrammerKind::Ch341Uart => Self::Ch341a,
            ProgrammerKind::Ft2232h
            | ProgrammerKind::Ft232h
            | ProgrammerKind::Ft4232h
            | ProgrammerKind::Ftdi { .. } => Self::Ftdi,
            ProgrammerKind::Ch347t | ProgrammerKind::Ch347f => Self::Ch347,
            ProgrammerKind::Serprog(_) => Self::Serprog,
            ProgrammerKind::Spidev(_) => Self::Spidev,
        }
    }
}

/// Every quirk by its name.
const NAMES: [(&str, Quirk); 37] = [
    ("cs-early", Quirk::SelectEarly),
    ("merge", Quirk::Merge),
    ("hold", Quirk::Hold),
    ("version-20", Quirk::Version20),
    ("dual-mode", Quirk::DualMode),
    ("stops", Quirk::Stops),
    ("stops-600", Quirk::StopsAt(600)),
    ("stops-4096", Quirk::StopsAt(4096)),
    ("stops-20000", Quirk::StopsAt(20_000)),
    ("no-8f", Quirk::NoIdleClocks),
    ("8f-no-echo", Quirk::NoEcho),
    ("bcd-0500", Quirk::Old),
    ("stranger", Quirk::Stranger),
    ("old-firmware", Quirk::OldFirmware),
    ("no-flags", Quirk::NoFlags),
    ("first-bit", Quirk::FirstBit),
    ("loses", Quirk::Loses),
    ("loses-out", Quirk::LosesOut),
    ("doubles", Quirk::Doubles),
    ("late", Quirk::Late),
    ("overruns", Quirk::Overruns),
    ("swaps", Quirk::Swaps),
    ("resets", Quirk::Resets),
    ("stalls", Quirk::Stalls),
    ("one-byte", Quirk::OneByte),
    ("empty-first", Quirk::EmptyFirst),
    ("held-till-out", Quirk::HeldTillOut),
    ("repeats", Quirk::Repeats),
    ("short-first", Quirk::ShortFirst),
    ("cs-late", Quirk::SelectLate),
    ("version-0", Quirk::Version0),
    ("no-settings", Quirk::NoSettings),
    ("error-status", Quirk::ErrorStatus),
    ("latency-fixed", Quirk::LatencyFixed),
    ("latency-refused", Quirk::LatencyRefused),
    ("purges-nothing", Quirk::PurgesNothing),
    ("purges-all", Quirk::PurgesAll),
];

impl Quirk {
    /// The quirk of that name.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, quirk)| *quirk)
    }

    /// The names of all quirks.
    pub fn names() -> Vec<&'static str> {
        NAMES.iter().map(|(name, _)| *name).collect()
    }

    /// The names of the quirks that this programmer can have.
    pub fn names_for(programmer: ProgrammerKind) -> Vec<&'static str> {
        NAMES.iter().filter(|(_, quirk)| quirk.fits(programmer)).map(|(name, _)| *name).collect()
    }

    /// Its name; that of its kind where it has a number of its own.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("stops", |(name, _)| *name)
    }

    /// True where this programmer can differ so. With any other the quirk would change nothing.
    pub fn fits(self, programmer: ProgrammerKind) -> bool {
        let link = Link::of(programmer);
        match self {
            Self::SelectEarly
            | Self::Merge
            | Self::Hold
            | Self::Version20
            | Self::DualMode
            | Self::Version0
            | Self::NoSettings => link == Link::Ch341a,
            Self::Stops
            | Self::StopsAt(_)
            | Self::NoIdleClocks
            | Self::NoEcho
            | Self::Old
            | Self::Stranger
            | Self::ErrorStatus
            | Self::LatencyFixed
            | Self::LatencyRefused
            | Self::PurgesNothing
            | Self::PurgesAll => link == Link::Ftdi,
            Self::OldFirmware => programmer == ProgrammerKind::Ch347t,
            Self::NoFlags | Self::FirstBit => link == Link::Ch347,
            Self::EmptyFirst | Self::SelectLate => !matches!(link, Link::Serprog | Link::Spidev),
            Self::Stalls => true,
            Self::Loses
            | Self::LosesOut
            | Self::Doubles
            | Self::Late
            | Self::Overruns
            | Self::Swaps
            | Self::Resets
            | Self::OneByte
            | Self::HeldTillOut
            | Self::Repeats
            | Self::ShortFirst => link != Link::Spidev,
        }
    }
}
