//! The report page and the static site in a real browser.

mod driver;
mod engine;
mod page;
mod site;
