//! The report page in a real browser.

mod driver;
mod page;
