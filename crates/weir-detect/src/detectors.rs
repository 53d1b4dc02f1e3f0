//! One file per detector.

pub mod blindspot;
pub mod bulk;
pub mod guessing;
pub mod harvest;
pub mod newcomer;
pub mod reach;
pub mod shared_out;
pub mod unissued;
