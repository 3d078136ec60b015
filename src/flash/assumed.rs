//! A chip that neither the table nor its SFDP names, read as its user says it is. It is never written to.
//!
//! Only the way to the array is assumed: size, address bytes, dies. Erase commands, protection, registers and supply of
//! such a chip are not known, so nothing that changes it is sent.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, READ};
use super::describe::bare;
use super::part::Part;
use super::parts::by_name;
use super::settle::{Mirror, compare, judge};
use crate::spi::Programmer;
use crate::units::{KIB, MIB};
use thiserror::Error;

/// What the user says of the chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// It has the size of this part, and is addressed as it is.
    Part(&'static Part),
    /// Its size in bytes; it takes three address bytes.
    Size(u64),
}

/// What is wrong with a part or a size given by hand.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssumedFault {
    /// No part in the table has the name.
    #[error("there is no part '{name}'")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The name is that of parts which are not reached alike.
    #[error("'{name}' is the name of parts that differ in size or in how they are addressed")]
    SeveralParts {
        /// The name.
        name: String,
    },
    /// A chip has no such size.
    #[error(
        "{bytes} bytes is no size of a chip: it is a power of two or a multiple of 64 KiB, from 1 KiB to 16 MiB"
    )]
    Size {
        /// The size in bytes.
        bytes: u64,
    },
}

impl Assumed {
    /// A part of the table by its name, or one of its other names.
    ///
    /// # Errors
    /// [`AssumedFault::UnknownName`], [`AssumedFault::SeveralParts`].
    pub fn part(name: &str) -> Result<Self, AssumedFault> {
        let rows = by_name(name);
        let reach = |part: &Part| (part.size, part.four_byte, part.dies, part.die_select);
        match rows.split_first() {
            None => Err(AssumedFault::UnknownName { name: name.into() }),
            Some((first, rest)) if rest.iter().all(|row| reach(row) == reach(first)) => Ok(Self::Part(first)),
            Some(_) => Err(AssumedFault::SeveralParts { name: name.into() }),
        }
    }

    /// A size in bytes: a power of two or a multiple of 64 KiB, from 1 KiB to 16 MiB, which is as far as three address
    /// bytes reach.
    ///
    /// # Errors
    /// [`AssumedFault::Size`].
    pub fn size(bytes: u64) -> Result<Self, AssumedFault> {
        let fits = bytes.is_power_of_two() || bytes.is_multiple_of(64 * KIB);
        match fits && (KIB..=16 * MIB).contains(&bytes) {
            true => Ok(Self::Size(bytes)),
            false => Err(AssumedFault::Size { bytes }),
        }
    }

    /// The row of such a chip with this id.
    pub(super) fn row(&self, jedec_id: &[u8]) -> Part {
        match self {
            Self::Size(size) => {
                Part { name: "unknown part (size given by hand)".into(), ..bare(jedec_id, *size) }
            }
            Self::Part(like) => Part {
                name: format!("unknown part (read as {})", like.name),
                low_voltage: like.low_voltage,
                address_bytes: like.address_bytes,
                four_byte: like.four_byte,
                dies: like.dies,
                mode_flag: like.mode_flag,
                die_select: like.die_select,
                max_hz: like.max_hz,
                ..bare(jedec_id, like.size)
            },
        }
    }
}

/// Bytes compared at each place, and how many places.
const WINDOW: usize = 64;
const PLACES: u64 = 32;

impl<P: Programmer> Chip<P> {
    /// Refuses a size given by hand that is too small or too large: a chip repeats itself past its end, and only there.
    pub(super) fn check_assumed(&mut self) -> Result<(), FlashError> {
        let size = self.geometry.size;
        if !self.identity.assumed || !size.is_power_of_two() || size > 16 * MIB {
            return Ok(());
        }
        if size < 16 * MIB && self.mirrors(size)?.contains(&Mirror::Differ) {
            return Err(FlashError::LargerThanAssumed { size });
        }
        match judge(size / 2, size, &self.mirrors(size / 2)?) {
            Some(half) if half < size => Err(FlashError::SmallerThanAssumed { size }),
            _ => Ok(()),
        }
    }

    /// True for a chip that holds other bytes past the size that it has by its id: only a chip erase reaches them.
    ///
    /// # Errors
    /// [`FlashError::Spi`].
    pub(crate) fn holds_more(&mut self) -> Result<bool, FlashError> {
        let size = self.geometry.size;
        let three = self.identity.part.address_bytes == 3;
        Ok(three
            && size.is_power_of_two()
            && size < 16 * MIB
            && self.mirrors(size)?.contains(&Mirror::Differ))
    }

    /// Places below `size` compared with those that far above. A difference counts when it is the same twice: noise is not.
    fn mirrors(&mut self, size: u64) -> Result<Vec<Mirror>, FlashError> {
        let mut seen = Vec::new();
        for n in 0..PLACES {
            let low = size / PLACES * n;
            let mut pair = || {
                let mut at = |address| {
                    command::read(&mut self.programmer, &command::with_address(READ, address, 3), WINDOW)
                };
                Ok::<_, FlashError>((at(low)?, at(size + low)?))
            };
            let ((a, b), again) = (pair()?, pair()?);
            if again == (a.clone(), b.clone()) {
                seen.push(compare(&a, &b));
            }
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bounded() {
        for bytes in [KIB, 64 * KIB, 192 * KIB, 256 * KIB, 16 * MIB] {
            assert_eq!(Assumed::size(bytes), Ok(Assumed::Size(bytes)));
        }
        for bytes in [0, 1, 512, 3 * KIB, 65 * KIB, 16 * MIB + 64 * KIB, 32 * MIB, u64::MAX] {
            assert_eq!(Assumed::size(bytes), Err(AssumedFault::Size { bytes }));
        }
    }

    #[test]
    fn names_are_those_of_the_table() {
        let Ok(Assumed::Part(part)) = Assumed::part("w25q64fv") else { panic!() };
        assert_eq!((part.name.as_str(), part.size), ("W25Q64FV", 8 * MIB));
        let Ok(Assumed::Part(part)) = Assumed::part("GD25B64C") else { panic!("one of a row's names") };
        assert_eq!(part.size, 8 * MIB);
        let name = || "W25Q64XX".to_owned();
        assert_eq!(Assumed::part(&name()), Err(AssumedFault::UnknownName { name: name() }));
        assert_eq!(Assumed::part(""), Err(AssumedFault::UnknownName { name: String::new() }));
    }

    #[test]
    fn only_the_way_to_the_array_is_taken_over() {
        let row = Assumed::part("W25Q256JV").unwrap().row(&[0x99, 0x98, 0x19]);
        assert_eq!(
            (row.size, row.four_byte.native, &row.jedec_id[..]),
            (32 * MIB, true, &[0x99, 0x98, 0x19][..])
        );
        assert!(row.erase.is_empty() && row.chip_erase.is_none() && row.unique_id == 0 && !row.reset);
        assert_eq!(row.voltage_mv, None);
    }
}
