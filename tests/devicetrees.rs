//! Device trees of others against what fdtdump shows: every tree parses, every SPI NOR map is the same.
//!
//! Behind a switch, since the trees are Debian's and not ours to carry: `tests/devicetrees/run` fetches them and
//! sets `NORSPLICE_DEVICETREES` to their folder. Without it the test says so and passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use norsplice::image::container::dtb::Tree;
use norsplice::image::devicetree::TreeBoard;

/// A node as fdtdump prints it.
#[derive(Default)]
struct Shown {
    name: String,
    properties: BTreeMap<String, String>,
    children: Vec<Shown>,
}

impl Shown {
    fn words(&self, property: &str) -> Vec<u64> {
        let text = self.properties.get(property).map_or("", String::as_str);
        let text = text.trim_start_matches('<').trim_end_matches('>');
        text.split_whitespace().filter_map(|w| u64::from_str_radix(w.strip_prefix("0x")?, 16).ok()).collect()
    }

    fn texts(&self, property: &str) -> Vec<&str> {
        let text = self.properties.get(property).map_or("", String::as_str);
        text.split('"').skip(1).step_by(2).collect()
    }

    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Shown)) {
        visit(self);
        for child in &self.children {
            child.each(visit);
        }
    }
}

/// Reads fdtdump's text.
fn read_dump(text: &str) -> Shown {
    let mut open: Vec<Shown> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_suffix(" {") {
            open.push(Shown { name: name.trim_start_matches('/').to_owned(), ..Shown::default() });
        } else if line == "};" {
            let done = open.pop().expect("a closing brace has an opening one");
            match open.last_mut() {
                Some(parent) => parent.children.push(done),
                None => return done,
            }
        } else if let (Some(node), Some(line)) = (open.last_mut(), line.strip_suffix(';')) {
            let (name, value) = line.split_once(" = ").unwrap_or((line, ""));
            node.properties.insert(name.to_owned(), value.to_owned());
        }
    }
    panic!("fdtdump's text has no root");
}

/// Partitions as they are seen in the dump: name, offset, size, read-only; those directly in the chip's table.
fn shown_partitions(chip: &Shown) -> Vec<(String, u64, u64, bool)> {
    let table = chip.children.iter().find(|c| c.name == "partitions").unwrap_or(chip);
    let cells = |name| table.words(name).first().copied().unwrap_or(1) as usize;
    let (address, size) = (cells("#address-cells"), cells("#size-cells"));
    let number = |words: &[u64]| words.iter().fold(0, |n, w| n << 32 | w);
    let with_reg = table.children.iter().filter(|c| !c.words("reg").is_empty());
    with_reg
        .map(|part| {
            let words = part.words("reg");
            // armada-398-db gives the SPI bus's counts where the partitions' belong; the words are unmistakable.
            let (address, size) = if words.len() == 2 { (1, 1) } else { (address, size) };
            let label = part.texts("label").first().map(|t| (*t).to_owned());
            let name = label.unwrap_or_else(|| part.name.split('@').next().unwrap_or("").to_owned());
            let read_only = part.properties.contains_key("read-only");
            (name, number(&words[..address]), number(&words[address..address + size]), read_only)
        })
        .collect()
}

fn dumped(path: &Path) -> Shown {
    let output =
        Command::new("fdtdump").arg(path).output().expect("fdtdump runs (package device-tree-compiler)");
    assert!(output.status.success(), "fdtdump {}", path.display());
    read_dump(&String::from_utf8_lossy(&output.stdout))
}

/// Compares one file; gives the number of chips and of partitions.
fn compare(path: &Path) -> (usize, usize) {
    let bytes = std::fs::read(path).expect("a tree can be read");
    let tree = Tree::read(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let board = TreeBoard::read(&tree);
    let shown = dumped(path);
    assert_eq!(board.compatible, shown.texts("compatible"), "{}", path.display());
    let mut nodes = 0;
    let mut chips = Vec::new();
    shown.each(&mut |node| {
        nodes += 1;
        if node.texts("compatible").contains(&"jedec,spi-nor") {
            chips.push(node);
        }
    });
    assert_eq!(tree.nodes.len(), nodes, "{}", path.display());
    assert_eq!(board.maps.len(), chips.len(), "{}", path.display());
    let mut partitions = 0;
    for (map, chip) in board.maps.iter().zip(chips) {
        let mine: Vec<_> = map
            .partitions
            .iter()
            .filter(|p| p.inside.is_none())
            .map(|p| (p.name.clone(), p.span.start, p.span.len(), p.read_only))
            .collect();
        assert_eq!(mine, shown_partitions(chip), "{} {}", path.display(), map.node);
        partitions += mine.len();
    }
    (usize::from(!board.maps.is_empty()), partitions)
}

#[test]
fn trees_of_others_give_what_fdtdump_shows() {
    let Some(folder) = std::env::var_os("NORSPLICE_DEVICETREES") else {
        println!("skipped: NORSPLICE_DEVICETREES is not set, see tests/devicetrees/run");
        return;
    };
    let entries = std::fs::read_dir(&folder).expect("the folder of trees can be read");
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "dtb"));
    files.sort();
    assert!(!files.is_empty(), "no .dtb in {}", folder.display());
    let counts: Vec<_> = files.iter().map(|path| compare(path)).collect();
    let with_chip = counts.iter().filter(|(chip, _)| *chip > 0).count();
    let with_partitions = counts.iter().filter(|(_, partitions)| *partitions > 0).count();
    println!(
        "{} trees parsed, {with_chip} with an SPI NOR chip, {with_partitions} of them with partitions",
        files.len()
    );
}
