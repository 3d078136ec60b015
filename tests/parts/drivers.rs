//! Embedded flash drivers by others, unmodified, over the SPI faces, on the emulated chip.
//!
//! w25q (a fork of spi-memory): its multi-sector erase steps by pages, so it erases one at a time here. spi-flash brings a
//! trait of its own; its SFDP decoder is a second opinion on ours.

use super::direct::Direct;
use super::session::{connect, noise};
use norsplice::emulator::chip::find;
use norsplice::spi::{Op, Programmer, Transaction, hal};
use std::time::Duration;

fn used(name: &str) -> (Direct, Vec<u8>) {
    let programmer = Direct::new(find(name).unwrap(), 41);
    let held = noise(find(name).unwrap().size, 41);
    programmer.chip.borrow_mut().contents_mut().copy_from_slice(&held);
    (programmer, held)
}

#[test]
fn w25q_reads_erases_and_writes() {
    for name in ["W25Q64FV", "GD25Q64C", "MX25L6433F"] {
        let (programmer, mut expected) = used(name);
        let (bus, select) = hal::split(programmer.clone());
        let mut flash = w25q::series25::Flash::init(bus, select).unwrap();
        let id = flash.read_jedec_id().unwrap();
        assert_eq!(
            [id.mfr_code(), id.device_id()[0], id.device_id()[1]],
            find(name).unwrap().jedec_id[..3],
            "{name}"
        );
        let mut found = vec![0; 0x1_0000];
        flash.read(0x12_3456, &mut found).unwrap();
        assert!(found == expected[0x12_3456..][..0x1_0000], "{name}");
        flash.erase_sectors(0x4_2000, 1).unwrap();
        let mut image = noise(0x1000, 42);
        flash.write_bytes(0x4_2000, &mut image.clone()).unwrap();
        flash.read(0x4_2000, &mut found[..0x1000]).unwrap();
        assert!(found[..0x1000] == image, "{name}");
        expected[0x4_2000..][..0x1000].swap_with_slice(&mut image);
        assert!(programmer.chip.borrow().contents() == expected, "{name}");
        assert_eq!(programmer.misdeeds(), "", "{name}");
    }
}

/// spi-flash's own way to a chip.
struct Access(Direct);

/// Nothing fails on this way.
enum Never {}

impl From<Never> for spi_flash::Error {
    fn from(never: Never) -> Self {
        match never {}
    }
}

impl spi_flash::FlashAccess for Access {
    type Error = Never;

    fn exchange(&mut self, data: &[u8]) -> Result<Vec<u8>, Self::Error> {
        let mut both = data.to_vec();
        self.0.run(&mut [Transaction { ops: vec![Op::Transfer(&mut both)], pause: Duration::ZERO }]).unwrap();
        Ok(both)
    }

    fn delay(&mut self, time: Duration) {
        self.0.sleep(time);
    }
}

#[test]
fn spi_flash_decodes_reads_and_programs() {
    for name in ["W25Q64FV", "W25Q64JV"] {
        let (programmer, mut expected) = used(name);
        let mut access = Access(programmer.clone());
        let mut flash = spi_flash::Flash::new(&mut access);
        let params = flash.read_params().unwrap().expect("SFDP");
        // Two decoders, one opinion.
        let ours = connect(&programmer).unwrap().identity().sfdp_decoded.clone().unwrap();
        assert_eq!(params.capacity_bytes() as u64, ours.basic.size, "{name}");
        assert_eq!(flash.capacity(), Some(8 << 20), "{name}");
        flash.set_page_size(256);
        let found = flash.read(0x23_4567, 0x8000).unwrap();
        assert!(found == expected[0x23_4567..][..0x8000], "{name}");
        let mut image = noise(0x2000, 43);
        flash.program(0x5_0000, &image, true).unwrap();
        expected[0x5_0000..][..0x2000].swap_with_slice(&mut image);
        let held = programmer.chip.borrow();
        assert!(held.contents()[..0x5_0000] == expected[..0x5_0000], "{name}");
        assert!(held.contents()[0x5_0000..0x5_2000] == expected[0x5_0000..0x5_2000], "{name}");
        assert_eq!(held.counts().misdeed_text(), "", "{name}");
    }
}
