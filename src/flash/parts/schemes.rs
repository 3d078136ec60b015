//! The schemes that rows name: protection, one-time areas, status registers, 4-byte addresses. See `schemes.toml`.

use crate::flash::part::{
    BpBits, FourByte, OtpMethod, OtpRegister, OtpScheme, ProtectScheme, RegisterBit, STATUS_UNKNOWN,
    StatusScheme,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All schemes, by kind and name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schemes {
    protect: BTreeMap<String, RawProtect>,
    otp: BTreeMap<String, RawOtp>,
    status: BTreeMap<String, StatusScheme>,
    four_byte: BTreeMap<String, FourByte>,
    /// By name of a status scheme: the bits that no ordinary write may set on parts that have it.
    forever: BTreeMap<String, Vec<RegisterBit>>,
}

impl Schemes {
    /// The protection scheme of that name; unknown without one.
    pub fn protection(&self, name: Option<&str>) -> Result<ProtectScheme, String> {
        let Some(name) = name else { return Ok(ProtectScheme::Unknown) };
        Ok(match named("protect", &self.protect, name)? {
            RawProtect::None => ProtectScheme::None,
            RawProtect::SectorLocks { sector } => ProtectScheme::SectorLocks { sector: *sector },
            RawProtect::Sst26 => ProtectScheme::Sst26,
            RawProtect::Bp(bits) => ProtectScheme::Bp(bits.clone()),
        })
    }

    /// The one-time areas of that name on a chip of so many bytes; unknown without one.
    pub fn otp(&self, name: Option<&str>, chip: u64) -> Result<OtpScheme, String> {
        match name {
            None => Ok(OtpScheme { method: OtpMethod::Unknown, registers: Vec::new(), disputed: false }),
            Some(name) => named("otp", &self.otp, name)?.scheme(chip),
        }
    }

    /// The status registers of that name; what is safe anywhere without one.
    pub fn status(&self, name: Option<&str>) -> Result<StatusScheme, String> {
        name.map_or(Ok(STATUS_UNKNOWN), |name| named("status", &self.status, name).copied())
    }

    /// The way past 16 MiB of that name; none without one.
    pub fn four_byte(&self, name: Option<&str>) -> Result<FourByte, String> {
        name.map_or(Ok(FourByte::default()), |name| named("four_byte", &self.four_byte, name).copied())
    }

    /// The bits that no ordinary write may set on parts with the status registers of that name.
    pub fn forever(&self, status: Option<&str>) -> impl Iterator<Item = RegisterBit> + use<'_> {
        status.and_then(|name| self.forever.get(name)).into_iter().flatten().copied()
    }
}

fn named<'a, T>(kind: &str, schemes: &'a BTreeMap<String, T>, name: &str) -> Result<&'a T, String> {
    schemes.get(name).ok_or_else(|| format!("no {kind} scheme '{name}' in schemes.toml"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum RawProtect {
    None,
    SectorLocks { sector: u64 },
    Sst26,
    Bp(BpBits),
}

/// Areas of one size, or of a size each; `from_top` counts their addresses down from the end of the array.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOtp {
    method: OtpMethod,
    #[serde(default)]
    at: Vec<u32>,
    #[serde(default)]
    sizes: Vec<u32>,
    #[serde(default)]
    from_top: bool,
    #[serde(default)]
    first: u8,
    #[serde(default)]
    lock: Vec<RegisterBit>,
    #[serde(default)]
    unlocked_is_one: bool,
    #[serde(default)]
    disputed: bool,
}

impl RawOtp {
    fn scheme(&self, chip: u64) -> Result<OtpScheme, String> {
        let mut registers = Vec::with_capacity(self.at.len());
        for (i, at) in self.at.iter().enumerate() {
            let size = *self.sizes.get(i).or(self.sizes.last()).ok_or("areas without sizes")?;
            let address = match self.from_top {
                false => *at,
                true => u32::try_from(chip).ok().and_then(|c| c.checked_sub(*at)).ok_or("an area below 0")?,
            };
            // One bit alone freezes every area.
            let bit = self.lock.get(i).or(self.lock.first().filter(|_| self.lock.len() == 1));
            let index = self.first.saturating_add(i as u8);
            registers.push(OtpRegister {
                index,
                address,
                size,
                lock: bit.map(|b| (*b, !self.unlocked_is_one)),
            });
        }
        Ok(OtpScheme { method: self.method, registers, disputed: self.disputed })
    }
}
