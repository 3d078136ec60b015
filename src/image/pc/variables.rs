//! A store of UEFI variables as its reader gives it, whatever its form.

use super::guid::Guid;
use crate::span::Span;

/// The longest name of a variable that is read, in characters.
pub(super) const LONGEST_NAME: usize = 0x200;

/// A variable that counts: not deleted, the newest of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whose it is; `None` where the store's table of owners lacks it.
    pub owner: Option<Guid>,
    /// Where its value is.
    pub value: Span,
    /// What guards the value.
    pub guard: Guard,
}

/// What guards a value against a change in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Nothing.
    None,
    /// A byte that counters the byte sum of what is around it, the value among it; where that byte is.
    ByteSum(u64),
    /// Something that cannot be made anew here, in words.
    Closed(&'static str),
}

/// A store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its form: `NVAR`, `VSS`, `VSS2`, `VSS2 authenticated`, `FTW`, `FDC`.
    pub form: &'static str,
    /// Where it is, header included.
    pub span: Span,
    /// Length of the header: what an empty store has.
    pub header_len: u64,
    /// Its variables in order.
    pub variables: Vec<Variable>,
    /// What does not hold in it, in words.
    pub fault: Option<String>,
}

/// A name in UCS-2 with its final zero; `None` where it is none.
pub(super) fn wide_name(bytes: &[u8]) -> Option<String> {
    let units = bytes.len() / 2;
    if !bytes.len().is_multiple_of(2) || !(2..=LONGEST_NAME).contains(&units) {
        return None;
    }
    let (text, end) = bytes.split_at(bytes.len() - 2);
    let units = text.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let name: Option<String> =
        units.map(|unit| char::from_u32(unit.into()).filter(|c| !c.is_control())).collect();
    name.filter(|_| end == [0, 0])
}
