//! [`Masked`]: records for people who may not know whose they are. Each person has a pseudonym, the same wherever they stand.
//!
//! Decisive choice: what is masked are the people a record *shows*, by the catalog, wherever one of them is written in it. A person in
//! a route that the catalog does not know is not masked: nobody knows that it is one.

use crate::derive::{Catalog, Column, Inputs, each_subject};
use crate::segment::decode;
use arrow_array::builder::{ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::DataType;
use std::collections::HashMap;
use std::sync::Arc;
use weir_model::record::subjects_type;

/// A person's pseudonym, from namespace and id.
pub type Pseudonym = Arc<dyn Fn(&str, &str) -> String + Send + Sync>;

/// The namespace of those to whom a log says that it issued a credential.
pub const ISSUED_TO: &str = "holder";

/// Columns of `access` in which people may be written.
pub const TEXTS: [&str; 8] =
    ["path", "query", "referrer", "resource", "request", "response", "actor", "status_detail"];

/// A catalog that shows pseudonyms.
#[derive(Clone)]
pub struct Masked {
    catalog: Arc<Catalog>,
    pseudonym: Pseudonym,
}

impl Masked {
    /// A catalog's people under pseudonyms.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, pseudonym: Pseudonym) -> Self {
        Self { catalog, pseudonym }
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// A derived column, with pseudonyms.
    #[must_use]
    pub fn derived(&self, column: Column, inputs: &RecordBatch) -> ArrayRef {
        match column {
            Column::Subject => self.subject(inputs),
            Column::Subjects => self.subjects(inputs),
            other => self.catalog.derive_some(&Inputs::of(inputs), &[other]).column(other),
        }
    }

    /// A column of text, with pseudonyms in place of the record's people.
    #[must_use]
    pub fn text(&self, name: &str, inputs: &RecordBatch) -> ArrayRef {
        let derived = self.catalog.derive_some(&Inputs::of(inputs), &[Column::Subjects]);
        let texts = inputs.column_by_name(name).and_then(|c| c.as_any().downcast_ref::<StringArray>());
        let mut people: HashMap<&str, String> = HashMap::new();
        let rows = (0..inputs.num_rows()).map(|row| {
            let text = texts.filter(|t| t.is_valid(row)).map(|t| t.value(row))?;
            people.clear();
            each_subject(Some(&derived.subjects), row, |namespace, id, _| {
                people.entry(id).or_insert_with(|| (self.pseudonym)(namespace, id));
            });
            Some(replace(text, &people))
        });
        Arc::new(rows.collect::<StringArray>())
    }

    /// A column whose values are people of a namespace.
    #[must_use]
    pub fn people(&self, namespace: &str, values: &StringArray) -> ArrayRef {
        let shown = values.iter().map(|v| v.map(|id| (self.pseudonym)(namespace, id)));
        Arc::new(shown.collect::<StringArray>())
    }

    /// A person as `namespace:id`, as [`Column::Subject`] shows them. A pseudonym stays one.
    #[must_use]
    pub fn subject_written(&self, text: &str) -> String {
        match text.split_once(':') {
            Some((namespace, id)) if !is_pseudonym(id) => {
                format!("{namespace}:{}", (self.pseudonym)(namespace, id))
            }
            _ => text.to_owned(),
        }
    }

    /// The pseudonyms of an id, which may be of any kind of people.
    #[must_use]
    pub fn id_written(&self, id: &str) -> Vec<String> {
        self.catalog.namespaces().map(|namespace| (self.pseudonym)(namespace, id)).collect()
    }

    /// A path with pseudonyms in place of the people that it names itself.
    #[must_use]
    pub fn path_written(&self, path: &str) -> String {
        let column: ArrayRef = Arc::new(StringArray::from(vec![path]));
        let shown = RecordBatch::try_from_iter([("path", column)]).map(|record| self.text("path", &record));
        let shown = shown.ok().and_then(|texts| {
            texts.as_any().downcast_ref::<StringArray>().map(|texts| texts.value(0).to_owned())
        });
        shown.unwrap_or_else(|| path.to_owned())
    }

    /// Whoever was issued a credential.
    #[must_use]
    pub fn holder_written(&self, id: &str) -> String {
        (self.pseudonym)(ISSUED_TO, id)
    }

    fn subject(&self, inputs: &RecordBatch) -> ArrayRef {
        let derived = self.catalog.derive_some(&Inputs::of(inputs), &[Column::Subjects]);
        let rows = (0..inputs.num_rows()).map(|row| {
            let mut first = None;
            each_subject(Some(&derived.subjects), row, |namespace, id, _| {
                first.get_or_insert_with(|| format!("{namespace}:{}", (self.pseudonym)(namespace, id)));
            });
            first
        });
        Arc::new(rows.collect::<StringArray>())
    }

    fn subjects(&self, inputs: &RecordBatch) -> ArrayRef {
        let derived = self.catalog.derive_some(&Inputs::of(inputs), &[Column::Subjects]);
        let DataType::List(element) = subjects_type() else { return Arc::new(derived.subjects) };
        let DataType::Struct(fields) = element.data_type() else { return Arc::new(derived.subjects) };
        let row = StructBuilder::from_fields(fields.clone(), inputs.num_rows());
        let mut out = ListBuilder::new(row).with_field(Arc::clone(&element));
        for row in 0..inputs.num_rows() {
            each_subject(Some(&derived.subjects), row, |namespace, id, basis| {
                let shown = (self.pseudonym)(namespace, id);
                let person = out.values();
                for (at, text) in [namespace, &shown, basis].into_iter().enumerate() {
                    if let Some(column) = person.field_builder::<StringBuilder>(at) {
                        column.append_value(text);
                    }
                }
                person.append(true);
            });
            out.append(true);
        }
        Arc::new(out.finish())
    }
}

/// Whether a text is a pseudonym: `p_` and sixteen digits.
fn is_pseudonym(text: &str) -> bool {
    text.strip_prefix("p_").is_some_and(|digits| {
        digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// What cannot stand inside an id that a URL or JSON text holds.
fn separates(c: char) -> bool {
    matches!(c, '/' | '?' | '&' | '=' | ';' | ',' | '"' | '\'' | '{' | '}' | '[' | ']' | '(' | ')' | '\\')
        || c.is_whitespace()
        || c.is_control()
}

/// The text with each person in it replaced: between separators, percent-encoded or not, or as they are.
fn replace(text: &str, people: &HashMap<&str, String>) -> String {
    if people.is_empty() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(separates) {
        let token = piece.trim_end_matches(separates);
        let decoded = decode(token);
        match people.get(decoded.as_ref()) {
            Some(shown) => out.push_str(shown),
            None => out.push_str(token),
        }
        out.push_str(piece.get(token.len()..).unwrap_or_default());
    }
    // An id with a separator in it was cut above; a part of a longer token is found by itself.
    let loose = |id: &&&str| id.len() >= LOOSE_MIN || id.contains(separates);
    let mut ids: Vec<&&str> = people.keys().filter(loose).collect();
    ids.sort_by_key(|id| std::cmp::Reverse((id.len(), **id)));
    for id in ids {
        if let Some(shown) = people.get(*id).filter(|_| out.contains(*id)) {
            out = out.replace(*id, shown);
        }
    }
    out
}

/// Ids this long are replaced inside of longer words too; a short one would be found by chance.
const LOOSE_MIN: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_replaced_wherever_they_stand_and_nothing_else() {
        let people: HashMap<&str, String> =
            [("12", "p_a".to_owned()), ("kim@x.kr", "p_b".to_owned()), ("a b", "p_c".to_owned())].into();
        let shown = |text| replace(text, &people);
        assert_eq!(shown("/members/12/orders/2012"), "/members/p_a/orders/2012");
        assert_eq!(shown("m=12&to=kim%40x.kr"), "m=p_a&to=p_b");
        assert_eq!(shown("{\"id\":\"12\",\"n\":112}"), "{\"id\":\"p_a\",\"n\":112}");
        assert_eq!(shown("for a b, mailto:kim@x.kr"), "for p_c, mailto:p_b");
    }
}
