//! Texts kept under `tests/data/snapshots`: compared, or drawn anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// A folder of kept texts; those that no test asked for are stale, and a fault.
pub struct Kept {
    dir: PathBuf,
    update: bool,
    asked: BTreeSet<String>,
    faults: Vec<String>,
}

impl Kept {
    pub fn open(name: &str) -> Self {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/snapshots").join(name);
        let update = std::env::var_os("NORSPLICE_UPDATE").is_some();
        Self { dir, update, asked: BTreeSet::new(), faults: Vec::new() }
    }

    /// Compares `seen` with the text kept as `name`.
    pub fn compare(&mut self, name: &str, seen: &str) {
        let file = format!("{name}.txt");
        let path = self.dir.join(&file);
        if self.update {
            std::fs::create_dir_all(&self.dir).unwrap();
            std::fs::write(&path, seen).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if kept != seen {
            self.faults.push(format!("{file}:\n{}", difference(&kept, seen)));
        }
        assert!(self.asked.insert(file), "{name} is there twice");
    }

    /// Leaves the text kept as `name` as it is.
    pub fn skip(&mut self, name: &str) {
        self.asked.insert(format!("{name}.txt"));
    }

    /// Ends the comparison: all differences at once, and files that belong to nothing.
    pub fn end(self) {
        let there = std::fs::read_dir(&self.dir).expect("the folder of kept texts");
        let names = there.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
        let stale: Vec<String> = names.filter(|name| !self.asked.contains(name)).collect();
        if self.update {
            stale.iter().for_each(|name| std::fs::remove_file(self.dir.join(name)).unwrap());
            return;
        }
        assert!(stale.is_empty(), "these belong to no command any more: {stale:?}");
        assert!(
            self.faults.is_empty(),
            "{} texts have changed; look at them, then: NORSPLICE_UPDATE=1 cargo test --test all snapshots\n{}",
            self.faults.len(),
            self.faults.join("\n")
        );
    }
}

/// Lines that are in one only, in order.
fn difference(kept: &str, seen: &str) -> String {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (kept, seen) = (lines(kept), lines(seen));
    let same = |a: &[String], b: &[String]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let head = same(&kept, &seen);
    let (mut a, mut b) = (kept[head..].to_vec(), seen[head..].to_vec());
    while a.last().is_some() && a.last() == b.last() {
        a.pop();
        b.pop();
    }
    let show = |mark: &str, lines: &[String]| {
        lines.iter().take(40).map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    format!("@ line {}\n{}{}", head + 1, show("-", &a), show("+", &b))
}
