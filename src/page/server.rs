//! The server: its socket, its token, its session, and how it ends.

use super::exchange::{House, serve_connection};
use super::gate::Gate;
use super::hub::{Hub, Input, Lines};
use super::limits::{CONNECTIONS, LOOK};
use super::listen::Listen;
use super::reply::text;
use super::shelf::Shelf;
use crate::desk::Stop;
use crate::session::{Start, serve};
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Random bytes of the token.
const TOKEN: usize = 16;

/// A server that is bound to its address.
pub struct PageServer {
    listener: TcpListener,
    house: House,
    input: Input,
}

impl PageServer {
    /// Binds it, with a new token and a new folder for files.
    ///
    /// # Errors
    /// Where the address is in use, or the system gives no folder and no random bytes.
    pub fn bind(listen: Listen) -> io::Result<Self> {
        let listener = TcpListener::bind(listen.address())?;
        let mut random = [0; TOKEN];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let token = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let gate = Arc::new(Gate::new(token, listener.local_addr()?));
        let shelf = Arc::new(Shelf::new()?);
        let (hub, input) = Hub::new(shelf.path().to_owned());
        Ok(Self { listener, house: House { gate, shelf, hub }, input })
    }

    /// The address to open.
    pub fn url(&self) -> String {
        self.house.gate.url()
    }

    /// Serves until `stop`: a running job then stops at the next point where the chip is consistent; asked twice, at once.
    pub fn run(self, mut start: Start, stop: &Stop) {
        stop.note_requests();
        let Self { listener, house, input } = self;
        // The session rests its flag after each request.
        start.desk.stop = Stop::default();
        let job = start.desk.stop.clone();
        let mut lines = Lines::new(house.hub.clone());
        let session = thread::spawn(move || serve(input, &mut lines, &start));
        let (hub, shelf) = (house.hub.clone(), house.shelf.clone());
        // Ends with the process: nothing in it has to be put in order.
        thread::spawn(move || accept(&listener, &house));
        while !stop.soon() && !session.is_finished() {
            thread::sleep(LOOK);
        }
        hub.end();
        let mut hurried = false;
        while !session.is_finished() {
            if stop.now() && !std::mem::replace(&mut hurried, true) {
                job.request();
                job.request();
            }
            thread::sleep(LOOK);
        }
        shelf.remove();
    }
}

/// Takes connections, each on a thread of its own, up to the bound; those beyond it are closed.
fn accept(listener: &TcpListener, house: &House) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        if open.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS {
            let _ = stream.set_nonblocking(true);
            let _ = text(&mut stream, 503, "too many connections");
            open.fetch_sub(1, Ordering::SeqCst);
            continue;
        }
        let (house, counted) = (house.clone(), open.clone());
        let served = thread::Builder::new().spawn(move || {
            // A failure is the other side's end.
            let _ = serve_connection(stream, &house);
            counted.fetch_sub(1, Ordering::SeqCst);
        });
        if served.is_err() {
            open.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
