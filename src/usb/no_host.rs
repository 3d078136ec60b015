//! The place of rusb in a library without the feature `host`: there is no device, and the reason is reported.
//!
//! Programmers are then reached over pipes of the caller's own ([`crate::programmer::over`]).

use super::{Burst, Control, FoundDevice, Pipe, Reply, StreamAddress, UsbError, Wanted};
use std::convert::Infallible;
use std::time::Duration;

/// What is to be said where there is no programmer at all.
pub(crate) const NONE: &str = "no programmer is plugged in";

/// A pipe that nothing makes.
#[derive(Debug)]
pub struct HostPipe(Infallible);

fn missing() -> UsbError {
    UsbError::Other("this build has no USB of its own (feature `host`)".into())
}

/// The devices with these ids.
///
/// # Errors
/// Always.
pub fn list(_ids: &[(u16, u16)]) -> Result<Vec<FoundDevice>, UsbError> {
    Err(missing())
}

/// The devices with these ids, without a look into them.
///
/// # Errors
/// Always.
pub fn plugged(_ids: &[(u16, u16)]) -> Result<Vec<FoundDevice>, UsbError> {
    Err(missing())
}

/// The serial ports that the system lists: none.
pub fn serial_ports() -> Vec<std::path::PathBuf> {
    Vec::new()
}

/// Opens a device.
///
/// # Errors
/// Always.
pub fn open(_wanted: &Wanted<'_>) -> Result<HostPipe, UsbError> {
    Err(missing())
}

/// Opens what is at this address.
///
/// # Errors
/// Always.
pub fn open_address(_address: &StreamAddress) -> Result<Box<dyn Pipe>, UsbError> {
    Err(missing())
}

impl HostPipe {
    /// Bus and port path.
    pub fn path(&self) -> &str {
        match self.0 {}
    }
}

impl Pipe for HostPipe {
    fn control_out(&mut self, _: Control, _: &[u8]) -> Result<(), UsbError> {
        match self.0 {}
    }
    fn control_in(&mut self, _: Control, _: &mut [u8]) -> Result<usize, UsbError> {
        match self.0 {}
    }
    fn burst(&mut self, _: Burst<'_>, _: &mut dyn Reply) -> Result<(), UsbError> {
        match self.0 {}
    }
    fn drain(&mut self, _: usize, _: Duration) -> Result<Vec<u8>, UsbError> {
        match self.0 {}
    }
    fn now(&self) -> Duration {
        match self.0 {}
    }
    fn sleep(&mut self, _: Duration) {
        match self.0 {}
    }
}
