//! `tftp serve`: hands a board the one file that its loader's rescue asks for, judged first, until it is delivered.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::progress::Progress;
use super::super::session::Session;
use super::super::streams;
use super::super::{rescue, splicing};
use crate::desk::allowed;
use crate::image::checks::stopping;
use crate::image::{Board, ImageError, check_tftp, sha256};
use crate::units;
use crate::wire::{self, ServedFile};
use crate::workflow::tftp::{Ended, Served, Server, TftpError, Waits};
use clap::Subcommand;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// `tftp ...`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Hand a board the file for its rescue, under the name its loader asks for, and nothing else
    Serve(Serve),
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// The file, as "splice --for tftp" makes it
    file: PathBuf,

    /// The board it is for
    #[arg(long, value_name = "BOARD", add = super::super::completion::boards())]
    board: String,

    /// Where to listen [default: the address that the board's loader asks, port 69]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,

    /// The name that the loader asks for, where the board file knows none
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The time in which the board must begin to ask
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    within: u64,
}

/// Runs the verb.
pub fn run(args: Args, session: &Session) -> Outcome {
    let Verb::Serve(args) = args.verb;
    serve(&args, session)
}

fn serve(args: &Serve, session: &Session) -> Outcome {
    let board = Board::named(&args.board)?;
    let bytes = streams::read(&args.file)?;
    let findings = check_tftp(board, &bytes)?;
    // From before it says that it listens: a signal ends the serving, and not the program.
    session.stop.note_requests();
    let stop = stopping(&findings, &allowed(session.options.allow.iter().map(String::as_str))?);
    if !stop.is_empty() {
        return Err(ImageError::Refused { findings: stop }.into());
    }
    splicing::findings(session, &findings);
    let name = name(args, board)?;
    let (size, sha256) = (bytes.len() as u64, sha256(&bytes));
    let address = listen(args, board);
    let waits = Waits { all: Duration::from_secs(args.within), ..Waits::default() };
    let server = Server::bind(address, bytes, &name, waits).map_err(|error| explain(error, board))?;
    let address = server.address().unwrap_or(address);
    let file =
        ServedFile { address, board: &board.name, name: &name, size, sha256: &sha256, findings: &findings };
    session.out.event("listening", wire::serving(&file));
    session.out.line(format!("{address} serves {name}, {} ({size:#x} bytes)", units::size(size)));
    for (n, step) in (1..).zip(rescue::steps_while_serving(board, address)) {
        session.out.line(format!("  {n}. {step}"));
    }
    let mut teller = ServedReport { session, board, address, size, progress: session.progress() };
    let ended = server.serve(&mut |event| {
        teller.report(&event);
        session.stop.flow()
    });
    teller.progress.finish();
    match ended.map_err(|error| explain(error, board))? {
        Ended::Delivered(peer) => {
            session
                .out
                .line(format!("{peer} has the whole file; now wait: the board writes it and restarts"));
            Ok((Exit::Done, wire::delivered(&file, peer)))
        }
        Ended::Stopped => Err(Failure::failed("stopped before the file was delivered")),
        Ended::NobodyAsked => {
            let text = format!("no one fetched {name} from {address} in {} s", args.within);
            Err(Failure::failed(text).hint(rescue::checklist(board, address).join("; ")))
        }
    }
}

/// The name the board asks for.
fn name(args: &Serve, board: &Board) -> Result<String, Failure> {
    let known = board.recovery.as_ref().and_then(|r| r.file.clone());
    args.name.clone().or(known).ok_or_else(|| {
        Failure::refused(format!(
            "what name the loader of {} asks for is not known: give it with --name",
            board.name
        ))
    })
}

fn listen(args: &Serve, board: &Board) -> SocketAddr {
    let known = board.recovery.as_ref().and_then(|r| r.server.as_ref()?.parse::<IpAddr>().ok());
    let all = IpAddr::from([0, 0, 0, 0]);
    args.listen.unwrap_or_else(|| SocketAddr::new(known.unwrap_or(all), rescue::PORT))
}

/// What to do about an address that cannot be listened on.
fn explain(error: TftpError, board: &Board) -> Failure {
    let failure = Failure::failed(error.to_string());
    let TftpError::Bind { address, error } = error else { return failure };
    match error.kind() {
        ErrorKind::AddrNotAvailable => failure.hint(format!(
            "this machine does not have the address {}: \"sudo ip addr add {0}/{} dev IFACE\" gives it, IFACE being the \
             board's cable",
            address.ip(),
            rescue::prefix(board),
        )),
        ErrorKind::PermissionDenied => failure.hint(format!(
            "ports under 1024 need privileges: run it with sudo, or once \"sudo setcap cap_net_bind_service=+ep {}\"",
            std::env::current_exe().unwrap_or_else(|_| "norsplice".into()).display()
        )),
        ErrorKind::AddrInUse => failure.hint(format!(
            "another program listens there: \"sudo ss -ulpn 'sport = :{}'\" names it",
            address.port()
        )),
        _ => failure,
    }
}

/// Says what happens.
struct ServedReport<'a> {
    session: &'a Session,
    board: &'a Board,
    address: SocketAddr,
    size: u64,
    progress: Progress<'a>,
}

impl ServedReport<'_> {
    fn report(&mut self, event: &Served) {
        let out = &self.session.out;
        match event {
            Served::Began(peer) => {
                self.progress.finish();
                out.note(format!("{peer} asks for the file"));
                self.progress.start("send", self.size);
            }
            Served::Sent(_, done) => self.progress.at(*done),
            Served::GaveUp(peer, at) => {
                self.progress.finish();
                out.warn(format!(
                    "{peer} stopped answering at {at:#x} of {:#x}: cable, or the board's power? Still serving",
                    self.size
                ));
            }
            Served::OtherName(peer, name) => out.warn(format!(
                "{peer} asks for {name:?}, which is not served: is it another board than {}?",
                self.board.name
            )),
            Served::Write(peer, name) => out.warn(format!("{peer} wants to write {name:?}: refused")),
            Served::Silence(waited) => {
                let checks = rescue::checklist(self.board, self.address);
                let list: String = checks.iter().map(|line| format!("\n  - {line}")).collect();
                out.note(format!("no one has asked for {}; look at{list}", units::time(*waited)));
            }
            Served::Tick => {}
        }
    }
}
