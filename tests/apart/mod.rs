//! Devices that were written apart from the emulator, by the protocols' public descriptions, each with one thing that a firmware
//! may do otherwise: what norsplice does on them is right, or a refusal with the true reason.

mod ch347;
mod ch347_device;
mod flash;
mod serprog;
mod serprog_device;
