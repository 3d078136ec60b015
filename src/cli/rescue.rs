//! How a file gets into a board by its loader's own rescue: the steps, and what to check when no one asks for it.

use crate::image::{Board, Recovery};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port that loaders ask.
pub const PORT: u16 = 69;

/// What the user does with `file`, a step a line.
pub fn steps(board: &Board, file: &str) -> Vec<String> {
    let serve = format!("norsplice tftp serve {file} --board {}", board.name);
    all_steps(board, |r| vec![give_address(r), format!("{serve}, which serves it as {}", text(&r.file))])
}

/// What is left to do while the file is served at `address`.
pub fn steps_while_serving(board: &Board, address: SocketAddr) -> Vec<String> {
    all_steps(board, |r| {
        let asked = r.server.as_ref().and_then(|server| server.parse::<IpAddr>().ok());
        let reachable = asked.is_none_or(|asked| address.ip().is_unspecified() || address.ip() == asked);
        if reachable && address.port() == PORT {
            return vec![give_address(r)];
        }
        let server = text(&r.server);
        vec![format!(
            "the board asks {server}, port {PORT}; this listens at {address} instead: forward the one to the other"
        )]
    })
}

fn all_steps(board: &Board, middle: impl FnOnce(&Recovery) -> Vec<String>) -> Vec<String> {
    let Some(r) = &board.recovery else { return Vec::new() };
    let mut steps = vec![format!("cable from this machine to {}, no other network on it", text(&r.port))];
    steps.extend(middle(r));
    steps.push(format!("{}; the board is {} and fetches it", text(&r.button), text(&r.client)));
    steps.extend(r.note.clone());
    steps
}

fn give_address(r: &Recovery) -> String {
    format!("give this machine the address {}, mask {}{}", text(&r.server), text(&r.mask), by_command(r))
}

/// What may be wrong when no one asks `address` for the file.
pub fn checklist(board: &Board, address: SocketAddr) -> Vec<String> {
    let Some(r) = &board.recovery else { return Vec::new() };
    let port = address.port();
    vec![
        format!("cable: in {}, and its link up while the board is on", text(&r.port)),
        format!("address: this machine must be {}, mask {}{}", text(&r.server), text(&r.mask), by_command(r)),
        format!("button: {}, and still held for some seconds after", text(&r.button)),
        format!(
            "firewall: UDP port {port} in, and answers out, must pass (sudo iptables -I INPUT -p udp -j ACCEPT)"
        ),
        match port {
            69 => {
                "another server: only one program can have the port (sudo ss -ulpn 'sport = :69')".to_owned()
            }
            _ => format!("port: loaders ask port 69 and not {port}; that one must be forwarded here"),
        },
        format!(
            "what the board does: \"sudo tcpdump -ni IFACE arp or udp\" shows whether {} asks at all",
            r.client.as_deref().unwrap_or("the board")
        ),
    ]
}

/// The command that gives this machine the address, where address and mask are known.
fn by_command(r: &Recovery) -> String {
    let Some(server) = &r.server else { return String::new() };
    format!(" (sudo ip addr add {server}/{} dev IFACE)", bits(r))
}

/// The length of the network's prefix in the board's rescue.
pub fn prefix(board: &Board) -> u32 {
    board.recovery.as_ref().map_or(24, bits)
}

fn bits(r: &Recovery) -> u32 {
    let mask = r.mask.as_ref().and_then(|mask| mask.parse::<Ipv4Addr>().ok());
    mask.map_or(24, |mask| u32::from(mask).count_ones())
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "(not known)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_checks_say_what_is_known() {
        let board = Board::named("archer-mr200-v1").unwrap();
        let steps = steps(board, "f.bin").join("\n");
        for word in
            ["LAN1", "192.168.0.66/23", "tftp serve f.bin --board archer-mr200-v1", "WPS", "192.168.1.1"]
        {
            assert!(steps.contains(word), "{word}: {steps}");
        }
        let here = steps_while_serving(board, ([192, 168, 0, 66], 69).into()).join("\n");
        assert!(here.contains("192.168.0.66/23") && !here.contains("norsplice tftp"), "{here}");
        let elsewhere = steps_while_serving(board, ([127, 0, 0, 1], 6969).into()).join("\n");
        assert!(
            elsewhere.contains("asks 192.168.0.66, port 69; this listens at 127.0.0.1:6969"),
            "{elsewhere}"
        );
        assert!(!elsewhere.contains("ip addr add"), "{elsewhere}");
        let checks = checklist(board, ([192, 168, 0, 66], 69).into()).join("\n");
        for word in ["cable", "255.255.254.0", "button", "firewall", "port 69", "192.168.1.1 asks"] {
            assert!(checks.contains(word), "{word}: {checks}");
        }
        assert!(checklist(board, ([127, 0, 0, 1], 6969).into()).join("\n").contains("not 6969"));
    }
}
