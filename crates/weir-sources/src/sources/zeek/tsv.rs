//! Zeek's tab-separated notation.
//!
//! Decisive choice: the header in force is the last one read, because rotated logs are concatenated and a new version of Zeek or of a
//! script changes the fields; `#separator` begins a new header.

use super::field::{FIELDS, Field};
use super::{Fields, Kind};
use std::borrow::Cow;

/// A header's directives.
#[derive(Clone, Debug)]
pub(super) struct Header {
    separator: String,
    empty: String,
    unset: String,
    path: Option<String>,
    /// How many values a row has.
    columns: usize,
    /// Which of them is a field's.
    places: [Option<usize>; FIELDS],
}

impl Default for Header {
    fn default() -> Self {
        let (empty, unset) = ("(empty)".to_owned(), "-".to_owned());
        Self { separator: "\t".to_owned(), empty, unset, path: None, columns: 0, places: [None; FIELDS] }
    }
}

impl Header {
    /// Reads a directive or a comment; false when the line is none.
    pub(super) fn read(&mut self, line: &str) -> bool {
        let Some(directive) = line.strip_prefix('#') else { return false };
        if let Some(escaped) = directive.strip_prefix("separator ") {
            let separator = unescaped(escaped).into_owned();
            *self = Self { separator, ..Self::default() };
            return true;
        }
        let Some((name, value)) = directive.split_once(self.separator.as_str()) else { return true };
        match name {
            "empty_field" => self.empty = value.to_owned(),
            "unset_field" => self.unset = value.to_owned(),
            "path" => self.path = Some(value.to_owned()),
            "fields" => self.place(value),
            _ => {}
        }
        true
    }

    /// Notes where each field stands; of two columns of one name the first counts.
    fn place(&mut self, names: &str) {
        (self.columns, self.places) = (0, [None; FIELDS]);
        for name in names.split(self.separator.as_str()) {
            if let Some(place) = Field::of(name).and_then(|field| self.places.get_mut(field as usize)) {
                place.get_or_insert(self.columns);
            }
            self.columns += 1;
        }
    }

    fn place_of(&self, field: Field) -> Option<usize> {
        self.places.get(field as usize).copied().flatten()
    }

    /// The kind of the rows below it; `None` when it names no fields.
    pub(super) fn kind(&self) -> Option<Kind> {
        if self.columns == 0 {
            return None;
        }
        let by_fields = || Kind::of_fields(|field| self.place_of(field).is_some());
        Some(self.path.as_deref().map_or_else(by_fields, Kind::of_path))
    }

    /// The values of a line; `None` when they are more or fewer than the fields.
    pub(super) fn row<'a>(&'a self, line: &'a str) -> Option<Row<'a>> {
        let mut values = Vec::with_capacity(self.columns);
        values.extend(line.split(self.separator.as_str()).take(self.columns + 1));
        (values.len() == self.columns).then_some(Row { header: self, values })
    }
}

/// One line's values.
pub(super) struct Row<'a> {
    header: &'a Header,
    values: Vec<&'a str>,
}

impl Fields for Row<'_> {
    fn get(&self, field: Field) -> Option<Cow<'_, str>> {
        let value = *self.values.get(self.header.place_of(field)?)?;
        let absent = value.is_empty() || value == self.header.unset || value == self.header.empty;
        (!absent).then(|| unescaped(value))
    }

    fn millis(&self) -> bool {
        false
    }
}

/// Undoes `\xHH` and `\\`, which is all that Zeek writes; bytes that are no UTF-8 then become U+FFFD.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = match (byte, tail) {
            (b'\\', [b'\\', after @ ..]) => Some((b'\\', after)),
            (b'\\', [b'x', high, low, after @ ..]) => {
                digit(high).zip(digit(low)).map(|(high, low)| (high << 4 | low, after))
            }
            _ => None,
        };
        let (value, after) = escaped.unwrap_or((byte, tail));
        out.push(value);
        rest = after;
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}
