//! Zeek's JSON notation, and what shippers make of it.
//!
//! Decisive choice: three ways of writing `id.orig_h` are one field: the dotted name, an object `id`, and `id_orig_h`.

use super::{Fields, Kind};
use crate::json::Object;
use std::borrow::Cow;

/// Names under which a stream says which log a record is of: Corelight's, and that of the Kafka and Logstash pipelines.
const STREAM: [&str; 2] = ["_path", "@stream"];
/// Names of the machine that wrote it.
const SENSOR: [&str; 2] = ["_system_name", "@system"];

/// One record.
pub(super) struct Record<'a>(Object<'a>);

impl<'a> Record<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        Object::parse(text).map(Self)
    }

    /// Its kind; `None` when it is no record of Zeek.
    pub(super) fn kind(&self) -> Option<Kind> {
        let stamped = self.0.get("ts").is_some();
        if let (Some(path), true) = (STREAM.iter().find_map(|n| self.0.text(n)), stamped) {
            return Some(Kind::of_path(&path));
        }
        let kind = Kind::of_fields(|name| self.get(name).is_some());
        let zeeks =
            kind != Kind::Other || (stamped && self.get("uid").or_else(|| self.get("fuid")).is_some());
        zeeks.then_some(kind)
    }

    /// The machine that wrote it.
    pub(super) fn sensor(&self) -> Option<String> {
        SENSOR.iter().find_map(|n| self.0.text(n)).filter(|s| s.len() <= 128).map(Cow::into_owned)
    }
}

impl Fields for Record<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.text_at(name).or_else(|| {
            let plain = name.strip_prefix("id.")?;
            self.0.text(&format!("id_{plain}"))
        })
    }

    fn millis(&self) -> bool {
        true
    }
}
