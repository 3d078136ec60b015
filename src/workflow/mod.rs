//! The jobs: contact, backup, rewrite, journal, resume, restore, and the store they keep.
