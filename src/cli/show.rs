//! How things look on a terminal: colours that mean something, hex, names that are not known.

use crate::units::did_you_mean;
use std::io::IsTerminal;

pub use crate::units::hex;

/// What a piece of text means; decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good, kept, passed.
    Good,
    /// To be looked at before the work continues.
    Warn,
    /// Failed, refused, lost.
    Bad,
    /// A heading, or the one thing to read.
    Strong,
    /// Of second rank.
    Faint,
}

/// Whether a stream shows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint(bool);

impl Paint {
    /// Colours for a stream that is a terminal, or for any with `CLICOLOR_FORCE`, unless `NO_COLOR`
    /// (<https://no-color.org>) or `TERM=dumb` say otherwise.
    pub fn for_stream(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            || std::env::var_os("TERM").is_some_and(|v| v == "dumb");
        let forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|v| !v.is_empty() && v != "0");
        Self((stream.is_terminal() || forced) && !refused)
    }

    /// The same, always in colours or never.
    pub fn forced(on: bool) -> Self {
        Self(on)
    }

    /// No colours.
    pub fn plain() -> Self {
        Self(false)
    }

    /// `text` in the colour of its tone.
    pub fn tone(self, tone: Tone, text: &str) -> String {
        if !self.0 || text.is_empty() {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A classic hex dump, `address` being that of the first byte; runs of equal lines become `*`. A line has 16 bytes, or 8 or
/// 4 where `width` has no room for more.
pub fn hexdump(address: u64, bytes: &[u8], width: usize) -> Vec<String> {
    let each = match width {
        76.. => 16,
        43.. => 8,
        _ => 4,
    };
    let mut lines = Vec::new();
    let mut previous: Option<&[u8]> = None;
    let mut starred = false;
    let count = bytes.chunks(each).count();
    for (i, chunk) in bytes.chunks(each).enumerate() {
        if previous == Some(chunk) && i + 1 < count {
            if !starred {
                lines.push("*".to_owned());
                starred = true;
            }
            continue;
        }
        starred = false;
        previous = Some(chunk);
        let pairs: Vec<String> = chunk.iter().map(|b| format!("{b:02x}")).collect();
        let groups: Vec<String> = pairs.chunks(8).map(|group| group.join(" ")).collect();
        let (hex, room) = (groups.join("  "), 3 * each - 1 + each / 16);
        let text: String =
            chunk.iter().map(|&b| if (0x20..0x7f).contains(&b) { char::from(b) } else { '.' }).collect();
        let at = address + (each * i) as u64;
        lines.push(format!("{at:06x}  {hex:<room$}  |{text}|"));
    }
    lines
}

/// `'mr20' is not known; did you mean 'mr200'? Known: mr200, c2`: the tail of every message on an unknown name.
pub fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let guess = match did_you_mean(word, known.iter().copied()) {
        Some(k) => format!("; did you mean '{k}'?"),
        None => ".".to_owned(),
    };
    format!("there is no {what} '{word}'{guess} Known: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hex_dump_folds_equal_lines_but_shows_the_last() {
        let mut bytes = vec![0xff; 64];
        bytes[..3].copy_from_slice(b"MAC");
        let lines = hexdump(0x1000, &bytes, usize::MAX);
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("001000  4d 41 43 ff") && lines[0].ends_with("|MAC.............|"));
        assert_eq!(lines[2], "*");
        assert!(lines[3].starts_with("001030  ff"));
    }

    #[test]
    fn a_hex_dump_fits_its_terminal() {
        for (width, each) in [(76, 16), (75, 8), (43, 8), (42, 4)] {
            let lines = hexdump(0, b"0123456789abcdef!", width);
            assert_eq!(lines.len(), 17usize.div_ceil(each), "{width}");
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:?}");
        }
    }

    #[test]
    fn a_message_on_an_unknown_name_names_the_near_one() {
        let known = ["archer-mr200-v1", "archer-c2-v1"];
        assert!(unknown("board", "archer_mr200", &known).contains("did you mean 'archer-mr200-v1'?"));
    }
}
