//! `man DIR`: the manual pages, one for the program and one a command, `otp show` and its like included.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::help;
use super::super::session::Session;
use super::super::streams;
use crate::wire;
use std::path::PathBuf;

/// The end of every command's page.
const SEE_ALSO: &str =
    ".SH \"SEE ALSO\"\nnorsplice(1) has programmers, exit codes, environment, files and examples.\n";

/// `man DIR`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to write norsplice.1, norsplice-probe.1 and so on into; made when missing
    dir: PathBuf,
}

/// Writes the pages.
pub fn run(args: Args, session: &Session) -> Outcome {
    // No page is made for it.
    let mut program = help::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    let mut open = vec![program];
    while let Some(command) = open.pop() {
        open.extend(command.get_subcommands().filter(|below| below.get_name() != "help").cloned());
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::failed(format!("cannot make the page {name}: {error}")))?;
        let more = if name == "norsplice" { help::manual() } else { SEE_ALSO.to_owned() };
        page.extend(more.into_bytes());
        pages.push((format!("{name}.1"), page));
    }
    pages.sort();
    let written = streams::write_into(session, &args.dir, &pages)?;
    session.out.line(format!("{} pages in {}", written.len(), args.dir.display()));
    Ok((Exit::Done, wire::files(&written)))
}
