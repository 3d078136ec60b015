//! What a stream unpacks to, and the reading of one within a bound.

use std::io::{ErrorKind, Read};

/// Bytes that are unpacked first, to see whether there is a stream at all.
pub(super) const PROBE: u64 = 0x1000;

/// An unpacked stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The data, up to the first error.
    pub data: Vec<u8>,
    /// Bytes of the stream that were used, with its header.
    pub used: usize,
    /// True when the stream came to its proper end; where the format has a sum, it holds.
    pub complete: bool,
}

#[cfg(test)]
thread_local! {
    /// All bytes that this thread has unpacked.
    pub(crate) static COUNT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Reads at most `most` bytes; the flag is true when the stream ended there.
pub(super) fn read_up_to(stream: &mut dyn Read, most: u64) -> (Vec<u8>, bool) {
    let mut data = Vec::new();
    let mut buffer = vec![0; 0x1_0000];
    loop {
        // At the bound one more byte is requested: only then the end of the stream shows.
        let room = usize::try_from(most - data.len() as u64).unwrap_or(usize::MAX).clamp(1, buffer.len());
        match stream.read(&mut buffer[..room]) {
            Ok(0) => return (data, true),
            Ok(n) if data.len() as u64 + n as u64 <= most => {
                #[cfg(test)]
                COUNT.with(|count| count.set(count.get() + n));
                data.extend_from_slice(&buffer[..n]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return (data, false),
        }
    }
}
