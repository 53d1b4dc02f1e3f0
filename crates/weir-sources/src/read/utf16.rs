//! UTF-16 (little endian, with its byte order mark) to UTF-8, block by block. Offsets of its records count bytes of the UTF-8.

/// The mark that a UTF-16LE text begins with.
pub(super) const BOM: &[u8] = b"\xFF\xFE";

/// Converts; keeps what is cut between blocks: one odd byte, one high surrogate.
#[derive(Debug, Default)]
pub(super) struct Utf16 {
    odd: Option<u8>,
    high: Option<u16>,
}

impl Utf16 {
    /// Appends the UTF-8 of the next bytes.
    pub(super) fn push(&mut self, data: &[u8], out: &mut Vec<u8>) {
        for byte in data {
            match self.odd.take() {
                None => self.odd = Some(*byte),
                Some(low) => self.unit(u16::from_le_bytes([low, *byte]), out),
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
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for step in 1..=bytes.len() {
            let (mut utf16, mut out) = (Utf16::default(), Vec::new());
            bytes.chunks(step).for_each(|block| utf16.push(block, &mut out));
            utf16.finish(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
