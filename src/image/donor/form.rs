//! A dump in another form than byte for byte: its bytes swapped, written as text, packed.

/// Texts that stand in boot loaders, their settings and vendors' headers. Each is long enough not to come by chance.
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

/// What a file is in place of the bytes themselves, and what to do: `is ...: ...`.
pub fn other_form(bytes: &[u8]) -> Option<String> {
    if let Some(name) = archive(bytes) {
        return Some(format!("is a {name} archive: unpack it and give the file in it"));
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

/// The kind of text, and what makes bytes of it.
fn text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
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

/// The bytes of a word, 2 or 4, where every word's bytes are the wrong way round.
fn swapped(bytes: &[u8]) -> Option<usize> {
    let known = |bytes: &[u8]| TEXTS.iter().any(|text| memchr::memmem::find(bytes, text).is_some());
    if known(bytes) {
        return None;
    }
    [2, 4].into_iter().find(|width| {
        let mut turned = bytes.to_vec();
        turned.chunks_exact_mut(*width).for_each(<[u8]>::reverse);
        known(&turned)
    })
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
