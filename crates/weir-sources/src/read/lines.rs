//! One record a line: LF and CRLF, a byte order mark, NULs, lines without end.
//!
//! Decisive choice: a line that lies whole in a block is handed over where it lies; only what crosses a block is copied. NULs at
//! the start of a line (a crash or a truncated file leaves runs of them, gigabytes at times) are skipped without being kept.

use super::frame::Piece;
use crate::source::At;

/// Longest line, in bytes; a longer one is one reject and is not kept in memory.
pub const LINE_MAX: usize = 1 << 20;

const TOO_LONG: &str = "line longer than 1 MiB";
const NULS: &str = "NUL bytes in the line";
/// How much of a line that is too long is kept for its reject.
pub(super) const HEAD: usize = 4 << 10;
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Splits content into lines.
#[derive(Debug)]
pub struct Lines {
    /// The unfinished line's bytes so far: at most [`LINE_MAX`] (one more for its CR), or [`HEAD`] of a line that is too long.
    carry: Vec<u8>,
    /// Length of the unfinished line once it is too long, else 0.
    long: usize,
    /// Skipped NULs at the start of the unfinished line.
    nuls: usize,
    /// Line number of the unfinished line.
    line: i64,
    first_line: i64,
    /// Where the unfinished line begins.
    offset: i64,
}

impl Lines {
    pub(super) fn new(at: At) -> Self {
        Self { carry: Vec::new(), long: 0, nuls: 0, line: at.line, first_line: at.line, offset: at.offset }
    }

    pub(super) fn push(&mut self, mut data: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        while !data.is_empty() {
            if self.carry.is_empty() && self.long == 0 && data.first() == Some(&0) {
                let nuls = data.iter().take_while(|b| **b == 0).count();
                self.nuls += nuls;
                data = data.get(nuls..).unwrap_or_default();
                continue;
            }
            let Some(end) = memchr::memchr(b'\n', data) else {
                self.keep(data);
                return;
            };
            let (line, rest) = data.split_at(end);
            data = rest.get(1..).unwrap_or_default();
            if self.carry.is_empty() && self.long == 0 && line.len() <= LINE_MAX {
                self.emit(line, sink);
            } else {
                self.keep(line);
                self.emit_carry(sink);
            }
            self.line += 1;
        }
    }

    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        if self.begun() {
            self.emit_carry(sink);
            self.line += 1;
        }
    }

    pub(super) fn lines(&self) -> i64 {
        self.line - self.first_line + i64::from(self.begun())
    }

    fn begun(&self) -> bool {
        !self.carry.is_empty() || self.nuls > 0
    }

    fn keep(&mut self, part: &[u8]) {
        if self.long > 0 {
            self.long += part.len();
        } else if self.carry.len() + part.len() <= LINE_MAX + 1 {
            self.carry.extend_from_slice(part);
        } else {
            self.long = self.carry.len() + part.len();
            let room = HEAD.saturating_sub(self.carry.len());
            self.carry.extend(part.iter().take(room));
            self.carry.truncate(HEAD);
            self.carry.shrink_to(HEAD);
        }
    }

    fn emit_carry(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        let carry = std::mem::take(&mut self.carry);
        if self.long > 0 || carry.len() > LINE_MAX {
            let len = self.long.max(carry.len());
            let at = At { line: self.line, offset: self.offset + to_i64(self.nuls) };
            let head = carry.get(..HEAD).unwrap_or(&carry);
            sink(Piece::Broken { at, len: to_i64(len), line_ends: 0, head, reason: TOO_LONG });
            self.offset = at.offset + to_i64(len) + 1;
            (self.long, self.nuls) = (0, 0);
        } else {
            self.emit(&carry, sink);
        }
        self.carry = carry;
        self.carry.clear();
    }

    /// One line without its LF. The byte order mark and the CR are no part of the record.
    fn emit(&mut self, line: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        let begin = self.offset + to_i64(self.nuls);
        self.offset = begin + to_i64(line.len()) + 1;
        self.nuls = 0;
        let bare = if begin == 0 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let at = At { line: self.line, offset: begin + to_i64(line.len() - bare.len()) };
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        sink(if bare.iter().all(u8::is_ascii_whitespace) {
            Piece::Blank
        } else if memchr::memchr(0, bare).is_some() {
            let head = bare.get(..HEAD).unwrap_or(bare);
            Piece::Broken { at, len: to_i64(bare.len()), line_ends: 0, head, reason: NULS }
        } else {
            Piece::Record { at, bytes: bare }
        });
    }
}

pub(super) fn to_i64(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::read::Framer;
    use crate::source::Framing;

    /// Line, offset and text of each piece; every way of cutting the content must give the same.
    pub(crate) fn pieces(framing: Framing, content: &[u8], step: usize) -> (Vec<String>, i64) {
        let mut framer = Framer::new(framing, At { line: 1, offset: 0 });
        let mut out = Vec::new();
        let mut sink = |piece: Piece<'_>| {
            out.push(match piece {
                Piece::Record { at, bytes } => {
                    let from = usize::try_from(at.offset).unwrap();
                    assert_eq!(
                        &content[from..from + bytes.len()],
                        bytes,
                        "a record stands where it is said to"
                    );
                    format!("{}@{} {}", at.line, at.offset, String::from_utf8_lossy(bytes))
                }
                Piece::Broken { at, len, reason, .. } => format!("{}@{} +{len} {reason}", at.line, at.offset),
                Piece::Blank => "blank".to_owned(),
            });
        };
        for block in content.chunks(step.max(1)) {
            framer.push(block, &mut sink);
        }
        framer.finish(&mut sink);
        (out, framer.lines())
    }

    #[test]
    fn lines_end_in_lf_or_crlf_or_not_at_all() {
        let content = b"\xEF\xBB\xBFa b\r\n\n \t\r\nc\0d\n\0\0\0e\nlast\xff";
        for step in 1..=content.len() {
            let (got, lines) = pieces(Framing::Lines, content, step);
            let want =
                ["1@3 a b", "blank", "blank", "4@13 +3 NUL bytes in the line", "5@20 e", "6@22 last\u{fffd}"];
            assert_eq!(
                (got.iter().map(String::as_str).collect::<Vec<_>>(), lines),
                (want.to_vec(), 6),
                "step {step}"
            );
        }
    }

    #[test]
    fn a_long_line_is_one_reject_and_the_next_is_read() {
        for (len, fits) in
            [(LINE_MAX - 1, true), (LINE_MAX, true), (LINE_MAX + 1, false), (3 * LINE_MAX, false)]
        {
            let mut content = vec![b'x'; len];
            content.extend_from_slice(b"\nnext\n");
            for step in [1000, 65_536, LINE_MAX, content.len()] {
                let (got, lines) = pieces(Framing::Lines, &content, step);
                assert_eq!((got.len(), lines), (2, 2));
                assert_eq!(got[0] == format!("1@0 +{len} line longer than 1 MiB"), !fits, "{len} by {step}");
                assert_eq!(got[1], format!("2@{} next", len + 1));
            }
        }
    }

    #[test]
    fn only_nuls_are_a_blank_line() {
        assert_eq!(pieces(Framing::Lines, &[0; 100], 7), (vec!["blank".to_owned()], 1));
        assert_eq!(pieces(Framing::Lines, b"", 7), (vec![], 0));
    }
}
