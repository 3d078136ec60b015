//! Who may do what: each request is for a place behind the token, for this host, and from the page itself.

use super::assets::{Asset, asset};
use super::head::Head;
use super::shelf::Name;

/// What every request is held against.
#[derive(Debug)]
pub struct Gate {
    /// The first part of every path.
    token: String,
    /// What `Host` may be: the address that was printed, and its name.
    hosts: [String; 2],
}

/// Where an admitted request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Route {
    /// A file of the page.
    Asset(&'static Asset),
    /// The session, with the key of the WebSocket.
    Session(String),
    /// A file of the user's comes in.
    Put(Name),
    /// A file of the folder goes out: to be kept, or to be looked at.
    Get(Name, View),
}

/// How a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Saved by the browser.
    Saved,
    /// A page of its own, which reaches nothing.
    Shown,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateFault {
    /// `Host` is not this server's: a name that was made to point here.
    Host,
    /// `Origin` is another page.
    Origin,
    /// No token, or another one.
    Token,
    /// Nothing is there.
    Place,
    /// It cannot be done there.
    Method,
    /// No WebSocket of version 13.
    Upgrade,
}

impl GateFault {
    /// The status and the reason.
    pub fn words(self) -> (u16, &'static str) {
        match self {
            Self::Host => (403, "this server answers under the address that it printed and no other"),
            Self::Origin => (403, "another page asks: only the page itself may"),
            Self::Token => (403, "the address lacks its token: open the one that was printed"),
            Self::Place => (404, "nothing is at this address"),
            Self::Method => (405, "this cannot be done here"),
            Self::Upgrade => (426, "the session is reached by a WebSocket of version 13"),
        }
    }
}

impl Gate {
    /// For a server of this token, which listens on this address.
    pub fn new(token: String, address: std::net::SocketAddr) -> Self {
        Self { token, hosts: [address.to_string(), format!("localhost:{}", address.port())] }
    }

    /// The address to open.
    pub fn url(&self) -> String {
        format!("http://{}/{}/", self.hosts[0], self.token)
    }

    /// The policy of the page's own files: nothing but its own files, and the session.
    pub fn policy(&self) -> String {
        let [address, name] = &self.hosts;
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
             connect-src 'self' ws://{address} ws://{name}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }

    /// Decides a request by its head.
    ///
    /// # Errors
    /// [`GateFault`].
    pub fn admit(&self, head: &Head) -> Result<Route, GateFault> {
        let host = head.field("host").ok_or(GateFault::Host)?;
        if !self.hosts.iter().any(|known| known == host) {
            return Err(GateFault::Host);
        }
        // Only what is opened by hand has no origin: typed, or a file of the page.
        let is_own = head.field("origin") == Some(&format!("http://{host}"));
        if head.has("origin") && !is_own {
            return Err(GateFault::Origin);
        }
        let path = head.path.split('?').next().unwrap_or_default();
        let (token, place) =
            path.strip_prefix('/').and_then(|path| path.split_once('/')).ok_or(GateFault::Token)?;
        if !same(token, &self.token) {
            return Err(GateFault::Token);
        }
        let is_get = head.method == "GET";
        match place.split_once('/') {
            None if place == "session" && is_get => {
                if !is_own {
                    return Err(GateFault::Origin);
                }
                let is_upgrade =
                    head.field("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
                let key = head.field("sec-websocket-key").filter(|key| key.len() == 24);
                let version = head.field("sec-websocket-version") == Some("13");
                let key = key.filter(|_| is_upgrade && version);
                key.map(|key| Route::Session(key.to_owned())).ok_or(GateFault::Upgrade)
            }
            None => {
                let asset =
                    asset(if place.is_empty() { "index.html" } else { place }).ok_or(GateFault::Place)?;
                if is_get { Ok(Route::Asset(asset)) } else { Err(GateFault::Method) }
            }
            Some(("files", name)) => match head.method.as_str() {
                "PUT" if is_own => Ok(Route::Put(Name::made_of(name).ok_or(GateFault::Place)?)),
                "PUT" => Err(GateFault::Origin),
                "GET" => Ok(Route::Get(Name::exactly(name).ok_or(GateFault::Place)?, View::Saved)),
                _ => Err(GateFault::Method),
            },
            Some(("view", name)) if is_get => {
                let name = Name::exactly(name).filter(|name| name.as_str().ends_with(".html"));
                Ok(Route::Get(name.ok_or(GateFault::Place)?, View::Shown))
            }
            Some(_) => Err(GateFault::Place),
        }
    }
}

/// Compares in a time that does not depend on where they differ.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "Host: 127.0.0.1:80\r\nOrigin: http://127.0.0.1:80\r\n";
    const SOCKET: &str =
        "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n";

    fn admit(line: &str, fields: &str) -> Result<Route, GateFault> {
        let gate = Gate::new("abc".into(), ([127, 0, 0, 1], 80).into());
        gate.admit(&Head::read(&mut format!("{line} HTTP/1.1\r\n{fields}\r\n").as_bytes()).unwrap())
    }

    #[test]
    fn the_page_and_its_session_are_admitted() {
        assert!(
            matches!(admit("GET /abc/", "Host: 127.0.0.1:80\r\n"), Ok(Route::Asset(asset)) if asset.name == "index.html")
        );
        assert!(matches!(admit("GET /abc/main.js?1", "Host: localhost:80\r\n"), Ok(Route::Asset(_))));
        assert!(matches!(admit("GET /abc/session", &format!("{OWN}{SOCKET}")), Ok(Route::Session(_))));
        assert!(matches!(admit("PUT /abc/files/a.bin", OWN), Ok(Route::Put(_))));
        assert!(matches!(admit("GET /abc/files/1-a.bin", OWN), Ok(Route::Get(_, View::Saved))));
        assert!(matches!(admit("GET /abc/view/1-a.html", OWN), Ok(Route::Get(_, View::Shown))));
    }

    #[test]
    fn what_comes_from_elsewhere_is_refused() {
        for host in [
            "",
            "Host: evil.example:80\r\n",
            "Host: 127.0.0.1\r\n",
            "Host: 127.0.0.1:81\r\n",
            "Host: 127.0.0.1:80\r\nHost: 127.0.0.1:80\r\n",
        ] {
            assert_eq!(admit("GET /abc/", host), Err(GateFault::Host), "{host}");
        }
        for origin in [
            "http://evil.example",
            "null",
            "https://127.0.0.1:80",
            "http://127.0.0.1:81",
            "http://localhost:80",
        ] {
            let fields = format!("Host: 127.0.0.1:80\r\nOrigin: {origin}\r\n");
            for line in ["GET /abc/", "PUT /abc/files/a", "GET /abc/session"] {
                assert_eq!(admit(line, &format!("{fields}{SOCKET}")), Err(GateFault::Origin), "{origin}");
            }
        }
        // Without an origin nothing is changed.
        assert_eq!(admit("PUT /abc/files/a", "Host: 127.0.0.1:80\r\n"), Err(GateFault::Origin));
        assert_eq!(
            admit("GET /abc/session", &format!("Host: 127.0.0.1:80\r\n{SOCKET}")),
            Err(GateFault::Origin)
        );
    }

    #[test]
    fn without_the_token_nothing_is_there() {
        for path in ["/", "/abc", "/abd/", "/ab/", "/abcd/", "//", "/main.js", "/%61bc/", "*", "/x/session"] {
            assert_eq!(admit(&format!("GET {path}"), OWN), Err(GateFault::Token), "{path}");
        }
    }

    #[test]
    fn nothing_outside_of_the_folder_is_a_place() {
        for name in [
            "../a",
            "..",
            ".",
            "",
            ".a",
            "a/b",
            "%2e%2e%2fa",
            "a%2fb",
            "/etc/passwd",
            "a%00",
            "a\\b",
            "%2fetc",
        ] {
            assert_eq!(admit(&format!("GET /abc/files/{name}"), OWN), Err(GateFault::Place), "{name}");
        }
        assert_eq!(admit("GET /abc/view/1-a.bin", OWN), Err(GateFault::Place));
        assert_eq!(admit("GET /abc/../abc/main.js", OWN), Err(GateFault::Place));
        assert_eq!(admit("POST /abc/", OWN), Err(GateFault::Method));
        assert_eq!(admit("DELETE /abc/files/a", OWN), Err(GateFault::Method));
        assert_eq!(admit("GET /abc/session", OWN), Err(GateFault::Upgrade));
    }
}
