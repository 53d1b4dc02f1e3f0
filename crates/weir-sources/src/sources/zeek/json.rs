//! Zeek's JSON notation, and what shippers make of it.
//!
//! Decisive choice: three ways of writing `id.orig_h` are one field: the dotted name, an object `id`, and `id_orig_h`. A record is looked
//! through once and keeps what is read of it, each value in its field's place; the rest of its names are not kept.

use super::field::{FIELDS, Field};
use super::{Fields, Kind};
use crate::json::{Names, Object, Raw, text};
use std::borrow::Cow;

/// Names under which a stream says which log a record is of.
const STREAM: [Field; 2] = [Field::Path, Field::Stream];
/// Names of the machine that wrote it.
const SENSOR: [Field; 2] = [Field::SystemName, Field::System];

/// One record.
pub(super) struct Record<'a>([Option<Raw<'a>>; FIELDS]);

impl<'a> Record<'a> {
    pub(super) fn parse(text: &'a str, names: &mut Names<Option<Field>>) -> Option<Self> {
        let mut places = [None; FIELDS];
        names.members(text, Field::of, |field, value| {
            if let Some(place) = field.and_then(|field| places.get_mut(field as usize)) {
                *place = Some(value);
            }
        })?;
        Some(Self(places))
    }

    #[inline]
    fn raw(&self, field: Field) -> Option<Raw<'a>> {
        self.0.get(field as usize).copied().flatten().filter(|raw| raw.get() != "null")
    }

    /// What an end of the connection is where it has no name with a dot, or that says nothing.
    fn elsewhere(&self, field: Field) -> Option<Cow<'a, str>> {
        let (name, flat) = match field {
            Field::OrigH => ("orig_h", Field::FlatOrigH),
            Field::OrigP => ("orig_p", Field::FlatOrigP),
            Field::RespH => ("resp_h", Field::FlatRespH),
            Field::RespP => ("resp_p", Field::FlatRespP),
            _ => return None,
        };
        let nested = self.raw(Field::Id).filter(|_| self.raw(field).is_none());
        let nested = nested.and_then(|id| Object::parse(id.get())?.text(name));
        nested.or_else(|| text(self.raw(flat)?))
    }

    /// Its kind; `None` when it is no record of Zeek.
    pub(super) fn kind(&self) -> Option<Kind> {
        let stamped = self.raw(Field::Ts).is_some();
        if let (Some(path), true) = (STREAM.iter().find_map(|n| text(self.raw(*n)?)), stamped) {
            return Some(Kind::of_path(&path));
        }
        let kind = Kind::of_fields(|field| self.get(field).is_some());
        let zeeks = kind != Kind::Other
            || (stamped && self.get(Field::Uid).or_else(|| self.get(Field::Fuid)).is_some());
        zeeks.then_some(kind)
    }

    /// The machine that wrote it.
    pub(super) fn sensor(&self) -> Option<String> {
        let name = SENSOR.iter().find_map(|n| text(self.raw(*n)?));
        name.filter(|s| s.len() <= 128).map(Cow::into_owned)
    }
}

impl Fields for Record<'_> {
    fn get(&self, field: Field) -> Option<Cow<'_, str>> {
        self.raw(field).and_then(text).or_else(|| self.elsewhere(field))
    }

    fn millis(&self) -> bool {
        true
    }
}
