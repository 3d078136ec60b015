//! Licences and sources of everything that may be built in: what `deny.toml` allows, also where cargo-deny is missing.

use serde_json::Value;
use std::process::Command;

/// The licences in `deny.toml`.
fn allowed() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
    let text = std::fs::read_to_string(path).expect("deny.toml");
    let deny: toml::Table = text.parse().expect("deny.toml is TOML");
    let list = deny["licenses"]["allow"].as_array().expect("a list");
    list.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// True when one alternative of each part of an SPDX expression is allowed. Only as deep as crates go: `AND` outside,
/// `OR` (or the old `/`) inside.
fn fits(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|one| allowed.iter().any(|a| a == one.trim())))
}

#[test]
fn an_expression_fits_when_each_part_has_an_allowed_alternative() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    for (expression, is) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("Apache-2.0/MIT", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("MIT AND GPL-2.0-only", false),
        ("MIT-0", false),
    ] {
        assert_eq!(fits(expression, &allowed), is, "{expression}");
    }
}

#[test]
fn everything_is_licensed_as_allowed_and_from_the_registry() {
    let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let words =
        ["metadata", "--format-version", "1", "--all-features", "--locked", "--manifest-path", manifest];
    let ran = Command::new(cargo).args(words).output().expect("cargo metadata");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let metadata: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100, "{} packages: the list is not whole", packages.len());
    let allowed = allowed();
    let faults: Vec<String> = packages
        .iter()
        .filter(|package| package["name"] != env!("CARGO_PKG_NAME"))
        .filter(|package| {
            let licence = package["license"].as_str().unwrap_or_default();
            let source = package["source"].as_str().unwrap_or_default();
            !fits(licence, &allowed)
                || !source.starts_with("registry+https://github.com/rust-lang/crates.io-index")
        })
        .map(|package| {
            format!(
                "{} {}: {} from {}",
                package["name"], package["version"], package["license"], package["source"]
            )
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
