//! What `splice` and `rewrite` are to make: a wish as a front end hands it in, and the order that was checked against it.

use super::Refusal;
use super::front::{Front, Notice};
use super::input::{FilePart, Input};
use super::regions::{Area, MapWish, map_in};
use super::subject::CHIP;
use super::why::Why;
use crate::image::checks::stopping;
use crate::image::unit::Mac;
use crate::image::{
    Allow, Board, Choice, Donor, EnvValue, Image, ImageError, Layout, Moved, Purpose, Recipe, RecipeDonor,
    RegionSource, SerialNumber, Severity, Source, Spliced, Uuid, auto, by_tree, check_sources, checks, chips,
    splice, splice_moved,
};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The word that leaves the board open: the contents of the chip, or of a donor, name it.
pub(crate) const AUTO: &str = "auto";
/// A PC's board, as a recipe names it: it is made anew of the dump and the donors.
const PC: &str = crate::image::pc::board::NAME;

/// What is wished for. What is left out comes from the recipe, then from the board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wish {
    /// The board by its name here, by `vendor,model` as in device trees, or `auto`. `None` is `auto` as well.
    pub board: Option<String>,
    /// In place of a board: a map of its flash.
    pub layout: Option<Input>,
    /// With a layout: bytes of the chip.
    pub chip_size: Option<u64>,
    /// The map of the board's own dump, where the result has another one: regions are moved by their names.
    pub base_layout: Option<Input>,
    /// Where regions can be taken from. Where there are none, the recipe's are taken.
    pub donors: Vec<DonorWish>,
    /// Sources of regions; the last one given for a region holds.
    pub sources: Vec<RegionSource>,
    /// A new address for the board.
    pub mac: Option<Mac>,
    /// A new serial number for a PC.
    pub serial: Option<SerialNumber>,
    /// A new UUID for a PC.
    pub uuid: Option<Uuid>,
    /// U-Boot variables.
    pub env: Vec<EnvValue>,
    /// The recipe of an earlier run; the fields above go before it.
    pub recipe: Option<Input>,
    /// What the result is for; without it, what the recipe says.
    pub purpose: Option<Purpose>,
    /// Checks that may pass, by name.
    pub allow: Vec<String>,
}

/// A donor as wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DonorWish {
    /// The name that sources use; needed where there are several.
    pub name: Option<String>,
    /// Its bytes.
    pub input: Input,
}

impl From<Input> for DonorWish {
    /// A donor without a name.
    fn from(input: Input) -> Self {
        Self { name: None, input }
    }
}

/// A wish that was checked, with its donors read.
#[derive(Clone, Debug)]
pub struct Order {
    /// The board; `None` until a dump that names it has been seen.
    board: Option<Cow<'static, Board>>,
    /// The board's own name in a device tree, where that was given.
    tree: Option<String>,
    /// The name of the layout in place of a board, and the chip's size with it.
    layout: Option<(String, Option<u64>)>,
    /// The layout is the map that the dump itself carries.
    carried: bool,
    /// The file with the map of the board's own dump, where it is another one: its name and contents.
    base_layout: Option<(String, Vec<u8>)>,
    /// The donors.
    donors: Vec<Donor>,
    /// Their file names, as given.
    donor_files: Vec<String>,
    /// Every file that was read for it.
    inputs: Vec<PathBuf>,
    /// Sources, purpose, edits, what is allowed.
    choice: Choice,
}

impl Order {
    /// Checks the wish and reads its inputs.
    ///
    /// # Errors
    /// [`Why::Input`], [`Why::InInput`], [`Why::Image`] and those of [`allowed`] and of donors' names.
    pub fn new(wish: Wish) -> Result<Self, Refusal> {
        let recipe_input = wish.recipe.as_ref();
        let recipe = recipe_input.map(read_recipe).transpose()?;
        let mut choice = recipe.as_ref().map(Recipe::choice).transpose()?.unwrap_or_default();
        choice.purpose = wish.purpose.unwrap_or(choice.purpose);
        choice.allow = allowed(wish.allow.iter().map(String::as_str).chain(choice.allow.names()))?;
        choice.sources.extend(wish.sources.into_iter().map(|set| (set.region, set.source)));
        choice.edits.env.extend(wish.env);
        choice.edits.mac = wish.mac.or(choice.edits.mac);
        choice.edits.serial = wish.serial.or(choice.edits.serial);
        choice.edits.uuid = wish.uuid.or(choice.edits.uuid);
        let mut inputs: Vec<Input> = Vec::new();
        let (donors, donor_files) = match &recipe {
            Some(recipe) if wish.donors.is_empty() => {
                recipe_donors(&recipe.donors, recipe_input, &mut inputs)?
            }
            _ => wished_donors(wish.donors, &mut inputs)?,
        };
        let layout = match (wish.layout, &recipe, &wish.board) {
            (Some(input), ..) => Some((input, wish.chip_size)),
            (None, Some(recipe), None) => recipe
                .layout
                .as_ref()
                .map(|file| (Input::File(file.into()), wish.chip_size.or(recipe.chip_size))),
            _ => None,
        };
        let base_layout = match (wish.base_layout, &recipe) {
            (None, Some(recipe)) => recipe.base_layout.as_ref().map(|file| Input::File(file.into())),
            (given, _) => given,
        };
        let base_layout = base_layout.map(|input| {
            let input = input.near(recipe_input);
            let name = input.name();
            let bytes = input.read()?;
            // Read again when the dump's size is known, which settles a part that takes the rest.
            map_in(&bytes, None).map_err(|error| Why::InInput { name: name.clone(), error })?;
            inputs.push(input);
            Ok::<_, Refusal>((name, bytes))
        });
        let base_layout = base_layout.transpose()?;
        let named = wish.board.or(recipe.map(|recipe| recipe.board).filter(|name| !name.is_empty()));
        let (mut board, mut tree) = (None, None);
        let carried = layout
            .as_ref()
            .is_some_and(|(input, _)| input.path().is_some_and(|path| path.as_os_str() == CHIP));
        match (&layout, named) {
            _ if carried => {}
            (Some((input, size)), _) => {
                let input = input.near(recipe_input);
                board = Some(Cow::Owned(board_of_layout(&input, *size)?));
                inputs.push(input);
            }
            (None, None) => {}
            (None, Some(name)) if name == AUTO || name == PC => {}
            // `vendor,model`, as in device trees; the program's own boards have no comma.
            (None, Some(name)) if name.contains(',') => tree = Some(name),
            (None, Some(name)) => board = Some(Cow::Borrowed(Board::named(&name)?)),
        }
        let order = Self {
            board,
            tree,
            layout: layout.map(|(input, size)| (input.name(), size)),
            carried,
            base_layout,
            donors,
            donor_files,
            inputs: inputs.iter().chain(recipe_input).filter_map(Input::path).map(Path::to_owned).collect(),
            choice,
        };
        if let Some(board) = &order.board {
            order.check_regions(board)?;
        }
        Ok(order)
    }

    fn check_regions(&self, board: &Board) -> Result<(), Refusal> {
        self.choice.sources.keys().try_for_each(|name| Ok(board.region(name).map(drop)?))
    }

    /// The files that are read for this, for no output to take the place of one.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.inputs.iter().map(PathBuf::as_path)
    }

    /// The board, where it is known already.
    pub fn board(&self) -> Option<&Board> {
        self.board.as_deref()
    }

    /// The board; one that is still open is found by the dump and the donors, and reported as [`Notice::BoardFound`].
    ///
    /// # Errors
    /// [`Why::Image`] where nothing names a board, or several are named.
    pub fn find_board(&mut self, dump: &[u8], front: &dyn Front) -> Result<Board, Refusal> {
        if let Some(board) = &self.board {
            return Ok(board.clone().into_owned());
        }
        if self.carried {
            let area = Area { map: MapWish::Carried, ..Area::default() };
            let layout = area.in_contents(dump, "the chip")?.layout;
            let layout = layout.ok_or_else(|| Why::NoMap { name: "the chip".to_owned() })?;
            let board = Board::from_layout(CHIP.to_owned(), layout)?;
            self.check_regions(&board)?;
            self.board = Some(Cow::Owned(board.clone()));
            return Ok(board);
        }
        let donors: Vec<&[u8]> = self.donors.iter().map(|donor| donor.bytes.as_slice()).collect();
        let found = match &self.tree {
            Some(name) => by_tree(name, dump, &donors)?,
            None => auto(dump, &donors)?,
        };
        let _ = front.notice(Notice::BoardFound { name: &found.board.name, by: &found.by });
        self.check_regions(&found.board)?;
        self.board = Some(found.board.clone());
        Ok(found.board.into_owned())
    }

    /// Puts the result together over the board's own dump, on the board that [`Order::find_board`] gives.
    ///
    /// # Errors
    /// [`Why::Image`] with every finding that stops the work.
    pub fn splice(&mut self, own: &Image, front: &dyn Front) -> Result<(Board, Spliced), Refusal> {
        let board = self.find_board(own, front)?;
        let moved = match &self.base_layout {
            Some((name, map)) => {
                let old = old_map(map, own).map_err(|error| Why::InInput { name: name.clone(), error })?;
                Some(Moved::new(own, &old, &board)?)
            }
            None => Moved::by_own_map(own, &board)?,
        };
        if let Some(moved) = moved {
            let spliced = splice_moved(&moved, &self.donors, &board, &self.choice)?;
            return Ok((board, spliced));
        }
        let spliced = splice(own, &self.donors, &board, &self.choice)?;
        Ok((chips::part_of(&board, own).into_owned(), spliced))
    }

    /// As [`Order::splice`], for the chip on the clip, which has `size` bytes and holds `current`: of a flash of two chips
    /// only what that one holds.
    ///
    /// # Errors
    /// Those of [`Order::splice`]; [`Why::Image`] where the dump is of the other chip.
    pub(crate) fn splice_for_chip(
        &mut self,
        own: &Image,
        size: u64,
        current: &[u8],
        front: &dyn Front,
    ) -> Result<(Board, Spliced), Refusal> {
        let board = self.find_board(own, front)?;
        let part = chips::on_clip(&board, own, size, current)?;
        let (made, spliced) = self.splice(own, front)?;
        Ok(match part {
            Some(chip) => (chips::clipped(&board, chip), spliced.cut(chip, own)),
            None => (made, spliced),
        })
    }

    /// Judges what can be judged before any chip is asked: the donors, whether each source is one of them and has its
    /// region, and the splice where its base is known.
    ///
    /// # Errors
    /// [`Why::Image`] with every finding that stops the work.
    pub fn check_inputs(&mut self, base: Option<&Image>, front: &dyn Front) -> Result<(), Refusal> {
        if let Some(base) = base {
            return self.splice(base, front).map(drop);
        }
        self.check_source_names()?;
        // Of a flash of two chips, donors are judged when it is known which of them is on the clip.
        let Some(board) = self.board.as_ref().filter(|board| board.layout.chips.is_empty()) else {
            return Ok(());
        };
        let findings = check_sources(board, &self.donors, &self.choice)?;
        match stopping(&findings, &self.choice.allow) {
            findings if findings.is_empty() => Ok(()),
            findings => Err(ImageError::Refused { findings }.into()),
        }
    }

    /// Checks that every source is own, blank or a donor that was given; the board need not be known for that.
    fn check_source_names(&self) -> Result<(), Refusal> {
        let is_given = |name: &String| self.donors.iter().any(|donor| donor.name == *name);
        for (region, source) in &self.choice.sources {
            if let Source::Donor(name) = source
                && !is_given(name)
            {
                let names: Vec<&str> = self.donors.iter().map(|donor| donor.name.as_str()).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                let (region, source_name) = (region.clone(), name.clone());
                return Err(ImageError::UnknownDonor { region, source_name, known }.into());
            }
        }
        Ok(())
    }

    /// The recipe that repeats a splice of this order, as text.
    pub fn recipe(&self, board: &Board, spliced: &Spliced) -> String {
        let donors: Vec<(&str, &str, &[u8])> = self
            .donors
            .iter()
            .zip(&self.donor_files)
            .map(|(donor, file)| (donor.name.as_str(), file.as_str(), donor.file()))
            .collect();
        let base_layout = self.base_layout.as_ref().map(|(file, _)| file.clone());
        let recipe = Recipe { base_layout, ..Recipe::of(&board.name, spliced, &self.choice, &donors) };
        let recipe = match &self.layout {
            Some((file, chip_size)) => {
                Recipe { board: String::new(), layout: Some(file.clone()), chip_size: *chip_size, ..recipe }
            }
            None => recipe,
        };
        recipe.write()
    }
}

fn read_recipe(input: &Input) -> Result<Recipe, Refusal> {
    let name = input.name();
    let text = String::from_utf8(input.read()?).map_err(|_| Why::NotText { name: name.clone() })?;
    Ok(Recipe::parse(&text).map_err(|error| Why::InInput { name, error })?)
}

fn board_of_layout(input: &Input, chip_size: Option<u64>) -> Result<Board, Refusal> {
    let name = input.name();
    let bytes = input.read()?;
    let board = map_in(&bytes, chip_size).and_then(|layout| Board::from_layout(name.clone(), layout));
    Ok(board.map_err(|error| Why::InInput { name, error })?)
}

/// The map of `dump` in a file; a part that takes the rest ends where the dump does. The chip's size is the file's word.
fn old_map(file: &[u8], dump: &[u8]) -> Result<Layout, ImageError> {
    let chip_size = map_in(file, None)?.chip_size;
    Ok(Layout { chip_size, ..map_in(file, Some(dump.len() as u64))? })
}

/// The names of checks that may pass, checked: a name that is no check's would allow nothing in silence.
///
/// # Errors
/// [`Why::UnknownCheck`], [`Why::NeverAllowed`].
pub fn allowed<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Allow, Refusal> {
    let names: Vec<&str> = names.into_iter().collect();
    for name in names.iter().filter(|name| **name != "all") {
        match checks::named(name) {
            Some(check) if check.severity == Severity::Refuse && !check.can_be_allowed() => {
                return Err(Why::NeverAllowed { name: (*name).to_owned() }.into());
            }
            Some(_) => {}
            None => {
                let known = checks::CHECKS.iter().filter(|check| check.can_be_allowed());
                let known = known.map(|check| check.name).chain(["all"]).collect();
                return Err(Why::UnknownCheck { name: (*name).to_owned(), known }.into());
            }
        }
    }
    Ok(Allow::new(names))
}

/// Donors with the names of the files that they came from.
type Donors = (Vec<Donor>, Vec<String>);

/// The donors of a wish, each under a name of its own.
fn wished_donors(wishes: Vec<DonorWish>, inputs: &mut Vec<Input>) -> Result<Donors, Refusal> {
    let (mut donors, mut files) = (Vec::<Donor>::new(), Vec::new());
    let several = wishes.len() > 1;
    for DonorWish { name, input } in wishes {
        let file = input.name();
        let name = match name {
            Some(name) if name == "own" || name == "blank" => {
                return Err(Why::DonorNameReserved { name, file }.into());
            }
            Some(name) => name,
            None if several => return Err(Why::DonorUnnamed { file }.into()),
            None => "donor".to_owned(),
        };
        if donors.iter().any(|other| other.name == name) {
            return Err(Why::DonorNameTaken { name, file }.into());
        }
        let (input, part) = input.cut(None)?;
        donors.push(cut_donor(&name, input.read()?, part)?);
        files.push(file);
        inputs.push(input);
    }
    Ok((donors, files))
}

/// A donor of all of a file's bytes, or of a part of them.
fn cut_donor(name: &str, bytes: Vec<u8>, part: Option<FilePart>) -> Result<Donor, Refusal> {
    Ok(match part {
        None => Donor::new(name, bytes),
        Some(FilePart::Bytes { offset, len }) => Donor::part(name, bytes, offset, len)?,
        Some(FilePart::Named(part)) => Donor::part_named(name, bytes, &part)?,
    })
}

/// The donors of a recipe, each checked against its hash.
fn recipe_donors(
    wanted: &[RecipeDonor],
    recipe: Option<&Input>,
    inputs: &mut Vec<Input>,
) -> Result<Donors, Refusal> {
    let (mut donors, mut files) = (Vec::new(), Vec::new());
    for donor in wanted {
        let (input, part) = Input::File(PathBuf::from(&donor.file)).cut(recipe)?;
        let bytes = input.read()?;
        donor.check(&bytes)?;
        donors.push(cut_donor(&donor.name, bytes, part)?);
        files.push(donor.file.clone());
        inputs.push(input);
    }
    Ok((donors, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_donors_need_names_of_their_own() {
        let donor = |name: Option<&str>| DonorWish {
            name: name.map(str::to_owned),
            input: Input::Bytes { name: "f.bin".into(), bytes: vec![1; 16] },
        };
        let order = |donors| Order::new(Wish { donors, ..Wish::default() }).map_err(|refusal| *refusal.why);
        assert_eq!(order(vec![donor(None)]).unwrap().donors[0].name, "donor");
        assert!(matches!(order(vec![donor(None), donor(None)]), Err(Why::DonorUnnamed { .. })));
        assert!(matches!(order(vec![donor(Some("own"))]), Err(Why::DonorNameReserved { .. })));
        assert!(matches!(
            order(vec![donor(Some("a")), donor(Some("a"))]),
            Err(Why::DonorNameTaken { name, .. }) if name == "a"
        ));
    }

    #[test]
    fn only_checks_that_ask_can_be_allowed() {
        let why = |name| *allowed([name]).unwrap_err().why;
        assert!(allowed(["region", "other-form", "all"]).is_ok());
        assert!(matches!(why("md5"), Why::NeverAllowed { .. }));
        assert!(matches!(why("regoin"), Why::UnknownCheck { known, .. } if known.contains(&"region")));
    }
}
