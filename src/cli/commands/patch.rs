//! `patch --at A --hex BYTES`: a few bytes changed on the chip, by the same job as `write`.

use super::super::exit::{Failure, Outcome};
use super::super::options::{MapArgs, bytes};
use super::super::place;
use super::super::session::Session;
use super::write::put;
use crate::desk::AUTO;
use crate::desk::regions::{Area, Located, Part};
use crate::desk::{Put, PutContents, allowed};
use crate::units::unhex;

/// `patch`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// First address: 0x20000, 131072 or 128K
    #[arg(long, value_name = "ADDRESS", value_parser = bytes)]
    at: u64,

    /// The bytes: 02ab34 or "02 ab 34"
    #[arg(long, value_name = "BYTES", required_unless_present = "text")]
    hex: Option<String>,

    /// In place of --hex: a text, without a zero after it
    #[arg(long, value_name = "TEXT", conflicts_with = "hex")]
    text: Option<String>,

    /// Which map names the regions.
    #[command(flatten)]
    map: MapArgs,
}

/// Changes them.
pub fn run(args: Args, session: &Session) -> Outcome {
    let bytes = match (&args.hex, args.text) {
        (Some(hex), _) => parse(hex)?,
        (None, text) => text.unwrap_or_default().into_bytes(),
    };
    if bytes.is_empty() {
        return Err(Failure::refused("no bytes are given").hint("write --hex \"02 ab 34\""));
    }
    let allow = allowed(session.options.allow.iter().map(String::as_str))?;
    let len = Some(bytes.len() as u64);
    let area = Area { part: Part::At(args.at, len), map: place::map(&args.map)? };
    let Located { place, layout } = place::on_chip(session, &area, true)?;
    let board = args.map.board.filter(|board| board != AUTO);
    let contents = PutContents::Bytes(&bytes);
    put(session, &Put { place: &place, contents, board, layout: layout.as_ref(), allow })
}

/// Bytes from hex digits, with blanks, colons or commas between them, and 0x before them.
fn parse(text: &str) -> Result<Vec<u8>, Failure> {
    let words = text.split([' ', ':', ',', '\n', '\t']).filter(|word| !word.is_empty());
    // A word without digits ("0x" alone) is no byte.
    let digits = |word: &str| unhex(word).filter(|bytes| !bytes.is_empty());
    let bytes: Option<Vec<Vec<u8>>> = words
        .map(|word| digits(word.strip_prefix("0x").or(word.strip_prefix("0X")).unwrap_or(word)))
        .collect();
    bytes.map(|bytes| bytes.concat()).ok_or_else(|| {
        Failure::refused(format!("'{text}' are not bytes in hex"))
            .hint("write two digits a byte: \"02 ab 34\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_people_write_them() {
        for text in ["02ab34", "02 ab 34", "02:AB:34", "0x02, 0xAB, 0x34"] {
            assert_eq!(parse(text).unwrap(), [2, 0xab, 0x34], "{text}");
        }
        for text in ["2", "0x", "0x02 0x", "zz", "+2", "02 a", "30b5c", "0x0x02"] {
            assert!(parse(text).is_err(), "{text}");
        }
        // No word at all is refused by the command.
        assert!(parse(" ,").unwrap().is_empty());
    }
}
