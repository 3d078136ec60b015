//! Insyde's flash device map: what each part of the flash is, and the hash of those that may not change.
//!
//! `HFDM`: 32-bit size, offset and size of the entries, format, revision, extensions, byte sum of the head, 64-bit base. An
//! entry: type, 16 bytes of id, offset, size, attributes (1: may change, 2: ignored), SHA-256. Its address is the low 32
//! bits of base and offset. Facts: UEFITool (insyde_fdm.ksy).

use memchr::memmem;

use super::file;
use super::guid::Guid;
use crate::image::container::bytes::{Endianness::Little, array, slice, u32_at, u64_at};

const MARK: &[u8] = b"HFDM";
const HEAD_LEN: usize = 0x1c;
const ENTRY_LEN: usize = 0x54;
/// More entries than any map has.
const MOST: usize = 256;
const MAY_CHANGE: u32 = 1;
const IGNORED: u32 = 2;

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The unit's own, under this name of a region.
    Unit(&'static str),
    /// The variables.
    Variables,
    /// The release's.
    Release,
    /// Not known: where both are written and differ, the user says.
    Open,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Guid,
    /// Where, as the processor sees the flash.
    pub address: u64,
    /// Its length.
    pub len: u64,
    /// The SHA-256 that must hold; `None` for what may change.
    pub sha256: Option<[u8; 32]>,
}

impl Entry {
    /// Whose it is.
    pub fn owner(&self) -> Owner {
        OWNERS.iter().find(|(kind, _)| *kind == self.kind).map_or(Owner::Open, |(_, owner)| *owner)
    }
}

/// The owners by type.
const OWNERS: [(Guid, Owner); 30] = [
    (Guid::of("B344EB1A-F97E-4F14-A1E1-7E63BC40C8CE"), Owner::Unit("msdm")),
    (Guid::of("8964FEDC-6FE7-4E1E-A55E-FF821D71FFCF"), Owner::Unit("smbios")),
    (Guid::of("B95D2198-8E70-4CDC-937D-9A3F795F9905"), Owner::Unit("event-log")),
    (Guid::of("29280631-623B-43E4-BCA1-005214C483A6"), Owner::Unit("gpnv")),
    (Guid::of("C0027E32-8EE5-4D17-9B28-BA50166C4CB4"), Owner::Unit("password")),
    (Guid::of("1AB43FAF-4988-47B9-969B-3E31587A75DE"), Owner::Unit("license")),
    (Guid::of("AD38B3FD-5C53-49FE-A4B3-28EE079D2495"), Owner::Unit("variable1")),
    (Guid::of("A63E8136-6933-46A0-B74A-3618A5F7EF04"), Owner::Unit("variable2")),
    (Guid::of("3E2DA81C-E401-4B6B-B8A4-5095DA690DDD"), Owner::Unit("eeprom")),
    (Guid::of("F392B582-1F08-4E95-B51D-598B19F6993F"), Owner::Unit("supervisor-password")),
    (Guid::of("FA01652A-4942-417A-AE1C-B8FA2BD31A84"), Owner::Unit("user-password")),
    (Guid::of("D1877CDF-4573-4273-A11C-97428E03A734"), Owner::Unit("slp")),
    (Guid::of("CD1C653D-D25D-44D2-BF94-37D9633DE22F"), Owner::Unit("computrace")),
    (Guid::of("45C3433E-E013-4F0C-AE37-A9AA0B47C42E"), Owner::Unit("multilogo")),
    (Guid::of("773C5374-81D1-4D43-B293-F3D74F181D6B"), Owner::Variables),
    (Guid::of("C8416E04-9934-4079-BE9A-39F8D6028498"), Owner::Variables),
    (Guid::of("B78E15D3-F0A5-4248-8E2F-D3157AEF8836"), Owner::Variables),
    (Guid::of("E3D76D56-988A-4D6B-8913-64F2DF1DF6A6"), Owner::Release),
    (Guid::of("1FD0BACE-6F0A-4085-901E-F6210385CB6F"), Owner::Release),
    (Guid::of("CF1406C5-3FEC-47EB-A6C3-B71A3EE00B95"), Owner::Release),
    (Guid::of("B5E8E758-A7E6-4C8B-AB85-FF2A959B99BA"), Owner::Release),
    (Guid::of("8CC7CC2D-C926-473B-B9D7-B297BB0FCA5F"), Owner::Release),
    (Guid::of("A36CBFED-0A2F-4A9D-823C-3C498C06DDD1"), Owner::Release),
    (Guid::of("F2A016B6-E814-402E-A395-46D3CF75264A"), Owner::Release),
    (Guid::of("B49866F8-8CD2-49E4-A16D-B60FBEC31C4B"), Owner::Release),
    (Guid::of("32415DFC-D106-48C7-9EB5-806C114DD107"), Owner::Release),
    (Guid::of("D9DDACA2-0816-48F3-ADED-6B71656B248A"), Owner::Release),
    (Guid::of("A73EF3BF-33CC-43A9-B39C-A912C7489A57"), Owner::Release),
    (Guid::of("DACFAB69-F977-4784-8AD8-7724A6F4B440"), Owner::Release),
    (Guid::of("F078C1A0-FC52-4C3F-BE1F-D688815A62C0"), Owner::Release),
];

/// The map in `bytes`: the first whose head's sum holds and whose entries are all there.
pub fn find(bytes: &[u8]) -> Option<Vec<Entry>> {
    // Each try costs the head alone.
    memmem::find_iter(bytes, MARK).find_map(|at| read(bytes, at))
}

fn read(bytes: &[u8], at: usize) -> Option<Vec<Entry>> {
    let head = slice(bytes, at, HEAD_LEN).filter(|head| file::sum(head) == 0)?;
    let word = |offset| u32_at(head, offset, Little).map(|word| word as usize);
    let (size, first, entry_len) = (word(4)?, word(8)?, word(12)?);
    let base = u64_at(head, 0x14, Little)?;
    if first < HEAD_LEN || entry_len != ENTRY_LEN {
        return None;
    }
    let table = slice(bytes, at, size)?.get(first..)?;
    if table.len() > MOST * ENTRY_LEN {
        return None;
    }
    let entries = table.chunks_exact(ENTRY_LEN).map(|entry| {
        let attributes = u32_at(entry, 0x30, Little)?;
        Some(Entry {
            kind: Guid::at(entry, 0)?,
            address: base.wrapping_add(u64_at(entry, 0x20, Little)?) & 0xffff_ffff,
            len: u64_at(entry, 0x28, Little)?,
            sha256: array(entry, 0x34).filter(|_| attributes & (MAY_CHANGE | IGNORED) == 0),
        })
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::pc::bios::Bios;
    use crate::image::pc::claims::claims;
    use crate::image::pc::proof::faults;
    use sha2::{Digest, Sha256};

    const VERSIONS: Guid = Guid::of("32415DFC-D106-48C7-9EB5-806C114DD107");

    fn flash() -> Vec<u8> {
        let mut bytes = vec![0xff; 0x1_0000];
        bytes[0x1000..0x1040].fill(0x5a);
        let mut table = Vec::new();
        for (kind, at, attributes) in [(OWNERS[0].0, 0x3000u64, 1u32), (VERSIONS, 0x1000, 0)] {
            let sha = Sha256::digest(&bytes[at as usize..at as usize + 0x1000]);
            table.extend([&kind.0[..], &[0; 16], &at.to_le_bytes(), &0x1000u64.to_le_bytes()].concat());
            table.extend([&attributes.to_le_bytes()[..], &sha].concat());
        }
        let mut head = MARK.to_vec();
        for word in [(HEAD_LEN + table.len()) as u32, HEAD_LEN as u32, ENTRY_LEN as u32, 0x100] {
            head.extend(word.to_le_bytes());
        }
        head.extend((u32::MAX as u64 - 0xffff).to_le_bytes());
        head[0x13] = 0u8.wrapping_sub(file::sum(&head));
        bytes[0x5000..0x5000 + HEAD_LEN].copy_from_slice(&head);
        bytes[0x5000 + HEAD_LEN..0x5000 + HEAD_LEN + table.len()].copy_from_slice(&table);
        bytes
    }

    #[test]
    fn entries_tell_the_unit_s_own_and_hashes_that_hold() {
        let mut bytes = flash();
        let bios = Bios::read(&bytes, 0);
        let own: Vec<_> = claims(&bios).into_iter().map(|claim| (claim.name, claim.span.start)).collect();
        assert_eq!((own, faults(&bios).len()), (vec![("msdm".to_owned(), 0x3000)], 0));
        bytes[0x3000] = 1;
        assert!(faults(&Bios::read(&bytes, 0)).is_empty(), "what may change has no hash");
        bytes[0x1fff] = 1;
        let found = faults(&Bios::read(&bytes, 0));
        assert!(found.len() == 1 && found[0].message.contains("Insyde"), "{found:?}");
        bytes[0x5004] ^= 1;
        assert_eq!(find(&bytes), None, "the head's sum");
    }
}
