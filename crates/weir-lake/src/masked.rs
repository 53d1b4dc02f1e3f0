//! Which columns show pseudonyms in place of people, and which texts stand in them.
//!
//! Decisive choice: where a column can show the same pseudonym for the same text in every record, it does, so that groups, joins and counts are those of
//! the people. Whoever acts or signs in is masked whatever the log, since what one log calls them another shows as whose data it is; of free text nothing
//! is shown but whether two are the same. What could not be parsed is not shown at all: who stands in it is unknown.

use crate::derive::{Derive, DerivedColumn, Shows, Written, derived};
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, BooleanArray, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field};
use arrow_select::zip::zip;
use weir_catalog::{Catalog, Column, Masked, mask};

/// Columns that show a pseudonym for each of their texts: whoever acts or signs in, and free text that names them.
fn people(table: &str) -> &'static [&'static str] {
    match table {
        "access" => &["actor", "actor_issuer"],
        "auth" => &["user", "actor", "actor_issuer", "message", "command"],
        "flow" => &["actor"],
        "host" => &["user", "actor", "message", "command"],
        _ => &[],
    }
}

/// Whoever acts in a record of `auth`.
const ACTING: [&str; 2] = ["user", "actor"];
/// Columns of `auth` in which they are written too.
const AUTH_TEXTS: [&str; 3] = ["status_detail", "request", "response"];

/// Equal where ids are.
const PERSON: Shows = Shows::Alike("person");

/// The catalog's columns and, in every table, pseudonyms in place of people.
impl Derive for Masked {
    fn id(&self) -> &str {
        self.catalog().id()
    }

    fn columns(&self, table: &str) -> Vec<DerivedColumn> {
        let text = |name: &str, inputs: Vec<&str>| DerivedColumn {
            field: Field::new(name, DataType::Utf8, true),
            inputs: inputs.into_iter().map(str::to_owned).collect(),
        };
        let with = |inputs: &[&'static str], name: &'static str| {
            let more = (!inputs.contains(&name)).then_some(name);
            inputs.iter().copied().chain(more).collect::<Vec<_>>()
        };
        let mut columns: Vec<DerivedColumn> =
            people(table).iter().map(|name| text(name, vec![*name])).collect();
        match table {
            "access" => {
                let inputs = self.catalog().inputs(Column::Subjects);
                let inputs = with(&with(&inputs, "path"), "actor");
                columns.extend(mask::TEXTS.map(|name| text(name, with(&inputs, name))));
                let mut all = <Catalog as Derive>::columns(self.catalog(), table);
                all.append(&mut columns);
                all
            }
            "auth" => {
                columns.extend(AUTH_TEXTS.map(|name| text(name, with(&ACTING, name))));
                columns
            }
            "rollup" => vec![text("entity", vec!["entity", "kind"])],
            "rejects" => vec![text("text", vec!["text"])],
            _ => columns,
        }
    }

    fn shows(&self, table: &str, column: &str) -> Shows {
        match (table, column) {
            ("access", "subject") => Shows::Alike("subject"),
            ("access", "subjects") => Shows::Alike("subjects"),
            // Statements are shown as they are, and are told from what a URL asks for by the blanks in them.
            ("access", "query") => Shows::Alike("query"),
            ("access", name) if mask::TEXTS.contains(&name) => Shows::Varied,
            ("auth", name) if AUTH_TEXTS.contains(&name) => Shows::Varied,
            // Actors beside what is shown as it is.
            ("rollup", "entity") => Shows::Varied,
            ("rejects", "text") => Shows::Nothing,
            (table, name) if people(table).contains(&name) => PERSON,
            _ => Shows::Stored,
        }
    }

    fn written(&self, table: &str, column: &str, text: &str) -> Written {
        let held = |of: String| {
            let mut ways = vec![text.to_owned(), of];
            ways.dedup();
            Written::As(ways)
        };
        match (table, column, self.shows(table, column)) {
            (_, _, Shows::Stored) => Written::Stored,
            (_, _, PERSON) => Written::As(vec![self.person(text)]),
            ("access", "subject", _) => Written::As(vec![self.subject_written(text)]),
            ("access", "path", _) => {
                let mut ways = self.path_written(text).to_vec();
                ways.dedup();
                Written::As(ways)
            }
            ("access", "query", _) => held(self.query(text)),
            ("rollup", "entity", _) => held(self.person(text)),
            _ => Written::Unknown,
        }
    }

    fn written_id(&self, id: &str) -> (Shows, Written) {
        (PERSON, Written::As(vec![self.person(id)]))
    }

    fn derive(
        &self,
        table: &str,
        column: &str,
        inputs: &RecordBatch,
    ) -> std::result::Result<ArrayRef, String> {
        let texts = |name: &str| {
            let found = inputs.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
            found.ok_or_else(|| format!("`{table}` has no text `{name}`"))
        };
        Ok(match (table, derived(column)) {
            (_, None) if people(table).contains(&column) => self.people(texts(column)?),
            ("access", Some(column)) => self.derived(column, inputs),
            ("access", None) => self.text(column, inputs),
            ("auth", _) => self.text_of(column, &ACTING, inputs),
            ("rollup", _) => {
                let (entities, kinds) = (texts("entity")?, texts("kind")?);
                let actors = kinds.iter().map(|kind| Some(kind == Some("actor"))).collect::<BooleanArray>();
                let masked = self.people(entities);
                zip(&actors, &masked, &entities).map_err(|e| e.to_string())?
            }
            _ => new_null_array(&DataType::Utf8, inputs.num_rows()),
        })
    }
}
