//! `try`: an invented board and a vendor's file in a new folder, to try things with nothing attached.

use super::work::{Outcome, Work};
use crate::desk::demo::lay_out;
use crate::wire;
use crate::wire::options::Options;
use std::path::Path;

/// Lays the board out; the programmer that the result names works on it.
pub fn lay_out_board(_: &Work<'_, '_>, options: &Options) -> Outcome {
    let dir = Path::new(options.needed("dir")?);
    Ok(wire::demo_board(&lay_out(dir)?))
}
