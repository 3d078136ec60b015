//! What an inspection finds: items with attributes and checks.

use serde::Serialize;
use serde_json::{Map, Value};

/// The kind of an item: `squashfs`, `uboot-env`, ... Each format's file has its own as a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ItemKind(&'static str);

/// The name of a check: `md5`, `header-crc`, ... Those that decide about a donor are constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct CheckName(&'static str);

macro_rules! name {
    ($type:ident) => {
        impl $type {
            /// The type for a name; kebab-case.
            pub const fn new(name: &'static str) -> Self {
                Self(name)
            }

            /// The name, as in JSON.
            pub const fn name(self) -> &'static str {
                self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.0)
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }
    };
}

name!(ItemKind);
name!(CheckName);

impl From<&'static str> for CheckName {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

impl CheckName {
    /// All of the item is in the file.
    pub const SIZE: Self = Self("size");
    /// The parts of an image are inside it.
    pub(crate) const PARTITIONS: Self = Self("partitions");
    /// The CRC of a header.
    pub(crate) const HEADER_CRC: Self = Self("header-crc");
    /// The CRC of the data after a header.
    pub(crate) const DATA_CRC: Self = Self("data-crc");
    /// The one CRC that there is.
    pub(crate) const CRC: Self = Self("crc");
    /// A hash of one part.
    pub(crate) const HASH: Self = Self("hash");
    /// An MD5.
    pub(crate) const MD5: Self = Self("md5");
    /// What the file says of itself in several places is the same.
    pub(crate) const AGREES: Self = Self("agrees");
    /// Packed data unpack to the length and end that are stated.
    pub(crate) const UNPACKS: Self = Self("unpacks");
    /// A kernel is present.
    pub(crate) const KERNEL: Self = Self("kernel");
}

/// Something recognised in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Item {
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its length, never past the end of the file.
    pub size: u64,
    /// What it is: `tplink-v3`, `squashfs`, `uboot-env`, ...
    pub kind: ItemKind,
    /// How many other items it lies in.
    pub depth: usize,
    /// What is known about it, in the order in which it is best read.
    pub attributes: Map<String, Value>,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// One check of an item or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name: `md5`, `header-crc`, ...
    pub name: CheckName,
    /// Its result.
    pub result: Outcome,
    /// What was expected and found; empty where the result says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Ok,
    /// It does not hold.
    Bad,
    /// The bytes do not tell.
    CannotTell,
}

impl Outcome {
    /// `ok`, `bad` or `cannot-tell`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Bad => "bad",
            Self::CannotTell => "cannot-tell",
        }
    }
}

impl From<bool> for Outcome {
    fn from(holds: bool) -> Self {
        if holds { Self::Ok } else { Self::Bad }
    }
}

impl Item {
    /// An item without attributes and checks.
    pub fn new(kind: ItemKind, offset: u64, size: u64) -> Self {
        Self { offset, size, kind, depth: 0, attributes: Map::new(), checks: Vec::new() }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an attribute where there is a value, and none for an empty text.
    #[must_use]
    pub(crate) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value.map(Into::into) {
            None => self,
            Some(Value::String(text)) if text.is_empty() => self,
            Some(value) => self.with(name, value),
        }
    }

    /// Adds an attribute as hex, `0x7a0000`.
    #[must_use]
    pub(crate) fn with_hex(self, name: &str, value: impl Into<u64>) -> Self {
        self.with(name, format!("{:#x}", value.into()))
    }

    /// Adds a check.
    #[must_use]
    pub fn check(
        mut self,
        name: impl Into<CheckName>,
        result: impl Into<Outcome>,
        detail: impl Into<String>,
    ) -> Self {
        self.checks.push(Check { name: name.into(), result: result.into(), detail: detail.into() });
        self
    }

    /// Adds a check that compares two numbers.
    #[must_use]
    pub(crate) fn check_equal(self, name: impl Into<CheckName>, expected: u32, found: u32) -> Self {
        let detail = if expected == found {
            String::new()
        } else {
            format!("expected {expected:#010x}, found {found:#010x}")
        };
        self.check(name, expected == found, detail)
    }

    /// Adds a check that all of it is in the file, and cuts the size to what is there.
    #[must_use]
    pub(crate) fn check_fits(mut self, file_len: usize) -> Self {
        let room = (file_len as u64).saturating_sub(self.offset);
        let (size, fits) = (self.size, self.size <= room);
        let detail = if fits {
            String::new()
        } else {
            format!("{size:#x} bytes according to its header, the file has {room:#x}")
        };
        self.size = size.min(room);
        self.check(CheckName::SIZE, fits, detail)
    }

    /// One past its last byte.
    pub fn end(&self) -> u64 {
        self.offset + self.size
    }

    /// The result of the named check.
    pub fn result(&self, check: &str) -> Option<Outcome> {
        self.checks.iter().find(|c| c.name == check).map(|c| c.result)
    }

    /// True when no check is bad.
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(|c| c.result != Outcome::Bad)
    }
}

/// What a reader found, and where the search continues.
#[derive(Clone, Debug)]
pub struct Found {
    /// The item.
    pub item: Item,
    /// Where the search continues: after the header of something that holds other things, else after the item.
    pub resume: usize,
    /// What a packed stream unpacks to, where it is one: it is searched for device trees.
    pub unpacked: Option<Vec<u8>>,
}

impl Found {
    /// An item in which nothing else is searched.
    pub fn leaf(item: Item) -> Self {
        Self { resume: item.end() as usize, item, unpacked: None }
    }

    /// An item in which the search continues `header_len` bytes after its start.
    pub(crate) fn holder(item: Item, header_len: usize) -> Self {
        Self { resume: item.offset as usize + header_len, item, unpacked: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_as_json() {
        let item = Item::new(ItemKind::new("trx"), 16, 64)
            .with("version", 1)
            .with_some("name", Some(""))
            .with_hex("load", 0x8000u32)
            .check_equal("crc", 1, 2)
            .check("x", Outcome::CannotTell, "")
            .check_fits(32);
        let json = serde_json::to_string(&item).unwrap();
        assert_eq!(
            json,
            concat!(
                r#"{"offset":16,"size":16,"kind":"trx","depth":0,"attributes":{"version":1,"load":"0x8000"},"#,
                r#""checks":[{"name":"crc","result":"bad","detail":"expected 0x00000001, found 0x00000002"},"#,
                r#"{"name":"x","result":"cannot-tell"},"#,
                r#"{"name":"size","result":"bad","detail":"0x40 bytes according to its header, the file has 0x10"}]}"#
            )
        );
        assert!(!item.is_sound());
        assert_eq!(item.result("crc"), Some(Outcome::Bad));
    }
}
