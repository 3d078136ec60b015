//! The small texts inside the part tables, read: ids, register bits, flags, supplies, times, erase types. Pure.

use crate::flash::part::{EraseSpec, Flag, Register, RegisterBit, Suspend};
use crate::units::parse_size;
use std::time::Duration;

impl TryFrom<String> for RegisterBit {
    type Error = String;
    /// `SR1.5`.
    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("'{text}' is not a register bit; write SR1.5");
        let (register, bit) = text.split_once('.').ok_or_else(fault)?;
        let register = match register {
            "SR1" => Register::Sr1,
            "SR2" => Register::Sr2,
            "SR3" => Register::Sr3,
            "SECURITY" => Register::Security,
            "FUNCTION" => Register::Function,
            _ => return Err(fault()),
        };
        let bit = bit.parse::<u8>().ok().filter(|b| *b < 8).ok_or_else(fault)?;
        Ok(Self { register, bit })
    }
}

impl TryFrom<String> for Flag {
    type Error = String;
    /// `15.0`: opcode in hex, bit. `05+1.2`: the bit of the second byte of the answer.
    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("'{text}' is not a flag; write 15.0: the opcode in hex, the bit");
        let (register, bit) = text.split_once('.').ok_or_else(fault)?;
        let (opcode, byte) = register.split_once('+').unwrap_or((register, "0"));
        let opcode = u8::from_str_radix(opcode, 16).map_err(|_| fault())?;
        let byte = byte.parse::<u8>().ok().filter(|b| *b < 2).ok_or_else(fault)?;
        let bit = bit.parse::<u8>().ok().filter(|b| *b < 8).ok_or_else(fault)?;
        Ok(Self { opcode, byte, bit })
    }
}

impl TryFrom<String> for Suspend {
    type Error = String;
    /// `7A 35.7`.
    fn try_from(text: String) -> Result<Self, String> {
        let fault =
            || format!("'{text}' names no resume opcode and flags; write 7A 35.7, two of each at most");
        let mut suspend = Self::default();
        for word in text.split_whitespace() {
            if word.contains('.') {
                let slot = suspend.flags.iter_mut().find(|f| f.is_none()).ok_or_else(fault)?;
                *slot = Some(Flag::try_from(word.to_string())?);
            } else {
                let slot = suspend.resume.iter_mut().find(|r| r.is_none()).ok_or_else(fault)?;
                *slot = Some(u8::from_str_radix(word, 16).map_err(|_| fault())?);
            }
        }
        suspend.resume[0].map(|_| suspend).ok_or_else(fault)
    }
}

/// `EF4017` as bytes.
pub(super) fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    hex_pattern(text)?
        .into_iter()
        .map(|b| b.ok_or_else(|| format!("'{text}' has no room for 'xx'")))
        .collect()
}

/// `4Dxx80`: bytes, `xx` for any.
pub(super) fn hex_pattern(text: &str) -> Result<Vec<Option<u8>>, String> {
    let fault = || format!("'{text}' is not bytes in hex");
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(fault());
    }
    (0..text.len())
        .step_by(2)
        .map(|i| match &text[i..i + 2] {
            "xx" => Ok(None),
            pair => u8::from_str_radix(pair, 16).map(Some).map_err(|_| fault()),
        })
        .collect()
}

/// `2.7-3.6` in volts.
pub(super) fn volts(text: &str) -> Result<(u32, u32), String> {
    let fault = || format!("'{text}' is not a supply range; write 2.7-3.6");
    let (min, max) = text.split_once('-').ok_or_else(fault)?;
    let mv = |s: &str| s.parse::<f64>().map(|v| (v * 1000.0).round() as u32).map_err(|_| fault());
    Ok((mv(min)?, mv(max)?))
}

/// `0.45/3 ms`: typical and maximum.
pub(super) fn busy(text: &str) -> Result<(Duration, Duration), String> {
    let fault = || format!("'{text}' is not a time; write 45/400 ms");
    let (numbers, unit) = text.split_once(' ').ok_or_else(fault)?;
    let (typical, max) = numbers.split_once('/').ok_or_else(fault)?;
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(fault()),
    };
    let read = |s: &str| {
        let value = s.parse::<f64>().ok().filter(|v| (0.0..1e7).contains(v)).ok_or_else(fault)?;
        Ok::<_, String>(Duration::from_micros((value * seconds * 1e6).round() as u64))
    };
    Ok((read(typical)?, read(max)?))
}

/// The erase commands of a row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Erases {
    pub erase: Vec<EraseSpec>,
    pub chip_erase: Option<u8>,
}

/// `20:4K 52:32K D8:64K C7:chip`; `D8:4Kx2+8K+16K+32K+64Kx3` for sizes that differ by place, in address order;
/// `D8:<=64K` where it is not known which of the blocks are split. The latter two are blocks of the largest size.
pub(super) fn erases(text: &str, size: u64) -> Result<Erases, String> {
    let mut all = Erases::default();
    for word in text.split_whitespace() {
        let fault =
            || format!("'{word}' is not an erase type; write 20:4K, C7:chip, D8:4Kx16+64Kx15 or D8:<=64K");
        let (opcode, sizes) = word.split_once(':').ok_or_else(fault)?;
        let opcode = u8::from_str_radix(opcode, 16).map_err(|_| fault())?;
        if sizes == "chip" {
            all.chip_erase = all.chip_erase.or(Some(opcode));
        } else if let Some(largest) = sizes.strip_prefix("<=") {
            all.erase.push(EraseSpec { opcode, size: parse_size(largest)?, split: true });
        } else if !sizes.contains(['x', '+']) {
            all.erase.push(EraseSpec { opcode, size: parse_size(sizes)?, split: false });
        } else {
            let mut runs = Vec::new();
            for piece in sizes.split('+') {
                let (unit, count) = piece.split_once('x').unwrap_or((piece, "1"));
                runs.push((parse_size(unit)?, count.parse::<u64>().map_err(|_| fault())?));
            }
            let largest = runs.iter().map(|(unit, _)| *unit).max().ok_or_else(fault)?;
            let covered = runs.iter().try_fold(0u64, |at, (unit, count)| {
                let nests = largest.is_multiple_of(*unit) && at.is_multiple_of(*unit);
                nests.then_some(())?;
                at.checked_add(unit.checked_mul(*count)?)
            });
            if covered != Some(size) {
                return Err(format!(
                    "'{word}' does not cover the {size} bytes of the part, or not in aligned blocks"
                ));
            }
            all.erase.push(EraseSpec { opcode, size: largest, split: true });
        }
    }
    all.erase.sort_by_key(|t| t.size);
    Ok(all)
}
