//! Every emulated part driven through probe, write and one-time memory; parts made from a table of facts; foreign
//! drivers on the same chips.

mod by_hand;
mod clock;
mod collisions;
mod dies;
mod direct;
mod drivers;
mod every_part;
mod facts;
mod facts_table;
mod one_time;
mod session;
mod states;
mod states_usb;
