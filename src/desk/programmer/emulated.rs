//! `emu:...`: a programmer and chip in software. The chip's state is loaded from a folder and saved there when the
//! run ends, however it ends; what went over its wires can be written to a file as well.

use super::super::why::Why;
use super::super::{Refusal, files};
use super::counts::counts_text;
use super::faults;
use crate::emulator::chip::{ChipState, LeftState};
use crate::emulator::{Change, Emulator, Options, ProgrammerKind, Quirk, SerprogKind, SpidevKind};
use crate::programmer::spec::{Spec, unknown};
use crate::programmer::{Model, Settings};
use crate::workflow::files::lock as lock_file;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The keys of `emu:`.
const KEYS: &[&str] =
    &["programmer", "chip", "image", "state", "counts", "seed", "wp-pin", "left", "fault", "quirk"];
/// Keys of `-p` that say where a real programmer is.
const PLACES: &[&str] = &["path", "vid", "pid", "dev", "baud", "tcp", "unix"];
/// Keys of GPIO lines, where they are lines of the machine.
const LINES: &[&str] = &["reset", "wp", "hold", "led"];
/// The chip's contents in the state folder: a plain file of exactly its size.
const CONTENTS: &str = "flash.bin";
/// Everything else it keeps without supply.
const REGISTERS: &str = "chip.json";

/// What `emu:` asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
        let mut programmer = Spec { name: "ch341a", pairs: Vec::new(), words: spec.words.clone() };
        for (key, value) in &spec.pairs {
            match *key {
                "programmer" => {
                    options.programmer = kind(value)?;
                    programmer.name = model(value);
                }
                "chip" => options.chip = (*value).to_owned(),
                "image" => image = Some(PathBuf::from(value)),
                "state" => state = Some(PathBuf::from(value)),
                "counts" => counts = Some(PathBuf::from(value)),
                "seed" => options.seed = value.parse().map_err(|_| format!("'{value}' is not a seed"))?,
                "wp-pin" => options.write_protect_high = level(value)?,
                "quirk" => options.quirks = quirks(value)?,
                "left" => {
                    let names: Vec<&str> = LeftState::ALL.iter().map(|state| state.name()).collect();
                    let state = LeftState::parse(value);
                    options.left = Some(state.ok_or_else(|| unknown("state", value, &names))?);
                }
                "fault" => options.faults.list = faults::parse(value)?,
                _ => programmer.pairs.push((key, value)),
            }
        }
        check_keys(&programmer)?;
        options.faults.seed = options.seed;
        let settings = Settings::from_spec(&programmer)?;
        // An FTDI has ports and a CH347 chip selects: the clip hangs on the one that is used.
        options.port = usize::from(settings.port.max(settings.cs));
        options.serial.clone_from(&settings.serial);
        Ok(Self { settings, options, image, state, counts })
    }

    /// Makes the emulator, its chip as the state folder or the image has it.
    ///
    /// # Errors
    /// [`Why::Emulator`] for an image or state that does not fit; [`Why::EmulatedFolder`] and [`Why::EmulatedInUse`].
    pub fn open(self) -> Result<Emulated, Refusal> {
        let Self { settings, mut options, image, state, counts } = self;
        let folder = state.map(|dir| Folder::open(&dir)).transpose()?;
        options.state = folder.as_ref().map(Folder::load).transpose()?.flatten();
        if let (Some(image), None) = (&image, &options.state) {
            options.contents = Some(files::read_image(image)?);
        }
        let fresh = options.state.is_none();
        let emulator = Emulator::new(options)?;
        if let Some(folder) = &folder {
            if fresh {
                folder.save(&emulator.state())?;
            }
            folder.follow(&emulator)?;
        }
        Ok(Emulated { emulator, model: settings.model, folder, counts, saved: false })
    }
}

impl std::fmt::Display for EmuOptions {
    /// `ch341a with W25Q64FV`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {}", self.settings.model.name, self.options.chip)
    }
}

/// Refuses options that no programmer of the kind takes, and those that a real one takes and an emulated one has no use for.
fn check_keys(programmer: &Spec<'_>) -> Result<(), String> {
    let Some(model) = Model::named(programmer.name) else { return Ok(()) };
    let lines = model.stream.as_ref().is_some_and(|stream| stream.gpio_lines);
    let lacks = |key: &str| match key {
        place if PLACES.contains(&place) => Some("such place"),
        line if lines && LINES.contains(&line) => Some("GPIO lines"),
        _ => None,
    };
    for (key, _) in &programmer.pairs {
        if !model.keys.contains(key) {
            let taken = model.keys.iter().filter(|key| lacks(key).is_none());
            let known: Vec<&str> = taken.chain(KEYS).copied().collect();
            return Err(unknown(&format!("option of an emulated {}", model.name), key, &known));
        }
        if let Some(lacks) = lacks(key) {
            return Err(format!("{key}= is for a real {}; an emulated one has no {lacks}", model.name));
        }
    }
    Ok(())
}

fn kind(name: &str) -> Result<ProgrammerKind, String> {
    const KINDS: &[(&str, ProgrammerKind)] = &[
        ("ch341a", ProgrammerKind::Ch341a),
        ("ch347t", ProgrammerKind::Ch347t),
        ("ch347f", ProgrammerKind::Ch347f),
        ("ft2232h", ProgrammerKind::Ft2232h),
        ("ft232h", ProgrammerKind::Ft232h),
        ("ft4232h", ProgrammerKind::Ft4232h),
        ("serprog-pico", ProgrammerKind::Serprog(SerprogKind::Pico)),
        ("serprog-pico-any", ProgrammerKind::Serprog(SerprogKind::PicoAny)),
        ("serprog-libreboot", ProgrammerKind::Serprog(SerprogKind::Libreboot)),
        ("serprog-stm32", ProgrammerKind::Serprog(SerprogKind::Stm32)),
        ("serprog-short", ProgrammerKind::Serprog(SerprogKind::Short)),
        ("serprog-esp32", ProgrammerKind::Serprog(SerprogKind::Esp32)),
        ("serprog-frser", ProgrammerKind::Serprog(SerprogKind::Frser)),
        ("serprog-tiny", ProgrammerKind::Serprog(SerprogKind::Tiny)),
        ("serprog-sparse", ProgrammerKind::Serprog(SerprogKind::Sparse)),
        ("serprog-cramped", ProgrammerKind::Serprog(SerprogKind::Cramped)),
        ("serprog-parallel", ProgrammerKind::Serprog(SerprogKind::Parallel)),
        ("serprog-stingy", ProgrammerKind::Serprog(SerprogKind::Stingy)),
        ("serprog-moody", ProgrammerKind::Serprog(SerprogKind::Moody)),
        ("serprog-leaky", ProgrammerKind::Serprog(SerprogKind::Leaky)),
        ("spidev", ProgrammerKind::Spidev(SpidevKind::Pi)),
        ("spidev-64k", ProgrammerKind::Spidev(SpidevKind::Large)),
        ("spidev-one-buffer", ProgrammerKind::Spidev(SpidevKind::OneBuffer)),
        ("spidev-unsaid", ProgrammerKind::Spidev(SpidevKind::Unsaid)),
        ("spidev-tiny", ProgrammerKind::Spidev(SpidevKind::Tiny)),
        ("spidev-no-pauses", ProgrammerKind::Spidev(SpidevKind::NoPauses)),
        ("spidev-hasty", ProgrammerKind::Spidev(SpidevKind::Hasty)),
        ("spidev-one-window", ProgrammerKind::Spidev(SpidevKind::OneWindow)),
        ("spidev-narrow", ProgrammerKind::Spidev(SpidevKind::Narrow)),
    ];
    let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
    let found = KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    found.or_else(|| ftdi(name)).ok_or_else(|| unknown("emulated programmer", name, &names))
}

/// Another chip or cable of FTDI's family, where there is an emulated one.
fn ftdi(name: &str) -> Option<ProgrammerKind> {
    let usb = Model::named(name)?.usb.as_ref()?;
    let kind = ProgrammerKind::Ftdi { vendor: usb.vendor, product: *usb.products.first()? };
    Emulator::new(Options { programmer: kind, ..Options::default() }).is_ok().then_some(kind)
}

/// The programmer that the user would name: both kinds of CH347 are one, and so is every serprog firmware, every kernel.
fn model(kind: &str) -> &str {
    match kind {
        "ch347t" | "ch347f" => "ch347",
        serprog if serprog.starts_with("serprog-") => "serprog",
        spidev if spidev.starts_with("spidev-") => "spidev",
        other => other,
    }
}

/// `NAME[+NAME]...`
fn quirks(value: &str) -> Result<Vec<Quirk>, String> {
    let one = |name: &str| Quirk::named(name).ok_or_else(|| unknown("quirk", name, &Quirk::names()));
    value.split('+').map(one).collect()
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
    fn open(path: &Path) -> Result<Self, Refusal> {
        let fault = |source| Why::EmulatedFolder { path: path.to_owned(), source };
        std::fs::create_dir_all(path).map_err(fault)?;
        let lock = File::create(path.join("lock")).map_err(fault)?;
        if !lock_file(&lock).map_err(fault)? {
            return Err(Why::EmulatedInUse { path: path.to_owned() }.into());
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The chip as it was left, or `None` in a new folder.
    fn load(&self) -> Result<Option<ChipState>, Refusal> {
        let (contents, registers) = (self.path.join(CONTENTS), self.path.join(REGISTERS));
        if !registers.exists() && !contents.exists() {
            return Ok(None);
        }
        let mut state: ChipState = serde_json::from_slice(&files::read(&registers)?)
            .map_err(|error| Why::EmulatedState { path: registers, fault: error.to_string() })?;
        state.contents = files::read(&contents)?;
        Ok(Some(state))
    }

    /// Stores every change as it happens: a run that is killed leaves the chip as a real one would be left.
    fn follow(&self, emulator: &Emulator) -> Result<(), Refusal> {
        let path = self.path.join(CONTENTS);
        let opened = File::options().write(true).open(&path);
        let mut contents = opened.map_err(|source| Why::EmulatedFolder { path, source })?;
        let registers = self.path.join(REGISTERS);
        emulator.watch(move |change| store_change(change, &mut contents, &registers));
        Ok(())
    }

    fn save(&self, state: &ChipState) -> Result<(), Refusal> {
        let text = serde_json::to_vec_pretty(state)
            .map_err(|error| Why::EmulatedState { path: self.path.clone(), fault: error.to_string() })?;
        files::write_own(&self.path.join(CONTENTS), &state.contents)?;
        files::write_own(&self.path.join(REGISTERS), &text)
    }
}

/// Stores a change. A failure is not reported here: the save at the end of the run reports it.
fn store_change(change: Change<'_>, contents: &mut File, registers: &Path) {
    match change {
        Change::Contents { at, bytes } => {
            if contents.seek(SeekFrom::Start(at as u64)).is_ok() {
                let _ = contents.write_all(bytes);
            }
        }
        Change::Registers(state) => {
            if let Ok(text) = serde_json::to_vec_pretty(state) {
                let _ = files::write_own(registers, &text);
            }
        }
    }
}

/// An emulated programmer in use.
pub struct Emulated {
    /// The emulator.
    pub emulator: Emulator,
    model: &'static Model,
    folder: Option<Folder>,
    counts: Option<PathBuf>,
    saved: bool,
}

impl Emulated {
    /// True for a programmer that is reached as a stream of bytes, not over USB.
    pub fn is_stream(&self) -> bool {
        self.model.stream.as_ref().is_some_and(|stream| !stream.gpio_lines)
    }

    /// True for a programmer that is reached by calls of the system alone.
    pub fn is_call(&self) -> bool {
        self.model.stream.as_ref().is_some_and(|stream| stream.gpio_lines)
    }

    /// Saves the chip's state and the counts.
    ///
    /// # Errors
    /// [`Why::File`] where they cannot be written.
    pub fn save(&mut self) -> Result<(), Refusal> {
        self.saved = true;
        if let Some(folder) = &self.folder {
            folder.save(&self.emulator.state())?;
        }
        if let Some(path) = &self.counts {
            files::write_own(path, counts_text(&self.emulator).as_bytes())?;
        }
        Ok(())
    }
}

impl Drop for Emulated {
    /// A panic on the way must not cost the chip its contents.
    fn drop(&mut self) {
        if !self.saved {
            // A failure cannot be reported any more.
            let _ = self.save();
        }
    }
}
