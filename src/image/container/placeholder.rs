//! Addresses that tools and reference designs put where a unit's own belongs.
//!
//! They are valid addresses, and a board that keeps one runs; two such boards in one network do not. Sources: Intel's
//! integrated GbE has 88:88:88:88:87:88 until a maker programs it (Slim Bootloader's documentation of its GbE feature;
//! boards of ASUS after an update); 00:02:03:04:05:06 and 00:03:7f with zeros are the templates in Linux ath9k
//! (ar9003_eeprom.c); 00:0c:43 is Ralink's prefix (IEEE), in MediaTek's reference blocks as 00:0c:43:26:60:00; 00:03:7f
//! and 00:13:74 are Atheros's (IEEE).

const RALINK: [u8; 3] = [0x00, 0x0c, 0x43];
const ATHEROS: [[u8; 3]; 2] = [[0x00, 0x03, 0x7f], [0x00, 0x13, 0x74]];
/// The bit of addresses given locally: often set for a second radio.
const LOCAL: u8 = 2;

/// What kind of placeholder an address is; `None` for one that is a unit's.
pub fn name(mac: &[u8; 6]) -> Option<&'static str> {
    let maker = [mac[0] & !LOCAL, mac[1], mac[2]];
    let steps: Vec<u8> = mac.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    // 00:02:03:04:05:06 counts from its second byte on.
    let counts = |step: u8| steps[1..].iter().all(|s| *s == step);
    let repeats = mac.iter().any(|b| mac.iter().filter(|other| *other == b).count() >= 5);
    let spelled = matches!(mac, [0xde, 0xad, ..] | [_, _, 0xde, 0xad, ..] | [_, 0xde, 0xad, ..]);
    match mac {
        _ if repeats || counts(1) || counts(0x11) || counts(0x22) || spelled => {
            Some("a placeholder, not a unit's address")
        }
        _ if maker == RALINK => Some("Ralink's own prefix: the board's maker gave the radio none"),
        _ if ATHEROS.contains(&maker) => Some("Atheros's own prefix: the board's maker gave the radio none"),
        [.., 0, 0, 0] => Some("a maker's prefix without a number"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_named_and_units_addresses_are_not() {
        for (mac, words) in [
            ([0x88, 0x88, 0x88, 0x88, 0x87, 0x88], "placeholder"),
            ([0x88, 0x88, 0x88, 0x88, 0x88, 0x88], "placeholder"),
            ([0x00, 0x00, 0x00, 0x00, 0x00, 0x01], "placeholder"),
            ([0x00, 0x02, 0x03, 0x04, 0x05, 0x06], "placeholder"),
            ([0x00, 0x01, 0x02, 0x03, 0x04, 0x05], "placeholder"),
            ([0x00, 0x11, 0x22, 0x33, 0x44, 0x55], "placeholder"),
            ([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc], "placeholder"),
            ([0xde, 0xad, 0xbe, 0xef, 0x00, 0x01], "placeholder"),
            ([0x00, 0xde, 0xad, 0xc0, 0xff, 0xee], "placeholder"),
            ([0x00, 0x0c, 0x43, 0x26, 0x60, 0x00], "Ralink"),
            ([0x02, 0x0c, 0x43, 0x28, 0x80, 0x43], "Ralink"),
            ([0x00, 0x03, 0x7f, 0x00, 0x00, 0x00], "Atheros"),
            ([0x00, 0x13, 0x74, 0x12, 0x34, 0x56], "Atheros"),
            ([0x14, 0xcc, 0x20, 0x00, 0x00, 0x00], "without a number"),
        ] {
            assert!(name(&mac).is_some_and(|text| text.contains(words)), "{mac:02x?}");
        }
        for mac in [
            [0x02, 0x00, 0x5e, 0xaa, 0x00, 0x01],
            [0x02, 0x00, 0x5e, 0x66, 0x00, 0x00],
            [0x30, 0xb5, 0xc2, 0xa1, 0xb2, 0xc3],
            [0x00, 0x1b, 0x21, 0x01, 0x02, 0x03],
            [0x00, 0x1b, 0x21, 0x44, 0x55, 0x66],
        ] {
            assert_eq!(name(&mac), None, "{mac:02x?}");
        }
    }
}
