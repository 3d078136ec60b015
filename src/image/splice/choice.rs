//! What the user chose: a source for each region, what the result is for, which questions are answered.

use std::collections::BTreeMap;

use crate::image::checks::Allow;
use crate::image::error::ImageError;
use crate::image::layout::Source;

/// What the result is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A whole chip, for the programmer.
    #[default]
    Programmer,
    /// A file for the loader's rescue by TFTP.
    Tftp,
    /// A file for the vendor's web page.
    Web,
}

impl Purpose {
    /// Reads `programmer`, `tftp` or `web`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Programmer, Self::Tftp, Self::Web].into_iter().find(|p| p.name() == text)
    }

    /// `programmer`, `tftp` or `web`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Programmer => "programmer",
            Self::Tftp => "tftp",
            Self::Web => "web",
        }
    }
}

/// What the user chose; what is not said here, the board's file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Sources by region.
    pub sources: BTreeMap<String, Source>,
    /// Questions answered with yes.
    pub allow: Allow,
    /// What the result is for.
    pub purpose: Purpose,
    /// Single values to change in the result.
    pub edits: Edits,
}

/// Single values to change in the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// A new address for the board.
    pub mac: Option<crate::image::unit::Mac>,
    /// U-Boot variables, name and value; an empty value takes the variable out.
    pub env: Vec<(String, String)>,
}

impl Edits {
    /// Takes `NAME=VALUE`, as in `--env`.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn set_env(&mut self, text: &str) -> Result<(), ImageError> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                self.env.push((name.to_owned(), value.to_owned()));
                Ok(())
            }
            _ => Err(ImageError::BadText { text: text.to_owned(), wanted: "NAME=VALUE" }),
        }
    }
}

impl Choice {
    /// Takes `REGION=SOURCE`, as in `--set`.
    ///
    /// # Errors
    /// When it is not of that form.
    pub fn set(&mut self, text: &str) -> Result<(), ImageError> {
        match text.split_once('=') {
            Some((region, source)) if !region.is_empty() && !source.is_empty() => {
                self.sources.insert(region.to_owned(), Source::parse(source));
                Ok(())
            }
            _ => Err(ImageError::BadText {
                text: text.to_owned(),
                wanted: "REGION=SOURCE, where SOURCE is own, blank or a donor's name",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_as_the_user_writes_them() {
        let mut choice = Choice::default();
        choice.set("config=own").unwrap();
        choice.set("romfile=blank").unwrap();
        choice.set("firmware=stock").unwrap();
        assert_eq!(choice.sources["config"], Source::Own);
        assert_eq!(choice.sources["romfile"], Source::Blank);
        assert_eq!(choice.sources["firmware"], Source::Donor("stock".to_owned()));
        for text in ["config", "=own", "config="] {
            assert!(choice.set(text).is_err(), "{text}");
        }
    }
}
