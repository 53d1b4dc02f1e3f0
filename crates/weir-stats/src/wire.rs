//! Stored form of statistics: one version byte, then the smallest plain encoding.
//!
//! Decisive choice: the encoding is canonical. Equal state gives equal bytes, and bytes that are accepted are exactly the bytes that
//! the value read from them would write. So stored partials can be compared, de-duplicated and hashed as bytes.
//!
//! What it refuses: trust. Every length is checked against what remains before anything is allocated.

use crate::StatsError;

/// A statistic that can be stored.
pub trait Wire: Sized {
    /// The word for this statistic in errors.
    const WHAT: &'static str;

    /// Appends the stored form.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a stored form that fills all of `bytes`.
    ///
    /// # Errors
    /// If the bytes are not a whole, canonical stored form.
    fn read(bytes: &[u8]) -> Result<Self, StatsError>;

    /// The stored form.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    /// Reads a stored form; see [`Wire::read`].
    ///
    /// # Errors
    /// If the bytes are not a whole, canonical stored form.
    fn from_bytes(bytes: &[u8]) -> Result<Self, StatsError> {
        Self::read(bytes)
    }
}

/// A count, as a bare varint.
impl Wire for u64 {
    const WHAT: &'static str = "count";

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, *self);
    }

    fn read(bytes: &[u8]) -> Result<Self, StatsError> {
        let mut input = Input::new(Self::WHAT, bytes);
        let value = input.varint()?;
        input.end()?;
        Ok(value)
    }
}

/// Appends an unsigned LEB128 integer.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a nested stored form, its length before it.
pub fn put_nested<T: Wire>(out: &mut Vec<u8>, value: &T) {
    let bytes = value.to_bytes();
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
}

/// What remains to be read of a stored form.
pub struct Input<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// All of `bytes` is to be read; `what` is the word for it in errors.
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes }
    }

    /// An error about this input.
    #[must_use]
    pub fn damaged(&self, reason: &'static str) -> StatsError {
        StatsError::Damaged { what: self.what, reason }
    }

    /// Takes the version byte, which must be one that is known.
    ///
    /// # Errors
    /// If it is another, or missing.
    pub fn version(&mut self, known: u8) -> Result<(), StatsError> {
        let version = self.byte()?;
        if version == known { Ok(()) } else { Err(StatsError::Version { what: self.what, version }) }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes one byte.
    ///
    /// # Errors
    /// If none is left.
    pub fn byte(&mut self) -> Result<u8, StatsError> {
        let (&first, rest) = self.rest.split_first().ok_or_else(|| self.damaged("it is cut short"))?;
        self.rest = rest;
        Ok(first)
    }

    /// Takes `n` bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], StatsError> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(|| self.damaged("it is cut short"))?;
        self.rest = rest;
        Ok(head)
    }

    /// Takes eight bytes, little end first.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn u64(&mut self) -> Result<u64, StatsError> {
        let bytes = self.take(8)?;
        bytes.try_into().map(u64::from_le_bytes).map_err(|_| self.damaged("it is cut short"))
    }

    /// Takes an unsigned LEB128 integer in its shortest form.
    ///
    /// # Errors
    /// If it is cut short, padded or larger than 64 bits.
    pub fn varint(&mut self) -> Result<u64, StatsError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                return Err(self.damaged("a number does not fit 64 bits"));
            }
            value |= part << shift;
            if byte < 0x80 {
                let padded = byte == 0 && shift > 0;
                return if padded { Err(self.damaged("a number is padded")) } else { Ok(value) };
            }
        }
        Err(self.damaged("a number does not fit 64 bits"))
    }

    /// Takes a nested stored form (see [`put_nested`]).
    ///
    /// # Errors
    /// If it is not a whole stored form.
    pub fn nested<T: Wire>(&mut self) -> Result<T, StatsError> {
        let length = self.varint()?;
        let length = usize::try_from(length).map_err(|_| self.damaged("a length does not fit"))?;
        T::read(self.take(length)?)
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// If something does.
    pub fn end(&self) -> Result<(), StatsError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged("bytes follow its end")) }
    }
}
