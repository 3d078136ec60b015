//! What would settle a finding or an error, as facts; a front end says how that is done there.

/// What would settle it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// A region from another source.
    OtherSource {
        /// The region.
        region: String,
    },
    /// A region from one of several donors that have it.
    WhichDonor {
        /// The region.
        region: String,
    },
    /// A donor for a region, or the board's own contents.
    GiveDonor {
        /// The region.
        region: String,
        /// True where donors are given and none of them has it.
        another: bool,
    },
    /// A region from the donor whose firmware extends into it.
    LeaveToFirmware {
        /// The region.
        region: String,
        /// The donor.
        donor: String,
    },
    /// A region from a donor, or blank.
    DonorOrBlank {
        /// The region.
        region: String,
    },
    /// A region from a donor.
    TakeFromDonor {
        /// The region.
        region: String,
    },
    /// All regions that move together from the one donor, its descriptor among them.
    TakeTogether {
        /// The donor.
        donor: String,
    },
    /// The donor's own map as that of the result, where the flash is to be mapped so: another size of chip, or version.
    TakeMap {
        /// The donor.
        donor: String,
    },
    /// An older backup of the board as its own dump, or as a donor.
    OlderBackup,
    /// The board by its name, one of these where any are known, or a layout.
    NameBoard {
        /// Boards that it may be.
        candidates: Vec<String>,
    },
    /// The dumps of both chips of the flash.
    BothDumps,
    /// The address in the environment of the boot loader.
    AddressInEnvironment,
}

impl Advice {
    /// The region whose source is to be chosen, where that settles it.
    pub(crate) fn region(&self) -> Option<&str> {
        match self {
            Self::OtherSource { region }
            | Self::WhichDonor { region }
            | Self::GiveDonor { region, .. }
            | Self::LeaveToFirmware { region, .. }
            | Self::DonorOrBlank { region }
            | Self::TakeFromDonor { region } => Some(region),
            Self::TakeTogether { .. }
            | Self::TakeMap { .. }
            | Self::OlderBackup
            | Self::NameBoard { .. }
            | Self::BothDumps
            | Self::AddressInEnvironment => None,
        }
    }
}
