//! What `splice` and `rewrite` are told: board, donors, sources, edits; from the command line, or from a recipe file.

use super::exit::Failure;
use super::files;
use super::options::bytes;
use super::session::Session;
use super::show::unknown;
use super::store;
use crate::image::anatomy::Anatomy;
use crate::image::finding::stopping;
use crate::image::unit::parse_mac;
use crate::image::{
    Allow, Board, Choice, Donor, Finding, Image, ImageError, Purpose, Recipe, RecipeDonor, Severity, Spliced,
    auto, by_tree, checks, parse_any, splice,
};
use clap::Args;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The words for it.
#[derive(Debug, Default, Args)]
pub struct OrderArgs {
    /// The board ("norsplice boards" lists them); auto finds it in the dump, or in an OpenWrt donor; vendor,model is
    /// one by its name in their device trees
    #[arg(long, value_name = "BOARD", required_unless_present_any = ["layout", "recipe"])]
    pub board: Option<String>,

    /// In place of a board: a file that holds the map of its flash
    #[arg(long, value_name = "FILE", conflicts_with = "board")]
    pub layout: Option<PathBuf>,

    /// With --layout: the size of the chip
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "layout")]
    pub chip_size: Option<u64>,

    /// A file to take regions from: vendor download, full dump, sysupgrade file; NAME= where there are several
    #[arg(long, value_name = "[NAME=]FILE")]
    pub donor: Vec<OsString>,

    /// Where a region comes from: own (the board's backup), blank, or a donor's name
    #[arg(long, value_name = "REGION=SOURCE")]
    pub set: Vec<String>,

    /// Give the board another MAC address, where its file knows how
    #[arg(long, value_name = "AA:BB:CC:DD:EE:FF")]
    pub mac: Option<String>,

    /// Set a U-Boot variable; an empty value takes it out
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,

    /// Board, donors, sources and edits from a file, as an earlier run printed it; options given as well go first
    #[arg(long, value_name = "FILE")]
    pub recipe: Option<PathBuf>,

    /// Write the recipe that repeats this
    #[arg(long, value_name = "FILE")]
    pub save_recipe: Option<PathBuf>,
}

/// The same checked, donors read.
#[derive(Clone, Debug)]
pub struct Order {
    /// The board; `None` while no dump was seen that tells it.
    board: Option<Cow<'static, Board>>,
    /// The board's own name in a device tree, where that was given.
    tree: Option<String>,
    /// The layout's file in place of a board, and the chip's size with it.
    layout: Option<(PathBuf, Option<u64>)>,
    /// The donors.
    pub donors: Vec<Donor>,
    /// Their files, as given.
    files: Vec<PathBuf>,
    /// Every file that was read for it.
    inputs: Vec<PathBuf>,
    /// Sources, purpose, edits, what is allowed.
    pub choice: Choice,
}

impl Order {
    /// Checks the words and reads the donors. Without a `purpose` the recipe's holds.
    ///
    /// # Errors
    /// Exit code 2 with what is wrong.
    pub fn read(args: &OrderArgs, purpose: Option<Purpose>, session: &Session) -> Result<Self, Failure> {
        let recipe = args.recipe.as_deref().map(recipe).transpose()?;
        let mut choice = recipe.as_ref().map(Recipe::choice).transpose()?.unwrap_or_default();
        choice.purpose = purpose.unwrap_or(choice.purpose);
        choice.allow = allow(session, choice.allow.names())?;
        for text in &args.set {
            choice.set(text)?;
        }
        for text in &args.env {
            choice.edits.set_env(text)?;
        }
        if let Some(text) = &args.mac {
            let mac = parse_mac(text).ok_or_else(|| {
                Failure::refused(format!("--mac {text}: an address is written as 30:b5:c2:a1:b2:c3"))
            })?;
            choice.edits.mac = Some(mac);
        }
        let (donors, files) = match &recipe {
            Some(recipe) if args.donor.is_empty() => recipe_donors(args, &recipe.donors)?,
            _ => donors(&args.donor)?,
        };
        let of_recipe = recipe.as_ref().map(|recipe| recipe.board.as_str()).filter(|name| !name.is_empty());
        let named = args.board.as_deref().or(of_recipe);
        let layout = match (&args.layout, &recipe, &args.board) {
            (Some(path), ..) => Some((path.clone(), args.chip_size)),
            (None, Some(recipe), None) => {
                recipe.layout.as_ref().map(|file| (PathBuf::from(file), recipe.chip_size))
            }
            _ => None,
        };
        let (mut board, mut tree) = (None, None);
        match (&layout, named) {
            (Some((file, size)), _) => {
                board = Some(Cow::Owned(from_layout(&beside(args, file), args.chip_size.or(*size))?));
            }
            (None, Some("auto") | None) => {}
            // `vendor,model`, as in device trees; the program's own boards have no comma.
            (None, Some(name)) if name.contains(',') => tree = Some(name.to_owned()),
            (None, Some(name)) => board = Some(Cow::Borrowed(Board::named(name)?)),
        }
        let (layout_file, recipe_file) = (layout.iter().map(|(file, _)| file), args.recipe.iter().cloned());
        let inputs =
            files.iter().chain(layout_file).map(|file| beside(args, file)).chain(recipe_file).collect();
        let order = Self { board, tree, layout, donors, files, inputs, choice };
        if let Some(board) = &order.board {
            order.check_regions(board)?;
        }
        Ok(order)
    }

    fn check_regions(&self, board: &Board) -> Result<(), Failure> {
        self.choice.sources.keys().try_for_each(|name| Ok(board.region(name).map(drop)?))
    }

    /// Holds what shall be written against what was read: an output never takes the place of an input. `base` is the
    /// dump, where it is a file.
    ///
    /// # Errors
    /// Exit code 2, naming the file.
    pub fn check_outputs(&self, outputs: &[&Path], base: Option<&Path>) -> Result<(), Failure> {
        let inputs: Vec<&Path> = self.inputs.iter().map(PathBuf::as_path).chain(base).collect();
        outputs.iter().try_for_each(|output| files::check_apart(output, &inputs))
    }

    /// The board, where it is known already.
    pub fn board(&self) -> Option<&Board> {
        self.board.as_deref()
    }

    /// The board; `auto` looks for it in the dump and the donors, and says by what it was known.
    ///
    /// # Errors
    /// Exit code 2 where nothing names it, or several are named.
    pub fn settle(&mut self, dump: &[u8], session: &Session) -> Result<Board, Failure> {
        if let Some(board) = &self.board {
            return Ok(board.clone().into_owned());
        }
        let donors: Vec<&[u8]> = self.donors.iter().map(|donor| donor.bytes.as_slice()).collect();
        let found = match &self.tree {
            Some(name) => by_tree(name, dump, &donors)?,
            None => auto(dump, &donors)?,
        };
        session.out.note(format!("board: {}, by {}", found.board.name, found.by.join("; ")));
        self.check_regions(&found.board)?;
        self.board = Some(found.board.clone());
        Ok(found.board.into_owned())
    }

    /// Judges what can be judged before any chip is asked: the donors, and the splice where its base is known.
    ///
    /// # Errors
    /// Exit code 2 with every finding that stops the work.
    pub fn check_inputs(&mut self, base: Option<&Image>, session: &Session) -> Result<(), Failure> {
        if let Some(base) = base {
            let board = self.settle(base, session)?;
            return Ok(splice(base, &self.donors, &board, &self.choice).map(drop)?);
        }
        let Some(board) = &self.board else { return Ok(()) };
        let findings: Vec<Finding> =
            self.donors.iter().flat_map(|donor| Anatomy::of(donor, board).findings).collect();
        match stopping(&findings, &self.choice.allow) {
            findings if findings.is_empty() => Ok(()),
            findings => Err(ImageError::Refused { findings }.into()),
        }
    }

    /// The recipe that repeats a splice of this order, as text.
    pub fn recipe(&self, board: &Board, spliced: &Spliced) -> String {
        // A recipe is text: a name that is none finds no file again, and the hash tells that.
        let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        let donors: Vec<(&str, &str, &[u8])> = self
            .donors
            .iter()
            .zip(&files)
            .map(|(donor, file)| (donor.name.as_str(), file.as_str(), donor.bytes.as_slice()))
            .collect();
        let recipe = Recipe::of(&board.name, spliced, &self.choice, &donors);
        let recipe = match &self.layout {
            Some((file, chip_size)) => {
                let layout = Some(file.display().to_string());
                Recipe { board: String::new(), layout, chip_size: *chip_size, ..recipe }
            }
            None => recipe,
        };
        recipe.write()
    }
}

fn recipe(path: &Path) -> Result<Recipe, Failure> {
    let text = String::from_utf8(files::read(path)?)
        .map_err(|_| Failure::refused(format!("{} is not a recipe: it is no text", path.display())))?;
    Recipe::parse(&text).map_err(|error| Failure::refused(format!("{}: {error}", path.display())))
}

fn from_layout(path: &Path, chip_size: Option<u64>) -> Result<Board, Failure> {
    let fault = |error: ImageError| Failure::refused(format!("{}: {error}", path.display()));
    let layout = parse_any(&files::read(path)?, chip_size).map_err(fault)?;
    Board::from_layout(path.display().to_string(), layout).map_err(fault)
}

/// `--allow` and what a recipe allows, names checked: one that is no check's would silently allow nothing.
///
/// # Errors
/// Exit code 2 for a name that is no check's, or a check that cannot be passed over.
pub fn allow<'a>(session: &'a Session, more: impl IntoIterator<Item = &'a str>) -> Result<Allow, Failure> {
    let names: Vec<&str> = session.options.allow.iter().map(String::as_str).chain(more).collect();
    let asks = checks::CHECKS.iter().filter(|check| check.severity == Severity::Ask);
    let known: Vec<&str> = asks.map(|check| check.name).chain(["all"]).collect();
    for name in &names {
        match checks::named(name) {
            // A few checks refuse, and only ask in a milder case: those may be named.
            Some(check) if check.severity == Severity::Refuse && !check.about.contains("only asked") => {
                return Err(Failure::refused(format!("--allow {name}: this check cannot be passed over")));
            }
            Some(_) => {}
            None if *name == "all" => {}
            None => return Err(Failure::refused(format!("--allow: {}", unknown("check", name, &known)))),
        }
    }
    Ok(Allow::new(names))
}

/// Donors with the files they came from.
type Donors = (Vec<Donor>, Vec<PathBuf>);

/// `[NAME=]FILE`, as often as given.
fn donors(given: &[OsString]) -> Result<Donors, Failure> {
    let (mut donors, mut files) = (Vec::<Donor>::new(), Vec::new());
    for given_one in given {
        let text = given_one.to_string_lossy();
        let (name, file) = name_and_file(given_one);
        let name = match name.as_deref() {
            Some("own" | "blank") => {
                return Err(Failure::refused(format!(
                    "--donor {text}: 'own' and 'blank' name other sources"
                )));
            }
            Some(name) => name,
            None if given.len() == 1 => "donor",
            None => {
                return Err(Failure::refused(format!("--donor {text}: several donors need names"))
                    .hint(format!("write --donor NAME={text}")));
            }
        };
        if donors.iter().any(|other| other.name == name) {
            return Err(Failure::refused(format!("--donor {text}: two donors are called '{name}'")));
        }
        donors.push(Donor::new(name, files::read(Path::new(file))?));
        files.push(PathBuf::from(file));
    }
    Ok((donors, files))
}

/// A recipe's donors, each held against its hash; a file is looked for beside the recipe, too.
fn recipe_donors(args: &OrderArgs, wanted: &[RecipeDonor]) -> Result<Donors, Failure> {
    let (mut donors, mut files) = (Vec::new(), Vec::new());
    for donor in wanted {
        let bytes = files::read(&beside(args, Path::new(&donor.file)))?;
        donor.check(&bytes)?;
        donors.push(Donor::new(donor.name.as_str(), bytes));
        files.push(PathBuf::from(&donor.file));
    }
    Ok((donors, files))
}

/// A file as given, or beside the recipe that names it.
fn beside(args: &OrderArgs, file: &Path) -> PathBuf {
    let here = file.to_owned();
    let folder = args.recipe.as_deref().and_then(Path::parent);
    match folder {
        Some(folder) if !here.exists() => folder.join(here),
        _ => here,
    }
}

/// What stands behind the first bytes of a name.
#[cfg(unix)]
fn behind(text: &OsStr, from: usize) -> &OsStr {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(&text.as_bytes()[from..])
}

/// What stands behind the first bytes of a name; all of it where it is no text.
#[cfg(not(unix))]
fn behind(text: &OsStr, from: usize) -> &OsStr {
    text.to_str().map_or(text, |text| OsStr::new(&text[from..]))
}

/// The name is what stands before the first `=`, where it looks like one and the whole is not itself a file.
fn name_and_file(text: &OsStr) -> (Option<String>, &OsStr) {
    let bytes = text.as_encoded_bytes();
    let plain = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    match bytes.iter().position(|b| *b == b'=') {
        Some(at) if plain(&bytes[..at]) && !Path::new(text).exists() => {
            (Some(String::from_utf8_lossy(&bytes[..at]).into_owned()), behind(text, at + 1))
        }
        _ => (None, text),
    }
}

/// A dump given as a file, or as the id of a backup.
///
/// # Errors
/// Exit code 2 where it is neither; the store's own where the backup is damaged.
pub fn base(path: &Path, session: &Session) -> Result<Image, Failure> {
    let Some(text) = path.to_str().filter(|text| !path.exists() && !text.contains(['/', '.'])) else {
        return Ok(files::read(path)?.into());
    };
    let store = store::open(session)?;
    let id = store
        .find(text)
        .map_err(|error| Failure::refused(format!("'{text}' is neither a file nor a backup: {error}")))?;
    Ok(store.load(&id)?.flash.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_donor_may_have_a_name() {
        use std::os::unix::ffi::OsStrExt;
        let split = |text: &'static [u8]| {
            let (name, file) = name_and_file(OsStr::from_bytes(text));
            (name, file.as_bytes())
        };
        let old = || Some("old".to_owned());
        assert_eq!(split(b"web.bin"), (None, &b"web.bin"[..]));
        assert_eq!(split(b"old=dir/a=b.bin"), (old(), &b"dir/a=b.bin"[..]));
        assert_eq!(split(b"./a=b.bin"), (None, &b"./a=b.bin"[..]));
        // Names of files need not be UTF-8.
        assert_eq!(split(b"n\xff\xfe.bin"), (None, &b"n\xff\xfe.bin"[..]));
        assert_eq!(split(b"old=n\xff=\xfe.bin"), (old(), &b"n\xff=\xfe.bin"[..]));
        assert!(donors(&["a.bin".into(), "b.bin".into()]).unwrap_err().message.contains("need names"));
        assert!(donors(&["own=a.bin".into()]).is_err());
    }
}
