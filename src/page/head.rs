//! The head of an HTTP request, read within a bound of bytes and time.

use super::limits::{FIELDS, HEAD};
use std::io::Read;

/// A head, and what came after it in the same packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// `GET`
    pub method: String,
    /// The path as sent, with its query.
    pub path: String,
    /// Header fields, their names in small letters.
    fields: Vec<(String, String)>,
    /// Bytes of the body that have come already.
    pub rest: Vec<u8>,
}

/// Why there is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// Longer than the bound, or more fields.
    TooLong,
    /// No HTTP/1.1.
    Malformed,
    /// The other side closed, or was too slow.
    Ended,
}

impl Head {
    /// Reads up to the end of the head.
    ///
    /// # Errors
    /// [`HeadFault`].
    pub fn read(stream: &mut impl Read) -> Result<Self, HeadFault> {
        let mut bytes = Vec::new();
        loop {
            let mut piece = [0; 4096];
            let len = stream.read(&mut piece).map_err(|_| HeadFault::Ended)?;
            if len == 0 {
                return Err(HeadFault::Ended);
            }
            bytes.extend(&piece[..len]);
            if let Some(head) = Self::parse(&bytes)? {
                return Ok(head);
            }
            if bytes.len() > HEAD {
                return Err(HeadFault::TooLong);
            }
        }
    }

    /// The head, where all of it is there.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, HeadFault> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let end = match request.parse(bytes) {
            Ok(httparse::Status::Complete(end)) if end <= HEAD => end,
            Ok(httparse::Status::Partial) => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(HeadFault::TooLong),
            Err(_) => return Err(HeadFault::Malformed),
        };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| HeadFault::Malformed);
        let fields = request.headers.iter();
        let fields = fields.map(|field| Ok((field.name.to_ascii_lowercase(), text(field.value)?)));
        Ok(Some(Self {
            method: request.method.unwrap_or_default().to_owned(),
            path: request.path.unwrap_or_default().to_owned(),
            fields: fields.collect::<Result<_, _>>()?,
            rest: bytes[end..].to_vec(),
        }))
    }

    /// The value of a field that is there once; a field that is there twice has none.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(known, _)| known == name);
        let value = values.next()?;
        if values.next().is_some() { None } else { Some(value.1.trim()) }
    }

    /// True where a field is there at all.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Head, HeadFault> {
        Head::read(&mut text.as_bytes())
    }

    #[test]
    fn a_head_is_read_and_a_field_that_is_there_twice_has_no_value() {
        let head = of("GET /a?b HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\n\r\nbody").unwrap();
        assert_eq!(
            (head.method.as_str(), head.path.as_str(), head.rest.as_slice()),
            ("GET", "/a?b", &b"body"[..])
        );
        assert_eq!(
            (head.field("host"), head.field("a"), head.has("a"), head.has("b")),
            (Some("x"), None, true, false)
        );
    }

    #[test]
    fn what_is_too_long_or_no_head_is_none() {
        let many = "x: y\r\n".repeat(FIELDS + 1);
        assert_eq!(of(&format!("GET / HTTP/1.1\r\n{many}\r\n")), Err(HeadFault::TooLong));
        assert_eq!(of(&format!("GET /{} HTTP/1.1\r\n", "a".repeat(2 * HEAD))), Err(HeadFault::TooLong));
        assert_eq!(of(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(HEAD))), Err(HeadFault::TooLong));
        assert_eq!(of("\u{1}\u{2}\r\n\r\n"), Err(HeadFault::Malformed));
        assert_eq!(of("GET / HTTP/1.1\r\nHost: x\r\n"), Err(HeadFault::Ended));
    }
}
