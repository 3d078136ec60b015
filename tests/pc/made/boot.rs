//! The boot volume: the file of hashes, microcode, the FIT and the reset vector.

use super::bytes::{guid, noise, put, sum8};
use super::volumes::{file, volume};
use super::{Hashes, Part, Spec};
use sha2::{Digest, Sha256};

/// Length of the boot volume.
pub(super) const BOOT: usize = 0x8000;

fn microcode(seed: u64) -> Vec<u8> {
    let mut update = noise(seed, 0x400);
    update[..0x30].fill(0);
    update[0] = 1;
    put(&mut update, 0x1c, &(0x400u32 - 48).to_le_bytes());
    put(&mut update, 0x20, &0x400u32.to_le_bytes());
    let sum = update.chunks(4).fold(0u32, |s, w| s.wrapping_add(u32::from_le_bytes(w.try_into().unwrap())));
    put(&mut update, 0x10, &0u32.wrapping_sub(sum).to_le_bytes());
    update
}

/// The file of hashes over the ranges.
fn hash_file(
    image: &[u8],
    covered: &[(usize, usize)],
    parts: &[(Part, usize, usize)],
    kind: Hashes,
    address: impl Fn(usize) -> u32,
) -> Vec<u8> {
    let len = |range: &(usize, usize)| ((range.1 - range.0) as u32).to_le_bytes();
    let sha = |range: &(usize, usize)| Sha256::digest(&image[range.0..range.1]).to_vec();
    let unused = [&[0xff; 36][..], &[0; 4]].concat();
    let rows = |base: &dyn Fn(usize) -> u32, count: usize| -> Vec<u8> {
        let row =
            |range: &(usize, usize)| [&sha(range)[..], &base(range.0).to_le_bytes(), &len(range)].concat();
        (0..count).flat_map(|n| covered.get(n).map_or(unused.clone(), row)).collect()
    };
    let table = match kind {
        Hashes::Phoenix => {
            let is_volume = |part: &Part| !matches!(part, Part::Blank | Part::Block | Part::Psp);
            let first = parts.iter().find(|(part, ..)| is_volume(part)).map_or(0, |(_, at, _)| *at);
            let body = [b"$HASHTBL\x03\0\0\0", &rows(&|at| (at - first) as u32, 3)[..]].concat();
            return file(guid("389cc6f2-1ea8-467b-ab8a-78e769ae2a15"), 1, &body, false);
        }
        Hashes::BootGuard => {
            let joined: Vec<u8> = covered.iter().flat_map(|(a, b)| image[*a..*b].to_vec()).collect();
            let mut block = b"__IBBS__\x10".to_vec();
            block.resize(132, 0);
            // No hash of what follows the block; SHA-256 of the block.
            put(&mut block, 56, &[0x10, 0, 0, 0]);
            put(&mut block, 96, &[0xb, 0, 32, 0]);
            put(&mut block, 100, &Sha256::digest(&joined));
            block.push(covered.len() as u8);
            block.extend(
                covered
                    .iter()
                    .flat_map(|range| [[0; 4], address(range.0).to_le_bytes(), len(range)].concat()),
            );
            let head = [&b"__ACBP__\x10"[..], &[0; 7]].concat();
            return file(
                noise(61, 16).try_into().unwrap(),
                1,
                &[&head, &block[..], b"__PMSG__"].concat(),
                false,
            );
        }
        Hashes::Ami1 => covered.first().map_or(vec![0; 36], |range| [&sha(range)[..], &len(range)].concat()),
        Hashes::Ami2 => rows(&address, 2),
        Hashes::Ami3 => {
            let joined: Vec<u8> = covered.iter().flat_map(|(a, b)| image[*a..*b].to_vec()).collect();
            let mut table = Sha256::digest(&joined).to_vec();
            (0..3).for_each(|n| {
                table.extend(covered.get(n).map_or(u32::MAX, |(a, _)| address(*a)).to_le_bytes())
            });
            (0..3).for_each(|n| table.extend(covered.get(n).map_or([0; 4], len)));
            [&table[..], &[0xff; 4], &[0; 52]].concat()
        }
    };
    let section = [&(table.len() as u32 + 4).to_le_bytes()[..3], &[0x19], &table].concat();
    file(guid("cbc91f44-a4bc-4a5b-8696-703451d0b053"), 2, &section, false)
}

/// The boot volume at the end of the image: hash file, FIT with microcode, reset vector. Gives where the FIT is.
pub(super) fn boot(image: &mut [u8], parts: &[(Part, usize, usize)], seed: u64, spec: &Spec) -> usize {
    let size = image.len();
    let (base, address) = (size - BOOT, |at: usize| (u32::MAX as usize + 1 - size + at) as u32);
    let first = |wanted: &[Part]| parts.iter().find(|(part, ..)| wanted.contains(part)).copied();
    let covered = [first(&[Part::Code]), first(&[Part::Block, Part::Identity]).filter(|_| spec.wide)];
    let covered: Vec<(usize, usize)> = covered.into_iter().flatten().map(|(_, a, b)| (a, b)).collect();
    let hashes = hash_file(image, &covered, parts, spec.hashes, address);
    let updates = file(
        guid("17088572-377f-44ef-8f4e-b09fff46a070"),
        1,
        &[microcode(seed), microcode(seed + 1)].concat(),
        false,
    );
    let core = file(noise(60, 16).try_into().unwrap(), 4, &noise(seed + 2, 0x1000), true);
    let manifests = usize::from(spec.hashes == Hashes::BootGuard);
    let table = vec![0; 0x30 + 0x10 * manifests];
    let fit_file = file(guid("b52282ee-9b66-44b9-b1cf-7e5040f787c1"), 1, &table, false);
    let mut vector = noise(seed + 3, 0x400 - 24);
    let end = vector.len();
    let (_, places) = volume(
        BOOT,
        &[hashes.clone(), updates.clone(), core.clone(), fit_file],
        Some(file(guid("1ba0062e-c779-4582-8566-336ae8f78f09"), 1, &vector, false)),
    );
    let mut fit = b"_FIT_   \x03\0\0\0\0\x01\x80\0".to_vec();
    fit[8] += manifests as u8;
    for n in 0..2 {
        fit.extend(u64::from(address(base + places[1] + 24 + 0x400 * n)).to_le_bytes());
        fit.extend([0, 0, 0, 0, 0, 1, 1, 0]);
    }
    for _ in 0..manifests {
        fit.extend(u64::from(address(base + places[0] + 24)).to_le_bytes());
        fit.extend([0, 0, 0, 0, 0, 1, 0xc, 0]);
    }
    fit[15] = 0u8.wrapping_sub(sum8(&fit));
    let fit_at = base + places[3] + 24;
    put(&mut vector, end - 0x40, &address(fit_at).to_le_bytes());
    put(&mut vector, end - 4, &address(base).to_le_bytes());
    let fit_file = file(guid("b52282ee-9b66-44b9-b1cf-7e5040f787c1"), 1, &fit, false);
    let vtf = file(guid("1ba0062e-c779-4582-8566-336ae8f78f09"), 1, &vector, false);
    put(image, base, &volume(BOOT, &[hashes, updates, core, fit_file], Some(vtf)).0);
    fit_at
}
