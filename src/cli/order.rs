//! The arguments that say what `splice` and `rewrite` are to make, and the wish that they mean.

use super::exit::Failure;
use super::options::bytes;
use super::session::Session;
use super::streams;
use crate::desk::{DonorWish, Wish};
use crate::image::unit::{Mac, parse_mac};
use crate::image::{EnvValue, Purpose, RegionSource, SerialNumber, Uuid};
use clap::Args;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The arguments.
#[derive(Debug, Default, Args)]
pub struct OrderArgs {
    /// The board ("norsplice boards" lists them); auto finds it in the dump, or in an OpenWrt donor; vendor,model is
    /// one by its name in their device trees
    #[arg(long, value_name = "BOARD", required_unless_present_any = ["layout", "recipe"], add = super::completion::boards())]
    pub board: Option<String>,

    /// In place of a board: a file that holds the map of its flash; chip is the map on the chip itself
    #[arg(long, value_name = "FILE", conflicts_with = "board")]
    pub layout: Option<PathBuf>,

    /// With --layout: the size of the chip
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "layout")]
    pub chip_size: Option<u64>,

    /// The map of the board's own dump, where the result has another one: what stays the board's own goes to where the
    /// new map has the region of its name
    #[arg(long, value_name = "FILE")]
    pub base_layout: Option<PathBuf>,

    /// A file to take regions from: vendor download, full dump, sysupgrade file; NAME= where there are several;
    /// FILE@OFFSET+LENGTH for a part of it, FILE:PART for one that "norsplice extract" lists
    #[arg(long, value_name = "[NAME=]FILE")]
    pub donor: Vec<OsString>,

    /// Where a region comes from: own (the board's backup), blank, or a donor's name
    #[arg(long, value_name = "REGION=SOURCE", add = super::completion::sources())]
    pub set: Vec<RegionSource>,

    /// Give the board another MAC address, where its file knows how
    #[arg(long, value_name = "AA:BB:CC:DD:EE:FF")]
    pub mac: Option<MacAddress>,

    /// Give a PC another serial number, where the form of its store is known
    #[arg(long, value_name = "TEXT")]
    pub serial: Option<SerialNumber>,

    /// Give a PC another UUID, where the form of its store is known
    #[arg(long, value_name = "UUID")]
    pub uuid: Option<Uuid>,

    /// Set a U-Boot variable; an empty value removes it
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<EnvValue>,

    /// Board, donors, sources and edits from a file, as an earlier run printed it; options given as well go first
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,

    /// Write the recipe that repeats this
    #[arg(long, value_name = "FILE")]
    pub save_recipe: Option<PathBuf>,
}

/// A MAC address as an argument. A type of its own: to clap, an array would be a list of values.
#[derive(Clone, Copy, Debug)]
pub struct MacAddress(pub Mac);

impl FromStr for MacAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_mac(text).map(Self).ok_or("an address is written as 30:b5:c2:a1:b2:c3")
    }
}

impl OrderArgs {
    /// The wish that the arguments mean.
    ///
    /// # Errors
    /// Those of [`streams::donor`].
    pub fn wish(&self, purpose: Option<Purpose>, session: &Session) -> Result<Wish, Failure> {
        let donor = |text: &OsString| {
            let (name, file) = name_and_file(text);
            Ok(DonorWish { name, input: streams::donor(Path::new(file))? })
        };
        let optional = |path: &Option<PathBuf>| path.as_deref().map(streams::input).transpose();
        Ok(Wish {
            board: self.board.clone(),
            layout: optional(&self.layout)?,
            chip_size: self.chip_size,
            base_layout: optional(&self.base_layout)?,
            donors: self.donor.iter().map(donor).collect::<Result<_, Failure>>()?,
            sources: self.set.clone(),
            mac: self.mac.map(|MacAddress(mac)| mac),
            serial: self.serial.clone(),
            uuid: self.uuid,
            env: self.env.clone(),
            recipe: optional(&self.recipe)?,
            purpose,
            allow: session.options.allow.clone(),
        })
    }
}

/// Words of a command line in which `--donor -@0x100` is one word: a value that starts with a hyphen would be an option.
pub fn with_parts_of_stdin(words: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    for word in words {
        match joined.last_mut().filter(|last| **last == *"--donor" && streams::is_part(&word)) {
            Some(last) => {
                last.push("=");
                last.push(word);
            }
            None => joined.push(word),
        }
    }
    joined
}

/// The part of a name after its first bytes.
#[cfg(unix)]
fn after(text: &OsStr, from: usize) -> &OsStr {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(&text.as_bytes()[from..])
}

/// The part of a name after its first bytes; all of it where it is not text.
#[cfg(not(unix))]
fn after(text: &OsStr, from: usize) -> &OsStr {
    text.to_str().map_or(text, |text| OsStr::new(&text[from..]))
}

/// The name is the part before the first `=`, where it looks like a name and the whole is not itself a file.
pub fn name_and_file(text: &OsStr) -> (Option<String>, &OsStr) {
    let bytes = text.as_encoded_bytes();
    let plain = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    match bytes.iter().position(|b| *b == b'=') {
        Some(at) if plain(&bytes[..at]) && !Path::new(text).exists() => {
            (Some(String::from_utf8_lossy(&bytes[..at]).into_owned()), after(text, at + 1))
        }
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_standard_input_are_no_options() {
        let joined = |words: &str| {
            let words = with_parts_of_stdin(words.split(' ').map(OsString::from).collect());
            words.iter().map(|word| word.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        for (given, wanted) in [
            ("splice --donor -@0x10+4 --base b", "splice --donor=-@0x10+4 --base b"),
            ("splice --donor -:BIOSIMG", "splice --donor=-:BIOSIMG"),
            ("splice --donor - --donor --base b", "splice --donor - --donor --base b"),
            ("splice --base -@1 --donor", "splice --base -@1 --donor"),
        ] {
            assert_eq!(joined(given), wanted);
        }
    }

    #[test]
    fn a_donor_may_have_a_name() {
        use std::os::unix::ffi::OsStrExt;
        let split = |text: &'static [u8]| {
            let (name, file) = name_and_file(OsStr::from_bytes(text));
            (name, file.as_bytes())
        };
        let old = || Some("old".to_owned());
        assert_eq!(split(b"web.bin"), (None, &b"web.bin"[..]));
        assert_eq!(split(b"old=dir/a=b.bin"), (old(), &b"dir/a=b.bin"[..]));
        assert_eq!(split(b"./a=b.bin"), (None, &b"./a=b.bin"[..]));
        // Names of files need not be UTF-8.
        assert_eq!(split(b"n\xff\xfe.bin"), (None, &b"n\xff\xfe.bin"[..]));
        assert_eq!(split(b"old=n\xff=\xfe.bin"), (old(), &b"n\xff=\xfe.bin"[..]));
    }
}
