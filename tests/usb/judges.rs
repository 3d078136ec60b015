//! Judges from outside on an emulated CH347, through the stand-in for libusb: flashrom and flashprog read what norsplice
//! wrote, and norsplice what they wrote. `.ci/judges` fetches versions that know a CH347.

use super::child::{noise, norsplice, path, tidy, with_stand_in};
use crate::bench::{MEDIUM, MEDIUM_SIZE};
use std::process::Command;

/// The judges, as `.ci/judges` names them: variable, and how the image is read and written.
const JUDGES: [(&str, [&[&str]; 2]); 2] = [
    ("NORSPLICE_FLASHROM", [&["-r"], &["--noverify-all", "-w"]]),
    ("NORSPLICE_FLASHPROG", [&["-r"], &["--noverify-all", "-w"]]),
];
/// [`MEDIUM`], as they call it.
const PART: &str = "GD25Q16(B)";

fn judge(tool: &str, device: &str, words: &[&str], file: &str) {
    let mut command = Command::new(tool);
    command.args(["-p", "ch347_spi", "-c", PART]).args(words).arg(file);
    let (output, report) = with_stand_in(command, device);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{tool} {words:?} on {device}: {text}");
    assert_eq!(report["0.misdeeds"], "", "{tool} {words:?} on {device}");
}

#[test]
fn flashrom_and_flashprog_agree_with_us_on_what_is_on_the_chip_of_a_ch347() {
    for (variable, [read, write]) in JUDGES {
        let Ok(tool) = std::env::var(variable) else {
            eprintln!("left out: {variable} is not set ('.ci/judges' sets it)");
            continue;
        };
        for kind in ["ch347t", "ch347f"] {
            let device = format!("{kind} chip={MEDIUM}");
            let file = |name: &str| path(&format!("{variable}-{kind}-{name}"));
            let [start, ours, seen, theirs, left, back] =
                ["start", "ours", "seen", "theirs", "left", "back"].map(file);
            let text = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
            let mut contents = noise(MEDIUM_SIZE);
            std::fs::write(&start, &contents).unwrap();
            // Ours, read by the judge.
            contents[0x2_0000..0x2_8000].copy_from_slice(&noise(0x8001)[1..]);
            std::fs::write(&ours, &contents).unwrap();
            let plugged = format!("{device} image={} out={}", text(&start), text(&left));
            let (run, report) = norsplice(&plugged, &["--yes", "write", &text(&ours)]);
            assert_eq!(run.code, Some(0), "{device}: {}", run.stderr);
            tidy(&report);
            judge(&tool, &format!("{device} image={}", text(&left)), read, &text(&seen));
            assert!(std::fs::read(&seen).unwrap() == contents, "{variable} on {device} reads something else");
            // The judge's, read by us.
            contents[0x10_0000..0x10_4000].copy_from_slice(&noise(0x4003)[3..]);
            std::fs::write(&theirs, &contents).unwrap();
            let plugged = format!("{device} image={} out={}", text(&ours), text(&left));
            judge(&tool, &plugged, write, &text(&theirs));
            assert!(std::fs::read(&left).unwrap() == contents, "{variable} on {device} wrote something else");
            let (run, report) =
                norsplice(&format!("{device} image={}", text(&left)), &["read", &text(&back)]);
            assert_eq!(run.code, Some(0), "{device}: {}", run.stderr);
            assert!(
                std::fs::read(&back).unwrap() == contents,
                "we read something else than {variable} wrote"
            );
            tidy(&report);
        }
    }
}
