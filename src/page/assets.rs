//! The files of the page, built into the program.

/// One of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its name below the page's address.
    pub name: &'static str,
    /// Its media type.
    pub kind: &'static str,
    /// Its contents.
    pub bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal,)*) => {
        const ASSETS: &[Asset] =
            &[$(Asset { name: $name, kind: kind($name), bytes: include_bytes!(concat!("../../page/", $name)) },)*];
    };
}

assets! {
    "activity.js",
    "app.js",
    "dom.js",
    "hex.js",
    "icon.svg",
    "index.html",
    "keep.js",
    "main.js",
    "picture.js",
    "question.js",
    "session.js",
    "style.css",
    "transport-ws.js",
    "transport.js",
    "view-backups.js",
    "view-bench.js",
    "view-files.js",
    "view-flash.js",
    "view-otp.js",
    "view-splice.js",
    "view-write.js",
}

/// The media type by the end of the name.
const fn kind(name: &str) -> &'static str {
    let bytes = name.as_bytes();
    match bytes[bytes.len() - 1] {
        b'l' => "text/html; charset=utf-8",
        b'g' => "image/svg+xml",
        _ if bytes[bytes.len() - 2] == b's' => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    }
}

/// The file of this name.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_page_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        let files =
            std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file());
        let files: BTreeSet<String> = files.map(|entry| entry.file_name().into_string().unwrap()).collect();
        let built_in: BTreeSet<String> = ASSETS.iter().map(|asset| asset.name.to_owned()).collect();
        assert_eq!(files, built_in);
        let kinds = |name: &str| asset(name).unwrap().kind.split(';').next().unwrap();
        assert_eq!(kinds("index.html"), "text/html");
        assert_eq!((kinds("main.js"), kinds("style.css")), ("text/javascript", "text/css"));
    }
}
