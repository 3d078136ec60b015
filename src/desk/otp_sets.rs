//! Security registers of two sources compared: of the chip, of a backup, of a folder of files.

use super::conditions::Desk;
use super::front::Front;
use super::subject::CHIP;
use super::why::{Sought, Why};
use super::{Refusal, files};
use crate::flash::SecurityRegister;
use crate::plan::diff;
use crate::span::Spans;
use crate::workflow::Store;
use crate::workflow::otp::{file_name, of_backup};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Registers by number.
pub(crate) type RegisterSet = BTreeMap<u8, Vec<u8>>;

impl Desk {
    /// The registers of `chip`, of the files in a folder, or of a backup.
    ///
    /// # Errors
    /// [`Why::NotFound`], [`Why::HoldsNoRegisters`]; those of the chip and the store.
    pub(crate) fn register_set<E: From<Refusal>>(
        &self,
        front: &dyn Front,
        store: impl FnOnce() -> Result<Store, E>,
        text: &str,
    ) -> Result<RegisterSet, E> {
        let dir = Path::new(text);
        let set: RegisterSet = if text == CHIP {
            let registers = self.security_registers(front)?.some()?;
            registers.into_iter().map(|register| (register.index, register.bytes)).collect()
        } else if dir.is_dir() {
            of_folder(dir)?
        } else {
            let store = store()?;
            let not_found =
                |error| Why::NotFound { text: text.to_owned(), sought: Sought::Registers, error }.into();
            let id = store.find(text).map_err(|error| -> Refusal { not_found(error) })?;
            of_backup(&store, &id).map_err(Refusal::from)?.into_iter().collect()
        };
        if set.is_empty() {
            return Err(Refusal::from(Why::HoldsNoRegisters { name: text.to_owned() }).into());
        }
        Ok(set)
    }
}

fn of_folder(dir: &Path) -> Result<RegisterSet, Refusal> {
    let files = (0..=u8::MAX).map(|index| (index, dir.join(file_name(index))));
    let there = files.filter(|(_, path)| path.exists());
    there.map(|(index, path)| Ok((index, files::read(&path)?))).collect()
}

/// The registers that differ or that only one of the two has, with the bytes that differ.
pub fn differing(a: &RegisterSet, b: &RegisterSet) -> Vec<(u8, Spans)> {
    let all: BTreeSet<u8> = a.keys().chain(b.keys()).copied().collect();
    let bytes = |set: &RegisterSet, index: u8| set.get(&index).cloned().unwrap_or_default();
    let differ = all.into_iter().filter(|index| a.get(index) != b.get(index));
    differ.map(|index| (index, diff(&bytes(a, index), &bytes(b, index)))).collect()
}

/// Each register under the name that its file has in a folder.
pub(crate) fn as_files(registers: &[SecurityRegister]) -> Vec<(String, Vec<u8>)> {
    registers.iter().map(|register| (file_name(register.index), register.bytes.clone())).collect()
}
