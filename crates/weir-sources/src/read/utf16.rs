//! UTF-16 (of either byte order, with its mark) to UTF-8, block by block. Offsets of its records count bytes of the UTF-8.

/// The marks that UTF-16 texts begin with: little endian, big endian.
const MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];
/// Bytes of a mark.
pub(super) const MARK_BYTES: usize = 2;

/// Converts; keeps what is cut between blocks: one odd byte, one high surrogate.
#[derive(Debug, Default)]
pub(super) struct Utf16 {
    big_endian: bool,
    odd: Option<u8>,
    high: Option<u16>,
}

impl Utf16 {
    /// For a text that begins with a mark.
    pub(super) fn marked(head: &[u8]) -> Option<Self> {
        let mark = MARKS.iter().position(|mark| head.starts_with(mark))?;
        Some(Self { big_endian: mark == 1, ..Self::default() })
    }

    /// Appends the UTF-8 of the next bytes.
    pub(super) fn push(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for byte in data {
            match self.odd.take() {
                None => self.odd = Some(*byte),
                Some(first) if self.big_endian => self.unit(u16::from_be_bytes([first, *byte]), out),
                Some(first) => self.unit(u16::from_le_bytes([first, *byte]), out),
            }
        }
    }

    /// The content has ended: what is cut becomes U+FFFD.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.high.take().is_some() || self.odd.take().is_some() {
            put('\u{fffd}', out);
        }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        let units = self.high.take().into_iter().chain([unit]);
        for decoded in char::decode_utf16(units) {
            match decoded {
                Ok(c) => put(c, out),
                Err(e)
                    if (0xD800..0xDC00).contains(&e.unpaired_surrogate())
                        && e.unpaired_surrogate() == unit =>
                {
                    self.high = Some(unit);
                }
                Err(_) => put('\u{fffd}', out),
            }
        }
    }
}

fn put(c: char, out: &mut Vec<u8>) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_however_it_is_cut() {
        let text = "a\u{20ac}\u{1f600}\r\nz";
        for (mark, bytes_of) in MARKS.into_iter().zip([u16::to_le_bytes, u16::to_be_bytes]) {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(bytes_of).collect();
            for step in 1..=bytes.len() {
                let (mut utf16, mut out) = (Utf16::marked(mark).unwrap(), Vec::new());
                bytes.chunks(step).for_each(|block| utf16.push(block, &mut out));
                utf16.finish(&mut out);
                assert_eq!(String::from_utf8(out).unwrap(), text);
            }
        }
    }
}
