//! The emulated hardware: chip, CH341A and FT2232H at the USB level, on a virtual clock.
