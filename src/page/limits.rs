//! The bounds of the server: sizes, numbers, times.

use std::time::Duration;

/// The head of a request, in bytes.
pub const HEAD: usize = 16 * 1024;
/// Its header fields.
pub const FIELDS: usize = 64;
/// A message of a tab, in bytes: a line of the session.
pub const MESSAGE: usize = crate::session::LONGEST;
/// A file that a tab drops, in bytes: more than the largest chip.
pub const FILE: u64 = 512 << 20;
/// All files of one run, in bytes.
pub const FILES: u64 = 4 << 30;
/// Connections at the same time. Those beyond are closed.
pub const CONNECTIONS: usize = 64;
/// Tabs at the same time.
pub const TABS: usize = 8;
/// Lines that wait for a tab. One that takes none for so long is closed.
pub const WAITING: usize = 512;
/// Bytes of lines that are kept for a new tab.
pub const KEPT: usize = 1 << 20;
/// Until a head has come.
pub const HEAD_TIME: Duration = Duration::from_secs(5);
/// Until a file has come.
pub const FILE_TIME: Duration = Duration::from_secs(120);
/// Until the other side takes what is sent.
pub const SEND_TIME: Duration = Duration::from_secs(10);
/// Between two looks at whether the program is to end.
pub const LOOK: Duration = Duration::from_millis(100);
