//! What a chip's security registers mean for a firmware that does not start, as a sentence.

/// `Some(true)` where any is locked, `Some(false)` where all are known to be open.
fn any_locked(locks: &[Option<bool>]) -> Option<bool> {
    let any = locks.contains(&Some(true));
    if any { Some(true) } else { locks.iter().all(Option::is_some).then_some(false) }
}

/// What the registers mean for a firmware that does not start: `count` registers, all of them blank or not, and whether
/// each is locked, where that is known.
pub fn otp_verdict(count: usize, blank: bool, locks: &[Option<bool>]) -> String {
    let all = match count {
        0 => return "this part has no security registers: OTP does not explain a firmware that refuses to start".into(),
        1 => "the one register is",
        2 => "both registers are",
        3 => "all three registers are",
        _ => "all registers are",
    };
    match (blank, any_locked(locks)) {
        (true, Some(true)) => format!("{all} blank; what is locked can never hold anything"),
        (true, open) => {
            let state =
                if open.is_some() { "blank and unlocked" } else { "blank (whether locked is not known)" };
            format!("{all} {state}: OTP does not explain a firmware that refuses to start")
        }
        (false, Some(true)) => {
            "there is data, some of it locked forever; a firmware may need it: copy it when replacing the chip"
                .into()
        }
        (false, _) => "there is data; a firmware may need it: copy it when replacing the chip".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts() {
        let text = "all three registers are blank and unlocked: OTP does not explain a firmware that refuses to start";
        assert_eq!(otp_verdict(3, true, &[Some(false); 3]), text);
        assert!(!otp_verdict(1, true, &[None]).contains("unlocked"), "it is not known");
    }
}
