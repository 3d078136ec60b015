//! The table of the emulated parts.

use super::spec::ChipSpec;
use super::{adesto, eon, gigadevice, issi, large, macronix, micron, spansion, sst, winbond};

/// The parts by name.
const PARTS: &[fn() -> ChipSpec] = &[
    winbond::w25q64fv,
    winbond::w25q64bv,
    winbond::w25q64cv,
    winbond::w25q64jv,
    winbond::w25q128jv,
    large::w25q64fw,
    large::w25q256fv,
    large::w25q256jv,
    large::w25q512jv,
    large::w25q02jv,
    large::w25m512jv,
    gigadevice::gd25q16c,
    gigadevice::gd25q64c,
    gigadevice::py25q128ha,
    gigadevice::zd25q128c,
    gigadevice::gd25q256d,
    gigadevice::xm25qh256c,
    gigadevice::py25q256hb,
    gigadevice::p25d40sh,
    macronix::mx25l6405d,
    macronix::mx25l6433f,
    macronix::mx25l12835f,
    macronix::f25l32qa,
    micron::m25p40,
    micron::n25q128a,
    micron::mt25ql256,
    spansion::s25fl064l,
    spansion::s25fl128s,
    spansion::s25fl256s,
    issi::is25lp064,
    issi::is25lp128,
    issi::is25lp512m,
    issi::pm25lq016,
    eon::en25qh64,
    eon::en25p16,
    eon::en25b16t,
    sst::sst25vf010a,
    sst::sst25vf016b,
    sst::sst26vf032b,
    adesto::at25df321a,
    adesto::at25sf161,
    adesto::at25sf161b,
    adesto::at25f1024,
    issi::pm25lv512,
];

/// The part of that name (case does not matter), or `None`.
pub fn find(name: &str) -> Option<ChipSpec> {
    PARTS.iter().map(|part| part()).find(|part| part.name.eq_ignore_ascii_case(name))
}

/// Names of all emulated parts.
pub fn names() -> Vec<String> {
    PARTS.iter().map(|part| part().name).collect()
}
