//! A dump in another form than byte for byte: its bytes swapped, written as text, packed.

use std::sync::LazyLock;

/// Texts found in boot loaders, their settings and vendors' headers. Each is long enough not to occur by chance.
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
pub(crate) fn has_chip_size(bytes: &[u8]) -> bool {
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

/// How much of a text is looked at: a dump that merely begins like one continues differently.
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

/// How many bytes of a file are looked at together, from a multiple of it on. Each text is so long that one such word lies
/// whole in it, wherever the text is.
const WORD: usize = 4;

/// A word of a text as a file holds it: in plain order, or with the bytes reversed in words of `width`.
struct Mark {
    word: u32,
    /// 1 for plain order.
    width: usize,
    /// The word's offset in the text.
    at: usize,
    text: &'static [u8],
}

impl Mark {
    fn new(text: &'static [u8], width: usize, at: usize) -> Self {
        let word = std::array::from_fn(|n| text[at + (n ^ (width - 1))]);
        Self { word: u32::from_le_bytes(word), width, at, text }
    }

    /// True where the word at `place` is in the whole text.
    fn holds(&self, bytes: &[u8], place: usize) -> bool {
        let Some(start) = place.checked_sub(self.at) else { return false };
        let mut places = (start..).map(|plain| plain ^ (self.width - 1));
        self.text.iter().all(|byte| places.next().and_then(|place| bytes.get(place)) == Some(byte))
    }
}

/// The marks of all texts, sorted by word, and for each pair of bytes whether a word starts with it.
struct Marks {
    sorted: Vec<Mark>,
    starts: [bool; 1 << 16],
}

static MARKS: LazyLock<Marks> = LazyLock::new(|| {
    let forms = [1].into_iter().chain(WIDTHS).flat_map(|width| (0..WORD).map(move |at| (width, at)));
    let of_texts = forms.flat_map(|(width, at)| TEXTS.iter().map(move |text| Mark::new(text, width, at)));
    let mut sorted: Vec<Mark> = of_texts.collect();
    sorted.sort_by_key(|mark| mark.word);
    let mut starts = [false; 1 << 16];
    sorted.iter().for_each(|mark| starts[mark.word as usize & 0xffff] = true);
    Marks { sorted, starts }
});

/// The bytes of a word, 2 or 4, where every word's bytes are the wrong way round: a text is there in that order, and none in
/// plain order. One pass, whatever the number of texts.
fn swapped(bytes: &[u8]) -> Option<usize> {
    let Marks { sorted, starts } = &*MARKS;
    let mut found = None;
    let words = bytes.as_chunks::<WORD>().0;
    let mut n = 0;
    // Indices and shifts alone: in a build without optimisation each call here costs more than all else that a backup does.
    while n < words.len() {
        let four = &words[n];
        if starts[(four[1] as usize) << 8 | four[0] as usize] {
            let (word, at) = (u32::from_le_bytes(*four), n * WORD);
            let first = sorted.partition_point(|mark| mark.word < word);
            let same = sorted[first..].iter().take_while(|mark| mark.word == word);
            for mark in same.filter(|mark| mark.holds(bytes, at)) {
                match mark.width {
                    1 => return None,
                    width => found = found.or(Some(width)),
                }
            }
        }
        n += 1;
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

    /// At each offset in a word, at the file's start, within it and at its end.
    #[test]
    fn swapped_texts_are_seen_wherever_they_are() {
        const LEN: usize = 0x4_0040;
        let noise = synthetic::noise(2, LEN);
        for text in TEXTS {
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
        // A word of a text alone is no text, in whatever order.
        for part in [&b"bootcamp"[..], b"OpenWall", b"Linux kernels "] {
            let bytes = [&noise[..32], part, &noise[32..64]].concat();
            assert!([1, 2, 4].into_iter().all(|width| swapped(&turned(&bytes, width)).is_none()), "{part:?}");
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
