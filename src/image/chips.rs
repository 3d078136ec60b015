//! A flash of two chips that an Intel descriptor maps as one: their dumps joined, and the part that one dump holds.

use std::borrow::Cow;

use super::boards::Board;
use super::checks::Advice;
use super::container::intel::descriptor;
use super::donor::Donor;
use super::error::ImageError;
use super::layout::{Layout, Source};
use super::splice::Choice;
use super::whole::{Image, is_blank};
use crate::span::Span;

/// Joins the dumps of a flash's chips. One dump is taken as it is; of two, the one with the descriptor goes first, in
/// whichever order they are given.
///
/// # Errors
/// When no descriptor says that the dumps are two halves of one flash.
pub fn join(mut dumps: Vec<Image>) -> Result<Image, ImageError> {
    if dumps.len() == 1 {
        return Ok(dumps.remove(0));
    }
    let no = |why: String| ImageError::BadFile { what: "the dump of several chips".to_owned(), why };
    let [a, b] = <[Image; 2]>::try_from(dumps)
        .map_err(|given| no(format!("{} dumps are given, a flash has one chip or two", given.len())))?;
    let (found, first, second) = match (descriptor::parse(&a, 0), descriptor::parse(&b, 0)) {
        (Some(_), Some(_)) => {
            return Err(no("both start with an Intel descriptor: which is the first chip?".to_owned()));
        }
        (Some(found), None) => (found, a, b),
        (None, Some(found)) => (found, b, a),
        (None, None) => {
            return Err(no(
                "neither starts with an Intel descriptor, which alone says how two chips are one flash"
                    .to_owned(),
            ));
        }
    };
    let lens = [first.len() as u64, second.len() as u64];
    if found.chips != lens {
        let said: Vec<String> = found.chips.iter().map(|len| format!("{len:#x}")).collect();
        return Err(no(format!(
            "the descriptor is for chips of {} bytes, the dumps have {:#x} and {:#x}",
            if said.is_empty() { "unknown numbers of".to_owned() } else { said.join(" and ") },
            lens[0],
            lens[1]
        )));
    }
    Ok(Image::new([&first[..], &second[..]].concat()))
}

/// The parts of an image of all of a flash of two chips, by the map of `board`: the first chip's, the second's. `None` for a
/// flash of one chip, and where the image is of one of two.
pub fn halves(board: &Board, image: &[u8]) -> Option<[Span; 2]> {
    let [first, second] = *board.layout.chips.as_slice() else { return None };
    let all = first.checked_add(second)?;
    (image.len() as u64 == all).then(|| [Span::new(0, first), Span::new(first, all)])
}

/// The chip that a dump is of, where the map is for two and the dump is of one.
fn chip_of(layout: &Layout, chip_size: u64, dump: &[u8]) -> Option<(&'static str, Span)> {
    let [first, second] = *layout.chips.as_slice() else { return None };
    let len = dump.len() as u64;
    let starts = descriptor::parse(dump, 0).is_some();
    match () {
        () if len == chip_size => None,
        () if len == first && starts => Some(("first", Span::new(0, first))),
        () if len == second && !starts => Some(("second", Span::new(first, first + second))),
        () => None,
    }
}

/// The board with only those regions that lie whole in the chip that `dump` is of; the board itself where the dump is
/// of all of its flash, or of nothing known.
pub fn part_of<'b>(board: &'b Board, dump: &[u8]) -> Cow<'b, Board> {
    let Some((which, chip)) = chip_of(&board.layout, board.chip_size, dump) else {
        return Cow::Borrowed(board);
    };
    let mut part = board.clone();
    part.chip_size = chip.len();
    part.layout.chip_size = Some(chip.len());
    part.layout.chips.clear();
    let (inside, outside): (Vec<_>, Vec<_>) =
        std::mem::take(&mut part.layout.regions).into_iter().partition(|region| chip.covers(region.span));
    part.layout.regions = inside;
    part.layout.crossing.retain(|region| region.span.overlaps(chip));
    for region in part.layout.regions.iter_mut().chain(&mut part.layout.crossing) {
        region.per_unit.retain(|unit| chip.covers(unit.span));
        region.per_unit.iter_mut().for_each(|unit| unit.span = down(unit.span, chip));
        region.span = down(region.span, chip);
    }
    let names: Vec<&str> = outside.iter().map(|region| region.name.as_str()).collect();
    part.layout.notes.push(format!("the {which} of two chips: {} not whole in it", names.join(", ")));
    Cow::Owned(part)
}

/// The choice without the regions that are not whole in this chip and that are to stay the board's own.
///
/// # Errors
/// [`ImageError::Undecided`] where such a region is to come from elsewhere, with what to give instead.
pub fn choice_in(whole: &Board, part: &Board, choice: &Choice) -> Result<Choice, ImageError> {
    let lost = |name: &str| whole.layout.region(name).filter(|_| part.layout.region(name).is_none());
    let mut left = choice.clone();
    left.sources.retain(|name, source| *source != Source::Own || lost(name).is_none());
    match left.sources.keys().find_map(|name| lost(name)) {
        None => Ok(left),
        Some(region) => Err(ImageError::Undecided {
            why: format!(
                "{}: the dump is of one of two chips, and {} ({}) is not whole in it",
                whole.name, region.name, region.span
            ),
            advice: Advice::BothDumps,
        }),
    }
}

/// Which part of a result made over `base` is for the chip on the clip, which has `size` bytes and holds `current`: of a
/// flash of two chips, the one that the chip is. `None` for all of it.
///
/// # Errors
/// [`ImageError::NotForThisBoard`] where the chip on the clip is the other one, or which it is is not known.
pub fn on_clip(board: &Board, base: &[u8], size: u64, current: &[u8]) -> Result<Option<Span>, ImageError> {
    let [first, second] = *board.layout.chips.as_slice() else { return Ok(None) };
    let no = |why: &str| Err(ImageError::NotForThisBoard { board: board.name.clone(), why: why.to_owned() });
    let starts = descriptor::parse(current, 0).is_some();
    let second_on_first = "the chip on the clip starts with an Intel descriptor, it is the first of two, and the dump is \
                           of the second: put the clip onto the other chip";
    if let Some((which, _)) = chip_of(&board.layout, board.chip_size, base) {
        // Halves of one length: the contents alone tell which chip is on the clip.
        return match which {
            "second" if starts => no(second_on_first),
            "first" if first == second && !starts && !is_blank(current) => no(
                "the dump is of the first of two chips of one size, and the chip on the clip has no Intel descriptor: it \
                 is the second, or damaged; write to a damaged one with 'write'",
            ),
            _ => Ok(None),
        };
    }
    let Some(halves) = halves(board, base).filter(|_| size != first + second) else { return Ok(None) };
    Ok(Some(match halves.map(|half| half.len() == size) {
        [true, false] => halves[0],
        [false, true] if starts => return no(second_on_first),
        [false, true] => halves[1],
        [true, true] if starts => halves[0],
        [true, true] if is_like(current, halves[1].of(base).unwrap_or_default()) => halves[1],
        [true, true] => {
            return no(
                "both chips have the size of the one on the clip, and its contents do not show which it is: give the \
                 dump of this one chip",
            );
        }
        [false, false] => return Ok(None),
    }))
}

/// The board with its regions as far as they lie in the part `chip` of its flash, counted from the part's start.
pub fn clipped(board: &Board, chip: Span) -> Board {
    let mut part = board.clone();
    (part.chip_size, part.layout.chip_size) = (chip.len(), Some(chip.len()));
    part.layout.chips.clear();
    part.layout.regions.retain(|region| region.span.overlaps(chip));
    part.layout.crossing.retain(|region| region.span.overlaps(chip));
    for region in part.layout.regions.iter_mut().chain(&mut part.layout.crossing) {
        region.per_unit.retain(|unit| chip.covers(unit.span));
        region.per_unit.iter_mut().for_each(|unit| unit.span = down(unit.span, chip));
        region.span = down(region.span, chip);
    }
    part
}

/// What of `span` lies in `chip`, counted from its start.
pub(crate) fn down(span: Span, chip: Span) -> Span {
    Span::new(span.start.max(chip.start) - chip.start, span.end.min(chip.end) - chip.start)
}

/// True where at least half of the blocks of 4 KiB that are not blank are the same in both.
fn is_like(a: &[u8], b: &[u8]) -> bool {
    let blocks = a.chunks(0x1000).zip(b.chunks(0x1000)).filter(|(a, b)| !is_blank(a) && !is_blank(b));
    let (all, same) = blocks.fold((0, 0), |(all, same), (a, b)| (all + 1, same + usize::from(a == b)));
    all > 0 && same * 2 >= all
}

/// The donors; of one that is a dump of all of the flash, the same part that `base` is.
pub fn same_part<'d>(board: &Board, base: &[u8], donors: &'d [Donor]) -> Vec<Cow<'d, Donor>> {
    let chip = chip_of(&board.layout, board.chip_size, base).map(|(_, chip)| chip);
    let cut = |donor: &'d Donor| {
        let whole = donor.bytes.len() as u64 == board.chip_size;
        let bytes = chip.filter(|_| whole).and_then(|chip| chip.of(&donor.bytes));
        bytes
            .map_or(Cow::Borrowed(donor), |bytes| Cow::Owned(Donor::new(donor.name.as_str(), bytes.to_vec())))
    };
    donors.iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::tests::Made;
    use crate::image::synthetic::noise;
    use crate::image::{layouts, splice};

    const FIRST: usize = 0x10_0000;
    const SECOND: usize = 0x8_0000;

    /// Descriptor, ME and an own region in the first chip, BIOS across, one region in the second.
    fn flash(seed: u64) -> Vec<u8> {
        let regions =
            [(0, 0, 0x1000), (2, 0x1000, 0x8_0000), (1, 0x8_0000, 0x14_0000), (4, 0x14_0000, 0x18_0000)];
        let made = Made { chips: 2, components: 1, ..Made::old(&regions) };
        let mut bytes = made.bytes();
        bytes.extend(noise(seed, FIRST + SECOND - 0x1000));
        bytes
    }

    fn board(bytes: &[u8]) -> Board {
        Board::from_layout("pc", layouts::parse_any(bytes, None).unwrap()).unwrap()
    }

    fn run(base: &[u8], donor: &[u8], set: &str) -> Result<Vec<u8>, ImageError> {
        let mut choice = Choice::default();
        choice.set(set).unwrap();
        let board = board(&flash(1)[..FIRST]);
        let spliced =
            splice(&Image::new(base.to_vec()), &[Donor::new("d", donor.to_vec())], &board, &choice)?;
        Ok(spliced.image.to_vec())
    }

    #[test]
    fn two_dumps_are_joined_by_the_descriptor() {
        let all = flash(1);
        let halves = [Image::new(all[..FIRST].to_vec()), Image::new(all[FIRST..].to_vec())];
        let [first, second] = halves.clone();
        assert!(join(vec![first.clone(), second.clone()]).unwrap()[..] == all[..]);
        assert!(join(vec![second.clone(), first.clone()]).unwrap()[..] == all[..], "in either order");
        assert!(join(vec![first.clone()]).unwrap()[..] == first[..]);
        for (dumps, words) in [
            (vec![first.clone(), first.clone()], "both start"),
            (vec![second.clone(), second.clone()], "neither starts"),
            (vec![first.clone(), Image::new(vec![1; 0x1000])], "0x100000 and 0x80000 bytes, the dumps have"),
            (vec![first.clone(), second.clone(), second], "3 dumps"),
            (vec![], "0 dumps"),
        ] {
            let error = join(dumps).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn an_image_of_both_chips_is_cut_at_the_end_of_the_first() {
        let all = flash(1);
        let board = board(&all);
        assert_eq!(
            halves(&board, &all),
            Some([Span::new(0, FIRST as u64), Span::new(FIRST as u64, (FIRST + SECOND) as u64)])
        );
        assert_eq!(
            (halves(&board, &all[..FIRST]), halves(&clipped(&board, Span::new(0, 0x8_0000)), &all)),
            (None, None)
        );
    }

    #[test]
    fn one_chip_is_spliced_by_the_regions_that_lie_in_it() {
        let (own, other) = (flash(1), flash(2));
        let with = |from: usize, to: usize| {
            let mut bytes = own.clone();
            bytes[from..to].copy_from_slice(&other[from..to]);
            bytes
        };
        let me = with(0x1000, 0x8_0000);
        assert!(run(&own[..FIRST], &other[..FIRST], "me=d").unwrap() == me[..FIRST]);
        assert!(run(&own[..FIRST], &other, "me=d").unwrap() == me[..FIRST], "of a dump of both");
        let pd = with(0x14_0000, 0x18_0000);
        assert!(run(&own[FIRST..], &other[FIRST..], "pd=d").unwrap() == pd[FIRST..], "the second chip");
        assert!(run(&own[..FIRST], &other, "bios=own").unwrap() == own[..FIRST], "stays as it is");
        assert!(run(&own, &other, "bios=d").unwrap() == with(0x8_0000, 0x14_0000));
        for (base, set) in [(&own[..FIRST], "bios=d"), (&own[FIRST..], "me=d"), (&own[..FIRST], "pd=d")] {
            let error = run(base, &other, set).unwrap_err().to_string();
            assert!(error.contains("is not whole in it"), "{error}");
        }
        assert!(run(&own[..0xf_0000], &other, "me=d").is_err(), "cut short");
    }
}
