//! What is added by one row is known everywhere: a programmer. The others are held where they are read: a container format
//! and a vendor's envelope (cybertan is one file and one row) by `layers`, a chip maker's mode flag by
//! `flash::parts::load`.

use crate::bench::Bench;
use norsplice::programmer::{Settings, models};

/// The lines of the udev rules that give access to devices: idVendor and idProduct.
fn ruled(rules: &str) -> Vec<(u16, u16)> {
    let id = |line: &str, key: &str| {
        let (_, rest) = line.split_once(&format!("ATTR{{{key}}}==\""))?;
        u16::from_str_radix(rest.get(..4)?, 16).ok()
    };
    rules.lines().filter_map(|line| Some((id(line, "idVendor")?, id(line, "idProduct")?))).collect()
}

#[test]
fn a_programmer_of_the_table_is_parsed_helped_listed_and_given_access() {
    let bench = Bench::new();
    let help = bench.run(["--help"]).code(0).stdout;
    let rules = bench.run(["setup", "--print-udev-rules"]).code(0).stdout;
    let listed = bench.run(["list"]).code(0).stdout;
    let none = listed.contains("no programmer is plugged in");
    assert!(
        models().iter().all(|model| model.usb.is_some() || model.stream.is_some()),
        "each is reached somehow"
    );
    let mut ids = Vec::new();
    for model in models() {
        let name = model.name;
        assert_eq!(Settings::parse(name).map(|settings| settings.model.name), Ok(name));
        assert!(help.contains(name), "{name} is not in the help");
        let would_be_found = !none || model.usb.is_none() || listed.contains(model.family);
        assert!(would_be_found, "list does not say that {name} would be known");
        if let Some(usb) = &model.usb {
            ids.extend(usb.products.iter().map(|product| (usb.vendor, *product)));
        }
        // Its words are checked before USB is asked: what it does not know is refused with what it knows.
        let spec = format!("{name}:nonsense=1");
        bench.run(["-p", &spec, "probe"]).code(2).says(&[&format!("option of {name}"), model.keys[0]]);
        let near = format!("{name}x");
        bench.run(["-p", &near, "probe"]).code(2).says(&[name]);
    }
    let mut ruled = ruled(&rules);
    ids.sort();
    // Two cables have the ids of their chip.
    ids.dedup();
    ruled.sort();
    assert_eq!(ruled, ids, "udev/60-norsplice.rules has a line for each programmer and for nothing else");
}
