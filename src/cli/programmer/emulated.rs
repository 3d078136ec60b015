//! `-p emu:...`: a programmer and chip in software. The chip's state is loaded from a folder and saved there when the
//! run ends, however it ends; what went over its wires can be written to a file as well.

use super::super::exit::Failure;
use super::super::{files, json};
use super::faults;
use crate::emulator::chip::ChipState;
use crate::emulator::{Change, Counts, Emulator, Options, ProgrammerKind};
use crate::programmer::Settings;
use crate::programmer::spec::{Spec, unknown};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The keys of `emu:`.
const KEYS: &[&str] = &["programmer", "chip", "image", "state", "counts", "seed", "wp-pin", "fault"];
/// The chip's contents in the state folder: a plain file of exactly its size.
const CONTENTS: &str = "flash.bin";
/// Everything else it keeps without supply.
const REGISTERS: &str = "chip.json";

/// What `emu:` asks for.
#[derive(Clone, Debug)]
pub struct EmuOptions {
    /// The programmer's own options, as for a real one.
    pub settings: Settings,
    options: Options,
    image: Option<PathBuf>,
    state: Option<PathBuf>,
    counts: Option<PathBuf>,
}

impl EmuOptions {
    /// Reads `emu:programmer=ch341a,chip=W25Q64FV,image=FILE,state=DIR,...`; what is not the emulator's own key is
    /// the programmer's, as for a real one.
    ///
    /// # Errors
    /// A sentence on what is wrong and what would be right.
    pub fn from_spec(spec: &Spec<'_>) -> Result<Self, String> {
        let mut options = Options::default();
        let (mut image, mut state, mut counts) = (None, None, None);
        let mut programmer = Spec { name: "ch341a", pairs: Vec::new() };
        for (key, value) in &spec.pairs {
            match *key {
                "programmer" => {
                    options.programmer = kind(value)?;
                    programmer.name = value;
                }
                "chip" => options.chip = (*value).to_owned(),
                "image" => image = Some(PathBuf::from(value)),
                "state" => state = Some(PathBuf::from(value)),
                "counts" => counts = Some(PathBuf::from(value)),
                "seed" => options.seed = value.parse().map_err(|_| format!("'{value}' is not a seed"))?,
                "wp-pin" => options.write_protect_high = level(value)?,
                "fault" => options.faults.list = faults::parse(value)?,
                _ => programmer.pairs.push((key, value)),
            }
        }
        options.faults.seed = options.seed;
        let settings = Settings::from_spec(&programmer).map_err(|fault| {
            let known = KEYS.join(", ");
            format!("{fault}; of the emulator's own there is {known}")
        })?;
        options.port = usize::from(settings.port);
        options.serial.clone_from(&settings.serial);
        Ok(Self { settings, options, image, state, counts })
    }

    /// Makes the emulator, its chip as the state folder or the image has it.
    ///
    /// # Errors
    /// Exit code 2 for an image or state that does not fit; 1 for a state folder that cannot be used.
    pub fn open(self) -> Result<Emulated, Failure> {
        let Self { mut options, image, state, counts, .. } = self;
        let folder = state.map(|dir| Folder::open(&dir)).transpose()?;
        options.state = folder.as_ref().map(Folder::load).transpose()?.flatten();
        if let (Some(image), None) = (&image, &options.state) {
            options.contents = Some(files::read(image)?);
        }
        let fresh = options.state.is_none();
        let emulator = Emulator::new(options).map_err(|error| Failure::refused(error.to_string()))?;
        if let Some(folder) = &folder {
            if fresh {
                folder.save(&emulator.state())?;
            }
            folder.follow(&emulator)?;
        }
        Ok(Emulated { emulator, folder, counts, saved: false })
    }
}

impl std::fmt::Display for EmuOptions {
    /// `ch341a with W25Q64FV`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {}", self.settings.kind.name(), self.options.chip)
    }
}

fn kind(name: &str) -> Result<ProgrammerKind, String> {
    const KINDS: &[(&str, ProgrammerKind)] = &[
        ("ch341a", ProgrammerKind::Ch341a),
        ("ft2232h", ProgrammerKind::Ft2232h),
        ("ft232h", ProgrammerKind::Ft232h),
        ("ft4232h", ProgrammerKind::Ft4232h),
    ];
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let found = KINDS.iter().find(|(known, _)| *known == name);
    found.map(|(_, kind)| *kind).ok_or_else(|| unknown("emulated programmer", name, &names))
}

fn level(value: &str) -> Result<bool, String> {
    match value {
        "high" => Ok(true),
        "low" => Ok(false),
        _ => Err(unknown("level", value, &["low", "high"])),
    }
}

/// The folder that keeps a chip from run to run, held by this run alone.
struct Folder {
    path: PathBuf,
    /// Held while it is open.
    _lock: File,
}

impl Folder {
    fn open(path: &Path) -> Result<Self, Failure> {
        let fault = |error: std::io::Error| {
            Failure::failed(format!("cannot use {} for the emulated chip: {error}", path.display()))
        };
        std::fs::create_dir_all(path).map_err(fault)?;
        let lock = File::create(path.join("lock")).map_err(fault)?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::Error(error) => fault(error),
            std::fs::TryLockError::WouldBlock => {
                Failure::failed(format!("the emulated chip in {} is in use by another run", path.display()))
            }
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The chip as it was left, or `None` in a new folder.
    fn load(&self) -> Result<Option<ChipState>, Failure> {
        let (contents, registers) = (self.path.join(CONTENTS), self.path.join(REGISTERS));
        if !registers.exists() && !contents.exists() {
            return Ok(None);
        }
        let mut state: ChipState = serde_json::from_slice(&files::read(&registers)?)
            .map_err(|error| Failure::refused(format!("{} is not a chip: {error}", registers.display())))?;
        state.contents = files::read(&contents)?;
        Ok(Some(state))
    }

    /// Writes every change down as it happens: a run that is killed leaves the chip as a real one would be left.
    fn follow(&self, emulator: &Emulator) -> Result<(), Failure> {
        let path = self.path.join(CONTENTS);
        let mut contents = File::options().write(true).open(&path).map_err(|error| {
            Failure::failed(format!("cannot use {} for the emulated chip: {error}", path.display()))
        })?;
        let registers = self.path.join(REGISTERS);
        emulator.watch(move |change| write_down(change, &mut contents, &registers));
        Ok(())
    }

    fn save(&self, state: &ChipState) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(state)
            .map_err(|error| Failure::failed(format!("cannot write the emulated chip down: {error}")))?;
        files::write(&self.path.join(CONTENTS), &state.contents)?;
        files::write(&self.path.join(REGISTERS), &text)
    }
}

/// Writes a change down. Nobody is told of a failure here: the save at the end of the run tells.
fn write_down(change: Change<'_>, contents: &mut File, registers: &Path) {
    match change {
        Change::Contents { at, bytes } => {
            if contents.seek(SeekFrom::Start(at as u64)).is_ok() {
                let _ = contents.write_all(bytes);
            }
        }
        Change::Registers(state) => {
            if let Ok(text) = serde_json::to_vec_pretty(state) {
                let _ = files::write(registers, &text);
            }
        }
    }
}

/// An emulated programmer in use.
pub struct Emulated {
    /// The emulator.
    pub emulator: Emulator,
    folder: Option<Folder>,
    counts: Option<PathBuf>,
    saved: bool,
}

impl Emulated {
    /// Saves the chip's state and the counts.
    ///
    /// # Errors
    /// Exit code 1 where they cannot be written.
    pub fn save(&mut self) -> Result<(), Failure> {
        self.saved = true;
        if let Some(folder) = &self.folder {
            folder.save(&self.emulator.state())?;
        }
        if let Some(path) = &self.counts {
            let mut text = counts(&self.emulator.counts()).to_string();
            text.push('\n');
            files::write(path, text.as_bytes())?;
        }
        Ok(())
    }
}

impl Drop for Emulated {
    /// A panic on the way must not cost the chip its contents.
    fn drop(&mut self) {
        if !self.saved {
            // There is nobody left to tell.
            let _ = self.save();
        }
    }
}

/// What went over the wires, for tests and the curious.
fn counts(counts: &Counts) -> Value {
    let by_opcode = |map: &std::collections::BTreeMap<u8, u64>| -> Value {
        map.iter()
            .map(|(opcode, n)| (format!("{opcode:02x}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let erases: serde_json::Map<_, _> =
        counts.erases.iter().map(|(size, n)| (format!("{size:#x}"), json!(n))).collect();
    let misdeeds: Vec<String> = counts.misdeeds.iter().map(|(what, n)| format!("{n} x {what}")).collect();
    json::Fields::new()
        .with("misdeeds", counts.misdeed_count())
        .with("misdeed_list", misdeeds)
        .with("opcodes", by_opcode(&counts.opcodes))
        .with("unknown_opcodes", by_opcode(&counts.unknown_opcodes))
        .with("array_bytes_read", counts.array_bytes_read())
        .with("erases", erases)
        .with("bytes_erased", counts.bytes_erased())
        .with("pages", counts.pages)
        .with("status_bytes", counts.status_bytes)
        .with("volatile_writes", counts.volatile_writes)
        .with("nonvolatile_writes", counts.nonvolatile_writes)
        .with("lock_bits_set", counts.lock_bits_set)
        .with("protected", counts.protected)
        .with("spi_bytes", counts.spi_bytes)
        .with("usb_bytes", counts.usb_bytes)
        .with("transfers", counts.out_transfers + counts.in_transfers + counts.control_transfers)
        .with("waits", counts.waits)
        .with("faults", counts.faults)
        .into()
}
