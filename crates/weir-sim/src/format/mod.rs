//! The log formats that sensors write, one file each. A format turns one event into one line and knows nothing else.
//!
//! `Sensor` joins a format to a file: which events it sees, what the file is called, how it is compressed.

pub mod combined;
pub mod csvlog;
pub mod json_access;
pub mod oidc;

use crate::event::Event;
use crate::output::Codec;

/// One producer of a log.
#[derive(Debug, Clone, Copy)]
pub struct Sensor {
    /// The log's name below the folder of logs, without the ending of its compression.
    pub file: &'static str,
    /// How it is compressed unless the caller says otherwise.
    pub codec: Codec,
    /// Writes an event as one line, if this sensor sees it; the number is hours ahead of UTC.
    pub render: fn(&Event, i8, &mut Vec<u8>) -> bool,
}
