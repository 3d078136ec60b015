//! The real binary over the stand-in for libusb, as a user runs it.

use super::child::{image, noise, norsplice, norsplice_in, path, tidy};

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
    for devices in ["ch341a driver", "ft2232h driver", "ft232h", "ft4232h", "ch347t driver", "ch347f driver"]
    {
        let (run, report) = norsplice(devices, &["probe"]);
        assert_eq!(run.code, Some(0), "{devices}: {}", run.stderr);
        assert_eq!(run.result["jedec_id"], "ef4017", "{devices}");
        assert_eq!(run.result["part"], "W25Q64FV", "{devices}");
        tidy(&report);
        assert_eq!(report["0.outputs"], "00", "{devices}: pins are let go");
        if devices.contains("driver") {
            // The interface of its SPI, found by its class.
            let interface = match devices.split(' ').next() {
                Some("ch347t") => '2',
                Some("ch347f") => '4',
                _ => '0',
            };
            let driven = &report["0.driven"];
            assert!(driven.contains(interface), "{devices}: the kernel driver has its interface again");
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
        ("ch347t path=1-1 busy", &["probe"], 1, "in use by another program or kernel driver"),
        ("ch347f path=1-1 busy", &["-p", "ch347", "probe"], 1, "in use by another program or kernel driver"),
        ("ch347f path=1-1 deny", &["probe"], 1, "60-norsplice.rules"),
        ("ch347t path=1-1 unplug=30", &["-p", "ch347", "probe"], 1, "disappeared"),
    ] {
        let (run, report) = norsplice(devices, args);
        let text = format!("{} {}", run.stderr, run.result);
        assert_eq!(run.code, Some(code), "{devices}: {text}");
        assert!(text.contains(words), "{devices}: {text}");
        tidy(&report);
    }
}

#[test]
fn a_chip_is_read_and_written_through_rusb() {
    for devices in ["ft2232h driver", "ch341a driver"] {
        let (image, out, wanted) = (image(8 << 20), path("written.bin"), path("wanted.bin"));
        let mut contents = noise(8 << 20);
        contents[0x2_0000..0x2_1234].fill(0x5A);
        std::fs::write(&wanted, &contents).unwrap();
        let devices = format!("{devices} image={} out={}", image.display(), out.display());
        let (run, report) = norsplice(&devices, &["--yes", "write", wanted.to_str().unwrap()]);
        assert_eq!(run.code, Some(0), "{devices}: {}", run.stderr);
        assert!(std::fs::read(&out).unwrap() == contents, "{devices}");
        tidy(&report);
        assert_eq!(report["0.outputs"], "00");
        assert!(report["0.driven"].contains('0'));
    }
}

#[test]
fn a_chip_on_another_port_is_named() {
    let (run, report) = norsplice("ft2232h port=1", &["probe"]);
    assert_eq!(run.code, Some(5), "{}", run.stderr);
    assert!(run.stderr.contains("-p ft2232h:path=1-1,port=B"), "{}", run.stderr);
    assert_eq!(report["0.outputs"], "00", "the pins of both ports are let go");
    tidy(&report);
    let (run, _) = norsplice("ft2232h port=1", &["-p", "ft2232h:path=1-1,port=B", "probe"]);
    assert_eq!((run.code, &run.result["jedec_id"]), (Some(0), &"ef4017".into()), "{}", run.stderr);
    let (run, _) = norsplice("ft2232h", &["-p", "ft2232h:port=B", "probe"]);
    assert!(run.code == Some(5) && run.stderr.contains("port=A"), "{}", run.stderr);
}

/// A device whose ids are another's: named by its kind and by the ids that it has.
#[test]
fn an_ftdi_chip_with_ids_of_its_own_is_named_by_them() {
    let (run, report) = norsplice("ft2232h", &["-p", "ft232h:vid=0403,pid=6010", "probe"]);
    assert_eq!((run.code, &run.result["jedec_id"]), (Some(0), &"ef4017".into()), "{}", run.stderr);
    tidy(&report);
    let (run, report) = norsplice("ft2232h", &["-p", "ft232h:vid=15ba,pid=002b", "probe"]);
    assert_eq!(run.code, Some(5), "{}", run.stderr);
    assert!(run.stderr.contains("15ba:002b") && run.stderr.contains("ft2232h"), "{}", run.stderr);
    tidy(&report);
}

#[test]
fn unplugging_in_the_middle_of_a_read_leaves_no_file() {
    let (image, file) = (image(8 << 20), path("torn.bin"));
    let devices = format!("ft2232h unplug=500 image={}", image.display());
    let (run, report) = norsplice(&devices, &["read", file.to_str().unwrap()]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(format!("{} {}", run.stderr, run.result).contains("disappeared"), "{}", run.stderr);
    assert!(!file.exists());
    tidy(&report);
}

#[test]
fn unplugging_in_the_middle_of_a_write_is_finished_by_resume() {
    let (start, torn, done, wanted) =
        (path("start.bin"), path("torn.img"), path("done.img"), path("new.bin"));
    let mut contents: Vec<u8> = noise((8 << 20) + 1)[1..].to_vec();
    std::fs::write(&start, &contents).unwrap();
    let changed: Vec<u8> = noise(0x4_0003)[3..].to_vec();
    contents[0x10_0000..0x14_0000].copy_from_slice(&changed);
    std::fs::write(&wanted, &contents).unwrap();
    let devices = format!("ft2232h unplug-at-page=300 image={} out={}", start.display(), torn.display());
    let (run, report) = norsplice(&devices, &["--yes", "write", wanted.to_str().unwrap()]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("resume"), "{}", run.stderr);
    tidy(&report);
    assert!(std::fs::read(&torn).unwrap() != contents);
    let devices = format!("ft2232h image={} out={}", torn.display(), done.display());
    let (run, report) = norsplice(&devices, &["--yes", "resume"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(std::fs::read(&done).unwrap() == contents, "resume finishes what was begun");
    tidy(&report);
}

#[test]
fn every_programmer_plugged_in_has_its_own_job() {
    let (start, first, second, wanted) =
        (path("every.bin"), path("first.img"), path("second.img"), path("every-new.bin"));
    let mut contents = noise(8 << 20);
    std::fs::write(&start, &contents).unwrap();
    contents[0x3_0000..0x3_8000].fill(0x5A);
    std::fs::write(&wanted, &contents).unwrap();
    let devices = format!(
        "ch341a path=1-2 driver image={0} out={1}; ft2232h path=1-3 image={0} out={2}; ch341a path=1-4 deny; \
         ch341uart path=1-5",
        start.display(),
        first.display(),
        second.display()
    );
    let write = ["--yes", "write", wanted.to_str().unwrap(), "--every-programmer"];
    let (run, report) = norsplice(&devices, &write);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let ends: Vec<_> = run.result["programmers"].as_array().unwrap().iter().collect();
    let ends: Vec<_> =
        ends.iter().map(|r| (r["programmer"].as_str().unwrap(), r["exit_code"].as_u64().unwrap())).collect();
    let wanted =
        [("ch341a:path=1-2", 0), ("ft2232h:path=1-3", 0), ("ch341a:path=1-4", 1), ("ch341 at USB 1-5", 5)];
    assert!(wanted.iter().all(|one| ends.contains(one)) && ends.len() == 4, "{ends:?}\n{}", run.stderr);
    assert!(run.stderr.contains("[ft2232h:path=1-3] ") && run.stderr.contains("jumper"), "{}", run.stderr);
    for file in [&first, &second] {
        assert!(std::fs::read(file).unwrap() == contents, "{}", file.display());
    }
    tidy(&report);
    assert_eq!((&*report["0.outputs"], &*report["1.outputs"]), ("00", "00"));
    // A kind without a place is all of that kind.
    let small = path("every-small.bin");
    std::fs::write(&small, [0xff; 64]).unwrap();
    let verify =
        ["-p", "ft2232h:speed=30MHz", "-p", "ch341a", "verify", small.to_str().unwrap(), "--at", "0"];
    let verify = [&verify[..], &["--every-programmer"]].concat();
    let (run, report) = norsplice("ft2232h path=1-3; ft2232h path=1-6; ch341a path=2-1", &verify);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let text = run.result.to_string();
    for spec in ["ft2232h:speed=30MHz,path=1-3", "ft2232h:speed=30MHz,path=1-6", "ch341a:path=2-1"] {
        assert!(text.contains(spec), "{text}");
    }
    tidy(&report);
}

#[test]
fn the_five_volts_of_a_black_ch341a_are_told_once_a_place_and_not_after_they_are_acknowledged() {
    let told = |devices: &str, words: &[&str]| {
        let (run, report) = norsplice(devices, words);
        assert_eq!(run.code, Some(0), "{devices} {words:?}: {}", run.stderr);
        assert!(run.result.is_object(), "{devices}: the result stays the last line");
        tidy(&report);
        run.stderr.matches("setup --acknowledge-5v").count()
    };
    let probe = ["probe"];
    assert_eq!(told("ft2232h path=1-2", &probe), 0);
    assert_eq!(told("ch341a path=1-2", &probe), 1);
    assert_eq!(told("ch341a path=1-2", &["-p", "ch341a", "probe"]), 0);
    assert_eq!(told("ch341a path=1-2.3", &["-p", "ch341a", "-q", "probe"]), 1, "another place");
    assert_eq!(told("ch341a path=1-2.3", &probe), 0);
    // A store that cannot be written to: reported again, and in no one's way.
    let no_store = path("no-store");
    std::fs::write(&no_store, []).unwrap();
    let (run, _) = norsplice_in(&no_store, "ch341a path=1-7", &["probe"]);
    assert_eq!((run.code, run.stderr.matches("--acknowledge-5v").count()), (Some(0), 1), "{}", run.stderr);
    let acknowledge = |store: &std::path::Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_norsplice"));
        command.arg("--store").arg(store).args(["setup", "--acknowledge-5v"]).output().unwrap().status.code()
    };
    assert_eq!(acknowledge(&no_store), Some(1));
    let store = path("told-store");
    assert_eq!(acknowledge(&store), Some(0));
    let (run, _) = norsplice_in(&store, "ch341a path=1-9", &["probe"]);
    assert_eq!((run.code, run.stderr.matches("5 V").count()), (Some(0), 0), "{}", run.stderr);
}
