//! A donor: a file by the name under which regions take their bytes from it.

use super::{contents, unwrap};
use crate::image::ImageError;
use crate::image::checks::{Finding, UNWRAPPED};
use crate::span::Span;

/// A file that regions may come from; its format is detected when it is used.
///
/// ```
/// use norsplice::image::{Donor, synthetic};
///
/// let demo = synthetic::demo();
/// let vendor = Donor::new("vendor", demo.vendor.clone());
/// assert_eq!((vendor.bytes.as_slice(), vendor.file()), (&*demo.vendor, &*demo.vendor));
///
/// // A part that the user names: 0x1000 bytes from 0x200 on.
/// let part = Donor::part("loader", demo.vendor.clone(), 0x200, Some(0x1000))?;
/// assert_eq!(part.bytes, demo.vendor[0x200..0x1200]);
/// assert!(Donor::part("loader", demo.vendor.clone(), demo.vendor.len() as u64, None).is_err());
/// # Ok::<(), norsplice::image::ImageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Donor {
    /// The name in `--set REGION=NAME`.
    pub name: String,
    /// What is used: the file's bytes, or what is inside of the wrapper or archive that it is.
    pub bytes: Vec<u8>,
    /// The file, where `bytes` is not all of it.
    file: Option<Vec<u8>>,
    /// What was found when it was opened.
    pub(crate) opened: Vec<Finding>,
}

impl Donor {
    /// The file under a name; wrappers and archives around a firmware are removed.
    pub fn new(name: impl Into<String>, file: Vec<u8>) -> Self {
        let name = name.into();
        let opened = unwrap::open(&file, &format!("donor '{name}'"));
        let (bytes, file) = match opened.inside {
            Some(inside) => (inside, Some(file)),
            None => (file, None),
        };
        Self { name, bytes, file, opened: opened.findings }
    }

    /// A part of a file, as a user cut it out: from `offset` on, `len` bytes or all that follow.
    ///
    /// # Errors
    /// Where the file does not reach so far.
    pub fn part(
        name: impl Into<String>,
        file: Vec<u8>,
        offset: u64,
        len: Option<u64>,
    ) -> Result<Self, ImageError> {
        let whole = file.len() as u64;
        let len = len.unwrap_or(whole.saturating_sub(offset));
        let span = Span::at(offset, len).filter(|span| span.end <= whole && !span.is_empty());
        let Some(part) = span.and_then(|span| span.of(&file)) else {
            let why = format!("the part at {offset:#x} of {len:#x} bytes is not in its {whole:#x} bytes");
            return Err(ImageError::BadFile { what: format!("donor '{}'", name.into()), why });
        };
        let donor = Self::new(name, part.to_vec());
        Ok(Self { file: Some(file), ..donor })
    }

    /// The part of an update file or archive that has the name, as [`contents`](crate::image::contents) lists it.
    ///
    /// # Errors
    /// Where the file does not open, or has no such part, or the part's bytes are not those of the chip.
    pub(crate) fn part_named(name: impl Into<String>, file: Vec<u8>, part: &str) -> Result<Self, ImageError> {
        let name = name.into();
        let what = format!("donor '{name}'");
        let bytes = contents::part(&file, &what, part)?;
        let words = format!("of {what}, the part {part} of {:#x} bytes is used", bytes.len());
        Ok(Self { name, bytes, file: Some(file), opened: vec![UNWRAPPED.found(words)] })
    }

    /// The bytes of the file as it was given.
    pub fn file(&self) -> &[u8] {
        self.file.as_deref().unwrap_or(&self.bytes)
    }
}
