//! How many cases a costly property test runs.

use proptest::prelude::ProptestConfig;

/// proptest's own number, where nobody says another.
const USUAL: u32 = 256;

/// So many, or as many as `PROPTEST_CASES` says: `with_cases` alone would pass it over.
pub(crate) fn few(cases: u32) -> ProptestConfig {
    let said = ProptestConfig::default();
    if said.cases == USUAL { ProptestConfig::with_cases(cases) } else { said }
}
