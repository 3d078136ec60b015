//! The regions of an Intel flash descriptor.

use crate::image::container::ifd;
use crate::image::layout::{Format, Layout, PerUnit, Region, Role, UnitKind};
use crate::span::Span;

/// The layout of a whole flash that starts with a descriptor.
pub fn parse(bytes: &[u8]) -> Option<Layout> {
    let descriptor = ifd::parse(bytes, 0)?;
    let regions = descriptor.regions.iter().map(|(name, span)| region(name, *span)).collect();
    let source = "Intel flash descriptor".to_owned();
    Some(Layout { regions, source, ..Layout::default() }.settle())
}

/// The Ethernet part holds the port's address, under a sum of its own: it is the unit's, and not edited.
fn region(name: &str, span: Span) -> Region {
    const MAC_LEN: u64 = 6;
    let mut region = Region::named(name, span);
    if name == "gbe"
        && let Some(mac) = Span::at(span.start, MAC_LEN).filter(|mac| span.covers(*mac))
    {
        region.role = Role::Unit;
        let (kind, format) = (UnitKind::Mac, Format::Raw);
        let name = "MAC of the Ethernet port".to_owned();
        region.per_unit.push(PerUnit { name, span: mac, kind, format, keep: false, own: false });
    }
    region
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Allow, Board, Choice, Donor, Image, ImageError, splice, synthetic};

    const CHIP: usize = 0x1_0000;

    /// Descriptor, Ethernet part at 1000, the rest at 3000.
    fn chip(last: u8) -> Vec<u8> {
        let mut bytes = synthetic::noise(1, CHIP);
        bytes[..0x1000].fill(0xff);
        bytes[0x10..0x14].copy_from_slice(&ifd::SIGNATURE);
        bytes[0x14..0x18].copy_from_slice(&[3, 0, 4, 0]);
        let regions: [(u32, u32); 4] = [(0, 0), (3, 0xf), (0x7fff, 0), (1, 2)];
        for (i, (base, limit)) in regions.iter().enumerate() {
            bytes[0x40 + 4 * i..0x44 + 4 * i].copy_from_slice(&(base | limit << 16).to_le_bytes());
        }
        bytes[0x1000..0x1006].copy_from_slice(&[0, 0x1b, 0x21, 1, 2, last]);
        bytes
    }

    #[test]
    fn the_ethernet_parts_address_is_the_units() {
        let board =
            Board::from_layout("pc", Layout { chip_size: Some(CHIP as u64), ..parse(&chip(1)).unwrap() })
                .unwrap();
        let unit = board.layout.per_unit().next().unwrap();
        assert_eq!(
            (unit.0.name.as_str(), unit.1.span, unit.1.kind),
            ("gbe", Span::new(0x1000, 0x1006), UnitKind::Mac)
        );
        let run = |set: &str, mac| {
            let mut choice = Choice { allow: Allow::default(), ..Choice::default() };
            choice.set(set).unwrap();
            choice.edits.mac = mac;
            splice(&Image::new(chip(1)), &[Donor::new("donor", chip(2))], &board, &choice)
        };
        assert!(run("bios=donor", None).is_ok());
        let Err(ImageError::Refused { findings }) = run("gbe=donor", None) else {
            panic!("it is asked about")
        };
        assert_eq!(findings[0].name, "foreign-mac");
        assert!(run("bios=donor", Some([2, 0, 0, 0, 0, 1])).is_err(), "its sum would not hold");
    }
}
