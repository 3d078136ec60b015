//! Cabinets, as Windows and the Linux firmware service deliver updates: files in folders, each folder a stream of blocks.
//!
//! `MSCF`, the file's length, where the list of files is, version 1.3, numbers of folders and files, flags; a folder has its
//! first block, number of blocks and method; a file its length, place in the folder, folder, times and name; a block a
//! sum (32-bit words, 0 for none), packed and unpacked length. MSZIP: `CK` and a deflate stream of at most 32 KiB, which may
//! copy from what the folder's blocks before it hold. Facts: Microsoft's MS-CAB and MS-MCI. LZX, Quantum and sets of several
//! cabinets are named and not opened.

use super::archive::{MEMBERS, MOST_UNPACKED};
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::item::{Item, ItemKind};
use crate::image::container::packed::mszip::{BLOCK, inflate};
use crate::units;

/// How a cabinet starts.
pub(super) const MARK: &[u8] = b"MSCF\0\0\0\0";
const HEAD_LEN: usize = 36;
const VERSION: [u8; 2] = [3, 1];
const HAS_PREVIOUS: u16 = 1;
const HAS_NEXT: u16 = 2;
const HAS_RESERVED: u16 = 4;
const FOLDER_LEN: usize = 8;
const FILE_HEAD: usize = 16;
const BLOCK_HEAD: usize = 8;
const LONGEST_NAME: usize = 256;
/// No update has more files than this.
const MOST_FILES: u16 = 1024;
const METHODS: [&str; 4] = ["none", "MSZIP", "Quantum", "LZX"];

/// Reads a cabinet's head and list of files.
pub(super) fn cabinet(look: &mut Look) -> Option<Wrapped> {
    let bytes = look.bytes;
    let len = u32_at(bytes, 8, Little).filter(|_| bytes.starts_with(MARK))?;
    let item = Item::new(ItemKind::new("cabinet"), 0, len.into()).check_fits(bytes.len());
    let item = match head(bytes) {
        Ok(head) => {
            let members =
                head.files.iter().map(|file| serde_json::json!({ "name": file.name, "size": file.len }));
            item.with("members", members.collect::<Vec<_>>()).check(MEMBERS, true, "")
        }
        Err(why) => item.check(MEMBERS, false, why),
    };
    Some(Wrapped { name: "cabinet", item, inside: Inside::Packed })
}

/// The files of a cabinet, unpacked within bounds.
///
/// # Errors
/// Why they cannot be read, in words for a message.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let head = head(bytes)?;
    let mut left = MOST_UNPACKED;
    let mut folders: Vec<Vec<u8>> = Vec::new();
    for folder in &head.folders {
        let data = folder.unpack(bytes, head.block_reserved, left)?;
        left -= data.len() as u64;
        folders.push(data);
    }
    let file = |file: File| {
        let data =
            folders.get(file.folder).and_then(|folder| slice(folder, file.at as usize, file.len as usize));
        let data = data.ok_or_else(|| format!("{} is not whole in it", file.name))?;
        Ok((file.name, data.to_vec()))
    };
    head.files.into_iter().map(file).collect()
}

struct Listing {
    folders: Vec<Folder>,
    files: Vec<File>,
    /// Bytes that each block has between head and data.
    block_reserved: usize,
}

struct Folder {
    at: usize,
    blocks: u16,
    method: u16,
}

struct File {
    name: String,
    len: u32,
    at: u32,
    folder: usize,
}

fn head(bytes: &[u8]) -> Result<Listing, String> {
    let cut = || "its list of files is not whole".to_owned();
    let head = slice(bytes, 0, HEAD_LEN).ok_or_else(cut)?;
    let word = |at| u16_at(head, at, Little).unwrap_or(0);
    let (folders, files, flags) = (word(26), word(28), word(30));
    if head[24..26] != VERSION {
        return Err(format!("its version is {}.{}, which is not known", head[25], head[24]));
    }
    if flags & (HAS_PREVIOUS | HAS_NEXT) != 0 {
        return Err("it is one of a set of cabinets".to_owned());
    }
    if files > MOST_FILES {
        return Err(format!("it has {files} files, more than {MOST_FILES}"));
    }
    let mut at = HEAD_LEN;
    let (mut folder_reserved, mut block_reserved) = (0, 0);
    if flags & HAS_RESERVED != 0 {
        let own = usize::from(u16_at(bytes, at, Little).ok_or_else(cut)?);
        let lens = slice(bytes, at + 2, 2).ok_or_else(cut)?;
        (folder_reserved, block_reserved) = (usize::from(lens[0]), usize::from(lens[1]));
        at += 4 + own;
    }
    let folder = |n: usize| {
        let entry = slice(bytes, at + n * (FOLDER_LEN + folder_reserved), FOLDER_LEN)?;
        Some(Folder {
            at: u32_at(entry, 0, Little)? as usize,
            blocks: u16_at(entry, 4, Little)?,
            method: u16_at(entry, 6, Little)?,
        })
    };
    let folders = (0..usize::from(folders)).map(folder).collect::<Option<Vec<_>>>().ok_or_else(cut)?;
    let mut at = u32_at(head, 16, Little).unwrap_or(0) as usize;
    let mut list = Vec::new();
    for _ in 0..files {
        let entry = slice(bytes, at, FILE_HEAD).ok_or_else(cut)?;
        let name = bytes.get(at + FILE_HEAD..).unwrap_or_default();
        let len = memchr::memchr(0, &name[..name.len().min(LONGEST_NAME)]).ok_or_else(cut)?;
        list.push(File {
            name: String::from_utf8_lossy(&name[..len]).replace('\\', "/"),
            len: u32_at(entry, 0, Little).unwrap_or(0),
            at: u32_at(entry, 4, Little).unwrap_or(0),
            folder: u16_at(entry, 8, Little).unwrap_or(0).into(),
        });
        at += FILE_HEAD + len + 1;
    }
    Ok(Listing { folders, files: list, block_reserved })
}

impl Folder {
    fn unpack(&self, bytes: &[u8], reserved: usize, most: u64) -> Result<Vec<u8>, String> {
        let method = METHODS.get(usize::from(self.method & 0xf)).copied().unwrap_or("an unknown method");
        if !matches!(method, "none" | "MSZIP") {
            return Err(format!("it is packed by {method}, which is not opened"));
        }
        let (mut out, mut at) = (Vec::new(), self.at);
        for number in 1..=self.blocks {
            let damaged = || format!("block {number} of it is damaged or not whole");
            let head = slice(bytes, at, BLOCK_HEAD).ok_or_else(damaged)?;
            let word = |at| u16_at(head, at, Little).map_or(0, usize::from);
            let (packed, len) = (word(4), word(6));
            let all = slice(bytes, at + BLOCK_HEAD, reserved + packed).ok_or_else(damaged)?;
            let stated = u32_at(head, 0, Little).unwrap_or(0);
            if stated != 0 && stated != sum(&head[4..], sum(all, 0)) {
                return Err(format!("the sum of block {number} of it does not hold"));
            }
            if out.len() as u64 + len as u64 > most {
                return Err(format!("more than {} are packed in it", units::size(MOST_UNPACKED)));
            }
            let data = &all[reserved..];
            match method {
                "none" if packed == len => out.extend(data),
                "MSZIP" => {
                    let before = out.len().saturating_sub(BLOCK);
                    let block = inflate(data, len, &out[before..]).ok_or_else(damaged)?;
                    out.extend(block);
                }
                _ => return Err(damaged()),
            }
            at += BLOCK_HEAD + reserved + packed;
        }
        Ok(out)
    }
}

/// 32-bit words by exclusive or; the bytes after the last word count from its high end.
fn sum(bytes: &[u8], seed: u32) -> u32 {
    let words = bytes.chunks_exact(4);
    let rest = words.remainder().iter().fold(0, |rest, byte| rest << 8 | u32::from(*byte));
    words.fold(seed, |sum, word| sum ^ u32_at(word, 0, Little).unwrap_or(0)) ^ rest
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::synthetic::noise;
    use flate2::{Compress, Compression, FlushCompress};
    use proptest::prelude::*;

    /// A cabinet of one folder, packed by MSZIP or stored, each block with its sum.
    pub(crate) fn made(files: &[(&str, &[u8])], packed: bool) -> Vec<u8> {
        let all: Vec<u8> = files.iter().flat_map(|(_, data)| data.to_vec()).collect();
        let mut blocks = Vec::new();
        for block in all.chunks(BLOCK) {
            let mut data = block.to_vec();
            if packed {
                data = Vec::with_capacity(0x1_0000);
                Compress::new(Compression::fast(), false)
                    .compress_vec(block, &mut data, FlushCompress::Finish)
                    .unwrap();
                data.splice(..0, *b"CK");
            }
            let lens = [(data.len() as u16).to_le_bytes(), (block.len() as u16).to_le_bytes()].concat();
            blocks.extend([&sum(&lens, sum(&data, 0)).to_le_bytes()[..], &lens, &data].concat());
        }
        let (mut list, mut at) = (Vec::new(), 0u32);
        for (name, data) in files {
            list.extend([(data.len() as u32).to_le_bytes(), at.to_le_bytes(), [0; 4], [0; 4]].concat());
            list.extend([name.as_bytes(), &[0]].concat());
            at += data.len() as u32;
        }
        let first = HEAD_LEN + FOLDER_LEN + list.len();
        let count = all.len().div_ceil(BLOCK) as u16;
        let mut file = MARK.to_vec();
        file.extend(((first + blocks.len()) as u32).to_le_bytes());
        file.extend([[0; 4], ((HEAD_LEN + FOLDER_LEN) as u32).to_le_bytes(), [0; 4]].concat());
        file.extend(VERSION);
        file.extend([1u16, files.len() as u16, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
        file.extend((first as u32).to_le_bytes());
        file.extend([count, u16::from(packed)].iter().flat_map(|word| word.to_le_bytes()));
        [file, list, blocks].concat()
    }

    #[test]
    fn files_of_both_methods_come_out_as_they_were() {
        let (one, two) = (noise(1, 0x9000), b"a text\n".repeat(9000));
        for packed in [false, true] {
            let file = made(&[("dir\\one.bin", &one), ("two.txt", &two)], packed);
            let found = cabinet(&mut Look::new(&file)).unwrap();
            assert!(found.item.is_sound() && found.inside == Inside::Packed, "{found:?}");
            let all = unpack(&file).unwrap();
            assert_eq!(
                all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
                ["dir/one.bin", "two.txt"]
            );
            assert!(all[0].1 == one && all[1].1 == two);
            assert!(!cabinet(&mut Look::new(&file[..file.len() - 1])).unwrap().item.is_sound());
            for (at, value, words) in [
                (file.len() - 9, 0x5a, "sum of block"),
                (0x19, 9, "version is 8"),
                (0x1e, 2, "one of a set"),
                (0x2a, 3, "LZX"),
                (0x2a, 2, "Quantum"),
                (0x33, 0xff, "not whole in it"),
                (0x28, 4, "not whole in it"),
            ] {
                let mut bad = file.clone();
                bad[at] ^= value;
                if words == "LZX" || words == "Quantum" {
                    bad[at] = value;
                }
                let why = unpack(&bad).map(|all| all.len()).unwrap_err();
                assert!(why.contains(words), "{words}: {why}");
            }
        }
        assert!(cabinet(&mut Look::new(b"MSCF and more of a text")).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes(edits in prop::collection::vec((0usize..0x200, any::<u8>()), 0..12), packed: bool, cut in 0usize..0x400) {
            let mut file = made(&[("a", &[0x5a; 300]), ("b", b"text")], packed);
            for (at, value) in edits {
                let at = at % file.len();
                file[at] = value;
            }
            file.truncate(cut);
            let _ = (cabinet(&mut Look::new(&file)), unpack(&file).map(|all| all.len()));
        }
    }
}
