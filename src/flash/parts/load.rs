//! From the embedded TOML files to [`Part`]s, each vendor's file read once, when first asked for.
//!
//! A row takes what it does not say from its `series`, a series from the file's `[defaults]`. Rows are checked by the
//! tests of this module, so a fault in them never reaches a user.

use super::part::{Confidence, EraseSpec, Part, Probe, Program, Times, Voltage, When};
use super::scheme::{FourByte, OtpScheme, ProtectScheme};
use super::status::StatusAccess;
use crate::flash::geometry::Busy;
use crate::span::Span;
use crate::units::parse_size;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// Schemes by name, for all vendors.
const SCHEMES: &str = include_str!("schemes.toml");

/// One vendor's file and the first id bytes it answers for.
struct VendorFile {
    manufacturers: &'static [u8],
    text: &'static str,
    rows: OnceLock<Vec<Part>>,
}

const fn vendor(manufacturers: &'static [u8], text: &'static str) -> VendorFile {
    VendorFile { manufacturers, text, rows: OnceLock::new() }
}

static VENDORS: [VendorFile; 1] = [vendor(&[0xEF], include_str!("winbond.toml"))];

impl VendorFile {
    fn rows(&'static self) -> &'static [Part] {
        // Invariant: the text is part of the program and the tests below read every file of it.
        self.rows.get_or_init(|| {
            read_file(self.text, schemes()).expect("embedded part tables are checked by tests")
        })
    }
}

fn schemes() -> &'static Schemes {
    static ONCE: OnceLock<Schemes> = OnceLock::new();
    // Invariant: as for the vendors' files.
    ONCE.get_or_init(|| toml::from_str(SCHEMES).expect("embedded schemes are checked by tests"))
}

/// Every part of every vendor, in the order of the files.
pub fn parts() -> &'static [Part] {
    static ALL: OnceLock<Vec<Part>> = OnceLock::new();
    ALL.get_or_init(|| VENDORS.iter().flat_map(|v| v.rows().iter().cloned()).collect())
}

/// The rows whose id is how `id` (bytes as read) begins. Several where parts share an id, none where nobody knows it.
pub fn by_id(id: &[u8]) -> Vec<&'static Part> {
    let Some(first) = id.iter().find(|b| **b != 0x7F) else { return Vec::new() };
    VENDORS
        .iter()
        .filter(|v| v.manufacturers.contains(first))
        .flat_map(|v| v.rows())
        .filter(|p| p.probe == Probe::Jedec && id.starts_with(&p.jedec_id))
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schemes {
    protect: BTreeMap<String, ProtectScheme>,
    otp: BTreeMap<String, OtpScheme>,
    status: BTreeMap<String, StatusAccess>,
    four_byte: BTreeMap<String, FourByte>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vendor: String,
    #[serde(default)]
    defaults: Row,
    #[serde(default)]
    series: BTreeMap<String, Row>,
    parts: Vec<Row>,
}

/// A row, a series or the defaults: all say the same kinds of things.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: Option<String>,
    #[serde(default)]
    also: Vec<String>,
    id: Option<String>,
    #[serde(default)]
    ext: String,
    probe: Option<Probe>,
    when: Option<When>,
    series: Option<String>,
    vendor: Option<String>,
    size: Option<String>,
    page: Option<u64>,
    program: Option<Program>,
    erase: Option<String>,
    volts: Option<String>,
    four_byte: Option<String>,
    protect: Option<String>,
    otp: Option<String>,
    status: Option<String>,
    times: Option<RawTimes>,
    dies: Option<u8>,
    source: Option<String>,
    sure: Option<Confidence>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTimes {
    program: Option<String>,
    erase_4k: Option<String>,
    erase_32k: Option<String>,
    erase_64k: Option<String>,
    chip: Option<String>,
    status: Option<String>,
}

impl Row {
    /// What this row does not say, `below` says.
    fn over(self, below: &Row) -> Row {
        Row {
            name: self.name,
            also: self.also,
            id: self.id,
            ext: self.ext,
            series: self.series,
            probe: self.probe.or(below.probe),
            when: self.when.or_else(|| below.when.clone()),
            vendor: self.vendor.or_else(|| below.vendor.clone()),
            size: self.size.or_else(|| below.size.clone()),
            page: self.page.or(below.page),
            program: self.program.or(below.program),
            erase: self.erase.or_else(|| below.erase.clone()),
            volts: self.volts.or_else(|| below.volts.clone()),
            four_byte: self.four_byte.or_else(|| below.four_byte.clone()),
            protect: self.protect.or_else(|| below.protect.clone()),
            otp: self.otp.or_else(|| below.otp.clone()),
            status: self.status.or_else(|| below.status.clone()),
            times: self.times.or_else(|| below.times.clone()),
            dies: self.dies.or(below.dies),
            source: self.source.or_else(|| below.source.clone()),
            sure: self.sure.or(below.sure),
        }
    }

    fn part(self, vendor: &str, schemes: &Schemes) -> Result<Part, String> {
        let name = self.name.ok_or("a row without a name")?;
        let fault = |what: String| format!("{name}: {what}");
        let size =
            self.size.ok_or_else(|| fault("no size".into())).and_then(|s| parse_size(&s).map_err(&fault))?;
        let (erase, chip_erase) = erase_types(self.erase.as_deref().unwrap_or(""), size).map_err(&fault)?;
        let voltage = self.volts.as_deref().map(volts).transpose().map_err(&fault)?;
        let named = |kind: &str, name: &str| fault(format!("no {kind} scheme '{name}' in schemes.toml"));
        let protection = match self.protect.as_deref() {
            None => ProtectScheme::Unknown,
            Some(s) => schemes.protect.get(s).cloned().ok_or_else(|| named("protect", s))?,
        };
        let otp = match self.otp.as_deref() {
            None => OtpScheme::Unknown,
            Some(s) => schemes.otp.get(s).cloned().ok_or_else(|| named("otp", s))?,
        };
        let status = match self.status.as_deref() {
            None => StatusAccess::unknown(),
            Some(s) => schemes.status.get(s).cloned().ok_or_else(|| named("status", s))?,
        };
        let four_byte = self
            .four_byte
            .as_deref()
            .map(|s| schemes.four_byte.get(s).cloned().ok_or_else(|| named("four_byte", s)))
            .transpose()?;
        Ok(Part {
            vendor: self.vendor.unwrap_or_else(|| vendor.to_string()),
            aliases: self.also,
            probe: self.probe.unwrap_or_default(),
            jedec_id: hex_bytes(&self.id.ok_or_else(|| fault("no id".into()))?).map_err(&fault)?,
            ext_id: hex_pattern(&self.ext).map_err(&fault)?,
            when: self.when.unwrap_or_default(),
            size,
            page: self.page.unwrap_or(256),
            program: self.program.unwrap_or_default(),
            erase,
            chip_erase,
            voltage,
            low_voltage: voltage.is_some_and(|v| v.max_mv < 2300),
            four_byte,
            protection,
            otp,
            status,
            times: self.times.map(RawTimes::read).transpose().map_err(&fault)?,
            dies: self.dies.unwrap_or(1),
            source: self.source.ok_or_else(|| fault("no source".into()))?,
            confidence: self.sure.ok_or_else(|| fault("no 'sure'".into()))?,
            name,
        })
    }
}

impl RawTimes {
    fn read(self) -> Result<Times, String> {
        let one = |text: Option<String>| text.as_deref().map(busy).transpose();
        Ok(Times {
            program: one(self.program)?,
            erase_4k: one(self.erase_4k)?,
            erase_32k: one(self.erase_32k)?,
            erase_64k: one(self.erase_64k)?,
            chip_erase: one(self.chip)?,
            status: one(self.status)?,
        })
    }
}

fn read_file(text: &str, schemes: &Schemes) -> Result<Vec<Part>, String> {
    let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
    let mut parts = Vec::with_capacity(file.parts.len());
    for row in file.parts {
        let row = match &row.series {
            None => row,
            Some(name) => {
                let series = file.series.get(name).ok_or_else(|| format!("no series '{name}'"))?;
                row.clone().over(series)
            }
        };
        parts.push(row.over(&file.defaults).part(&file.vendor, schemes)?);
    }
    Ok(parts)
}

/// `EF4017` as bytes.
fn hex_bytes(text: &str) -> Result<Vec<u8>, String> {
    hex_pattern(text)?
        .into_iter()
        .map(|b| b.ok_or_else(|| format!("'{text}' has no room for 'xx'")))
        .collect()
}

/// `4Dxx80`: bytes, `xx` for any.
fn hex_pattern(text: &str) -> Result<Vec<Option<u8>>, String> {
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
fn volts(text: &str) -> Result<Voltage, String> {
    let fault = || format!("'{text}' is not a supply range; write 2.7-3.6");
    let (min, max) = text.split_once('-').ok_or_else(fault)?;
    let mv = |s: &str| s.parse::<f64>().map(|v| (v * 1000.0).round() as u32).map_err(|_| fault());
    Ok(Voltage { min_mv: mv(min)?, max_mv: mv(max)? })
}

/// `0.45/3 ms`: typical and maximum.
fn busy(text: &str) -> Result<Busy, String> {
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
    Ok(Busy { typical: read(typical)?, max: read(max)? })
}

/// `20:4K 52:32K D8:64K C7:chip`, or `D8:4Kx2+8K+16K+32K+64Kx3` for sizes that differ by place, in address order.
fn erase_types(text: &str, size: u64) -> Result<(Vec<EraseSpec>, Option<u8>), String> {
    let (mut types, mut chip) = (Vec::new(), None);
    for word in text.split_whitespace() {
        let fault = || format!("'{word}' is not an erase type; write 20:4K, C7:chip or D8:4Kx16+64Kx15");
        let (opcode, sizes) = word.split_once(':').ok_or_else(fault)?;
        let opcode = u8::from_str_radix(opcode, 16).map_err(|_| fault())?;
        if sizes == "chip" {
            chip = chip.or(Some(opcode));
            continue;
        }
        if !sizes.contains(['x', '+']) {
            types.push(EraseSpec { opcode, size: parse_size(sizes)?, only: None });
            continue;
        }
        let mut places: BTreeMap<u64, Vec<Span>> = BTreeMap::new();
        let mut at = 0u64;
        for piece in sizes.split('+') {
            let (unit, count) = piece.split_once('x').unwrap_or((piece, "1"));
            let (unit, count) = (parse_size(unit)?, count.parse::<u64>().map_err(|_| fault())?);
            let end = unit.checked_mul(count).and_then(|n| n.checked_add(at)).ok_or_else(fault)?;
            places.entry(unit).or_default().push(Span::new(at, end));
            at = end;
        }
        if at != size {
            return Err(format!("'{word}' covers {at} bytes of {size}"));
        }
        types.extend(places.into_iter().map(|(size, only)| EraseSpec { opcode, size, only: Some(only) }));
    }
    types.sort_by_key(|t| t.size);
    Ok((types, chip))
}

#[cfg(test)]
mod tests;
