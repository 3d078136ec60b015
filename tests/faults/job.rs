//! The jobs that faults strike, on chips small enough that thousands of them take seconds.

use super::bench::{Stored, quiet};
use crate::bench::noise;
use norsplice::emulator::chip::{FlashChip, find};
use norsplice::emulator::{Faults, ProgrammerKind};
use norsplice::workflow::ChipState;
use std::sync::LazyLock;
use std::time::Duration;

/// A chip's contents before and after, and its id.
pub struct Job {
    pub old: Vec<u8>,
    pub new: Vec<u8>,
    jedec_id: [u8; 3],
    name: &'static str,
}

/// On a W25Q10, 128 KiB: sectors in two places, a 64 KiB block most of which is blank, pages programmed without an
/// erase, and the block at address 0.
pub static SMALL: LazyLock<Job> = LazyLock::new(|| {
    let mut old = noise(128 << 10, 1);
    old[0x8000..0x9000].fill(0xff);
    let mut new = old.clone();
    new[0x800..0x900].copy_from_slice(&noise(0x100, 2));
    new[0x3000..0x3400].copy_from_slice(&noise(0x400, 3));
    new[0x8200..0x8400].copy_from_slice(&noise(0x200, 5));
    new[0x1_0000..].fill(0xff);
    new[0x1_0000..0x1_0800].copy_from_slice(&noise(0x800, 4));
    Job { old, new, jedec_id: [0xef, 0x40, 0x11], name: "W25Q10" }
});

/// The smaller job, for what strikes at every single USB transfer: 16 KiB, known by its SFDP alone. A sector, and two
/// pages without an erase.
pub static TINY: LazyLock<Job> = LazyLock::new(|| {
    let mut old = noise(16 << 10, 1);
    old[0x3000..].fill(0xff);
    let mut new = old.clone();
    new[0x1300..0x1400].copy_from_slice(&noise(0x100, 2));
    new[0x3200..0x3400].copy_from_slice(&noise(0x200, 5));
    Job { old, new, jedec_id: [0xef, 0x7f, 0x0e], name: "16 KiB" }
});

impl Job {
    /// No job: a chip that stays as it is.
    pub fn blank(contents: Vec<u8>) -> Self {
        Self { new: contents.clone(), old: contents, jedec_id: [0xef, 0x40, 0x17], name: "none" }
    }

    /// A relative of the W25Q64FV with the contents before.
    pub fn chip(&self) -> FlashChip {
        let mut spec = find("W25Q64FV").expect("the emulator has a W25Q64FV");
        spec.size = self.old.len();
        spec.name = self.name.into();
        spec.jedec_id = self.jedec_id.to_vec();
        // Density in the second dword of the basic table at 80h, in bits less one.
        let bits = u32::try_from(spec.size * 8 - 1).expect("a small chip");
        spec.sfdp[0x84..0x88].copy_from_slice(&bits.to_le_bytes());
        let mut chip = FlashChip::new(spec, 1);
        chip.contents_mut().copy_from_slice(&self.old);
        chip
    }
}

/// How often a job does what, when nothing goes wrong.
pub struct Whole {
    pub operations: u64,
    pub spi_bytes: u64,
    pub transfers: u64,
    pub in_packets: u64,
    pub events: u64,
    pub time: Duration,
}

pub fn whole(kind: ProgrammerKind, job: &Job) -> Whole {
    let bench = Stored::new(kind, job, &Faults::default());
    let mut events = 0;
    let state = bench.write(&job.new, &mut |event| {
        events += 1;
        quiet(event)
    });
    assert_eq!(state.expect("the job without a fault"), ChipState::Written);
    assert!(bench.clip.emulator.contents() == job.new);
    let c = bench.clip.emulator.counts();
    assert_eq!(c.misdeed_count(), 0, "{}", c.misdeed_text());
    Whole {
        operations: c.operations,
        spi_bytes: c.spi_bytes,
        transfers: c.out_transfers + c.in_transfers + c.control_transfers,
        in_packets: c.in_packets,
        events,
        time: bench.clip.emulator.clock().now(),
    }
}
