//! What holds the variables, emptied: headers stay, records are erased, as a maker delivers it.

use super::variables::Store;
use super::volume::Volume;
use super::{apple, file, nvar, phoenix, volume, vss};
use crate::span::Span;

/// Erased flash.
const ERASED: u8 = 0xff;

/// `bytes`, which are a volume of variables or AMI's file of them, without its records. `None` where it is neither, or
/// holds something that is not known, so that what would be lost is not known either.
pub fn emptied(bytes: &[u8]) -> Option<Vec<u8>> {
    match volume::read(bytes, 0) {
        Some(volume) => volume_emptied(bytes, &volume),
        None => file_emptied(bytes),
    }
}

fn volume_emptied(bytes: &[u8], volume: &Volume) -> Option<Vec<u8>> {
    let whole = volume.is_nvram() && volume.header_holds && volume.span.end == bytes.len() as u64;
    let stores = if whole { vss::stores(bytes, volume) } else { return None };
    let is_live = |store: &Store| !matches!(store.form, "FTW" | vss::FACTORY_COPY | apple::FORM);
    // How a maker delivers an empty EVSA is not known.
    if !stores.iter().any(is_live) || stores.iter().any(|store| store.form == phoenix::FORM) {
        return None;
    }
    let header = Span::new(0, volume.header_len);
    let mut empty = vec![ERASED; bytes.len()];
    let mut known = vec![header];
    for store in &stores {
        // What the factory stored stays, be it of all units or of this one.
        let kept = if matches!(store.form, vss::FACTORY_COPY | apple::FORM) {
            store.span.len()
        } else {
            store.header_len
        };
        let kept = Span::at(store.span.start, kept)?;
        empty[kept.range()].copy_from_slice(kept.of(bytes)?);
        known.push(store.span);
    }
    empty[header.range()].copy_from_slice(header.of(bytes)?);
    // After the working block there is the spare; between the stores there must be nothing.
    let end = stores.last().map_or(volume.span.end, |last| last.span.end);
    let mut at = 0;
    for span in known {
        let between = Span::new(at, span.start).of(bytes)?;
        if between.iter().any(|byte| *byte != ERASED) {
            return None;
        }
        at = span.end;
    }
    let after = Span::new(end, volume.span.end).of(bytes)?;
    let has_spare = stores.last().is_some_and(|last| last.form == "FTW");
    (has_spare || after.iter().all(|byte| *byte == ERASED)).then_some(empty)
}

fn file_emptied(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = file::read(bytes, 0, bytes.len() as u64, 2, ERASED)?;
    let whole = file.guid == nvar::FILE && file.header_holds && file.span.end == bytes.len() as u64;
    let mut empty = bytes.to_vec();
    empty.get_mut(file.body().range())?.fill(ERASED);
    // A sum over the data is not made anew: such files have none.
    let again = file::read(&empty, 0, bytes.len() as u64, 2, ERASED)?;
    (whole && again.is_sound()).then_some(empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::pc::guid::Guid;
    use crate::image::pc::made::volumes::volume_header;
    use crate::image::pc::phoenix::tests::evsa;

    const VARIABLES: Guid = Guid::of("FFF12B8D-7696-4C8B-A985-2747075B4F50");
    const HEAD: usize = 0x48;

    /// A volume of variables with these parts one after the other.
    fn volume_of(parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = [&volume_header(0x2000, VARIABLES.0)[..], &parts.concat()].concat();
        bytes.resize(0x2000, 0xff);
        bytes
    }

    /// A store of 400h bytes with a variable.
    fn store(mark: &[u8]) -> Vec<u8> {
        let mut bytes = [mark, &0x400u32.to_le_bytes(), &[0x5a, 0xfe, 0, 0, 0, 0, 0, 0]].concat();
        bytes.extend([0xaa, 0x55, 0x3f, 0, 7, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0]);
        bytes.extend([&[9; 16][..], b"A\0\0\0", b"val"].concat());
        bytes.resize(0x400, 0xff);
        bytes
    }

    #[test]
    fn the_factorys_copy_stays_and_is_no_live_store() {
        let inner = store(b"$VSS");
        let copy =
            [&b"_FDC"[..], &0x450u32.to_le_bytes(), &volume_header(0x450, VARIABLES.0), &inner].concat();
        let bytes = volume_of(&[&store(b"$VSS"), &copy]);
        let stores = vss::stores(&bytes, &volume::read(&bytes, 0).unwrap());
        let forms: Vec<_> = stores.iter().map(|store| (store.form, store.variables.len())).collect();
        assert_eq!(forms, [("VSS", 1), ("FDC", 0)]);
        let empty = emptied(&bytes).unwrap();
        let live = HEAD + 16..HEAD + 0x400;
        assert!(empty[..live.start] == bytes[..live.start] && empty[live.end..] == bytes[live.end..]);
        assert!(empty[live].iter().all(|byte| *byte == 0xff));
        // The copy alone is nothing that could be emptied; one that reaches too far is unknown, and refused with the rest.
        assert_eq!(emptied(&volume_of(&[&copy])), None);
        let mut far = bytes.clone();
        far[HEAD + 0x406] = 0x7f;
        assert_eq!(emptied(&far), None);
    }

    #[test]
    fn an_evsa_is_not_emptied() {
        let bytes = volume_of(&[&evsa(0x800, b"SN")]);
        let stores = vss::stores(&bytes, &volume::read(&bytes, 0).unwrap());
        assert_eq!((stores.len(), stores[0].form), (1, "EVSA"));
        assert_eq!(emptied(&bytes), None);
        assert_eq!(emptied(&volume_of(&[&store(b"$VSS"), &evsa(0x800, b"SN")])), None);
    }
}
