//! Comma-separated records whose quoted fields may hold line ends, the first field a time stamp: a database's log.
//!
//! Decisive choice: only the parity of quotes decides where a record ends. Text inside a field cannot end it, whatever it looks like,
//! since a quote in it is doubled. A record that does not begin with a date (a file cut in the middle) is passed over, line by line,
//! until one does.

use super::frame::Piece;
use super::lines::{HEAD, LINE_MAX, to_i64};
use crate::source::At;

const TOO_LONG: &str = "record longer than 1 MiB";
const NO_STAMP: &str = "no time stamp where a record begins";
const OPEN: &str = "the file ends inside a quoted field";
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Splits content into records.
#[derive(Debug)]
pub struct Csv {
    /// The unfinished record so far: at most [`LINE_MAX`], or [`HEAD`] of one that is too long.
    carry: Vec<u8>,
    /// Length of the unfinished record, line ends included.
    len: usize,
    /// Whether a quoted field is open.
    quoted: bool,
    /// Line ends inside the unfinished record.
    line_ends: i64,
    /// Whether its last line has no end yet.
    open_line: bool,
    /// Where it begins.
    at: At,
    first_line: i64,
}

impl Csv {
    pub(super) fn new(at: At) -> Self {
        Self {
            carry: Vec::new(),
            len: 0,
            quoted: false,
            line_ends: 0,
            open_line: false,
            at,
            first_line: at.line,
        }
    }

    pub(super) fn push(&mut self, mut data: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', data) {
            let (line, rest) = data.split_at(end + 1);
            data = rest;
            self.keep(line);
            // After a record that is too long, the next line that begins with a date begins anew.
            if self.quoted && self.len <= LINE_MAX && stamped(&self.carry) {
                self.line_ends += 1;
            } else {
                self.emit(sink, 1);
            }
        }
        self.keep(data);
    }

    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        if self.len > 0 {
            self.emit(sink, i64::from(self.open_line));
            self.open_line = false;
        }
    }

    pub(super) fn lines(&self) -> i64 {
        self.at.line - self.first_line + self.line_ends + i64::from(self.open_line)
    }

    fn keep(&mut self, part: &[u8]) {
        if memchr::memchr_iter(b'"', part).count() % 2 == 1 {
            self.quoted = !self.quoted;
        }
        let room = if self.len > LINE_MAX { 0 } else { (LINE_MAX + 2).saturating_sub(self.carry.len()) };
        self.carry.extend(part.iter().take(room));
        self.len += part.len();
        self.open_line = part.last().map_or(self.open_line, |last| *last != b'\n');
        if self.len > LINE_MAX + 2 {
            self.carry.truncate(HEAD);
            self.carry.shrink_to(HEAD);
        }
    }

    /// Hands over the record; the next one begins `lines` lines after its last line end.
    fn emit(&mut self, sink: &mut dyn FnMut(Piece<'_>), lines: i64) {
        let carry = std::mem::take(&mut self.carry);
        let stripped = if self.at.offset == 0 { carry.strip_prefix(BOM).unwrap_or(&carry) } else { &carry };
        let bom = carry.len() - stripped.len();
        let bare = stripped.strip_suffix(b"\n").unwrap_or(stripped);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        let at = At { line: self.at.line, offset: self.at.offset + to_i64(bom) };
        let broken = |reason, len| Piece::Broken {
            at,
            len: to_i64(len),
            line_ends: self.line_ends,
            head: bare.get(..HEAD).unwrap_or(bare),
            reason,
        };
        sink(if self.len > LINE_MAX + 2 || bare.len() > LINE_MAX {
            broken(TOO_LONG, self.len - bom - usize::from(!self.open_line))
        } else if bare.iter().all(u8::is_ascii_whitespace) {
            Piece::Blank
        } else if !stamped(bare) {
            broken(NO_STAMP, bare.len())
        } else if self.quoted {
            broken(OPEN, bare.len())
        } else {
            Piece::Record { at, bytes: bare }
        });
        self.at =
            At { line: self.at.line + self.line_ends + lines, offset: self.at.offset + to_i64(self.len) };
        (self.len, self.quoted, self.line_ends) = (0, false, 0);
        self.carry = carry;
        self.carry.clear();
    }
}

/// Whether bytes begin as a record does: with a date.
fn stamped(bytes: &[u8]) -> bool {
    let bare = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let form = b"dddd-dd-dd ";
    bare.len() >= form.len()
        && bare.iter().zip(form).all(|(b, f)| if *f == b'd' { b.is_ascii_digit() } else { b == f })
}

#[cfg(test)]
mod tests {
    use super::super::lines::tests::pieces;
    use super::*;
    use crate::source::Framing;

    #[test]
    fn a_quoted_field_may_hold_lines_that_look_like_records() {
        let content = b"2025-03-03 1,\"a\"\"b\n2025-03-04 2,\"\"x\"\"\n\"\r\n\n2025-03-05 3\r\n";
        for step in 1..=content.len() {
            let (got, lines) = pieces(Framing::Csv, content, step);
            let first = "1@0 2025-03-03 1,\"a\"\"b\n2025-03-04 2,\"\"x\"\"\n\"";
            assert_eq!((got, lines), (vec![first.into(), "blank".into(), "5@42 2025-03-05 3".into()], 5));
        }
    }

    #[test]
    fn a_file_cut_inside_a_record_is_read_from_the_next() {
        let content = b"from t\n where \"\n\"x\",1\n2025-03-05 3,\"y\"\n2025-03-06 4,\"never closed\nx";
        for step in 1..=content.len() {
            let (got, lines) = pieces(Framing::Csv, content, step);
            let broken = |at: &str| format!("{at} {NO_STAMP}");
            let want = [
                broken("1@0 +6"),
                broken("2@7 +8"),
                broken("3@16 +5"),
                "4@22 2025-03-05 3,\"y\"".to_owned(),
                format!("5@39 +28 {OPEN}"),
            ];
            assert_eq!((got, lines), (want.to_vec(), 6), "step {step}");
        }
    }

    #[test]
    fn a_record_that_never_ends_is_one_reject_and_the_next_is_read() {
        let mut content = b"2025-03-03 1,\"".to_vec();
        content.extend(std::iter::repeat_n(b"abcdefghij\n".as_slice(), 100_000).flatten());
        content.extend_from_slice(b"2025-03-05 3\n");
        for step in [1000, 65_536, content.len()] {
            let (got, lines) = pieces(Framing::Csv, &content, step);
            assert!(got[0].starts_with("1@0 ") && got[0].ends_with(TOO_LONG), "{}", got[0]);
            assert!(got.last().unwrap().ends_with("2025-03-05 3"), "{:?}", got.last());
            assert_eq!(lines, 100_001);
        }
    }
}
