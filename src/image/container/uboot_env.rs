//! U-Boot's environment: `name=value` texts under a CRC, plain or redundant, in either byte order.
//!
//! The CRC comes first, in the SoC's byte order; a redundant copy has a flag byte after it. The texts end with
//! an empty one, and what follows is under the CRC too, so the size shows only by trying. Facts: U-Boot
//! env/common.c, include/env_internal.h; sizes measured on fixtures.

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness, slice, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("uboot-env");

/// Sizes are tried in these steps.
const STEP: usize = 0x400;
/// The largest size tried.
const MOST: usize = 0x4_0000;
/// The smallest erase block of a flash chip: a stored environment has at least one of its own.
const BLOCK: usize = 0x1000;
/// The longest entry read; boot scripts have some KiB.
const LONGEST: usize = 0x4000;
/// Names of which an environment has at least one.
const USUAL: [&str; 8] =
    ["bootcmd", "bootdelay", "baudrate", "ethaddr", "ipaddr", "serverip", "bootargs", "mtdparts"];

/// An environment as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its size, with CRC and filler; only known where the CRC holds.
    pub size: Option<usize>,
    /// Byte order of the CRC; only known where the CRC holds.
    pub endianness: Option<Endianness>,
    /// The flag byte of a redundant copy.
    pub flag: Option<u8>,
    /// Names and values in their order.
    pub variables: Vec<(String, String)>,
    /// Where the texts end, with their closing NULs.
    pub used: usize,
}

/// Where texts are that look like an environment's: nothing is copied until they count as one.
struct Texts<'a> {
    entries: &'a [u8],
    /// Where they end, with their closing NULs.
    end: usize,
    count: usize,
    /// True when one of the [`USUAL`] names is among them.
    usual: bool,
}

impl Texts<'_> {
    /// Names and values in their order.
    fn variables(&self) -> Vec<(String, String)> {
        let entries = self.entries.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
        // A value may be any text, UTF-8 too.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let split = |entry: &[u8]| {
            let equals = entry.iter().position(|byte| *byte == b'=')?;
            Some((text(&entry[..equals]), text(&entry[equals + 1..])))
        };
        entries.filter_map(split).collect()
    }
}

/// The texts from `start` on.
fn texts<'a>(look: &mut Look<'a>, start: usize) -> Option<Texts<'a>> {
    let bytes = look.bytes;
    let area = &bytes[start..bytes.len().min(start + MOST)];
    let (mut at, mut count, mut usual) = (0, 0, false);
    loop {
        let rest = &area[at..area.len().min(at + LONGEST)];
        let len = memchr::memchr(0, rest);
        if !look.may_sum(len.unwrap_or(rest.len()) as u64 + 1) {
            return None;
        }
        let entry = &rest[..len?];
        if entry.is_empty() {
            let (entries, end) = (&area[..at], start + at + 1);
            return (count > 0).then_some(Texts { entries, end, count, usual });
        }
        at += entry.len() + 1;
        let name = &entry[..memchr::memchr(b'=', entry)?];
        if name.is_empty() || name.len() >= 128 || !name.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        count += 1;
        usual |= USUAL.iter().any(|known| known.as_bytes() == name);
    }
}

/// Reads an environment at `at`: with a CRC that holds, or one that does not hold over unmistakable texts.
pub fn parse(bytes: &[u8], at: usize) -> Option<Environment> {
    read(&mut Look::new(bytes), at).map(|(found, _)| found)
}

/// Reads an environment, and tells whether its CRC was looked for.
fn read(look: &mut Look, at: usize) -> Option<(Environment, bool)> {
    let bytes = look.bytes;
    let mut without_sum = None;
    for header in [4, 5] {
        let start = at.checked_add(header)?;
        if !bytes.get(start).is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        let Some(texts) = texts(look, start) else { continue };
        let flag = (header == 5).then(|| bytes[at + 4]);
        let most = MOST.min(bytes.len() - at);
        let may = look.may_sum(most as u64);
        let sum = if may { sum(bytes, at, header, texts.end - at, most) } else { None };
        let found = || Environment {
            size: sum.map(|(size, _)| size),
            endianness: sum.map(|(_, order)| order),
            flag,
            variables: texts.variables(),
            used: texts.end - at,
        };
        if sum.is_some() {
            return Some((found(), may));
        }
        // A byte that could begin a name may also be a flag: the plain reading goes first.
        if texts.usual && texts.count > 1 && without_sum.is_none() {
            without_sum = Some((found(), may));
        }
    }
    without_sum
}

/// The size at which the CRC holds, and its byte order.
fn sum(bytes: &[u8], at: usize, header: usize, used: usize, most: usize) -> Option<(usize, Endianness)> {
    let stored = |order| u32_at(bytes, at, order);
    let (little, big) = (stored(Endianness::Little)?, stored(Endianness::Big)?);
    let mut hasher = crc32fast::Hasher::new();
    let mut summed = header;
    for size in (STEP..=most).step_by(STEP).skip_while(|size| *size < used) {
        hasher.update(&bytes[at + summed..at + size]);
        summed = size;
        let crc = hasher.clone().finalize();
        if crc == little {
            return Some((size, Endianness::Little));
        }
        if crc == big {
            return Some((size, Endianness::Big));
        }
    }
    None
}

/// True for texts that end at `used` with filler after them up to the end of their block, as in an area of their own.
///
/// The default environment is compiled into the loader: it has no sum, and code follows it.
fn is_stored(bytes: &[u8], at: usize, used: usize) -> bool {
    // One part in so many may be something else, where the filler itself is damaged.
    const DAMAGED: usize = 8;
    let end = (at + used.next_multiple_of(BLOCK)).min(bytes.len());
    let tail = &bytes[at + used..end];
    let count = |filler: u8| tail.iter().filter(|byte| **byte == filler).count();
    let filled = count(0).max(count(0xff));
    tail.len() - filled <= tail.len() / DAMAGED
}

/// Reads an environment at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    // Cheap first: a name's letter where the texts begin, and `=` soon after.
    let head = slice(look.bytes, at, 16)?;
    if !(head[4].is_ascii_alphabetic() || head[5].is_ascii_alphabetic())
        || !look.bytes[at + 4..look.bytes.len().min(at + 140)].contains(&b'=')
    {
        return None;
    }
    let (found, summed) = read(look, at)?;
    if found.size.is_none() && !is_stored(look.bytes, at, found.used) {
        return None;
    }
    let get = |name: &str| found.variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let item = Item::new(KIND, at as u64, found.size.unwrap_or(found.used) as u64)
        .with_some("endianness", found.endianness.map(Endianness::name))
        .with("redundant", found.flag.is_some())
        .with_some("flag", found.flag)
        .with("variables", found.variables.len())
        .with_some("ethaddr", get("ethaddr"))
        .with_some("mtdparts", get("mtdparts"))
        .with_some("bootcmd", get("bootcmd"));
    let item = match found.size {
        Some(_) => item.check(CheckName::CRC, true, ""),
        None if summed => item.check(
            CheckName::CRC,
            false,
            format!("holds at no size from {STEP:#x} to {MOST:#x} in either byte order"),
        ),
        None => item.check(CheckName::CRC, Outcome::CannotTell, NOT_MADE),
    };
    Some(Found::leaf(item))
}

/// Why an environment cannot be written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EnvError {
    /// There is none, or its CRC does not hold.
    #[error("no U-Boot environment with a good CRC at {0:#x}")]
    None(u64),
    /// A name or value that it cannot hold.
    #[error("'{0}' cannot be in an environment: a name has no blank, '=' or NUL, a value no NUL")]
    Text(String),
    /// No room.
    #[error("the environment has room for {room:#x} bytes of text, {needed:#x} are needed")]
    Full {
        /// Bytes there are.
        room: usize,
        /// Bytes needed.
        needed: usize,
    },
}

/// Sets variables in the environment at `at` and redoes its CRC; an empty value takes the variable out.
///
/// # Errors
/// See [`EnvError`].
pub fn set(bytes: &mut [u8], at: usize, changes: &[(&str, &str)]) -> Result<(), EnvError> {
    let missing = EnvError::None(at as u64);
    let Some(environment) = parse(bytes, at) else { return Err(missing) };
    let (Some(size), Some(order)) = (environment.size, environment.endianness) else { return Err(missing) };
    let mut variables = environment.variables;
    for (name, value) in changes {
        let untidy = name.is_empty() || name.bytes().any(|b| b <= b' ' || b == b'=') || value.contains('\0');
        if untidy {
            return Err(EnvError::Text(format!("{name}={value}")));
        }
        match variables.iter_mut().find(|(n, _)| n == name) {
            Some(variable) => variable.1 = (*value).to_owned(),
            None => variables.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    variables.retain(|(name, value)| !value.is_empty() || !changes.iter().any(|(n, _)| n == name));
    let mut text: Vec<u8> =
        variables.iter().flat_map(|(n, v)| [n.as_bytes(), b"=", v.as_bytes(), b"\0"].concat()).collect();
    text.push(0);
    let header = if environment.flag.is_some() { 5 } else { 4 };
    let room = size - header;
    if text.len() > room {
        return Err(EnvError::Full { room, needed: text.len() });
    }
    // The filler is kept as it was, 0 or FF.
    let filler = if environment.used < size { bytes[at + size - 1] } else { 0 };
    let area = &mut bytes[at..at + size];
    area[header..header + text.len()].copy_from_slice(&text);
    area[header + text.len()..].fill(filler);
    let crc = crc32fast::hash(&area[header..]);
    area[..4].copy_from_slice(&order.bytes32(crc));
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An environment of `size` bytes as U-Boot's mkenvimage makes it.
    pub(crate) fn make(size: usize, order: Endianness, flag: Option<u8>, text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 4];
        bytes.extend(flag);
        let header = bytes.len();
        bytes.extend_from_slice(text);
        bytes.resize(size, 0xff);
        let crc = crc32fast::hash(&bytes[header..]);
        bytes[..4].copy_from_slice(&order.bytes32(crc));
        bytes
    }

    const TEXT: &[u8] = b"bootdelay=2\0ethaddr=30:b5:c2:a1:b2:c3\0x=a=b\0\0";

    #[test]
    fn sizes_orders_and_the_flag_are_found_by_the_crc() {
        for order in [Endianness::Little, Endianness::Big] {
            for size in [0x400, 0x1000, 0x3000, 0x10000, 0x20000] {
                for flag in [None, Some(1), Some(b'b')] {
                    let mut file = vec![0xff; 0x800];
                    file.extend(make(size, order, flag, TEXT));
                    file.resize(0x22000, 0xff);
                    let found = parse(&file, 0x800).unwrap();
                    assert_eq!(
                        (found.size, found.endianness),
                        (Some(size), Some(order)),
                        "{size:#x} {flag:?}"
                    );
                    assert_eq!(found.flag, flag);
                    assert_eq!(found.variables[2], ("x".to_owned(), "a=b".to_owned()));
                }
            }
        }
    }

    #[test]
    fn a_bad_crc_is_told_and_other_texts_are_not_environments() {
        let mut file = make(0x1000, Endianness::Big, None, TEXT);
        file[0x20] ^= 1;
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert_eq!(item.result("crc"), Some(Outcome::Bad));
        assert!(parse(b"\0\0\0\0ab=c\0d=e\0\0", 0).is_none());
        assert!(parse(b"\0\0\0\0bootcmd=run it", 0).is_none());
    }

    #[test]
    fn a_default_environment_is_part_of_its_loader() {
        let code: Vec<u8> =
            crate::image::synthetic::noise(3, 0x4000).into_iter().map(|b| b.clamp(1, 0xfe)).collect();
        for (padding, named) in [(0, false), (3, false), (0x40, false), (0x1000, true)] {
            for filler in [0, 0xff] {
                let mut file = code.clone();
                file[0x1000..0x1004].copy_from_slice(b"\x12\x34\x56\x78");
                file[0x1004..0x1004 + TEXT.len()].copy_from_slice(TEXT);
                file[0x1004 + TEXT.len()..0x1004 + TEXT.len() + padding].fill(filler);
                let found = find(&mut Look::new(&file), 0x1000);
                assert_eq!(found.is_some(), named, "{padding:#x} {filler:#x}");
            }
        }
        // One of which the filler is damaged is still a stored one.
        let mut file = make(0x2000, Endianness::Big, None, TEXT);
        file[0x300..0x340].copy_from_slice(&code[..0x40]);
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert_eq!(item.result("crc"), Some(Outcome::Bad));
    }

    #[test]
    fn setting_redoes_the_crc_and_keeps_the_rest() {
        let mut file = make(0x1000, Endianness::Big, Some(3), TEXT);
        set(&mut file, 0, &[("bootdelay", "5"), ("x", ""), ("new", "y")]).unwrap();
        let found = parse(&file, 0).unwrap();
        assert_eq!((found.size, found.flag), (Some(0x1000), Some(3)));
        let pairs: Vec<_> = found.variables.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(pairs, ["bootdelay=5", "ethaddr=30:b5:c2:a1:b2:c3", "new=y"]);
        assert_eq!(file.len(), 0x1000);
        assert_eq!(file[0xfff], 0xff);

        let long = "y".repeat(0x1000);
        assert!(matches!(set(&mut file, 0, &[("a", &long)]), Err(EnvError::Full { room: 0xffb, .. })));
        assert_eq!(set(&mut file, 0, &[("a=b", "c")]), Err(EnvError::Text("a=b=c".to_owned())));
        file[0x100] ^= 1;
        assert_eq!(set(&mut file, 0, &[("a", "b")]), Err(EnvError::None(0)));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(b'='), Just(b'a'), any::<u8>()], 0..600), at in 0usize..700) {
            let _ = parse(&bytes, at);
            let _ = find(&mut Look::new(&bytes), at);
        }
    }
}
