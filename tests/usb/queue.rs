//! The real USB layer, `unsafe` queue and all, over a stand-in for libusb: no device, no root, no kernel.
//!
//! Each test runs itself again in a child with the stand-in preloaded, and reads what the stand-in saw: misuse of
//! libusb's rules, transfers not freed, pins left driven, kernel drivers not given back.
//! One of them runs under valgrind too, where it is installed.

use super::child::{self, inside, noise, tidy};
use super::contract;
use norsplice::programmer::{self, Settings};
use norsplice::spi::{LinkError, LinkFault, Programmer, SpiError, Transaction};
use norsplice::usb::{Burst, Interface, Pipe, Reply, UsbError};
use norsplice::usb::{Wanted, host};
use std::time::Duration;

fn open(text: &str) -> Result<Box<dyn Programmer>, SpiError> {
    programmer::open(&Settings::parse(text).unwrap()).map(|opened| opened.programmer)
}

fn link_error(text: &str) -> LinkError {
    match open(text) {
        Err(SpiError::Link(error)) => error,
        Err(other) => panic!("{text}: {other}"),
        Ok(_) => panic!("{text} was opened"),
    }
}

fn read(programmer: &mut dyn Programmer, at: u32, len: usize) -> Result<Vec<u8>, SpiError> {
    let at = at.to_be_bytes();
    let mut data = vec![0; len];
    programmer.run(&mut [Transaction::read(&[0x03, at[1], at[2], at[3]], &mut data)])?;
    Ok(data)
}

fn id(programmer: &mut dyn Programmer) -> Result<[u8; 3], SpiError> {
    let mut id = [0; 3];
    programmer.run(&mut [Transaction::read(&[0x9F], &mut id)])?;
    Ok(id)
}

const W25Q64FV: [u8; 3] = [0xEF, 0x40, 0x17];

#[test]
fn devices_are_listed_with_path_serial_and_what_is_wrong() {
    let devices =
        "ft2232h path=2-1.4 serial=FT12; ch341a path=1-3 deny; ch341uart path=1-2; ft4232h path=1-10";
    let report = inside(devices, || {
        let list = programmer::attached().unwrap();
        let seen: Vec<_> = list
            .iter()
            .map(|a| (a.model.map_or("-", |m| m.name), a.path.as_str(), a.serial.as_deref()))
            .collect();
        assert_eq!(
            seen,
            [
                ("ft4232h", "1-10", None),
                ("-", "1-2", None),
                ("ch341a", "1-3", None),
                ("ft2232h", "2-1.4", Some("FT12"))
            ]
        );
        assert_eq!(list[3].text.as_deref(), Some("Dual RS232-HS"));
        assert_eq!((&list[0].problem, &list[3].problem), (&None, &None));
        assert!(list[1].problem.as_ref().unwrap().text.contains("jumper"));
        assert!(list[2].problem.as_ref().unwrap().text.contains("60-norsplice.rules"));
    });
    tidy(&report);
}

#[test]
fn the_device_that_is_meant_is_opened_or_the_reason_told() {
    let devices = "ch341a path=1-1; ch341a path=1-2; ft232h path=1-3 serial=A; ft232h path=1-4 serial=B; \
                   ft2232h path=1-5 busy; ft4232h path=1-6 deny";
    let report = inside(devices, || {
        assert_eq!(
            link_error("ch341a"),
            UsbError::Several(vec!["ch341a:path=1-1".into(), "ch341a:path=1-2".into()]).into()
        );
        assert_eq!(id(&mut *open("ch341a:path=1-2").unwrap()), Ok(W25Q64FV));
        assert_eq!(id(&mut *open("ft232h:serial=B").unwrap()), Ok(W25Q64FV));
        assert!(link_error("ft232h:serial=C").text.contains("serial number C"));
        assert!(link_error("ch341a:path=9-9").text.contains("ch341a at 1-1"));
        assert_eq!(link_error("ft2232h"), UsbError::Busy { path: "1-5".into() }.into());
        assert_eq!(link_error("ft4232h"), UsbError::Denied { path: "1-6".into() }.into());
        assert_eq!(link_error("ft4232h:serial=X"), UsbError::Denied { path: "1-6".into() }.into());
        assert_eq!(programmer::only().unwrap_err().fault, LinkFault::Several);
    });
    tidy(&report);
}

#[test]
fn no_programmer_and_a_ch341_in_uart_mode_are_told_apart() {
    let report = inside("ch341uart path=1-7", || {
        let error = link_error("ch341a");
        assert!(error.fault == LinkFault::Absent && error.text.contains("1-7"), "{error}");
        assert_eq!(link_error("ft2232h").fault, LinkFault::Absent);
        let error = programmer::only().unwrap_err();
        assert!(error.fault == LinkFault::Absent && error.text.contains("jumper"), "{error}");
    });
    tidy(&report);
}

#[test]
fn a_ch341a_is_read_with_many_transfers_in_flight() {
    let image = child::image(8 << 20);
    let devices = format!("ch341a driver image={}", image.display());
    let report = inside(&devices, || {
        let mut programmer = open("ch341a").unwrap();
        let wanted = noise(8 << 20);
        for at in (0..0x40000).step_by(65536) {
            assert!(read(&mut *programmer, at as u32, 65536).unwrap() == wanted[at..at + 65536], "{at:#x}");
        }
    });
    tidy(&report);
    assert!(report.number("most_in") >= 32, "{} IN transfers in flight", report["most_in"]);
    assert!(report.number("most_out") >= 8);
    // The one that cleared the pipe at the start found nothing.
    assert_eq!(report["cancelled"], "1");
    assert_eq!((&*report["0.outputs"], &*report["0.driven"]), ("00", "{0}"));
}

#[test]
fn every_ftdi_port_is_reached_and_the_kernel_driver_is_given_back() {
    let devices = "ft2232h port=1 driver path=1-1; ft232h driver path=1-2; ft4232h driver path=1-3";
    let report = inside(devices, || {
        for text in ["ft2232h:port=B", "ft232h", "ft4232h:port=A,speed=30MHz"] {
            let mut programmer = open(text).unwrap();
            assert_eq!(id(&mut *programmer), Ok(W25Q64FV), "{text}");
            assert_eq!(read(&mut *programmer, 0x1000, 100_000).unwrap(), [0xFF; 100_000], "{text}");
        }
    });
    tidy(&report);
    for (n, driven) in ["{0, 1}", "{0}", "{0, 1, 2, 3}"].iter().enumerate() {
        assert_eq!((&*report[&format!("{n}.outputs")], &*report[&format!("{n}.driven")]), ("00", *driven));
    }
    assert!(report.number("most_in") >= 4);
}

#[test]
fn stalls_and_lost_and_short_packets_are_healed_by_asking_in_another_shape() {
    let image = child::image(8 << 20);
    for kind in ["ch341a", "ft2232h"] {
        for fault in ["stall=12", "vague stall=12", "lost=4", "short=4"] {
            let devices = format!("{kind} {fault} image={}", image.display());
            let report = inside(&devices, || {
                let text = std::env::var("NORSPLICE_DROPIN").unwrap();
                let mut programmer = open(text.split(' ').next().unwrap()).unwrap();
                let wanted = noise(8 << 20);
                for at in [0, 0x1_0000, 0x2_0000] {
                    let data = read(&mut *programmer, at as u32, 3000).unwrap();
                    assert!(data == wanted[at..at + 3000], "{at:#x}");
                }
                assert!(read(&mut *programmer, 0, 3000).unwrap() == wanted[..3000]);
            });
            tidy(&report);
            assert_eq!((&*report["0.faults"], &*report["0.outputs"]), ("1", "00"), "{devices}");
        }
    }
}

#[test]
fn unplugging_in_the_middle_of_a_burst_is_gone_and_stays_gone() {
    // The last two: where the system reports it by errors of the bus only.
    for (kind, devices) in [
        ("ch341a", "ch341a unplug=90"),
        ("ft2232h", "ft2232h driver unplug=23"),
        ("ch341a", "ch341a vague unplug=90"),
        ("ft2232h", "ft2232h vague unplug=23"),
    ] {
        let report = inside(devices, || {
            let kind = std::env::var("NORSPLICE_DROPIN").unwrap();
            let mut programmer = open(kind.split(' ').next().unwrap()).unwrap();
            assert_eq!(read(&mut *programmer, 0, 20_000), Err(UsbError::Gone.into()));
            assert_eq!(read(&mut *programmer, 0, 20_000), Err(UsbError::Gone.into()));
            assert_eq!(programmer.release(), Err(UsbError::Gone.into()));
            drop(programmer);
            assert!(programmer::attached().unwrap().is_empty());
        });
        tidy(&report);
        assert_eq!(report["0.faults"], "1", "{kind}");
    }
}

#[test]
fn a_device_that_no_one_has_configured_is_configured() {
    let report = inside("ch341a unconfigured path=1-1; ft2232h unconfigured path=1-2", || {
        assert_eq!(id(&mut *open("ch341a").unwrap()), Ok(W25Q64FV));
        assert_eq!(id(&mut *open("ft2232h").unwrap()), Ok(W25Q64FV));
    });
    tidy(&report);
}

/// INs that are left over where answers came in fewer packets are cancelled; answers in more packets are asked for.
#[test]
fn an_adapter_that_others_read_right_is_read_right_over_libusb() {
    let image = child::image(8 << 20);
    let contents = noise(8 << 20);
    for (kind, quirks) in [
        (
            "ch341a",
            &["cs-early", "merge", "version-20", "one-byte", "empty-first", "no-settings", "cs-late"][..],
        ),
        ("ft2232h", &["stops", "no-8f", "one-byte", "empty-first", "error-status", "latency-refused"]),
        ("ch347t", &["one-byte", "empty-first", "old-firmware"]),
    ] {
        for quirk in quirks {
            let report = inside(&format!("{kind} quirk={quirk} image={}", image.display()), || {
                let devices = std::env::var("NORSPLICE_DROPIN").unwrap();
                let name = devices.split(' ').next().unwrap().trim_end_matches('t');
                let mut programmer = open(name).unwrap_or_else(|e| panic!("{devices}: {e}"));
                assert_eq!(id(&mut *programmer), Ok(W25Q64FV), "{devices}");
                let data = read(&mut *programmer, 0x1234, 9000).unwrap();
                assert!(data == contents[0x1234..][..9000], "{devices}: other data");
            });
            assert_eq!(
                (&*report["misuse"], &*report["not_freed"], &*report["not_closed"]),
                ("", "0", "0"),
                "{kind} {quirk}"
            );
            assert_eq!(report["0.outputs"] == "00", *quirk != "cs-late", "{kind} {quirk}: pins let go");
            if *quirk == "merge" {
                assert!(report.number("cancelled") > 0, "{kind} {quirk}");
            }
        }
    }
}

#[test]
fn what_an_earlier_program_left_stalled_is_cleared() {
    for kind in ["ch341a", "ft2232h"] {
        let devices = format!("{kind} halted");
        let report = inside(&devices, || {
            let text = std::env::var("NORSPLICE_DROPIN").unwrap();
            let mut programmer = open(text.split(' ').next().unwrap()).unwrap();
            assert_eq!(id(&mut *programmer), Ok(W25Q64FV));
        });
        tidy(&report);
        assert_eq!(&*report["0.outputs"], "00", "{kind}");
    }
}

#[test]
fn a_system_short_of_memory_only_slows_the_queue() {
    let report = inside("ch341a full=3", || {
        let mut programmer = open("ch341a").unwrap();
        assert_eq!(read(&mut *programmer, 0, 5000).unwrap(), [0xFF; 5000]);
    });
    tidy(&report);
    assert!(report.number("most_in") <= 3);
}

/// The pipe to a CH341A, by hand.
fn pipe() -> host::HostPipe {
    open_pipe("ch341a", (0x1a86, 0x5512), (0x02, 0x82))
}

fn open_pipe(
    name: &str,
    (vendor, product): (u16, u16),
    (endpoint_out, endpoint_in): (u8, u8),
) -> host::HostPipe {
    let interface = Some(Interface { number: 0, endpoint_out, endpoint_in });
    let wanted = Wanted { name, vendor, products: &[product], path: None, serial: None, interface };
    host::open(&wanted).unwrap()
}

/// Asks for IN transfers that nothing will fill, until `patience` of them have come.
struct Asking {
    panic: bool,
    got: usize,
    patience: usize,
    /// Bytes of a transfer that brings nothing.
    status: usize,
}

impl Reply for Asking {
    fn next(&self, _in_flight: usize) -> Option<usize> {
        Some(32)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        assert!(!self.panic, "as the test wants");
        self.got += 1;
        Ok(bytes.len() > self.status)
    }
    fn is_complete(&self) -> bool {
        self.got >= self.patience
    }
}

fn eight_answers() -> Vec<Vec<u8>> {
    vec![[vec![0xA8], vec![0; 31]].concat().repeat(8)]
}

#[test]
fn a_device_that_does_not_answer_times_out_and_is_cancelled() {
    let report = inside("ch341a", || {
        let mut pipe = pipe();
        let out = eight_answers();
        let quiet = Duration::from_millis(50);
        let mut reply = Asking { panic: false, got: 0, patience: 9, status: 0 };
        let burst = Burst { out: &out, in_depth: 40, quiet };
        assert_eq!(
            pipe.burst(burst, &mut reply),
            Err(UsbError::Timeout { what: "USB transfer", after: quiet })
        );
        assert_eq!(reply.got, 8);
        assert_eq!(pipe.drain(32, Duration::from_millis(1)), Ok(vec![]));
        // A reply that asks for more than comes is cut off when it is complete.
        let mut reply = Asking { panic: false, got: 0, patience: 8, status: 0 };
        assert_eq!(pipe.burst(Burst { out: &out, in_depth: 40, quiet }, &mut reply), Ok(()));
    });
    tidy(&report);
    assert!(report.number("cancelled") >= 40 + 1 + 32, "{}", report["cancelled"]);
}

#[test]
fn a_port_that_sends_nothing_but_status_times_out() {
    let report = inside("ft2232h", || {
        let mut pipe = open_pipe("ft2232h", (0x0403, 0x6010), (0x02, 0x81));
        let quiet = Duration::from_millis(50);
        let mut reply = Asking { panic: false, got: 0, patience: usize::MAX, status: 2 };
        let burst = Burst { out: &[], in_depth: 4, quiet };
        assert_eq!(
            pipe.burst(burst, &mut reply),
            Err(UsbError::Timeout { what: "USB transfer", after: quiet })
        );
        assert!(reply.got > 1, "the status packets of the latency timer came: {}", reply.got);
    });
    tidy(&report);
}

#[test]
fn a_panic_in_the_middle_of_a_burst_leaves_nothing_in_flight() {
    let report = inside("ch341a", || {
        let mut pipe = pipe();
        let out = eight_answers();
        let burst = std::panic::AssertUnwindSafe(|| {
            let mut reply = Asking { panic: true, got: 0, patience: 8, status: 0 };
            pipe.burst(Burst { out: &out, in_depth: 40, quiet: Duration::from_secs(1) }, &mut reply)
        });
        assert!(std::panic::catch_unwind(burst).is_err());
    });
    tidy(&report);
    assert!(report.number("cancelled") >= 32);
}

#[test]
fn transfers_that_cannot_be_cancelled_are_leaked_with_their_handle() {
    let report = inside("ch341a deaf", || {
        let mut pipe = pipe();
        let out = eight_answers();
        let quiet = Duration::from_millis(10);
        let mut reply = Asking { panic: false, got: 0, patience: 9, status: 0 };
        let burst = Burst { out: &out, in_depth: 4, quiet };
        assert!(matches!(pipe.burst(burst, &mut reply), Err(UsbError::Timeout { .. })));
        assert!(matches!(pipe.burst(burst, &mut reply), Err(UsbError::Other(_))), "the handle is lost");
        assert!(matches!(pipe.drain(32, quiet), Err(UsbError::Other(_))));
    });
    assert_eq!(report["misuse"], "", "nothing was freed or closed in flight");
    assert_eq!((&*report["not_freed"], &*report["not_closed"]), ("4", "1"));
}

#[test]
fn the_queue_is_clean_under_valgrind() {
    let image = child::image(8 << 20);
    let devices = format!("ch341a driver stall=70 path=1-1 image={}; ft2232h path=1-2", image.display());
    let report = child::valgrind(&devices, || {
        let mut programmer = open("ch341a").unwrap();
        let wanted = noise(8 << 20);
        assert!(read(&mut *programmer, 0, 3000).unwrap() == wanted[..3000], "the stall is healed");
        assert!(read(&mut *programmer, 0, 3000).unwrap() == wanted[..3000]);
        drop(programmer);
        assert_eq!(id(&mut *open("ft2232h").unwrap()), Ok(W25Q64FV));
        let mut pipe = pipe();
        let out = eight_answers();
        let mut reply = Asking { panic: false, got: 0, patience: 9, status: 0 };
        let burst = Burst { out: &out, in_depth: 40, quiet: Duration::from_millis(100) };
        assert!(pipe.burst(burst, &mut reply).is_err(), "40 transfers cancelled");
    });
    tidy(&report);
}

#[test]
fn the_emulator_s_pipe_and_the_real_one_agree_when_something_goes_wrong() {
    // One device a case, each at a port of its own.
    let device = |(n, case): (usize, &contract::Case)| format!("ch341a path=1-{} {}", n + 1, case.stand_in);
    let devices = contract::CASES.iter().enumerate().map(device).collect::<Vec<_>>().join(";");
    let report = inside(&devices, || {
        for (n, case) in contract::CASES.iter().enumerate() {
            let path = format!("1-{}", n + 1);
            let wanted = Wanted {
                name: "ch341a",
                vendor: 0x1a86,
                products: &[0x5512],
                path: Some(&path),
                serial: None,
                interface: Some(Interface { number: 0, endpoint_out: 0x02, endpoint_in: 0x82 }),
            };
            case.check(&mut host::open(&wanted).unwrap(), "the real pipe");
        }
    });
    tidy(&report);
    contract::CASES.iter().for_each(contract::Case::on_the_emulator);
}
