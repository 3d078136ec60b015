//! Says that the tests on the stand-in for libusb are missing.

#[test]
fn the_usb_layer_is_tested_where_libusb_is_linked() {
    let why = "libusb is built in: nothing can take its place (after installing libusb-1.0-0-dev: cargo clean -p libusb1-sys)";
    assert!(std::env::var_os("NORSPLICE_NEED_TOOLS").is_none(), "{why}");
    eprintln!("ATTENTION: the real USB layer is not tested here: {why}");
}
