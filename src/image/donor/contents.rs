//! What is in an update file or archive: every part with its place, through all wrappers, under a name that is safe as a
//! file's.

use super::layer::{Held, Start, is_text, layer};
use super::unwrap::DEEPEST;
use crate::image::checks::{DONOR_UNKNOWN, Finding};
use crate::image::container::intel::descriptor;
use crate::image::container::item::{Check, CheckName, Outcome};
use crate::image::container::wrapper::{About, MOST_UNPACKED, State, Target};
use crate::image::error::ImageError;
use crate::image::pc::{bios::Bios, flash::bios_span, me};
use crate::span::Span;
use crate::units;

/// The name of the file with the list: no part's file has it.
pub const LIST: &str = "parts.json";
/// More parts no update has.
const MOST_PARTS: usize = 1024;
/// The longest name of a part.
const LONGEST: usize = 100;
/// The length of a descriptor that is there by itself.
const DESCRIPTOR_LEN: usize = 0x1000;

/// A part of a file, with all wrappers around it removed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content {
    /// Its name, alone in the list and safe as the name of a file: what `FILE:PART` takes.
    pub name: String,
    /// The wrappers that it is in, the outermost first.
    pub within: Vec<String>,
    /// The mark, number or type that the file gives it.
    pub kind: String,
    /// For whom it is: `BIOS`, `ME`, `EC`, `descriptor`, `updater`, another device, `unknown`.
    pub target: &'static str,
    /// `plain`, `encrypted`, `gaps` or `unknown`.
    pub state: &'static str,
    /// Where it is in the file, where it is there as it is.
    pub span: Option<Span>,
    /// Its first byte on the chip, where the file says so.
    pub place: Option<u64>,
    /// Its version, as the file writes it.
    pub version: Option<String>,
    /// The boards that it is for, as the file writes them.
    pub models: Option<String>,
    /// The name of the part that it is a piece of.
    pub piece_of: Option<String>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Content {
    /// The name of the file that it is written to, alone among those of its list: with an ending, `.bin` where the name has
    /// none.
    pub fn file_name(&self) -> String {
        file_name(&self.name)
    }
}

fn file_name(name: &str) -> String {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if (1..=4).contains(&ending.len()) { name.to_owned() } else { format!("{name}.bin") }
}

/// Every part of a file; `what` names it in messages.
///
/// # Errors
/// [`ImageError::Refused`] for a file that is damaged, closed, too much to unpack, or has nothing known around it.
pub fn contents(file: &[u8], what: &str) -> Result<Vec<Content>, ImageError> {
    let refused = |finding| ImageError::Refused { findings: vec![finding] };
    let mut walk = Walk { parts: Vec::new(), left: MOST_UNPACKED, what };
    let outer = match layer(file, what) {
        Start::Wrapper(layer) => layer,
        Start::Closed(finding) | Start::Encrypted(finding) => return Err(refused(finding)),
        Start::Bare => {
            return Err(refused(DONOR_UNKNOWN.found(format!(
                "{what} is no update file, capsule or archive that is known: there is nothing to take out of it"
            ))));
        }
    };
    let within = vec![outer.name.clone()];
    walk.pieces(outer.pieces, "", &within, &outer.checks, Some(0)).map_err(refused)?;
    Ok(walk.parts)
}

/// The part of that name, and its bytes with what is in them; `what` names the file.
pub(super) fn part(file: &[u8], what: &str, name: &str) -> Result<Vec<u8>, ImageError> {
    let parts = contents(file, what)?;
    let known: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let why = format!("it has no part '{name}'; it has {}", known.join(", "));
    let missing = || ImageError::BadFile { what: what.to_owned(), why };
    let found = parts.iter().find(|part| part.name == name).ok_or_else(missing)?;
    let closed = match found.state {
        "encrypted" => "is encrypted",
        "gaps" => "leaves bytes out between its blocks: what is there on the chip is not in the file",
        _ => return Ok(found.bytes.clone()),
    };
    Err(ImageError::Refused { findings: vec![DONOR_UNKNOWN.found(format!("{what}: {name} in it {closed}"))] })
}

struct Walk<'w> {
    parts: Vec<Content>,
    /// Bytes that may still be taken out.
    left: u64,
    what: &'w str,
}

impl Walk<'_> {
    /// Takes the pieces of one wrapper apart; `at` is where the bytes with the wrapper are in the file, where they are there.
    fn pieces(
        &mut self,
        pieces: Vec<Held>,
        path: &str,
        within: &[String],
        checks: &[Check],
        at: Option<u64>,
    ) -> Result<(), Finding> {
        for piece in pieces {
            let span = at.zip(piece.span).map(|(at, span)| span.shifted(at));
            let name = if path.is_empty() {
                safe(&piece.about.name)
            } else {
                format!("{path}.{}", safe(&piece.about.name))
            };
            let closed = matches!(piece.about.state, State::Encrypted | State::Gaps);
            let deeper = within.len() < DEEPEST && !closed && piece.about.target != Target::Updater;
            let inner = if deeper { layer(&piece.bytes, self.what) } else { Start::Bare };
            let checks = [checks, &piece.about.checks].concat();
            let closed = match inner {
                Start::Wrapper(inner) => {
                    let within = [within, std::slice::from_ref(&inner.name)].concat();
                    let checks = [checks, inner.checks].concat();
                    self.pieces(inner.pieces, &name, &within, &checks, span.map(|span| span.start))?;
                    continue;
                }
                Start::Closed(finding) if finding.name != DONOR_UNKNOWN.name => return Err(finding),
                Start::Closed(finding) => Some((finding, State::Unknown)),
                Start::Encrypted(finding) => Some((finding, State::Encrypted)),
                Start::Bare => None,
            };
            let (name, within) = (self.alone(name), within.to_vec());
            let content = leaf(piece.about, piece.bytes.into_owned(), closed);
            let checks = [checks, content.checks].concat();
            self.push(Content { name, within, span, checks, ..content })?;
        }
        Ok(())
    }

    fn push(&mut self, part: Content) -> Result<(), Finding> {
        let left = self.left.checked_sub(part.bytes.len() as u64);
        let Some(left) = left.filter(|_| self.parts.len() < MOST_PARTS) else {
            return Err(DONOR_UNKNOWN.found(format!(
                "{} has more than {MOST_PARTS} parts, or more than {} in them: no update has as much",
                self.what,
                units::size(MOST_UNPACKED)
            )));
        };
        self.left = left;
        self.parts.push(part);
        Ok(())
    }

    /// The name, with a number where it is taken; names that differ in case alone are one file on some systems.
    fn alone(&self, name: String) -> String {
        let taken = |name: &str| {
            let file = file_name(name);
            let same = |other: &str| other.eq_ignore_ascii_case(&file);
            same(LIST) || self.parts.iter().any(|part| same(&part.file_name()))
        };
        let mut numbered = (2..).map(|n| format!("{name}-{n}"));
        if taken(&name) { numbered.find(|name| !taken(name)).unwrap_or(name) } else { name }
    }
}

/// A part in which no wrapper is, or one that does not open.
fn leaf(about: About, bytes: Vec<u8>, closed: Option<(Finding, State)>) -> Content {
    let known = if closed.is_some() { None } else { known(&bytes) };
    let target = match about.target {
        Target::Unknown => known.unwrap_or(Target::Unknown),
        target => target,
    };
    let state = match (about.state, &closed) {
        (State::Unknown, Some((_, state))) => *state,
        (State::Unknown, None) if known.is_some() => State::Plain,
        (state, _) => state,
    };
    let opens = closed.map(|(finding, _)| Check {
        name: CheckName::new("opens"),
        result: Outcome::CannotTell,
        detail: finding.message,
    });
    Content {
        name: String::new(),
        within: Vec::new(),
        kind: about.kind,
        target: target.name(),
        state: state.name(),
        span: None,
        place: about.place,
        version: about.version,
        models: about.models,
        piece_of: about.piece_of.as_deref().map(safe),
        checks: opens.into_iter().collect(),
        bytes,
    }
}

/// For whom bytes are, where their structure shows it.
fn known(bytes: &[u8]) -> Option<Target> {
    let flash =
        || bios_span(bytes).and_then(|span| Some(Bios::read(span.of(bytes)?, span.start).is_firmware()));
    if bytes.len() == DESCRIPTOR_LEN && descriptor::parse(bytes, 0).is_some() {
        return Some(Target::Descriptor);
    }
    if me::read(bytes).is_some() {
        return Some(Target::Me);
    }
    if is_text(bytes) {
        return Some(Target::Updater);
    }
    (flash() == Some(true)).then_some(Target::Bios)
}

/// A name that is one file's in a folder, on every system: no separators, no leading dot, no name of a device.
fn safe(name: &str) -> String {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+') { c } else { '_' };
    let text: String = name.chars().map(plain).take(LONGEST).collect();
    let text = text.trim_matches('.');
    let stem = text.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let device = DEVICES.contains(&stem.trim_end_matches(|c: char| c.is_ascii_digit()));
    match text {
        "" => "part".to_owned(),
        text if device => format!("_{text}"),
        text => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Donor;
    use crate::image::container::wrapper::samples;
    use crate::image::donor::unwrap::tests::zipped;
    use crate::image::synthetic::noise;

    fn names(file: &[u8]) -> Vec<String> {
        contents(file, "file").unwrap().iter().map(Content::file_name).collect()
    }

    #[test]
    fn names_stay_in_the_folder_and_are_each_alone() {
        let hostile = zipped(&[
            ("../../etc/passwd", b"1"),
            ("/absolute", b"2"),
            ("C:\\x\\CON", b"3"),
            ("nul.txt", b"4"),
            ("parts.json", b"5"),
            ("a b", b"6"),
            ("A?B", b"7"),
            ("...", b"8"),
            ("same", b"9"),
            ("same.bin", b"0"),
        ]);
        let names = names(&hostile);
        assert!(
            names.iter().all(|name| !name.contains(['/', '\\', ':']) && !name.starts_with('.')),
            "{names:?}"
        );
        let mut alone: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        alone.sort();
        alone.dedup();
        assert_eq!((alone.len(), names.contains(&LIST.to_owned())), (10, false), "{names:?}");
        assert!(names.iter().any(|name| name == "_nul.txt"), "{names:?}");
    }

    #[test]
    fn parts_are_found_through_all_wrappers_with_their_places() {
        let image = noise(7, 0x4000);
        let program = samples::insyde(&[("BIOSIMG", &image), ("EC_IMG", &[3; 64])]);
        let found = contents(&program, "file").unwrap();
        let rows: Vec<_> = found
            .iter()
            .map(|part| (part.name.as_str(), part.target, part.state, part.span.is_some()))
            .collect();
        assert_eq!(rows, [("BIOSIMG", "BIOS", "unknown", true), ("EC_IMG", "EC", "unknown", true)]);
        assert_eq!(found[0].span.and_then(|span| span.of(&program)), Some(&image[..]));
        // In an archive it is unpacked: no place in the file.
        let outer = contents(&zipped(&[("up.exe", &program), ("readme.txt", b"text")]), "file").unwrap();
        let rows: Vec<_> = outer.iter().map(|part| (part.name.as_str(), part.target, part.span)).collect();
        assert_eq!(
            rows,
            [
                ("up.exe.BIOSIMG", "BIOS", None),
                ("up.exe.EC_IMG", "EC", None),
                ("readme.txt", "updater", None)
            ]
        );
        assert_eq!(outer[0].within, ["zip archive", "Insyde update program"]);
    }

    #[test]
    fn damage_in_any_layer_is_refused_by_its_reason() {
        let ucp = samples::ucp(&[("@R00", &[0x5a; 0x400])]);
        let mut bent = ucp.clone();
        *bent.last_mut().unwrap() ^= 1;
        let refusal = |file: &[u8]| contents(file, "file").unwrap_err().to_string();
        assert!(refusal(&bent).contains("sum does not hold"), "{}", refusal(&bent));
        assert!(refusal(&zipped(&[("a.exe", &bent)])).contains("sum does not hold"));
        assert!(refusal(&ucp[..ucp.len() - 2]).contains("cut short"));
        assert!(refusal(&noise(1, 0x1000)).contains("nothing to take out"));
        // What is encrypted is listed as that beside the others, and by itself refused.
        let shrs = samples::shrs();
        assert!(refusal(&shrs).contains("encrypted"), "{}", refusal(&shrs));
        let parts = contents(&zipped(&[("fw.bin", &shrs), ("other.bin", &noise(1, 0x100))]), "file").unwrap();
        let rows: Vec<_> = parts
            .iter()
            .map(|part| (part.state, part.checks.iter().any(|check| check.name == "opens")))
            .collect();
        assert_eq!(rows, [("encrypted", true), ("unknown", false)]);
        assert!(
            Donor::part_named("d", zipped(&[("fw.bin", &shrs)]), "fw.bin")
                .unwrap_err()
                .to_string()
                .contains("encrypted")
        );
    }

    #[test]
    fn a_donor_is_the_part_for_the_bios_or_the_one_that_is_named() {
        let (one, two) = (noise(8, 0x4000), noise(9, 0x4000));
        let taken = |file: Vec<u8>| Donor::new("d", file);
        for file in [
            samples::insyde(&[("EC_IMG", &[3; 64]), ("BIOSIMG", &one)]),
            samples::ucp(&[("@EC0", &[3; 64]), ("@ROM", &one)]),
            samples::dell(&one, 3),
            samples::phoenix(&[("BIOS.ROM", &one, false), ("flash.exe", b"MZ", false)]),
            samples::fmp(&[(7, 1, &one)], true),
            samples::pfat(&[("a", vec![(0x3000, &one[0x3000..])]), ("b", vec![(0, &one[..0x3000])])], "MADE"),
        ] {
            let donor = taken(file);
            assert!(donor.bytes == one, "{:?}", donor.opened);
        }
        let piece = [noise(8, 0x800), vec![0xff; 0x1400]].concat();
        let donor = taken(samples::toshiba(&[&piece, &piece]));
        assert!(donor.bytes == piece.repeat(2), "{:?}", donor.opened);
        for file in [
            samples::insyde(&[("BIOSIMG", &one), ("BIOSIMG", &two)]),
            samples::ucp(&[("@R00", &one), ("@R01", &two)]),
            samples::fmp(&[(7, 1, &one), (8, 1, &two)], false),
            samples::pfat(&[("a", vec![(0x8000, &one[..])]), ("b", vec![(0, &two[..])])], "MADE"),
        ] {
            let refused = taken(file.clone());
            let words = &refused.opened[0].message;
            assert!(refused.opened[0].name == "donor-unknown" && words.contains("which of them"), "{words}");
            let parts = contents(&file, "file").unwrap();
            let second = parts.iter().find(|part| part.bytes == two).unwrap();
            assert!(words.contains("16 KiB"), "{words}");
            let named = Donor::part_named("d", file.clone(), &second.name).unwrap();
            assert!(named.bytes == two && named.file() == file);
            let missing = Donor::part_named("d", file, "none").unwrap_err().to_string();
            assert!(missing.contains(&second.name), "{missing}");
        }
        // Blocks that leave something out are no image.
        let gaps = samples::pfat(&[("a", vec![(0, &one[..0x1000]), (0x2000, &one[0x1000..0x2000])])], "MADE");
        assert!(taken(gaps.clone()).opened[0].message.contains("leaves bytes out"));
        assert!(Donor::part_named("d", gaps, "a").unwrap_err().to_string().contains("leaves bytes out"));
    }
}
