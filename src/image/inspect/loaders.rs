//! Boot loaders among the bytes that are in no item: found by their banner, cut at their first instruction.
//!
//! Sources: U-Boot include/version.h (the banner), arch/mips/cpu/start.S, arch/arm/lib/vectors.S,
//! arch/arm/cpu/armv8/start.S and exceptions.S (the first instructions; the vectors at an edge of 0x800 bytes).

use memchr::memmem;

use super::gaps::Gap;
use crate::image::container::item::{Item, ItemKind};
use crate::image::donor::loader::starts_like_one;
use crate::span::Span;

/// The kind of its items.
const KIND: ItemKind = ItemKind::new("u-boot");
/// Blank bytes from here on part two things; shorter runs are padding in front of an aligned part of one loader.
const PARTS: u64 = 0x800;
/// Flash is erased in blocks of this size: where a loader follows other data without a gap, it starts at such an edge.
const ERASE_BLOCK: usize = 0x1_0000;
/// Data of which less than one byte in this many is no text are a text.
const TEXT_TOLERANCE: usize = 20;
/// The longest banner that is kept.
const LONGEST_BANNER: usize = 100;

/// Takes boot loaders out of the gaps. `said` are the offsets at which a vendor's header has one.
pub(super) fn take(bytes: &[u8], gaps: Vec<Gap>, said: &[u64], items: &mut Vec<Item>) -> Vec<Gap> {
    let mut found: Vec<Span> = Vec::new();
    // The latest part without a banner that starts like a loader, where the next part has the banner.
    let mut open: Option<Span> = None;
    let mut last_run = 0;
    for (part, run) in parts(&gaps) {
        if run != last_run {
            (open, last_run) = (None, run);
        }
        let Some(data) = part.of(bytes) else { continue };
        let starts = is_first_instruction(data);
        let banner = banner(data);
        let is_said = said.contains(&part.start);
        match banner {
            Some((at, text)) if is_said || is_loader(data, at, &text, starts || open.is_some()) => {
                let start = match open {
                    _ if starts || is_said => part.start,
                    Some(open) => open.start,
                    None => part.start + edge_before(data, at) as u64,
                };
                let span = Span::new(start, part.end);
                items.push(Item::new(KIND, span.start, span.len()).with("banner", text));
                found.push(span);
                open = None;
            }
            None if is_said => {
                items.push(Item::new(KIND, part.start, part.len()));
                found.push(part);
                open = None;
            }
            _ if starts => open = Some(part),
            _ => {}
        }
    }
    without(gaps, &found)
}

/// Data with the short blank runs between them, in order; each with the number of the run of adjoining gaps that it is in.
fn parts(gaps: &[Gap]) -> Vec<(Span, usize)> {
    let mut parts: Vec<(Span, usize)> = Vec::new();
    let (mut run, mut end, mut padding_from) = (0, 0, None);
    for gap in gaps {
        let span = Span::new(gap.offset, gap.offset + gap.size);
        run += usize::from(span.start != end);
        end = span.end;
        if gap.kind == "blank" {
            padding_from = (span.len() < PARTS).then_some(span.start);
            continue;
        }
        match parts.last_mut() {
            Some((last, _)) if last.end == span.start || padding_from == Some(last.end) => {
                last.end = span.end
            }
            _ => parts.push((span, run)),
        }
        padding_from = None;
    }
    parts
}

/// Where the banner is in `data`, and its line: `U-Boot 1.1.3 (Mar 10 2016 - 09:12:44)`.
fn banner(data: &[u8]) -> Option<(usize, String)> {
    const NAME: &[u8] = b"U-Boot ";
    let at = memmem::find_iter(data, NAME).find(|at| {
        let version = &data[at + NAME.len()..];
        version.first().is_some_and(u8::is_ascii_digit)
            || version.starts_with(b"SPL ")
            || version.starts_with(b"TPL ")
    })?;
    let line = data[at..].iter().take(LONGEST_BANNER).take_while(|b| (0x20..0x7f).contains(*b));
    Some((at, line.map(|b| char::from(*b)).collect()))
}

/// True when data with a banner at `at` are a loader and not a text that names a version.
fn is_loader(data: &[u8], at: usize, banner: &str, starts: bool) -> bool {
    // The banner of a build has its date; a program that only mentions U-Boot has no such text.
    let is_build = banner.contains('(');
    (starts || is_build || starts_like_one(&data[edge_before(data, at)..])) && !is_text(data)
}

/// True when (nearly) all of `data` is text, as in a manual or a log.
fn is_text(data: &[u8]) -> bool {
    let is_text = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x1b | 0x20..=0x7e);
    let ascii = data.iter().filter(|b| is_text(**b)).count();
    let whole = std::str::from_utf8(data).is_ok_and(|text| text.bytes().all(|b| is_text(b) || !b.is_ascii()));
    whole || (data.len() - ascii) < data.len() / TEXT_TOLERANCE
}

/// Where a loader with its banner at `at` starts in data that start with something else: at the first edge of an
/// erase block with a first instruction, else where the data start.
fn edge_before(data: &[u8], at: usize) -> usize {
    if is_first_instruction(data) {
        return 0;
    }
    (ERASE_BLOCK..=at).step_by(ERASE_BLOCK).find(|edge| is_reset_vector(&data[*edge..])).unwrap_or(0)
}

/// True for a branch as at the start of a loader: one that noise hardly ever has.
fn is_first_instruction(data: &[u8]) -> bool {
    // "b reset", or "bal" over what follows it; not the entry of an exception vector, which loads k1 next.
    let mips = |word: u32, next: u32| {
        matches!(word >> 16, 0x1000 | 0x0411)
            && (1..0x8000).contains(&(word & 0xffff))
            && !matches!(next >> 16, 0x241b | 0x341b)
    };
    is_reset_vector(data)
        || words(data).is_some_and(|all| all[..2].iter().any(|[word, next]| mips(*word, *next)))
}

/// True for a branch with what a loader has after it: the filled delay slot (MIPS), the table of vectors (ARM),
/// the fill before an aligned word (ARM64).
fn is_reset_vector(data: &[u8]) -> bool {
    const CLEAR_COUNT: u32 = 0x4080_4800;
    let Some(all) = words(data) else { return false };
    let [little, _] = all;
    let mips = |[word, next]: [u32; 2]| {
        let branch = matches!(word >> 16, 0x1000 | 0x0411) && (1..0x8000).contains(&(word & 0xffff));
        let jump = matches!(word >> 26, 2 | 3) && word & 0x03ff_ffff != 0;
        (branch || jump) && matches!(next, 0 | CLEAR_COUNT)
    };
    let arm = |[word, next]: [u32; 2]| word >> 24 == 0xea && next >> 12 == 0xe_59ff;
    let arm64 =
        little[0] >> 25 == 0x0a && little[0] & 0x01ff_ffff != 0 && matches!(little[1], 0 | 0xd503_201f);
    all.into_iter().any(|pair| mips(pair) || arm(pair)) || arm64
}

/// The first two words, little-endian and big-endian.
fn words(data: &[u8]) -> Option<[[u32; 2]; 2]> {
    let word = |at| data.get(at..at + 4)?.try_into().ok();
    let [first, second]: [[u8; 4]; 2] = [word(0)?, word(4)?];
    let little = [first, second].map(u32::from_le_bytes);
    Some([little, [first, second].map(u32::from_be_bytes)])
}

/// The gaps without what is in `found`; both are in order of address.
fn without(gaps: Vec<Gap>, found: &[Span]) -> Vec<Gap> {
    let mut left = Vec::with_capacity(gaps.len());
    let mut found = found.iter().peekable();
    for gap in gaps {
        let span = Span::new(gap.offset, gap.offset + gap.size);
        while found.next_if(|one| one.end <= span.start).is_some() {}
        match found.peek().filter(|one| one.overlaps(span)) {
            None => left.push(gap),
            // A loader ends where a gap ends; it may start within one.
            Some(one) if one.start > span.start => left.push(Gap { size: one.start - span.start, ..gap }),
            Some(_) => {}
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::inspect::inspect;
    use crate::image::synthetic::noise;

    const BANNER: &[u8] = b"\0U-Boot 2023.07 (Aug 09 2023 - 10:11:12 +0000)\0";
    const ARM64: [u8; 8] = [0x0a, 0, 0, 0x14, 0x1f, 0x20, 0x03, 0xd5];
    const MIPS: [u8; 8] = [0x10, 0, 0, 0xff, 0, 0, 0, 0];

    /// Noise without FF and zeros, with pieces over it.
    fn image(size: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes: Vec<u8> = noise(7, size).into_iter().map(|b| b.clamp(1, 0xfe)).collect();
        for (at, piece) in pieces {
            bytes[*at..at + piece.len()].copy_from_slice(piece);
        }
        bytes
    }

    fn loaders(bytes: &[u8]) -> Vec<(u64, u64)> {
        inspect(bytes).of_kind("u-boot").map(|item| (item.offset, item.size)).collect()
    }

    #[test]
    fn padding_in_front_of_the_vectors_is_part_of_the_loader() {
        for (from, to) in [(0xcc0, 0x1000), (0x901, 0x1000), (0x7c0, 0x800), (0x1880, 0x2000)] {
            let padding = vec![0xff; to - from];
            let bytes = image(0x2_0000, &[(0, &ARM64), (from, &padding), (0x1_8000, BANNER)]);
            assert_eq!(loaders(&bytes), [(0, 0x2_0000)], "{from:#x}");
            // The vectors are branches too.
            let bytes = image(
                0x2_0000,
                &[(0, &ARM64), (from, &padding), (to, &[0x10, 0, 0, 0x14]), (0x1_8000, BANNER)],
            );
            assert_eq!(loaders(&bytes), [(0, 0x2_0000)], "{from:#x}");
        }
        // Longer padding before the banner: the part after it does not start like a loader.
        let padding = vec![0xff; 0x3000];
        let bytes = image(0x2_0000, &[(0, &ARM64), (0x1000, &padding), (0x1_8000, BANNER)]);
        assert_eq!(loaders(&bytes), [(0, 0x2_0000)]);
    }

    #[test]
    fn a_loader_after_other_data_starts_at_its_own_branch() {
        let blank = vec![0xff; 0xff00];
        let apart = image(0x4_0000, &[(0x100, &blank), (0x1_0000, &MIPS), (0x2_8000, BANNER)]);
        assert_eq!(loaders(&apart), [(0x1_0000, 0x3_0000)]);
        let adjoining = image(0x4_0000, &[(0x1_0000, &MIPS), (0x2_8000, BANNER)]);
        assert_eq!(loaders(&adjoining), [(0x1_0000, 0x3_0000)]);
        // Two stages, each with its banner.
        let blank = vec![0xff; 0x8000];
        let stages: &[(usize, &[u8])] = &[
            (0, &ARM64),
            (0x6000, b"\0U-Boot SPL 2023.07 (Aug 09 2023)\0"),
            (0x8000, &blank),
            (0x1_0000, &ARM64),
            (0x2_8000, BANNER),
        ];
        assert_eq!(loaders(&image(0x4_0000, stages)), [(0, 0x8000), (0x1_0000, 0x3_0000)]);
    }

    #[test]
    fn a_text_that_names_a_version_is_no_loader() {
        let manual =
            "# Backups\n\nThe board ran U-Boot 1.1.3 (Mar 10 2016 - 09:12:44) \u{2014} it still does.\n"
                .repeat(200);
        assert!(loaders(manual.as_bytes()).is_empty());
        let log = [manual.as_bytes(), &[0, 0xfe, 0x80], manual.as_bytes()].concat();
        assert!(loaders(&log).is_empty(), "a log with noise on the line");
        let program =
            image(0x1_0000, &[(0, b"\x7fELF\x02\x01\x01\0"), (0x8000, b"\0needs U-Boot 2019 or later\0")]);
        assert!(loaders(&program).is_empty());
        assert!(loaders(&image(0x1_0000, &[])).is_empty());
    }

    #[test]
    fn first_instructions() {
        let pair = |words: [u32; 2], big: bool| -> Vec<u8> {
            words.iter().flat_map(|w| if big { w.to_be_bytes() } else { w.to_le_bytes() }).collect()
        };
        for big in [false, true] {
            for (words, reset, first) in [
                ([0x1000_00ff, 0], true, true),
                ([0x1000_00ff, 0x4080_4800], true, true),
                ([0x1000_00ff, 0x3c08_1000], false, true),
                ([0x1000_0080, 0x241b_0200], false, false),
                ([0x0bc0_0100, 0], true, true),
                ([0x0bc0_0100, 0x3c08_1000], false, false),
                ([0xea00_0014, 0xe59f_f014], true, true),
                ([0xea00_0014, 0x1234_5678], false, false),
                ([0x1000_ffff, 0], false, false),
            ] {
                let bytes = pair(words, big);
                assert_eq!(
                    (is_reset_vector(&bytes), is_first_instruction(&bytes)),
                    (reset, first),
                    "{words:x?} {big}"
                );
            }
        }
        assert!(is_reset_vector(&ARM64) && !is_first_instruction(&ARM64[..7]) && !is_first_instruction(&[]));
    }
}
