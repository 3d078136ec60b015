//! Names of reference boards: what a processor's maker calls its own board, and what products built after it keep.
//!
//! The first `compatible` of a tree is "manufacturer,model" of the board (Devicetree Specification 0.4, 2.3.1 and 3.2).
//! A manufacturer that makes processors makes evaluation boards: Linux names them
//! "ralink,mt7620a-eval-board", "mediatek,mt7621-eval-board" or "qca,ap143"
//! (Documentation/devicetree/bindings/mips/ralink.yaml, arch/mips/boot/dts), Mediatek's SDK "mediatek,mt7621-rfb".
//! Vendors build products with such a tree unchanged, so the name says which processor a firmware is for, and not
//! which board.

/// Makers of processors by the prefixes of their names in trees, those of one maker in one row.
///
/// Source: Linux Documentation/devicetree/bindings/vendor-prefixes.yaml, and the makers' folders in
/// arch/{arm,arm64,mips,riscv}/boot/dts. Ralink is Mediatek's since 2011, Atheros (QCA) Qualcomm's; Lantiq became Intel's
/// and MaxLinear's, Freescale NXP's, EcoNet Airoha's.
const MAKERS: [&[&str]; 20] = [
    &["mediatek", "ralink"],
    &["qcom", "qca", "atheros"],
    &["brcm"],
    &["realtek"],
    &["lantiq", "intel", "maxlinear"],
    &["airoha", "econet"],
    &["marvell", "cavium"],
    &["fsl", "nxp"],
    &["allwinner"],
    &["rockchip"],
    &["amlogic"],
    &["hisilicon"],
    &["ingenic"],
    &["ti"],
    &["mstar", "sstar"],
    &["nuvoton"],
    &["aspeed"],
    &["microchip", "mscc"],
    &["siflower"],
    &["samsung"],
];

/// The row of [`MAKERS`] that the maker in `name` is in.
fn maker(name: &str) -> Option<usize> {
    let (prefix, _) = name.split_once(',')?;
    MAKERS.iter().position(|row| row.iter().any(|known| known.eq_ignore_ascii_case(prefix)))
}

/// True where a board's own name is one that the maker of its processor gives: no product is named by it.
pub(crate) fn is_reference(name: &str) -> bool {
    maker(name).is_some()
}

/// True where the names of two trees, each its own first and its processor's last, are of different makers' processors.
pub(crate) fn is_other_maker(a: &[String], b: &[String]) -> bool {
    let of = |names: &[String]| names.iter().rev().find_map(|name| maker(name));
    matches!((of(a), of(b)), (Some(a), Some(b)) if a != b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_makers_of_processors_name_reference_boards() {
        for name in [
            "mediatek,mt7621-rfb",
            "mediatek,mt7621-rfb-ax-nor",
            "ralink,mt7620a-eval-board",
            "ralink,mt7620a-soc",
            "qca,ap147",
            "qcom,ipq4019-ap-dk01.1-c1",
            "Realtek,rtl8198d",
        ] {
            assert!(is_reference(name), "{name}");
        }
        for name in ["xiaomi,mi-router-4a-gigabit", "tplink,archer-mr200", "hc5661", "mediatek", "", ","] {
            assert!(!is_reference(name), "{name}");
        }
    }

    #[test]
    fn processors_of_two_makers_differ() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let own = names(&["xiaomi,mi-router-4a-gigabit", "mediatek,mt7621-soc"]);
        assert!(!is_other_maker(&own, &names(&["ralink,mt7621-eval-board", "ralink,mt7621-soc"])));
        assert!(is_other_maker(&own, &names(&["qca,ap147", "qca,qca9533"])));
        assert!(!is_other_maker(&names(&["acme,quick5"]), &names(&["qca,ap147"])), "not known");
    }

    #[test]
    fn no_maker_is_in_two_rows() {
        let mut all: Vec<&str> = MAKERS.concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
