//! Numbers that are made from facts, each way by name and with its reason. There is no other way for a number to stand in a report.
//!
//! Decisive choice: most are whole [`phrases`], computed again from the case, so that such a number is right only in the words that say what it is.
//! Where words claim such a number, a fact alone does not do, since a small number is a fact somewhere.

use super::{
    lists, phrases,
    text::Block,
    token::{Token, What},
};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::case::Case;

/// Rows, findings, entities and the like that a report shows at most before it says `first N of M`.
const CUTS: [u64; 8] = [6, 12, 20, 24, 25, 40, 100, 200];

/// Words beside a number that only a phrase may have, unless a string of the case has them too.
const OWNED: [(&str, &str); 19] = [
    ("Findings: ", ""),
    ("ata of ", " pe"),
    ("ata of at least ", " pe"),
    ("", " a day (median"),
    ("median of the ", " days before"),
    ("The logs have ", " gap"),
    (", highest ", " on "),
    ("", " people between "),
    ("is the highest of ", " days"),
    ("A graph of ", ""),
    ("", " the finding began with"),
    ("", " by the same hand"),
    ("", " touched."),
    ("over ", " days."),
    ("", " times as many"),
    (" = ", ". Each is counted"),
    ("", " + "),
    ("scope.parquet have ", " rows, each"),
    ("", " people by id"),
];

/// What can be made of a case.
pub struct Derived {
    phrases: Vec<String>,
    /// What a field may be, by its label.
    fields: BTreeMap<&'static str, BTreeSet<String>>,
    /// The case's own words: what stands in them so is said by them.
    words: String,
    /// What a cut list may be cut from.
    totals: BTreeSet<u64>,
    /// How many records a list of citations may show.
    cited: BTreeSet<u64>,
    /// Where in their files cited records stand.
    offsets: BTreeSet<u64>,
    /// Records of the entities of traces, and of what stands folded in one box.
    traced: BTreeSet<u64>,
    traced_max: u64,
    /// How long strings are.
    lengths: BTreeSet<u64>,
}

impl Derived {
    pub fn of(case: &Case) -> Self {
        let evidence = lists::evidence(case);
        let sizes = lists::sizes(case);
        let traced = || case.traces.values().flat_map(|t| t.nodes.iter().map(|n| n.records));
        let (mut lengths, mut words) = (BTreeSet::new(), String::new());
        lists::strings(&serde_json::to_value(case).unwrap(), &mut |text| {
            lengths.insert(text.len() as u64);
            words.extend([text, "\n"]);
        });
        Self {
            phrases: phrases::all(case),
            fields: lists::fields(case),
            words,
            totals: evidence.iter().map(|e| e.total()).chain(sizes).collect(),
            cited: evidence.iter().map(|e| e.cited().len() as u64).collect(),
            offsets: evidence.iter().flat_map(|e| e.cited()).map(|c| c.offset.unsigned_abs()).collect(),
            traced: traced().collect(),
            traced_max: traced().fold(0, u64::saturating_add),
            lengths,
        }
    }

    /// Whether a named way makes a token, as it stands in its block; `None` where its words leave it to the facts.
    pub fn makes(&self, block: &Block, token: &Token) -> Option<bool> {
        let text = &block.text;
        if self.phrases.iter().any(|phrase| stands_in(text, phrase, token)) {
            return Some(true);
        }
        let What::Number(number) = &token.what else { return None };
        let (before, after) = (&text[..token.at.start], &text[token.at.end..]);
        let label = before.trim_start_matches("- ").strip_suffix(": ").filter(|_| after.is_empty());
        if let Some(values) = label.and_then(|label| self.fields.get(label)) {
            return Some(values.contains(&text[token.at.clone()]));
        }
        for (head, tail) in OWNED {
            if before.ends_with(head) && after.starts_with(tail) {
                let said = format!("{head}{}{tail}", &text[token.at.clone()]);
                return Some(self.words.contains(&said));
            }
        }
        let n = number.parse().ok();
        n.and_then(|n| self.counted(before, after, n))
            .or_else(|| rounded(before, after, number).then_some(true))
    }

    /// The ways that are told by the words beside a number.
    fn counted(&self, before: &str, after: &str, n: u64) -> Option<bool> {
        let in_brackets = before.ends_with("…(") && after.starts_with(" bytes)");
        let shown_first = |text: &str| text.ends_with("first ") || text.ends_with("First ");
        let cut_from = before
            .rsplit_once(|c: char| c.is_ascii_digit())
            .filter(|(_, of)| *of == " of ")
            .map(|(cut, _)| shown_first(cut.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',')));
        match () {
            // `first 100 of 1,204`: where a list is cut, and how long it is.
            () if shown_first(before) && after.starts_with(" of ") => {
                Some(CUTS.contains(&n) || self.cited.contains(&n))
            }
            () if cut_from == Some(true) => Some(self.totals.contains(&n)),
            // `at byte 8,502,404`: where a cited record stands.
            () if before.ends_with("at byte ") => Some(self.offsets.contains(&n)),
            // `…(1048576 bytes)`: how long a name is that was cut.
            () if in_brackets => Some(self.lengths.contains(&n)),
            // `+ 148,053 more`: all but those shown; which those are is looked up with the statement.
            () if before.ends_with("+ ") && after.starts_with(" more") => Some(true),
            // `origin · 12,338`: records in a box of a trace; those folded in one box are no more than all.
            () if before.ends_with("· ") && after.is_empty() => {
                Some(self.traced.contains(&n) || n <= self.traced_max)
            }
            () => None,
        }
    }
}

/// `2,210,456,123 bytes (2.2 GB)`: the number in brackets is the one before it in a unit that is easily read.
fn rounded(before: &str, after: &str, number: &str) -> bool {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let unit = units.iter().find(|(unit, _)| after.strip_prefix(' ').is_some_and(|a| a.starts_with(unit)));
    let exact = before.strip_suffix(" bytes (").and_then(|b| b.rsplit(' ').next());
    let exact = exact.and_then(|e| e.replace(',', "").parse::<f64>().ok());
    unit.zip(exact).is_some_and(|((_, size), exact)| format!("{:.1}", exact / size) == number)
}

/// Whether a phrase stands in a text over a token, with no digit beside it.
fn stands_in(text: &str, phrase: &str, token: &Token) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == ',');
    text.match_indices(phrase).any(|(at, _)| {
        let end = at + phrase.len();
        at <= token.at.start
            && token.at.end <= end
            && !digit(text[..at].chars().next_back())
            && !text[end..].starts_with(|c: char| c.is_ascii_digit())
    })
}
