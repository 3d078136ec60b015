//! The supply a chip wants, judged by its id alone: answered before any register is touched.
//!
//! First-two-byte groups are those where every row of every table is 1.8 V; in mixed groups the id's own rows decide.

use super::load::by_id;

/// What an id says about the supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// 3 V class, or wide enough for it.
    Fits3V3,
    /// 1.8 V class: 3.3 V may destroy it.
    Low,
    /// Some parts with this id are 1.8 V, some are not: SFDP or the extended id has to settle it.
    Mixed,
    /// Nothing is known of this id.
    Unknown,
}

/// Groups of ids, by their first two bytes after continuation codes, that hold only 1.8 V parts.
const LOW_GROUPS: [[u8; 2]; 32] = [
    [0xEF, 0x50],
    [0xEF, 0x60],
    [0xEF, 0x61],
    [0xEF, 0x80],
    [0xEF, 0x8A],
    [0xEF, 0x8E],
    [0xC8, 0x60],
    [0xC8, 0x63],
    [0xC8, 0x66],
    [0xC8, 0x67],
    [0x20, 0xBB],
    [0x20, 0x41],
    [0x20, 0x50],
    [0x9D, 0x70],
    [0x1C, 0x38],
    [0x1C, 0x48],
    [0x1C, 0x78],
    [0x1F, 0x42],
    [0x5E, 0x50],
    [0x68, 0x60],
    [0xBA, 0x42],
    [0xE0, 0x60],
    [0xE5, 0x40],
    [0xE5, 0x41],
    [0xE5, 0x42],
    [0xF8, 0x42],
    [0xC2, 0x25],
    // Not in the list of groups, but every row of these two is 1.8 V as well.
    [0xEF, 0x5B],
    [0xBA, 0x43],
    [0x5E, 0x10],
    [0xF8, 0x41],
    [0x20, 0x44],
];

/// Whether a chip with this id wants 1.8 V, as far as the id alone can say.
pub fn supply_of_id(id: &[u8]) -> Supply {
    let rows = by_id(id);
    let low = rows.iter().filter(|p| p.low_voltage).count();
    let skip = id.iter().take_while(|b| **b == 0x7F).count();
    let group = id.get(skip..skip + 2).is_some_and(|g| LOW_GROUPS.iter().any(|low| low == g));
    match (rows.len(), low) {
        (0, _) if group => Supply::Low,
        (0, _) => Supply::Unknown,
        (all, low) if low == all => Supply::Low,
        (_, 0) if group && rows.iter().all(|p| p.voltage_mv.is_none()) => Supply::Low,
        (_, 0) => Supply::Fits3V3,
        _ => Supply::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flash::parts::parts;

    #[test]
    fn known_parts_are_judged_by_their_rows() {
        assert_eq!(supply_of_id(&[0xEF, 0x40, 0x17]), Supply::Fits3V3);
        assert_eq!(supply_of_id(&[0xEF, 0x60, 0x17]), Supply::Low);
        assert_eq!(supply_of_id(&[0xC8, 0x60, 0x17]), Supply::Low);
        assert_eq!(supply_of_id(&[0xC2, 0x25, 0x36]), Supply::Mixed, "MX25L3239E hides among MX25U");
        assert_eq!(
            supply_of_id(&[0xC2, 0x25, 0x15]),
            Supply::Fits3V3,
            "MX25L1635E, the exception in its group"
        );
        assert_eq!(supply_of_id(&[0x85, 0x60, 0x15]), Supply::Fits3V3, "Puya's 8560 is wide, not 1.8 V");
        assert_eq!(supply_of_id(&[0x01, 0x20, 0x18]), Supply::Mixed, "FS-S and FL-S by extended id");
    }

    #[test]
    fn an_unknown_part_of_a_low_group_counts_as_low() {
        assert_eq!(supply_of_id(&[0xEF, 0x80, 0x77]), Supply::Low);
        assert_eq!(supply_of_id(&[0x7F, 0x9D, 0x70, 0x77]), Supply::Low);
        assert_eq!(supply_of_id(&[0xEF, 0x40, 0x77]), Supply::Unknown);
        assert_eq!(supply_of_id(&[0xEF]), Supply::Unknown);
    }

    /// Parts that had no supply in the table and were written to at 3.3 V: their makers' naming codes say 1.8 V.
    #[test]
    fn naming_codes_tell_parts_of_1v8_whose_rows_say_nothing() {
        for (id, name) in [
            ([0xC8, 0x68, 0x18], "GD25LX128J"),
            ([0xC8, 0x68, 0x19], "GD25LX256E"),
            ([0x9D, 0x5B, 0x18], "IS25WX128"),
            ([0x9D, 0x5B, 0x19], "IS25WX256"),
            ([0x9D, 0x71, 0x18], "IS25WJ128F"),
            ([0xEF, 0xA0, 0x20], "W25H512NW-AM"),
            ([0xEF, 0xA0, 0x21], "W25H01NW-AM"),
            ([0xEF, 0xA0, 0x22], "W25H02NW-AM"),
        ] {
            assert_eq!(supply_of_id(&id), Supply::Low, "{name}");
            let part = parts().iter().find(|part| part.name == name).expect(name);
            assert!(part.low_voltage && part.jedec_id == id, "{name}");
        }
        for (id, alias) in [([0x85, 0x60, 0x13], "P25D40SH"), ([0x68, 0x40, 0x17], "BH25Q64BS")] {
            let named = |part: &&crate::flash::part::Part| part.aliases.iter().any(|name| name == alias);
            assert!(by_id(&id).iter().any(named), "{alias}");
        }
    }

    /// No row of a low group may say that it takes 3.3 V, but for the named exceptions.
    #[test]
    fn groups_and_rows_agree() {
        for part in parts() {
            let skip = part.jedec_id.iter().take_while(|b| **b == 0x7F).count();
            let group =
                part.jedec_id.get(skip..skip + 2).is_some_and(|g| LOW_GROUPS.iter().any(|low| low == g));
            let stands = part.voltage_mv.is_some_and(|(_, max)| max >= 3000);
            let exception = ["MX25L1635E", "MX25L3239E", "MX25L6439E", "AT25DF011"]
                .iter()
                .any(|n| part.name.starts_with(n));
            assert!(!(group && stands) || exception, "{} {:02X?}", part.name, part.jedec_id);
        }
    }
}
