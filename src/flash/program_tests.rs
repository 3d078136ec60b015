//! Programming on a chip whose pages take as long as they like, and over wires that flip status bits.

use super::chip::Chip;
use super::fake::Fake;
use super::permit::Permit;
use super::{describe, identify, sfdp};
use crate::span::{Span, Spans};
use crate::spi::Programmer;
use proptest::prelude::*;
use std::time::Duration;

const US: Duration = Duration::from_micros(1);

/// A chip whose identity is made by hand: 64 KiB, a typical page of 700 us.
fn chip(fake: Fake) -> Chip<Fake> {
    let mut space = vec![0xFF; 256];
    space[..16].copy_from_slice(&[
        0x53, 0x46, 0x44, 0x50, 0x00, 0x01, 0x00, 0xFF, 0x00, 0x00, 0x01, 0x09, 0x80, 0x00, 0x00, 0xFF,
    ]);
    for (i, dword) in [0xFFF1_20E5u32, 0x0007_FFFF, 0, 0, 0, 0, 0, 0x0000_200C, 0xD810].iter().enumerate() {
        space[0x80 + 4 * i..0x84 + 4 * i].copy_from_slice(&dword.to_le_bytes());
    }
    assert_eq!(sfdp::decode(&space).unwrap().basic.size, 1 << 16);
    let identity = identify::name(&[0xEF, 0x99, 0x10, 0xFF], Some(space), None, None).unwrap();
    assert_eq!(describe::geometry(&identity.part, identity.sfdp_decoded.as_ref()).program.typical, US * 700);
    Chip::new(fake, identity, 0)
}

fn permit(chip: &Chip<Fake>) -> Permit {
    let id = &chip.identity().jedec_id;
    Permit::contents_are_backed_up(Spans::from(Span::new(0, 1 << 16)), id)
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 & 0x7F).collect()
}

#[test]
fn pages_that_scatter_end_up_right_and_few_are_refused() {
    for pauses in [false, true] {
        // 500 to 899 us, without a pattern.
        let fake = Fake::new(pauses, |n| US * (500 + (n.wrapping_mul(7919) % 400) as u32));
        let mut chip = chip(fake);
        let (permit, wanted) = (permit(&chip), noise(1 << 16));
        let done = chip.program(0, &wanted, &permit).unwrap();
        let fake = chip.programmer();
        assert!(fake.array == wanted);
        assert_eq!(done.pages, 256);
        assert!(fake.refused <= 12, "pauses {pauses}: {} of 256 refused", fake.refused);
        assert!(fake.taken <= 256 + fake.refused + 12);
    }
}

#[test]
fn one_page_in_fifty_that_takes_the_longest_costs_little() {
    for pauses in [false, true] {
        let fake = Fake::new(pauses, |n| US * if n % 50 == 20 { 4_500 } else { 600 });
        let mut chip = chip(fake);
        let (permit, wanted) = (permit(&chip), noise(1 << 16));
        let done = chip.program(0, &wanted, &permit).unwrap();
        let fake = chip.programmer();
        assert!(fake.array == wanted);
        assert!((1..=40).contains(&done.retried), "{done:?}");
        let floor = US * (250 * 600 + 6 * 4_500) + fake.limits().wire_time(262 * 256);
        assert!(fake.now() < floor * 3 / 2, "{:?}, floor {floor:?}", fake.now());
    }
}

#[test]
fn a_chip_that_becomes_slower_is_followed() {
    for pauses in [false, true] {
        let fake = Fake::new(pauses, |n| US * (500 + 10 * n as u32));
        let mut chip = chip(fake);
        let (permit, wanted) = (permit(&chip), noise(1 << 16));
        chip.program(0, &wanted, &permit).unwrap();
        assert!(chip.programmer().array == wanted);
        assert!(chip.programmer().refused < 64, "{}", chip.programmer().refused);
    }
}

#[test]
fn a_quicker_chip_than_the_datasheets_is_driven_at_its_own_speed() {
    for pauses in [false, true] {
        let mut chip = chip(Fake::new(pauses, |_| US * 200));
        let (permit, wanted) = (permit(&chip), noise(1 << 16));
        chip.program(0, &wanted[..0x8000], &permit).unwrap();
        let from = chip.programmer().now();
        chip.program(0x8000, &wanted[0x8000..], &permit).unwrap();
        let page = (chip.programmer().now() - from) / 128;
        let floor = US * 200 + chip.programmer().limits().wire_time(262);
        assert!(page < floor + floor / 8 + US * 130, "{page:?} a page, floor {floor:?}");
        assert_eq!(chip.programmer().refused, 0);
        assert!(chip.programmer().array == wanted);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the pages take and whatever the status bytes suffer, what is called done is on the chip, unless the
    /// noise hit a proof; the caller's verify is for that.
    #[test]
    fn times_of_any_kind_end_right(
        pauses: bool,
        times in prop::collection::vec(20u32..9_000, 1..40),
        address in 0u64..512,
        len in 1usize..6_000,
        noise_ppm in prop_oneof![Just(0u32), Just(50u32), Just(500u32)],
    ) {
        let mut fake = Fake::new(pauses, move |n| US * times[n as usize % times.len()]);
        fake.noise = noise_ppm;
        let mut chip = chip(fake);
        let (permit, wanted) = (permit(&chip), noise(len));
        match chip.program(address, &wanted, &permit) {
            Ok(_) if noise_ppm == 0 => {
                let at = address as usize;
                prop_assert!(chip.programmer().array[at..at + len] == wanted);
                prop_assert!(chip.programmer().array[..at].iter().all(|b| *b == 0xFF));
            }
            Ok(_) => {}
            Err(error) => prop_assert!(noise_ppm != 0, "{error}"),
        }
    }

    /// What is read back after the last page is what the chip holds, whatever the pages take: the read that a slow last page
    /// swallowed is made again.
    #[test]
    fn what_is_read_back_behind_the_pages_is_what_is_on_the_chip(
        pauses: bool,
        times in prop::collection::vec(20u32..9_000, 1..40),
        start in 0u64..0x4000,
        len in 1u64..0x3000,
        wrong in prop::option::of(0u64..0x3000),
    ) {
        let mut fake = Fake::new(pauses, move |n| US * times[n as usize % times.len()]);
        let wrong = wrong.filter(|w| *w < len).map(|w| start + w);
        // A cell that does not come up: the comparison must find it.
        let mut image = noise(1 << 16);
        if let Some(at) = wrong {
            fake.array[at as usize] = 0;
            image[at as usize] |= 1;
        }
        let mut chip = chip(fake);
        let permit = permit(&chip);
        let span = Span::new(start, start + len);
        let spans: Vec<Span> = span.pieces(0x800).collect();
        let (done, differing) = chip.program_and_verify(&image, &spans, span, &permit).unwrap();
        prop_assert_eq!(differing, wrong.map(|at| Span::new(at, at + 1)).into_iter().collect::<Spans>());
        prop_assert!(done.pages > 0);
    }

    /// With noise, verify finds what is missing and a second pass mends it.
    #[test]
    fn noise_costs_at_most_a_second_pass(seed in 0u32..1000) {
        let mut fake = Fake::new(seed % 2 == 0, move |n| US * (400 + (n as u32).wrapping_mul(seed + 1) % 500));
        fake.noise = 100;
        let mut chip = chip(fake);
        let (permit, wanted) = (permit(&chip), noise(1 << 14));
        for _ in 0..3 {
            chip.program(0, &wanted, &permit).unwrap();
        }
        prop_assert!(chip.programmer().array[..1 << 14] == wanted);
    }
}
