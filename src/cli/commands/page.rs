//! `page`: the page in a browser of this machine.

use super::super::browser;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::store;
use crate::page::{Listen, PageServer};
use crate::session::Start;
use crate::wire;

/// `page`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the address and open no browser
    #[arg(long)]
    no_open: bool,
    /// Where to listen: a loopback address; port 0 is a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: Listen,
}

/// Serves the page until the program is ended.
pub fn run(args: Args, session: &Session) -> Outcome {
    if session.options.yes {
        return Err(Failure::refused("the page has no --yes: each question is answered on the page itself"));
    }
    let start = Start {
        desk: session.desk()?,
        store: store::prepared(session)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let server = PageServer::bind(args.listen).map_err(|error| {
        let address = args.listen.address();
        Failure::failed(format!("cannot listen on {address}: {error}"))
            .hint("\"--listen 127.0.0.1:0\" takes a free port")
    })?;
    // From before it says that it listens: a signal ends it in order.
    session.stop.note_requests();
    let (url, about) = (server.url(), wire::listening(server.url(), &[]));
    session.out.event("listening", about.clone());
    session.out.line(&url);
    if !args.no_open
        && let Err(error) = browser::open(&url)
    {
        session.out.note(format!("the browser does not start ({error}): open the address by hand"));
    }
    server.run(start, &session.stop);
    Ok((Exit::Done, about))
}
