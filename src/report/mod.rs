//! A job or backup as one HTML page, an SVG or a terminal picture; pure.
