//! `emulate`: offers emulated programmers to any program on the machine until it is stopped: USB devices by USB/IP, or a
//! serprog device at a TCP port or a pseudo-terminal.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use crate::desk::programmer::{EmuOptions, Emulated};
use crate::emulator::usbip::{Event, Export, Server};
use crate::emulator::{ByteServer, Connection};
use crate::programmer::spec::Spec;
use crate::wire;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::mpsc;

/// `emulate`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; "usbip attach -r 127.0.0.1 -b 1-1" plugs the first device in
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3240")]
    usbip: SocketAddr,

    /// Offer one serprog device at a TCP port in place of USB: -p serprog:tcp=ADDRESS:PORT, and flashrom's serprog:ip=...;
    /// "pty" makes a serial port of its own and prints its path: -p serprog:dev=PATH
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "usbip", value_parser = serprog_place)]
    serprog: Option<SerprogPlace>,

    /// Let other machines reach it, too: whoever can, may use the emulated programmer
    #[arg(long)]
    anywhere: bool,

    /// One device each, as after "-p emu:": programmer=ft2232h,chip=W25Q64FV,image=FILE,state=DIR
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
}

/// Where a serprog device is offered.
#[derive(Clone, Copy, Debug)]
enum SerprogPlace {
    Tcp(SocketAddr),
    Pty,
}

fn serprog_place(text: &str) -> Result<SerprogPlace, String> {
    match text {
        "pty" => Ok(SerprogPlace::Pty),
        address => match address.parse() {
            Ok(address) => Ok(SerprogPlace::Tcp(address)),
            Err(_) => Err("it is ADDRESS:PORT, such as 127.0.0.1:8888, or pty".into()),
        },
    }
}

/// Serves until a signal; then the chips are saved.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.serprog {
        Some(place) => run_serprog(&args, place, session),
        None => run_usbip(args, session),
    }
}

/// One serprog device, as a stream of bytes.
fn run_serprog(args: &Args, place: SerprogPlace, session: &Session) -> Outcome {
    let mut devices = devices(args, "programmer=serprog-pico-any", session)?;
    let [(name, device)] = devices.as_mut_slice() else {
        return Err(Failure::refused("one serprog device goes to one port"));
    };
    if !device.is_stream() {
        return Err(Failure::refused(format!("{name} is no serprog device"))
            .hint("name one: programmer=serprog-pico, serprog-stm32, serprog-esp32, ..."));
    }
    let emulator = device.emulator.clone();
    let server = match place {
        SerprogPlace::Tcp(address) => {
            ByteServer::bind(address, args.anywhere, emulator).map_err(|error| match error.kind() {
                ErrorKind::PermissionDenied if !args.anywhere => Failure::refused(error.to_string())
                    .hint("\"--anywhere\" allows other addresses than loopback"),
                _ => Failure::failed(format!("cannot listen on {address}: {error}")),
            })?
        }
        SerprogPlace::Pty => ByteServer::pty(emulator)
            .map_err(|error| Failure::failed(format!("cannot make a pseudo-terminal: {error}")))?,
    };
    session.stop.note_requests();
    let address = server
        .address()
        .map_err(|error| Failure::failed(format!("cannot find out where it is reached: {error}")))?;
    let bare = address.to_string();
    let bare = bare.split_once('=').map_or(bare.as_str(), |(_, bare)| bare);
    let about = wire::listening(bare, std::slice::from_ref(name));
    session.out.event("listening", about.clone());
    session.out.line(format!("{bare} offers {name}: -p serprog:{address}"));
    server.run(&|| session.stop.soon(), &|connection| {
        session.out.note(match connection {
            Connection::Opened(peer) => format!("{peer} uses it"),
            Connection::Closed(peer) => format!("{peer} has gone"),
        });
    });
    device.save()?;
    Ok((Exit::Done, about))
}

fn run_usbip(args: Args, session: &Session) -> Outcome {
    let mut devices = devices(&args, "", session)?;
    if let Some((name, _)) = devices.iter().find(|(_, device)| device.is_call()) {
        return Err(Failure::refused(format!("{name} is no USB device"))
            .hint("spidev is emulated inside of norsplice only: -p emu:programmer=spidev"));
    }
    let exports: Vec<Export> =
        (1..).zip(&devices).map(|(n, (_, device))| Export::new(&device.emulator, n)).collect();
    let bus_ids: Vec<String> = exports.iter().map(|export| export.bus_id().to_owned()).collect();
    let server = Server::bind(args.usbip, args.anywhere, exports).map_err(|error| {
        let failure = match error {
            crate::emulator::usbip::ServerError::NotLoopback(_) => Failure::refused(error.to_string()),
            _ => Failure::failed(error.to_string()),
        };
        failure.hint("\"--anywhere\" allows other addresses than loopback")
    })?;
    // From before it says that it listens: a signal ends the serving, and the chips are saved.
    session.stop.note_requests();
    let address = server.address().unwrap_or(args.usbip);
    session.out.event("listening", wire::listening(address, &bus_ids));
    for (bus_id, (name, _)) in bus_ids.iter().zip(&devices) {
        session.out.line(format!("{address} offers {bus_id}: {name}"));
    }
    serve(&server, session);
    for (_, device) in &mut devices {
        device.save()?;
    }
    Ok((Exit::Done, wire::devices_offered(&bus_ids)))
}

/// The emulators asked for, each with its name; one with nothing special where none is described.
fn devices(args: &Args, default: &str, session: &Session) -> Result<Vec<(String, Emulated)>, Failure> {
    let mut texts: Vec<&str> = args.devices.iter().map(String::as_str).collect();
    if texts.is_empty() {
        texts.push(session.options.programmer.as_deref().unwrap_or(default));
    }
    let open = |text: &&str| {
        let pairs = text.strip_prefix("emu").map_or(*text, |rest| rest.trim_start_matches(':'));
        let options = Spec::parse(&format!("emu:{pairs}"))
            .and_then(|spec| EmuOptions::from_spec(&spec))
            .map_err(|fault| Failure::refused(format!("{text}: {fault}")))?;
        Ok((options.to_string(), options.open()?))
    };
    texts.iter().map(open).collect()
}

/// Runs the server on a thread, and reports from here what happens on it.
fn serve(server: &Server, session: &Session) {
    let (send, events) = mpsc::channel();
    let stop = session.stop.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The receiver outlives the server.
            server.run(&|| stop.soon(), &|event| drop(send.send(event)));
        });
        while let Ok(event) = events.recv() {
            session.out.note(words(&event));
        }
    });
}

fn words(event: &Event) -> String {
    match event {
        Event::Imported { peer, bus_id } => format!("{peer} uses {bus_id}"),
        Event::Closed { peer, reason: None } => format!("{peer} has gone"),
        Event::Closed { peer, reason: Some(reason) } => format!("{peer} was closed: {reason}"),
    }
}
