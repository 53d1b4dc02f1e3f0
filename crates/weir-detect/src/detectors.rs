//! One file per detector.

pub mod blindspot;
pub mod bulk;
pub mod campaign;
pub mod crossing;
pub mod dormant;
pub mod drift;
pub mod enumeration;
pub mod guessing;
pub mod harvest;
pub mod impostor;
pub mod newcomer;
pub mod reach;
pub mod retention;
pub mod shared_out;
pub mod unissued;
pub mod unnamed;
