//! `enumeration`: somebody asks for people who do not exist, far more often than whoever has business with people does.

mod judge;
mod peers;
mod screen;
mod tell;

use crate::{Context, DetectError, Detector, Info};
use futures::future::{BoxFuture, FutureExt};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote_all, rows};
use weir_model::{EntityKind, Finding};

/// Sees ids, numbers and names tried out.
#[derive(Clone, Copy, Debug)]
pub struct Enumeration;

static INFO: Info = Info {
    name: "enumeration",
    summary: "people asked for who do not exist, beyond the mistakes of everybody else who asks for the same data",
    manual: include_str!("enumeration/manual.md"),
    attack: &["T1119", "T1213"],
    records_only: false,
    budget_share: 0.1,
};

impl Detector for Enumeration {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn run<'a>(&'a self, context: &'a Context<'a>) -> BoxFuture<'a, Result<Vec<Finding>, DetectError>> {
        find(context).boxed()
    }
}

/// Who can guess, in the order judged: what is said of an actor is not repeated for its credential and address.
const KINDS: [(EntityKind, &str); 3] =
    [(EntityKind::Actor, "actor"), (EntityKind::Credential, "credential"), (EntityKind::Origin, "src_ip")];

/// Records of people asked for, found or not.
const ASKED: &str = "dataset IS NOT NULL AND subject IS NOT NULL AND subject NOT LIKE 'credential:%' AND (shown OR outcome = 'missing')";

/// One kind of reader, without the records of those accused already.
struct Scope {
    kind: EntityKind,
    column: &'static str,
    explained: String,
    /// Readers through whom somebody accused already asked: they are no measure for the rest.
    used: BTreeSet<String>,
}

impl Scope {
    /// Records of these readers, as a condition on `access`.
    fn of<'r>(&self, readers: impl Iterator<Item = &'r str>) -> String {
        format!("{} IN {}", self.column, quote_all(readers))
    }
}

async fn find(context: &Context<'_>) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    let mut accused: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (kind, column) in KINDS {
        let looked = screen::screen(context, kind).await?;
        if looked.candidates.is_empty() {
            continue;
        }
        let explained = accused.iter().filter(|(_, values)| !values.is_empty()).map(|(column, values)| {
            format!(
                " AND ({column} IS NULL OR {column} NOT IN {})",
                quote_all(values.iter().map(String::as_str))
            )
        });
        let explained = explained.collect();
        let used = used(context, column, &looked, &accused).await?;
        let scope = Scope { kind, column, explained, used };
        let peers = peers::peers(context, &scope, &looked).await?;
        let families = KINDS.len() * judge::LADDER.len();
        let threshold = |tests| context.threshold(families, tests);
        let guessers = judge::judge(context, &scope, &looked, &peers, &threshold).await?;
        findings.extend(tell::findings(context, &scope, &guessers).await?);
        accused.insert(column, guessers.into_iter().map(|guesser| guesser.reader).collect());
    }
    Ok(findings)
}

/// Those of the readers looked at through whom somebody accused asked.
async fn used(
    context: &Context<'_>,
    column: &str,
    looked: &screen::Looked,
    accused: &BTreeMap<&str, BTreeSet<String>>,
) -> Result<BTreeSet<String>, DetectError> {
    let by = accused.iter().filter(|(_, values)| !values.is_empty());
    let by: Vec<String> = by
        .map(|(column, values)| format!("{column} IN {}", quote_all(values.iter().map(String::as_str))))
        .collect();
    if by.is_empty() {
        return Ok(BTreeSet::new());
    }
    let query = format!(
        "SELECT DISTINCT {column} AS reader FROM {{digest}} WHERE ({}) AND {ASKED} AND {} ORDER BY 1",
        by.join(" OR "),
        context.span_sql()
    );
    let answer = context.sql(&query).await?;
    let readers = rows(&answer).filter_map(|row| row.text("reader").map(str::to_owned));
    Ok(readers.filter(|reader| looked.candidates.contains_key(reader)).collect())
}
