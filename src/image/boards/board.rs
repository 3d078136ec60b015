//! A board: its layout, its hardware ids, how it is rescued, with the source of each fact.
//!
//! A board is one data file under `boards/`; nothing in the code is about one board alone.

use serde::{Deserialize, Serialize};

use crate::image::error::ImageError;
use crate::image::layout::{LARGEST_FLASH, Layout, Role};

/// Ids in a TP-Link header that belong to a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// Hardware id.
    pub id: u32,
    /// Hardware revision.
    pub rev: u32,
    /// The values of hw_ver_add that were seen; it is the country on some boards.
    #[serde(default)]
    pub add: Vec<u32>,
    /// Where this comes from.
    pub source: String,
}

impl std::fmt::Display for Hardware {
    /// `D7500001/4A/0 or 1`, as `TplinkHeader::hardware` writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08X}/{:X}", self.id, self.rev)?;
        let add: Vec<String> = self.add.iter().map(|a| format!("{a:X}")).collect();
        if add.is_empty() { Ok(()) } else { write!(f, "/{}", add.join(" or ")) }
    }
}

/// From which byte of the flash on the loader's rescue writes the file it fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveryKind {
    /// From 0: the file starts with a boot loader.
    #[serde(rename = "from-0")]
    FromZero,
    /// From the firmware on: the file's first bytes, as many as the loader has, are skipped.
    #[serde(rename = "from-firmware")]
    FromFirmware,
}

/// How the loader fetches a rescue file by TFTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// What it does with the file.
    pub kind: RecoveryKind,
    /// One past the last byte of the flash that is written.
    pub end: u64,
    /// The name it asks for.
    pub file: Option<String>,
    /// The address it asks.
    pub server: Option<String>,
    /// The board's own address.
    pub client: Option<String>,
    /// The network mask to use.
    pub mask: Option<String>,
    /// What to press while powering on.
    pub button: Option<String>,
    /// The socket for the cable.
    pub port: Option<String>,
    /// Anything else to know.
    pub note: Option<String>,
    /// Where this comes from.
    pub source: String,
}

/// A board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// `archer-mr200-v1`.
    pub name: String,
    /// `TP-Link Archer MR200 v1`.
    pub model: String,
    /// The processor and radios.
    pub soc: String,
    /// Names other projects give it: device tree `compatible`, OpenWrt's `supported_devices`.
    pub compatible: Vec<String>,
    /// Its regions.
    pub layout: Layout,
    /// The chip's size.
    pub chip_size: u64,
    /// Ids of its firmware; empty where none are known.
    pub hardware: Vec<Hardware>,
    /// The rescue; `None` where nothing is known of it.
    pub recovery: Option<Recovery>,
    /// Chips it was seen with.
    pub chips: Vec<String>,
    /// Anything else to know.
    pub notes: Vec<String>,
}

impl Board {
    /// A board of which nothing is known but its layout.
    ///
    /// # Errors
    /// When the layout does not say how large the chip is.
    pub(crate) fn from_layout(name: impl Into<String>, layout: Layout) -> Result<Board, ImageError> {
        let name = name.into();
        let end = layout.regions.iter().map(|r| r.span.end).max();
        let chip_size = layout.chip_size.or(end).ok_or_else(|| ImageError::BadFile {
            what: layout.source.clone(),
            why: "it has no region".to_owned(),
        })?;
        if chip_size > LARGEST_FLASH {
            let why =
                format!("it is for a flash of {chip_size:#x} bytes, and the largest are {LARGEST_FLASH:#x}");
            return Err(ImageError::BadFile { what: layout.source, why });
        }
        Ok(Board {
            model: name.clone(),
            name,
            soc: String::new(),
            compatible: Vec::new(),
            layout,
            chip_size,
            hardware: Vec::new(),
            recovery: None,
            chips: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// The region of that name.
    ///
    /// # Errors
    /// [`ImageError::UnknownRegion`] with the names there are; [`ImageError::NotForThisBoard`] for a region that the map
    /// has and that overlaps another one.
    pub fn region(&self, name: &str) -> Result<&crate::image::layout::Region, ImageError> {
        if let Some(region) = self.layout.region(name) {
            return Ok(region);
        }
        let left_out = self.layout.left_out.iter().find(|(out, _)| out == name);
        Err(match left_out {
            Some((_, why)) => ImageError::NotForThisBoard { board: self.name.clone(), why: why.clone() },
            None => ImageError::UnknownRegion {
                board: self.name.clone(),
                region: name.to_owned(),
                known: self.layout.names(),
            },
        })
    }

    /// Where the firmware starts, which is where the loader ends.
    pub(crate) fn firmware_start(&self) -> Option<u64> {
        self.layout.of_role(Role::Firmware).map(|r| r.span.start)
    }

    /// The most bytes of firmware there is room for: its region, and the one it may extend into.
    pub(crate) fn firmware_room(&self) -> Option<u64> {
        let firmware = self.layout.of_role(Role::Firmware)?;
        let grown = firmware.grows_into.as_deref().and_then(|name| self.layout.region(name));
        Some(grown.map_or(firmware.span.end, |r| r.span.end) - firmware.span.start)
    }
}
