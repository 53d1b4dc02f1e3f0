//! The running account of one file: every record once, every line once.

use super::frame::Piece;
use super::lines::to_i64;
use crate::secrets::Fingerprints;
use crate::source::{At, Outcome, Parser};
use std::collections::BTreeMap;
use weir_model::Records;
use weir_model::intake::{REJECT_TEXT_MAX, Reject};

/// How much of a reject is searched for secrets before its text is cut to [`REJECT_TEXT_MAX`]: a secret that crosses the cut is
/// still replaced whole.
const SEARCHED: usize = 4 << 10;

/// What became of the pieces so far.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) parsed: u64,
    pub(super) rejected: u64,
    pub(super) reasons: BTreeMap<String, u64>,
    /// Lines that a record lies on, and the last of them.
    pub(super) lines_with_record: i64,
    last_line: i64,
}

impl Account {
    /// Hands one piece to its parser and counts the outcome.
    pub(super) fn take(
        &mut self,
        piece: Piece<'_>,
        lines: bool,
        parser: &mut dyn Parser,
        records: &mut Records,
        mut reject: impl FnMut(At, i64, &[u8], &'static str),
    ) {
        match piece {
            Piece::Blank => {}
            Piece::Record { at, bytes } => {
                let outcome = parser.record(at, bytes, records);
                if outcome == Outcome::NoRecord {
                    return;
                }
                let line_ends = if lines { 0 } else { to_i64(memchr::memchr_iter(b'\n', bytes).count()) };
                self.cover(at.line, at.line + line_ends);
                match outcome {
                    Outcome::Rejected(reason) => {
                        self.rejected += 1;
                        self.count(reason);
                        reject(at, to_i64(bytes.len()), bytes, reason);
                    }
                    _ => self.parsed += 1,
                }
            }
            Piece::Broken { at, len, line_ends, head, reason } => {
                if len > 0 {
                    self.cover(at.line, at.line + line_ends);
                }
                self.rejected += 1;
                self.count(reason);
                reject(at, len, head, reason);
            }
        }
    }

    fn count(&mut self, reason: &str) {
        match self.reasons.get_mut(reason) {
            Some(n) => *n += 1,
            None => {
                self.reasons.insert(reason.to_owned(), 1);
            }
        }
    }

    /// Lines `from..=to` hold a record; records come in order.
    fn cover(&mut self, from: i64, to: i64) {
        let from = from.max(self.last_line + 1);
        if to >= from {
            self.lines_with_record += to - from + 1;
            self.last_line = to;
        }
    }
}

/// A reject as it is written: its first bytes, secrets replaced.
pub(super) fn reject(at: At, len: i64, bytes: &[u8], reason: &str, fingerprints: &Fingerprints) -> Reject {
    let head = String::from_utf8_lossy(bytes.get(..SEARCHED).unwrap_or(bytes));
    let mut text = fingerprints.scrub(&head).into_owned();
    let mut end = REJECT_TEXT_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    Reject { line: at.line, offset: at.offset, bytes: len, reason: reason.to_owned(), text }
}
