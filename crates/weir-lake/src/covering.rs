//! What a hold covers, as a condition on stored columns: for questions and citations.
//!
//! Decisive choice: no deletion rests on it. That asks each row without a query engine ([`crate::held`]); a test holds that both say the same of every row.

use crate::answer::{quote, quote_all};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::hold::{Cover, columns_of};
use weir_model::{Entity, EntityKind, Hold, Table};

/// The SQL condition for which a hold covers a record of a table.
#[must_use]
pub fn covering(hold: &Hold, table: Table) -> String {
    any(hold.covers.iter().map(|cover| of_cover(cover, table)))
}

fn any(conditions: impl Iterator<Item = String>) -> String {
    let all: BTreeSet<String> = conditions.collect();
    let all: Vec<String> = all.into_iter().collect();
    if all.is_empty() { "false".to_owned() } else { format!("({})", all.join(" OR ")) }
}

fn of_cover(cover: &Cover, table: Table) -> String {
    let mut all = Vec::new();
    let period = cover.period.comparable();
    all.extend(period.since.map(|at| format!("time >= TIMESTAMP '{at}'")));
    all.extend(period.until.map(|at| format!("time < TIMESTAMP '{at}'")));
    for (column, names) in [("source", &cover.sources), ("sensor", &cover.sensors)] {
        if !names.is_empty() {
            let names = quote_all(names.iter().map(String::as_str));
            all.push(format!("({column} IS NULL OR {column} IN {names})"));
        }
    }
    let entities = cover.comparable();
    if !entities.is_empty() {
        all.push(naming(entities, table));
    }
    if all.is_empty() { "true".to_owned() } else { format!("({})", all.join(" AND ")) }
}

/// The SQL condition for which a record of a table names one of these entities in a column.
#[must_use]
pub fn naming(entities: &[Entity], table: Table) -> String {
    let schema = table.schema();
    let mut values: BTreeMap<EntityKind, BTreeSet<String>> = BTreeMap::new();
    for entity in entities.iter().cloned().map(Entity::spelled) {
        values.entry(entity.kind).or_default().insert(entity.value);
    }
    let columns = |kind| columns_of(kind).unwrap_or_default().iter();
    let there = |column: &&&str| schema.column_with_name(column).is_some();
    any(values.iter().flat_map(|(kind, values)| {
        let list = values.iter().map(|value| quote(value)).collect::<Vec<_>>().join(", ");
        // Logs write one address in several ways, and lists of them.
        let among = |column: &str, list: &str| {
            format!("coalesce(array_has_any(string_to_array(addresses({column}), ' '), make_array({list})), false)")
        };
        columns(*kind).filter(there).map(move |column| match kind {
            EntityKind::Prefix | EntityKind::Origin => format!("({column} IN ({list}) OR {})", among(column, &list)),
            _ => format!("\"{column}\" IN ({list})"),
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::held;
    use arrow_array::{
        ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
    };
    use datafusion::prelude::SessionContext;
    use std::sync::{Arc, LazyLock};
    use weir_model::{Micros, Span};

    const ROWS: i64 = 48;
    /// A login that no record keeps whole.
    static LONG: LazyLock<String> =
        LazyLock::new(|| weir_model::names::kept(&"a".repeat(6_000)).into_owned());

    /// Rows of all sorts, some without a value in a column.
    fn records() -> RecordBatch {
        let some = |every: i64, of: &[&str]| {
            let value = |i: i64| (i % every != 0).then(|| of[usize::try_from(i).unwrap() % of.len()]);
            Arc::new((0..ROWS).map(value).collect::<StringArray>()) as ArrayRef
        };
        let schema = Table::Access.schema();
        let columns = schema.fields().iter().map(|field| match field.name().as_str() {
            "time" => Arc::new(TimestampMicrosecondArray::from_iter_values(0..ROWS).with_timezone("UTC")),
            "line" => Arc::new(Int64Array::from_iter_values(0..ROWS)) as ArrayRef,
            "source" => some(5, &["web_combined", "web_json"]),
            "sensor" => some(7, &["edge", "it's", "inner"]),
            "src_ip" => some(
                11,
                &[
                    "192.0.2.7",
                    "2001:DB8:0::1",
                    "198.51.100.9",
                    "::ffff:192.0.2.7",
                    "2001:db8::1",
                    "fe80::1%eth0",
                    "10.0.0.1, 203.0.113.5",
                    "64:ff9b::c000:207",
                    "192.000.002.007",
                ],
            ),
            "actor" => some(3, &["ann", "bert", LONG.as_str()]),
            _ => new_null_array(field.data_type(), usize::try_from(ROWS).unwrap()),
        });
        let columns: Vec<ArrayRef> = columns.collect();
        let fields = schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true));
        RecordBatch::try_new(Arc::new(arrow_schema::Schema::new(fields.collect::<Vec<_>>())), columns)
            .unwrap()
    }

    fn hold(covers: Vec<Cover>) -> Hold {
        let (order, by) = ("7/2026".to_owned(), "ann".to_owned());
        let (case, versions) = (None, Vec::new());
        Hold {
            id: "h1".into(),
            order,
            reason: None,
            by,
            time: Micros(0),
            covers,
            case,
            versions,
            released: None,
        }
    }

    #[tokio::test]
    async fn questions_and_deletions_mean_the_same_records() {
        let of = |entities: &[(EntityKind, &str)]| Cover {
            entities: entities.iter().map(|(kind, value)| Entity::new(*kind, *value)).collect(),
            ..Cover::default()
        };
        let period = Span { since: Some(Micros(9)), until: Some(Micros(30)) };
        let everything = [
            Cover::default(),
            Cover { period, ..Cover::default() },
            Cover {
                period: Span { since: Some(Micros(i64::MIN)), until: Some(Micros(i64::MAX)) },
                ..Cover::default()
            },
            Cover { period, sources: vec!["web_json".into()], ..Cover::default() },
            Cover { sensors: vec!["it's".into(), "edge".into()], ..Cover::default() },
            of(&[(EntityKind::Origin, "192.0.2.7"), (EntityKind::Actor, "ann")]),
            of(&[(EntityKind::Prefix, "192.0.2.0/24"), (EntityKind::Prefix, "2001:db8::/48")]),
            of(&[(EntityKind::Origin, "2001:db8:0::1")]),
            of(&[(EntityKind::Origin, "fe80::1%eth0")]),
            of(&[(EntityKind::Origin, "fe80::1"), (EntityKind::Origin, "203.0.113.5")]),
            of(&[(EntityKind::Prefix, "203.0.113.0/24")]),
            of(&[(EntityKind::Origin, "192.0.2.0/24")]),
            of(&[(EntityKind::Origin, "192.000.002.007")]),
            of(&[(EntityKind::Actor, &"a".repeat(6_000))]),
            of(&[(EntityKind::Subject, "member:7")]),
            of(&[(EntityKind::Key, "k1")]),
            Cover { period, ..of(&[(EntityKind::Actor, "bert")]) },
        ];
        let rows = records();
        let mut sizes = BTreeSet::new();
        let alone = everything.iter().map(|cover| vec![cover.clone()]);
        for covers in alone.chain([everything[1..5].to_vec(), Vec::new()]) {
            let hold = hold(covers);
            let mut context = SessionContext::new();
            crate::functions::register(&mut context).unwrap();
            context.register_batch("access", rows.clone()).unwrap();
            let sql =
                format!("SELECT line FROM access WHERE {} ORDER BY line", covering(&hold, Table::Access));
            let answer = context.sql(&sql).await.unwrap().collect().await.unwrap();
            let asked: Vec<i64> = crate::rows(&answer).filter_map(|row| row.int("line")).collect();
            let judged = held(std::slice::from_ref(&hold), &rows).unwrap();
            let kept: Vec<i64> = (0..ROWS).zip(judged).filter_map(|(i, by)| by.map(|_| i)).collect();
            assert_eq!(asked, kept, "{sql}");
            sizes.insert(kept.len());
        }
        assert!(sizes.len() > 5, "they differ: {sizes:?}");
    }
}
