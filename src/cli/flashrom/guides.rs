//! Lines of public guides, each with the address of its page, and what they are here. Where a guide leaves the programmer
//! open, the line has a CH341A.

use super::super::exit::Failure;
use super::super::help;
use super::translate::{Note, translate};
use std::ffi::OsString;

/// Ours: the commands. Err: what the refusal says.
type Wanted = Result<&'static [&'static str], &'static str>;

const HEADS: &str =
    "https://github.com/linuxboot/heads-wiki/blob/master/Installing-and-Configuring/Flashing-Guides";
const COREBOOT: &str = "https://github.com/coreboot/coreboot/blob/main/Documentation";
const LIST: &str = "https://mail.coreboot.org/hyperkitty/list/flashrom@flashrom.org/message";
const MANUAL: &str = "https://manpages.ubuntu.com/manpages/noble/man8/flashrom.8.html";
const CHROME: &str =
    "https://github.com/MrChromebox/website/blob/main/docs/support/unbricking/unbrick-ch341a.md";
const DASHARO: &str = "https://github.com/Dasharo/docs/blob/master/docs/unified/msi/recovery.md";
const LIBREBOOT: &str = "https://github.com/hankbao/libreboot/blob/master/docs/install/rpi_setup.md";

/// Site, page, line, and what it is.
const LINES: &[(&str, &str, &str, Wanted)] = &[
    (
        HEADS,
        "SPI-Programmer-Best-Practices.md",
        "sudo flashrom --programmer ft2232_spi:type=2232H,port=B,divisor=4",
        Ok(&["-p ft2232h:port=B,speed=15MHz probe"]),
    ),
    (
        HEADS,
        "SPI-Programmer-Best-Practices.md",
        "sudo flashrom --programmer ch347_spi",
        Ok(&["-p ch347 probe"]),
    ),
    (
        HEADS,
        "SPI-Programmer-Best-Practices.md",
        "sudo flashrom --programmer serprog:/dev/ttyACM0",
        Err("'/dev/ttyACM0' of serprog: a parameter is written as NAME=VALUE"),
    ),
    (
        HEADS,
        "SPI-Programmer-Best-Practices.md",
        "sudo flashrom --programmer ch341a_spi --chip W25Q64.V --write firmware.rom --progress",
        Ok(&["-p ch341a write firmware.rom"]),
    ),
    (
        HEADS,
        "x230-maximized.md",
        "sudo flashrom --programmer ch341a_spi --read ~/top.bin --chip YYY",
        Ok(&["-p ch341a read ~/top.bin"]),
    ),
    (
        HEADS,
        "T430-maximized.md",
        "sudo flashrom --verify ~/bottom.bin --programmer ch341a_spi --chip ZZZ",
        Ok(&["-p ch341a verify ~/bottom.bin"]),
    ),
    (
        COREBOOT,
        "tutorial/flashing_firmware/int_flashrom.md",
        "flashrom -p internal -w coreboot.rom",
        Err("internal"),
    ),
    (
        COREBOOT,
        "mainboard/lenovo/ivb_internal_flashing.md",
        "sudo flashrom -p internal -r bios_backup.rom --ifd -i bios",
        Err("its chip with a clip"),
    ),
    (
        COREBOOT,
        "mainboard/lenovo/ivb_internal_flashing.md",
        "sudo flashrom -p ch341a_spi -w bios_backup.rom --ifd -i bios",
        Ok(&["-p ch341a rewrite --layout chip --donor bios_backup.rom --set bios=donor"]),
    ),
    (
        COREBOOT,
        "mainboard/lenovo/t480.md",
        "sudo flashrom -p ch341a_spi -w coreboot.rom",
        Ok(&["-p ch341a write coreboot.rom"]),
    ),
    (
        COREBOOT,
        "mainboard/lenovo/t480.md",
        "sudo flashrom -p ch341a_spi -w coreboot.rom --ifd -i bios -N",
        Ok(&["-p ch341a rewrite --layout chip --donor coreboot.rom --set bios=donor"]),
    ),
    (CHROME, "", "sudo flashrom -p ch341a_spi", Ok(&["-p ch341a probe"])),
    (CHROME, "", "sudo flashrom -p ch341a_spi -r badflash.rom", Ok(&["-p ch341a read badflash.rom"])),
    (
        CHROME,
        "",
        "sudo flashrom -p ch341a_spi -v full.rom --ifd -i bios",
        Ok(&["-p ch341a verify full.rom --layout chip --region bios"]),
    ),
    (
        DASHARO,
        "",
        "sudo flashrom -p ch341a_spi -w firmware_backup.bin",
        Ok(&["-p ch341a write firmware_backup.bin"]),
    ),
    (
        DASHARO,
        "",
        "flashrom -p linux_spi:dev=/dev/spidev1.0,spispeed=16000 -w 7D25v13/E7D25IMS.130",
        Ok(&["-p spidev:dev=/dev/spidev1.0,speed=16000kHz write 7D25v13/E7D25IMS.130"]),
    ),
    (
        LIBREBOOT,
        "",
        "sudo ./flashrom -p linux_spi:dev=/dev/spidev0.0 -r test.rom",
        Ok(&["-p spidev:dev=/dev/spidev0.0 read test.rom"]),
    ),
    (
        LIBREBOOT,
        "",
        "./flashrom -p linux_spi:dev=/dev/spidev0.0,spispeed=512 --chip MX25L6405D -w libreboot.rom",
        Ok(&["-p spidev:dev=/dev/spidev0.0,speed=512kHz write libreboot.rom"]),
    ),
    (
        "http://retroreddit.com/r/libreboot/comments/1kvn9ei",
        "",
        "sudo flashrom -p ch341a_spi -r backup.bin",
        Ok(&["-p ch341a read backup.bin"]),
    ),
    (
        "https://forum.archive.openwrt.org/viewtopic.php?id=69483",
        "",
        "flashrom --p linux_spi:dev=/dev/spidev0.0 -r openwrt.bin",
        Ok(&["-p spidev:dev=/dev/spidev0.0 read openwrt.bin"]),
    ),
    (
        "https://github.com/gnubee-git/GnuBee_Docs/issues/77",
        "",
        "./flashrom -p ch341a_spi",
        Ok(&["-p ch341a probe"]),
    ),
    (
        "https://github.com/parasite85/tuya_tygwzw1_hack/issues/8",
        "",
        "./flashrom -p ch341a_spi -w /Users/macuser/Downloads/OpenRTL8710A_1.18.101.bin",
        Ok(&["-p ch341a write /Users/macuser/Downloads/OpenRTL8710A_1.18.101.bin"]),
    ),
    ("http://w.owiki.org/wiki/Flashrom", "", "flashrom -p internal -r backup.bin", Err("internal")),
    (
        "http://www.mail-archive.com/flashrom@flashrom.org/msg15192.html",
        "",
        "flashrom -p ft2232_spi:type=2232H,port=B,divisor=4 -r firmware.bin",
        Ok(&["-p ft2232h:port=B,speed=15MHz read firmware.bin"]),
    ),
    (
        LIST,
        "GTS7U7YEZSVSORSGJR3XCSPTDMOJMDHR",
        "sudo flashrom --programmer ch341a_spi -r new.bin",
        Ok(&["-p ch341a read new.bin"]),
    ),
    (
        LIST,
        "54WO6VBEVBZSN5XFDYBVYGTVVV6VLUDP",
        "./flashrom -p ft2232_spi:type=2232H,port=A, divisor=4",
        Err("'divisor=4' belongs to no option"),
    ),
    (
        LIST,
        "4K2D5ZOQXGZBT75K3A5GWS5R44SHR6ZW",
        "flashrom -p ft2232_spi:type=jtagkey -w V2H0ET11.BIN",
        Ok(&["-p jtagkey write V2H0ET11.BIN"]),
    ),
    (
        LIST,
        "EY6DC65W5QUXUPSMVC2SG2AVTJ355TB2",
        "sudo flashrom -r oldefi1.bin -V -p linux_spi:dev=/dev/spidev0.0",
        Ok(&["-p spidev:dev=/dev/spidev0.0 read oldefi1.bin"]),
    ),
    (
        "https://forum.mangopi.org/t/flashrom-spi-flash/1086",
        "",
        "flashrom -p linux_spi:dev=/dev/spidev32766.1 -r test.bin -VV",
        Ok(&["-p spidev:dev=/dev/spidev32766.1 read test.bin"]),
    ),
    (
        MANUAL,
        "",
        "flashrom -p ch341a_spi -l rom.layout -i normal -i fallback -w some.rom",
        Ok(&[
            "-p ch341a rewrite --layout rom.layout --donor some.rom --set normal=donor --set fallback=donor",
        ]),
    ),
    (
        MANUAL,
        "",
        "flashrom -p ch341a_spi -l l.txt -i foo:foo.bin -i bar:bar.bin -r rom.bin",
        Ok(&[
            "-p ch341a read foo.bin --layout l.txt --region foo",
            "-p ch341a read bar.bin --layout l.txt --region bar",
        ]),
    ),
    (
        MANUAL,
        "",
        "flashrom -p ch341a_spi -l l.txt -i foo:foo.bin -i bar:bar.bin -w rom.bin",
        Ok(&[
            "-p ch341a rewrite --layout l.txt --donor file1=foo.bin --set foo=file1 --donor file2=bar.bin --set bar=file2",
        ]),
    ),
    (
        MANUAL,
        "",
        "flashrom -p ch341a_spi --fmap-file some.rom --image COREBOOT -w some.rom",
        Ok(&["-p ch341a rewrite --layout some.rom --donor some.rom --set COREBOOT=donor"]),
    ),
    (MANUAL, "", "flashrom -p ft2232_spi:gpiol0=H", Ok(&["-p ft4232h:wp=gpiol0 probe"])),
];

/// Lines of no guide, for the rest of the options.
const MORE: &[(&str, Wanted)] = &[
    ("-E -p ch341a", Ok(&["-p ch341a erase --all"])),
    (
        "-E -p ch341a -l l.txt -i a -i b",
        Ok(&["-p ch341a erase --layout l.txt --region a", "-p ch341a erase --layout l.txt --region b"]),
    ),
    ("-w - -p ch341a", Ok(&["-p ch341a write -"])),
    ("-r -p ch341a -l l.txt -i a:a.bin", Ok(&["-p ch341a read a.bin --layout l.txt --region a"])),
    ("-L", Ok(&["chips"])),
    ("-h", Ok(&["--help"])),
    ("--version -p ch341a_spi", Ok(&["--version"])),
    ("--flash-size -p ch341a_spi", Ok(&["-p ch341a probe"])),
    ("--wp-status --wp-list", Ok(&["protect show"])),
    ("--wp-disable", Ok(&["protect clear --permanent"])),
    ("--wp-range 0 0", Ok(&["protect clear --permanent"])),
    ("--wp-disable --wp-range=0,0 --wp-status", Ok(&["protect clear --permanent", "protect show"])),
    ("--wp-range 0x0,0x400000 --wp-enable", Ok(&["protect set 0x0+0x400000 --permanent"])),
    ("", Ok(&["probe"])),
    ("--wp-enable", Err("--wp-enable without --wp-range has no equivalent")),
    ("--wp-range 0,0 --wp-enable", Err("has no equivalent")),
    ("--wp-range all", Err("not START,LENGTH")),
    ("--wp-region bios -l l.txt", Err("--wp-region has no equivalent")),
    ("--wp-disable -w f", Err("their order would be a guess")),
    ("-f -w f", Err("-f has no equivalent")),
    ("-x -l l.txt", Err("-x has no equivalent")),
    ("-z", Err("-z has no equivalent")),
    ("--get-counter", Err("--get-counter has no equivalent")),
    ("-r f -l l.txt -i a -i b", Err("-r with several regions and one file has no equivalent")),
    ("-w f -i a", Err("no map says where it is")),
    ("-w f -i a --ifd -l l.txt", Err("several maps")),
    ("-r f -w g", Err("-r and -w on one line")),
    ("-r", Err("-r lacks its file")),
    ("-p a -p b", Err("given twice")),
    ("-p ch341a_spy -r f", Err("programmer 'ch341a_spy'; did you mean 'ch341a_spi'?")),
    ("-p nonesuch:dev=1 -r f", Err("neither flashrom nor norsplice has a programmer 'nonesuch'")),
    ("-p emu:chip=W25Q64FV -r f", Ok(&["-p emu:chip=W25Q64FV read f"])),
    (
        "-p ch347:speed=15MHz -r f --fmap -i RO",
        Ok(&["-p ch347:speed=15MHz read f --layout chip --region RO"]),
    ),
];

fn check(line: &str, wanted: &Wanted) {
    let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
    let translated = translate(&words);
    match wanted {
        Ok(ours) => {
            let translation = translated.unwrap_or_else(|refused| panic!("{line}: {refused:?}"));
            let programmer =
                translation.programmer.iter().map(|spec| format!("-p {spec} ")).collect::<String>();
            let all: Vec<String> =
                translation.commands.iter().map(|words| format!("{programmer}{}", words.join(" "))).collect();
            assert_eq!(all, *ours, "{line}");
            for command in all.iter().filter(|line| !line.starts_with("--")) {
                let words = std::iter::once("norsplice").chain(command.split(' '));
                let parsed = help::command().try_get_matches_from(words);
                assert!(parsed.is_ok(), "{command} is not a command line of norsplice: {parsed:?}");
            }
        }
        Err(wanted) => {
            let refused = translated.expect_err(line);
            let failure = Failure::from(refused);
            assert!(failure.message.contains(wanted), "{line}: {}", failure.message);
        }
    }
}

#[test]
fn lines_of_public_guides() {
    let mut pages: Vec<(&str, &str)> = LINES.iter().map(|(site, page, ..)| (*site, *page)).collect();
    pages.dedup();
    assert!(pages.len() >= 20, "{} pages", pages.len());
    assert!(pages.iter().all(|(site, _)| site.starts_with("http")), "each line has its address");
    LINES.iter().for_each(|(_, _, line, wanted)| check(line, wanted));
}

#[test]
fn the_rest_of_the_options() {
    MORE.iter().for_each(|(line, wanted)| check(line, wanted));
}

#[test]
fn what_is_done_otherwise_is_noted() {
    let notes = |line: &str| {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        translate(&words).unwrap().notes
    };
    let name = |text: &str| text.to_owned();
    assert_eq!(
        notes("-p ch341a_spi -c X -n -N -o log --flash-contents g --sacrifice-ratio 5 -V --progress -w f"),
        [
            Note::ChipUnchecked(name("X")),
            Note::AlwaysVerified(name("-n")),
            Note::WrittenVerified(name("-N")),
            Note::Log(name("log")),
            Note::ContentsRead(name("--flash-contents")),
            Note::EraseByTime(name("--sacrifice-ratio")),
            Note::BackupAndQuestion,
        ]
    );
    assert_eq!(notes("-r f --ifd -i bios"), [Note::RegionAlone(name("f"))]);
    assert_eq!(notes("-r f -l l -i a:a.bin"), [Note::FileUnused(name("f"))]);
    assert_eq!(notes("--wp-range 0,4096 --wp-enable"), [Note::PinNotUsed]);
    assert_eq!(notes("--wp-disable"), [Note::RangeCleared]);
    assert!(notes("-r f").is_empty());
}
