//! Images and what is in them: regions, boards, containers, donors, the splice; pure.

pub mod container;
