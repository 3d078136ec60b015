//! The GbE NVM of Intel's network controllers: two copies, of which one is valid.
//!
//! The region is halved and each half starts with a copy of 128 little-endian words. Words 0 to 2 are the address; bits
//! 15:14 of word 13h are 10b in a valid copy; words 0 to 3Fh add up to BABA. A copy that was given up has the mark
//! cleared after its sum, which then is 3ABA. Facts: Linux e1000e (ich8lan.c: valid bank, bank size; nvm.h: sum),
//! coreboot util/bincfg (gbe specification).

use serde_json::json;

use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, mac_at, mac_text, slice, u16_at};
use crate::image::container::item::{Found, Item, ItemKind, Outcome};
use crate::image::container::placeholder;
use crate::image::is_blank;

/// The kind of the item of a file of its own.
pub const KIND: ItemKind = ItemKind::new("gbe-nvm");

/// What the words of a copy add up to.
pub const SUM: u16 = 0xbaba;
/// The same without the mark.
const SUM_GIVEN_UP: u16 = 0x3aba;
/// Words under the sum; the last of them makes it up.
const SUMMED_WORDS: usize = 0x40;
/// The word with the mark, and the mark.
const MARK_WORD: usize = 0x13;
const MARK_MASK: u16 = 0xc000;
const MARK: u16 = 0x8000;
/// Lengths that a file of the NVM alone has: two copies of 4 KiB, and the larger ones that flashes have room for.
const FILE_LENGTHS: [usize; 3] = [0x2000, 0x4000, 0x2_0000];

/// One of the two copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Offset of its first byte in the region.
    pub offset: usize,
    /// Its address, where it is one that a single station can have.
    pub mac: Option<[u8; 6]>,
    /// True where it has the mark of a valid copy.
    pub marked: bool,
    /// What its words add up to.
    pub sum: u16,
    /// True where it is erased.
    pub blank: bool,
}

impl Copy {
    /// True for a copy that a driver takes and whose sum holds.
    pub fn is_valid(&self) -> bool {
        self.marked && self.sum == SUM
    }

    /// `valid`, `given up`, `blank` or `damaged`.
    pub fn state(&self) -> &'static str {
        match self {
            _ if self.is_valid() => "valid",
            Self { blank: true, .. } => "blank",
            Self { marked: true, .. } => "damaged",
            _ => "given up",
        }
    }
}

/// Both copies in a region; `None` where it is too short for them.
pub fn copies(region: &[u8]) -> Option<[Copy; 2]> {
    let half = region.len() / 2;
    Some([copy(region, 0)?, copy(region.get(half..)?, half)?])
}

fn copy(bytes: &[u8], offset: usize) -> Option<Copy> {
    let words = slice(bytes, 0, 2 * SUMMED_WORDS)?;
    Some(Copy {
        offset,
        mac: mac_at(words, 0),
        marked: u16_at(words, 2 * MARK_WORD, Little)? & MARK_MASK == MARK,
        sum: sum(words),
        blank: is_blank(words),
    })
}

fn sum(words: &[u8]) -> u16 {
    words.chunks_exact(2).fold(0, |sum, word| sum.wrapping_add(u16::from_le_bytes([word[0], word[1]])))
}

/// The copy that a driver takes: the first one with the mark.
pub fn active(copies: &[Copy; 2]) -> Option<&Copy> {
    copies.iter().find(|copy| copy.marked)
}

/// The port's address: the active copy's, else that of a copy given up.
pub fn mac(region: &[u8]) -> Option<[u8; 6]> {
    let copies = copies(region)?;
    active(&copies).and_then(|copy| copy.mac).or_else(|| copies.iter().find_map(|copy| copy.mac))
}

/// The region with `mac` in every valid copy, and the sum made anew; a copy that is not valid stays as it is. `None`
/// where no copy is valid.
pub fn with_mac(region: &[u8], mac: [u8; 6]) -> Option<Vec<u8>> {
    let copies = copies(region)?;
    let mut bytes = region.to_vec();
    for copy in copies.iter().filter(|copy| copy.is_valid()) {
        let words = &mut bytes[copy.offset..copy.offset + 2 * SUMMED_WORDS];
        words[..6].copy_from_slice(&mac);
        let last = 2 * SUMMED_WORDS - 2;
        let rest = SUM.wrapping_sub(sum(&words[..last]));
        words[last..].copy_from_slice(&rest.to_le_bytes());
    }
    copies.iter().any(Copy::is_valid).then_some(bytes)
}

/// Why the port has no NVM that holds: no copy is valid.
pub fn fault(region: &[u8]) -> Option<&'static str> {
    let copies = copies(region)?;
    (!copies.iter().any(Copy::is_valid)).then_some("has no copy with the mark of a valid one whose sum holds")
}

/// What keeps another address when one is written, though a driver may take it: a copy with the mark whose sum does not hold.
pub fn passed_over(region: &[u8]) -> Option<String> {
    let copies = copies(region)?;
    let damaged = copies.iter().find(|copy| copy.marked && !copy.is_valid())?;
    let mac = damaged.mac.map_or("no address".to_owned(), |mac| mac_text(&mac));
    let first = active(&copies) == Some(damaged);
    Some(format!(
        "the copy at {:#x} of it has the mark of a valid one and a sum that does not hold: it stays as it is, with {mac}{}",
        damaged.offset,
        if first {
            "; it is the first with the mark, so that a driver takes it before the other one"
        } else {
            ""
        }
    ))
}

/// Adds to `item` what is known of the NVM in `region`.
pub(super) fn describe(item: Item, region: &[u8]) -> Item {
    let Some(copies) = copies(region) else {
        return item.check("gbe-checksum", Outcome::Bad, "the region is too short for two copies");
    };
    let list: Vec<serde_json::Value> = copies
        .iter()
        .map(|c| json!({ "offset": c.offset, "state": c.state(), "mac": c.mac.map(|mac| mac_text(&mac)) }))
        .collect();
    let mac = mac(region);
    let (result, detail) = match active(&copies) {
        Some(copy) if copy.is_valid() => (Outcome::Ok, String::new()),
        Some(copy) => (Outcome::Bad, format!("expected {SUM:#06x}, found {:#06x}", copy.sum)),
        None if copies.iter().all(|copy| copy.blank) => (Outcome::Bad, "both copies are blank".to_owned()),
        None => (Outcome::Bad, "no copy has the mark of a valid one".to_owned()),
    };
    item.with_some("gbe_mac", mac.map(|mac| mac_text(&mac)))
        .with_some("gbe_mac_note", mac.and_then(|mac| placeholder::name(&mac)))
        .with("gbe_copies", list)
        .check("gbe-checksum", result, detail)
}

/// Reads a file that is a GbE NVM and nothing else: by its length, and a copy whose sum holds.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let alone = at == 0 && FILE_LENGTHS.contains(&bytes.len());
    let copies = alone.then(|| copies(bytes))??;
    let known = |copy: &Copy| copy.is_valid() || (!copy.marked && copy.sum == SUM_GIVEN_UP);
    if !copies.iter().any(|copy| !copy.blank && copy.mac.is_some() && known(copy)) {
        return None;
    }
    Some(Found::leaf(describe(Item::new(KIND, 0, bytes.len() as u64), bytes)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) const MAC: [u8; 6] = [0x00, 0x1b, 0x21, 1, 2, 3];
    const OLD: [u8; 6] = [0x00, 0x1b, 0x21, 9, 9, 9];
    const NEW: [u8; 6] = [0x02, 0, 0, 0, 0, 0x77];

    /// A copy of 4 KiB with the mark and a right sum.
    pub(crate) fn bank(mac: [u8; 6]) -> Vec<u8> {
        let mut bytes = vec![0xff; 0x1000];
        for (i, byte) in bytes[..0x80].iter_mut().enumerate() {
            *byte = (i * 29 + 3) as u8;
        }
        bytes[..6].copy_from_slice(&mac);
        bytes[2 * MARK_WORD + 1] = bytes[2 * MARK_WORD + 1] & 0x3f | 0x80;
        let rest = SUM.wrapping_sub(sum(&bytes[..0x7e]));
        bytes[0x7e..0x80].copy_from_slice(&rest.to_le_bytes());
        bytes
    }

    fn given_up(mac: [u8; 6]) -> Vec<u8> {
        let mut bytes = bank(mac);
        bytes[2 * MARK_WORD + 1] &= 0x3f;
        bytes
    }

    fn item(region: &[u8]) -> Item {
        describe(Item::new(KIND, 0, 0), region)
    }

    #[test]
    fn the_marked_copy_counts_wherever_it_is() {
        for region in [[given_up(OLD), bank(MAC)].concat(), [bank(MAC), given_up(OLD)].concat()] {
            let item = item(&region);
            assert!(item.is_sound(), "{item:?}");
            assert_eq!(item.attributes["gbe_mac"], "00:1b:21:01:02:03");
        }
        let states = item(&[given_up(OLD), bank(MAC)].concat()).attributes["gbe_copies"].clone();
        assert_eq!((&states[0]["state"], &states[1]["state"]), (&"given up".into(), &"valid".into()));
        // Larger regions are halved too.
        let large = [given_up(OLD), vec![0xff; 0xf000], bank(MAC), vec![0xff; 0xf000]].concat();
        assert_eq!(mac(&large), Some(MAC));
    }

    #[test]
    fn a_bad_sum_in_the_copy_that_is_taken_and_no_mark_at_all_are_bad() {
        let mut broken = bank(MAC);
        broken[0x40] ^= 1;
        for region in [
            [broken.clone(), broken.clone()].concat(),
            [broken, bank(MAC)].concat(),
            [given_up(MAC), given_up(MAC)].concat(),
            vec![0xff; 0x2000],
        ] {
            assert_eq!(item(&region).result("gbe-checksum"), Some(Outcome::Bad));
        }
        assert_eq!(item(&[0; 0x80]).result("gbe-checksum"), Some(Outcome::Bad), "too short");
    }

    #[test]
    fn an_address_goes_into_valid_copies_with_a_new_sum() {
        let region = [bank(MAC), bank(MAC)].concat();
        let new = with_mac(&region, NEW).unwrap();
        assert!(copies(&new).unwrap().iter().all(|copy| copy.is_valid() && copy.mac == Some(NEW)));
        let changed: Vec<usize> = (0..region.len()).filter(|i| new[*i] != region[*i]).collect();
        assert!(
            changed.iter().all(|at| at % 0x1000 < 6 || (0x7e..0x80).contains(&(at % 0x1000))),
            "{changed:x?}"
        );
        let region = [given_up(OLD), bank(MAC)].concat();
        let new = with_mac(&region, NEW).unwrap();
        assert!(new[..0x1000] == region[..0x1000] && mac(&new) == Some(NEW));
        assert_eq!(with_mac(&[given_up(OLD), given_up(OLD)].concat(), NEW), None);
    }

    #[test]
    fn a_damaged_copy_with_the_mark_is_named_where_an_address_is_written() {
        let mut damaged = bank(OLD);
        damaged[0x40] ^= 1;
        let region = [damaged.clone(), bank(MAC)].concat();
        let new = with_mac(&region, NEW).unwrap();
        assert!(new[..0x1000] == damaged && copies(&new).unwrap()[1].mac == Some(NEW));
        let words = passed_over(&region).unwrap();
        assert!(words.contains("copy at 0x0") && words.contains("00:1b:21:09:09:09"), "{words}");
        assert!(words.contains("takes it before"), "{words}");
        let words = passed_over(&[bank(MAC), damaged].concat()).unwrap();
        assert!(words.contains("copy at 0x1000") && !words.contains("takes it before"), "{words}");
        for sound in [[bank(MAC), bank(MAC)], [given_up(OLD), bank(MAC)]] {
            assert_eq!(passed_over(&sound.concat()), None);
        }
    }

    #[test]
    fn a_file_of_it_alone_is_known_and_noise_of_that_length_is_not() {
        let file = [given_up(OLD), bank([0x88, 0x88, 0x88, 0x88, 0x87, 0x88])].concat();
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert_eq!((item.kind, item.size, item.is_sound()), (KIND, 0x2000, true));
        assert!(item.attributes["gbe_mac_note"].as_str().unwrap().contains("placeholder"), "{item:?}");
        assert!(find(&mut Look::new(&[&file[..], &[0xff]].concat()), 0).is_none());
        for seed in 0..64 {
            assert!(find(&mut Look::new(&crate::image::synthetic::noise(seed, 0x2000)), 0).is_none());
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x200)) {
            let _ = (item(&bytes), with_mac(&bytes, NEW), mac(&bytes));
        }
    }
}
