//! The report, the page of this machine and the static site in a real browser.

mod clicks;
mod controls;
mod driver;
mod engine;
mod local;
mod outside;
mod page;
mod picture;
mod safety;
mod site;
mod speed;
mod splicing;
mod tab;
mod wire_faults;
