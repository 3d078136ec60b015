//! The report, the page of this machine and the static site in a real browser.

mod driver;
mod engine;
mod local;
mod page;
mod picture;
mod site;
