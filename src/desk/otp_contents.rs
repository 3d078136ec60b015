//! What security registers hold that a person may know: texts and MAC addresses, and what they mean together.

use crate::flash::SecurityRegister;
use crate::image::unit::{Mac, mac_text, parse_mac};
use crate::report::otp_verdict;

/// Shorter runs of letters are chance.
const TEXT: usize = 6;

/// A security register, with the texts and MAC addresses found in it.
#[derive(Clone, Debug)]
pub struct ShownRegister<'a> {
    /// The register.
    pub register: &'a SecurityRegister,
    /// Texts in its bytes.
    pub texts: Vec<String>,
    /// MAC addresses in its bytes, written out.
    pub macs: Vec<String>,
}

/// All registers of a chip for a person to read, and what they mean together.
#[derive(Clone, Debug)]
pub struct ShownRegisters<'a> {
    /// The registers, in order.
    pub registers: Vec<ShownRegister<'a>>,
    /// Whether they can explain a firmware that does not start.
    pub verdict: String,
}

/// What is found in the registers of a chip.
pub fn shown(registers: &[SecurityRegister]) -> ShownRegisters<'_> {
    let locks: Vec<Option<bool>> = registers.iter().map(|register| register.locked).collect();
    let verdict = otp_verdict(registers.len(), registers.iter().all(|register| register.blank), &locks);
    let all = registers.iter().map(|register| ShownRegister {
        register,
        texts: texts(&register.bytes),
        macs: macs(&register.bytes),
    });
    ShownRegisters { registers: all.collect(), verdict }
}

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
