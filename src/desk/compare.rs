//! Two contents compared: the bytes that differ, and how many of them are in each region.

use super::regions::{Area, Located, MapWish};
use super::subject::Subject;
use super::{Place, PlaceError, Refusal};
use crate::image::Layout;
use crate::plan::diff;
use crate::span::{Span, Spans};

/// Where two contents differ.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The bytes that differ. What is beyond the shorter one counts as different.
    pub differing: Spans,
    /// The map that names regions.
    pub layout: Option<Layout>,
    /// Both, or the parts of them that were meant.
    pub subjects: [Subject; 2],
}

impl Compared {
    /// How many bytes of each were compared.
    pub(crate) fn lengths(&self) -> [u64; 2] {
        self.subjects.each_ref().map(|subject| subject.bytes.len() as u64)
    }

    /// That one is longer than the other, as a sentence.
    pub(crate) fn uneven(&self) -> Option<String> {
        let ([a, b], [of_a, of_b]) = (&self.subjects, self.lengths());
        // To the byte: two sizes that differ may be the same in words.
        (of_a != of_b).then(|| {
            format!(
                "{} has {of_a} bytes, {} has {of_b}; what is beyond the shorter one counts as different",
                a.name, b.name
            )
        })
    }
}

/// How much of a region differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionDifference {
    /// Its name.
    pub name: String,
    /// In how many others it lies.
    pub depth: usize,
    /// Its bytes.
    pub span: Span,
    /// How many of them differ.
    pub bytes: u64,
}

/// Compares the part that is meant of both.
///
/// # Errors
/// As [`locate`] and [`cut`].
pub fn compare(located: &Located, whole: bool, subjects: [Subject; 2]) -> Result<Compared, Refusal> {
    let [a, b] = subjects;
    let (a, b) = if whole { (a, b) } else { (cut(a, &located.place)?, cut(b, &located.place)?) };
    let differing = diff(&a.bytes, &b.bytes).iter().map(|range| range.shifted(a.at)).collect();
    Ok(Compared { differing, layout: located.layout.clone(), subjects: [a, b] })
}

/// The regions of a map, in its order, with what differs in each.
pub(crate) fn by_region(differing: &Spans, layout: &Layout) -> Vec<RegionDifference> {
    let regions = layout.regions.iter().enumerate();
    let row = |(index, region): (usize, &crate::image::Region)| RegionDifference {
        name: region.name.clone(),
        depth: layout.depth(index),
        span: region.span,
        bytes: differing.intersection(&region.span.into()).len(),
    };
    regions.map(row).collect()
}

/// Where the part that is meant is in whole contents, and the map, by the first of them that has one: the board that its
/// backup names, or what it names or carries itself. With the map, whether it was found and not named.
///
/// # Errors
/// [`Why::NoRegion`](super::Why::NoRegion) for a region that no map has.
pub fn locate(area: &Area, subjects: &[&Subject]) -> Result<(Located, bool), Refusal> {
    let mut refused = None;
    for subject in subjects {
        let by_backup = subject.layout.clone().filter(|_| area.map == MapWish::Any);
        let by_backup = by_backup.map(|layout| Area { map: MapWish::Given(layout), ..area.clone() });
        for area in by_backup.iter().chain([area]) {
            match area.in_contents(&subject.bytes, &subject.name) {
                Ok(located) if located.layout.is_some() => {
                    return Ok((located, !matches!(area.map, MapWish::Given(_))));
                }
                Ok(_) => {}
                Err(refusal) => drop(refused.get_or_insert(refusal)),
            }
        }
    }
    match (refused, area.known()?) {
        (_, Some(located)) => Ok((located, false)),
        (Some(refusal), None) => Err(refusal),
        (None, None) => Ok((Located { place: Place::Whole, layout: None }, false)),
    }
}

/// Of whole contents, this place.
///
/// # Errors
/// [`Why::Place`](super::Why::Place) where it is past their end.
pub fn cut(subject: Subject, place: &Place) -> Result<Subject, PlaceError> {
    let span = place.span(subject.bytes.len() as u64)?;
    Ok(Subject { bytes: subject.bytes[span.range()].to_vec(), at: span.start, ..subject })
}
