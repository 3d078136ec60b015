//! A chip whose usual erase commands do nothing: what only its SFDP names is used, in whole jobs.

use crate::bench::{Clip, PROGRAMMERS, in_memory, noise, write_options};
use norsplice::emulator::chip::find;
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::{ChipState, Store};
use std::ops::ControlFlow;

#[test]
fn an_erase_that_only_sfdp_names_is_used_where_those_of_the_row_fail() {
    for kind in PROGRAMMERS {
        // 20h, 52h and D8h are unknown to it, whatever its SFDP says; the row of this id has no other.
        let mut spec = find("P25D40SH").unwrap();
        (spec.name, spec.jedec_id) = ("W25Q40".into(), vec![0xEF, 0x40, 0x13]);
        let old = noise(spec.size, 3);
        let clip = Clip::with_chip(kind, spec);
        clip.emulator.chip(|chip| chip.contents_mut().copy_from_slice(&old));
        let mut new = old.clone();
        new[0x2000..0x3100].copy_from_slice(&noise(0x1100, 4));
        let folder = in_memory();
        let store = Store::open_locked(folder.path()).unwrap();
        let mut chip = clip.connect().unwrap();
        assert!(chip.identity().part_name.starts_with("W25Q40"), "{kind:?}");
        let mut wanted = |_: &_| Ok(Wanted::whole(new.clone(), Default::default()));
        let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
        let mut quiet = |_| ControlFlow::Continue(());
        let done = job::run(&mut chip, &store, &write_options(), &mut decide, &mut quiet);
        let done = done.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(done.chip, ChipState::Written, "{kind:?}");
        assert!(clip.emulator.contents() == new, "{kind:?}");
        let erases = clip.emulator.counts().erases;
        assert_eq!(erases.keys().collect::<Vec<_>>(), [&0x100], "{kind:?}: {erases:?}");
        clip.clean();
    }
}
