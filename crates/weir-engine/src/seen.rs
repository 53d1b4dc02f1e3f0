//! When each address, credential or client was seen in what is accused, and in how many records.
//!
//! Decisive choice: it is counted of the entity's own records, not taken from the finding that names it: whoever asks a provider whose an address was
//! needs the times of that address.

use crate::EngineError;
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{Session, quote_all, rows};
use weir_model::case::Period;
use weir_model::{Entity, EntityKind, Finding};

/// The most entities of a kind that are counted, the first by name.
const EACH_MAX: usize = 1_000;

/// Kinds of entity, with what names them in a record of `access`.
const KINDS: [(EntityKind, &str); 6] = [
    (EntityKind::Origin, "src_ip"),
    (EntityKind::Prefix, "network(src_ip)"),
    (EntityKind::Actor, "actor"),
    (EntityKind::Credential, "credential"),
    (EntityKind::Key, "key_uid"),
    (EntityKind::Client, "user_agent"),
];

/// What names an entity of a kind in a record of `access`, as SQL; `None` where nothing does alone.
pub(crate) fn column(kind: EntityKind) -> Option<&'static str> {
    KINDS.iter().find(|(of, _)| *of == kind).map(|(_, column)| *column)
}

/// Times and records by entity.
pub(crate) type Seen = BTreeMap<Entity, (Period, u64)>;

/// Counts the entities of findings among the records of `access` that these accuse.
pub(crate) async fn seen(
    near: &Session,
    findings: &[Finding],
    conditions: &BTreeMap<String, String>,
) -> Result<Seen, EngineError> {
    let mut seen = Seen::new();
    for (kind, column) in KINDS {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut any: BTreeSet<&str> = BTreeSet::new();
        for (finding, condition) in findings.iter().filter_map(|f| Some((f, conditions.get(&f.id)?))) {
            for entity in finding.entities.iter().filter(|e| e.kind == kind) {
                names.insert(&entity.value);
                any.insert(condition);
            }
        }
        if names.is_empty() {
            continue;
        }
        let any: Vec<String> = any.into_iter().map(|condition| format!("({condition})")).collect();
        let query = format!(
            "SELECT {column} AS entity, min(time) AS first, max(time) AS last, count(*) AS n FROM access \
             WHERE {column} IN {} AND ({}) GROUP BY 1",
            quote_all(names.into_iter().take(EACH_MAX)),
            any.join(" OR ")
        );
        let answer = near.sql(&query).await?;
        for row in rows(&answer) {
            let (Some(name), Some(first), Some(last)) =
                (row.text("entity"), row.time("first"), row.time("last"))
            else {
                continue;
            };
            seen.insert(Entity::new(kind, name), (Period { first, last }, row.count("n")));
        }
    }
    Ok(seen)
}
