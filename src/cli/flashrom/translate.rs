//! What a flashrom command line is in commands of this program: decided from the options alone.

use super::line::{Given, Key, read};
use super::refused::Refused;
use crate::desk::subject::CHIP;
use crate::programmer::Model;
use crate::programmer::flashrom::equivalent;
use crate::units::parse_size;
use std::ffi::OsString;

/// Commands that do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The text after `-p`; `None` where the line names no programmer, or needs none.
    pub programmer: Option<String>,
    /// The words of each command, in order, without the programmer.
    pub commands: Vec<Vec<String>>,
    /// Where they do it differently.
    pub notes: Vec<Note>,
}

/// Something that is done in another way here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The chip is identified by itself; the name given is not checked.
    ChipUnchecked(String),
    /// Writes take a backup and ask first.
    BackupAndQuestion,
    /// What is written is always read back.
    AlwaysVerified(String),
    /// Only what was written is read back, always.
    WrittenVerified(String),
    /// The file holds the region alone; flashrom's is padded to the size of the chip.
    RegionAlone(String),
    /// The file of the whole chip is not written where each region has its own.
    FileUnused(String),
    /// The log is what goes to standard error.
    Log(String),
    /// The chip is always read.
    ContentsRead(String),
    /// Erase sizes are weighed by their time.
    EraseByTime(String),
    /// The range is set; the pin is not made to guard it.
    PinNotUsed,
    /// The range is cleared, and not only its lock.
    RangeCleared,
}

/// A part of the chip that a line names.
struct Include {
    region: String,
    file: Option<String>,
}

/// Where regions are named.
enum Map {
    /// In this file.
    File(String),
    /// On the chip.
    Chip,
}

/// What the words of a flashrom command line are here. `words` may begin with `sudo` and the program's name.
///
/// # Errors
/// [`Refused`] with what has no equivalent.
pub fn translate(words: &[OsString]) -> Result<Translation, Refused> {
    let given = read(words)?;
    refuse(&given)?;
    let has = |key| given.iter().any(|one| one.key == key);
    let operation = operation(&given)?;
    let mut done = Commands { commands: Vec::new(), notes: notes(&given) };
    let changes = protection(&given, &mut done)?;
    match operation {
        Some(_) if changes => return Err(Refused::WpWithOperation),
        Some(operation) => done.operation(operation, map(&given)?, &includes(&given))?,
        None if has(Key::Help) => done.add(&["--help"]),
        None if has(Key::Version) => done.add(&["--version"]),
        None if has(Key::List) => done.add(&["chips"]),
        None if done.commands.is_empty() => done.add(&["probe"]),
        None => {}
    }
    let needs_chip = !(operation.is_none() && (has(Key::Help) || has(Key::Version) || has(Key::List)));
    let programmer = programmer(&given)?.filter(|_| needs_chip);
    Ok(Translation { programmer, commands: done.commands, notes: done.notes })
}

/// Options that have no equivalent, whatever else is on the line.
fn refuse(given: &[Given]) -> Result<(), Refused> {
    given.iter().try_for_each(|one| {
        Err(match one.key {
            Key::Force => Refused::Force(one.name.clone()),
            Key::Extract => Refused::Extract,
            Key::ListWiki => Refused::WikiList,
            Key::WpRegion => Refused::WpRegion(one.value.clone().unwrap_or_default()),
            Key::Counter => Refused::Counter(one.name.clone()),
            _ => return Ok(()),
        })
    })
}

/// The text after `-p`, in our names.
fn programmer(given: &[Given]) -> Result<Option<String>, Refused> {
    let mut named =
        given.iter().filter(|one| one.key == Key::Programmer).filter_map(|one| one.value.as_ref());
    match (named.next(), named.next()) {
        (Some(_), Some(_)) => Err(Refused::TwoProgrammers),
        (Some(text), None) => match equivalent(text) {
            Some(ours) => ours.map(Some).map_err(Refused::Programmer),
            // A guide's line may have been changed to one of ours by hand.
            None if is_ours(text) => Ok(Some(text.clone())),
            None => Err(Refused::UnknownProgrammer(text.clone())),
        },
        (None, _) => Ok(None),
    }
}

/// True for a programmer of this program; what follows its name is looked at when it is opened.
fn is_ours(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    name == "emu" || Model::named(name).is_some()
}

/// The one operation of the line.
fn operation(given: &[Given]) -> Result<Option<&Given>, Refused> {
    let is_one = |key| matches!(key, Key::Read | Key::Write | Key::Verify | Key::Erase);
    let mut operations = given.iter().filter(|one| is_one(one.key));
    match (operations.next(), operations.next()) {
        (Some(one), Some(other)) => Err(Refused::TwoOperations(one.name.clone(), other.name.clone())),
        (one, _) => Ok(one),
    }
}

fn map(given: &[Given]) -> Result<Option<Map>, Refused> {
    let mut maps = given.iter().filter_map(|one| match one.key {
        Key::Layout | Key::FmapFile => Some(Map::File(one.value.clone().unwrap_or_default())),
        Key::Ifd | Key::Fmap => Some(Map::Chip),
        _ => None,
    });
    match (maps.next(), maps.next()) {
        (Some(_), Some(_)) => Err(Refused::TwoMaps),
        (map, _) => Ok(map),
    }
}

fn includes(given: &[Given]) -> Vec<Include> {
    let values = given.iter().filter(|one| one.key == Key::Include).filter_map(|one| one.value.as_ref());
    values
        .map(|value| match value.split_once(':') {
            Some((region, file)) => Include { region: region.to_owned(), file: Some(file.to_owned()) },
            None => Include { region: value.clone(), file: None },
        })
        .collect()
}

/// What single options come to that are always or never so here.
fn notes(given: &[Given]) -> Vec<Note> {
    let mut notes = Vec::new();
    for one in given {
        let value = || one.value.clone().unwrap_or_default();
        let note = match one.key {
            Key::Chip => Note::ChipUnchecked(value()),
            Key::NoVerify => Note::AlwaysVerified(one.name.clone()),
            Key::NoVerifyAll => Note::WrittenVerified(one.name.clone()),
            Key::Log => Note::Log(value()),
            Key::Contents => Note::ContentsRead(one.name.clone()),
            Key::SacrificeRatio => Note::EraseByTime(one.name.clone()),
            _ => continue,
        };
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// The options on protection as commands; true where they change it.
fn protection(given: &[Given], done: &mut Commands) -> Result<bool, Refused> {
    let has = |key| given.iter().any(|one| one.key == key);
    let range = given.iter().rev().find(|one| one.key == Key::WpRange).and_then(|one| one.value.as_deref());
    let range = range.map(wp_range).transpose()?;
    match range {
        Some((start, len)) if len > 0 => {
            done.add(&["protect", "set", &format!("{start:#x}+{len:#x}"), "--permanent"]);
            if has(Key::WpEnable) {
                done.notes.push(Note::PinNotUsed);
            }
        }
        None if has(Key::WpEnable) => return Err(Refused::PinProtection),
        Some(_) if has(Key::WpEnable) => return Err(Refused::PinProtection),
        Some(_) => done.add(&["protect", "clear", "--permanent"]),
        None if has(Key::WpDisable) => {
            done.add(&["protect", "clear", "--permanent"]);
            done.notes.push(Note::RangeCleared);
        }
        None => {}
    }
    let changes = !done.commands.is_empty();
    if has(Key::WpStatus) || has(Key::WpList) {
        done.add(&["protect", "show"]);
    }
    Ok(changes)
}

/// `START,LENGTH`.
fn wp_range(text: &str) -> Result<(u64, u64), Refused> {
    let fault = || Refused::WpRange(text.to_owned());
    let (start, len) = text.split_once(',').ok_or_else(fault)?;
    let number = |text: &str| parse_size(text.trim()).map_err(|_| fault());
    Ok((number(start)?, number(len)?))
}

/// The translation as it grows.
struct Commands {
    commands: Vec<Vec<String>>,
    notes: Vec<Note>,
}

impl Commands {
    fn add(&mut self, words: &[&str]) {
        self.commands.push(words.iter().map(|word| (*word).to_owned()).collect());
    }

    fn operation(&mut self, of: &Given, map: Option<Map>, includes: &[Include]) -> Result<(), Refused> {
        let file = of.value.as_deref();
        if matches!(of.key, Key::Write | Key::Erase) {
            self.notes.push(Note::BackupAndQuestion);
        }
        if includes.is_empty() {
            // A map without regions changes nothing: everything is meant.
            let file = || file.ok_or_else(|| Refused::NoFile(of.name.clone()));
            match of.key {
                Key::Read => self.add(&["read", file()?]),
                Key::Write => self.add(&["write", file()?]),
                Key::Verify => self.add(&["verify", file()?]),
                _ => self.add(&["erase", "--all"]),
            }
            return Ok(());
        }
        let map = match map.ok_or(Refused::RegionsWithoutMap)? {
            Map::File(file) => file,
            Map::Chip => CHIP.to_owned(),
        };
        match of.key {
            Key::Write => self.write(of, &map, includes),
            Key::Erase => {
                for one in includes {
                    self.add(&["erase", "--layout", &map, "--region", &one.region]);
                }
                Ok(())
            }
            _ => self.each_region(of, &map, includes),
        }
    }

    /// Regions read or compared, each with a file.
    fn each_region(&mut self, of: &Given, map: &str, includes: &[Include]) -> Result<(), Refused> {
        let verb = if of.key == Key::Read { "read" } else { "verify" };
        let without = includes.iter().filter(|one| one.file.is_none()).count();
        if without > 1 || (without == 1 && includes.len() > 1 && of.key == Key::Read) {
            return Err(Refused::SeveralRegions(of.name.clone()));
        }
        for one in includes {
            let file =
                one.file.as_ref().or(of.value.as_ref()).ok_or_else(|| Refused::NoFile(of.name.clone()))?;
            self.add(&[verb, file, "--layout", map, "--region", &one.region]);
            if one.file.is_none() && of.key == Key::Read {
                self.notes.push(Note::RegionAlone(file.clone()));
            }
        }
        if let (0, Some(file)) = (without, &of.value) {
            self.notes.push(Note::FileUnused(file.clone()));
        }
        Ok(())
    }

    /// Regions written in one job: each from its own file, or out of the file of the whole chip.
    fn write(&mut self, of: &Given, map: &str, includes: &[Include]) -> Result<(), Refused> {
        let mut words: Vec<String> = ["rewrite", "--layout", map].map(str::to_owned).to_vec();
        let several = includes.iter().any(|one| one.file.is_some());
        if includes.iter().any(|one| one.file.is_none()) {
            let file = of.value.clone().ok_or_else(|| Refused::NoFile(of.name.clone()))?;
            words.push("--donor".to_owned());
            words.push(if several { format!("donor={file}") } else { file });
        } else if let Some(file) = &of.value {
            self.notes.push(Note::FileUnused(file.clone()));
        }
        for (n, one) in includes.iter().enumerate() {
            let source = match &one.file {
                Some(file) => {
                    let name = format!("file{}", n + 1);
                    words.extend(["--donor".to_owned(), format!("{name}={file}")]);
                    name
                }
                None => "donor".to_owned(),
            };
            words.extend(["--set".to_owned(), format!("{}={source}", one.region)]);
        }
        self.commands.push(words);
        Ok(())
    }
}
