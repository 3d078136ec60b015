//! The chip's state and its supply: what is kept, what is lost, and what power cuts destroy.

use super::operation::Pending;
use super::spec::{ChipSpec, Command};
use super::state::ChipState;
use super::window::Window;
use crate::emulator::counts::Counts;
use crate::emulator::random::Random;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a floating data output reads as: the level of the usual pull-up.
pub(super) const FLOATING: u8 = 0xff;

/// A fault of one erase, program or register write, by its number (from 1, [`Counts::operations`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OperationFault {
    /// It takes its time and does nothing.
    Silent,
    /// It never ends.
    Forever,
    /// The chip's supply fails when this part (0.0 to 1.0) of its time has passed.
    PowerCut(f64),
}

/// One emulated chip.
#[derive(Debug)]
pub struct FlashChip {
    pub(super) spec: ChipSpec,
    pub(super) table: Vec<Option<Command>>,
    pub(super) array: Vec<u8>,
    /// What the registers come back to at power-up.
    pub(super) kept: Vec<u8>,
    /// What they are now; the live bits (busy, wel, suspended) are not in here.
    pub(super) registers: Vec<u8>,
    pub(super) security: Vec<Vec<u8>>,
    pub(super) unique_id: Vec<u8>,
    /// Block locks; true is locked. Each begins where `lock_starts` says.
    pub(super) locks: Vec<bool>,
    pub(super) lock_starts: Vec<usize>,
    /// The array's commands reach the security registers.
    pub(super) in_security: bool,
    /// Where the next command of a running program-on goes.
    pub(super) onward: Option<usize>,
    pub(super) die: usize,
    /// What each die has for itself, as it was when the other was selected; the selected one's place is out of date.
    pub(super) dies: Vec<Die>,
    pub(super) powered: bool,
    pub(super) ready_at: Duration,
    pub(super) writes_from: Duration,
    pub(super) asleep: bool,
    /// How many bytes of FF in one window leave continuous read; 0: not in it.
    pub(super) continuous: usize,
    pub(super) qpi: bool,
    /// Bytes at which reads wrap; 0: at the end of the array.
    pub(super) wrap: usize,
    /// Dummy bytes of fast reads beyond those after power-up.
    pub(super) more_dummies: u8,
    pub(super) four_byte: bool,
    pub(super) wp_high: bool,
    pub(super) wel: bool,
    pub(super) volatile_next: bool,
    pub(super) reset_next: bool,
    /// A register bit has disabled the software reset until the supply goes.
    pub(super) reset_disabled: bool,
    pub(super) busy: Option<Pending>,
    pub(super) suspended: Option<Pending>,
    pub(super) cut_at: Option<Duration>,
    pub(super) faults: BTreeMap<u64, OperationFault>,
    pub(super) data_faults: super::data_fault::DataFaults,
    pub(super) random: Random,
    pub(super) window: Window,
    pub(super) counts: Counts,
    /// Whether changes are remembered, and those since they were last asked for.
    pub(super) watched: bool,
    pub(super) changes: Vec<std::ops::Range<usize>>,
    pub(super) small_changes: bool,
}

/// What a die has for itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Die {
    kept: Vec<u8>,
    registers: Vec<u8>,
    security: Vec<Vec<u8>>,
    unique_id: Vec<u8>,
    locks: Vec<bool>,
    wel: bool,
    four_byte: bool,
}

impl FlashChip {
    /// A factory-fresh part, erased, powered since long ago. `seed` decides its unique id and all undefined bytes.
    pub fn new(spec: ChipSpec, seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x6e6f_7273_706c_6963);
        let unique_id = (0..8).map(|_| random.byte()).collect();
        let mut table = vec![None; 256];
        for command in &spec.commands {
            table[usize::from(command.opcode)] = Some(*command);
        }
        let kept: Vec<u8> = spec.registers.iter().map(|r| r.factory).collect();
        let lock_starts = super::protect::lock_starts(&spec);
        let mut security = vec![vec![0xff; spec.security.size]; spec.security.count];
        if let Some(cells) = security.first_mut().and_then(|s| s.get_mut(spec.security.factory.clone())) {
            random.fill(cells);
        }
        let locks = vec![true; lock_starts.len()];
        let mut dies = vec![
            Die {
                kept: kept.clone(),
                registers: kept.clone(),
                security: security.clone(),
                locks: locks.clone(),
                ..Die::default()
            };
            spec.dies.max(1)
        ];
        for die in dies.iter_mut().skip(1) {
            die.unique_id = (0..8).map(|_| random.byte()).collect();
        }
        Self {
            dies,
            table,
            array: vec![0xff; spec.size],
            registers: kept.clone(),
            kept,
            security,
            unique_id,
            locks,
            lock_starts,
            in_security: false,
            onward: None,
            die: 0,
            powered: true,
            ready_at: Duration::ZERO,
            writes_from: Duration::ZERO,
            asleep: false,
            continuous: 0,
            qpi: false,
            wrap: 0,
            more_dummies: 0,
            four_byte: false,
            wp_high: true,
            wel: false,
            volatile_next: false,
            reset_next: false,
            reset_disabled: false,
            busy: None,
            suspended: None,
            cut_at: None,
            faults: BTreeMap::new(),
            data_faults: Default::default(),
            random,
            window: Window::new(spec.page),
            counts: Counts::default(),
            watched: false,
            changes: Vec::new(),
            small_changes: false,
            spec,
        }
    }

    /// The part.
    pub fn spec(&self) -> &ChipSpec {
        &self.spec
    }

    /// The array as it is now; an operation that has not ended has not changed it yet.
    pub fn contents(&self) -> &[u8] {
        &self.array
    }

    /// The array, to be set up by a test or changed behind the driver's back.
    pub fn contents_mut(&mut self) -> &mut [u8] {
        &mut self.array
    }

    /// A security register's bytes, by index from 0.
    pub fn security(&self, index: usize) -> Option<&[u8]> {
        self.security.get(index).map(Vec::as_slice)
    }

    /// A security register, to be set up.
    pub fn security_mut(&mut self, index: usize) -> Option<&mut [u8]> {
        self.security.get_mut(index).map(Vec::as_mut_slice)
    }

    /// C2h: the other die's registers, locks and one-time memory come to the pins.
    pub(super) fn select_die(&mut self, die: usize) {
        let die = die % self.dies.len();
        if die == self.die {
            return;
        }
        self.exchange(self.die);
        self.exchange(die);
        self.die = die;
    }

    fn exchange(&mut self, die: usize) {
        let there = &mut self.dies[die];
        std::mem::swap(&mut self.kept, &mut there.kept);
        std::mem::swap(&mut self.registers, &mut there.registers);
        std::mem::swap(&mut self.security, &mut there.security);
        std::mem::swap(&mut self.unique_id, &mut there.unique_id);
        std::mem::swap(&mut self.locks, &mut there.locks);
        std::mem::swap(&mut self.wel, &mut there.wel);
        std::mem::swap(&mut self.four_byte, &mut there.four_byte);
    }

    /// Sets a status register, both what is kept and what is now, without any rule.
    pub fn set_register(&mut self, index: usize, value: u8) {
        if let Some(kept) = self.kept.get_mut(index) {
            *kept = value;
            self.registers[index] = value;
            self.follow_mode_bit();
        }
    }

    /// The registers as kept over a power cycle, and as they are now (without the live bits).
    pub fn registers(&self) -> (&[u8], &[u8]) {
        (&self.kept, &self.registers)
    }

    /// Puts the selected die into 4-byte mode or out of it, as the board's firmware may have left it.
    pub fn set_four_byte_mode(&mut self, on: bool) {
        self.four_byte = on;
    }

    /// True while addresses have four bytes.
    pub fn four_byte_mode(&self) -> bool {
        self.four_byte
    }

    /// The factory's unique id.
    pub fn unique_id(&self) -> &[u8] {
        &self.unique_id
    }

    /// Sets the unique id.
    pub fn set_unique_id(&mut self, id: &[u8]) {
        self.unique_id = id.to_vec();
    }

    /// The level of the /WP pin.
    pub fn set_write_protect_pin(&mut self, high: bool) {
        self.wp_high = high;
    }

    /// Puts the chip into power-down, as the board's firmware may have left it.
    pub fn set_asleep(&mut self) {
        self.asleep = true;
    }

    /// Latches continuous-read mode of the quad read (EBh), as a reset of the board in the middle of a read leaves it:
    /// 8 clocks are its address and mode bits.
    pub fn set_continuous_read(&mut self) {
        self.continuous = 1;
    }

    /// The same of the dual read (BBh), whose address and mode bits take 16 clocks.
    pub fn set_continuous_dual_read(&mut self) {
        self.continuous = 2;
    }

    /// Faults of later operations, by their number.
    pub fn set_operation_faults(&mut self, faults: BTreeMap<u64, OperationFault>) {
        self.faults = faults;
    }

    /// What this chip has seen.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(in crate::emulator) fn counts_mut(&mut self) -> &mut Counts {
        &mut self.counts
    }

    /// True while an operation runs at `now`.
    pub fn is_busy(&mut self, now: Duration) -> bool {
        self.advance_to(now);
        self.busy.is_some()
    }

    /// True while the chip has its supply.
    pub fn is_powered(&self) -> bool {
        self.powered
    }

    /// Takes the supply away: what was being erased, programmed or written is undefined from then on.
    pub fn power_cut(&mut self, now: Duration) {
        self.advance_to(now);
        self.lose_power();
    }

    pub(super) fn lose_power(&mut self) {
        if !self.powered {
            return;
        }
        self.abandon();
        self.select_die(0);
        self.powered = false;
        self.cut_at = None;
        self.window.close();
        self.wel = false;
        self.volatile_next = false;
        self.reset_next = false;
        self.reset_disabled = false;
        self.asleep = false;
        self.continuous = 0;
        self.qpi = false;
        self.wrap = 0;
        self.more_dummies = 0;
        self.four_byte = false;
        self.in_security = false;
        self.onward = None;
    }

    /// Gives the supply back.
    pub fn power_up(&mut self, now: Duration) {
        if self.powered {
            return;
        }
        self.powered = true;
        self.ready_at = now + self.spec.times.power_up;
        self.writes_from = now + self.spec.times.power_up_write;
        for die in (0..self.dies.len()).rev() {
            self.select_die(die);
            self.wel = false;
            self.locks.fill(true);
            self.unlock_until_power_cycle();
            self.registers.clone_from(&self.kept);
            self.start_mode();
        }
    }

    /// Lets a running operation end and gives everything the chip keeps without its supply.
    pub fn export(&mut self) -> ChipState {
        self.advance_to(Duration::MAX);
        ChipState { contents: self.array.clone(), ..self.lasting() }
    }

    /// Everything but the array that the chip keeps without its supply, as it is now; die after die.
    pub(in crate::emulator) fn lasting(&self) -> ChipState {
        let mut state = ChipState {
            part: self.spec.name.clone(),
            contents: Vec::new(),
            registers: Vec::new(),
            security: Vec::new(),
            unique_id: Vec::new(),
        };
        for (n, die) in self.dies.iter().enumerate() {
            let (registers, security, unique_id) = match n == self.die {
                true => (&self.kept, &self.security, &self.unique_id),
                false => (&die.kept, &die.security, &die.unique_id),
            };
            let mut kept = registers.clone();
            if n == self.die && self.power_cycle_unlocks() {
                self.clear_srp1(&mut kept);
            }
            state.registers.extend(kept);
            state.security.extend_from_slice(security);
            state.unique_id.extend_from_slice(unique_id);
        }
        state
    }

    /// Takes over a state that [`export`](Self::export) gave.
    ///
    /// # Errors
    /// A sentence that says what does not fit this part; nothing is changed then.
    pub fn import(&mut self, state: &ChipState) -> Result<(), String> {
        state.check(&self.spec)?;
        self.array.clone_from(&state.contents);
        let dies = self.dies.len();
        for die in (0..dies).rev() {
            self.select_die(die);
            let part = |len: usize| len / dies * die..len / dies * (die + 1);
            self.kept = state.registers[part(state.registers.len())].to_vec();
            self.registers.clone_from(&self.kept);
            self.security = state.security[part(state.security.len())].to_vec();
            self.unique_id = state.unique_id[part(state.unique_id.len())].to_vec();
        }
        Ok(())
    }
}
