//! A walk over DER.
//!
//! Decisive choice: lengths and tags are read by the crate `der`, which refuses indefinite and overlong ones; what stands where is written at the
//! place that reads it, since of each structure only a few members are wanted.

use der::{Reader, SliceReader, asn1::AnyRef};

/// The members of a structure, one after the other.
pub(crate) struct Der<'a> {
    rest: Option<SliceReader<'a>>,
}

impl<'a> Der<'a> {
    /// Over the content of a structure.
    pub(crate) fn of(content: &'a [u8]) -> Self {
        Self { rest: SliceReader::new(content).ok() }
    }

    /// Over the content of the one structure with this tag that `bytes` are.
    pub(crate) fn whole(bytes: &'a [u8], tag: u8) -> Option<Self> {
        let mut outer = Self::of(bytes);
        let content = outer.take(tag)?;
        outer.is_empty().then(|| Self::of(content))
    }

    /// The content of the next member, if it has this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let whole = self.take_whole(tag)?;
        let value: AnyRef<'a> = SliceReader::new(whole).ok()?.decode().ok()?;
        Some(value.value())
    }

    /// The next member with its tag and length, if it has this tag.
    pub(crate) fn take_whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.rest.as_mut()?;
        if rest.peek_byte() != Some(tag) {
            return None;
        }
        let whole = rest.tlv_bytes().ok();
        if whole.is_none() {
            // What is broken has no further members.
            self.rest = None;
        }
        whole
    }

    /// Whether all was read, and well formed.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| rest.is_finished())
    }
}
