//! What a security register holds that a person may know: texts and MAC addresses.

use crate::image::unit::{Mac, mac_text, parse_mac};

/// Shorter runs of letters are chance.
const TEXT: usize = 6;

/// Runs of printable letters.
pub fn texts(bytes: &[u8]) -> Vec<String> {
    let printable = |byte: &u8| (0x20..0x7f).contains(byte);
    let runs = bytes.split(|byte| !printable(byte)).filter(|run| run.len() >= TEXT);
    runs.map(|run| String::from_utf8_lossy(run).into_owned()).collect()
}

/// What may be MAC addresses: written out, or six bytes at the edge of data with a maker's first three.
pub fn macs(bytes: &[u8]) -> Vec<String> {
    let written = texts(bytes).into_iter().flat_map(|text| {
        let found: Vec<String> = text
            .as_bytes()
            .windows(17)
            .filter_map(|w| std::str::from_utf8(w).ok().and_then(parse_mac))
            .map(mac_text)
            .collect();
        found
    });
    let raw = bytes.split(|byte| *byte == 0xff).filter(|run| run.len() == 6);
    let raw = raw.filter_map(|run| Mac::try_from(run).ok());
    // A unicast address that is not empty, and no text.
    let raw =
        raw.filter(|mac| mac[0] & 1 == 0 && mac[..3] != [0; 3] && !mac.iter().all(u8::is_ascii_graphic));
    let mut found: Vec<String> = written.chain(raw.map(mac_text)).collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_addresses_are_found_and_noise_is_not() {
        let mut bytes = vec![0xff; 64];
        bytes[..26].copy_from_slice(b"OPERATOR 30:b5:c2:a1:b2:c3");
        bytes[40..46].copy_from_slice(&[0x30, 0xb5, 0xc2, 1, 2, 3]);
        assert_eq!(texts(&bytes), ["OPERATOR 30:b5:c2:a1:b2:c3"]);
        assert_eq!(macs(&bytes), ["30:b5:c2:a1:b2:c3", "30:b5:c2:01:02:03"]);
        assert!(macs(&[1, 2, 3, 4, 5, 6]).is_empty(), "a group address");
        assert!(macs(&[0xff; 32]).is_empty() && texts(&[0xff; 32]).is_empty());
    }
}
