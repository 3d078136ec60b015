//! The flash layer over the real codecs and drivers, on emulated programmers: every test ends with no misdeed counted.

mod basics;
mod dead_erases;
mod every_part;
mod otp;
mod programming;
mod protection;
mod stuck;
