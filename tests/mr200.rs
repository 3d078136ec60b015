//! The MR200 splice on files whose headers and sums other programs made: what comes out, and what is refused.
//!
//! The files are put together from the pieces in `tests/data/mr200`; those that are told by their SHA-256 are, to
//! the byte, what the other programs wrote, and so are the results.

use norsplice::image::{
    Allow, Board, Choice, Donor, Image, ImageError, Purpose, Severity, check_tftp, checks, sha256, splice,
};

macro_rules! piece {
    ($name:literal) => {
        include_bytes!(concat!("data/mr200/", $name, ".bin")).as_slice()
    };
}

const CHIP: usize = 0x80_0000;

/// `len` bytes of FF with pieces laid over.
fn laid(len: usize, pieces: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0xff; len];
    for (at, piece) in pieces {
        bytes[*at..at + piece.len()].copy_from_slice(piece);
    }
    bytes
}

fn told(bytes: Vec<u8>, hash: &str) -> Vec<u8> {
    assert_eq!(sha256(&bytes), hash);
    bytes
}

/// The board on the bench; all of it but the operator's kernel and file system.
fn isp() -> Vec<u8> {
    let pieces = [
        (0, piece!("isp-loader")),
        (0x2_0000, piece!("isp-header")),
        (0x7d_f100, piece!("isp-rom")),
        (0x7e_0000, piece!("isp-romfile")),
        (0x7f_0000, piece!("isp-radio-2g")),
        (0x7f_8000, piece!("isp-radio-5g")),
    ];
    laid(CHIP, &pieces)
}

fn firmware() -> Vec<u8> {
    let bytes = laid(0x7a_0000, &[(0, piece!("stock-kernel")), (0x14_0000, piece!("stock-rootfs"))]);
    told(bytes, "69c83299e925eafc2fa942972aeebcbc4bf983f390f8c7d423549ca706884d95")
}

fn stock() -> Vec<u8> {
    let pieces = [
        (0, piece!("stock-loader")),
        (0x2_0000, &firmware()),
        (0x7c_0000, piece!("stock-config")),
        (0x7d_f100, piece!("stock-rom")),
        (0x7f_0000, piece!("stock-radio-2g")),
        (0x7f_8000, piece!("stock-radio-5g")),
    ];
    told(laid(CHIP, &pieces), "a4442e99076774aba6759b74b2230effbe109c320355e1b17298dddfeaac3c35")
}

/// A vendor file with boot loader under this outer header.
fn vendor(header: &[u8]) -> Vec<u8> {
    laid(0x7c_0200, &[(0, header), (0x200, piece!("stock-loader")), (0x2_0200, &firmware())])
}

fn web() -> Vec<u8> {
    told(vendor(piece!("web-header")), "95cc9adb4adcae5e4b35568c827aaef2ad8df1e86ba71a15afa64261bfe55bc4")
}

fn web_with_modem() -> Vec<u8> {
    let mut bytes = vendor(piece!("modem-header"));
    bytes.extend_from_slice(piece!("modem"));
    told(bytes, "e458d470e00c366c9b26b8b2454bc166917b8826fefca166c4d54e0d3ef9f4c1")
}

fn sysupgrade() -> Vec<u8> {
    let bytes = piece!("openwrt-sysupgrade").to_vec();
    told(bytes, "b00e98ec3a9f4ec51617aadd41fec9f52d878a3099be2bdbec5bc5608b1f693e")
}

/// The board on the bench after OpenWrt's first boot on it.
fn openwrt() -> Vec<u8> {
    let mut bytes = isp();
    let image = &sysupgrade()[..0x1e_0000];
    bytes[0x2_0000..0x20_0000].copy_from_slice(image);
    bytes[0x20_0000..0x20_0000 + piece!("overlay").len()].copy_from_slice(piece!("overlay"));
    told(bytes, "3b9318b8b3de8743f35f6eb19d74bef1da30a55f34bbdd044949677cf88eddb4")
}

fn board() -> &'static Board {
    Board::named("archer-mr200-v1").expect("the board is built in")
}

struct Words<'a> {
    set: &'a [&'a str],
    allow: &'a [&'a str],
    purpose: Purpose,
}

const DEFAULT: Words = Words { set: &[], allow: &[], purpose: Purpose::Programmer };
const TFTP: Words = Words { purpose: Purpose::Tftp, ..DEFAULT };

fn run(base: Vec<u8>, donors: &[(&str, Vec<u8>)], words: &Words) -> Result<Vec<u8>, ImageError> {
    let donors: Vec<Donor> = donors.iter().map(|(name, bytes)| Donor::new(*name, bytes.clone())).collect();
    let allow = Allow::new(words.allow.iter().copied());
    let mut choice = Choice::default();
    (choice.allow, choice.purpose) = (allow, words.purpose);
    for text in words.set {
        choice.set(text)?;
    }
    splice(&Image::new(base), &donors, board(), &choice).map(|spliced| spliced.image.into_bytes())
}

fn made(base: Vec<u8>, donor: Vec<u8>, words: &Words) -> String {
    sha256(&run(base, &[("donor", donor)], words).expect("it passes"))
}

const CLEAN: &str = "36471332f14b232088bae1122147086cb867997463cf1f3a7cd9c80860aa519c";
const TFTP_WEB: &str = "92b9bf01946c4b81bd97a824cfd6317bc35a15b9a236b0f50891953fdca399d4";

#[test]
fn the_recommended_splice_from_every_donor_and_base() {
    for donor in [stock(), web(), web_with_modem(), firmware()] {
        assert_eq!(made(isp(), donor, &DEFAULT), CLEAN);
    }
    assert_eq!(made(openwrt(), web(), &DEFAULT), CLEAN);
}

#[test]
fn the_rescue_file_from_every_donor() {
    for donor in [stock(), web(), web_with_modem(), firmware()] {
        assert_eq!(made(isp(), donor, &TFTP), TFTP_WEB);
    }
    let openwrt = "e357002a937f5cb4e29cb664817fc63d8a2669d756da0445d02fee8e6c6e0776";
    assert_eq!(made(isp(), sysupgrade(), &TFTP), openwrt);
}

#[test]
fn the_literal_recipes_with_the_words_their_warnings_ask_for() {
    let keep_tail = Words { set: &["config=donor", "romfile=own"], ..DEFAULT };
    assert_eq!(
        made(isp(), stock(), &keep_tail),
        "69562791f9ef581807abc2465e5562a1178a754d0bd3429c3d96e408fd8eb167"
    );
    let literal = Words { set: &["config=donor"], ..TFTP };
    let e = run(isp(), &[("donor", web_with_modem())], &literal).expect_err("it asks");
    let names: Vec<_> = e.findings().iter().map(|f| f.name).collect();
    assert_eq!(names, ["modem-in-config"]);
    let allowed = Words { allow: &["modem-in-config"], ..literal };
    assert_eq!(
        made(isp(), web_with_modem(), &allowed),
        "ddd4a8ba42f6dd7f549a4d7c85ebd8a02a1e0905ccbeb19e5dba66c2c588283b"
    );
}

/// Refused, whatever is allowed; the first fault named is this one.
fn refused(base: Vec<u8>, donors: &[(&str, Vec<u8>)], set: &[&str], name: &str) {
    let words = Words { set, allow: &["all"], ..DEFAULT };
    let e = run(base, donors, &words).expect_err(name);
    let first = e.findings().first().map(|f| (f.name, f.severity));
    assert_eq!(first, Some((name, Severity::Refuse)), "{e}");
    assert!(e.to_string().contains(name));
}

#[test]
fn bad_files_are_refused_as_donors() {
    let donor = |bytes: Vec<u8>| [("donor", bytes)];
    let mut damaged = web();
    damaged[0x30_0000] = 0x5a;
    refused(isp(), &donor(damaged), &[], "md5");
    let mut others = vendor(piece!("c2v1-header"));
    let inner = piece!("c2v1-inner-header");
    others[0x2_0200..0x2_0200 + inner.len()].copy_from_slice(inner);
    let others = told(others, "81e034e8478e0b35ab211437209341855de2132a000fdaf3526aa6e601c1016e");
    refused(isp(), &donor(others), &[], "hardware-id");
    refused(isp(), &donor(web()[..0x40_0000].to_vec()), &[], "truncated");
    let long = laid(0x94_1000, &[(0, &firmware()), (0, piece!("too-long-header"))]);
    refused(isp(), &donor(long), &[], "too-long");
    let mut broken = sysupgrade();
    broken[0x1000] ^= 1;
    refused(isp(), &donor(broken), &[], "md5");
    let kept =
        told(web()[..0x2_0000].to_vec(), "b6b5ee2ec28bab2491a3cda55f6396cee1e3d12b5244fbaf9d7745689730aab4");
    refused(isp(), &[("donor", web()), ("boot", kept.clone())], &["u-boot=boot"], "header-kept");
    refused(isp(), &donor(kept), &["u-boot=donor"], "header-kept");
}

#[test]
fn bad_dumps_are_refused_as_base_and_as_donor() {
    let mut mirrored = isp();
    let (low, high) = mirrored.split_at_mut(CHIP / 2);
    high.copy_from_slice(low);
    let mut other_radio = isp();
    other_radio[0x7f_0000] = 0x28;
    for (name, dump) in
        [("blank-dump", vec![0xff; CHIP]), ("mirrored-dump", mirrored), ("wrong-calibration", other_radio)]
    {
        refused(dump.clone(), &[("donor", web())], &[], name);
        refused(isp(), &[("donor", dump)], &[], name);
    }
}

#[test]
fn a_rescue_file_without_a_loader_is_refused() {
    let stops = |file: &[u8]| {
        let found = check_tftp(board(), file).expect("the board's rescue is known");
        checks::stopping(&found, &Allow::new(["all"])).iter().map(|f| f.name).collect::<Vec<_>>()
    };
    assert_eq!(stops(&sysupgrade()), ["no-loader", "inner-header"]);
    let good = run(isp(), &[("donor", sysupgrade())], &TFTP).expect("it passes");
    assert_eq!(stops(&good), Vec::<&str>::new());
}
