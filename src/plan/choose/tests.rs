//! The plan executed on a model of an array: AND-programming, erase to FF.

use super::*;
use crate::flash::geometry::Busy;
use crate::plan::PlanCounts;
use crate::units::{KIB, MIB};
use proptest::prelude::*;

fn ms(ms: u64) -> Busy {
    Busy { typical: Duration::from_millis(ms), max: Duration::from_millis(ms * 10) }
}

/// The W25Q64FV with typical times (datasheet rev S, section 9.7).
fn w25q64(size: u64) -> Geometry {
    let kind = |opcode, size, time| EraseType { opcode, size, split: false, busy: ms(time) };
    Geometry {
        size,
        page: 256,
        erase: vec![kind(0x20, 4 * KIB, 45), kind(0x52, 32 * KIB, 120), kind(0xd8, 64 * KIB, 150)],
        chip_erase: Some((0xc7, ms(20_000))),
        program: Busy { typical: Duration::from_micros(700), max: Duration::from_millis(3) },
    }
}

/// By CH341A: 1.5 MHz on the wire, 2.4 ms a page.
fn ch341a() -> Costs {
    Costs {
        byte: Duration::from_nanos(5333),
        page: Duration::from_micros(2400),
        round_trip: Duration::from_millis(1),
    }
}

/// By FT2232H at 30 MHz.
fn ft2232h() -> Costs {
    Costs {
        byte: Duration::from_nanos(267),
        page: Duration::from_micros(800),
        round_trip: Duration::from_micros(300),
    }
}

/// Executes a plan on an array and holds every rule that a step must keep.
fn execute(plan: &Plan, current: &[u8], wanted: &[u8], bounds: &Bounds) -> Vec<u8> {
    let mut array = current.to_vec();
    let mut erased = Spans::new();
    for step in &plan.steps {
        assert!(bounds.allowed.covers(step.block), "{} lies outside of what is allowed", step.block);
        assert!(step.block.covers(step.verify));
        if let Some(erase) = step.erase {
            if let Erase::Block(kind) = erase {
                assert_eq!((step.block.len(), step.block.start % kind.size), (kind.size, 0));
            }
            assert!(!erased.overlaps(step.block), "{} is erased twice", step.block);
            erased.insert(step.block);
            array[step.block.range()].fill(0xff);
        }
        for span in &step.program {
            assert!(step.verify.covers(*span));
            array[span.range()].iter_mut().zip(&wanted[span.range()]).for_each(|(a, w)| *a &= w);
        }
        assert_eq!(array[step.verify.range()], wanted[step.verify.range()], "{step:?}");
    }
    array
}

fn everything(geometry: &Geometry) -> Bounds {
    Spans::from(Span::new(0, geometry.size)).into()
}

#[test]
fn nothing_to_do_for_equal_images() {
    let image: Vec<u8> = (0..256 * KIB).map(|i| (i * 7) as u8).collect();
    let g = w25q64(256 * KIB);
    assert!(plan(&image, &image, &g, &ch341a(), &everything(&g)).unwrap().is_empty());
}

#[test]
fn one_byte_up_erases_one_sector_and_one_byte_down_erases_nothing() {
    let g = w25q64(256 * KIB);
    let current = vec![0x55; g.size as usize];
    let mut wanted = current.clone();
    wanted[0x1_2345] = 0x57;
    let p = plan(&current, &wanted, &g, &ch341a(), &everything(&g)).unwrap();
    assert_eq!(p.steps.len(), 1);
    assert_eq!((p.steps[0].block, p.counts().pages), (Span::new(0x1_2000, 0x1_3000), 16));
    wanted[0x1_2345] = 0x54;
    let p = plan(&current, &wanted, &g, &ch341a(), &everything(&g)).unwrap();
    assert_eq!((p.steps[0].erase, p.steps[0].verify), (None, Span::new(0x1_2300, 0x1_2400)));
    assert_eq!(p.steps[0].program, [Span::new(0x1_2345, 0x1_2346)]);
}

#[test]
fn a_whole_change_uses_the_largest_blocks() {
    let g = w25q64(256 * KIB);
    let (current, wanted) = (vec![0x00; g.size as usize], vec![0x5a; g.size as usize]);
    let p = plan(&current, &wanted, &g, &ft2232h(), &everything(&g)).unwrap();
    let counts = PlanCounts {
        blocks: 4,
        erases: 4,
        erased: g.size,
        pages: 1024,
        programmed: g.size,
        verified: g.size,
    };
    assert_eq!(p.counts(), counts);
    // From the end to the start is not asked for; the block at address 0 comes last.
    let starts: Vec<_> = p.steps.iter().map(|s| s.block.start / (64 * KIB)).collect();
    assert_eq!(starts, [1, 2, 3, 0]);
}

#[test]
fn good_neighbours_weigh_by_the_programmer() {
    // Five of eight sectors of a 32 KiB block change, the other three must be kept. By the fast programmer writing them
    // back is cheaper than the four further erases; by the slow one it is not.
    let mut g = w25q64(64 * KIB);
    g.erase[1].busy = ms(100);
    let current = vec![0x00; g.size as usize];
    let mut wanted = current.clone();
    wanted[..5 * 4096].fill(0x5a);
    let fast = plan(&current, &wanted, &g, &ft2232h(), &everything(&g)).unwrap();
    let slow = plan(&current, &wanted, &g, &ch341a(), &everything(&g)).unwrap();
    assert_eq!((fast.counts().erases, fast.erased().len()), (1, 32 * KIB));
    assert_eq!((slow.counts().erases, slow.erased().len()), (5, 20 * KIB));
}

#[test]
fn a_block_that_holds_per_unit_bytes_is_erased_by_sectors() {
    let g = w25q64(64 * KIB);
    let current = vec![0x00; g.size as usize];
    let mut wanted = vec![0xa5; g.size as usize];
    wanted[0xf000..].fill(0);
    let mut bounds = everything(&g);
    let free = plan(&current, &wanted, &g, &ft2232h(), &bounds).unwrap();
    assert_eq!(free.counts().erased, 64 * KIB);
    bounds.keep = Span::new(0xf100, 0xf106).into();
    let kept = plan(&current, &wanted, &g, &ft2232h(), &bounds).unwrap();
    assert!(!kept.blocks().contains(0xf100));
    assert_eq!(execute(&kept, &current, &wanted, &bounds), wanted);
}

#[test]
fn the_loader_is_done_last_and_its_first_block_last_of_all() {
    let g = w25q64(512 * KIB);
    let (current, wanted) = (vec![0x00; g.size as usize], vec![0x5a; g.size as usize]);
    let mut bounds = everything(&g);
    bounds.last = Span::new(0, 128 * KIB).into();
    let p = plan(&current, &wanted, &g, &ft2232h(), &bounds).unwrap();
    let starts: Vec<_> = p.steps.iter().map(|s| s.block.start / (64 * KIB)).collect();
    assert_eq!(starts, [2, 3, 4, 5, 6, 7, 1, 0]);
}

#[test]
fn outside_is_refused_by_name_of_the_place() {
    let g = w25q64(64 * KIB);
    let current = vec![0x00; g.size as usize];
    let mut wanted = current.clone();
    wanted[0x3000] = 1;
    let bounds = Bounds::from(Spans::from(Span::new(0x4000, 0x8000)));
    let outside = PlanError::Outside { spans: Span::new(0x3000, 0x3001).into() };
    assert_eq!(plan(&current, &wanted, &g, &ch341a(), &bounds), Err(outside));
    // The byte itself is allowed, the rest of its sector is not, and only an erase can raise the bit.
    let bounds = Bounds::from(Spans::from(Span::new(0x3000, 0x3800)));
    let outside = PlanError::Outside { spans: Span::new(0x3800, 0x4000).into() };
    assert_eq!(plan(&current, &wanted, &g, &ch341a(), &bounds), Err(outside));
}

#[test]
fn without_an_erase_command_only_bits_down_can_be_planned() {
    let mut g = w25q64(64 * KIB);
    g.erase.clear();
    let current = vec![0x0f; g.size as usize];
    let mut wanted = current.clone();
    wanted[0x3000] = 0x01;
    assert_eq!(plan(&current, &wanted, &g, &ch341a(), &everything(&g)).unwrap().counts().programmed, 1);
    wanted[0x3000] = 0xff;
    // Never by the chip erase, though the part has one: that is `erase --all`'s alone.
    assert_eq!(g.chip_erase.map(|(opcode, _)| opcode), Some(0xc7));
    assert!(matches!(
        plan(&current, &wanted, &g, &ch341a(), &everything(&g)),
        Err(PlanError::NoErase { spans }) if spans.contains(0x3000)
    ));
}

#[test]
fn sizes_must_agree() {
    let g = w25q64(64 * KIB);
    let (short, full) = (vec![0; 100], vec![0; g.size as usize]);
    for (a, b) in [(&short, &full), (&full, &short)] {
        assert!(matches!(plan(a, b, &g, &ch341a(), &everything(&g)), Err(PlanError::Size { .. })));
    }
    assert!(matches!(plan_whole_erase(&short, &g, &ch341a()), Err(PlanError::Size { .. })));
}

#[test]
fn the_whole_erase_takes_the_chip_erase_only_where_it_is_faster() {
    let g = w25q64(8 * MIB);
    let full = vec![0u8; g.size as usize];
    let by_blocks = plan_whole_erase(&full, &g, &ch341a()).unwrap();
    assert_eq!(by_blocks.counts().erases, 128);
    let mut quick = g.clone();
    quick.chip_erase = Some((0xc7, ms(4_000)));
    let at_once = plan_whole_erase(&full, &quick, &ch341a()).unwrap();
    assert!(matches!(at_once.steps[..], [Step { erase: Some(Erase::Chip { opcode: 0xc7, .. }), .. }]));
    // Almost blank already: the blocks win again.
    let mut nearly = vec![0xff; g.size as usize];
    nearly[5] = 0;
    assert_eq!(plan_whole_erase(&nearly, &quick, &ch341a()).unwrap().erased(), Span::new(0, 4096).into());
}

/// Expected time of erasing every needed block by one size only, blocks aligned to it.
fn naive(current: &[u8], wanted: &[u8], g: &Geometry, costs: &Costs, kind: &EraseType) -> Duration {
    let mut time = Duration::ZERO;
    for block in Span::new(0, g.size).pieces(kind.size) {
        let (c, w) = (&current[block.range()], &wanted[block.range()]);
        if c == w {
            continue;
        }
        let pages = block.pieces(g.page).filter(|p| !is_erased(&wanted[p.range()])).count() as u64;
        time += kind.busy.typical + costs.round_trip * 2;
        time += scale(costs.page, pages) + scale(costs.byte, block.len());
    }
    time
}

/// A small part: pages of 4, erases of 16, 32 and 64 bytes; contents with blank, equal and changed stretches.
fn small(size: u64) -> Geometry {
    let kind = |opcode, size, time| EraseType { opcode, size, split: false, busy: ms(time) };
    Geometry {
        size,
        page: 4,
        erase: vec![kind(0x20, 16, 45), kind(0x52, 32, 70), kind(0xd8, 64, 90)],
        chip_erase: None,
        program: ms(1),
    }
}

fn images() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let stretch = (
        prop::sample::select(vec![0x00u8, 0xff, 0x5a]),
        prop::sample::select(vec![None, Some(0xffu8), Some(0x00), Some(0x5b), Some(0x4a)]),
    );
    prop::collection::vec(stretch, 64).prop_map(|s| {
        let current = s.iter().flat_map(|(c, _)| [*c; 4]).collect();
        let wanted = s.iter().flat_map(|(c, w)| [*c, w.unwrap_or(*c), *c, w.unwrap_or(*c)]).collect();
        (current, wanted)
    })
}

proptest! {
    #[test]
    fn every_plan_gives_the_wanted_contents((current, wanted) in images(), page_us in 1u64..9000, byte_us in 1u64..2000,
        keep in 0u64..256, last in 0u64..256, redo in prop::option::of(0u64..256)) {
        let g = small(256);
        let costs = Costs { byte: Duration::from_micros(byte_us), page: Duration::from_micros(page_us),
            round_trip: Duration::from_millis(1) };
        let mut bounds = everything(&g);
        bounds.keep = Span::new(keep, keep + 1).into();
        bounds.last = Span::new(last, last + 1).into();
        bounds.redo = redo.map(|r| Span::new(r, r + 1)).into_iter().collect();
        let p = plan(&current, &wanted, &g, &costs, &bounds).unwrap();
        prop_assert_eq!(execute(&p, &current, &wanted, &bounds), wanted.clone());
        if let Some(redo) = redo {
            prop_assert!(p.erased().contains(redo));
        }
        // The sector with the per-unit byte never goes down in a larger block.
        for step in &p.steps {
            prop_assert!(!step.block.contains(keep) || step.block.len() <= 16 || step.erase.is_none());
        }
        // Only sectors that hold a change are worth an erase.
        for step in p.steps.iter().filter(|s| s.erase.is_some()) {
            prop_assert!(current[step.block.range()] != wanted[step.block.range()] || bounds.redo.overlaps(step.block));
        }
    }

    #[test]
    fn no_naive_plan_is_faster((current, wanted) in images(), page_us in 1u64..9000, byte_us in 1u64..2000) {
        let g = small(256);
        let costs = Costs { byte: Duration::from_micros(byte_us), page: Duration::from_micros(page_us),
            round_trip: Duration::from_millis(1) };
        let p = plan(&current, &wanted, &g, &costs, &everything(&g)).unwrap();
        for kind in &g.erase {
            prop_assert!(p.time() <= naive(&current, &wanted, &g, &costs, kind));
        }
    }

    #[test]
    fn what_is_not_allowed_is_never_touched((current, other) in images(), from in 0u64..16, len in 1u64..16) {
        let g = small(256);
        let allowed = Span::new(from * 16, ((from + len) * 16).min(256));
        let mut wanted = current.clone();
        wanted[allowed.range()].copy_from_slice(&other[allowed.range()]);
        let bounds = Bounds::from(Spans::from(allowed));
        let p = plan(&current, &wanted, &g, &ch341a(), &bounds).unwrap();
        prop_assert_eq!(execute(&p, &current, &wanted, &bounds), wanted);
    }
}
