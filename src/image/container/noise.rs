//! For tests of formats: a magic number in noise is no item.

use super::budget::Look;
use super::item::Found;
use crate::image::synthetic;

/// Longer than any header, and than what short length fields say.
const LEN: usize = 0x1_0000;

/// Asserts that `find` finds nothing in noise that has `magic` at `magic_at`.
#[track_caller]
pub(crate) fn is_no_item(find: fn(&mut Look, usize) -> Option<Found>, magic: &[u8], magic_at: usize) {
    for seed in 0..50 {
        let mut noise = synthetic::noise(seed, LEN);
        noise[magic_at..magic_at + magic.len()].copy_from_slice(magic);
        assert!(find(&mut Look::new(&noise), magic_at).is_none(), "seed {seed}");
        assert!(find(&mut Look::new(&noise[..magic_at + magic.len()]), magic_at).is_none(), "cut");
    }
}
