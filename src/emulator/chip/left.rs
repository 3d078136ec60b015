//! States that a board leaves a chip in, on every part whose class has them.

use super::model::FlashChip;
use super::operation::Work;
use super::spec::{ChipSpec, Does, Protection};
use std::time::Duration;

/// A state that firmware, or a board that was switched off in the middle, leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LeftState {
    /// 4-byte address mode.
    FourByte,
    /// The extended address register on the second 16 MiB.
    Extended,
    /// The last die selected.
    Die,
    /// The four-line command mode.
    Qpi,
    /// Continuous read of the quad read.
    Continuous,
    /// Continuous read of the dual read.
    ContinuousDual,
    /// Deep power-down.
    PowerDown,
    /// The one-time area's mode.
    OneTime,
    /// A sector erase suspended half way.
    EraseSuspended,
    /// A page program suspended half way.
    ProgramSuspended,
    /// A sector erase running.
    Erasing,
    /// Write enable set.
    WriteEnabled,
    /// Reads wrap at 16 bytes.
    Wrap,
    /// Fast reads take one dummy byte more.
    ReadParameters,
    /// Single-block locks in force and set.
    BlockLocks,
    /// The software reset disabled by a register bit.
    ResetDisabled,
}

impl LeftState {
    /// All of them.
    pub const ALL: [LeftState; 16] = [
        Self::FourByte,
        Self::Extended,
        Self::Die,
        Self::Qpi,
        Self::Continuous,
        Self::ContinuousDual,
        Self::PowerDown,
        Self::OneTime,
        Self::EraseSuspended,
        Self::ProgramSuspended,
        Self::Erasing,
        Self::WriteEnabled,
        Self::Wrap,
        Self::ReadParameters,
        Self::BlockLocks,
        Self::ResetDisabled,
    ];

    /// The name by which an option asks for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::FourByte => "four-byte",
            Self::Extended => "extended-address",
            Self::Die => "die",
            Self::Qpi => "qpi",
            Self::Continuous => "continuous-read",
            Self::ContinuousDual => "continuous-dual-read",
            Self::PowerDown => "power-down",
            Self::OneTime => "one-time-area",
            Self::EraseSuspended => "erase-suspended",
            Self::ProgramSuspended => "program-suspended",
            Self::Erasing => "erasing",
            Self::WriteEnabled => "write-enabled",
            Self::Wrap => "wrap",
            Self::ReadParameters => "read-parameters",
            Self::BlockLocks => "block-locks",
            Self::ResetDisabled => "reset-disabled",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether a part can be left in it.
    pub fn fits(self, spec: &ChipSpec) -> bool {
        let has = |wanted: fn(Does) -> bool| spec.commands.iter().any(|c| wanted(c.does));
        match self {
            Self::FourByte => has(|d| d == Does::EnterFourByte) || spec.bits.follows.is_some(),
            Self::Extended => spec.extended_address.is_some(),
            Self::Die => spec.dies > 1,
            Self::Qpi => has(|d| d == Does::EnterQpi),
            Self::Continuous | Self::ContinuousDual => spec.bits.quad.is_some(),
            Self::PowerDown => has(|d| d == Does::PowerDown),
            Self::OneTime => has(|d| d == Does::EnterSecurity),
            Self::EraseSuspended | Self::ProgramSuspended => has(|d| d == Does::Suspend),
            Self::Erasing => has(|d| d == Does::Erase(0x1_0000) || d == Does::Erase(0x1000)),
            Self::WriteEnabled => has(|d| d == Does::WriteEnable),
            Self::ResetDisabled => has(|d| d == Does::Reset),
            Self::Wrap | Self::ReadParameters => has(|d| d == Does::ReadParameters),
            Self::BlockLocks => spec.bits.wps.is_some() && !matches!(spec.protection, Protection::None),
        }
    }

    /// The states that a part can be left in.
    pub fn of(spec: &ChipSpec) -> Vec<Self> {
        Self::ALL.into_iter().filter(|state| state.fits(spec)).collect()
    }
}

/// The sector that was being erased, and how long it takes yet.
const SECTOR: std::ops::Range<usize> = 0x3000..0x4000;
const REST: Duration = Duration::from_millis(20);

impl FlashChip {
    /// Puts the chip into a state as a board leaves it, at `now`. `false` where the part has no such state.
    pub fn leave_in(&mut self, state: LeftState, now: Duration) -> bool {
        if !state.fits(&self.spec) {
            return false;
        }
        let program = || Work::Program { at: SECTOR.start, latch: vec![0x0f; 16] };
        match state {
            LeftState::FourByte => {
                self.four_byte = true;
                if let Some(bit) = self.spec.bits.follows {
                    self.registers[bit.register] |= bit.mask;
                }
            }
            LeftState::Extended => {
                if let Some(extended) = self.spec.extended_address {
                    self.registers[extended.register] |= 1;
                }
            }
            LeftState::Die => self.select_die(self.spec.dies - 1),
            LeftState::Qpi => self.qpi = true,
            LeftState::Continuous => self.continuous = 1,
            LeftState::ContinuousDual => self.continuous = 2,
            LeftState::PowerDown => self.asleep = true,
            LeftState::OneTime => self.in_security = true,
            LeftState::EraseSuspended => self.leave_suspended(Work::Erase(SECTOR), REST),
            LeftState::ProgramSuspended => self.leave_suspended(program(), REST / 40),
            LeftState::Erasing => {
                self.wel = true;
                self.start(now, Work::Erase(SECTOR), REST);
            }
            LeftState::WriteEnabled => self.wel = true,
            LeftState::ResetDisabled => self.reset_disabled = true,
            LeftState::Wrap => self.wrap = 16,
            LeftState::ReadParameters => self.more_dummies = 1,
            LeftState::BlockLocks => {
                if let Some(bit) = self.spec.bits.wps {
                    self.registers[bit.register] |= bit.mask;
                    self.locks.fill(true);
                }
            }
        }
        true
    }
}
