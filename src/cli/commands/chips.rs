//! `chips [FILTER]`: the parts that are known by table.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::show::{Tone, hex};
use super::super::table::{Cell, Table};
use crate::flash::part::{Confidence, OtpMethod, Part, Probe};
use crate::flash::parts::parts;
use crate::units;
use crate::wire;

/// `chips [FILTER]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Part of a name, vendor or id: w25q64, gigadevice, c22017
    filter: Option<String>,
}

/// Lists them.
pub fn run(args: Args, session: &Session) -> Outcome {
    let filter = args.filter.unwrap_or_default().to_lowercase();
    let found: Vec<&Part> = parts().iter().filter(|part| fits(part, &filter)).collect();
    let mut table =
        Table::new(&["part", "vendor", "id", ">size", "supply", "OTP registers", "sources agree"]);
    for part in &found {
        table.row(row(part));
    }
    if found.is_empty() {
        session
            .out
            .line(format!("no part fits '{filter}'; a chip that is in no table works by its SFDP alone"));
    } else {
        session.out.table(&table);
        session.out.line(format!("{} of {} parts", found.len(), parts().len()));
    }
    Ok((Exit::Done, wire::parts(&found, parts().len())))
}

fn fits(part: &Part, filter: &str) -> bool {
    let names = std::iter::once(&part.name).chain(&part.aliases).chain([&part.vendor]);
    names.into_iter().any(|name| name.to_lowercase().contains(filter)) || hex(&part.jedec_id).contains(filter)
}

fn row(part: &Part) -> [Cell; 7] {
    let supply = match part.voltage_mv {
        _ if part.low_voltage => Cell::toned(Tone::Warn, "1.8 V"),
        Some((least, most)) => format!("{:.1}-{:.1} V", f64::from(least) / 1e3, f64::from(most) / 1e3).into(),
        None => "-".into(),
    };
    let otp = match (part.otp.method, part.otp.registers.as_slice()) {
        (OtpMethod::Unknown, _) => "not known".to_owned(),
        (_, []) => "none".to_owned(),
        (_, [first, ..]) => format!("{} x {}", part.otp.registers.len(), first.size),
    };
    [
        part.name.as_str().into(),
        part.vendor.as_str().into(),
        id(part).into(),
        units::size(part.size).into(),
        supply,
        otp.into(),
        match part.confidence {
            Confidence::High => Cell::toned(Tone::Good, "three or more"),
            Confidence::Medium => "two".into(),
            Confidence::Low => Cell::toned(Tone::Faint, "one only"),
        },
    ]
}

/// The id with the command that gives it, where that is not 9F.
fn id(part: &Part) -> String {
    let by = match part.probe {
        Probe::Jedec => "",
        Probe::Signature => " by AB",
        Probe::ManufacturerDevice => " by 90",
        Probe::At25f => " by 15",
    };
    format!("{}{by}", hex(&part.jedec_id))
}
