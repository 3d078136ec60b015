//! Sizes, clocks, durations, bytes and names as people write and read them.

use sha2::Digest;
use sha2::digest::Output;
use std::time::Duration;

/// 1024 bytes.
pub const KIB: u64 = 1024;
/// 1024 KiB.
pub const MIB: u64 = 1024 * KIB;

/// Bytes that are summed in one call.
const SUMMED: usize = 64 * 1024;

/// The digest of bytes.
pub(crate) fn sum<D: Digest>(bytes: &[u8]) -> Output<D> {
    let mut digest = D::new();
    add(&mut digest, bytes);
    digest.finalize()
}

/// Adds bytes to a digest, in pieces. A browser begins with a slow translation of a WebAssembly function, and a call ends in the one
/// that it began in: all of a dump in one call would be summed at a fraction of the speed.
pub(crate) fn add(digest: &mut impl Digest, bytes: &[u8]) {
    for piece in bytes.chunks(SUMMED) {
        digest.update(piece);
    }
}

/// The one value of all bytes; `None` where they differ, or there is none.
pub(crate) fn one_value(bytes: &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    // Each byte equals the one before it: one comparison of memory, where a loop is slow without optimisation.
    (rest == &bytes[..rest.len()]).then_some(*first)
}

/// Lower-case hex digits without separators: `ef4017`.
pub fn hex(bytes: &[u8]) -> String {
    hex_with(bytes, "")
}

/// Lower-case hex, with a separator between the bytes: `30:b5:c2`, `ef 40 17`.
pub(crate) fn hex_with(bytes: &[u8], separator: &str) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * (2 + separator.len()));
    for (n, byte) in bytes.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{byte:02x}", if n > 0 { separator } else { "" });
    }
    text
}

/// Bytes from pairs of hex digits; `None` where there is anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    // What reads numbers lets a sign pass.
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

/// The one of `known` that `word` was probably meant to be: at most a third of its letters differ.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // No name is longer.
    let word: String = word.chars().take(64).collect::<String>().to_lowercase();
    let distance = |known: &str| strsim::osa_distance(&word, &known.to_lowercase());
    let (least, near) = known.into_iter().map(|known| (distance(known), known)).min_by_key(|near| near.0)?;
    (least <= near.chars().count() / 3).then_some(near)
}

/// Shannon entropy in bits a byte, 0 to 8; 0 of no bytes.
pub fn entropy(bytes: &[u8]) -> f64 {
    entropy_of(&counts(bytes))
}

/// How often each byte occurs.
pub(crate) fn counts(bytes: &[u8]) -> [u32; 256] {
    let mut counts = [0; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    counts
}

/// The entropy of bytes that occur so often.
pub(crate) fn entropy_of(counts: &[u32; 256]) -> f64 {
    let len = counts.iter().map(|count| f64::from(*count)).sum::<f64>();
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / len);
    shares.map(|share| -share * share.log2()).sum::<f64>().abs()
}

/// Reads a number of bytes or an address: `131072`, `0x20000`, `128K`, `8M`, `1G` (powers of 1024).
///
/// # Errors
/// A sentence that names the text and the accepted forms.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let fault = || format!("'{text}' is not a number of bytes; write 131072, 0x20000, 128K or 8M");
    let clean = text.trim().replace('_', "");
    if let Some(hex) = clean.strip_prefix("0x").or_else(|| clean.strip_prefix("0X")) {
        let digits = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return u64::from_str_radix(hex, 16).ok().filter(|_| digits).ok_or_else(fault);
    }
    let lower = clean.to_ascii_lowercase();
    let lower = lower.strip_suffix("ib").or_else(|| lower.strip_suffix('b')).unwrap_or(&lower);
    let (digits, factor) = match lower.as_bytes().last() {
        Some(b'k') => (&lower[..lower.len() - 1], KIB),
        Some(b'm') => (&lower[..lower.len() - 1], MIB),
        Some(b'g') => (&lower[..lower.len() - 1], 1024 * MIB),
        _ => (lower, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fault());
    }
    digits.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(fault)
}

/// Reads a clock: `15MHz`, `400kHz`, `1.5MHz`, `15000000`; the unit's case does not matter.
///
/// # Errors
/// A sentence that names the text and the accepted forms.
pub(crate) fn parse_hz(text: &str) -> Result<u32, String> {
    let fault = || format!("'{text}' is not a clock; write 15MHz, 400kHz or 15000000");
    let lower = text.trim().to_ascii_lowercase();
    let (digits, factor) = if let Some(d) = lower.strip_suffix("mhz").or_else(|| lower.strip_suffix('m')) {
        (d, 1e6)
    } else if let Some(d) = lower.strip_suffix("khz").or_else(|| lower.strip_suffix('k')) {
        (d, 1e3)
    } else {
        (lower.strip_suffix("hz").unwrap_or(&lower), 1.0)
    };
    let plain = digits.trim();
    if plain.is_empty() || !plain.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(fault());
    }
    let hz = plain.parse::<f64>().map_err(|_| fault())? * factor;
    if hz < 1.0 || hz > f64::from(u32::MAX) { Err(fault()) } else { Ok(hz.round() as u32) }
}

/// `1 page`, `3 pages`: a number with its noun, which takes an s.
pub fn count(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `a Dell update`, `an Insyde update program`: a noun with its article, which goes by its first letter; a U is said as in UEFI.
pub(crate) fn a(noun: &str) -> String {
    let vowel = noun.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// `8 MiB`, `128 KiB`, `278 bytes`: exact where a unit fits, else with one decimal.
pub fn size(bytes: u64) -> String {
    // 1048575 bytes are not "1024.0 KiB".
    const ALMOST_MIB: u64 = MIB - KIB / 20;
    match bytes {
        0..KIB => count(bytes, "byte"),
        _ if bytes >= MIB && bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
        ALMOST_MIB.. => format!("{:.1} MiB", bytes as f64 / MIB as f64),
        _ if bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
        _ => format!("{:.1} KiB", bytes as f64 / KIB as f64),
    }
}

/// `15 MHz`, `1.5 MHz`, `400 kHz`.
pub fn hz(hz: u32) -> String {
    match hz {
        0..1_000 => format!("{hz} Hz"),
        1_000..1_000_000 => format!("{} kHz", f64::from(hz) / 1e3),
        _ => format!("{} MHz", (f64::from(hz) / 1e4).round() / 100.0),
    }
}

/// `0.8 ms`, `45.1 s`, `3 min 20 s`.
pub fn time(duration: Duration) -> String {
    let s = duration.as_secs_f64();
    match s {
        _ if s < 0.0005 => "0 ms".to_owned(),
        _ if s < 0.9995 => format!("{:.0} ms", s * 1e3),
        _ if s < 119.95 => format!("{s:.1} s"),
        _ => format!("{} min {} s", s.round() as u64 / 60, s.round() as u64 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_by_pieces_is_the_digest() {
        let bytes: Vec<u8> =
            (0..3 * SUMMED as u32 + 1).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for len in [0, 1, SUMMED - 1, SUMMED, SUMMED + 1, 3 * SUMMED + 1] {
            assert_eq!(sum::<sha2::Sha256>(&bytes[..len]), sha2::Sha256::digest(&bytes[..len]), "{len}");
        }
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["archer-mr200-v1", "archer-c2-v1"];
        for slip in ["archer-mr20-v1", "Archer_MR200", "archer-rm200-v1"] {
            assert_eq!(did_you_mean(slip, known), Some("archer-mr200-v1"), "{slip}");
        }
        assert_eq!((did_you_mean("zzz", known), did_you_mean("gpio2", [])), (None, None));
        assert_eq!(did_you_mean(&"a".repeat(1 << 20), known), None);
    }

    #[test]
    fn bytes_as_hex_and_their_entropy() {
        assert_eq!((hex(&[]).as_str(), hex(&[0xef, 0x40]).as_str()), ("", "ef40"));
        assert_eq!(hex_with(&[0x30, 0xb5, 0], ":"), "30:b5:00");
        assert_eq!((entropy(&[]), entropy(&[7; 100]), entropy(&[0, 1].repeat(50))), (0.0, 0.0, 1.0));
        assert_eq!(entropy(&(0..=255).collect::<Vec<u8>>()), 8.0);
    }

    #[test]
    fn hex_is_pairs_of_digits_and_no_sign() {
        assert_eq!(unhex("00EF40"), Some(vec![0, 0xef, 0x40]));
        assert_eq!(
            [unhex("0"), unhex("0g"), unhex("é"), unhex("+1"), unhex("-1")],
            [None, None, None, None, None]
        );
        assert!(parse_size("0x+10").is_err());
    }

    #[test]
    fn sizes_in_every_accepted_form() {
        for (text, bytes) in [
            ("0", 0),
            ("131072", 131_072),
            ("0x20000", 0x20000),
            ("128K", 131_072),
            ("8M", 8 << 20),
            ("8MiB", 8 << 20),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "K", "0x", "-1", "1.5M", "0xg", "99999999999999999999", "20000000000G"] {
            assert!(parse_size(text).unwrap_err().contains(&format!("'{text}'")), "{text}");
        }
    }

    #[test]
    fn clocks_in_every_accepted_form() {
        for (text, hz) in [("15MHz", 15_000_000), ("1.5mhz", 1_500_000), ("400k", 400_000), ("9600", 9600)] {
            assert_eq!(parse_hz(text), Ok(hz), "{text}");
        }
        for text in ["", "fast", "-3MHz", "0", "1e300", "nan", "99GHz"] {
            assert!(parse_hz(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shown_values_keep_what_matters() {
        assert_eq!(size(8 << 20), "8 MiB");
        assert_eq!((size(0), size(1), size(278)), ("0 bytes".into(), "1 byte".into(), "278 bytes".into()));
        assert_eq!((count(1, "page"), count(2, "page")), ("1 page".into(), "2 pages".into()));
        assert_eq!(size(1_966_362), "1.9 MiB");
        assert_eq!(hz(1_500_000), "1.5 MHz");
        assert_eq!(time(Duration::from_secs(200)), "3 min 20 s");
    }

    #[test]
    fn durations_and_sizes_as_people_say_them() {
        let micros = |us| time(Duration::from_micros(us));
        assert_eq!(
            [micros(0), micros(400), micros(134_700), micros(999_600)],
            ["0 ms", "0 ms", "135 ms", "1.0 s"]
        );
        assert_eq!([micros(1_500_000), micros(119_960_000)], ["1.5 s", "2 min 0 s"]);
        // Never 1024.0 of a smaller unit.
        assert_eq!(
            [size(MIB - 1), size(MIB - 100), size(MIB - KIB), size(KIB - 1)],
            ["1.0 MiB", "1023.9 KiB", "1023 KiB", "1023 bytes"]
        );
    }
}
