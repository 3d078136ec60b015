//! From the embedded TOML files to [`Part`]s, each vendor's file read once, when first asked for.
//!
//! A row takes what it does not say from its `series`, a series from the file's `[defaults]`. Rows are checked by the
//! tests of this module, so a fault in them never reaches a user.

use crate::flash::part::{
    BpBits, Confidence, EraseSpec, Flag, FourByte, FourByteMode, OtpMethod, OtpRegister, OtpScheme, Part,
    Probe, ProgramScheme, ProtectScheme, Register, RegisterBit, SfdpTell, StatusEnable, StatusScheme,
    Suspend, Times, Write01,
};
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

static VENDORS: [VendorFile; 19] = [
    vendor(&[0xEF], include_str!("winbond.toml")),
    vendor(&[0xC8, 0x51], include_str!("gigadevice.toml")),
    vendor(&[0xC2], include_str!("macronix.toml")),
    vendor(&[0x20, 0x2C, 0x89], include_str!("micron.toml")),
    vendor(&[0x20], include_str!("xmc.toml")),
    vendor(&[0x01, 0x34], include_str!("spansion.toml")),
    vendor(&[0xBF, 0x62], include_str!("sst.toml")),
    vendor(&[0x1F], include_str!("adesto.toml")),
    vendor(&[0x9D], include_str!("issi.toml")),
    vendor(&[0x1C], include_str!("eon.toml")),
    vendor(&[0x8C, 0x4A], include_str!("esmt.toml")),
    vendor(&[0x37], include_str!("amic.toml")),
    vendor(&[0x85], include_str!("puya.toml")),
    vendor(&[0x68], include_str!("boya.toml")),
    vendor(&[0x5E, 0x0E], include_str!("zbit.toml")),
    vendor(&[0x0B], include_str!("xtx.toml")),
    vendor(&[0xA1], include_str!("fudan.toml")),
    vendor(&[0xBA], include_str!("zetta.toml")),
    vendor(
        &[0xE0, 0xE5, 0xF8, 0xD5, 0x25, 0xB3, 0x54, 0x0E, 0x52, 0x9B, 0xC4, 0xD8],
        include_str!("others.toml"),
    ),
];

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
    by_probe(Probe::Jedec, id)
}

/// The same for an id that another command than `9F` gave: the last resort for parts that do not know `9F`.
pub fn by_probe(probe: Probe, id: &[u8]) -> Vec<&'static Part> {
    let Some(first) = id.iter().find(|b| **b != 0x7F) else { return Vec::new() };
    VENDORS
        .iter()
        .filter(|v| v.manufacturers.contains(first))
        .flat_map(|v| v.rows())
        .filter(|p| p.probe == probe && id.starts_with(&p.jedec_id))
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schemes {
    protect: BTreeMap<String, RawProtect>,
    otp: BTreeMap<String, RawOtp>,
    status: BTreeMap<String, StatusScheme>,
    four_byte: BTreeMap<String, FourByte>,
    /// By name of a status scheme: the bits that no ordinary write may set on parts that have it.
    forever: BTreeMap<String, Vec<RegisterBit>>,
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
    /// `15.0`: opcode in hex, bit.
    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("'{text}' is not a flag; write 15.0: the opcode in hex, the bit");
        let (opcode, bit) = text.split_once('.').ok_or_else(fault)?;
        let opcode = u8::from_str_radix(opcode, 16).map_err(|_| fault())?;
        let bit = bit.parse::<u8>().ok().filter(|b| *b < 8).ok_or_else(fault)?;
        Ok(Self { opcode, bit })
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

/// What is safe on a part nobody described: SR1 alone, one byte at a time, non-volatile.
pub(super) const STATUS_UNKNOWN: StatusScheme = StatusScheme {
    read_sr2: None,
    read_sr3: None,
    write_sr2: None,
    write_sr3: None,
    write_01: Write01::One,
    enable: StatusEnable::Wren,
    quad_enable: None,
    flag_status: false,
    sticky_errors: false,
    suspend: None,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    vendor: String,
    #[serde(default)]
    defaults: Row,
    #[serde(default)]
    series: BTreeMap<String, Row>,
    /// Supply by the maker's naming code, for rows that say none: the beginning of a name, perhaps `*` and its end.
    #[serde(default)]
    supply: BTreeMap<String, String>,
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
    tell: Option<SfdpTell>,
    series: Option<String>,
    vendor: Option<String>,
    size: Option<String>,
    page: Option<u64>,
    program: Option<ProgramScheme>,
    erase: Option<String>,
    volts: Option<String>,
    low: Option<bool>,
    four_byte: Option<String>,
    protect: Option<String>,
    forever: Option<Vec<RegisterBit>>,
    otp: Option<String>,
    status: Option<String>,
    times: Option<RawTimes>,
    dies: Option<u8>,
    mode_flag: Option<Flag>,
    die_select: Option<u8>,
    unique_id: Option<u8>,
    sr2_by_35: Option<bool>,
    reset: Option<bool>,
    plain_reads: Option<Vec<String>>,
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
            tell: self.tell.or(below.tell),
            vendor: self.vendor.or_else(|| below.vendor.clone()),
            size: self.size.or_else(|| below.size.clone()),
            page: self.page.or(below.page),
            program: self.program.or(below.program),
            erase: self.erase.or_else(|| below.erase.clone()),
            volts: self.volts.or_else(|| below.volts.clone()),
            low: self.low.or(below.low),
            four_byte: self.four_byte.or_else(|| below.four_byte.clone()),
            protect: self.protect.or_else(|| below.protect.clone()),
            forever: self.forever.or_else(|| below.forever.clone()),
            otp: self.otp.or_else(|| below.otp.clone()),
            status: self.status.or_else(|| below.status.clone()),
            times: self.times.or_else(|| below.times.clone()),
            dies: self.dies.or(below.dies),
            mode_flag: self.mode_flag.or(below.mode_flag),
            die_select: self.die_select.or(below.die_select),
            unique_id: self.unique_id.or(below.unique_id),
            sr2_by_35: self.sr2_by_35.or(below.sr2_by_35),
            reset: self.reset.or(below.reset),
            plain_reads: self.plain_reads.or_else(|| below.plain_reads.clone()),
            source: self.source.or_else(|| below.source.clone()),
            sure: self.sure.or(below.sure),
        }
    }

    /// The same without the facts that are the vendor's own.
    fn without_own(&self) -> Row {
        Row {
            mode_flag: None,
            die_select: None,
            unique_id: None,
            sr2_by_35: None,
            plain_reads: None,
            ..self.clone()
        }
    }

    fn part(self, vendor: &str, schemes: &Schemes) -> Result<Part, String> {
        let name = self.name.ok_or("a row without a name")?;
        let fault = |what: String| format!("{name}: {what}");
        let size =
            self.size.ok_or_else(|| fault("no size".into())).and_then(|s| parse_size(&s).map_err(&fault))?;
        let Erases { erase, chip_erase } =
            erases(self.erase.as_deref().unwrap_or(""), size).map_err(&fault)?;
        let voltage_mv = self.volts.as_deref().map(volts).transpose().map_err(&fault)?;
        let named = |kind: &str, name: &str| fault(format!("no {kind} scheme '{name}' in schemes.toml"));
        let protection = match self.protect.as_deref() {
            None => ProtectScheme::Unknown,
            Some(s) => match schemes.protect.get(s).ok_or_else(|| named("protect", s))? {
                RawProtect::None => ProtectScheme::None,
                RawProtect::SectorLocks { sector } => ProtectScheme::SectorLocks { sector: *sector },
                RawProtect::Sst26 => ProtectScheme::Sst26,
                RawProtect::Bp(bits) => ProtectScheme::Bp(bits.clone()),
            },
        };
        let otp = match self.otp.as_deref() {
            None => OtpScheme { method: OtpMethod::Unknown, registers: Vec::new(), disputed: false },
            Some(s) => schemes.otp.get(s).ok_or_else(|| named("otp", s))?.scheme(size).map_err(&fault)?,
        };
        let status = match self.status.as_deref() {
            None => STATUS_UNKNOWN,
            Some(s) => *schemes.status.get(s).ok_or_else(|| named("status", s))?,
        };
        let four_byte = match self.four_byte.as_deref() {
            None => FourByte::default(),
            Some(s) => *schemes.four_byte.get(s).ok_or_else(|| named("four_byte", s))?,
        };
        let plain_reads = self.plain_reads.unwrap_or_default();
        let plain_reads =
            plain_reads.iter().map(|s| hex_bytes(s)).collect::<Result<_, _>>().map_err(&fault)?;
        let mut forever = self.forever.unwrap_or_default();
        forever.extend(self.status.as_ref().and_then(|s| schemes.forever.get(s)).into_iter().flatten());
        // Bits that show a lock inside a mode are other bits outside of it.
        if !matches!(otp.method, OtpMethod::Eon3A | OtpMethod::EnsoLeave04) {
            forever.extend(otp.registers.iter().filter_map(|r| r.lock.map(|(bit, _)| bit)));
        }
        forever.sort_unstable();
        forever.dedup();
        Ok(Part {
            vendor: self.vendor.unwrap_or_else(|| vendor.to_string()),
            aliases: self.also,
            probe: self.probe.unwrap_or_default(),
            jedec_id: hex_bytes(&self.id.ok_or_else(|| fault("no id".into()))?).map_err(&fault)?,
            ext_id: hex_pattern(&self.ext).map_err(&fault)?,
            tell: self.tell.unwrap_or_default(),
            size,
            page: self.page.unwrap_or(256),
            program: self.program.unwrap_or_default(),
            erase,
            chip_erase,
            low_voltage: self.low.unwrap_or_else(|| voltage_mv.is_some_and(|(_, max)| max < 2300)),
            voltage_mv,
            address_bytes: if four_byte.mode == FourByteMode::Always { 4 } else { 3 },
            four_byte,
            protection,
            otp,
            forever,
            status,
            times: self.times.map(RawTimes::read).transpose().map_err(&fault)?,
            dies: self.dies.unwrap_or(1),
            mode_flag: self.mode_flag,
            die_select: self.die_select,
            unique_id: self.unique_id.unwrap_or(0),
            sr2_by_35: self.sr2_by_35.unwrap_or(false),
            reset: self.reset.unwrap_or(false),
            plain_reads,
            source: self.source.ok_or_else(|| fault("no source".into()))?,
            confidence: self.sure.ok_or_else(|| fault("no 'sure'".into()))?,
            name,
        })
    }
}

impl RawTimes {
    fn read(self) -> Result<Times, String> {
        let one = |text: Option<String>| text.as_deref().map(busy).transpose();
        let mut erase = Vec::new();
        for (size, text) in [(4 << 10, self.erase_4k), (32 << 10, self.erase_32k), (64 << 10, self.erase_64k)]
        {
            erase.extend(one(text)?.map(|(typical, max)| (size, typical, max)));
        }
        let [program, chip_erase, write_status] = [one(self.program)?, one(self.chip)?, one(self.status)?];
        Ok(Times { program, erase, chip_erase, write_status })
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
        // What a vendor's parts have in common does not hold for another vendor's part in the same file.
        let defaults = if row.vendor.is_none() { file.defaults.clone() } else { file.defaults.without_own() };
        let mut row = row.over(&defaults);
        if row.volts.is_none() && row.low.is_none() {
            row.volts = row.name.as_deref().and_then(|name| supply_by_code(&file.supply, name));
        }
        // Several extended ids make several rows of one part.
        let exts: Vec<String> = row.ext.split_whitespace().map(String::from).collect();
        for ext in if exts.is_empty() { vec![String::new()] } else { exts } {
            parts.push(Row { ext, ..row.clone() }.part(&file.vendor, schemes)?);
        }
    }
    Ok(parts)
}

/// The supply that a maker's naming code gives a part, by the longest code that its name has.
fn supply_by_code(codes: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let first = name.split(['/', '(', '-']).next().unwrap_or(name);
    let has = |code: &str| match code.split_once('*') {
        Some((start, end)) => {
            first.len() >= start.len() + end.len() && first.starts_with(start) && first.ends_with(end)
        }
        None => first.starts_with(code),
    };
    codes
        .iter()
        .filter(|(code, _)| has(code))
        .max_by_key(|(code, _)| code.len())
        .map(|(_, volts)| volts.clone())
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
fn volts(text: &str) -> Result<(u32, u32), String> {
    let fault = || format!("'{text}' is not a supply range; write 2.7-3.6");
    let (min, max) = text.split_once('-').ok_or_else(fault)?;
    let mv = |s: &str| s.parse::<f64>().map(|v| (v * 1000.0).round() as u32).map_err(|_| fault());
    Ok((mv(min)?, mv(max)?))
}

/// `0.45/3 ms`: typical and maximum.
fn busy(text: &str) -> Result<(Duration, Duration), String> {
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
struct Erases {
    erase: Vec<EraseSpec>,
    chip_erase: Option<u8>,
}

/// `20:4K 52:32K D8:64K C7:chip`; `D8:4Kx2+8K+16K+32K+64Kx3` for sizes that differ by place, in address order;
/// `D8:<=64K` where it is not known which of the blocks are split. The latter two are blocks of the largest size.
fn erases(text: &str, size: u64) -> Result<Erases, String> {
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

#[cfg(test)]
mod tests;
