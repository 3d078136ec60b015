//! What the user chose: a source for each region, what the result is for, which questions are answered.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::image::checks::Allow;
use crate::image::error::ImageError;
use crate::image::is_blank;
use crate::image::layout::Source;
use crate::image::pc::edit::New;
use crate::image::pc::guid::Guid;

/// What the result is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A whole chip, for the programmer.
    #[default]
    Programmer,
    /// A file for the loader's rescue by TFTP.
    Tftp,
    /// A file for the vendor's web page.
    Web,
}

impl Purpose {
    /// Reads `programmer`, `tftp` or `web`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Programmer, Self::Tftp, Self::Web].into_iter().find(|p| p.name() == text)
    }

    /// `programmer`, `tftp` or `web`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Programmer => "programmer",
            Self::Tftp => "tftp",
            Self::Web => "web",
        }
    }
}

/// What the user chose; what is not chosen here is as the board's file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// Sources by region.
    pub sources: BTreeMap<String, Source>,
    /// Questions answered with yes.
    pub allow: Allow,
    /// What the result is for.
    pub purpose: Purpose,
    /// Single values to change in the result.
    pub edits: Edits,
}

/// A region and where its bytes come from. As text it is `REGION=SOURCE`, where SOURCE is `own`, `blank` or a donor's
/// name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionSource {
    /// The region's name.
    pub region: String,
    /// Its source.
    pub source: Source,
}

impl FromStr for RegionSource {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        match text.split_once('=') {
            Some((region, source)) if !region.is_empty() && !source.is_empty() => {
                Ok(Self { region: region.to_owned(), source: Source::parse(source) })
            }
            _ => Err(ImageError::BadText {
                text: text.to_owned(),
                wanted: "REGION=SOURCE, where SOURCE is own, blank or a donor's name",
            }),
        }
    }
}

impl TryFrom<String> for RegionSource {
    type Error = ImageError;

    fn try_from(text: String) -> Result<Self, ImageError> {
        text.parse()
    }
}

impl From<RegionSource> for String {
    fn from(set: RegionSource) -> Self {
        set.to_string()
    }
}

impl fmt::Display for RegionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.region, self.source)
    }
}

/// A U-Boot variable to set. As text it is `NAME=VALUE`; an empty value removes the variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvValue {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl FromStr for EnvValue {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err(ImageError::BadText { text: text.to_owned(), wanted: "NAME=VALUE" }),
        }
    }
}

/// A serial number: printable ASCII, 1 to 64 characters, with no space at its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialNumber(String);

impl FromStr for SerialNumber {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        const LONGEST: usize = 64;
        let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        match (1..=LONGEST).contains(&text.len()) && printable && text.trim() == text {
            true => Ok(Self(text.to_owned())),
            false => Err(ImageError::BadText {
                text: text.to_owned(),
                wanted: "a serial number: 1 to 64 printable ASCII characters, no space at its ends",
            }),
        }
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A UUID as SMBIOS shows it, which one machine can have: not all digits alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid(Guid);

impl FromStr for Uuid {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let guid = Guid::parse(text).filter(|guid| !is_blank(&guid.0));
        guid.map(Self).ok_or_else(|| ImageError::BadText {
            text: text.to_owned(),
            wanted: "a UUID such as 4c4c4544-0051-3510-8052-b4c04f4a3232",
        })
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Single values to change in the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Edits {
    /// A new address for the board.
    pub mac: Option<crate::image::unit::Mac>,
    /// A new serial number for a PC.
    pub serial: Option<SerialNumber>,
    /// A new UUID for a PC.
    pub uuid: Option<Uuid>,
    /// U-Boot variables.
    pub env: Vec<EnvValue>,
}

impl Edits {
    /// What of a PC's identity is to be written.
    pub(super) fn identity(&self) -> impl Iterator<Item = New> {
        let serial = self.serial.as_ref().map(|SerialNumber(text)| New::Serial(text.clone()));
        serial.into_iter().chain(self.uuid.map(|Uuid(guid)| New::Uuid(guid)))
    }
}

impl Choice {
    /// Takes a region's source as text, `REGION=SOURCE`; the last one given for a region holds.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn set(&mut self, text: &str) -> Result<(), ImageError> {
        let RegionSource { region, source } = text.parse()?;
        self.sources.insert(region, source);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_as_the_user_writes_them() {
        let mut choice = Choice::default();
        for text in ["config=own", "romfile=blank", "firmware=stock"] {
            let set: RegionSource = text.parse().unwrap();
            assert_eq!(set.to_string(), text);
            choice.set(text).unwrap();
        }
        assert_eq!(choice.sources["config"], Source::Own);
        assert_eq!(choice.sources["romfile"], Source::Blank);
        assert_eq!(choice.sources["firmware"], Source::Donor("stock".to_owned()));
        for text in ["config", "=own", "config="] {
            assert!(text.parse::<RegionSource>().is_err(), "{text}");
        }
    }

    #[test]
    fn identity_as_the_user_writes_it() {
        let uuid = "4c4c4544-0051-3510-8052-b4c04f4a3232";
        assert_eq!(uuid.to_uppercase().parse::<Uuid>().unwrap().to_string(), uuid);
        for text in
            ["", "4c4c4544", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"]
        {
            assert!(text.parse::<Uuid>().is_err(), "{text}");
        }
        assert_eq!("PF-1 X".parse::<SerialNumber>().unwrap().to_string(), "PF-1 X");
        for text in ["", " PF1", "PF1 ", "PF\n1", "PFÄ", &"9".repeat(65)] {
            assert!(text.parse::<SerialNumber>().is_err(), "{text}");
        }
    }
}
