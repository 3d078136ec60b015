//! What the user wishes for, from what has been chosen and typed.

use super::super::Input;
use super::super::order::{DonorWish, Wish};
use super::message::{Ask, PutWish, Try};
use super::state::Guide;
use super::way::Way;
use crate::image::Purpose;
use std::path::PathBuf;

impl Guide {
    /// What is to be tried on the contents; none while something has to be typed first, or where nothing is written.
    pub fn wish(&self) -> Option<Try> {
        let file = typed(&self.file);
        match self.chosen_way() {
            Way::Backup => None,
            Way::Image => Some(self.put(file?, None)),
            Way::Place => Some(self.put(file?, Some(typed(&self.place)?))),
            Way::Board(name) => Some(self.splice(Wish { board: Some(name.clone()), ..Wish::default() })),
            Way::Layout => {
                let layout = Some(Input::File(typed(&self.layout)?.into()));
                Some(self.splice(Wish { layout, ..Wish::default() }))
            }
            Way::Carried => {
                let backup = self.backup.as_ref()?;
                let (name, bytes) = (backup.file.display().to_string(), backup.flash.to_vec());
                Some(self.splice(Wish { layout: Some(Input::Bytes { name, bytes }), ..Wish::default() }))
            }
        }
    }

    /// Has the wish tried; what was asked before it does not hold any more.
    pub(super) fn try_wish(&mut self) -> Option<Ask> {
        let wish = Box::new(self.wish()?);
        self.tries += 1;
        self.trying = Some(self.tries);
        Some(Ask::Try { number: self.tries, wish })
    }

    fn put(&self, file: String, place: Option<String>) -> Try {
        Try::Put(PutWish { input: Input::File(file.into()), place, allow: self.allow.clone() })
    }

    /// The wish with donor, sources and what is allowed.
    fn splice(&self, wish: Wish) -> Try {
        let donor = typed(&self.file).map(PathBuf::from);
        let chip_size = self.backup.as_ref().map(|backup| backup.flash.len() as u64);
        Try::Splice(Box::new(Wish {
            chip_size: chip_size.filter(|_| wish.layout.is_some()),
            donors: donor
                .into_iter()
                .map(|file| DonorWish { name: None, input: Input::File(file) })
                .collect(),
            sources: self.sources.clone(),
            purpose: Some(Purpose::Programmer),
            allow: self.allow.clone(),
            ..wish
        }))
    }
}

/// What was typed, without blanks around it.
fn typed(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
