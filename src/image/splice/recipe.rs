//! A recipe: board, donors, choices and edits as a TOML file, so that a splice can be repeated and shared.
//!
//! ```toml
//! board = "archer-mr200-v1"
//! for = "programmer"
//! allow = ["region"]
//!
//! [[donor]]
//! name = "donor"
//! file = "web_stock_boot.bin"
//! sha256 = "..."
//!
//! [set]
//! u-boot = "own"
//! firmware = "donor"
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::choice::{Choice, Edits, EnvValue, Purpose};
use super::spliced::Spliced;
use crate::image::checks::Allow;
use crate::image::error::{ImageError, toml_fault};
use crate::image::layout::Source;
use crate::image::sha256;
use crate::image::unit::{mac_text, parse_mac};

/// A donor in a recipe: its file is found again by name and recognised by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeDonor {
    /// The name in `set`.
    pub name: String,
    /// The file it was.
    pub file: String,
    /// SHA-256 of the file, 64 hex digits; left out, any contents are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl RecipeDonor {
    /// Compares the file's bytes with the hash.
    ///
    /// # Errors
    /// When it is another file.
    pub fn check(&self, bytes: &[u8]) -> Result<(), ImageError> {
        let found = sha256(bytes);
        match &self.sha256 {
            Some(wanted) if !wanted.eq_ignore_ascii_case(&found) => Err(ImageError::BadFile {
                what: format!("donor '{}' ({})", self.name, self.file),
                why: format!("its SHA-256 is {found}, the recipe has {wanted}: it is another file"),
            }),
            _ => Ok(()),
        }
    }
}

/// A recipe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The board's name, its own name in a device tree, or `auto`; empty with a layout in its place.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub board: String,
    /// In place of a board: the file that holds the map of its flash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// With a layout: the size of the chip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chip_size: Option<u64>,
    /// With a layout: the file that holds the map of the board's own dump, where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_layout: Option<String>,
    /// `programmer`, `tftp` or `web`.
    #[serde(rename = "for", default = "programmer")]
    pub purpose: String,
    /// Questions answered with yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// A new address for the board.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// A new serial number for a PC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// A new UUID for a PC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,
    /// The donors.
    #[serde(default, rename = "donor", skip_serializing_if = "Vec::is_empty")]
    pub donors: Vec<RecipeDonor>,
    /// Sources by region.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// U-Boot variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

fn programmer() -> String {
    Purpose::Programmer.name().to_owned()
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        let recipe: Self = toml::from_str(text)
            .map_err(|e| ImageError::BadFile { what: "the recipe".to_owned(), why: toml_fault(text, &e) })?;
        recipe.choice()?;
        if recipe.board.is_empty() == recipe.layout.is_none() {
            let why = "it names either a board or a layout".to_owned();
            return Err(ImageError::BadFile { what: "the recipe".to_owned(), why });
        }
        Ok(recipe)
    }

    /// The recipe as text.
    pub fn write(&self) -> String {
        // Texts and tables of texts always have a TOML form.
        toml::to_string(self).unwrap_or_default()
    }

    /// What repeats a splice: every region's source as it was carried out, the donors by name, file and bytes.
    pub fn of(board: &str, spliced: &Spliced, choice: &Choice, donors: &[(&str, &str, &[u8])]) -> Self {
        let donor = |(name, file, bytes): &(&str, &str, &[u8])| RecipeDonor {
            name: (*name).to_owned(),
            file: (*file).to_owned(),
            sha256: Some(sha256(bytes)),
        };
        Self {
            board: board.to_owned(),
            layout: None,
            chip_size: None,
            base_layout: None,
            purpose: spliced.purpose.name().to_owned(),
            allow: choice.allow.names().map(str::to_owned).collect(),
            mac: choice.edits.mac.map(mac_text),
            serial: choice.edits.serial.as_ref().map(ToString::to_string),
            uuid: choice.edits.uuid.map(|uuid| uuid.to_string()),
            donors: donors.iter().map(donor).collect(),
            set: spliced
                .sources
                .iter()
                .map(|(region, source)| (region.clone(), source.to_string()))
                .collect(),
            env: choice.edits.env.iter().map(|env| (env.name.clone(), env.value.clone())).collect(),
        }
    }

    /// The choice it makes.
    ///
    /// # Errors
    /// A purpose or address that is none.
    pub fn choice(&self) -> Result<Choice, ImageError> {
        let purpose = Purpose::parse(&self.purpose).ok_or_else(|| ImageError::BadText {
            text: self.purpose.clone(),
            wanted: "programmer, tftp or web",
        })?;
        let mac = match &self.mac {
            Some(text) => Some(parse_mac(text).ok_or_else(|| ImageError::BadText {
                text: text.clone(),
                wanted: "an address such as 30:b5:c2:a1:b2:c3",
            })?),
            None => None,
        };
        let env = self.env.iter().map(|(name, value)| EnvValue { name: name.clone(), value: value.clone() });
        Ok(Choice {
            sources: self
                .set
                .iter()
                .map(|(region, source)| (region.clone(), Source::parse(source)))
                .collect(),
            allow: Allow::new(self.allow.iter().cloned()),
            purpose,
            edits: Edits {
                mac,
                serial: self.serial.as_deref().map(str::parse).transpose()?,
                uuid: self.uuid.as_deref().map(str::parse).transpose()?,
                env: env.collect(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "board = \"archer-mr200-v1\"\nfor = \"tftp\"\nallow = [\"region\"]\nmac = \"30:b5:c2:a1:b2:c3\"\n\
        serial = \"PF1\"\nuuid = \"4c4c4544-0051-3510-8052-b4c04f4a3232\"\n\
        \n[[donor]]\nname = \"stock\"\nfile = \"a \\\"b\\\".bin\"\n\n[set]\nfirmware = \"stock\"\nu-boot = \"own\"\n\
        \n[env]\nbootdelay = \"5\"\n";

    #[test]
    fn read_and_written_again() {
        let recipe = Recipe::parse(TEXT).unwrap();
        assert_eq!(Recipe::parse(&recipe.write()).unwrap(), recipe);
        let choice = recipe.choice().unwrap();
        assert_eq!(
            (choice.purpose, choice.edits.mac),
            (Purpose::Tftp, Some([0x30, 0xb5, 0xc2, 0xa1, 0xb2, 0xc3]))
        );
        assert_eq!(choice.sources["firmware"], Source::Donor("stock".to_owned()));
        assert_eq!(recipe.donors[0].file, "a \"b\".bin");
        assert_eq!(Recipe::parse("board = \"x\"").unwrap().purpose, "programmer");
    }

    #[test]
    fn faults_are_named() {
        for (bad, word) in [
            ("", "board"),
            ("board = \"x\"\nlayout = \"y\"", "either"),
            ("board = \"x\"\nfor = \"paper\"", "paper"),
            ("board = \"x\"\nmac = \"1\"", "address"),
            ("board = \"x\"\nbaord = 1", "baord"),
        ] {
            let e = Recipe::parse(bad).unwrap_err().to_string();
            assert!(e.contains(word), "{e}");
        }
        let no_text = Recipe::parse(&"\0".repeat(1 << 20)).unwrap_err().to_string();
        assert!(no_text.len() < 300 && no_text.contains("line 1"), "{no_text}");
        let donor = RecipeDonor { name: "d".into(), file: "f".into(), sha256: Some(sha256(b"a")) };
        assert!(donor.check(b"a").is_ok());
        assert!(donor.check(b"b").unwrap_err().to_string().contains("another file"));
    }

    proptest! {
        /// Any text, and a good one with a few characters put in: what is read is written and read again.
        #[test]
        fn any_text_is_taken(
            text in "(\\[\\[donor\\]\\]|\\[(set|env)\\]|(board|for|layout|mac|allow|name|file|sha256|u-boot) ?= ?|\"[ -~]{0,9}\"|[0-9]{1,22}|true|[ -~\n]){0,40}",
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 0..4),
        ) {
            let mut edited: Vec<char> = TEXT.chars().collect();
            for (at, new) in edits {
                let at = at.index(edited.len());
                edited[at] = new;
            }
            let any = String::from_utf8_lossy(&bytes);
            for text in [text.as_str(), &any, &edited.into_iter().collect::<String>()] {
                if let Ok(recipe) = Recipe::parse(text) {
                    prop_assert_eq!(Recipe::parse(&recipe.write()).unwrap(), recipe);
                }
            }
        }
    }
}
