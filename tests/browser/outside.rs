//! The static site, and a programmer outside of the browser that its pages reach by USB transfers.

use super::driver::Browser;
use super::page::browser;
use super::site::Site;
use norsplice::emulator::usbip::{Export, Server};
use norsplice::emulator::{Emulator, Options};
use std::path::PathBuf;

/// Which clock the emulated programmer has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// As on a desk: a chip is busy for as long as it says, an FTDI chip ends transfers by its timer.
    OfTheWorld,
    /// Moved by the device's own work alone, as in a program that the emulator is part of: the transfers are the same each time.
    OfTheDevice,
}

/// A browser, the site, and the programmer.
pub struct Outside {
    pub browser: Browser,
    pub emulator: Emulator,
    pub site: Site,
}

impl Outside {
    /// Starts them, or says what is missing.
    pub fn start(options: Options, time: Time) -> Option<Self> {
        let files = site()?;
        let browser = browser()?;
        let emulator = Emulator::new(options).expect("the options fit");
        let export = Export::new(&emulator, 1);
        let export = if time == Time::OfTheDevice { export.in_its_own_time() } else { export };
        let at = "127.0.0.1:0".parse().expect("an address");
        let server = Server::bind(at, false, vec![export]).expect("a port");
        let programmer = server.address().expect("its address");
        // Ends with the process.
        std::thread::spawn(move || server.run(&|| false, &|_| {}));
        Some(Self { browser, emulator, site: Site::start(&files, programmer) })
    }
}

/// The folder with the static site, where `.ci/page` has made it.
fn site() -> Option<PathBuf> {
    let named = std::env::var_os("NORSPLICE_PAGE").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/target/page").into());
    if folder.join("norsplice-engine.wasm").exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("NORSPLICE_NEED_PAGE").is_none(), "there is no {}", folder.display());
    eprintln!(
        "ATTENTION: the static site is not tested here: there is no {}; .ci/page makes it",
        folder.display()
    );
    None
}
