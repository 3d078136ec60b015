//! One wrapper removed a file: what is around it, and the pieces that are in it, with what the file says of each.

use std::borrow::Cow;

use super::form::has_chip_size;
use super::plain;
use crate::image::checks::{DONOR_UNKNOWN, Finding, SUM, Severity, TRUNCATED};
use crate::image::container::budget::Look;
use crate::image::container::item::{Check, CheckName, Outcome};
use crate::image::container::packed::Format;
use crate::image::container::wrapper::{
    About, Data, Inside, MEMBERS, MOST_UNPACKED, Target, Wrapped, at_start, members,
};
use crate::image::container::{sysupgrade, tplink};
use crate::image::formats::envelope_at;
use crate::image::pc::volume;
use crate::span::Span;
use crate::units;

/// What a wrapper holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// One image, and nothing else.
    Image,
    /// Files by their names.
    Files,
    /// Parts, of which the file says what they are.
    Parts,
}

/// A piece of what is in a wrapper.
#[derive(Clone, Debug)]
pub(super) struct Held<'a> {
    pub about: About,
    /// Where it is in the bytes with the wrapper, where it is there as it is.
    pub span: Option<Span>,
    pub bytes: Cow<'a, [u8]>,
}

/// A wrapper removed.
#[derive(Clone, Debug)]
pub(super) struct Layer<'a> {
    /// `Netgear DNI image`, `zip archive`.
    pub name: String,
    pub holds: Holds,
    pub pieces: Vec<Held<'a>>,
    /// What of the wrapper was checked.
    pub checks: Vec<Check>,
    /// How many bytes follow the wrapper's end that are not blank, and are left out.
    pub left_out: usize,
}

/// What is at the start of some bytes.
pub(super) enum Start<'a> {
    Wrapper(Layer<'a>),
    /// A wrapper that cannot be removed, and why.
    Closed(Finding),
    /// The same, since what is in it is encrypted.
    Encrypted(Finding),
    /// Nothing known is around them.
    Bare,
}

/// Takes one wrapper off; `what` names the bytes in messages.
pub(super) fn layer<'a>(bytes: &'a [u8], what: &str) -> Start<'a> {
    match at_start(&mut Look::new(bytes)) {
        Some(wrapped) => off(bytes, wrapped, what),
        None => packed(bytes, what),
    }
}

fn off<'a>(bytes: &'a [u8], wrapped: Wrapped, what: &str) -> Start<'a> {
    let name = wrapped.name;
    let end = usize::try_from(wrapped.item.end()).unwrap_or(usize::MAX);
    let checks = wrapped.item.checks;
    let all = match &wrapped.inside {
        Inside::Parts(parts) => {
            checks.iter().chain(parts.iter().flat_map(|part| &part.about.checks)).cloned().collect()
        }
        _ => checks.clone(),
    };
    if let Some(bad) = all.iter().find(|check: &&Check| check.result == Outcome::Bad) {
        let detail = if bad.detail.is_empty() { String::new() } else { format!(" ({})", bad.detail) };
        let (check, words) = match bad.name {
            CheckName::SIZE | MEMBERS => (TRUNCATED, "it is cut short or damaged; get the file again"),
            CheckName::AGREES => {
                (DONOR_UNKNOWN, "it contradicts itself, and what of it is meant is not known")
            }
            CheckName::UNPACKS => (SUM, "a part of it does not unpack: it is damaged; get the file again"),
            _ => (SUM, "its sum does not hold: it is damaged; get the file again"),
        };
        return Start::Closed(check.found(format!("{what}, {}: {words}{detail}", units::a(name))));
    }
    let after = bytes.get(end..).unwrap_or_default();
    let blank = after.iter().take_while(|byte| matches!(byte, 0 | 0xff)).count();
    let after = &after[blank..];
    if let Some(next) = kind_of(after) {
        return Start::Closed(DONOR_UNKNOWN.found(format!(
            "{what} is {}, and {} follows it in the file: which of them is meant is not known; give one of them as \
             NAME=FILE@OFFSET+LENGTH",
            units::a(name),
            units::a(&next)
        )));
    }
    let there = |span: Span| Some((span, span.of(bytes)?));
    let (holds, pieces) = match wrapped.inside {
        Inside::Bytes(span) => match there(span).filter(|(span, _)| !span.is_empty()) {
            Some((span, inside)) => {
                let about = About::new("image", wrapped.item.kind.name(), Target::Unknown);
                (Holds::Image, vec![Held { about, span: Some(span), bytes: Cow::Borrowed(inside) }])
            }
            None => {
                return Start::Closed(
                    TRUNCATED
                        .found(format!("{what}, {}: nothing is in it; get the file again", units::a(name))),
                );
            }
        },
        Inside::Closed(why) => {
            return Start::Closed(DONOR_UNKNOWN.found(format!("{what} is {}: {why}", units::a(name))));
        }
        Inside::Encrypted(why) => {
            return Start::Encrypted(DONOR_UNKNOWN.found(format!("{what} is {}: {why}", units::a(name))));
        }
        Inside::Members(members) => {
            let pieces = members.into_iter().filter_map(|(member, span)| {
                let (span, inside) = there(span)?;
                Some(Held { about: file(member), span: Some(span), bytes: Cow::Borrowed(inside) })
            });
            (Holds::Files, pieces.collect())
        }
        Inside::Parts(parts) => {
            let pieces = parts.into_iter().filter_map(|part| {
                let (span, bytes) = match part.data {
                    Data::At(span) => (Some(span), Cow::Borrowed(there(span)?.1)),
                    Data::Made(bytes) => (None, Cow::Owned(bytes)),
                };
                Some(Held { about: part.about, span, bytes })
            });
            (Holds::Parts, pieces.collect())
        }
        Inside::Packed => match members(bytes) {
            Err(why) => {
                return Start::Closed(
                    DONOR_UNKNOWN
                        .found(format!("{what} is {} that cannot be unpacked: {why}", units::a(name))),
                );
            }
            Ok(members) => {
                let piece =
                    |(member, data)| Held { about: file(member), span: None, bytes: Cow::Owned(data) };
                (Holds::Files, members.into_iter().map(piece).collect())
            }
        },
    };
    Start::Wrapper(Layer { name: name.to_owned(), holds, pieces, checks, left_out: after.len() })
}

/// What the bytes start with, in words, where that is a wrapper or a firmware of its own.
fn kind_of(bytes: &[u8]) -> Option<String> {
    let wrapper = at_start(&mut Look::new(bytes)).map(|wrapped| wrapped.name.to_owned());
    wrapper.or_else(|| plain::kind_of(bytes).map(|(_, name)| name))
}

fn file(name: String) -> About {
    About::new(name, "file", Target::Unknown)
}

/// A gzip, xz or zstd stream with a firmware or an archive in it. A packed kernel is left as it is: it runs so.
fn packed<'a>(bytes: &'a [u8], what: &str) -> Start<'a> {
    let Some(format) = Format::at(bytes, 0) else { return Start::Bare };
    let Some(unpacked) = format.unpack_all(bytes, MOST_UNPACKED) else { return Start::Bare };
    if unpacked.data.len() as u64 >= MOST_UNPACKED && !unpacked.complete {
        let most = units::size(MOST_UNPACKED);
        return Start::Closed(DONOR_UNKNOWN.found(format!(
            "{what} starts as a {} file and unpacks to more than {most}: no flash holds as much",
            format.kind
        )));
    }
    if !unpacked.complete {
        let (severity, then) = match has_chip_size(bytes) {
            false => (Severity::Refuse, "get the file again"),
            true => (Severity::Ask, "or it is a dump that starts so: it has the size of a chip"),
        };
        return Start::Closed(TRUNCATED.found_as(
            severity,
            format!(
                "{what} starts as a {} file and does not unpack to its end: it is cut short or damaged; {then}",
                format.kind
            ),
        ));
    }
    let rest = sysupgrade::strip(bytes).get(unpacked.used..).unwrap_or_default();
    let ends = rest.iter().all(|b| *b == 0);
    let is_archive = || at_start(&mut Look::new(&unpacked.data)).is_some();
    if !ends || !(is_firmware(&unpacked.data) || is_archive()) {
        return Start::Bare;
    }
    let about = About::new("unpacked", format.kind.name(), Target::Unknown);
    let pieces = vec![Held { about, span: None, bytes: Cow::Owned(unpacked.data) }];
    Start::Wrapper(Layer {
        name: format!("{} file", format.kind),
        holds: Holds::Image,
        pieces,
        checks: Vec::new(),
        left_out: 0,
    })
}

/// True for what goes to flash as a whole: a firmware in a container, a wrapped or packed one, a dump.
pub(super) fn is_firmware(bytes: &[u8]) -> bool {
    has_chip_size(bytes)
        || tplink::parse(bytes, 0).is_some()
        || envelope_at(bytes, 0).is_some()
        || plain::is_container(bytes)
        || sysupgrade::payload_len(bytes) != bytes.len()
        || at_start(&mut Look::new(bytes)).is_some()
        || Format::at(bytes, 0).is_some()
        || !volume::find_all(bytes).is_empty()
}

/// True for what vendors put beside a firmware: texts, manuals, programs for the desktop, sums and signatures.
pub(super) fn is_document(name: &str, bytes: &[u8]) -> bool {
    const MAGICS: [&[u8]; 7] =
        [b"%PDF", b"MZ", b"\x89PNG", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0", b"{\\rtf", b"GIF8"];
    const ENDINGS: [&str; 15] = [
        ".txt", ".pdf", ".doc", ".docx", ".odt", ".htm", ".html", ".exe", ".md5", ".sha256", ".sig", ".asc",
        ".s09", ".s12", ".s14",
    ];
    /// A longer text is not a note.
    const LONGEST_NOTE: usize = 0x1000;
    let lower = name.to_ascii_lowercase();
    let of_a_mac = lower.contains("__macosx/") || lower.ends_with(".ds_store");
    let by_name = || ENDINGS.iter().any(|ending| lower.ends_with(ending));
    let by_magic = || MAGICS.iter().any(|magic| bytes.starts_with(magic));
    // An update program has the firmware in it.
    let is_update = || at_start(&mut Look::new(bytes)).is_some();
    bytes.is_empty()
        || of_a_mac
        || ((by_name() || by_magic()) && !is_update())
        || (bytes.len() <= LONGEST_NOTE && is_text(bytes))
}

/// True for bytes that are a text.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()))
}
