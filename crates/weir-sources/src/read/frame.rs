//! Content to records' bytes, whatever the framing.

use super::csv::Csv;
use super::json::Splitter;
use super::lines::Lines;
use crate::source::{At, Framing};

/// What a framer finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// One record's bytes: a line without its end, or one JSON value.
    Record {
        /// Where it begins.
        at: At,
        /// Its bytes.
        bytes: &'a [u8],
    },
    /// Bytes that cannot be handed to a source.
    Broken {
        /// Where they begin.
        at: At,
        /// How many there are.
        len: i64,
        /// How many line ends are among them.
        line_ends: i64,
        /// The first of them.
        head: &'a [u8],
        /// Why.
        reason: &'static str,
    },
    /// A blank line.
    Blank,
}

/// Splits content into records; keeps what is unfinished between blocks.
#[derive(Debug)]
pub enum Framer {
    /// One record a line.
    Lines(Lines),
    /// JSON values.
    Json(Splitter),
    /// Comma-separated records.
    Csv(Csv),
}

impl Framer {
    /// For content that begins at this place.
    pub fn new(framing: Framing, at: At) -> Self {
        match framing {
            Framing::Lines => Self::Lines(Lines::new(at)),
            Framing::Json { array_key } => Self::Json(Splitter::new(array_key, at)),
            Framing::Csv => Self::Csv(Csv::new(at)),
        }
    }

    /// Takes the next bytes and gives each piece that ends in them to `sink`.
    pub fn push(&mut self, data: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Lines(lines) => lines.push(data, sink),
            Self::Json(splitter) => splitter.push(data, sink),
            Self::Csv(csv) => csv.push(data, sink),
        }
    }

    /// The content has ended.
    pub fn finish(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        match self {
            Self::Lines(lines) => lines.finish(sink),
            Self::Json(splitter) => splitter.finish(sink),
            Self::Csv(csv) => csv.finish(sink),
        }
    }

    /// Physical lines begun so far, the unterminated last one included.
    pub fn lines(&self) -> i64 {
        match self {
            Self::Lines(lines) => lines.lines(),
            Self::Json(splitter) => splitter.lines(),
            Self::Csv(csv) => csv.lines(),
        }
    }
}
