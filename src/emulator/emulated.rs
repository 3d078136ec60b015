//! One emulator: a programmer with its clip on a chip, on a clock of its own.

use super::ch341a::Ch341a;
use super::ch347::{self, Ch347, Ch347Kind};
use super::chip::{self, ChipState, FlashChip, LeftState};
use super::clip::Clip;
use super::clock::Clock;
use super::counts::Counts;
use super::device::UsbDevice;
use super::faults::Faults;
use super::ftdi::{self, Ftdi, FtdiKind};
use super::machine::{Change, Machine};
use super::options::{Bus, Options};
use super::pipe::{EmulatedPipe, lock};
use super::programmers::ProgrammerKind;
use super::quirk::Quirk;
use super::serprog::{self, Serprog};
use super::spidev::{self, Spidev};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use thiserror::Error;

/// Why an emulator cannot be made.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OptionsError {
    /// No such part.
    #[error("no emulated part is called '{name}'; there are {}", .known.join(", "))]
    UnknownPart {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The image does not fit the part.
    #[error("the image for the emulated chip is {found} bytes; a {part} has {expected}")]
    Size {
        /// The part.
        part: String,
        /// Its size.
        expected: usize,
        /// The image's.
        found: usize,
    },
    /// The programmer has no such port.
    #[error("the emulated programmer has no MPSSE port {}", char::from(b'A'.saturating_add(*.0 as u8)))]
    Port(usize),
    /// No such FTDI device.
    #[error("no emulated FTDI device has the ids {vendor:04x}:{product:04x}")]
    Ftdi {
        /// idVendor.
        vendor: u16,
        /// idProduct.
        product: u16,
    },
    /// The part cannot be left in that state.
    #[error(
        "a {part} cannot be left in the state '{}'; it has {}",
        left.name(),
        .known.iter().map(|s| s.name()).collect::<Vec<_>>().join(", ")
    )]
    Left {
        /// The part.
        part: String,
        /// The state asked for.
        left: LeftState,
        /// The states it has.
        known: Vec<LeftState>,
    },
    /// The programmer cannot differ in that way.
    #[error("{}", no_quirk(.quirk, .known))]
    Quirk {
        /// The quirk asked for.
        quirk: Quirk,
        /// The names of those that this programmer can have.
        known: Vec<&'static str>,
    },
    /// The saved chip does not fit the part.
    #[error("the saved state of the emulated chip does not fit: {0}")]
    State(String),
}

fn no_quirk(quirk: &Quirk, known: &[&str]) -> String {
    format!(
        "this emulated programmer cannot have the quirk '{}'; it can have {}",
        quirk.name(),
        known.join(", ")
    )
}

/// One emulated programmer and chip. Clones are handles on the same one.
#[derive(Clone)]
pub struct Emulator {
    machine: Arc<Mutex<Machine>>,
    clock: Clock,
    endpoints: (u8, u8),
    bus: Bus,
}

impl Emulator {
    /// A programmer plugged in, its clip on a chip that has had its supply for long.
    ///
    /// # Errors
    /// [`OptionsError`] when part, contents and state do not go together.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let spec = chip::find(&options.chip)
            .ok_or_else(|| OptionsError::UnknownPart { name: options.chip.clone(), known: chip::names() })?;
        let mut chip = FlashChip::new(spec, options.seed);
        if let Some(mut state) = options.state.clone() {
            if let Some(contents) = &options.contents {
                state.contents.clone_from(contents);
            }
            chip.import(&state).map_err(OptionsError::State)?;
        }
        if let Some(contents) = &options.contents {
            if contents.len() != chip.spec().size {
                return Err(OptionsError::Size {
                    part: chip.spec().name.clone(),
                    expected: chip.spec().size,
                    found: contents.len(),
                });
            }
            chip.contents_mut().copy_from_slice(contents);
        }
        chip.set_write_protect_pin(options.write_protect_high);
        if let Some(left) = options.left
            && !chip.leave_in(left, Duration::ZERO)
        {
            let known = LeftState::of(chip.spec());
            return Err(OptionsError::Left { part: chip.spec().name.clone(), left, known });
        }
        Self::with_chip(&options, chip)
    }

    /// The same around a chip made by hand; what `options` says of the chip is not looked at.
    ///
    /// # Errors
    /// [`OptionsError::Port`], [`OptionsError::Ftdi`] and [`OptionsError::Quirk`].
    pub fn with_chip(options: &Options, chip: FlashChip) -> Result<Self, OptionsError> {
        if let Some(quirk) = options.quirks.iter().find(|quirk| !quirk.fits(options.programmer)) {
            let known = Quirk::names_for(options.programmer);
            return Err(OptionsError::Quirk { quirk: *quirk, known });
        }
        let clip = Clip::new(chip);
        let kind = match options.programmer {
            ProgrammerKind::Ch341a => {
                let device = Ch341a::new(clip, options.bus.overlap, &options.quirks);
                return Ok(Self::around(device, (0x02, 0x82), options));
            }
            ProgrammerKind::Ch341Uart => {
                return Ok(Self::around(Ch341a::uart(clip), (0x02, 0x82), options));
            }
            ProgrammerKind::Ch347t | ProgrammerKind::Ch347f => {
                let t = options.programmer == ProgrammerKind::Ch347t;
                let kind = if t { Ch347Kind::T } else { Ch347Kind::F };
                if options.port > 1 {
                    return Err(OptionsError::Port(options.port));
                }
                let device = Ch347::new(kind, options.port, clip, &options.quirks);
                return Ok(Self::around(device, (ch347::OUT, ch347::IN), options));
            }
            ProgrammerKind::Serprog(kind) => {
                let wired = u8::try_from(options.port).map_err(|_| OptionsError::Port(options.port))?;
                let device = Serprog::new(kind, wired, clip);
                return Ok(Self::around(device, (serprog::OUT, serprog::IN), options));
            }
            ProgrammerKind::Spidev(kind) => {
                return Ok(Self::around(Spidev::new(kind, clip), (spidev::OUT, spidev::IN), options));
            }
            ProgrammerKind::Ft2232h => FtdiKind::FT2232H,
            ProgrammerKind::Ftdi { vendor, product } => {
                FtdiKind::of(vendor, product).ok_or(OptionsError::Ftdi { vendor, product })?
            }
            ProgrammerKind::Ft232h => FtdiKind::FT232H,
            ProgrammerKind::Ft4232h => FtdiKind::FT4232H,
        };
        if options.port >= kind.mpsse_ports() {
            return Err(OptionsError::Port(options.port));
        }
        let device = Ftdi::new(kind, options.port, options.serial.as_deref(), clip, &options.quirks);
        Ok(Self::around(device, ftdi::endpoints(options.port), options))
    }

    fn around(device: impl UsbDevice + 'static, endpoints: (u8, u8), options: &Options) -> Self {
        let machine = Machine::new(Box::new(device), endpoints.1, &options.quirks);
        let emulator =
            Self { machine: Arc::new(Mutex::new(machine)), clock: Clock::new(), endpoints, bus: options.bus };
        emulator.set_faults(&options.faults);
        emulator
    }

    /// The opened USB interface to the programmer that is wired to the chip.
    pub fn pipe(&self) -> EmulatedPipe {
        EmulatedPipe::new(self.machine.clone(), self.clock.clone(), self.endpoints, self.bus)
    }

    /// The bulk OUT and IN endpoints to the chip.
    #[cfg(feature = "host")]
    pub(super) fn endpoints(&self) -> (u8, u8) {
        self.endpoints
    }

    /// The device, for a host of another kind.
    pub fn machine(&self) -> Arc<Mutex<Machine>> {
        self.machine.clone()
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Looks at the chip, or changes it behind the driver's back.
    pub fn chip<T>(&self, look: impl FnOnce(&mut FlashChip) -> T) -> T {
        let mut machine = lock(&self.machine);
        let chip = machine.clip_mut().chip_mut();
        chip.advance_to(self.clock.now());
        look(chip)
    }

    /// The array, after whatever runs has ended.
    pub fn contents(&self) -> Vec<u8> {
        self.state().contents
    }

    /// Everything the chip keeps without its supply, after whatever runs has ended.
    pub fn state(&self) -> ChipState {
        lock(&self.machine).clip_mut().chip_mut().export()
    }

    /// Reports every lasting change of the chip, from now on, within one burst of its end.
    pub fn watch(&self, watcher: impl FnMut(Change<'_>) + Send + 'static) {
        lock(&self.machine).set_watcher(Box::new(watcher));
    }

    /// What has been counted.
    pub fn counts(&self) -> Counts {
        lock(&self.machine).counts().clone()
    }

    /// From now on a quirk strikes at one IN packet with data in `every`: one that loses, doubles, holds up or overruns.
    pub fn worsen(&self, quirk: Quirk, every: u64) {
        lock(&self.machine).worsen(quirk, every);
    }

    /// When a quirk that loses, doubles, holds up or overruns an answer has struck since the counts were last reset.
    pub fn struck(&self) -> Vec<Duration> {
        lock(&self.machine).struck().to_vec()
    }

    /// Starts counting anew; numbers of later operations, packets and transfers start anew with it, the faults' too.
    pub fn reset_counts(&self) {
        lock(&self.machine).restart_counts();
    }

    /// Replaces all faults. Their numbers count from the emulator's start, or the last reset of the counts.
    pub fn set_faults(&self, faults: &Faults) {
        let mut machine = lock(&self.machine);
        machine.set_faults(faults.usb());
        let clip = machine.clip_mut();
        clip.set_faults(faults.wires(), faults.seed);
        clip.chip_mut().set_operation_faults(faults.operations());
        clip.chip_mut().set_data_faults(faults.data());
    }

    /// The chip's supply fails.
    pub fn power_cut(&self) {
        self.chip(|chip| chip.power_cut(self.clock.now()));
    }

    /// The chip's supply comes back.
    pub fn power_up(&self) {
        self.chip(|chip| chip.power_up(self.clock.now()));
    }

    /// The programmer is pulled out of USB, and the chip's supply with it.
    pub fn unplug(&self) {
        lock(&self.machine).unplug(self.clock.now());
    }

    /// It is plugged in again.
    pub fn plug(&self) {
        lock(&self.machine).plug(self.clock.now());
    }

    /// Pins the programmer drives now, (value, direction) in its own bit order; direction 0 means all let go.
    pub fn pins(&self) -> (u8, u8) {
        lock(&self.machine).device_ref().pins()
    }
}
