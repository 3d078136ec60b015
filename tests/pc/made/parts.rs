//! The parts of the BIOS, each as long as asked.

use super::bytes::{filled, filled_zero, guid, noise};
use super::unit::{flash_data, msdm, nvar};
use super::volumes::{file, volume};

/// Text of the unit in a block that nothing names.
pub(super) fn block(len: usize, unit: Option<u64>) -> Vec<u8> {
    let text = unit.map(|unit| format!("DMI of unit {unit}").into_bytes());
    filled(text.unwrap_or_default(), len)
}

/// A volume whose one file is AMI's store.
pub(super) fn store_of_variables(len: usize, unit: Option<u64>) -> Vec<u8> {
    let store = file(guid("cef5b9a3-476d-497f-9fdc-e98143e0422c"), 1, &nvar(len - 0x60, unit), false);
    volume(len, &[store], None).0
}

/// A volume with the unit's two files around the release's own; also where those of the unit are.
pub(super) fn identity(
    len: usize,
    model: &str,
    release: u64,
    unit: Option<u64>,
) -> (Vec<u8>, [(usize, usize); 2]) {
    let body = |data: fn(u64) -> Vec<u8>| filled(unit.map(data).unwrap_or_default(), 0x200);
    let hole = file(guid("05ca01fc-0fc1-11dc-9011-00173153eba8"), 1, &body(msdm), false);
    let mark = [
        &b"$BOOTEFI$\0\x01\0\x04\x02"[..],
        &filled_zero(model, 60),
        &filled_zero(&format!("R{release}"), 21),
        b"05/17/2024",
    ]
    .concat();
    let model = file(guid("a0327fe0-1fda-4e5b-905d-b510c45a61d0"), 1, &mark, false);
    let data = file(guid("fd44820b-f1ab-41c0-ae4e-0c55556eb9bd"), 1, &body(flash_data), true);
    let lens = [hole.len(), data.len()];
    let (bytes, places) = volume(len, &[hole, model, data], None);
    (bytes, [(places[0], places[0] + lens[0]), (places[2], places[2] + lens[1])])
}

/// A volume of three files of code.
pub(super) fn code_volume(len: usize, seed: u64) -> Vec<u8> {
    let code = |n: u64| {
        let body = noise(seed * 10 + n, 0x300 + 0x40 * n as usize);
        file(noise(n + 40, 16).try_into().unwrap(), 7, &body, n.is_multiple_of(2))
    };
    volume(len, &[0, 1, 2].map(code), None).0
}
