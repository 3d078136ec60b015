//! Tests of the judgement of rescue files, and of edits, recognition and recipes, on boards made from seeds.

use crate::image::container::bytes::Endianness;
use crate::image::container::tplink;
use crate::image::container::uboot_env::tests::make;
use crate::image::synthetic::{self, FirmwareSpec, Unit};
use crate::image::*;

fn mr200() -> &'static Board {
    Board::named("archer-mr200-v1").unwrap()
}

fn unit() -> Unit {
    Unit { mac: [0x30, 0xb5, 0xc2, 1, 2, 3], seed: 1, profile: None }
}

fn small() -> FirmwareSpec {
    FirmwareSpec { kernel: 0x1_1000, rootfs: 0x1_2000, ..FirmwareSpec::default() }
}

fn loader() -> Vec<u8> {
    synthetic::loader(1, "Mar 10 2016 - 09:12:44")
}

fn chip(hardware: (u32, u32, u32)) -> Vec<u8> {
    synthetic::chip(&unit(), &loader(), &synthetic::firmware(&FirmwareSpec { hardware, ..small() }))
}

const OURS: (u32, u32, u32) = (0xd750_0001, 0x4a, 1);

fn stops(board: &Board, file: &[u8]) -> Vec<&'static str> {
    let found = check_tftp(board, file).unwrap();
    checks::stopping(&found, &Allow::default()).iter().map(|f| f.name).collect()
}

#[test]
fn what_the_splice_makes_for_tftp_is_what_the_board_takes() {
    let base = Image::new(chip(OURS));
    let openwrt = FirmwareSpec { fw_length: 0x7b_0000, ..small() };
    for donor in [
        synthetic::vendor_file(&loader(), &synthetic::firmware(&small())),
        synthetic::sysupgrade(&openwrt, &["mr200"]),
        chip(OURS),
    ] {
        let choice = Choice { purpose: Purpose::Tftp, ..Choice::default() };
        let made = splice(&base, &[Donor::new("donor", donor)], mr200(), &choice).unwrap();
        assert_eq!(stops(mr200(), &made.image), Vec::<&str>::new());
    }
}

#[test]
fn files_that_would_kill_a_board_whose_rescue_writes_from_0() {
    let firmware = synthetic::firmware(&small());
    let web = synthetic::vendor_file(&loader(), &firmware);
    let with = |front: &[u8]| [front, &firmware].concat();
    assert_eq!(stops(mr200(), &with(&loader())), Vec::<&str>::new());
    for (file, name) in [
        (synthetic::sysupgrade(&small(), &["mr200"]), "no-loader"),
        (firmware.clone(), "no-loader"),
        (with(&[0; 0x2_0000]), "tftp-kind"),
        (with(&[0xff; 0x2_0000]), "tftp-kind"),
        (web.clone(), "header-kept"),
        (web[0x400..].to_vec(), "loader-cut"),
        (web[257..].to_vec(), "tftp-kind"),
        (chip(OURS), "too-long"),
        (loader(), "no-firmware"),
        (loader()[..0x1000].to_vec(), "truncated"),
        (with(&loader())[..0x10_0000].to_vec(), "truncated"),
        (vec![], "truncated"),
        (vec![0x78], "truncated"),
        (with(&synthetic::noise(3, 0x2_0000)), "loader-start"),
        ([&loader()[..], &synthetic::noise(3, 0x1_0000)].concat(), "inner-header"),
    ] {
        assert!(stops(mr200(), &file).contains(&name), "{name}: {:?}", stops(mr200(), &file));
    }
    let mut damaged = with(&loader());
    damaged[0x30_0000] ^= 1;
    assert_eq!(stops(mr200(), &damaged), ["md5"]);
    let others = synthetic::firmware(&FirmwareSpec { hardware: (0xc750_0001, 0x32, 0), ..small() });
    assert_eq!(stops(mr200(), &[loader(), others].concat()), ["hardware-id"]);
    let mut modem = with(&loader());
    modem.extend(synthetic::noise(8, 0x1_0000));
    assert_eq!(stops(mr200(), &modem), ["modem-in-config"]);
}

#[test]
fn files_for_a_board_whose_rescue_skips_the_loader() {
    let v5 = Board::named("tl-mr6400-v5").unwrap();
    let spec = FirmwareSpec { hardware: (0x6400_0005, 5, 5), ..small() };
    let firmware = synthetic::firmware(&spec);
    assert_eq!(stops(v5, &[&[0; 0x2_0000][..], &firmware].concat()), Vec::<&str>::new());
    assert_eq!(stops(v5, &firmware), ["tftp-kind", "inner-header"]);
    assert_eq!(stops(v5, &[loader(), firmware.clone()].concat()), ["tftp-kind"]);
    assert!(stops(v5, &synthetic::vendor_file(&loader(), &firmware)).contains(&"header-kept"));
    assert!(check_tftp(Board::named("archer-c20-v1").unwrap(), &firmware).is_err());

    // The splice makes that kind for that board.
    let mut base = synthetic::chip(&unit(), &loader(), &firmware);
    base[0x7d_f100..0x7d_f106].fill(0xff);
    base[0x7e_f100..0x7e_f106].copy_from_slice(&unit().mac);
    base[0x7f_0000] = 0x28;
    let choice = Choice { purpose: Purpose::Tftp, ..Choice::default() };
    let made = splice(&Image::new(base), &[Donor::new("donor", firmware.clone())], v5, &choice).unwrap();
    assert!(made.image.bytes() == [&[0; 0x2_0000][..], &firmware].concat());
}

#[test]
fn the_address_is_edited_where_the_board_has_it() {
    let base = Image::new(chip(OURS));
    let donors = [Donor::new("donor", synthetic::firmware(&small()))];
    let with = |mac, purpose| Choice {
        edits: Edits { mac: Some(mac), ..Edits::default() },
        purpose,
        ..Choice::default()
    };
    let new = [0x30, 0xb5, 0xc2, 9, 9, 9];
    let made = splice(&base, &donors, mr200(), &with(new, Purpose::Programmer)).unwrap();
    assert_eq!(made.image[0x7d_f100..0x7d_f106], new);
    let row = made.units.iter().find(|u| u.name == "MAC").unwrap();
    assert_eq!((row.result.as_str(), row.same), ("30:b5:c2:09:09:09", false));
    assert!(made.findings.iter().any(|f| f.name == "edited"));
    for (mac, purpose) in
        [([1, 0, 0, 0, 0, 1], Purpose::Programmer), ([0xff; 6], Purpose::Programmer), (new, Purpose::Tftp)]
    {
        assert!(splice(&base, &donors, mr200(), &with(mac, purpose)).is_err());
    }
    // Where the address is in the loader, it stays with the board when the loader is another's.
    let board = Board::named("tl-mr6400-v1").unwrap();
    let mut old = chip(OURS);
    old[0x1_fc00..0x1_fc06].copy_from_slice(&unit().mac);
    old[0x7f_0000..].fill(0xff);
    let art = synthetic::noise(6, 0x440);
    old[0x7f_1000..0x7f_1440].copy_from_slice(&art);
    old[0x7f_1000..0x7f_1002].copy_from_slice(&[2, 2]);
    let theirs = synthetic::loader(2, "Aug 31 2015 - 16:32:16");
    let mut choice = Choice::default();
    choice.set("u-boot=boot").unwrap();
    choice.set("firmware=own").unwrap();
    let made = splice(&Image::new(old), &[Donor::new("boot", theirs.clone())], board, &choice).unwrap();
    assert_eq!(made.image[0x1_fc00..0x1_fc06], unit().mac);
    assert_eq!(made.image[..0x1_fc00], theirs[..0x1_fc00]);
}

#[test]
fn u_boot_variables_are_set_in_every_good_copy() {
    let layout = parse_any(
        b"00000000:0001ffff u-boot\n00020000:00020fff u-boot-env\n00021000:00021fff u-boot-env2\n00030000:007fffff firmware\n",
        None,
    )
    .unwrap();
    let board = Board::from_layout("x", layout).unwrap();
    let mut base = synthetic::noise(1, 0x80_0000);
    base[..0x2_0000].copy_from_slice(&loader());
    let text = b"bootdelay=2\0ethaddr=30:b5:c2:a1:b2:c3\0\0";
    for (at, flag) in [(0x2_0000, 1), (0x2_1000, 0)] {
        base[at..at + 0x1000].copy_from_slice(&make(0x1000, Endianness::Little, Some(flag), text));
    }
    let mut choice = Choice::default();
    choice.set("firmware=own").unwrap();
    choice.edits.env.push("bootdelay=7".parse().unwrap());
    let made = splice(&Image::new(base.clone()), &[], &board, &choice).unwrap();
    for at in [0x2_0000, 0x2_1000] {
        let env = container::uboot_env::parse(&made.image, at).unwrap();
        assert!(env.size.is_some() && env.variables[0] == ("bootdelay".to_owned(), "7".to_owned()));
    }
    assert!(made.image[..0x2_0000] == base[..0x2_0000] && made.image[0x2_2000..] == base[0x2_2000..]);
    let none = splice(&Image::new(synthetic::noise(1, 0x80_0000)), &[], &board, &choice);
    assert!(none.unwrap_err().to_string().contains("environment"));
}

#[test]
fn a_dump_names_its_board_by_its_header() {
    let one = |dump: &[u8]| auto(dump, &[]).map(|r| r.board.name.clone());
    assert_eq!(one(&chip(OURS)).unwrap(), "archer-mr200-v1");
    assert_eq!(one(&chip((0xc750_0001, 0x32, 0))).unwrap(), "archer-c2-v1");
    assert_eq!(one(&chip((0xc750_0001, 0x45, 2))).unwrap(), "archer-c50-v1");
    let by = &recognise(&chip(OURS))[0].by;
    assert!(by[0].contains("D7500001/4A/1") && by[1].contains("30:b5:c2:01:02:03"), "{by:?}");
    // Without a header several boards of the same map fit, and the user must say which.
    let mut bare = chip(OURS);
    bare[0x2_0000..0x2_0200].fill(0xff);
    let e = one(&bare).unwrap_err();
    let ImageError::Undecided { advice: checks::Advice::NameBoard { candidates }, .. } = &e else {
        panic!("{e}")
    };
    assert!(candidates.iter().any(|name| name == "archer-c2-v1"), "{candidates:?}");
    assert!(one(&[0xff; 0x80_0000]).is_err());
    assert!(one(&synthetic::noise(1, 0x80_0000)).is_err());
}

#[test]
fn a_report_holds_the_recipe_that_repeats_the_splice() {
    let base = Image::new(chip(OURS));
    let file = synthetic::sysupgrade(&FirmwareSpec { fw_length: 0x7b_0000, ..small() }, &["mr200"]);
    let donors = [Donor::new("donor", file.clone())];
    let mut choice = Choice { allow: Allow::new(["region"]), ..Choice::default() };
    choice.edits.mac = Some([0x30, 0xb5, 0xc2, 9, 9, 9]);
    let made = splice(&base, &donors, mr200(), &choice).unwrap();
    let recipe = Recipe::of("archer-mr200-v1", &made, &choice, &[("donor", "f.bin", &file)]);
    let again = Recipe::parse(&recipe.write()).unwrap();
    assert_eq!(again, recipe);
    again.donors[0].check(&file).unwrap();
    let repeated = splice(&base, &donors, mr200(), &again.choice().unwrap()).unwrap();
    assert!(repeated.image == made.image);
    let config = made.regions.iter().find(|r| r.name == "config").unwrap();
    assert_eq!(config.from, Source::Donor("donor".to_owned()));
    assert!(config.why.contains("runs on"), "{}", config.why);
    assert!(tplink::parse(&made.image, 0x2_0000).is_some());
}
