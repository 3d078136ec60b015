//! The real binary over the stand-in for libusb, as a user runs it.

use crate::child::{image, noise, norsplice};
use crate::tidy;

#[test]
fn list_shows_what_is_plugged_in() {
    let (run, report) =
        norsplice("ch341a path=1-2.3; ft2232h path=1-4 serial=FT9; ft232h path=2-1 deny", &["list"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let list = run.result["programmers"].as_array().unwrap();
    assert_eq!(list.len(), 3, "{list:?}");
    assert_eq!((&list[0]["path"], &list[1]["serial"]), (&"1-2.3".into(), &"FT9".into()));
    assert!(list[2].to_string().contains("60-norsplice.rules"));
    tidy(&report);
}

#[test]
fn probe_finds_the_chip_on_either_programmer_and_lets_go() {
    for devices in ["ch341a driver", "ft2232h driver", "ft232h", "ft4232h"] {
        let (run, report) = norsplice(devices, &["probe"]);
        assert_eq!(run.code, Some(0), "{devices}: {}", run.stderr);
        assert_eq!(run.result["jedec_id"], "ef4017", "{devices}");
        assert_eq!(run.result["part"], "W25Q64FV", "{devices}");
        tidy(&report);
        assert_eq!(report["0.outputs"], "00", "{devices}: pins are let go");
        if devices.contains("driver") {
            assert!(report["0.driven"].contains('0'), "{devices}: the kernel driver has its interface again");
        }
    }
}

#[test]
fn failures_have_their_exit_code_and_say_what_to_do() {
    for (devices, args, code, words) in [
        ("", &["probe"][..], 5, "plugged in"),
        ("ch341uart path=1-8", &["probe"], 5, "jumper"),
        ("ch341a path=1-1 deny", &["probe"], 1, "60-norsplice.rules"),
        ("ch341a path=1-1 busy", &["probe"], 1, "in use"),
        ("ch341a path=1-1; ch341a path=1-2", &["probe"], 2, "ch341a:path=1-2"),
        ("ch341a path=1-1 unplug=30", &["-p", "ch341a", "probe"], 1, "disappeared"),
    ] {
        let (run, report) = norsplice(devices, args);
        let text = format!("{} {}", run.stderr, run.result);
        assert_eq!(run.code, Some(code), "{devices}: {text}");
        assert!(text.contains(words), "{devices}: {text}");
        tidy(&report);
    }
}
