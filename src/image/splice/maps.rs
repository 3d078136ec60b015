//! Intel descriptors compared with each other: what comes together must agree on where the regions are.
//!
//! The result has one descriptor, its own or a donor's. A source whose own descriptor has a region elsewhere cannot give
//! or keep that region by the result's offsets.

use super::resolve::Resolved;
use crate::image::checks::{Advice, DESCRIPTOR_DIFFERS, DESCRIPTOR_ME, Finding, Severity};
use crate::image::container::intel::descriptor::{self, Descriptor};
use crate::image::container::intel::me;
use crate::image::donor::{Anatomy, Kind};
use crate::image::layout::Source;
use crate::span::{Span, Spans};

/// Bytes of a donor for a place in the result, where the two are not at the same offset or belong to no region.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Move {
    donor: String,
    from: Span,
    to: u64,
}

/// What comparing the maps gave.
#[derive(Debug, Default)]
pub struct Maps {
    /// Where they contradict each other.
    pub findings: Vec<Finding>,
    moves: Vec<Move>,
}

impl Maps {
    /// Puts what lies elsewhere in its donor at its place.
    pub fn carry_out(&self, chip: &mut [u8], donors: &[Anatomy]) {
        for one in &self.moves {
            let donor = donors.iter().find(|d| d.donor.name == one.donor);
            let bytes = donor.and_then(|d| one.from.of(&d.donor.bytes));
            let place = Span::at(one.to, one.from.len()).and_then(|to| chip.get_mut(to.range()));
            if let (Some(bytes), Some(place)) = (bytes, place) {
                place.copy_from_slice(bytes);
            }
        }
    }
}

/// A region that two maps do not have alike: where the one and the other have it.
struct Difference {
    name: &'static str,
    spans: [Option<Span>; 2],
}

fn differences(a: &Descriptor, b: &Descriptor) -> Vec<Difference> {
    let mut names: Vec<&'static str> = a.regions.iter().chain(&b.regions).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    let spans = |name| [a.region(name), b.region(name)];
    let all = names.into_iter().map(|name| Difference { name, spans: spans(name) });
    all.filter(|difference| difference.spans[0] != difference.spans[1]).collect()
}

impl Difference {
    fn touches(&self, span: Span) -> bool {
        self.spans.iter().flatten().any(|own| own.overlaps(span))
    }

    /// Where the second map has the region that is at `place` in the first, where it is as long there.
    fn moved_from(&self, place: Span) -> Option<Span> {
        self.spans[1].filter(|other| self.spans[0] == Some(place) && other.len() == place.len())
    }

    fn words(&self, of: [&str; 2]) -> String {
        let place = |span: Option<Span>| span.map_or("nowhere".to_owned(), |span| span.to_string());
        format!(
            "{} is at {} in {} and at {} in {}",
            self.name,
            place(self.spans[0]),
            of[0],
            place(self.spans[1]),
            of[1]
        )
    }
}

const OWN: &str = "the board's own dump";

/// Compares the descriptors of all that the result is made of.
pub fn compare(base: &[u8], donors: &[Anatomy], resolved: &[Resolved]) -> Maps {
    let mut maps = Maps::default();
    let Some(own) = descriptor::parse(base, 0) else { return maps };
    let donor_map = |name: &str| {
        let donor = donors.iter().find(|d| d.donor.name == name && d.kind == Kind::Dump)?;
        descriptor::parse(&donor.donor.bytes, 0)
    };
    // The innermost choice for the first bytes says whose descriptor the result has.
    let first = resolved.iter().filter(|r| r.region.span.contains(0)).min_by_key(|r| r.region.span.len());
    let giver = first.and_then(|r| match &r.source {
        Source::Donor(name) => Some(name.as_str()),
        Source::Own | Source::Blank => None,
    });
    let result = match giver {
        None => own.clone(),
        Some(name) => match donor_map(name) {
            Some(map) => map,
            // A file of the region alone, or no descriptor at all.
            None => match donors
                .iter()
                .find(|d| d.donor.name == name)
                .and_then(|d| descriptor::parse(&d.donor.bytes, 0))
            {
                Some(map) => map,
                None => return maps,
            },
        },
    };
    let result_name = giver.map_or(OWN.to_owned(), |name| format!("the descriptor of {name}"));
    for r in resolved {
        maps.findings.extend(torn(&result, &result_name, r, resolved));
        let (map, who) = match &r.source {
            Source::Own => (own.clone(), OWN.to_owned()),
            Source::Blank => continue,
            Source::Donor(name) => match donor_map(name) {
                Some(map) => (map, format!("donor '{name}'")),
                None => {
                    maps.findings.extend(unmapped(donors, name, r));
                    continue;
                }
            },
        };
        let touched: Vec<Difference> =
            differences(&result, &map).into_iter().filter(|d| d.touches(r.region.span)).collect();
        if touched.is_empty() {
            maps.findings.extend(unit_moved(&result, &result_name, r));
            continue;
        }
        let words: Vec<String> = touched.iter().map(|d| d.words([&result_name, &who])).collect();
        let words = words.join("; ");
        // By the donor's own map, its bytes may all be there at another place.
        let elsewhere = touched.iter().find_map(|d| d.moved_from(r.region.span)).filter(|_| giver.is_none());
        match (&r.source, elsewhere) {
            (Source::Donor(name), Some(from)) => {
                maps.moves.push(Move { donor: name.clone(), from, to: r.region.span.start });
                maps.findings.push(DESCRIPTOR_DIFFERS.found_as(
                    Severity::Ask,
                    format!("{words}: it would be taken from there; what else refers to its place is not changed"),
                ));
            }
            (Source::Donor(name), _) if giver.is_none() => maps.findings.push(DESCRIPTOR_DIFFERS.found(format!(
                "{} of {name} cannot be taken alone, its map is another one: {words}",
                r.region.name
            )).advise(Advice::TakeTogether { donor: name.clone() })),
            _ => maps.findings.push(DESCRIPTOR_DIFFERS.found(format!(
                "{} would not be where {result_name} has it: {words}; take it from the same donor too, or keep fd",
                r.region.name
            ))),
        }
    }
    if let Some(name) = giver {
        maps.moves.extend(gaps(&own, &result, resolved, name, base.len() as u64));
    }
    maps
}

/// A region with data of the unit that the result's descriptor has elsewhere than the board's map: the address would be
/// looked for, and written, at the old place.
fn unit_moved(result: &Descriptor, result_name: &str, r: &Resolved) -> Option<Finding> {
    let (name, span) = (&r.region.name, r.region.span);
    let now = result.region(name).filter(|now| *now != span && !r.region.per_unit.is_empty())?;
    Some(DESCRIPTOR_DIFFERS.found(format!(
        "{name} is at {now} in {result_name} and at {span} in the board's map: this unit's own data in it would be looked \
         for at the old place; take the donor's dump as the map"
    )))
}

/// A region of a donor's dump that has no descriptor: where it has its regions is not known.
fn unmapped(donors: &[Anatomy], name: &str, r: &Resolved) -> Option<Finding> {
    let is_dump = donors.iter().any(|d| d.donor.name == name && d.kind == Kind::Dump);
    (is_dump && !r.inherited).then(|| {
        DESCRIPTOR_DIFFERS.found_as(
            Severity::Ask,
            format!(
                "the dump of {name} has no Intel descriptor: whether it has {} at {}, as the board's own has, is not known",
                r.region.name, r.region.span
            ),
        )
    })
}

/// A region of the layout given that ends within a region of the descriptor, and is to come from elsewhere than the rest.
fn torn(map: &Descriptor, map_name: &str, r: &Resolved, resolved: &[Resolved]) -> Option<Finding> {
    if r.inherited || r.source == Source::Own {
        return None;
    }
    let span = r.region.span;
    let crosses = |other: Span| other.overlaps(span) && !other.covers(span) && !span.covers(other);
    let from_elsewhere = |other: Span| {
        let deciding = |at: u64| resolved.iter().rev().find(|one| one.region.span.contains(at));
        [other.start, other.end - 1]
            .into_iter()
            .any(|at| deciding(at).is_none_or(|one| one.source != r.source))
    };
    let (name, other) = map.regions.iter().find(|(_, other)| crosses(*other) && from_elsewhere(*other))?;
    Some(DESCRIPTOR_DIFFERS.found_as(
        Severity::Ask,
        format!(
            "{} ({span}) is to come from {} and ends within {name} ({other}) of the Intel descriptor in {map_name}: that \
             region would be of two sources; is the layout given for this board?",
            r.region.name, r.source
        ),
    ))
}

/// A finding where the board's own dump has a descriptor and the result has none.
pub fn keeps_descriptor(base: &[u8], chip: &[u8]) -> Option<Finding> {
    let lost = descriptor::parse(base, 0).is_some() && descriptor::parse(chip, 0).is_none();
    lost.then(|| {
        DESCRIPTOR_DIFFERS.found(
            "the result starts with no Intel descriptor, and the board's own dump with one: the board would not start; \
             keep fd",
        )
    })
}

/// What the donor's map has in places where the board's own map has no region.
fn gaps(own: &Descriptor, result: &Descriptor, resolved: &[Resolved], donor: &str, len: u64) -> Vec<Move> {
    let mut gaps = Spans::new();
    for span in differences(own, result).iter().flat_map(|d| d.spans).flatten() {
        gaps.insert(Span::new(span.start.min(len), span.end.min(len)));
    }
    for r in resolved {
        gaps.remove(r.region.span);
    }
    gaps.iter().map(|from| Move { donor: donor.to_owned(), from, to: from.start }).collect()
}

/// A finding where the ME does not fit the region that the descriptor gives it, in the result or already in the base, and
/// where either is new and it cannot be seen whether they fit.
pub fn me_fits(base: &[u8], chip: &[u8]) -> Option<Finding> {
    let region = |flash: &[u8]| descriptor::parse(flash, 0)?.region("me");
    let overrun = |flash: &[u8]| {
        let span = region(flash)?;
        Some((span, me::overrun(span.of(flash)?)?))
    };
    let span = region(chip)?;
    let of = |flash: &[u8]| span.of(flash).map(<[u8]>::to_vec);
    let is_new = region(base) != Some(span) || of(base) != of(chip);
    if is_new && me::read(span.of(chip)?) == me::Me::Unknown {
        // Where the board's own starts as an ME does, what takes its place should.
        let own = region(base).and_then(|own| own.of(base)).is_some_and(me::is_image);
        let lost = own && !me::is_image(span.of(chip)?);
        let (severity, than) = match lost {
            true => (
                Severity::Ask,
                "; the board's own has one: is this an ME region, and is it cut out at the right place?",
            ),
            false => (Severity::Tell, ": whether it fits its region is not known"),
        };
        let what = format!(
            "what the result has as ME at {span} has neither $FPT nor a layout table of a version known here{than}"
        );
        return Some(DESCRIPTOR_ME.found_as(severity, what));
    }
    let (span, partition) = overrun(chip)?;
    let severity = if overrun(base).is_some() { Severity::Tell } else { Severity::Ask };
    Some(DESCRIPTOR_ME.found_as(
        severity,
        format!(
            "the ME's partition {} ends {:#x} bytes into its region, and the descriptor gives it {:#x} ({span})",
            partition.name,
            partition.end,
            span.len()
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::tests::flash;
    use crate::image::synthetic::noise;

    #[test]
    fn an_me_of_no_known_form_is_reported_where_it_is_new() {
        let span = descriptor::parse(&flash(), 0).unwrap().region("me").unwrap();
        let with = |bytes: Vec<u8>| {
            let mut flash = flash();
            flash[span.range()].copy_from_slice(&bytes);
            flash
        };
        let table = me::tests::region(span.len() as usize, &[("FTPR", 0x1000, 0x1000)]);
        let (known, unknown) = (with(table), with(noise(3, span.len() as usize)));
        let found = me_fits(&known, &unknown).unwrap();
        assert_eq!((found.name, found.severity), ("descriptor-me", Severity::Ask));
        assert!(found.message.contains("the board's own has one"), "{found}");
        // Of a form that starts as an ME does, and of the same kind as the board's own.
        let partly = with(
            [&[0x5a; 16][..], b"$FPT\x04\0\0\0\x20\x10\x30\0", &noise(4, span.len() as usize - 28)].concat(),
        );
        for (own, new) in [(&known, &partly), (&unknown, &with(noise(5, span.len() as usize)))] {
            let found = me_fits(own, new).unwrap();
            assert_eq!(found.severity, Severity::Tell);
            assert!(found.message.contains("not known"), "{found}");
        }
        assert_eq!((me_fits(&unknown, &unknown), me_fits(&unknown, &known)), (None, None));
    }
}
