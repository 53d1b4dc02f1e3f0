//! `case.json`, `findings.jsonl`, `intake.jsonl`, `rejects/`: the case for machines.
//!
//! Decisive choice: keys stand in the order of the types (maps sorted), and characters that a terminal would act on are written
//! as `\u` escapes, so the value is whole and `cat` is safe. Schemas: `weir schema case|finding|intake|reject`.

use crate::{
    Result, escape,
    format::{Content, Format},
};
use serde::Serialize;
use weir_model::{case::Case, intake::Reject};

pub(crate) const CASE: Format = Format {
    name: "case",
    file: "case.json",
    summary: "the whole case for machines",
    manual: "One JSON object, versioned (`version`), with everything the reports say: findings, scope with its bounds and gaps, \
        timeline, traces, the intake account, the incident section by section. Every other file of the case folder but `scope.csv` and \
        `rejects/` is drawn from it. It is put into the folder last: a folder without it is not a case. `weir schema case` prints the \
        schema.\n\nKeys stand in a fixed order. Hidden and bidi characters are `\\u` escapes.\n\n## Blind spots\n\nIt holds at most 100 \
        citations for a statement; the `query` beside them gives all.",
    content: Content::Case(case),
};

pub(crate) const FINDINGS: Format = Format {
    name: "findings",
    file: "findings.jsonl",
    summary: "every finding, a JSON line each",
    manual: "One finding a line, most severe first: `id` (from its content, so the same in every run), `detector`, `severity`, `title`, \
        `explanation`, every entity, `measures` against `baseline`, `p_value` (null for rules), ATT&CK ids, at most 100 citations with \
        `evidence_total` and the query that gives all, `limits`, its `state` with `state_reason` and what people said of it (`dispositions`). \
        First those that call for somebody, then suppressed ones, then those superseded since an earlier run. `weir schema finding` prints \
        the schema.\n\n## Blind spots\n\nA finding \
        says what a detector saw; whose data it concerned is in `case.json` under `finding_scopes`.",
    content: Content::Case(findings),
};

pub(crate) const INTAKE: Format = Format {
    name: "intake",
    file: "intake.jsonl",
    summary: "the intake account: what became of each file",
    manual: "One file a line, by path: `sha256` of its content, bytes, format, sensor, and the account `records = parsed + rejected + \
        duplicates` with the reasons. A file that no source recognised has `source: null`, no records, `bytes_unread` and the reason. \
        `weir schema intake` prints the schema.\n\n## Blind spots\n\nThe hash is of the decompressed content, not of the compressed file.",
    content: Content::Case(intake),
};

pub(crate) const REJECTS: Format = Format {
    name: "rejects",
    file: "rejects/",
    summary: "records that could not be read, a JSON lines file per log",
    manual: "For each log with rejects one `.jsonl` file: the path, and of each reject its line, offset, length, the reason, and its \
        first bytes with secrets replaced by fingerprints. The file's name is made safe from the log's path and ends in a stable id, so \
        no two logs share one. `weir schema reject` prints the schema of a line without its path.\n\n## Blind spots\n\nAt most 512 \
        bytes of a record are kept; the log itself, at that offset, has the rest.",
    content: Content::Streamed,
};

fn inert(text: String) -> String {
    match escape::json(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(safe) => safe,
    }
}

fn case(case: &Case) -> Result<Vec<u8>> {
    pretty(case)
}

/// A whole file of JSON.
pub(crate) fn pretty<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut text = inert(serde_json::to_string_pretty(value)?);
    text.push('\n');
    Ok(text.into_bytes())
}

fn findings(case: &Case) -> Result<Vec<u8>> {
    lines(&case.findings)
}

fn intake(case: &Case) -> Result<Vec<u8>> {
    lines(&case.intake)
}

fn lines<T: Serialize>(rows: &[T]) -> Result<Vec<u8>> {
    let mut out = String::new();
    for row in rows {
        out.push_str(&line(row)?);
    }
    Ok(out.into_bytes())
}

/// One JSON line, its end included.
pub(crate) fn line<T: Serialize>(row: &T) -> Result<String> {
    let mut text = inert(serde_json::to_string(row)?);
    text.push('\n');
    Ok(text)
}

/// A reject with the path it came from: a line of `rejects/`.
#[derive(Serialize)]
pub(crate) struct RejectLine<'a> {
    pub path: &'a str,
    #[serde(flatten)]
    pub reject: &'a Reject,
}
