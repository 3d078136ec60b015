//! The machine: what is missing before work can begin, and what is served to other programs and boards.

use super::{Fields, findings};
use crate::image::Finding;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// One thing that was looked at before work begins.
#[derive(Clone, Copy, Debug)]
pub struct SetupCheck<'a> {
    /// What.
    pub name: &'a str,
    /// `ok`, `missing` or `unknown`.
    pub state: &'a str,
    /// In words.
    pub text: &'a str,
    /// What to type or do, in order.
    pub next: &'a [String],
}

/// What was looked at before work begins.
pub fn setup_checks<'a>(checks: impl IntoIterator<Item = SetupCheck<'a>>) -> Fields {
    let one = |check: SetupCheck<'_>| json!({ "name": check.name, "state": check.state, "text": check.text, "next": check.next });
    Fields::new().with("checks", checks.into_iter().map(one).collect::<Vec<Value>>())
}

/// The udev rules that let users open programmers.
pub fn udev_rules(rules: &str) -> Fields {
    Fields::new().with("udev_rules", rules)
}

/// A warning that is not repeated from now on.
pub fn acknowledged(warning: &str) -> Fields {
    Fields::new().with("acknowledged", warning)
}

/// `listening`: emulated devices that are offered at an address.
pub fn listening(address: impl ToString, devices: &[String]) -> Fields {
    Fields::new().with("address", address.to_string()).and(devices_offered(devices))
}

/// Emulated devices that were offered.
pub fn devices_offered(devices: &[String]) -> Fields {
    Fields::new().with("devices", json!(devices))
}

/// A file that is served to a board's boot loader.
#[derive(Clone, Copy, Debug)]
pub struct ServedFile<'a> {
    /// Where it is served.
    pub address: SocketAddr,
    /// The board that it is for.
    pub board: &'a str,
    /// The name that the loader asks for.
    pub name: &'a str,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256, in hex.
    pub sha256: &'a str,
    /// What the checks of the file found.
    pub findings: &'a [Finding],
}

/// `listening`: a file that is served.
pub fn serving(file: &ServedFile<'_>) -> Fields {
    Fields::new()
        .with("address", file.address.to_string())
        .with("board", file.board)
        .with("name", file.name)
        .with("size", file.size)
        .with("sha256", file.sha256)
        .with("findings", findings(file.findings))
}

/// A file that was served, and fetched whole by `peer`.
pub fn delivered(file: &ServedFile<'_>, peer: SocketAddr) -> Fields {
    serving(file).with("delivered_to", peer.to_string())
}
