//! [`Masked`]: records for people who may not know whose they are. Each person has a pseudonym, the same wherever they stand.
//!
//! Decisive choice: a pseudonym depends on the id alone, so one person is one pseudonym in every column, and texts are equal under pseudonyms where
//! they are equal by name. Masked are whoever acts or signs in, the values of a URL's query, addresses of e-mail, and the people a record *shows*, by the
//! catalog, wherever one of them is written in it. Another name in a path that the catalog does not know is not masked: nobody knows that it is one.

use crate::derive::{Catalog, Column, Inputs, cell, each_subject};
use crate::naming::{Names, names};
use crate::veil::{Veil, is_pseudonym, values};
use arrow_array::builder::{ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StringArray};
use arrow_schema::DataType;
use std::sync::Arc;
use weir_model::record::subjects_type;

/// A person's pseudonym, from the id.
pub type Pseudonym = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Columns of `access` in which people may be written.
pub const TEXTS: [&str; 7] =
    ["path", "query", "referrer", "resource", "request", "response", "status_detail"];

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

    /// A person's pseudonym. What is one already stays, and so does what names nobody (`-`, `null`).
    #[must_use]
    pub fn person(&self, id: &str) -> String {
        if is_pseudonym(id) || names(id) == Names::Nobody { id.to_owned() } else { (self.pseudonym)(id) }
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

    /// A column of `access` in which people may be written ([`TEXTS`]), with pseudonyms in their place.
    #[must_use]
    pub fn text(&self, name: &str, inputs: &RecordBatch) -> ArrayRef {
        let (texts, paths) = (column(inputs, name), column(inputs, "path"));
        let shown: StringArray = match name {
            "path" => self.paths(inputs),
            // A statement of a database has `?` for each of its values.
            "query" => (0..inputs.num_rows())
                .map(|row| {
                    let text = cell(texts, row)?;
                    Some(if cell(paths, row).is_some() { self.query(text) } else { text.to_owned() })
                })
                .collect(),
            _ => {
                let people = self.everybody(inputs);
                let rows = (0..inputs.num_rows()).map(|row| {
                    let veil = self.veil([Some(&people)], row, [cell(column(inputs, "actor"), row)]);
                    let (text, asked) = asks(cell(texts, row)?, name == "referrer");
                    Some(veil.over(text) + &asked.map(|asked| self.asked(asked)).unwrap_or_default())
                });
                rows.collect()
            }
        };
        Arc::new(shown)
    }

    /// A column of other tables in which those who act may be written, with pseudonyms in place of the people of some columns.
    #[must_use]
    pub fn text_of(&self, name: &str, who: &[&str], inputs: &RecordBatch) -> ArrayRef {
        let texts = column(inputs, name);
        let rows = (0..inputs.num_rows()).map(|row| {
            let who = who.iter().map(|name| cell(column(inputs, name), row));
            Some(self.veil([], row, who).over(cell(texts, row)?))
        });
        Arc::new(rows.collect::<StringArray>())
    }

    /// A column whose values are people, or of which nothing is to be read but whether two are the same.
    #[must_use]
    pub fn people(&self, values: &StringArray) -> ArrayRef {
        Arc::new(values.iter().map(|v| v.map(|id| self.person(id))).collect::<StringArray>())
    }

    /// A person as `namespace:id`, as [`Column::Subject`] shows them.
    #[must_use]
    pub fn subject_written(&self, text: &str) -> String {
        match text.split_once(':') {
            Some((namespace, id)) => format!("{namespace}:{}", self.person(id)),
            None => text.to_owned(),
        }
    }

    /// The ways in which a path may be shown: with pseudonyms in place of whom it names itself, or as a pseudonym of its own where others of its record
    /// stand in it as well.
    #[must_use]
    pub fn path_written(&self, path: &str) -> [String; 2] {
        let column: ArrayRef = Arc::new(StringArray::from(vec![path]));
        let people = RecordBatch::try_from_iter([("path", column)]).map(|record| self.everybody(&record));
        [self.veil([people.as_ref().ok()], 0, []).over(path), self.person(path)]
    }

    /// The query of a URL: names as they are, a pseudonym for each value.
    #[must_use]
    pub fn query(&self, text: &str) -> String {
        values(text, &|value| self.person(value))
    }

    /// `?query#fragment` of a URL.
    fn asked(&self, text: &str) -> String {
        let (begin, rest) = text.split_at(text.len().min(1));
        match rest.split_once('#') {
            Some((query, fragment)) => format!("{begin}{}#{}", self.query(query), self.query(fragment)),
            None => format!("{begin}{}", self.query(rest)),
        }
    }

    fn everybody(&self, inputs: &RecordBatch) -> ListArray {
        self.catalog.derive_some(&Inputs::of(inputs), &[Column::Subjects]).subjects
    }

    /// What hides the people of a row and who acts in it.
    fn veil<'a>(
        &'a self,
        shown: impl IntoIterator<Item = Option<&'a ListArray>>,
        row: usize,
        who: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Veil<'a> {
        let mut veil = Veil::new(|id| self.person(id));
        for people in shown {
            each_subject(people, row, |_, id, _| veil.add(id, true));
        }
        who.into_iter().flatten().for_each(|id| veil.add(id, false));
        veil
    }

    /// Paths. Each is masked by what it says itself, so that a path asked for is found; one in which others of its record stand is not shown at all.
    fn paths(&self, inputs: &RecordBatch) -> StringArray {
        let paths = column(inputs, "path");
        let alone = inputs.project(&inputs.schema().index_of("path").into_iter().collect::<Vec<_>>());
        let alone = alone.map(|alone| self.everybody(&alone)).ok();
        let all = self.everybody(inputs);
        let rows = (0..inputs.num_rows()).map(|row| {
            let path = cell(paths, row)?;
            let actor = cell(column(inputs, "actor"), row);
            let by_itself = self.veil([alone.as_ref()], row, []).over(path);
            let by_record = self.veil([alone.as_ref(), Some(&all)], row, [actor]).over(path);
            Some(if by_itself == by_record { by_itself } else { self.person(path) })
        });
        rows.collect()
    }

    fn subject(&self, inputs: &RecordBatch) -> ArrayRef {
        let people = self.everybody(inputs);
        let rows = (0..inputs.num_rows()).map(|row| {
            let mut first = None;
            each_subject(Some(&people), row, |namespace, id, _| {
                first.get_or_insert_with(|| format!("{namespace}:{}", self.person(id)));
            });
            first
        });
        Arc::new(rows.collect::<StringArray>())
    }

    fn subjects(&self, inputs: &RecordBatch) -> ArrayRef {
        let people = self.everybody(inputs);
        let DataType::List(element) = subjects_type() else { return Arc::new(people) };
        let DataType::Struct(fields) = element.data_type() else { return Arc::new(people) };
        let row = StructBuilder::from_fields(fields.clone(), inputs.num_rows());
        let mut out = ListBuilder::new(row).with_field(Arc::clone(&element));
        for row in 0..inputs.num_rows() {
            each_subject(Some(&people), row, |namespace, id, basis| {
                let shown = self.person(id);
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

/// A column of texts.
fn column<'a>(inputs: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    inputs.column_by_name(name).and_then(|c| c.as_any().downcast_ref())
}

/// A text, cut before the `?` or `#` of a URL.
fn asks(text: &str, is_url: bool) -> (&str, Option<&str>) {
    let at = text.find(['?', '#']).filter(|_| is_url);
    at.and_then(|at| text.split_at_checked(at)).map_or((text, None), |(before, asked)| (before, Some(asked)))
}
