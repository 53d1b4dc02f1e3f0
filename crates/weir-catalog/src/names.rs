//! What the name of a query's parameter says of its values.

use crate::identity::Identity;
use crate::segment::{Form, form};
use crate::words::{self, Noun};
use std::borrow::Cow;

/// Query keys that page, sort and measure.
const TECHNICAL: &[&str] = &[
    "_",
    "amount",
    "cb",
    "count",
    "day",
    "from",
    "h",
    "height",
    "lang",
    "limit",
    "max",
    "min",
    "month",
    "offset",
    "p",
    "page",
    "per_page",
    "price",
    "q",
    "qty",
    "quantity",
    "query",
    "r",
    "rand",
    "size",
    "sort",
    "start",
    "t",
    "time",
    "timestamp",
    "to",
    "ts",
    "v",
    "ver",
    "version",
    "w",
    "width",
    "year",
];

/// What the name of a query parameter says.
pub(crate) struct Name<'p> {
    pub(crate) text: Cow<'p, str>,
    identity: Option<Identity>,
    person: bool,
    technical: bool,
}

impl<'p> Name<'p> {
    pub(crate) fn of(text: Cow<'p, str>) -> Self {
        let identity = Identity::of(&text);
        let person = words::meaning(&words::noun_of(&text)) == Noun::Person;
        let technical =
            TECHNICAL.binary_search(&text.to_ascii_lowercase().as_str()).is_ok() || text.starts_with("utm_");
        Self { text, identity, person, technical }
    }

    /// Whether no value of it names anybody or anything.
    pub(crate) fn is_silent(&self) -> bool {
        self.identity.is_none() && !self.person && self.technical
    }

    /// Whether the parameter may name somebody or something by such a value.
    pub(crate) fn may_identify(&self, value: &str) -> bool {
        if let Some(identity) = self.identity {
            return identity.fits(value);
        }
        let form = form(value);
        form != Form::File && (self.person || (form.may_name() && !self.technical))
    }
}
