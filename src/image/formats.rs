//! The table of container formats, one row for each format. A format is added by one file and one row.
//!
//! Three readers use it: the search of an inspection (`magics`, `edge`, `find`), the opening of donors (`firmware`)
//! and the reading of layouts (`layout`).

use std::rc::Rc;

use crate::image::container::budget::Look;
use crate::image::container::envelope::Envelope;
use crate::image::container::item::{Found, Item, ItemKind};
use crate::image::container::packed::{self, lzma};
use crate::image::container::payload::Payload;
use crate::image::container::{
    ambarella, arcadyan, art, bcm_tag, big_trx, cbfs, cfe_nvram, cramfs, cybertan, dtb, esp, esp_image, fit,
    flsh_nvram, fmap, intel, jffs2, mtk_boot, mtk_eeprom, overlay, rb_hardconfig, realtek, safeloader, seama,
    squashfs, sysupgrade, tplink, trx, ubi, uboot_env, uimage, xikestor, xml,
};
use crate::image::layout::Layout;
use crate::image::layouts;
use crate::image::pc;

/// A container format.
pub(crate) struct ContainerFormat {
    /// The kinds of the items that `find` makes.
    pub kinds: &'static [ItemKind],
    /// Byte strings at which `find` is called.
    pub magics: &'static [&'static [u8]],
    /// For a format without a magic number: `find` is called at every multiple of this, which is itself a multiple
    /// of [`SMALLEST_EDGE`].
    pub edge: Option<usize>,
    /// Reads what is at an offset: that of the magic number, or an edge.
    pub find: fn(&mut Look, usize) -> Option<Found>,
    /// Reads a header alone, for a format of which `find` wants more: enough to ask about, too little to name it.
    pub header: Option<fn(&Look, usize) -> Option<Item>>,
    /// How a file of this format serves as a donor's firmware.
    pub firmware: Option<AsFirmware>,
    /// How messages call a file of this format that is named and not opened as a donor.
    pub closed: Option<Closed>,
    /// True for data of one unit, such as calibration.
    pub of_unit: bool,
    /// For a file system that may be a firmware's root.
    pub file_system: Option<FileSystem>,
    /// Reads the layout of the flash out of a file with such a container anywhere in it.
    pub layout: Option<ReadLayout>,
}

/// How a file system comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileSystem {
    /// Made with the firmware, and only read.
    Packed,
    /// Written by the running system too: it may be an overlay alone.
    Written,
}

/// Reads a layout out of a file.
pub(crate) type ReadLayout = fn(&[u8]) -> Option<Layout>;

impl ContainerFormat {
    /// What `find` makes of the bytes at `at`.
    pub fn search(&self, look: &mut Look, at: usize) -> Option<Found> {
        let found = (self.find)(look, at)?;
        debug_assert!(self.kinds.contains(&found.item.kind), "the row lacks the kind {}", found.item.kind);
        Some(found)
    }

    /// What the bytes at `at` show of it, be it a header alone.
    pub fn shown(&self, look: &mut Look, at: usize) -> Option<Item> {
        match self.header {
            Some(read) => read(look, at),
            None => Some(self.search(look, at)?.item),
        }
    }
}

/// A file that is named and not opened as a donor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed {
    /// In words: `EcoNet TRX image`.
    pub name: &'static str,
    /// The offset in the file at which `find` is called.
    pub at: usize,
}

/// One whose magic number is its first bytes.
const fn closed(name: &'static str) -> Option<Closed> {
    Some(Closed { name, at: 0 })
}

/// How a file of a format serves as firmware.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsFirmware {
    /// The kind of item that counts.
    pub kind: ItemKind,
    /// In words, for tables and messages: `FIT image`.
    pub name: &'static str,
    /// Offsets in the file at which `find` is called.
    pub starts: &'static [usize],
    /// True where only an item without a bad check counts: the format shows by nothing else.
    pub only_sound: bool,
    /// True where the item ends with the kernel and the root file system is after it.
    pub root_follows: bool,
    /// True where a sum covers the overlay too: it is stale as soon as the system has run.
    pub sums_overlay: bool,
    /// What of the file goes to the flash.
    pub payload: for<'a> fn(&'a [u8]) -> Payload<'a>,
}

/// Reads a vendor's header at an offset.
type ReadEnvelope = fn(&[u8], u64) -> Option<Rc<dyn Envelope>>;

/// Every vendor's header that stays in flash in front of the firmware.
const ENVELOPES: &[ReadEnvelope] = &[tplink::envelope::read, cybertan::read];

/// The vendor's header at `offset`, as it is in flash; `None` where there is none.
pub(crate) fn envelope_at(bytes: &[u8], offset: u64) -> Option<Rc<dyn Envelope>> {
    ENVELOPES.iter().find_map(|read| read(bytes, offset))
}

/// A format that is found nowhere: what a row does not mention.
const ROW: ContainerFormat = ContainerFormat {
    kinds: &[],
    magics: &[],
    edge: None,
    find: |_, _| None,
    header: None,
    firmware: None,
    closed: None,
    of_unit: false,
    file_system: None,
    layout: None,
};

/// A file that goes to the flash as it is.
const fn whole(kind: ItemKind, name: &'static str) -> AsFirmware {
    AsFirmware {
        kind,
        name,
        starts: &[0],
        only_sound: false,
        root_follows: false,
        sums_overlay: false,
        payload: |bytes| Payload::Whole(bytes),
    }
}

/// The smallest edge in the table.
pub(crate) const SMALLEST_EDGE: usize = 0x400;

/// The edge of what is only ever a file of its own: nothing but the start of a file is at it.
const WHOLE_FILE: usize = 1 << 30;

/// Every format. Where several read the same bytes, the first row that finds something counts.
pub(crate) const FORMATS: &[ContainerFormat] = &[
    ContainerFormat {
        kinds: &tplink::KINDS,
        magics: &[&[1, 0, 0, 0], &[2, 0, 0, 0], &[3, 0, 0, 0]],
        find: tplink::item::find,
        ..ROW
    },
    ContainerFormat { kinds: &[cybertan::KIND], magics: &cybertan::KEPT, find: cybertan::find, ..ROW },
    ContainerFormat {
        kinds: &[uimage::KIND],
        magics: &[&uimage::MAGIC, &uimage::OKLI],
        find: uimage::find,
        firmware: Some(AsFirmware { root_follows: true, ..whole(uimage::KIND, "uImage") }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[uimage::KIND],
        edge: Some(0x1000),
        find: uimage::find_foreign,
        firmware: Some(AsFirmware { root_follows: true, ..whole(uimage::KIND, "uImage") }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[intel::KIND],
        magics: &[&intel::descriptor::SIGNATURE],
        find: intel::find,
        layout: Some(layouts::ifd::parse),
        ..ROW
    },
    ContainerFormat { kinds: &[pc::item::VOLUME], magics: &[b"_FVH"], find: pc::item::find, ..ROW },
    ContainerFormat { kinds: &[intel::gbe::KIND], edge: Some(WHOLE_FILE), find: intel::gbe::find, ..ROW },
    ContainerFormat {
        kinds: &[fmap::KIND],
        magics: &[fmap::MAGIC],
        find: fmap::find,
        layout: Some(layouts::fmap::find),
        ..ROW
    },
    ContainerFormat {
        kinds: &[safeloader::KIND],
        magics: &[safeloader::MAGIC],
        find: safeloader::find,
        firmware: Some(AsFirmware {
            starts: &safeloader::TABLES_AT,
            payload: safeloader::payload,
            ..whole(safeloader::KIND, "SafeLoader image")
        }),
        layout: Some(layouts::safeloader::find),
        ..ROW
    },
    ContainerFormat {
        kinds: &[dtb::KIND, fit::KIND],
        magics: &[&dtb::MAGIC],
        find: fit::find,
        firmware: Some(AsFirmware { root_follows: true, ..whole(fit::KIND, "FIT image") }),
        layout: Some(|bytes| layouts::device_tree::find(bytes).map(|(_, layout)| layout)),
        ..ROW
    },
    ContainerFormat {
        kinds: &[trx::KIND],
        magics: &[trx::MAGIC],
        find: trx::find,
        firmware: Some(AsFirmware { sums_overlay: true, ..whole(trx::KIND, "TRX image") }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[seama::KIND],
        magics: &[&seama::MAGIC],
        find: seama::find,
        firmware: Some(AsFirmware {
            sums_overlay: true,
            payload: |bytes| Payload::Whole(seama::without_seal(bytes)),
            ..whole(seama::KIND, "Seama image")
        }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[sysupgrade::KIND],
        magics: &[sysupgrade::TAR_MAGIC],
        find: sysupgrade::find_tar,
        firmware: Some(AsFirmware {
            starts: &[sysupgrade::TAR_MAGIC_AT],
            payload: sysupgrade::tar_payload,
            ..whole(sysupgrade::KIND, "sysupgrade file of the tar kind")
        }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[squashfs::KIND],
        magics: &[b"hsqs", b"sqsh", b"shsq", b"qshs", b"hsqt", b"tqsh"],
        find: squashfs::find,
        header: Some(squashfs::superblock),
        file_system: Some(FileSystem::Packed),
        ..ROW
    },
    ContainerFormat {
        kinds: &[jffs2::KIND],
        magics: &[&[0x85, 0x19], &[0x19, 0x85]],
        find: jffs2::find,
        file_system: Some(FileSystem::Written),
        ..ROW
    },
    ContainerFormat {
        kinds: &[jffs2::MARK_KIND],
        magics: &[&overlay::FORMAT_MARK],
        find: jffs2::find_mark,
        ..ROW
    },
    ContainerFormat {
        kinds: &[cbfs::KIND],
        magics: &[cbfs::MAGIC],
        find: cbfs::find,
        closed: closed("CBFS of coreboot"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[cramfs::KIND],
        magics: &cramfs::MAGICS,
        find: cramfs::find,
        file_system: Some(FileSystem::Packed),
        ..ROW
    },
    ContainerFormat {
        kinds: &[rb_hardconfig::KIND],
        magics: &rb_hardconfig::MAGICS,
        find: rb_hardconfig::find,
        of_unit: true,
        ..ROW
    },
    ContainerFormat {
        kinds: &[ubi::KIND],
        magics: &[ubi::MAGIC],
        find: ubi::find,
        closed: closed("UBI image"),
        file_system: Some(FileSystem::Written),
        ..ROW
    },
    ContainerFormat {
        kinds: &[big_trx::ECONET],
        magics: &big_trx::ECONET_MAGICS,
        find: big_trx::find_econet,
        closed: closed("TRX image of an EcoNet board"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[big_trx::ZYXEL],
        magics: &[big_trx::ZYXEL_MAGIC],
        find: big_trx::find_zyxel,
        closed: closed("TRX image of ZyXEL"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[realtek::KIND],
        magics: &realtek::MAGICS,
        find: realtek::find,
        closed: closed("Realtek image"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[bcm_tag::KIND],
        magics: &[bcm_tag::MAGIC],
        find: bcm_tag::find,
        closed: Some(Closed { name: "Broadcom BCM63xx image", at: bcm_tag::MAGIC_AT }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[mtk_boot::KIND],
        magics: &mtk_boot::MAGICS,
        find: mtk_boot::find,
        closed: closed("MediaTek first loader"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[mtk_boot::LK_KIND],
        magics: &[&mtk_boot::LK_MAGIC],
        find: mtk_boot::find_lk,
        closed: closed("MediaTek LK image"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[ambarella::KIND],
        magics: &[&ambarella::MAGIC],
        find: ambarella::find,
        closed: Some(Closed { name: "partition of an Ambarella firmware", at: ambarella::MAGIC_AT }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[arcadyan::KIND],
        magics: &[&arcadyan::MAGIC],
        find: arcadyan::find,
        closed: Some(Closed { name: "scrambled Arcadyan image", at: arcadyan::MAGIC_AT }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[xikestor::KIND],
        magics: &[&xikestor::MAGIC],
        find: xikestor::find,
        closed: closed("XikeStor switch image"),
        ..ROW
    },
    ContainerFormat {
        kinds: &[esp_image::KIND],
        edge: Some(esp_image::EDGE),
        find: esp_image::find,
        closed: closed("Espressif image"),
        ..ROW
    },
    ContainerFormat { kinds: &[esp::KIND], magics: &[&esp::MAGIC], find: esp::find, ..ROW },
    ContainerFormat { kinds: &[cfe_nvram::KIND], magics: &[cfe_nvram::MAGIC], find: cfe_nvram::find, ..ROW },
    ContainerFormat {
        kinds: &[flsh_nvram::KIND],
        magics: &[flsh_nvram::MAGIC],
        find: flsh_nvram::find,
        ..ROW
    },
    ContainerFormat { kinds: &[xml::KIND], magics: &[b"<?xml"], find: xml::find, ..ROW },
    ContainerFormat {
        kinds: &[lzma::KIND],
        magics: &[&[lzma::USUAL_PROPERTIES[0]], &[lzma::USUAL_PROPERTIES[1]]],
        find: lzma::find,
        firmware: Some(AsFirmware { only_sound: true, ..whole(lzma::KIND, "LZMA kernel") }),
        ..ROW
    },
    ContainerFormat {
        kinds: &[packed::FORMATS[0].kind, packed::FORMATS[1].kind, packed::FORMATS[2].kind],
        magics: &[packed::FORMATS[0].magic, packed::FORMATS[1].magic, packed::FORMATS[2].magic],
        find: packed::find,
        ..ROW
    },
    ContainerFormat { kinds: &[uboot_env::KIND], edge: Some(0x400), find: uboot_env::find, ..ROW },
    ContainerFormat {
        kinds: &[mtk_eeprom::KIND],
        edge: Some(0x1000),
        find: mtk_eeprom::find,
        of_unit: true,
        ..ROW
    },
    ContainerFormat { kinds: &[art::KIND], edge: Some(0x1000), find: art::find, of_unit: true, ..ROW },
];

#[cfg(test)]
mod tests;
