//! CH341A packets and MPSSE streams: pure codecs, and one driver that runs them over a pipe.
