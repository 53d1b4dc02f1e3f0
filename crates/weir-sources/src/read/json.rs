//! JSON values of any framing: objects one a line, one after the other, in a top-level array, or in an array under a known key of a
//! wrapping object (`{"Records":[...]}`), on one line or pretty-printed.
//!
//! Decisive choice: a byte-wise state machine that knows strings and brackets and nothing else, so a file of one line of gigabytes
//! needs the memory of its largest element. Structure that cannot be (a line end inside a string, `}` for `]`, a value right after a
//! value, a value for a name, or a line that begins with `{` right after one that did and is not at its end: no writer breaks lines there, a
//! log's does when it is cut) breaks an element; reading goes on at the next place where one surely begins: `{` at the start of a line, or,
//! inside an array, an object that begins with the same name as the array's first one.
//!
//! What it refuses: judging what is inside an element; that is its source's business.

use super::frame::Piece;
use super::lines::{HEAD, to_i64};
use crate::json::plain;
use crate::source::At;

/// Largest element, in bytes; a larger one is one reject and is not kept in memory.
pub const ELEMENT_MAX: usize = 16 << 20;
/// Deepest nesting of an element.
pub const NESTING_MAX: usize = 1 << 17;

const BROKEN: &str = "broken JSON";
const ENDS: &str = "JSON ends in the middle of a value";
const OPEN: &str = "JSON ends before its array does";
const TOO_BIG: &str = "JSON value larger than 16 MiB";
const TOO_DEEP: &str = "JSON nested too deeply";
const NO_OBJECT: &str = "not a JSON object";

/// Longest name compared, in bytes.
const NAME_MAX: usize = 64;

/// What elements stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    /// Nothing.
    Top,
    /// A top-level array.
    Array,
    /// The array of a wrapping object.
    Wrapped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between elements.
    Between,
    /// In an element that has brackets; `inner` says where.
    Value(Inner),
    /// In bytes that are no object.
    Stray,
    /// In a broken element, looking for the next that begins.
    Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inner {
    /// A value may begin.
    Open,
    /// A name may begin.
    Name,
    /// A value ended: a comma, a colon or a closing bracket follows.
    Closed,
    /// In a number or word.
    Word,
    /// In a string.
    Text,
    /// In a string, after a backslash.
    Escape,
    /// In a string that a line end cuts.
    Cut,
}

/// Splits content into JSON values.
#[derive(Debug)]
pub struct Splitter {
    array_key: Option<&'static str>,
    base: Base,
    state: State,
    /// Brackets open in the element.
    stack: Vec<u8>,
    /// The unfinished element's bytes from earlier blocks; only [`HEAD`] of one that is broken or too large.
    carry: Vec<u8>,
    /// Where the unfinished element begins, and whether a line does.
    start: At,
    starts_line: bool,
    /// Past an array's end, in the rest of the object that wraps it.
    wrapper: bool,
    /// The name being read or last read at the element's first level, and how far `"name" : [` has come.
    name: Vec<u8>,
    name_step: NameStep,
    /// The first name in the array's first element.
    first_name: Vec<u8>,
    /// Looking for an element's beginning: `{`, blanks and part of its first name.
    pending: Vec<u8>,
    pending_at: At,
    reason: &'static str,
    /// The next byte's place, and the byte before it.
    at: At,
    previous: u8,
    first: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameStep {
    /// A name may begin.
    Expected,
    /// In it.
    Reading,
    /// After it.
    Read,
    /// After its colon.
    Colon,
    /// In its value.
    Value,
}

impl Splitter {
    pub(super) fn new(array_key: Option<&'static str>, at: At) -> Self {
        Self {
            array_key,
            base: Base::Top,
            state: State::Between,
            stack: Vec::new(),
            carry: Vec::new(),
            start: at,
            starts_line: false,
            wrapper: false,
            name: Vec::new(),
            name_step: NameStep::Expected,
            first_name: Vec::new(),
            pending: Vec::new(),
            pending_at: at,
            reason: BROKEN,
            at,
            previous: b'\n',
            first: at,
        }
    }

    pub(super) fn lines(&self) -> i64 {
        self.at.line - self.first.line
            + i64::from(self.at.offset > self.first.offset && self.previous != b'\n')
    }

    pub(super) fn push(&mut self, data: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        // `from` is where the unfinished element's bytes in this block begin.
        let (mut from, mut i) = (0, 0);
        while i < data.len() {
            let mut left = None;
            if let State::Value(inner) = self.state {
                let (end, state) = self.value(data, i, inner);
                self.at.offset += to_i64(end - i);
                i = end;
                if let Ok(State::Value(inner)) = state {
                    self.state = State::Value(inner);
                    if inner == Inner::Closed && self.stack.is_empty() {
                        self.close(data.get(from..i).unwrap_or_default(), sink);
                    }
                    continue;
                }
                left = Some(state);
            }
            let Some(&byte) = data.get(i) else { break };
            let part = data.get(from..i).unwrap_or_default();
            let begins = match left {
                Some(state) => self.leave(state, byte, part, sink),
                None => self.step(byte, part, sink),
            };
            if begins {
                from = i;
            }
            self.went(byte);
            self.at.offset += 1;
            i += 1;
        }
        if matches!(self.state, State::Value(_) | State::Stray) {
            self.keep(data.get(from..).unwrap_or_default());
        }
    }

    /// Past a byte, but for its offset.
    fn went(&mut self, byte: u8) {
        self.previous = byte;
        self.at.line += i64::from(byte == b'\n');
    }

    /// Goes through an element up to its end, or up to a byte that ends it in another way. Offsets are the caller's business.
    fn value(&mut self, data: &[u8], mut i: usize, mut inner: Inner) -> (usize, Result<State, &'static str>) {
        while let Some(&byte) = data.get(i) {
            if inner == Inner::Text {
                (i, inner) = self.text(data, i);
                continue;
            }
            let goes_on = inner == Inner::Word && (byte.is_ascii_alphanumeric() || byte == b'.');
            let state = if goes_on { Ok(State::Value(inner)) } else { self.inside(byte, inner) };
            match state {
                Ok(State::Value(next)) => inner = next,
                left => return (i, left),
            }
            self.went(byte);
            i += 1;
            if inner == Inner::Closed && self.stack.is_empty() {
                break;
            }
        }
        (i, Ok(State::Value(inner)))
    }

    /// This byte is no more of the element. `part` is what this block holds of it. True when an element begins here.
    fn leave(
        &mut self,
        state: Result<State, &'static str>,
        byte: u8,
        part: &[u8],
        sink: &mut dyn FnMut(Piece<'_>),
    ) -> bool {
        match state {
            Ok(next) => {
                self.state = next;
                // The array under the key begins: what led to it is no element.
                next == State::Between
            }
            Err(reason) => {
                self.keep(part);
                self.carry.truncate(HEAD);
                self.reason = reason;
                self.state = State::Skip;
                self.pending.clear();
                self.skip(byte, sink)
            }
        }
    }

    /// One byte outside elements. `part` is what this block holds of what is no object. True when an element begins here.
    fn step(&mut self, byte: u8, part: &[u8], sink: &mut dyn FnMut(Piece<'_>)) -> bool {
        match self.state {
            State::Between => self.between(byte),
            State::Value(_) => false,
            State::Stray => {
                let ends = byte == b'\n' || (self.base != Base::Top && matches!(byte, b',' | b']'));
                if ends {
                    self.keep(part);
                    self.reason = NO_OBJECT;
                    self.broken(self.at, sink);
                    return self.between(byte);
                }
                false
            }
            State::Skip => self.skip(byte, sink),
        }
    }

    fn between(&mut self, byte: u8) -> bool {
        let bom = self.at.offset < 3 && matches!(byte, 0xEF | 0xBB | 0xBF);
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1E | 0 => return false,
            _ if bom => return false,
            b'[' if self.base == Base::Top => {
                self.base = Base::Array;
                self.first_name.clear();
                return false;
            }
            b']' if self.base == Base::Array => {
                self.base = Base::Top;
                return false;
            }
            b']' if self.base == Base::Wrapped => {
                self.base = Base::Top;
                self.begin(b'{');
                self.wrapper = true;
                self.name_step = NameStep::Value;
                self.state = State::Value(Inner::Closed);
                return true;
            }
            b'{' | b'[' => self.begin(byte),
            _ => {
                self.begin(byte);
                self.stack.clear();
                self.state = State::Stray;
            }
        }
        true
    }

    fn begin(&mut self, bracket: u8) {
        self.start = self.at;
        self.starts_line = self.previous == b'\n';
        self.carry.clear();
        self.stack.clear();
        self.stack.push(bracket);
        self.wrapper = false;
        self.name.clear();
        self.name_step = if bracket == b'{' { NameStep::Expected } else { NameStep::Value };
        self.state = State::Value(opened(bracket));
    }

    /// One byte of an element, outside its strings.
    fn inside(&mut self, byte: u8, inner: Inner) -> Result<State, &'static str> {
        if inner == Inner::Escape {
            return Ok(State::Value(Inner::Text));
        }
        if inner == Inner::Cut {
            return Err(BROKEN);
        }
        let done = matches!(inner, Inner::Closed | Inner::Word);
        let next = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                if done {
                    Inner::Closed
                } else {
                    inner
                }
            }
            b'"' if !done => {
                if self.stack.len() == 1 && self.name_step == NameStep::Expected && self.asks_for_names() {
                    self.name.clear();
                    self.name_step = NameStep::Reading;
                }
                Inner::Text
            }
            b'{' | b'[' if inner == Inner::Name || self.is_next_line(byte) => return Err(BROKEN),
            b'{' | b'[' if !done => {
                if byte == b'[' && self.is_wrapped_array() {
                    self.base = Base::Wrapped;
                    self.first_name.clear();
                    self.carry.clear();
                    return Ok(State::Between);
                }
                if self.stack.len() >= NESTING_MAX {
                    return Err(TOO_DEEP);
                }
                self.stack.push(byte);
                opened(byte)
            }
            b'}' | b']' => {
                let opened = if byte == b'}' { b'{' } else { b'[' };
                if self.stack.pop() != Some(opened) {
                    return Err(BROKEN);
                }
                Inner::Closed
            }
            b',' | b':' if done => {
                if self.stack.len() == 1 && self.stack.first() == Some(&b'{') {
                    self.name_step = match (byte, self.name_step) {
                        (b':', NameStep::Read) => NameStep::Colon,
                        (b',', _) => NameStep::Expected,
                        _ => NameStep::Value,
                    };
                }
                if byte == b',' && self.stack.last() == Some(&b'{') { Inner::Name } else { Inner::Open }
            }
            b'"' | b'{' | b'[' | b',' | b':' | 0..0x20 => return Err(BROKEN),
            _ if inner == Inner::Closed => return Err(BROKEN),
            _ => Inner::Word,
        };
        Ok(State::Value(next))
    }

    /// Whether names matter: one of them may be the key, or is the array's first.
    fn asks_for_names(&self) -> bool {
        self.array_key.is_some() || (self.base != Base::Top && self.first_name.is_empty())
    }

    /// Whether this byte begins the line after a cut one: an element that began a line is not at its end, and the next line begins with `{`.
    /// Under a known key, elements may well stand on lines of their own.
    fn is_next_line(&self, byte: u8) -> bool {
        byte == b'{'
            && self.previous == b'\n'
            && self.starts_line
            && self.at.line == self.start.line + 1
            && (self.array_key.is_none() || self.stack.last() == Some(&b'{'))
    }

    /// Whether `[` here opens the array under the key, in an object that stands at the top (or where a new one begins after a break).
    fn is_wrapped_array(&self) -> bool {
        self.stack.len() == 1
            && self.name_step == NameStep::Colon
            && self.base != Base::Array
            && self.array_key.is_some_and(|key| key.as_bytes() == self.name)
    }

    /// A string's bytes up to the next that matters. Returns where to go on, and what is there.
    fn text(&mut self, data: &[u8], i: usize) -> (usize, Inner) {
        let rest = data.get(i..).unwrap_or_default();
        let plain = rest.get(..plain(rest)).unwrap_or_default();
        if self.name_step == NameStep::Reading {
            let room = (NAME_MAX + 1).saturating_sub(self.name.len());
            self.name.extend_from_slice(plain.get(..room).unwrap_or(plain));
        }
        self.previous = plain.last().copied().unwrap_or(self.previous);
        let Some(byte) = rest.get(plain.len()) else { return (data.len(), Inner::Text) };
        let inner = match byte {
            b'"' => {
                if self.name_step == NameStep::Reading {
                    self.name_step = NameStep::Read;
                    if self.base != Base::Top && self.first_name.is_empty() && self.name.len() <= NAME_MAX {
                        self.first_name.clone_from(&self.name);
                    }
                }
                Inner::Closed
            }
            b'\\' => {
                if self.name_step == NameStep::Reading {
                    self.name.resize(NAME_MAX + 1, 0);
                }
                Inner::Escape
            }
            // A line end cannot be in a string: it is looked at again, as the end of a broken element.
            b'\n' => return (i + plain.len(), Inner::Cut),
            // Nor can other control characters, but that is its source's business.
            _ => {
                if self.name_step == NameStep::Reading && self.name.len() <= NAME_MAX {
                    self.name.push(*byte);
                }
                Inner::Text
            }
        };
        self.previous = *byte;
        (i + plain.len() + 1, inner)
    }

    /// The element has ended with this block's `part`.
    fn close(&mut self, part: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
        self.state = State::Between;
        let len = self.at.offset - self.start.offset;
        if self.wrapper {
            self.wrapper = false;
        } else if len > to_i64(ELEMENT_MAX) {
            self.keep(part);
            self.carry.truncate(HEAD);
            self.reason = TOO_BIG;
            self.broken(self.at, sink);
        } else if self.carry.is_empty() {
            sink(Piece::Record { at: self.start, bytes: part });
        } else {
            self.carry.extend_from_slice(part);
            sink(Piece::Record { at: self.start, bytes: &self.carry });
        }
        self.carry.clear();
    }

    fn keep(&mut self, part: &[u8]) {
        let small = self.state == State::Stray || self.wrapper;
        let most = if small { HEAD } else { ELEMENT_MAX + 1 };
        let room = most.saturating_sub(self.carry.len());
        self.carry.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
    }

    /// Bytes from `start` to `end` are one reject.
    fn broken(&mut self, end: At, sink: &mut dyn FnMut(Piece<'_>)) {
        let head = self.carry.get(..HEAD).unwrap_or(&self.carry);
        sink(Piece::Broken {
            at: self.start,
            len: end.offset - self.start.offset,
            line_ends: end.line - self.start.line,
            head,
            reason: self.reason,
        });
        self.carry.clear();
        self.state = State::Between;
    }

    /// Looks for the next place where an element surely begins. True when it is this byte.
    fn skip(&mut self, byte: u8, sink: &mut dyn FnMut(Piece<'_>)) -> bool {
        if byte == b'{' && self.previous == b'\n' {
            self.broken(self.at, sink);
            self.begin(byte);
            return true;
        }
        if self.base == Base::Top || self.first_name.is_empty() {
            return false;
        }
        if byte == b'{' {
            self.pending.clear();
            self.pending_at = self.at;
            self.pending.push(byte);
            return false;
        }
        if self.pending.is_empty() {
            return false;
        }
        self.pending.push(byte);
        let seen = self.pending.get(1..).unwrap_or_default().trim_ascii_start();
        let wanted = || std::iter::once(&b'"').chain(&self.first_name).chain(std::iter::once(&b'"'));
        if self.pending.len() > 4 * NAME_MAX || !seen.iter().zip(wanted()).all(|(a, b)| a == b) {
            self.pending.clear();
            return false;
        }
        if seen.len() == self.first_name.len() + 2 {
            self.resume(sink);
            return true;
        }
        false
    }

    /// An element began at `pending_at`: `{` and its first name, this byte the name's last quote.
    fn resume(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        let pending = std::mem::take(&mut self.pending);
        self.broken(self.pending_at, sink);
        self.begin(b'{');
        self.start = self.pending_at;
        self.starts_line = false;
        self.carry.extend_from_slice(pending.get(..pending.len() - 1).unwrap_or_default());
        self.name.clone_from(&self.first_name);
        self.name_step = NameStep::Read;
        self.state = State::Value(Inner::Closed);
    }

    pub(super) fn finish(&mut self, sink: &mut dyn FnMut(Piece<'_>)) {
        match self.state {
            State::Between if self.base == Base::Top => return,
            State::Value(_) if !self.wrapper => self.reason = ENDS,
            State::Between | State::Value(_) => {
                self.start = self.at;
                self.carry.clear();
                self.reason = OPEN;
            }
            State::Stray => self.reason = NO_OBJECT,
            State::Skip => {}
        }
        self.broken(self.at, sink);
        self.base = Base::Top;
    }
}

/// What may follow an opening bracket.
fn opened(bracket: u8) -> Inner {
    if bracket == b'{' { Inner::Name } else { Inner::Open }
}

#[cfg(test)]
mod tests;
