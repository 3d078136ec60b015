//! Which exit code each layer's errors mean.

use super::exit::{Exit, Failure};
use crate::flash::FlashError;
use crate::image::ImageError;
use crate::spi::SpiError;
use crate::usb::UsbError;
use crate::workflow::files::FileError;
use crate::workflow::{Cause, StoreError};
use serde_json::json;

impl From<UsbError> for Failure {
    fn from(error: UsbError) -> Self {
        let exit = match error {
            UsbError::NotFound(_) => Exit::NoChip,
            UsbError::Several(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        let failure = Failure::new(exit, error.to_string());
        match error {
            UsbError::NotFound(_) | UsbError::Other(_) => {
                failure.hint("\"norsplice setup\" says what is missing and what to type")
            }
            _ => failure,
        }
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
            FlashError::LowVoltage { .. }
            | FlashError::Outside { .. }
            | FlashError::OtpRefused { .. }
            | FlashError::Unsupported(_) => Exit::Refused,
            _ => Exit::Failed,
        };
        Failure::new(exit, error.to_string())
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        match error.findings() {
            [] => Failure::refused(error.to_string()),
            [_] => Failure::refused(error.to_string()).field("findings", json!(error.findings())),
            findings => {
                let lines: String = findings.iter().map(|finding| format!("\n  - {finding}")).collect();
                let text = format!("{} checks stand against it:{lines}", findings.len());
                Failure::refused(text).field("findings", json!(findings))
            }
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

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Flash(error) => error.into(),
            Cause::Store(error) => error.into(),
            Cause::Plan(_) | Cause::Refused(_) | Cause::OtherChip(_) | Cause::Unconfirmed => {
                Failure::refused(cause.to_string())
            }
            Cause::OpenJob { ref job } => {
                Failure::new(Exit::Partial, cause.to_string()).field("job", job.as_str())
            }
            Cause::Contact(verdict) => {
                let failure = Failure::failed(verdict.to_string());
                failure.field("contact", json!(verdict))
            }
            Cause::Disagree { ref unsure, differing, .. } => Failure::failed(cause.to_string())
                .field("differing_bytes", differing)
                .field("unsure_ranges", super::json::spans(unsure.as_slice())),
            _ => Failure::failed(cause.to_string()),
        }
    }
}
