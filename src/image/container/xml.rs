//! Configurations in XML, as vendors' systems keep them: known by their declaration and root element. They have no sum.
//!
//! Source: W3C, Extensible Markup Language 1.0 (the declaration, the one root element).

use memchr::memmem;

use super::budget::Look;
use super::item::{Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("xml");

/// Reads the text at `at`, up to the first byte that is no text.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let rest = &look.bytes[at..];
    let len = rest.iter().position(|b| matches!(b, 0 | 0xff)).unwrap_or(rest.len());
    // The root element follows the declaration: "<?xml ...?>", "<DslCpeConfig>".
    let head = &rest[..len.min(0x200)];
    let open = memmem::find(head, b"?>")? + 2;
    let start = head[open..].iter().position(|b| *b == b'<')? + open + 1;
    let name: String = head[start..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .map(|b| char::from(*b))
        .collect();
    let closing = format!("</{name}>");
    let closed = memmem::find(&rest[..len], closing.as_bytes()).is_some();
    let item = Item::new(KIND, at as u64, len as u64).with_some("root", Some(name)).check(
        "closed",
        closed,
        if closed { String::new() } else { format!("no {closing}") },
    );
    Some(Found::leaf(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_by_its_root_element_and_its_end() {
        let text = b"<?xml version=\"1.0\"?>\n<DslCpeConfig><a val=1 /></DslCpeConfig>\n";
        let file = [&text[..], &[0, 1, 2]].concat();
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert_eq!((item.size as usize, &item.attributes["root"]), (text.len(), &"DslCpeConfig".into()));
        assert!(item.is_sound());
        let cut = find(&mut Look::new(&text[..40]), 0).unwrap().item;
        assert!(!cut.is_sound(), "{cut:?}");
        assert!(find(&mut Look::new(b"<?xml and a text that goes on"), 0).is_none());
    }
}
