//! A folder to work in with other people's tools, and pieces for images.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder to work in, with the tools a test needs; `None` where one is missing.
pub struct Bench(TempDir);

impl Bench {
    pub fn with(tools: &[&str]) -> Option<Self> {
        for tool in tools {
            let found = std::env::var_os("PATH").is_some_and(|paths| {
                let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
                std::env::split_paths(&paths).chain(more).any(|dir| dir.join(tool).is_file())
            });
            if !found {
                assert!(std::env::var_os("NORSPLICE_NEED_TOOLS").is_none(), "{tool} is not installed");
                println!("skipped: {tool} is not installed");
                return None;
            }
        }
        Some(Self(TempDir::new().expect("a temporary folder can be made")))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder"))
            .expect("a folder can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a command line in the folder; no word has blanks.
    pub fn run(&self, line: &str) {
        let mut words = line.split_whitespace();
        let program = words.next().expect("a command line has a program");
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let output = Command::new(program).args(words).current_dir(self.0.path()).env("PATH", path).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let said =
            String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{line}\n{said}");
    }

    /// A root file system with text in it.
    pub fn rootfs(&self) {
        for i in 0..20 {
            self.write(&format!("root/etc/file{i}"), format!("line {i}\n").repeat(200).as_bytes());
        }
    }
}

/// Something that packs, is not blank and is no other format.
pub fn kernel(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(i) >> 7) as u8 & 0x3f | 0x40).collect()
}

pub fn tree() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dts/fixed-layout.dtb");
    std::fs::read(path).expect("the tree is part of the sources")
}
