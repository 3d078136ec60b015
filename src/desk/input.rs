//! What a front end hands in: a file of the machine, or bytes that it has already.

use super::Refusal;
use super::files::{self, ImageFile};
use crate::image::ImageError;
use crate::units::parse_size;
use std::path::{Path, PathBuf};

/// The name of standard input; with a part, `-@0x800+4M` or `-:BIOSIMG`.
const STREAM: &str = "-";

/// A donor, a layout, a recipe: where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file of this machine.
    File(PathBuf),
    /// Bytes, with the name that they are known by.
    Bytes {
        /// The file name, for messages and recipes.
        name: String,
        /// The contents.
        bytes: Vec<u8>,
    },
}

/// A part of a file, as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilePart {
    /// Bytes cut out.
    Bytes {
        /// The first one.
        offset: u64,
        /// How many; without it, up to the file's end.
        len: Option<u64>,
    },
    /// A part of an update file or archive, by its name.
    Named(String),
}

impl FilePart {
    /// Bytes cut out, as `OFFSET` or `OFFSET+LENGTH`.
    fn window(text: &str) -> Result<Self, Refusal> {
        let number = |number: &str| {
            let wanted = "FILE@OFFSET or FILE@OFFSET+LENGTH, as in bios.cap@0x800+4M";
            parse_size(number)
                .map_err(|_| Refusal::from(ImageError::BadText { text: text.to_owned(), wanted }))
        };
        let (offset, len) = match text.split_once('+') {
            Some((offset, len)) => (number(offset)?, Some(number(len)?)),
            None => (number(text)?, None),
        };
        Ok(Self::Bytes { offset, len })
    }
}

impl Input {
    /// Its contents: of a text of records, the bytes that it gives.
    ///
    /// # Errors
    /// As [`files::read_image`].
    pub fn read(&self) -> Result<Vec<u8>, Refusal> {
        self.image()?.from_zero(Path::new(&self.name()))
    }

    /// The same, with the address that a text of records names.
    ///
    /// # Errors
    /// As [`files::read`] and [`ImageFile::of`].
    pub fn image(&self) -> Result<ImageFile, Refusal> {
        match self {
            Input::File(path) => ImageFile::of(path, files::read(path)?),
            Input::Bytes { name, bytes } => ImageFile::of(Path::new(name), bytes.clone()),
        }
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Input::File(path) => Some(path),
            Input::Bytes { .. } => None,
        }
    }

    /// Its name for messages and recipes. A file name that is not text loses what is not: the recipe's hash shows that.
    pub fn name(&self) -> String {
        match self {
            Input::File(path) => path.display().to_string(),
            Input::Bytes { name, .. } => name.clone(),
        }
    }

    /// A file name `FILE@OFFSET`, `FILE@OFFSET+LENGTH` or `FILE:PART` as the file and its part. An `@` and a `:` are parts of
    /// the name where a file of that full name exists, as given or near the recipe; a `:` also where none exists before it.
    ///
    /// # Errors
    /// [`ImageError::BadText`] where what follows the `@` is no offset.
    pub(super) fn cut(&self, recipe: Option<&Input>) -> Result<(Input, Option<FilePart>), Refusal> {
        if let Input::Bytes { name, bytes } = self
            && let Some(rest) = name.strip_prefix(STREAM)
        {
            let part = match (rest.strip_prefix('@'), rest.strip_prefix(':')) {
                (Some(window), _) => FilePart::window(window)?,
                (None, Some(part)) if !part.is_empty() => FilePart::Named(part.to_owned()),
                _ => return Ok((self.clone(), None)),
            };
            return Ok((Input::Bytes { name: STREAM.to_owned(), bytes: bytes.clone() }, Some(part)));
        }
        let whole = self.near(recipe);
        let exists = |input: &Input| input.path().is_none_or(Path::exists);
        let text = self.path().and_then(Path::to_str).filter(|_| !exists(self) && !exists(&whole));
        let named = text.and_then(|text| text.rsplit_once(':')).filter(|(_, part)| !part.is_empty());
        if let Some((path, part)) = named {
            let file = Input::File(PathBuf::from(path)).near(recipe);
            if file.path().is_some_and(Path::is_file) {
                return Ok((file, Some(FilePart::Named(part.to_owned()))));
            }
        }
        let Some((path, part)) =
            text.and_then(|text| text.rsplit_once('@')).filter(|(path, _)| !path.is_empty())
        else {
            return Ok((whole, None));
        };
        let part = FilePart::window(part)?;
        Ok((Input::File(PathBuf::from(path)).near(recipe), Some(part)))
    }

    /// The same, looked for in the folder of the recipe that names it where it is not found as given: at its place from
    /// there, then by its file name alone. A recipe comes with its files from another folder or another machine.
    pub(super) fn near(&self, recipe: Option<&Input>) -> Input {
        let folder = recipe.and_then(Input::path).and_then(Path::parent);
        match (self, folder) {
            (Input::File(path), Some(folder)) if !path.exists() => {
                let placed = folder.join(path);
                let beside = path.file_name().map(|name| folder.join(name));
                Input::File(beside.filter(|file| !placed.exists() && file.exists()).unwrap_or(placed))
            }
            _ => self.clone(),
        }
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        Input::File(path)
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        Input::File(path.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_named_only_where_no_file_has_the_full_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("odd@0x10"), b"1").unwrap();
        std::fs::write(path("odd:name"), b"1").unwrap();
        let cut = |name: &str| Input::File(path(name)).cut(None);
        let part = |offset, len| Some(FilePart::Bytes { offset, len });
        for (given, file, wanted) in [
            ("odd@0x10", "odd@0x10", None),
            ("bios.cap@0x800", "bios.cap", part(0x800, None)),
            ("bios.cap@0x800+4M", "bios.cap", part(0x800, Some(0x40_0000))),
            ("odd@0x10@16", "odd@0x10", part(16, None)),
            ("plain", "plain", None),
            ("odd@0x10:BIOSIMG", "odd@0x10", Some(FilePart::Named("BIOSIMG".into()))),
            ("odd:name", "odd:name", None),
            ("none:BIOSIMG", "none:BIOSIMG", None),
        ] {
            assert_eq!(cut(given).unwrap(), (Input::File(path(file)), wanted), "{given}");
        }
        for bad in ["a@b", "a@", "a@1+", "a@1+2+3", "a@-1"] {
            assert!(cut(bad).is_err(), "{bad}");
        }
        // Standard input, which is no file.
        let stream = |name: &str| Input::Bytes { name: name.into(), bytes: vec![7; 9] };
        for (given, wanted) in [
            ("-", None),
            ("-@0x10", part(0x10, None)),
            ("-@0x10+4", part(0x10, Some(4))),
            ("-:BIOSIMG", Some(FilePart::Named("BIOSIMG".into()))),
        ] {
            assert_eq!(stream(given).cut(None).unwrap(), (stream("-"), wanted), "{given}");
        }
        assert_eq!(stream("a@0x10").cut(None).unwrap(), (stream("a@0x10"), None), "a name from elsewhere");
        assert!(stream("-@b").cut(None).is_err() && stream("-@").cut(None).is_err());
        // A recipe's neighbour.
        let recipe = Input::File(path("recipe.toml"));
        let near = Input::File("odd@0x10".into()).cut(Some(&recipe)).unwrap();
        assert_eq!(near, (Input::File(path("odd@0x10")), None));
        let near = Input::File("other.bin@0x10".into()).cut(Some(&recipe)).unwrap();
        assert_eq!(near, (Input::File(path("other.bin")), part(0x10, None)));
        // It came with the recipe from another place.
        std::fs::write(path("moved.bin"), b"1").unwrap();
        for (named, file, wanted) in [
            ("/no/such/folder/moved.bin", "moved.bin", None),
            ("firmware/moved.bin", "moved.bin", None),
            ("/no/such/folder/moved.bin@0x10", "moved.bin", part(0x10, None)),
            ("/no/such/folder/moved.bin:BIOSIMG", "moved.bin", Some(FilePart::Named("BIOSIMG".into()))),
            ("firmware/none.bin", "firmware/none.bin", None),
        ] {
            let near = Input::File(named.into()).cut(Some(&recipe)).unwrap();
            assert_eq!(near, (Input::File(path(file)), wanted), "{named}");
        }
    }
}
