//! Tells the tests whether libusb is linked or built in: a stand-in for libusb can only take a linked one's place.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(libusb_built_in)");
    // Set by libusb1-sys's build script, whether it was asked to build libusb or did not find the system's.
    if std::env::var_os("DEP_USB_1.0_STATIC").is_some() {
        println!("cargo:rustc-cfg=libusb_built_in");
    }
}
