//! TP-Link's header as what is in front of a firmware in flash.

use std::rc::Rc;

use super::compose::{seal, with_boot};
use super::header::{Structure, TplinkHeader, parse};
use crate::image::container::envelope::{Country, Envelope, HardwareId, Md5Verdict, Sealed};
use crate::image::container::item::ItemKind;

/// The header at `offset`, where it is one without a boot loader: the one before a loader never is in flash.
pub(crate) fn read(bytes: &[u8], offset: u64) -> Option<Rc<dyn Envelope>> {
    let header = parse(bytes, offset).filter(|header| !header.has_boot())?;
    Some(Rc::new(header))
}

impl Envelope for TplinkHeader {
    fn kind(&self) -> ItemKind {
        TplinkHeader::kind(self)
    }

    fn name(&self) -> &'static str {
        "TP-Link header"
    }

    fn offset(&self) -> u64 {
        self.offset
    }

    fn at_start(&self) -> Rc<dyn Envelope> {
        Rc::new(TplinkHeader { offset: 0, ..self.clone() })
    }

    fn hardware(&self) -> HardwareId {
        HardwareId { id: self.hw_id, rev: self.hw_rev, text: TplinkHeader::hardware(self) }
    }

    fn country(&self) -> Option<Country> {
        let add = self.hw_ver_add.map(|value| Country {
            field: "hw_ver_add",
            value,
            texts: Vec::new(),
            changed_by_page: true,
        });
        add.or_else(|| {
            let texts = self.region_texts.clone();
            self.region.map(|value| Country { field: "region", value, texts, changed_by_page: false })
        })
    }

    fn room(&self) -> Option<u64> {
        Some(u64::from(self.fw_length))
    }

    fn ends(&self) -> Vec<(&'static str, u64)> {
        if self.has_boot() {
            return Vec::new();
        }
        vec![
            ("fw_length", u64::from(self.fw_length)),
            ("the kernel's end", self.kernel.end()),
            ("the root file system's end", self.rootfs.end()),
        ]
    }

    fn contents_end(&self) -> Option<u64> {
        Some(self.rootfs.end().max(self.kernel.end()))
    }

    fn root_end(&self) -> Option<u64> {
        Some(self.rootfs.end())
    }

    fn payload_at(&self) -> u64 {
        u64::from(self.kernel.offset)
    }

    fn check(&self, bytes: &[u8]) -> Option<Md5Verdict> {
        Some(self.check_md5(bytes))
    }

    fn describe(&self) -> String {
        let [high, mid, low] = self.software;
        format!("{}, {}, software {high}.{mid}.{low}", TplinkHeader::kind(self), TplinkHeader::hardware(self))
    }

    fn seal(&self, loader: &[u8], firmware: &[u8]) -> Result<Sealed, String> {
        // Files of the first structure come without a loader.
        if self.structure == Structure::V1 {
            let mut bytes = firmware.to_vec();
            bytes.resize(self.fw_length as usize, 0xff);
            seal(&mut bytes, 0).map_err(|error| error.to_string())?;
            return Ok(Sealed { bytes, with_loader: false });
        }
        let bytes = with_boot(loader, firmware).map_err(|error| error.to_string())?;
        Ok(Sealed { bytes, with_loader: true })
    }
}
