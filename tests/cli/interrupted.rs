//! Jobs cut off in the middle: exit code 3, the command that continues, `resume`, undo, and what is refused meanwhile.

use super::images::noise;
use crate::bench::{Bench, MEDIUM_SIZE};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// The part of [`MEDIUM_SIZE`].
const EMU: &str = "chip=GD25Q16C,image=image.bin,state=chip";

struct Cut {
    bench: Bench,
    image: Vec<u8>,
    wanted: Vec<u8>,
    job: String,
}

impl Cut {
    fn run(&self, words: &[&str], code: i32) -> Value {
        let (ran, _) = self.bench.emu(EMU, [&["--json", "--store", "store"], words].concat());
        ran.code(code).result()
    }

    fn on_chip(&self) -> Vec<u8> {
        std::fs::read(self.bench.path("chip/flash.bin")).unwrap()
    }
}

/// A write whose supply fails in the middle of its third erase or program.
fn cut() -> Cut {
    let bench = Bench::new();
    let mut image = vec![0xff; MEDIUM_SIZE];
    for at in [0, 0x2_0000, 0x10_0000, 0x1d_0000, 0x1f_0000] {
        image[at..at + 0x8000].copy_from_slice(&noise(at as u64 + 1, 0x8000));
    }
    let mut wanted = image.clone();
    for at in [0x2_0000, 0x10_0000, 0x1e_0000] {
        wanted[at..at + 0x1000].copy_from_slice(&noise(at as u64, 0x1000));
    }
    std::fs::write(bench.path("image.bin"), &image).unwrap();
    std::fs::write(bench.path("wanted.bin"), &wanted).unwrap();
    let emu = format!("{EMU},fault=cut-in-operation:20@0.5");
    let (ran, _) = bench.emu(&emu, ["--json", "--store", "store", "--yes", "write", "wanted.bin"]);
    let result = ran.code(3).says(&["norsplice -p", "resume", "--undo"]).result();
    assert_eq!(result["chip"], "partial");
    let job = result["job"].as_str().unwrap().to_owned();
    assert!(result["resume"].as_str().unwrap().ends_with(&format!("--store store resume {job}")), "{result}");
    Cut { bench, image, wanted, job }
}

#[test]
fn an_open_job_is_finished_and_nothing_else_is_done_meanwhile() {
    let cut = cut();
    assert!(cut.on_chip() != cut.image && cut.on_chip() != cut.wanted);
    // A half-written chip is no backup.
    for words in [&["backup"][..], &["write", "wanted.bin", "--yes"], &["erase", "--all", "--yes"]] {
        let result = cut.run(words, 3);
        assert_eq!((&result["chip"], &result["job"]), (&"partial".into(), &cut.job.as_str().into()));
    }
    let jobs = cut.run(&["jobs"], 0);
    assert_eq!((&jobs["jobs"][0]["id"], &jobs["jobs"][0]["open"]), (&cut.job.as_str().into(), &true.into()));
    let backup = jobs["jobs"][0]["backup"].as_str().unwrap();
    let result = cut.run(&["backups", "remove", backup, "--even-the-only-one"], 2);
    assert!(result["message"].as_str().unwrap().contains("open job"), "{result}");

    let result = cut.run(&["resume"], 0);
    assert_eq!((&result["chip"], cut.on_chip() == cut.wanted), (&"written".into(), true));
    // Only the planned blocks were read.
    assert!(result["bytes_read"].as_u64().unwrap() < 1 << 19, "{result}");
    assert_eq!(cut.run(&["jobs"], 0)["jobs"][0]["over"], "written");
    let result = cut.run(&["resume"], 2);
    assert!(result["message"].as_str().unwrap().contains("no unfinished job"), "{result}");
}

#[test]
fn an_open_job_is_undone_by_resume_or_restore() {
    let first = cut();
    let result = first.run(&["resume", "--undo"], 0);
    assert_eq!((&result["chip"], first.on_chip() == first.image), (&"restored".into(), true));
    let second = cut();
    let backup = second.run(&["backups", "list"], 0)["backups"][0]["id"].as_str().unwrap().to_owned();
    second.run(&["restore", &backup, "--yes"], 0);
    assert_eq!(second.on_chip(), second.image);
}

#[test]
fn an_open_job_is_dropped_only_when_said_so() {
    let cut = cut();
    cut.run(&["jobs", "drop", &cut.job, "--yes"], 2);
    cut.run(&["jobs", "drop", &cut.job, "--for-good"], 0);
    assert_eq!(cut.run(&["jobs"], 0)["jobs"][0]["over"], "dropped");
    cut.run(&["backup"], 0);
}

/// Ctrl-C once the writing has begun: the block is finished, and the job can be.
#[test]
fn the_first_signal_ends_after_the_block() {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), noise(1, MEDIUM_SIZE)).unwrap();
    let wanted = noise(2, MEDIUM_SIZE);
    std::fs::write(bench.path("wanted.bin"), &wanted).unwrap();
    for (signal, code) in [("INT", 3), ("TERM", 3)] {
        let _ = std::fs::remove_dir_all(bench.path("chip"));
        let _ = std::fs::remove_dir_all(bench.path("store"));
        let mut child = bench
            .command()
            .args(["-p", &format!("emu:{EMU},counts=counts.json"), "--json", "--store", "store", "--yes"])
            .args(["write", "wanted.bin"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let began = |line: &String| line.contains(r#""progress","step":"erase"#);
        lines.by_ref().find(began).expect("the writing begins");
        let id = child.id().to_string();
        let kill = std::process::Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(kill.unwrap().success());
        let result: Value = serde_json::from_str(&lines.last().unwrap()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{result}");
        assert_eq!(result["chip"], "partial", "{result}");
        let counts: Value =
            serde_json::from_slice(&std::fs::read(bench.path("counts.json")).unwrap()).unwrap();
        assert_eq!(counts["misdeeds"], 0, "{counts}");
        bench.emu(EMU, ["--store", "store", "resume"]).0.code(0);
        assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == wanted);
    }
}
