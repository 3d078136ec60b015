//! One vendor's file: its rows, completed by their series and the file's defaults, made into [`Part`]s.

use super::schemes::Schemes;
use super::text::{Erases, busy, erases, hex_bytes, hex_pattern, volts};
use crate::flash::part::{
    Confidence, Flag, FourByteMode, OtpMethod, Part, Probe, ProgramScheme, RegisterBit, SfdpTell, Times,
};
use crate::units::parse_size;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    vendor: String,
    #[serde(default)]
    defaults: Row,
    #[serde(default)]
    series: BTreeMap<String, Row>,
    /// Supply by the maker's naming code, for rows that say none: the beginning of a name, perhaps `*` and its end.
    #[serde(default)]
    pub supply: BTreeMap<String, String>,
    pub parts: Vec<Row>,
}

/// A row, a series or the defaults: all say the same kinds of things.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub name: Option<String>,
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
    pub volts: Option<String>,
    low: Option<bool>,
    four_byte: Option<String>,
    protect: Option<String>,
    forever: Option<Vec<RegisterBit>>,
    otp: Option<String>,
    status: Option<String>,
    mhz: Option<u32>,
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
            mhz: self.mhz.or(below.mhz),
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
        let protection = schemes.protection(self.protect.as_deref()).map_err(&fault)?;
        let otp = schemes.otp(self.otp.as_deref(), size).map_err(&fault)?;
        let status = schemes.status(self.status.as_deref()).map_err(&fault)?;
        let four_byte = schemes.four_byte(self.four_byte.as_deref()).map_err(&fault)?;
        let plain_reads = self.plain_reads.unwrap_or_default();
        let plain_reads =
            plain_reads.iter().map(|s| hex_bytes(s)).collect::<Result<_, _>>().map_err(&fault)?;
        let mut forever = self.forever.unwrap_or_default();
        forever.extend(schemes.forever(self.status.as_deref()));
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
            max_hz: self.mhz.map(|mhz| mhz.saturating_mul(1_000_000)),
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

/// The rows of a vendor's file.
pub(super) fn read_file(text: &str, schemes: &Schemes) -> Result<Vec<Part>, String> {
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
pub(super) fn supply_by_code(codes: &BTreeMap<String, String>, name: &str) -> Option<String> {
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
