//! Which exit code each layer's errors mean.

use super::exit::{Exit, Failure};
use crate::flash::FlashError;
use crate::image::ImageError;
use crate::spi::SpiError;
use crate::usb::UsbError;
use crate::workflow::StoreError;
use crate::workflow::files::FileError;

impl From<UsbError> for Failure {
    fn from(error: UsbError) -> Self {
        let exit = match error {
            UsbError::NotFound(_) => Exit::NoChip,
            UsbError::Several(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<SpiError> for Failure {
    fn from(error: SpiError) -> Self {
        match error {
            SpiError::Usb(usb) => usb.into(),
            other => Failure::failed(other.to_string()),
        }
    }
}

impl From<FlashError> for Failure {
    fn from(error: FlashError) -> Self {
        let exit = match error {
            FlashError::Spi(spi) => return spi.into(),
            FlashError::NoChip { .. } => Exit::NoChip,
            FlashError::LowVoltage { .. } | FlashError::Outside { .. } => Exit::Refused,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        let failure = Failure::refused(error.to_string());
        match error.findings() {
            [] => failure,
            findings => failure.field("findings", serde_json::json!(findings)),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Failure::failed(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::NotFound { .. }
            | StoreError::Ambiguous { .. }
            | StoreError::OnlyBackup(_)
            | StoreError::NeededByJob { .. }
            | StoreError::JobOver(_)
            | StoreError::SecondDiffers { .. }
            | StoreError::Suspect(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        let failure = Failure::new(exit, error.to_string());
        match error {
            StoreError::SecondDiffers { spans, .. } => {
                failure.field("differing_ranges", super::json::spans(spans.as_slice()))
            }
            _ => failure,
        }
    }
}
