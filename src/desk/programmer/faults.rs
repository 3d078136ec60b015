//! `fault=...` of `-p emu`: what will go wrong. `stuck:ff`, `flips:1e-5+stall:40`: names and their values.

use crate::emulator::Fault;
use crate::emulator::chip::DataFault;
use crate::programmer::spec::unknown;
use std::time::Duration;

/// One kind of fault: its name, what its value means, and how it is read.
type Row = (&'static str, &'static str, fn(&str) -> Option<Fault>);

const ROWS: &[Row] = &[
    ("cut-at-byte", "N: supply fails after N bytes on SPI", |v| Some(Fault::PowerCutAtByte(number(v)?))),
    ("cut-in-operation", "N@PART: supply fails in the Nth erase or program", |v| {
        let (n, part) = v.split_once('@').unwrap_or((v, "0.5"));
        Some(Fault::PowerCutInOperation(number(n)?, fraction(part)?))
    }),
    ("silent", "N: the Nth erase or program does nothing", |v| Some(Fault::SilentOperation(number(v)?))),
    ("busy", "N: the Nth erase or program never ends", |v| Some(Fault::BusyForever(number(v)?))),
    ("unplug", "N: unplugged at USB transfer N", |v| Some(Fault::UnplugAtTransfer(number(v)?))),
    ("stall", "N: USB transfer N is refused", |v| Some(Fault::StallAtTransfer(number(v)?))),
    ("short", "N: IN packet N lacks its last byte", |v| Some(Fault::ShortPacket(number(v)?))),
    ("lost", "N: IN packet N never comes", |v| Some(Fault::LostPacket(number(v)?))),
    ("double", "N: IN packet N comes twice", |v| Some(Fault::DoublePacket(number(v)?))),
    ("held-up", "N@SECONDS: the host is busy elsewhere before USB transfer N", |v| {
        let (n, time) = v.split_once('@')?;
        Some(Fault::HostHeldUp(number(n)?, seconds(time)?))
    }),
    ("flips", "RATE: each bit read flips with this chance", |v| Some(Fault::BitFlips(fraction(v)?))),
    ("stuck", "HEX[@SECONDS]: the chip's output is stuck, from this time on", |v| {
        let (level, from) = v.split_once('@').unwrap_or((v, "0"));
        Some(Fault::Stuck(u8::from_str_radix(level, 16).ok()?, seconds(from)?))
    }),
    ("off", "FROM-TO: the clip is off in these seconds", |v| {
        let (from, to) = v.split_once('-')?;
        Some(Fault::ClipOff(seconds(from)?, seconds(to)?))
    }),
    ("first-bit", "1: the first bit of each answer from the array reads 1", |v| {
        (v == "1").then_some(Fault::Data(DataFault::FirstBitHigh))
    }),
    ("dead-after", "N: the data line goes high after N bytes of one answer", |v| {
        Some(Fault::Data(DataFault::DeadAfter(number(v)?)))
    }),
    ("wrap", "N: reads run in circles within N bytes, a power of two", |v| {
        let len = number(v)?.is_power_of_two().then_some(number(v)?)?;
        Some(Fault::Data(DataFault::Wraps(usize::try_from(len).ok()?)))
    }),
    ("address-bit", "N@LEVEL: the chip takes address bit N, 0 to 23, for LEVEL", |v| {
        let (bit, level) = v.split_once('@')?;
        let level = number(level).filter(|level| *level < 2)?;
        let bit = number(bit).filter(|bit| *bit < 24)?;
        Some(Fault::Data(DataFault::StuckBit(u32::try_from(bit).ok()?, level == 1)))
    }),
    ("repeat", "N: every Nth answer from the array is the one before it", |v| {
        Some(Fault::Data(DataFault::RepeatedAnswer(number(v).filter(|n| *n > 0)?)))
    }),
    ("late-above", "HZ: bits of the array come too late at clocks above HZ", |v| {
        Some(Fault::Data(DataFault::AboveClock(u32::try_from(number(v)?).ok()?)))
    }),
    ("missing", "N: every Nth byte that the programmer sends is missing", |v| {
        Some(Fault::LostBytes(number(v).filter(|n| *n > 0)?))
    }),
    ("other-master", "HEX@N: another master counts the byte at the address up at every Nth read", |v| {
        let (at, n) = v.split_once('@')?;
        let at = usize::from_str_radix(at, 16).ok()?;
        Some(Fault::Data(DataFault::OtherMaster(at, number(n).filter(|n| *n > 0)?)))
    }),
];

/// Reads `NAME:VALUE[+NAME:VALUE]...`.
///
/// # Errors
/// A sentence on what is wrong and what would be right.
pub fn parse(text: &str) -> Result<Vec<Fault>, String> {
    text.split('+').map(one).collect()
}

fn one(text: &str) -> Result<Fault, String> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    let Some((_, meaning, read)) = ROWS.iter().find(|(known, ..)| *known == name) else {
        let names: Vec<&str> = ROWS.iter().map(|(name, ..)| *name).collect();
        return Err(unknown("fault", name, &names));
    };
    read(value).ok_or_else(|| format!("'{text}' is not {name}:{meaning}"))
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn fraction(text: &str) -> Option<f64> {
    text.parse().ok().filter(|part| (0.0..=1.0).contains(part))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|s: f64| Duration::try_from_secs_f64(s).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_by_name() {
        let faults = parse("flips:1e-5+stuck:ff@2+cut-in-operation:3@0.25+off:1-2.5").unwrap();
        let s = Duration::from_secs_f64;
        assert_eq!(
            faults,
            [
                Fault::BitFlips(1e-5),
                Fault::Stuck(0xff, s(2.0)),
                Fault::PowerCutInOperation(3, 0.25),
                Fault::ClipOff(s(1.0), s(2.5)),
            ]
        );
        for text in ["", "flip:1", "flips:2", "stuck:fff", "off:1", "silent:-1", "cut-in-operation:1@nan"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("flip:0.1").unwrap_err().contains("'flips'"));
    }
}
