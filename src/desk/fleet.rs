//! Several programmers at once: which ones are meant.

use super::Refusal;
use super::programmer::ProgrammerChoice;
use super::why::Why;
use crate::programmer::{Attached, Model, attached};
use crate::spi::LinkError;

/// One of several programmers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The text that chooses it, as [`ProgrammerChoice::parse`] reads it; for a device that cannot be used, what and where
    /// it is.
    pub text: String,
    /// Why it cannot be used, and what to do.
    pub problem: Option<String>,
}

impl Member {
    /// Nothing, for a programmer that can be used.
    ///
    /// # Errors
    /// [`Why::UnusableProgrammer`].
    pub fn usable(&self) -> Result<(), Refusal> {
        match &self.problem {
            Some(problem) => Err(Why::UnusableProgrammer(problem.clone()).into()),
            None => Ok(()),
        }
    }
}

/// The programmers that are meant: those named, where a kind without a place is all of that kind; all that are plugged
/// in where none is named.
///
/// # Errors
/// [`Why::ProgrammerText`], [`Why::SameProgrammer`], [`Why::NoProgrammer`]; [`Why::Spi`] where USB cannot be used at all.
pub fn fleet(named: &[&str]) -> Result<Vec<Member>, Refusal> {
    choose(named, attached)
}

/// As [`fleet`]; what is plugged in is asked for only where it decides.
fn choose(
    named: &[&str],
    plugged: impl FnOnce() -> Result<Vec<Attached>, LinkError>,
) -> Result<Vec<Member>, Refusal> {
    let choices = named.iter().map(|text| ProgrammerChoice::parse(text)).collect::<Result<Vec<_>, _>>()?;
    let ask = named.is_empty() || choices.iter().any(|choice| choice.any_of_kind().is_some());
    let there = if ask { plugged()? } else { Vec::new() };
    let mut members: Vec<Member> =
        if named.is_empty() { there.iter().map(plugged_in).collect() } else { Vec::new() };
    for (text, choice) in named.iter().zip(&choices) {
        match choice.any_of_kind() {
            Some(settings) => members.extend(of_kind(text, settings.model, &there).map(usable)),
            None => members.push(usable((*text).to_owned())),
        }
    }
    if members.is_empty() {
        return Err(Why::NoProgrammer.into());
    }
    let same = |n: usize| members[..n].iter().any(|one| one.text == members[n].text);
    match (1..members.len()).find(|n| same(*n)) {
        Some(n) => Err(Why::SameProgrammer { text: members[n].text.clone() }.into()),
        None => Ok(members),
    }
}

fn usable(text: String) -> Member {
    Member { text, problem: None }
}

fn plugged_in(one: &Attached) -> Member {
    match one.spec() {
        Some(spec) => usable(spec),
        None => Member {
            text: format!("ch341 at USB {}", one.path),
            problem: one.problem.as_ref().map(ToString::to_string),
        },
    }
}

/// Each programmer of a kind that is plugged in, with the options of `text`; `text` itself where there is none, so
/// that opening it says so.
fn of_kind<'a>(text: &'a str, model: &'a Model, there: &'a [Attached]) -> impl Iterator<Item = String> + 'a {
    let mut found = there.iter().filter(move |one| one.model == Some(model)).peekable();
    let none = found.peek().is_none().then(|| text.to_owned());
    let text = text.trim_end_matches(':');
    let join = if text.contains(':') { ',' } else { ':' };
    found.map(move |one| format!("{text}{join}path={}", one.path)).chain(none)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::models;
    use crate::spi::LinkFault;

    fn device(name: &str, path: &str) -> Attached {
        let model = models().iter().find(|model| model.name == name);
        let problem = model.is_none().then(|| LinkError::new(LinkFault::Unusable, "no SPI".to_owned()));
        let (name, path) = (name.to_owned(), path.to_owned());
        Attached { model, name, ids: (0, 0), path, serial: None, text: None, problem }
    }

    fn texts(named: &[&str], there: Vec<Attached>) -> Vec<String> {
        choose(named, || Ok(there)).unwrap().into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn without_a_name_all_that_are_plugged_in_are_meant() {
        let there = vec![device("ch341a", "1-1"), device("CH341 in UART mode", "1-2")];
        let members = choose(&[], || Ok(there)).unwrap();
        assert_eq!(members[0], usable("ch341a:path=1-1".to_owned()));
        assert_eq!(members[1].text, "ch341 at USB 1-2");
        assert!(members[0].usable().is_ok());
        let why = members[1].usable().unwrap_err().why;
        assert!(matches!(*why, Why::UnusableProgrammer(text) if text.contains("no SPI")));
    }

    #[test]
    fn a_kind_is_all_of_that_kind_with_its_options() {
        let there = || vec![device("ft2232h", "1-1"), device("ch341a", "1-2"), device("ft2232h", "2-1")];
        assert_eq!(texts(&["ft2232h:"], there()), ["ft2232h:path=1-1", "ft2232h:path=2-1"]);
        assert_eq!(
            texts(&["ft2232h:speed=10M"], there()),
            ["ft2232h:speed=10M,path=1-1", "ft2232h:speed=10M,path=2-1"]
        );
        assert_eq!(texts(&["ft2232h"], vec![device("ch341a", "1-2")]), ["ft2232h"]);
    }

    #[test]
    fn a_place_is_not_looked_up_on_usb() {
        let members = choose(&["ch341a:path=1-1", "emu:chip=W25Q64FV"], || panic!("USB was asked")).unwrap();
        assert_eq!(members.len(), 2);
    }

    #[test]
    fn none_and_the_same_twice_are_refused() {
        let why = |named: &[&str]| *choose(named, || Ok(Vec::new())).unwrap_err().why;
        assert!(matches!(why(&[]), Why::NoProgrammer));
        assert!(
            matches!(why(&["emu:chip=W25Q64FV", "ch341a:path=1-1", "emu:chip=W25Q64FV"]), Why::SameProgrammer { text } if text == "emu:chip=W25Q64FV")
        );
        assert!(matches!(why(&["no such"]), Why::ProgrammerText { .. }));
    }
}
