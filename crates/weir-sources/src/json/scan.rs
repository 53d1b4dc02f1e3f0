//! Where JSON values begin and end.
//!
//! Decisive choice: one pass that checks all it skips, and keeps open brackets in a list of its own: what is not looked at is still known
//! to be JSON, and depth costs memory, never the stack.
//!
//! What this module refuses: decoding anything.

#[cfg(test)]
mod tests;

use super::Raw;

/// A member's name.
pub(super) enum Name<'a> {
    /// Without escapes: what stands between its quotes.
    Plain(&'a str),
    /// With escapes and quotes.
    Escaped(&'a str),
}

/// A place in a text of JSON.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Brackets open around this place, of the value being skipped.
    open: Vec<u8>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new() }
    }

    /// The byte here.
    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no blank.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Goes past this byte and the blanks before it, if it is the next.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Goes past this text, if it stands here.
    #[inline]
    pub(super) fn skip(&mut self, text: &str) -> bool {
        let is_here = self.rest().as_bytes().starts_with(text.as_bytes());
        self.at += if is_here { text.len() } else { 0 };
        is_here
    }

    /// What stands behind this place.
    #[inline]
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes past a member's name and its colon.
    pub(super) fn name(&mut self) -> Option<Name<'a>> {
        if self.peek()? != b'"' {
            return None;
        }
        let from = self.at;
        let name = match self.string()? {
            true => Name::Escaped(self.text.get(from..self.at)?),
            false => Name::Plain(self.text.get(from + 1..self.at - 1)?),
        };
        self.eat(b':').then_some(name)
    }

    /// Goes past a value.
    pub(super) fn value(&mut self) -> Option<Raw<'a>> {
        let byte = self.peek()?;
        let from = self.at;
        match byte {
            b'{' | b'[' => self.nested()?,
            _ => self.scalar(byte)?,
        }
        self.text.get(from..self.at).map(Raw)
    }

    fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => self.string().map(drop),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => None,
        }
    }

    fn nested(&mut self) -> Option<()> {
        self.open.clear();
        loop {
            let byte = self.peek()?;
            match byte {
                b'{' | b'[' => {
                    self.at += 1;
                    if !self.eat(closing(byte)) {
                        self.open.push(byte);
                        if byte == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => self.scalar(byte)?,
            }
            if !self.is_followed()? {
                return Some(());
            }
        }
    }

    /// Goes past the brackets that close after a value, and the comma before the next. False when there is none.
    fn is_followed(&mut self) -> Option<bool> {
        while let Some(open) = self.open.last().copied() {
            if self.eat(b',') {
                if open == b'{' {
                    self.name()?;
                }
                return Some(true);
            }
            if !self.eat(closing(open)) {
                return None;
            }
            self.open.pop();
        }
        Some(false)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.skip(word).then_some(())
    }

    /// From the opening quote past the closing one. Whether there are escapes between them.
    fn string(&mut self) -> Option<bool> {
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += plain(self.text.as_bytes().get(self.at..)?);
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Some(escaped);
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
            escaped = true;
        }
    }

    fn escape(&mut self) -> Option<()> {
        let escaped = self.text.as_bytes().get(self.at + 1..)?;
        self.at += match escaped {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', digits @ ..] if digits.first_chunk::<4>()?.iter().all(u8::is_ascii_hexdigit) => 6,
            _ => return None,
        };
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.byte() == Some(b'-'));
        let zero = self.byte() == Some(b'0');
        // Nothing follows a leading zero.
        if self.digits()? > 1 && zero {
            return None;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    /// Goes past digits, of which there is one at least. How many there are.
    fn digits(&mut self) -> Option<usize> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
        self.at += count;
        (count > 0).then_some(count)
    }
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'{' { b'}' } else { b']' }
}

/// Whether what stands between a string's quotes has no escapes.
pub(super) fn is_plain(inside: &str) -> bool {
    plain(inside.as_bytes()) == inside.len()
}

/// How many bytes stand before the first that means something in a string: a quote, a backslash, or a control character, which cannot be.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    for (n, chunk) in chunks.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*chunk));
        if marks != 0 {
            return n * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let is_mark = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    chunks.len() * 8 + tail.iter().position(is_mark).unwrap_or(tail.len())
}

/// The high bit of the first of eight bytes that means something, and perhaps of some after it: a byte less than `n` borrows when `n` is
/// taken from it, and the borrow reaches the bytes above.
fn marks(bytes: u64) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    let below = |bytes: u64, n: u64| bytes.wrapping_sub(EACH * n) & !bytes;
    let equal = |byte: u8| below(bytes ^ (EACH * u64::from(byte)), 1);
    (below(bytes, 0x20) | equal(b'"') | equal(b'\\')) & (EACH << 7)
}
