//! Which programmers are plugged in, and the only one of them.

use super::model::{Model, OtherMode, Settings};
use super::models::models;
use super::unsupported::UNSUPPORTED;
use crate::spi::{LinkError, LinkFault};
use crate::usb::host;
use crate::usb::{FoundDevice, UsbError};

/// A programmer that is plugged in, or something that could be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Which kind; `None` for a device in a mode without SPI, or that is not supported.
    pub model: Option<&'static Model>,
    /// What it is called where it is no usable programmer: `CH341 in UART mode`, `CH347T`.
    pub name: String,
    /// USB ids: vendor, product.
    pub ids: (u16, u16),
    /// Where it is plugged in: bus and port path, `1-2.3`.
    pub path: String,
    /// Serial number, where the device has one and can be asked.
    pub serial: Option<String>,
    /// What the device calls itself.
    pub text: Option<String>,
    /// What is wrong and what to do, when it cannot be used as it is.
    pub problem: Option<LinkError>,
}

impl Attached {
    /// The text that names it after `-p`: `ch341a:path=1-2.3`.
    pub fn spec(&self) -> Option<String> {
        self.model.map(|model| format!("{}:path={}", model.name, self.path))
    }
}

pub(super) fn wrong_mode(vendor: u16, other: &OtherMode, path: &str) -> String {
    format!(
        "the {} at USB {path} is in {} ({vendor:04x}:{:04x}) and has no SPI: {}",
        other.name, other.mode, other.product, other.remedy
    )
}

fn not_driven(name: &str, ids: (u16, u16), path: &str) -> String {
    let (vendor, product) = ids;
    let known = Model::all_titles();
    format!(
        "the {name} at USB {path} ({vendor:04x}:{product:04x}) is not supported by norsplice; it supports {known}"
    )
}

/// The programmers plugged in, devices that are in a mode without SPI, and programmers that are not supported.
///
/// # Errors
/// [`LinkError`] when USB cannot be used at all.
pub fn attached() -> Result<Vec<Attached>, LinkError> {
    Ok(host::list(&known_ids())?.into_iter().filter_map(known_as).collect())
}

/// Ids of programmers, of what is one in another mode, and of those that are not supported.
pub(super) fn known_ids() -> Vec<(u16, u16)> {
    let usb = models().iter().filter_map(|model| model.usb.as_ref());
    usb.flat_map(|usb| {
        let others = usb.other_modes.iter().map(|other| &other.product);
        usb.products.iter().chain(others).map(|product| (usb.vendor, *product))
    })
    .chain(UNSUPPORTED.iter().map(|one| one.ids))
    .collect()
}

pub(super) fn known_as(found: FoundDevice) -> Option<Attached> {
    let ids = (found.vendor, found.product);
    let usb = |model: &'static Model| model.usb.as_ref().map(|usb| (model, usb));
    let driven = models().iter().filter_map(usb).find_map(|(model, usb)| {
        if ids.0 == usb.vendor && usb.products.contains(&ids.1) {
            return Some((model.name.to_owned(), Some(model), found.problem.clone().map(LinkError::from)));
        }
        let other = usb.other_modes.iter().find(|other| ids == (usb.vendor, other.product))?;
        let text = wrong_mode(usb.vendor, other, &found.path);
        let name = format!("{} in {}", other.name, other.mode);
        Some((name, None, Some(LinkError::new(LinkFault::Unusable, text))))
    });
    let not_driven = || {
        let one = UNSUPPORTED.iter().find(|one| one.ids == ids)?;
        let problem = LinkError::new(LinkFault::Unusable, not_driven(one.name, ids, &found.path));
        Some((one.name.to_owned(), None, Some(problem)))
    };
    let (name, model, problem) = driven.or_else(not_driven)?;
    let FoundDevice { path, serial, text, .. } = found;
    Some(Attached { model, name, ids, path, serial, text, problem })
}

/// The only programmer plugged in, for when the user names none.
///
/// # Errors
/// [`LinkFault::Absent`], which explains a device in the wrong mode or without support; [`LinkFault::Several`] with what to write after `-p`.
pub fn only() -> Result<Settings, LinkError> {
    choose(host::plugged(&known_ids())?.into_iter().filter_map(known_as).collect())
}

fn choose(mut attached: Vec<Attached>) -> Result<Settings, LinkError> {
    if attached.len() > 1 {
        attached.retain(|one| one.model.is_some());
    }
    match attached.as_slice() {
        [] => {
            let text = format!("{} ({})", host::NONE, Model::found_titles());
            Err(UsbError::NotFound(text).into())
        }
        [Attached { model: Some(model), path, .. }] => {
            Ok(Settings { path: Some(path.clone()), ..Settings::of(model) })
        }
        [one] => {
            let text = one.problem.as_ref().map(ToString::to_string).unwrap_or_default();
            Err(UsbError::NotFound(text).into())
        }
        several => Err(UsbError::Several(several.iter().filter_map(Attached::spec).collect()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(ids: (u16, u16), path: &str) -> Attached {
        let found = FoundDevice {
            vendor: ids.0,
            product: ids.1,
            path: path.into(),
            serial: None,
            text: None,
            problem: None,
        };
        known_as(found).expect("the ids are known")
    }

    #[test]
    fn the_only_one_is_taken_and_several_are_named() {
        let ch = || one((0x1a86, 0x5512), "1-2");
        let ft = || one((0x0403, 0x6010), "1-3.4");
        let uart = || one((0x1a86, 0x5523), "1-9");
        assert_eq!(choose(vec![]).unwrap_err().fault, LinkFault::Absent);
        assert_eq!(choose(vec![ch()]).unwrap().path.as_deref(), Some("1-2"));
        assert_eq!(choose(vec![uart(), ft()]).unwrap().model.name, "ft2232h");
        let error = choose(vec![uart()]).unwrap_err();
        assert!(error.fault == LinkFault::Absent && error.text.contains("jumper"), "{error}");
        let error = choose(vec![ch(), ft(), uart()]).unwrap_err();
        assert_eq!(error.fault, LinkFault::Several);
        assert!(error.text.contains("ch341a:path=1-2, ft2232h:path=1-3.4"), "{error}");
        assert_eq!(uart().name, "CH341 in UART mode");
        for (product, mode) in [(0x55DA, "mode 0"), (0x55DC, "mode 2"), (0x55DD, "mode 3")] {
            let one = one((0x1A86, product), "1-4");
            assert!(
                one.model.is_none() && one.name.starts_with(&format!("CH347T in {mode}")),
                "{}",
                one.name
            );
            assert!(one.problem.unwrap().text.contains("mode jumpers to mode 1"));
        }
        // A cable with the ids of its chip is taken for the chip.
        assert_eq!(ft().model.map(|model| model.name), Some("ft2232h"));
    }
}
