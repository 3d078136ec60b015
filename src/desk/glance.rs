//! One glance: what the store knows of the chip on the clip, and what a quick look at its contents shows.

use super::Refusal;
use super::programmer::AnyChip;
use crate::image::inspect::inspect;
use crate::image::is_blank;
use crate::image::layouts::ifd;
use crate::span::Span;
use crate::units;
use crate::workflow::Manifest;
use crate::workflow::{Cause, Store, chip_key, open_jobs_of};

/// Bytes read at the start of the chip, where boot loaders and descriptors are, and at its end.
const START: u64 = 128 << 10;
const END: u64 = 64 << 10;

/// What a glance shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// The job that this chip is in the middle of.
    pub open_job: Option<String>,
    /// The latest backup of this very chip; of a chip without a unique id, the latest that its contents fit.
    pub last_backup: Option<LastBackup>,
    /// What is there, in words, by the first and last bytes only.
    pub contents: String,
}

/// The latest backup of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastBackup {
    /// Its id.
    pub id: String,
    /// When it was taken, UTC, RFC 3339.
    pub taken: String,
    /// The board, where it was named.
    pub board: Option<String>,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// Where the quick look went, the chip holds what the backup does; `None` where the backup is damaged.
    pub is_same: Option<bool>,
}

/// Looks at the chip, and what the store knows of it. The chip is untouched.
///
/// # Errors
/// Any [`Refusal`] where reading the chip fails.
pub(super) fn glance(chip: &mut AnyChip, store: Option<&Store>) -> Result<Glance, Refusal> {
    let size = chip.geometry().size;
    let spans = [Span::new(0, START.min(size)), Span::new(size.saturating_sub(END), size)];
    let mut looked = Vec::new();
    for span in spans {
        looked.push((span, chip.read_to_vec(span)?));
    }
    let mut found = Glance { contents: contents(&looked), ..Glance::default() };
    let Some(store) = store else { return Ok(found) };
    // A store that cannot be read knows nothing; whoever writes to it says why.
    let jobs = match open_jobs_of(chip, store) {
        Err(Cause::Store(_)) => Vec::new(),
        jobs => jobs.map_err(Cause::untouched)?,
    };
    found.open_job = jobs.first().map(|job| job.id.clone());
    let key = chip_key(chip.identity());
    let listed = store.list().unwrap_or_default().into_iter().filter_map(|one| one.manifest.ok());
    found.last_backup = listed.into_iter().find_map(|manifest| {
        let is_same = || {
            let stored = store.load(&manifest.id).ok()?;
            Some(looked.iter().all(|(span, bytes)| span.of(&stored.flash) == Some(&bytes[..])))
        };
        // A chip without a unique id is known by its contents only.
        let is_same = match (manifest.chip.is_same(&key), manifest.chip == key && key.unique_id.is_none()) {
            (true, _) => is_same(),
            (false, true) => Some(is_same().filter(|same| *same)?),
            (false, false) => return None,
        };
        let Manifest { id, taken, board, name, .. } = manifest;
        Some(LastBackup { id, taken, board, name, is_same })
    });
    Ok(found)
}

/// What the first and last bytes show.
fn contents(looked: &[(Span, Vec<u8>)]) -> String {
    let Some((_, first)) = looked.first() else { return String::new() };
    if looked.iter().all(|(_, bytes)| is_blank(bytes)) {
        return "blank, as far as a quick look goes".to_owned();
    }
    if let Some(layout) = ifd::parse(first) {
        let regions: Vec<String> = layout
            .whole()
            .filter(|region| region.name != "fd")
            .map(|region| format!("{} {}", region.name, units::size(region.span.len())))
            .collect();
        return format!("PC firmware with an Intel descriptor: {}", regions.join(", "));
    }
    let found = inspect(first);
    if let Some(loader) = found.of_kind("u-boot").next() {
        let banner = loader.attributes.get("banner").and_then(|banner| banner.as_str());
        return format!("boot loader: {}", banner.unwrap_or("U-Boot"));
    }
    match found.items.first() {
        Some(item) => format!("begins with {}", item.kind),
        None => "nothing known at its start".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::tests::flash;
    use crate::image::synthetic;

    #[test]
    fn a_quick_look_names_the_loader_the_descriptor_or_a_blank_chip() {
        let look = |bytes: &[u8]| contents(&[(Span::new(0, bytes.len() as u64), bytes.to_vec())]);
        let board = synthetic::demo().board;
        assert_eq!(look(&board[..START as usize]), "boot loader: U-Boot 1.1.3 (Mar 10 2016 - 09:12:44)");
        assert_eq!(look(&flash()), "PC firmware with an Intel descriptor: gbe 8 KiB, me 20 KiB, bios 32 KiB");
        assert!(look(&[0xff; 4096]).starts_with("blank"));
        assert_eq!(look(&synthetic::noise(3, 4096)), "nothing known at its start");
    }
}
