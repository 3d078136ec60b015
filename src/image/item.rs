//! What an inspection finds: items with attributes and checks, and how much work they may cost.

use serde::Serialize;
use serde_json::{Map, Value};

use super::container::{lzma, packed};

/// Something recognised in a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its length, never past the end of the file.
    pub size: u64,
    /// What it is: `tplink-v3`, `squashfs`, `uboot-env`, ...
    pub kind: &'static str,
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
    pub name: &'static str,
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
    pub fn new(kind: &'static str, offset: u64, size: u64) -> Self {
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
    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value.map(Into::into) {
            None => self,
            Some(Value::String(text)) if text.is_empty() => self,
            Some(value) => self.with(name, value),
        }
    }

    /// Adds an attribute as hex, `0x7a0000`.
    #[must_use]
    pub fn with_hex(self, name: &str, value: impl Into<u64>) -> Self {
        self.with(name, format!("{:#x}", value.into()))
    }

    /// Adds a check.
    #[must_use]
    pub fn check(
        mut self,
        name: &'static str,
        result: impl Into<Outcome>,
        detail: impl Into<String>,
    ) -> Self {
        self.checks.push(Check { name, result: result.into(), detail: detail.into() });
        self
    }

    /// Adds a check that compares two numbers.
    #[must_use]
    pub fn check_equal(self, name: &'static str, expected: u32, found: u32) -> Self {
        let detail = if expected == found {
            String::new()
        } else {
            format!("expected {expected:#010x}, found {found:#010x}")
        };
        self.check(name, expected == found, detail)
    }

    /// Adds a check that all of it is in the file, and cuts the size to what is there.
    #[must_use]
    pub fn check_fits(mut self, file_len: usize) -> Self {
        let room = (file_len as u64).saturating_sub(self.offset);
        let (size, fits) = (self.size, self.size <= room);
        let detail =
            if fits { String::new() } else { format!("{size:#x} bytes are said, the file has {room:#x}") };
        self.size = size.min(room);
        self.check("size", fits, detail)
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

/// What a reader found, and where the search goes on.
#[derive(Clone, Debug)]
pub struct Found {
    /// The item.
    pub item: Item,
    /// Where to search on: behind the header of something that holds other things, else behind the item.
    pub resume: usize,
}

impl Found {
    /// An item in which nothing else is searched.
    pub fn leaf(item: Item) -> Self {
        Self { resume: item.end() as usize, item }
    }

    /// An item in which the search goes on `header_len` bytes behind its start.
    pub fn holder(item: Item, header_len: usize) -> Self {
        Self { resume: item.offset as usize + header_len, item }
    }
}

/// The bytes under inspection and what may still be spent on them, so that time stays linear however things nest.
#[derive(Debug)]
pub struct Look<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// Bytes that may still be summed up.
    sums: u64,
    /// Bytes that may still be unpacked.
    unpack: u64,
    /// TP-Link headers whose MD5 may still be judged, which can take several passes.
    headers: u32,
    /// Places at which a packed stream may still be tried.
    pub tries: u32,
    /// The same for gzip, xz and zstd streams.
    pub packed_tries: u32,
    /// Where the last tar ends: the marks of its files are not others' starts.
    pub tar_end: u64,
}

/// What a check says that was not made because too much nests.
pub const NOT_MADE: &str = "not checked: too many things in this file claim the same bytes";

impl<'a> Look<'a> {
    /// A look at `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            sums: 16 * bytes.len() as u64 + (16 << 20),
            unpack: 96 << 20,
            headers: 3,
            tries: lzma::MOST_TRIES,
            packed_tries: packed::MOST_TRIES,
            tar_end: 0,
        }
    }

    /// True when `len` more bytes may be summed up.
    pub fn may_sum(&mut self, len: u64) -> bool {
        take(&mut self.sums, len)
    }

    /// True when the MD5 of one more TP-Link header may be judged.
    pub fn may_judge_header(&mut self) -> bool {
        let may = self.headers > 0;
        self.headers = self.headers.saturating_sub(1);
        may
    }

    /// How many bytes may still be unpacked.
    pub fn may_unpack(&self) -> u64 {
        self.unpack
    }

    /// Counts `len` unpacked bytes.
    pub fn unpacked(&mut self, len: u64) {
        self.unpack = self.unpack.saturating_sub(len);
    }
}

fn take(left: &mut u64, len: u64) -> bool {
    let enough = *left >= len;
    if enough {
        *left -= len;
    }
    enough
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_as_json() {
        let item = Item::new("trx", 16, 64)
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
                r#"{"name":"size","result":"bad","detail":"0x40 bytes are said, the file has 0x10"}]}"#
            )
        );
        assert!(!item.is_sound());
        assert_eq!(item.result("crc"), Some(Outcome::Bad));
    }

    #[test]
    fn work_is_bounded() {
        let mut look = Look::new(&[0; 8]);
        assert!(look.may_sum(16 << 20));
        assert!(look.may_sum(128));
        assert!(!look.may_sum(1));
        assert_eq!((0..9).filter(|_| look.may_judge_header()).count(), 3);
    }
}
