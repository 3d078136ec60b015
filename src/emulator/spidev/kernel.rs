//! Kernels and controllers behind a spidev device, one row each.
//!
//! Sources: the kernel's `drivers/spi/spidev.c` and `spi.c` (buffers, their rounding, order of delay and chip select),
//! `spi-bcm2835.c` (divider); what a call costs is a guess.

use std::time::Duration;

/// Which kernel and controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpidevKind {
    /// A Raspberry Pi with a kernel of its time: buffers of 4096 bytes.
    Pi,
    /// The same, started with `spidev.bufsiz=65536`.
    Large,
    /// An old kernel: one buffer of 4096 bytes for all that a message clocks, out and in.
    OneBuffer,
    /// Buffers of 2048 bytes, and the kernel does not say so.
    Unsaid,
    /// Buffers of 256 bytes.
    Tiny,
    /// The controller's driver refuses a transfer without a byte.
    NoPauses,
    /// It takes one and does not wait.
    Hasty,
    /// It leaves chip select low between the windows of a message.
    OneWindow,
    /// It refuses clocks below 1 MHz, and has 24 MHz at most.
    Narrow,
}

/// One kernel and controller.
#[derive(Debug)]
pub(super) struct Kernel {
    pub kind: SpidevKind,
    /// Bytes of its buffers.
    pub buffer: usize,
    /// It says how large they are.
    pub says: bool,
    /// A transfer's share of a buffer is rounded up to this; 0 for one buffer of all bytes.
    pub align: usize,
    /// A transfer without a byte is taken.
    pub empty: bool,
    /// Delays are kept.
    pub waits: bool,
    /// Chip select rises where `cs_change` says so.
    pub changes: bool,
    /// The lowest and the highest clock, in Hz.
    pub clock: (u32, u32),
    /// The clock that is divided by even numbers, in Hz.
    pub base: u32,
    /// What a call takes, and each transfer of it.
    pub costs: (Duration, Duration),
}

const ROW: Kernel = Kernel {
    kind: SpidevKind::Pi,
    buffer: 4096,
    says: true,
    align: 128,
    empty: true,
    waits: true,
    changes: true,
    clock: (3_815, 125_000_000),
    base: 250_000_000,
    costs: (Duration::from_micros(30), Duration::from_micros(2)),
};

pub(super) static KERNELS: [Kernel; 9] = [
    ROW,
    Kernel { kind: SpidevKind::Large, buffer: 65_536, ..ROW },
    Kernel { kind: SpidevKind::OneBuffer, align: 0, ..ROW },
    Kernel { kind: SpidevKind::Unsaid, buffer: 2048, says: false, ..ROW },
    Kernel { kind: SpidevKind::Tiny, buffer: 256, ..ROW },
    Kernel { kind: SpidevKind::NoPauses, empty: false, ..ROW },
    Kernel { kind: SpidevKind::Hasty, waits: false, ..ROW },
    Kernel { kind: SpidevKind::OneWindow, changes: false, ..ROW },
    Kernel { kind: SpidevKind::Narrow, clock: (1_000_000, 24_000_000), ..ROW },
];

impl Kernel {
    pub(super) fn of(kind: SpidevKind) -> &'static Self {
        KERNELS.iter().find(|row| row.kind == kind).unwrap_or(&KERNELS[0])
    }

    /// The clock that is really set: at most what is asked for.
    pub(super) fn clock(&self, asked: u32) -> u32 {
        let divider = self.base.div_ceil(asked.clamp(1, self.clock.1));
        self.base / divider.next_multiple_of(2)
    }

    /// True where the buffers hold a message: lengths of the transfers, with what goes out and in.
    pub(super) fn holds(&self, transfers: impl Iterator<Item = (usize, bool, bool)>) -> bool {
        let (mut out, mut back, mut all) = (0, 0, 0);
        for (len, writes, reads) in transfers {
            all += len;
            let share = if self.align > 0 { len.next_multiple_of(self.align) } else { len };
            out += if writes { share } else { 0 };
            back += if reads { share } else { 0 };
        }
        if self.align > 0 { out.max(back) <= self.buffer } else { all <= self.buffer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_rounded_down_to_an_even_divider() {
        let pi = Kernel::of(SpidevKind::Pi);
        for (asked, wanted) in [
            (10_000_000, 9_615_384),
            (15_625_000, 15_625_000),
            (16_000_000, 15_625_000),
            (200_000_000, 125_000_000),
        ] {
            assert_eq!(pi.clock(asked), wanted);
        }
        assert!(KERNELS.iter().all(|row| std::ptr::eq(Kernel::of(row.kind), row)));
    }
}
