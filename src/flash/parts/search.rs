//! The list of known parts, narrowed by what somebody remembers of a name, a maker or an id.

use super::load::parts;
use crate::flash::part::Part;

/// The parts in whose name, other names or maker `filter` occurs (case and punctuation do not matter), or whose id
/// begins with it in hex. An empty filter gives all.
pub fn search(filter: &str) -> Vec<&'static Part> {
    let wanted = plain(filter);
    parts().iter().filter(|p| wanted.is_empty() || matches(p, &wanted)).collect()
}

/// The rows of the parts with that name, or with it as another name. Case and punctuation do not matter.
pub fn by_name(name: &str) -> Vec<&'static Part> {
    let wanted = plain(name);
    let has = |part: &Part| !wanted.is_empty() && names_of(part).any(|name| plain(name) == wanted);
    parts().iter().filter(|part| has(part)).collect()
}

/// Every part's names.
pub fn names() -> impl Iterator<Item = &'static str> {
    parts().iter().flat_map(names_of)
}

/// A row's names, one by one: `GD25Q64C/GD25B64C` is two.
fn names_of(part: &Part) -> impl Iterator<Item = &str> {
    part.aliases.iter().chain([&part.name]).flat_map(|name| name.split('/'))
}

fn matches(part: &Part, wanted: &str) -> bool {
    let id: String = part.jedec_id.iter().map(|b| format!("{b:02x}")).collect();
    let mut names = part.aliases.iter().chain([&part.name, &part.vendor]);
    id.starts_with(wanted) || names.any(|n| plain(n).contains(wanted))
}

/// Letters and digits in lower case.
fn plain(text: &str) -> String {
    let hex = text.trim();
    let hex = hex.strip_prefix("0x").unwrap_or(hex);
    hex.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filter: &str) -> Vec<&'static str> {
        search(filter).into_iter().map(|p| p.name.as_str()).collect()
    }

    #[test]
    fn parts_are_found_by_name_maker_and_id() {
        assert!(names("w25q64fv").contains(&"W25Q64FV"));
        assert!(names("EF 40 17").contains(&"W25Q64FV"));
        assert!(names("0xef4017").contains(&"W25Q64FV"));
        assert!(names("GD25Q64CSIG").iter().any(|n| n.starts_with("GD25Q64C")), "by another name of the row");
        assert!(search("macronix").len() > 50 && search("macronix").iter().all(|p| p.vendor == "Macronix"));
        assert!(names("no such chip").is_empty());
        assert_eq!(search("").len(), parts().len());
    }
}
