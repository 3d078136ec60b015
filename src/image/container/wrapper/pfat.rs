//! AMI's updates for boards with BIOS Guard ("PFAT"): a list of files as text, and the blocks of each after it.
//!
//! 32-bit length of head and list, a word that is not understood, `_AMIPFAT`, a byte; then text: a title, and a line a file:
//! flags, parameter, number of blocks, `;`, name. The blocks follow in the order of the list. What comes after the last one is
//! the maker's. Source: BIOSUtilities (ami_pfat_extract.py), which says too that the files of a list, one after another, need
//! not be an image: they are put together by the places in their scripts, or not at all.

use super::archive::MOST_UNPACKED;
use super::guard::{self, Block, Joined};
use super::part::{About, Part, State, Target};
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind};
use crate::image::is_blank;
use crate::span::Span;

const MARK: &[u8] = b"_AMIPFAT";
const MARK_AT: usize = 8;
const HEAD_LEN: usize = 0x11;
const TITLE: &str = "AMI_BIOS_GUARD_FLASH_CONFIGURATIONS";
/// A longer list no update has.
const LONGEST_LIST: usize = 0x1_0000;
/// More blocks than the largest flash has of 4 KiB.
const MOST_BLOCKS: u64 = 0x1_0000;

/// A line of the list.
struct Listed {
    name: String,
    flags: String,
    blocks: u32,
}

/// Reads the list and the blocks after it.
pub(super) fn pfat(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    if slice(bytes, MARK_AT, MARK.len())? != MARK {
        return None;
    }
    let len = u32_at(bytes, 0, Little)? as usize;
    let (name, item) =
        ("AMI BIOS Guard update (PFAT)", Item::new(ItemKind::new("ami-pfat"), 0, bytes.len() as u64));
    let Some(listed) = list(bytes, len) else {
        let detail =
            format!("its head says that the list ends at {len:#x}, and there is no list of that length");
        let item = item.check(CheckName::SIZE, false, detail);
        return Some(Wrapped { name, item, inside: Inside::Closed("its list is not whole") });
    };
    let item = item.with("files", listed.iter().map(|file| file.name.as_str()).collect::<Vec<_>>());
    // In 64 bits: a damaged list may ask for anything.
    let wanted: u64 = listed.iter().map(|file| u64::from(file.blocks)).sum();
    if wanted == 0 || wanted > MOST_BLOCKS {
        let item = item.check(CheckName::AGREES, false, format!("its list has {wanted} blocks"));
        return Some(Wrapped { name, item, inside: Inside::Closed("its list has no blocks") });
    }
    let mut blocks: Vec<Vec<Block>> = Vec::new();
    let (mut at, mut read) = (len, 0u64);
    for file in &listed {
        let mut own = Vec::new();
        for _ in 0..file.blocks {
            let Some(block) = guard::read(bytes, at) else { break };
            at = block.end;
            own.push(block);
        }
        read += own.len() as u64;
        blocks.push(own);
    }
    if read < wanted {
        // The size's check is the one for a file that is cut short.
        let detail = format!("block {} of {wanted} is not whole, at {at:#x}", read + 1);
        let item = item.check(CheckName::SIZE, false, detail);
        return Some(Wrapped { name, item, inside: Inside::Closed("its blocks are not whole") });
    }
    let platforms: Vec<String> = distinct(blocks.iter().flatten().map(Block::platform_text));
    let fault = match platforms.as_slice() {
        [_] => String::new(),
        several => format!("its blocks are for several platforms: {}", several.join(", ")),
    };
    let item = item
        .with("platform", platforms.clone())
        .with("blocks", wanted)
        .with("signed", blocks.iter().flatten().all(|block| block.signed))
        .check(CheckName::AGREES, platforms.len() == 1, fault);
    let mut parts = files(bytes, &listed, &blocks, &platforms.join(", "))?;
    let tail = Span::new(at as u64, bytes.len() as u64);
    if tail.of(bytes).is_some_and(|tail| !tail.is_empty() && !is_blank(tail)) {
        parts.push(Part::at(About::new("tail", "after the blocks", Target::Updater), tail));
    }
    Some(Wrapped { name, item, inside: Inside::Parts(parts) })
}

/// The lines of the list that ends at `end`; `None` where they are not as they should be.
fn list(bytes: &[u8], end: usize) -> Option<Vec<Listed>> {
    let text = slice(bytes, HEAD_LEN, end.checked_sub(HEAD_LEN).filter(|len| *len <= LONGEST_LIST)?)?;
    let mut lines = std::str::from_utf8(text).ok()?.lines().map(|line| line.trim_matches(['\0', ' ', '\r']));
    lines.next().filter(|title| title.starts_with(TITLE))?;
    lines.filter(|line| !line.is_empty()).map(line).collect()
}

fn line(text: &str) -> Option<Listed> {
    let (fields, name) = text.split_once(';')?;
    let name = name.split(';').next()?.trim();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let [flags, _parameter, blocks, ..] = fields.as_slice() else { return None };
    let blocks = blocks.parse().ok()?;
    Some(Listed { name: name.to_owned(), flags: flags.to_string(), blocks })
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    names.for_each(|name| {
        if !found.contains(&name) {
            found.push(name);
        }
    });
    found
}

/// A part a file; and where the places of all blocks make one image, that, of which they are pieces.
fn files(bytes: &[u8], listed: &[Listed], blocks: &[Vec<Block>], platform: &str) -> Option<Vec<Part>> {
    const IMAGE: &str = "image";
    let placed = |blocks: &[Block]| -> Option<Vec<(u64, Span)>> {
        blocks.iter().map(|block| Some((block.place?, block.data))).collect()
    };
    let all: Vec<Block> = blocks.iter().flatten().cloned().collect();
    let image = placed(&all).and_then(|placed| guard::join(bytes, placed, MOST_UNPACKED));
    let is_image = matches!(image, Some(Joined::Whole(..))) && listed.len() > 1;
    let mut parts = Vec::new();
    for (file, own) in listed.iter().zip(blocks) {
        let joined = placed(own).and_then(|placed| guard::join(bytes, placed, MOST_UNPACKED));
        let (place, data) = match joined {
            Some(Joined::Whole(place, data)) => (Some(place), data),
            _ => {
                let data = own.iter().map(|block| block.data.of(bytes)).collect::<Option<Vec<_>>>()?.concat();
                (None, data)
            }
        };
        let about = About {
            place,
            models: Some(platform.to_owned()),
            piece_of: is_image.then(|| IMAGE.to_owned()),
            ..About::new(
                file.name.as_str(),
                format!("flags {}, {} blocks", file.flags, own.len()),
                Target::Bios,
            )
        };
        parts.push(Part::made(about, data));
    }
    match image {
        Some(Joined::Whole(place, data)) if is_image => {
            let about = About {
                place: Some(place),
                models: Some(platform.to_owned()),
                ..About::new(IMAGE, "all blocks by their places", Target::Bios)
            };
            parts.push(Part::made(about, data));
        }
        // One file whose blocks leave something out, or are for the same bytes.
        Some(Joined::Gaps(..) | Joined::Overlap) if listed.len() == 1 => {
            parts.iter_mut().for_each(|part| part.about.state = State::Gaps);
        }
        _ => {}
    }
    Some(parts)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::container::item::Outcome;
    use crate::image::synthetic::noise;

    /// Places and data of blocks.
    type Blocks<'a> = Vec<(u32, &'a [u8])>;

    /// An update of files, each of blocks.
    pub(crate) fn made(files: &[(&str, Blocks)], platform: &str) -> Vec<u8> {
        let mut text = format!("{TITLE}\r\n");
        files.iter().for_each(|(name, blocks)| text += &format!("1 /P {} ;{name}\r\n", blocks.len()));
        let len = (HEAD_LEN + text.len()) as u32;
        let mut file = [&len.to_le_bytes()[..], &[0x12, 0x34, 0, 0], MARK, &[1], text.as_bytes()].concat();
        for (place, data) in files.iter().flat_map(|(_, blocks)| blocks) {
            file.extend(guard::tests::made(platform, *place, data, Some(1)));
        }
        file
    }

    fn parts(file: &[u8]) -> Vec<Part> {
        let found = pfat(&mut Look::new(file)).unwrap();
        assert!(found.item.is_sound(), "{:?}", found.item);
        let Inside::Parts(parts) = found.inside else { panic!("no parts") };
        parts
    }

    #[test]
    fn files_are_put_together_by_the_places_of_their_blocks() {
        let data = noise(3, 0x4000);
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| &data[n * 0x1000..(n + 1) * 0x1000]);
        // Listed in another order than they are on the flash.
        let file = made(
            &[("top.bin", vec![(0x3000, d), (0x2000, c)]), ("low.bin", vec![(0, a), (0x1000, b)])],
            "MADE B250",
        );
        let found = parts(&[&file[..], &[0xff; 40]].concat());
        let image = super::super::part::image(&found, |part| &part.about).unwrap();
        assert_eq!((image.about.name.as_str(), image.about.place), ("image", Some(0)));
        assert!(image.data == super::super::part::Data::Made(data.clone()));
        assert_eq!(found[0].about.place, Some(0x2000));
        // A tail of the maker's is listed.
        assert_eq!(parts(&[&file[..], b"more"].concat()).last().unwrap().about.name, "tail");
    }

    #[test]
    fn what_is_not_one_image_is_none() {
        let data = noise(4, 0x1000);
        let gaps = made(&[("bios.bin", vec![(0, &data), (0x2000, &data)])], "MADE");
        assert_eq!(parts(&gaps)[0].about.state, State::Gaps);
        let apart = made(&[("a", vec![(0, &data)]), ("b", vec![(0x4000, &data)])], "MADE");
        assert!(super::super::part::image(&parts(&apart), |part| &part.about).is_none());
        let most = made(&[("a", vec![])], "MADE");
        let text = String::from_utf8(most[HEAD_LEN..].to_vec()).unwrap();
        let text = text.replace("1 /P 0 ;a", &"1 /P 4294967295 ;a\r\n".repeat(3));
        let most = [&((HEAD_LEN + text.len()) as u32).to_le_bytes()[..], &most[4..HEAD_LEN], text.as_bytes()]
            .concat();
        assert!(!pfat(&mut Look::new(&most)).unwrap().item.is_sound());
        let file = made(&[("a", vec![(0, &data)])], "MADE");
        for cut in [file.len() - 1, file.len() - 0x700, HEAD_LEN + 80] {
            let found = pfat(&mut Look::new(&file[..cut]));
            assert!(found.is_none_or(|found| !found.item.is_sound()), "{cut:#x}");
        }
        let mut two = made(&[("a", vec![(0, &data), (0x1000, &data)])], "MADE");
        let at = two.windows(4).rposition(|four| four == b"MADE").unwrap();
        two[at] = b'X';
        let found = pfat(&mut Look::new(&two)).unwrap();
        let check = found.item.checks.iter().find(|check| check.name == CheckName::AGREES).unwrap();
        assert!(check.result == Outcome::Bad && check.detail.contains("MADE, XADE"), "{check:?}");
        let check = pfat(&mut Look::new(&file)).unwrap().item.checks.remove(0);
        assert_eq!((check.result, check.detail.as_str()), (Outcome::Ok, ""));
    }
}
