//! Text read into bytes: Intel HEX and Motorola S-records, and what can be wrong with them.

use crate::span::{Span, Spans};
use crate::units;
use ihex::{ReaderError, Record};
use std::path::Path;
use thiserror::Error;

/// How an image is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// Intel HEX: lines that begin with `:`.
    IntelHex,
    /// Motorola S-records: lines that begin with `S`.
    SRecord,
}

/// The endings of file names, in lower case.
const ENDINGS: &[(&str, TextFormat)] = &[
    ("hex", TextFormat::IntelHex),
    ("ihex", TextFormat::IntelHex),
    ("ihx", TextFormat::IntelHex),
    ("srec", TextFormat::SRecord),
    ("s19", TextFormat::SRecord),
    ("s28", TextFormat::SRecord),
    ("s37", TextFormat::SRecord),
    ("mot", TextFormat::SRecord),
];

/// Data bytes of a line that is written.
pub(super) const LINE: usize = 16;
/// The address after the last one that the formats can say.
pub(super) const MOST: u64 = 1 << 32;

impl TextFormat {
    /// By the ending of a file's name.
    pub fn by_name(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, format)| *format)
    }

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            TextFormat::IntelHex => "Intel HEX",
            TextFormat::SRecord => "S-records",
        }
    }

    fn mark(self) -> u8 {
        match self {
            TextFormat::IntelHex => b':',
            TextFormat::SRecord => b'S',
        }
    }
}

/// An image that was read from text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextImage {
    /// How it was written.
    pub format: TextFormat,
    /// Address of the first byte.
    pub start: u64,
    /// The bytes, without a hole.
    pub bytes: Vec<u8>,
}

/// Why a text is no image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{}: {fault}", .format.title(), line_words(*.line))]
pub struct TextFault {
    /// What it is, or is named as.
    pub format: TextFormat,
    /// The line, from 1; 0 where it is about the whole file.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

fn line_words(line: usize) -> String {
    if line == 0 { String::new() } else { format!(", line {line}") }
}

/// What is wrong in a text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// A line that is no record.
    #[error("it is no record: {0}")]
    NoRecord(&'static str),
    /// The checksum of a line.
    #[error("the checksum is {found:02X} and would be {wanted:02X}: the file is damaged")]
    Checksum {
        /// In the file.
        found: u8,
        /// By the bytes of the line.
        wanted: u8,
    },
    /// A type of record that the format does not have.
    #[error("record type {0} is not known")]
    Type(String),
    /// Data that would run past the end of its 64 KiB segment.
    #[error("the data wrap around at the end of their 64 KiB segment")]
    Wraps,
    /// A line after the end record.
    #[error("a record after the end record")]
    AfterEnd,
    /// No end record.
    #[error("the end record is missing: is the file cut off?")]
    NoEnd,
    /// The count of records.
    #[error("it counts {counted} data records, and there are {found}: lines are missing")]
    Count {
        /// By the file.
        counted: u32,
        /// In the file.
        found: u32,
    },
    /// No data at all.
    #[error("there are no data in it")]
    Empty,
    /// An address that is given twice.
    #[error("address {0:#x} is given twice")]
    Overlap(u64),
    /// Addresses without data.
    #[error(
        "it has {} of {} in all ({}): what belongs there is not known",
        units::count(.0.as_slice().len() as u64, "gap"),
        units::size(.0.len()),
        some(.0)
    )]
    Holes(Spans),
}

/// The first few of them.
fn some(spans: &Spans) -> String {
    let first: Vec<String> = spans.iter().take(3).map(|span| span.to_string()).collect();
    let more = if spans.as_slice().len() > first.len() { ", ..." } else { "" };
    first.join(", ") + more
}

/// What is in one record.
enum Entry {
    /// Data at an address.
    Data(u64, Vec<u8>),
    /// The count of the data records before it.
    Count(u32),
    /// The end.
    End,
    /// Nothing that concerns the image.
    Other,
}

/// The image in `bytes`, where they are such a text; `None` where they are bytes themselves. `named` is what the file's
/// name says. A text counts where its first line is a whole record, or where the name says so; then a fault anywhere is a
/// fault. A binary file stays one, whatever its name or its beginning is.
///
/// # Errors
/// [`TextFault`].
pub fn decode(bytes: &[u8], named: Option<TextFormat>) -> Result<Option<TextImage>, TextFault> {
    let Some(text) = text_of(bytes) else { return Ok(None) };
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let marked = [TextFormat::IntelHex, TextFormat::SRecord].into_iter().find(|format| {
        first.as_bytes().first() == Some(&format.mark()) && Reader::new(*format).entry(first).is_ok()
    });
    match marked.or(named) {
        Some(format) => read(text, format).map(Some),
        None => Ok(None),
    }
}

/// The text in a file, if it is text: no other control characters than line ends, blanks, and an end mark of old.
fn text_of(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.strip_suffix(&[0x1a]).unwrap_or(bytes);
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    if bytes.iter().all(plain) { std::str::from_utf8(bytes).ok() } else { None }
}

fn read(text: &str, format: TextFormat) -> Result<TextImage, TextFault> {
    let fault = |line: usize| move |fault: Fault| TextFault { format, line, fault };
    let mut reader = Reader::new(format);
    let (mut pieces, mut ended) = (Vec::<(u64, Vec<u8>)>::new(), false);
    let mut records = 0;
    for (n, line) in (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty()) {
        if ended {
            return Err(fault(n)(Fault::AfterEnd));
        }
        match reader.entry(line).map_err(fault(n))? {
            Entry::Data(at, bytes) => {
                records += 1;
                match pieces.last_mut() {
                    // Most files continue where the line before has ended.
                    Some((start, piece)) if *start + piece.len() as u64 == at => piece.extend(bytes),
                    _ if bytes.is_empty() => {}
                    _ => pieces.push((at, bytes)),
                }
            }
            Entry::Count(counted) if counted != records => {
                return Err(fault(n)(Fault::Count { counted, found: records }));
            }
            Entry::End => ended = true,
            Entry::Count(_) | Entry::Other => {}
        }
    }
    if !ended {
        return Err(fault(0)(Fault::NoEnd));
    }
    joined(pieces)
        .map_or_else(|found| Err(fault(0)(found)), |(start, bytes)| Ok(TextImage { format, start, bytes }))
}

/// Pieces as one, where they lie side by side.
fn joined(mut pieces: Vec<(u64, Vec<u8>)>) -> Result<(u64, Vec<u8>), Fault> {
    pieces.sort_by_key(|(start, _)| *start);
    let start = pieces.first().ok_or(Fault::Empty)?.0;
    let (mut end, mut holes) = (start, Spans::new());
    for (at, piece) in &pieces {
        if *at < end {
            return Err(Fault::Overlap(*at));
        }
        if *at > end {
            holes.insert(Span::new(end, *at));
        }
        end = at + piece.len() as u64;
    }
    if !holes.is_empty() {
        return Err(Fault::Holes(holes));
    }
    let pieces: Vec<Vec<u8>> = pieces.into_iter().map(|(_, piece)| piece).collect();
    Ok((start, pieces.concat()))
}

/// Reads records one after another; what one says of the addresses of those after it is kept.
struct Reader {
    format: TextFormat,
    /// What is added to the address of a data record.
    base: u64,
    /// The base is that of a segment, in which addresses wrap.
    segment: bool,
}

impl Reader {
    fn new(format: TextFormat) -> Self {
        Self { format, base: 0, segment: true }
    }

    fn entry(&mut self, line: &str) -> Result<Entry, Fault> {
        match self.format {
            TextFormat::IntelHex => self.intel(line),
            TextFormat::SRecord => s_record(line),
        }
    }

    fn intel(&mut self, line: &str) -> Result<Entry, Fault> {
        Ok(match Record::from_record_string(line).map_err(intel_fault)? {
            Record::Data { offset, value } => {
                if self.segment && usize::from(offset) + value.len() > 0x1_0000 {
                    return Err(Fault::Wraps);
                }
                Entry::Data(self.base + u64::from(offset), value)
            }
            Record::ExtendedSegmentAddress(paragraph) => {
                (self.base, self.segment) = (u64::from(paragraph) << 4, true);
                Entry::Other
            }
            Record::ExtendedLinearAddress(upper) => {
                (self.base, self.segment) = (u64::from(upper) << 16, false);
                Entry::Other
            }
            Record::StartSegmentAddress { .. } | Record::StartLinearAddress(_) => Entry::Other,
            Record::EndOfFile => Entry::End,
        })
    }
}

fn intel_fault(error: ReaderError) -> Fault {
    match error {
        ReaderError::MissingStartCode => Fault::NoRecord("it does not begin with ':'"),
        ReaderError::RecordTooShort => Fault::NoRecord("it is too short"),
        ReaderError::RecordTooLong => Fault::NoRecord("it is too long"),
        ReaderError::RecordNotEvenLength => Fault::NoRecord("a digit is missing"),
        ReaderError::ContainsInvalidCharacters => {
            Fault::NoRecord("there are other characters than hex digits")
        }
        ReaderError::PayloadLengthMismatch => Fault::NoRecord("it has not as many bytes as it says"),
        ReaderError::InvalidLengthForType => Fault::NoRecord("its length does not fit its type"),
        // The first number is the one that the crate computes.
        ReaderError::ChecksumMismatch(wanted, found) => Fault::Checksum { found, wanted },
        ReaderError::UnsupportedRecordType(kind) => Fault::Type(format!("{kind:02X}")),
    }
}

/// One S-record. Own code: the crate `srec` 0.2 panics on headers that are not UTF-8, and accepts what follows a record.
fn s_record(line: &str) -> Result<Entry, Fault> {
    let rest = line.strip_prefix('S').ok_or(Fault::NoRecord("it does not begin with 'S'"))?;
    let (kind, digits) = rest.split_at_checked(1).ok_or(Fault::NoRecord("it is too short"))?;
    let bytes = crate::units::unhex(digits)
        .ok_or(Fault::NoRecord("there are other characters than pairs of hex digits"))?;
    let [count, body @ .., found] = bytes.as_slice() else { return Err(Fault::NoRecord("it is too short")) };
    if usize::from(*count) != body.len() + 1 {
        return Err(Fault::NoRecord("it has not as many bytes as it says"));
    }
    let sum = body.iter().fold(*count, |sum, byte| sum.wrapping_add(*byte));
    if *found != !sum {
        return Err(Fault::Checksum { found: *found, wanted: !sum });
    }
    let address = match kind {
        "0" | "1" | "5" | "9" => 2,
        "2" | "6" | "8" => 3,
        "3" | "7" => 4,
        _ => return Err(Fault::Type(format!("S{kind}"))),
    };
    let (number, data) = body.split_at_checked(address).ok_or(Fault::NoRecord("it is too short"))?;
    let number = number.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    Ok(match kind {
        "1" | "2" | "3" => Entry::Data(number.into(), data.to_vec()),
        "5" | "6" => Entry::Count(number),
        "7" | "8" | "9" => Entry::End,
        _ => Entry::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;
    use proptest::prelude::*;

    const HEX: Option<TextFormat> = Some(TextFormat::IntelHex);
    const SREC: Option<TextFormat> = Some(TextFormat::SRecord);

    fn fault(text: &str) -> (usize, String) {
        let named = if text.starts_with('S') { SREC } else { HEX };
        let fault = decode(text.as_bytes(), named).unwrap_err();
        (fault.line, fault.fault.to_string())
    }

    #[test]
    fn examples_of_the_specifications_are_read() {
        // Wikipedia's and the crate's examples were made by others: "Wikipedia" at 0 and four lines of a program.
        let text = ":10010000214601360121470136007EFE09D2190140\r\n:100110002146017E17C20001FF5F16002148011928\r\n:00000001FF\r\n";
        let found = decode(text.as_bytes(), None).unwrap().unwrap();
        assert_eq!((found.format, found.start, found.bytes.len()), (TextFormat::IntelHex, 0x100, 32));
        assert_eq!((found.bytes[0], found.bytes[31]), (0x21, 0x19));
        let text = "S00F000068656C6C6F202020202000003C\n\
                    S11F00007C0802A6900100049421FFF07C6C1B787C8C23783C6000003863000026\n\
                    S11F001C4BFFFFE5398000007D83637880010014382100107C0803A64E800020E9\n\
                    S111003848656C6C6F20776F726C642E0A0042\nS5030003F9\nS9030000FC\n";
        let found = decode(text.as_bytes(), None).unwrap().unwrap();
        assert_eq!((found.format, found.start, found.bytes.len()), (TextFormat::SRecord, 0, 0x46));
        assert_eq!(&found.bytes[0x38..0x43], b"Hello world");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let end = ":00000001FF";
        for (text, line, word) in [
            (":0100000055AB\n:00000001FF".to_owned(), 1, "checksum is AB and would be AA"),
            (":0100000055AA\n".to_owned(), 0, "cut off"),
            (format!(":0100000055AA\n:0100010055A9\n:0100000055AA\n{end}"), 0, "address 0x0 is given twice"),
            (format!(":0100000055AA\n:0100100055 9A\n{end}"), 2, "other characters"),
            (format!(":0100000055AA\n:0100100055A\n{end}"), 2, "a digit is missing"),
            (format!(":0100000055AA\n:00000006FA\n{end}"), 2, "record type 06"),
            (
                format!(":0100000055AA\n:01001000559A\n{end}"),
                0,
                "1 gap of 15 bytes in all (0x000001..0x000010)",
            ),
            (format!(":0100000055AA\n{end}\n:0100010055A9"), 3, "after the end"),
            (format!(":02FFFF00555556\n{end}"), 1, "wrap around"),
            (end.to_owned(), 0, "no data"),
            ("offset 0 1 2 3".to_owned(), 1, "does not begin with ':'"),
            ("S1040000AA51\nS9030000FC".to_owned(), 0, ""),
            ("S1040000AA52\nS9030000FC".to_owned(), 1, "checksum is 52 and would be 51"),
            ("S1040000AA51".to_owned(), 0, "cut off"),
            ("S1050000AA51\nS9030000FC".to_owned(), 1, "not as many bytes"),
            ("S4040000AA51\nS9030000FC".to_owned(), 1, "record type S4"),
            ("S1040000AA51\nS5030002FA\nS9030000FC".to_owned(), 2, "counts 2 data records, and there are 1"),
            ("S".to_owned(), 1, "too short"),
        ] {
            if word.is_empty() {
                assert_eq!(decode(text.as_bytes(), None).unwrap().unwrap().bytes, [0xaa], "{text}");
                continue;
            }
            let (at, says) = fault(&text);
            assert!(at == line && says.contains(word), "{text}: line {at}, {says}");
        }
    }

    #[test]
    fn a_dump_that_merely_looks_so_stays_a_dump() {
        let mut dump = b":0100000055AA\n:00000001FF\n".to_vec();
        dump.resize(0x1000, 0xff);
        for named in [None, HEX, SREC] {
            assert_eq!(decode(&dump, named), Ok(None), "a binary file is one, whatever its name");
        }
        // Texts that are not records: settings, scripts, a boot log.
        for text in [": comment\n", "Setting=1\n", "S0\n", "", "\n\n", "S1040000AA52\n"] {
            assert_eq!(decode(text.as_bytes(), None), Ok(None), "{text}");
        }
        // A whole first record is no accident: the rest has to be right.
        assert!(decode(b":0100000055AA\nsettings\n", None).is_err());
        assert!(decode(b"settings\n", HEX).is_err());
        // What the text is decides, not the name.
        let found = decode(b"S1040000AA51\nS9030000FC\n", HEX).unwrap().unwrap();
        assert_eq!(found.format, TextFormat::SRecord);
        assert_eq!(TextFormat::by_name(Path::new("a/B.HEX")), HEX);
        assert_eq!(TextFormat::by_name(Path::new("hex")), None);
    }

    #[test]
    fn segments_and_upper_addresses_move_what_follows() {
        let segment = b":020000021000EC\n:0100000055AA\n:00000001FF";
        assert_eq!(decode(segment, None).unwrap().unwrap().start, 0x1_0000);
        let linear = b":020000040001F9\n:0100000055AA\n:0400000500000100F6\n:00000001FF\n\x1a";
        assert_eq!(decode(linear, None).unwrap().unwrap().start, 0x1_0000);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(start in 0u64..0x200_0000, bytes in proptest::collection::vec(any::<u8>(), 1..4000)) {
            for format in [TextFormat::IntelHex, TextFormat::SRecord] {
                let text = encode(format, start, &bytes).unwrap();
                let found = decode(text.as_bytes(), None).unwrap().unwrap();
                prop_assert_eq!(found, TextImage { format, start, bytes: bytes.clone() });
            }
        }

        #[test]
        fn no_text_stops_the_reader(text in "[:S][0-9A-F]{0,40}\n?[:S0-9A-F\r\n ]{0,60}") {
            for named in [None, HEX, SREC] {
                let _ = decode(text.as_bytes(), named);
            }
        }
    }

    #[test]
    fn addresses_past_four_gigabytes_cannot_be_said() {
        assert_eq!(encode(TextFormat::IntelHex, MOST, &[1]), None);
        assert!(encode(TextFormat::SRecord, MOST - 1, &[1]).unwrap().contains("S306FFFFFFFF01"));
    }
}
