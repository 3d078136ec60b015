//! The names of files while one is typed: what there is, and how far a name can be completed.

use std::path::Path;

/// A file or folder that a name could become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The whole name as it would be typed; a folder ends in a slash.
    pub name: String,
    /// Bytes of a file; none for a folder.
    pub size: Option<u64>,
}

/// Entries of a folder that are looked at.
const MOST: usize = 2000;

/// What `typed` could become, by name: files and folders that begin with it. Hidden ones only where a dot is typed.
pub fn candidates(typed: &str) -> Vec<Candidate> {
    let (folder, start) = typed.rsplit_once('/').map_or(("", typed), |(folder, start)| (folder, start));
    let prefix = &typed[..typed.len() - start.len()];
    let path = match (folder, prefix) {
        ("", "/") => Path::new("/"),
        ("", _) => Path::new("."),
        (folder, _) => Path::new(folder),
    };
    let Ok(entries) = std::fs::read_dir(path) else { return Vec::new() };
    let fits = |name: &str| name.starts_with(start) && (start.starts_with('.') || !name.starts_with('.'));
    let mut found: Vec<Candidate> = entries
        .take(MOST)
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok().filter(|name| fits(name))?;
            // A link shows what it leads to.
            let data = std::fs::metadata(path.join(&name)).ok()?;
            let (end, size) = if data.is_dir() { ("/", None) } else { ("", Some(data.len())) };
            Some(Candidate { name: format!("{prefix}{name}{end}"), size })
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// As much of a name as all candidates share; `typed` itself where that is no more.
pub fn completed(typed: &str, candidates: &[Candidate]) -> String {
    let Some(first) = candidates.first() else { return typed.to_owned() };
    let shared = candidates.iter().skip(1).fold(first.name.as_str(), |shared, other| {
        let same = shared.chars().zip(other.name.chars()).take_while(|(a, b)| a == b);
        let len = same.map(|(a, _)| a.len_utf8()).sum();
        &shared[..len]
    });
    if shared.len() > typed.len() { shared.to_owned() } else { typed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_completed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("{}/{name}", dir.path().display());
        for name in ["web-1.bin", "web-2.bin", ".hidden", "\u{fc}ber.bin"] {
            std::fs::write(dir.path().join(name), b"abc").unwrap();
        }
        std::fs::create_dir(dir.path().join("old")).unwrap();
        let names =
            |typed: &str| -> Vec<String> { candidates(&at(typed)).into_iter().map(|one| one.name).collect() };
        assert_eq!(names(""), [at("old/"), at("web-1.bin"), at("web-2.bin"), at("\u{fc}ber.bin")]);
        assert_eq!(names("web"), [at("web-1.bin"), at("web-2.bin")]);
        assert_eq!(names(".h"), [at(".hidden")]);
        assert!(names("nothing/").is_empty());
        assert_eq!(candidates(&at("web-1"))[0].size, Some(3));
        assert_eq!(candidates(&at("o"))[0].size, None);
        let complete = |typed: &str| completed(&at(typed), &candidates(&at(typed)));
        assert_eq!(complete("w"), at("web-"));
        assert_eq!(complete("web-"), at("web-"));
        assert_eq!(complete("\u{fc}"), at("\u{fc}ber.bin"));
        assert_eq!(complete("o"), at("old/"));
        assert_eq!(complete("x"), at("x"));
    }
}
