//! FIT images: a device tree whose `images` node holds the parts, each with its hashes.
//!
//! Data are in the tree or, with `data-offset` or `data-position`, after it. Facts: U-Boot
//! doc/usage/fit/source_file_format.rst.

use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, hex, slice, u32_at};
use super::dtb::{self, Tree, TreeNode};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::units::sum;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("fit");

/// Images beyond these are not looked at.
const MOST_IMAGES: usize = 64;

/// Reads the device tree at `at`: a FIT image's, or a board's.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = &look.bytes[at..];
    let len = dtb::total_len(bytes, 0)?;
    // The magic number is met in boot loaders' code; a real header has a version that fits.
    if !(1..=32).contains(&u32_at(bytes, 20, Big)?) {
        return None;
    }
    if !look.may_sum(len as u64) {
        return None;
    }
    match Tree::read(bytes) {
        Ok(tree) if tree.child(0, "images").is_some() => Some(describe(look, at, &tree)),
        Ok(tree) => Some(Found::leaf(dtb::describe(&tree, at as u64, len as u64))),
        Err(error) => {
            let item = Item::new(dtb::KIND, at as u64, len as u64)
                .check("structure", false, error.to_string())
                .check_fits(look.bytes.len());
            Some(Found::holder(item, dtb::HEADER_LEN))
        }
    }
}

fn parts(tree: &Tree) -> impl Iterator<Item = usize> {
    let images = tree.child(0, "images");
    let children = images.map(|images| tree.nodes[images].children.clone()).unwrap_or_default();
    children.into_iter().take(MOST_IMAGES)
}

/// Where a part's data are in the file, and how long they are.
fn data(bytes: &[u8], tree_len: usize, node: &TreeNode) -> Option<(usize, usize)> {
    if let Some(value) = node.property("data") {
        // The value is a slice of these very bytes.
        let at = (value.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?;
        return Some((at, value.len()));
    }
    let len = node.word("data-size")? as usize;
    let at = match node.word("data-position") {
        Some(position) => position as usize,
        None => tree_len.next_multiple_of(4) + node.word("data-offset")? as usize,
    };
    Some((at, len))
}

/// The bytes of the first part that is a kernel.
pub(crate) fn kernel<'a>(bytes: &'a [u8], tree: &Tree) -> Option<&'a [u8]> {
    let is_kernel =
        |part: &usize| tree.nodes[*part].text("type").is_some_and(|kind| kind.starts_with("kernel"));
    let (start, len) = data(bytes, tree.len, &tree.nodes[parts(tree).find(is_kernel)?])?;
    slice(bytes, start, len)
}

/// The image at `at` as an item.
pub(crate) fn describe(look: &mut Look, at: usize, tree: &Tree) -> Found {
    let bytes = &look.bytes[at..];
    let mut end = tree.len;
    let mut list = Vec::new();
    let mut checks = Vec::new();
    for part in parts(tree) {
        let node = &tree.nodes[part];
        let place = data(bytes, tree.len, node);
        if let Some((start, len)) = place {
            end = end.max(start.saturating_add(len));
        }
        list.push(serde_json::json!({
            "name": node.name, "type": node.text("type"), "compression": node.text("compression"),
            "description": node.text("description"), "offset": place.map(|(start, _)| (at + start) as u64),
            "size": place.map(|(_, len)| len),
        }));
        let data = place.and_then(|(start, len)| slice(bytes, start, len));
        for hash in &node.children {
            let hash = &tree.nodes[*hash];
            if hash.name.starts_with("hash") {
                checks.push((node.name, check(look, data, hash)));
            }
        }
    }
    let configurations: Vec<&TreeNode> = tree
        .child(0, "configurations")
        .map(|c| tree.nodes[c].children.iter().map(|i| &tree.nodes[*i]).collect())
        .unwrap_or_default();
    let devices = named(&configurations);
    let mut item = Item::new(KIND, at as u64, end as u64)
        .with_some("description", tree.root().text("description"))
        .with("images", list)
        .with("configurations", devices)
        .check_fits(look.bytes.len());
    for (image, (result, detail)) in checks {
        item = item.check(CheckName::HASH, result, format!("{image}: {detail}"));
    }
    // The search continues inside: kernel and trees are found where they are.
    Found::holder(item, 0x28)
}

/// The configurations by their descriptions, which name the boards; by their nodes' names too where those are alike or
/// missing.
fn named(configurations: &[&TreeNode]) -> Vec<String> {
    let alike =
        |text: &str| configurations.iter().filter(|c| c.text("description") == Some(text)).count() > 1;
    let name = |c: &&TreeNode| match c.text("description").filter(|text| !text.is_empty()) {
        None => c.name.to_owned(),
        Some(text) if alike(text) => format!("{} ({text})", c.name),
        Some(text) => text.to_owned(),
    };
    configurations.iter().map(name).collect()
}

/// Checks one hash node against the data.
fn check(look: &mut Look, data: Option<&[u8]>, hash: &TreeNode) -> (Outcome, String) {
    let algorithm = hash.text("algo").unwrap_or("?").to_owned();
    let (Some(data), Some(value)) = (data, hash.property("value")) else {
        return (Outcome::Bad, format!("{algorithm}, data or value missing"));
    };
    if !look.may_sum(data.len() as u64) {
        return (Outcome::CannotTell, format!("{algorithm}, {NOT_MADE}"));
    }
    let found = match algorithm.as_str() {
        "crc32" => {
            let crc = crc32fast::hash(data);
            // Some tools store it as a number, others as text of its bytes; both are four bytes.
            let holds = u32_at(value, 0, Big) == Some(crc);
            return (holds.into(), if holds { algorithm } else { format!("{algorithm}, found {crc:08x}") });
        }
        "md5" => sum::<Md5>(data).to_vec(),
        "sha1" => sum::<Sha1>(data).to_vec(),
        "sha256" => sum::<Sha256>(data).to_vec(),
        "sha512" => sum::<Sha512>(data).to_vec(),
        _ => return (Outcome::CannotTell, format!("{algorithm} is not known")),
    };
    let holds = found == value;
    (holds.into(), if holds { algorithm } else { format!("{algorithm}, found {}", hex(&found)) })
}
