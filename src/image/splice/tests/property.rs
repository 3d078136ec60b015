//! The rule that nothing else changes, over bases, donors and sources of all kinds.

use proptest::prelude::*;

use crate::image::few_cases::few;
use crate::image::splice::tests::*;
use crate::span::Span;

proptest! {
    #![proptest_config(few(8))]

    /// Bytes outside of the chosen regions are the base's, data of the unit stays, the size is the chip's, and the
    /// same input gives the same output.
    #[test]
    fn nothing_else_changes(
        sources in prop::collection::vec(0usize..4, 6),
        kind in 0usize..4,
        used_base in any::<bool>(),
    ) {
        let base = if used_base { openwrt_dump([0x85, 0x19, 3, 0x20]) } else { base() };
        let donor = match kind {
            0 => other_unit(),
            1 => web(),
            2 => sysupgrade(),
            _ => openwrt_dump([0x85, 0x19, 3, 0x20]),
        };
        let mut case = Case::new(donor).base(base.clone()).allow("all");
        for (region, source) in board().layout.regions.iter().zip(&sources) {
            if let Some(source) = ["own", "blank", "donor"].get(*source) {
                case = case.set(&format!("{}={source}", region.name));
            }
        }
        let Ok(spliced) = case.run() else { return Ok(()) };
        prop_assert_eq!(spliced.image.len(), CHIP);
        prop_assert!(case.run().unwrap().image == spliced.image);
        for ((name, source), row) in spliced.sources.iter().zip(&spliced.regions) {
            prop_assert_eq!(name, &row.name);
            let (was, is) = (&base[row.span.range()], &spliced.image[row.span.range()]);
            prop_assert_eq!(row.changes, was != is);
            if *source == Source::Own {
                prop_assert!(was == is, "{} changed", name);
            }
        }
        for unit in &spliced.units {
            let said = case.choice.sources.get(&unit.region);
            if !matches!(said, Some(Source::Donor(_))) {
                prop_assert!(unit.same, "{} changed", unit.name);
            }
        }
        // What the result was made from says how to make it again.
        let again = Choice {
            sources: spliced.sources.iter().cloned().collect(),
            ..case.choice.clone()
        };
        let again = splice(&Image::new(base), &case.donors, board(), &again);
        prop_assert!(again.unwrap().image == spliced.image);
    }
}

const SMALL_CHIP: u64 = 0x4_0000;
const SMALLEST: u64 = 0x1000;

/// A region as the strategy draws it: gap before it, length, role, and whether a kept unit's bytes are in it.
type Row = (u64, u64, usize, bool);

/// A board of which a layout is all that is known.
fn any_board(rows: &[Row]) -> Board {
    let mut next = 0;
    let mut regions = Vec::new();
    for (i, (gap, len, role, keep)) in rows.iter().enumerate() {
        let start = next + gap * SMALLEST;
        next = start + len * SMALLEST;
        if next > SMALL_CHIP {
            break;
        }
        // A board has one loader and one firmware.
        let names = ["u-boot", "firmware", "art", "config", "other"];
        let taken = |role: &usize| *role < 2 && rows[..i].iter().any(|row| row.2 == *role);
        let name = if taken(role) { "other" } else { names[*role] };
        let mut region = Region::named(name, Span::new(start, next));
        region.name = format!("{name}{i}");
        if *keep {
            let span = Span::new(start + 0x10, start + 0x16);
            let (kind, format) = (UnitKind::Mac, Format::MAC_BYTES);
            let mut unit = PerUnit::new(format!("MAC {i}"), span, kind, format);
            unit.keep = true;
            region.per_unit.push(unit);
        }
        regions.push(region);
    }
    Board::from_layout("any", Layout { regions, chip_size: Some(SMALL_CHIP), ..Layout::default() }).unwrap()
}

proptest! {
    #![proptest_config(few(64))]

    /// On any layout: every byte is where its region's source has it, what is kept is the base's, and what lies in no
    /// region is too.
    #[test]
    fn every_byte_of_any_layout_comes_from_where_it_was_said(
        rows in prop::collection::vec((0u64..3, 1u64..16, 0usize..5, any::<bool>()), 1..9),
        sources in prop::collection::vec(0usize..3, 9),
        mac in any::<[u8; 5]>(),
    ) {
        let board = any_board(&rows);
        let chip = |seed| {
            let mut chip = synthetic::noise(seed, SMALL_CHIP as usize);
            for (_, unit) in board.layout.per_unit() {
                chip[unit.span.start as usize] = 2;
                chip[unit.span.start as usize + 1..unit.span.end as usize].copy_from_slice(&mac);
                chip[unit.span.end as usize - 1] = seed as u8;
            }
            chip
        };
        let (base, donor) = (chip(1), chip(2));
        let mut choice = Choice { allow: Allow::new(["all"]), ..Choice::default() };
        for (region, source) in board.layout.regions.iter().zip(&sources) {
            choice.set(&format!("{}={}", region.name, ["own", "blank", "donor"][*source])).unwrap();
        }
        let made = splice(&Image::new(base.clone()), &[Donor::new("donor", donor.clone())], &board, &choice);
        // A region of the unit, or the loader's, that is to be blank never passes, whatever is allowed.
        let stays = |r: &Region| matches!(r.role, Role::Unit | Role::Loader);
        let erased = board.layout.regions.iter().zip(&sources).any(|(r, s)| *s == 1 && stays(r));
        prop_assert_eq!(made.is_err(), erased, "{:?}", made.err());
        let Ok(made) = made else { return Ok(()) };
        prop_assert_eq!(made.image.len() as u64, SMALL_CHIP);
        let kept: Vec<Span> = board.layout.per_unit().map(|(_, unit)| unit.span).collect();
        for at in 0..SMALL_CHIP {
            let region = board.layout.regions.iter().zip(&sources).find(|(r, _)| r.span.contains(at));
            let wanted = match region.filter(|_| !kept.iter().any(|span| span.contains(at))) {
                Some((_, 1)) => 0xff,
                Some((_, 2)) => donor[at as usize],
                _ => base[at as usize],
            };
            prop_assert_eq!(made.image[at as usize], wanted, "at {:#x}", at);
        }
    }
}
