//! The flash layer over the real codecs and drivers, on emulated programmers: every test ends with no misdeed counted.

mod basics;
mod broken_off;
mod dead_erases;
mod every_part;
mod late_answers;
mod otp;
mod programming;
mod protection;
mod stuck;
