//! What to erase and program, and in which order; pure.
