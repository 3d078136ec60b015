//! Small readers of text that several sources share.

use crate::image::error::ImageError;
use crate::image::layout::Layout;
use crate::span::Span;

/// The regions' names in a form of a map, where the form holds all of them: `name_in` gives a name in that form, `None`
/// for one that it cannot hold.
///
/// # Errors
/// A region that would be lost: one that the map it was read from left out, a name that the form cannot hold, or two
/// that are the same in it.
pub fn all_are_held(
    layout: &Layout,
    form: &str,
    name_in: impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, ImageError> {
    let fault = |why| ImageError::BadFile { what: format!("{} as {form}", layout.source), why };
    if let Some((_, why)) = layout.left_out.first() {
        return Err(fault(format!("{why}: the map would not be whole")));
    }
    let mut names: Vec<String> = Vec::with_capacity(layout.regions.len());
    for region in &layout.regions {
        let name = name_in(&region.name).filter(|name| !name.is_empty());
        let name =
            name.ok_or_else(|| fault(format!("the name '{}' cannot be written in it", region.name)))?;
        if names.contains(&name) {
            return Err(fault(format!("two regions would be named '{name}' in it")));
        }
        names.push(name);
    }
    Ok(names)
}

/// A hex number with or without `0x`, all digits.
pub fn hex(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { u64::from_str_radix(digits, 16).ok() } else { None }
}

/// The part of `line` between two double quotes.
pub fn quoted(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('"')?;
    rest.split_once('"').map(|(name, _)| name)
}

/// A span that holds at least a byte.
pub fn span(start: u64, end: u64) -> Option<Span> {
    (start < end).then(|| Span::new(start, end))
}
