//! The log formats that sensors write, one file each. A format turns one event into one line and knows nothing else.
//!
//! `Sensor` joins a format to a file: which events it sees, what the file is called, how it is compressed.

pub mod combined;
pub mod csvlog;
pub mod json_access;
pub mod oidc;

use crate::clock::{Clock, Moment};
use crate::event::Event;
use crate::output::Codec;

/// One producer of a log.
#[derive(Debug, Clone, Copy)]
pub struct Sensor {
    /// The log's name below the folder of logs, without the ending of its compression.
    pub file: &'static str,
    /// How it is compressed unless the caller says otherwise.
    pub codec: Codec,
    /// The kind of events it may see.
    pub sees: Sees,
    /// Writes an event as one line, if this sensor sees it.
    pub render: fn(&Event, &mut Pen) -> bool,
}

/// A kind of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// Pages asked for.
    Accesses,
    /// Tokens issued or refused.
    Issues,
    /// Statements run.
    Queries,
}

impl Sees {
    /// Whether an event is of this kind.
    #[must_use]
    pub fn kind(self, event: &Event) -> bool {
        matches!(
            (self, event),
            (Self::Accesses, Event::Access(_))
                | (Self::Issues, Event::Issue(_))
                | (Self::Queries, Event::Query(_))
        )
    }
}

/// What a line is written with: its bytes so far and the clock on the wall.
#[derive(Debug)]
pub struct Pen {
    /// The line.
    pub line: Vec<u8>,
    /// Hours that the clock is ahead of UTC.
    pub ahead: i8,
    local: Clock,
    utc: Clock,
}

impl Pen {
    /// A pen beside a clock this many hours ahead of UTC.
    #[must_use]
    pub fn new(ahead: i8) -> Self {
        let ahead_s = i32::from(ahead) * 3_600;
        Self { line: Vec::with_capacity(1_024), ahead, local: Clock::new(ahead_s), utc: Clock::new(0) }
    }

    /// What the clock shows at a time.
    pub fn local(&mut self, at: i64) -> Moment {
        self.local.at(at)
    }

    /// What a clock in UTC shows at a time.
    pub fn utc(&mut self, at: i64) -> Moment {
        self.utc.at(at)
    }
}
