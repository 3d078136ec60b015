//! A dump in another form than byte for byte: its bytes swapped, written as text, packed.

use std::sync::LazyLock;

use memchr::memmem;

/// Texts found in boot loaders, their settings and vendors' headers. Each is long enough not to come by chance.
const TEXTS: [&[u8]; 8] = [
    b"U-Boot ",
    b"bootcmd=",
    b"bootargs",
    b"console=tty",
    b"Linux version",
    b"OpenWrt",
    b"ver. 2.0",
    b"TP-LINK Technologies",
];

/// First bytes of files that must be unpacked first.
const ARCHIVES: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"\xfd7zXZ", "xz"),
];

/// The archive's name, where the file is one.
fn archive(bytes: &[u8]) -> Option<&'static str> {
    ARCHIVES.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, name)| *name)
}

/// True for the length of a flash chip. An archive has it by chance only: a file of that length that starts like one may
/// be what a chip holds.
pub(super) fn has_chip_size(bytes: &[u8]) -> bool {
    const SMALLEST: usize = 0x1_0000;
    bytes.len().is_power_of_two() && bytes.len() >= SMALLEST
}

/// True for a file that may be an archive, or what a chip holds.
pub(super) fn may_be_archive(bytes: &[u8]) -> bool {
    archive(bytes).is_some() && has_chip_size(bytes)
}

/// What a file is in place of the bytes themselves, and what to do: `is ...: ...`.
pub fn other_form(bytes: &[u8]) -> Option<String> {
    if let Some(name) = archive(bytes) {
        return Some(match has_chip_size(bytes) {
            false => format!("is a {name} archive: unpack it and give the file in it"),
            true => format!(
                "starts like a {name} archive and has the size of a chip: is it what a chip holds, and not an archive?"
            ),
        });
    }
    if let Some((name, tool)) = text(bytes) {
        return Some(format!("is a dump written as text ({name}): make bytes of it first{tool}"));
    }
    let width = swapped(bytes)?;
    let tool = match width {
        2 => "dd conv=swab",
        _ => "objcopy -I binary -O binary --reverse-bytes=4",
    };
    Some(format!(
        "has the bytes of every {}-bit word the wrong way round: read it again in plain byte order, or turn it round \
         ({tool})",
        8 * width
    ))
}

/// How much of a text is looked at: a dump that merely begins like one goes on otherwise.
const LOOKED_AT: usize = 0x1000;

/// The kind of text, and what makes bytes of it.
fn text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
    if !bytes.iter().take(LOOKED_AT).all(plain) {
        return None;
    }
    let line = bytes.split(|b| matches!(b, b'\r' | b'\n')).next().filter(|line| line.len() < 600)?;
    let hex = |part: &[u8]| part.len() >= 8 && part.iter().all(u8::is_ascii_hexdigit);
    match line {
        [b':', rest @ ..] if rest.len() >= 10 && hex(rest) => {
            Some(("Intel HEX", " (objcopy -I ihex -O binary IN OUT)"))
        }
        [b'S', b'0'..=b'3', rest @ ..] if hex(rest) => {
            Some(("S-records", " (objcopy -I srec -O binary IN OUT)"))
        }
        _ => {
            let (at, rest) = line.split_at_checked(8).filter(|(at, rest)| hex(at) && rest.len() > 16)?;
            let pair = |from: &[u8]| from.len() > 2 && from[..2].iter().all(u8::is_ascii_hexdigit);
            match rest {
                [b':', b' ', from @ ..] if at == b"00000000" && pair(from) => {
                    Some(("xxd", " (xxd -r IN OUT)"))
                }
                [b' ', b' ', from @ ..] if at == b"00000000" && pair(from) => Some(("hexdump", "")),
                _ => None,
            }
        }
    }
}

/// The widths of words whose bytes are read the wrong way round.
const WIDTHS: [usize; 2] = [2, 4];

/// A text as a file holds it: in plain order, or in words of `width` bytes that are reversed.
struct Needle {
    /// 1 for plain order.
    width: usize,
    /// The text's offset in its first word.
    shift: usize,
    text: &'static [u8],
    /// What is searched: of reversed words those that are part of the text as a whole.
    finder: memmem::Finder<'static>,
}

impl Needle {
    fn new(text: &'static [u8], width: usize, shift: usize) -> Self {
        let whole = &text[(width - shift) % width..];
        let words = whole.chunks_exact(width).flat_map(|word| word.iter().rev().copied());
        let finder = memmem::Finder::new(&words.collect::<Vec<u8>>()).into_owned();
        Self { width, shift, text, finder }
    }

    /// True where the text is in `block`, which starts at a word's edge.
    fn is_in(&self, block: &[u8]) -> bool {
        let width = self.width;
        // The word before the first whole one holds the start of the text.
        let before = if self.shift == 0 { 0 } else { width };
        let is_here = |at: usize| {
            let Some(first) = at.checked_sub(before).filter(|first| first.is_multiple_of(width)) else {
                return false;
            };
            let len = (self.shift + self.text.len()).next_multiple_of(width);
            let Some(words) = block.get(first..first + len) else { return false };
            let plain: Vec<u8> = words.chunks(width).flat_map(|word| word.iter().rev().copied()).collect();
            plain[self.shift..].starts_with(self.text)
        };
        self.finder.find_iter(block).any(is_here)
    }
}

/// Plain order first, then each width at each offset in a word.
static NEEDLES: LazyLock<Vec<Needle>> = LazyLock::new(|| {
    let forms = [1].into_iter().chain(WIDTHS).flat_map(|width| (0..width).map(move |shift| (width, shift)));
    forms.flat_map(|(width, shift)| TEXTS.iter().map(move |text| Needle::new(text, width, shift))).collect()
});

/// The bytes of a word, 2 or 4, where every word's bytes are the wrong way round: a text is there in that order, and none in
/// plain order.
fn swapped(bytes: &[u8]) -> Option<usize> {
    // Blocks that stay in the processor's cache, and overlap by more than the longest text.
    const BLOCK: usize = 1 << 18;
    const OVERLAP: usize = 64;
    let mut found = None;
    for start in (0..bytes.len()).step_by(BLOCK) {
        let block = &bytes[start..bytes.len().min(start + BLOCK + OVERLAP)];
        for needle in NEEDLES.iter() {
            match needle.width {
                1 if needle.is_in(block) => return None,
                width if found.is_none() && width > 1 && needle.is_in(block) => found = Some(width),
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::synthetic;

    fn turned(bytes: &[u8], width: usize) -> Vec<u8> {
        bytes.chunks(width).flat_map(|word| word.iter().rev().copied()).collect()
    }

    #[test]
    fn swapped_words_are_seen_and_plain_bytes_and_noise_are_not() {
        let chip = synthetic::demo().board;
        for (width, word) in [(2, "16-bit"), (4, "32-bit")] {
            let text = other_form(&turned(&chip, width)).unwrap();
            assert!(text.contains(word), "{text}");
        }
        assert_eq!(other_form(&chip), None);
        assert_eq!(other_form(&synthetic::noise(1, 0x10_0000)), None);
        assert_eq!(other_form(&[]), None);
    }

    /// At each offset in a word, at the file's start and end and across the edge of two blocks.
    #[test]
    fn swapped_texts_are_seen_wherever_they_are() {
        const LEN: usize = 0x4_0040;
        let noise = synthetic::noise(2, LEN);
        for text in [TEXTS[0], TEXTS[7]] {
            for shift in 0..4 {
                for at in [shift, 0x4_0000 - 8 + shift, LEN - 32 + shift] {
                    let mut plain = noise.clone();
                    plain[at..at + text.len()].copy_from_slice(text);
                    assert_eq!(swapped(&plain), None);
                    for width in WIDTHS {
                        assert_eq!(swapped(&turned(&plain, width)), Some(width), "{text:?} at {at:#x}");
                    }
                }
            }
        }
        // One text in plain order outweighs any number in another one.
        let both = [&turned(b"bootcmd=", 2)[..], &noise[..32], b"bootargs"].concat();
        assert_eq!((swapped(&both[..32]), swapped(&both)), (Some(2), None));
    }

    #[test]
    fn texts_and_archives_are_named() {
        for (text, name) in [
            (&b":020000040000FA\r\n:10000000FFEEFFEE"[..], "Intel HEX"),
            (b"S0030000FC\nS1137AF0", "S-records"),
            (b"00000000: ff00 0010 0000 0000 fd00 0010 0000 0000  ....", "xxd"),
            (b"00000000  ff 00 00 10 00 00 00 00  fd 00 00 10 00 00 00 00  |....|", "hexdump"),
            (b"PK\x03\x04....", "zip"),
        ] {
            let form = other_form(text).unwrap();
            assert!(form.contains(name), "{form}");
        }
        for text in [
            &b"S1"[..],
            b": a sentence",
            b"00000000-00020000 : \"u-boot\" and more text",
            b"00000000:0001ffff boot",
        ] {
            assert_eq!(other_form(text), None);
        }
    }
}
