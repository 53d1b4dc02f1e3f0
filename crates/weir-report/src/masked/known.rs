//! What a case names: who is hidden wherever they are written, what stays as it is, and which numbers are counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use weir_model::Entity;
use weir_model::case::Case;

/// Characters from which a word names somebody: of digits alone, and with a letter. Shorter ones stand in any text by chance.
const DIGITS_MIN: usize = 6;
const LETTERS_MIN: usize = 4;

/// Whether a word could be somebody's id and not any number or syllable.
pub(super) fn is_telling(word: &str) -> bool {
    let least = if word.bytes().all(|b| b.is_ascii_digit()) { DIGITS_MIN } else { LETTERS_MIN };
    word.len() >= least
}

/// Whether a text is a pseudonym: `p_` and sixteen digits.
pub(crate) fn is_pseudonym(text: &str) -> bool {
    text.strip_prefix("p_")
        .is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

/// Names by what is shown of them.
#[derive(Default)]
pub(super) struct Known {
    shown: HashMap<String, String>,
    /// How many names there are of a length.
    lengths: BTreeMap<usize, usize>,
}

impl Known {
    /// A name that is shown as something else wherever it stands.
    pub(super) fn hide(&mut self, name: &str, shown: String) {
        if name.chars().any(char::is_alphanumeric) && self.shown.insert(name.to_owned(), shown).is_none() {
            *self.lengths.entry(name.len()).or_default() += 1;
        }
    }

    /// A name that may be shown, unless it is one that is hidden.
    pub(super) fn keep(&mut self, name: &str, shown: String) {
        if !self.shown.contains_key(name) {
            self.hide(name, shown);
        }
    }

    /// The longest name at the start of a text that ends where a word does: its length, and what is shown.
    pub(super) fn at<'k>(&'k self, text: &str) -> Option<(usize, &'k str)> {
        let ends = |len: usize| {
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let (name, rest) = text.split_at_checked(len)?;
            let whole = !(word(name.chars().next_back()) && word(rest.chars().next()));
            self.shown.get(name).filter(|_| whole).map(|shown| (len, shown.as_str()))
        };
        self.lengths.keys().rev().copied().filter(|len| *len <= text.len()).find_map(ends)
    }

    /// The length of the longest name at the start of a text, where that is not shown as it is.
    pub(super) fn hidden_at(&self, text: &str) -> Option<usize> {
        let (len, shown) = self.at(text)?;
        text.get(..len).is_some_and(|name| name != shown).then_some(len)
    }
}

/// Every entity that a case names.
pub(crate) fn entities(case: &Case) -> impl Iterator<Item = &Entity> {
    let of_findings = case.findings.iter().flat_map(|f| {
        let reasons = f.reasons.iter().chain(&f.perhaps).map(|r| &r.entity);
        let said = f.dispositions.iter().filter_map(|d| d.entity.as_ref());
        f.entities.iter().chain(reasons).chain(said)
    });
    let of_traces = case.traces.values().flat_map(|t| {
        let edges = t.edges.iter().flat_map(|e| [&e.from, &e.to]);
        t.nodes.iter().map(|n| &n.entity).chain(edges)
    });
    let of_timeline = case.timeline.iter().flat_map(|e| &e.entities);
    let indicators = case.incident.indicators.iter().map(|i| &i.entity);
    of_findings.chain(of_traces).chain(of_timeline).chain(indicators)
}

/// Ids of findings and campaigns.
pub(super) fn ids(case: &Case) -> impl Iterator<Item = &str> {
    let own = case.findings.iter().flat_map(|f| {
        let more = f.campaign.iter().chain(&f.superseded_by);
        [&f.id].into_iter().chain(more).chain(f.dispositions.iter().map(|d| &d.finding))
    });
    let keys = case.finding_scopes.keys().chain(case.traces.keys());
    own.chain(keys).map(String::as_str)
}

/// Names that the organisation and its files gave, or that the catalog did.
pub(super) fn names(case: &Case) -> impl Iterator<Item = &str> {
    let files = case.intake.iter().flat_map(|i| [Some(&i.path), i.sensor.as_ref(), i.source.as_ref()]);
    let covered = case.coverage.iter().flat_map(|c| [&c.sensor, &c.source]);
    let data = case.datasets.iter().flat_map(|d| [&d.name].into_iter().chain(&d.categories));
    let divided = case.divided.kinds.keys().chain(case.divided.categories.keys());
    let who = [&case.organisation.name, &case.organisation.sector, &case.organisation.home_country];
    let countries = case.divided.countries.keys().chain(case.divided.country_records.keys());
    let told = who.into_iter().flatten().chain(countries).chain(case.snapshot.keys());
    files.flatten().chain(covered).chain(data).chain(divided).chain(told).map(String::as_str)
}

/// Numbers that the case says by themselves, so that a text may have them: not those of places in files.
pub(super) fn numbers(case: &Case) -> BTreeSet<u64> {
    fn walk(value: &serde_json::Value, all: &mut BTreeSet<u64>) {
        match value {
            serde_json::Value::Number(n) => {
                let whole = |x: f64| (x >= 0.0 && x < u64::MAX as f64).then_some(x as u64);
                all.extend(n.as_u64());
                all.extend(
                    n.as_f64().into_iter().flat_map(|x| [whole(x.floor()), whole(x.ceil())]).flatten(),
                );
            }
            serde_json::Value::Array(items) => items.iter().for_each(|item| walk(item, all)),
            serde_json::Value::Object(fields) => {
                let counts = fields.iter().filter(|(name, _)| !PLACES.contains(&name.as_str()));
                counts.for_each(|(_, value)| walk(value, all));
            }
            _ => {}
        }
    }
    const PLACES: [&str; 4] = ["line", "offset", "file", "ingest"];
    let mut all = BTreeSet::new();
    // What cannot be written as JSON is not written at all, and says so there.
    walk(&serde_json::to_value(case).unwrap_or_default(), &mut all);
    all
}

/// Each text of a value, and the names of its fields.
pub(super) fn strings(value: &serde_json::Value, each: &mut impl FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => each(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, each)),
        serde_json::Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            each(name);
            strings(value, each);
        }),
        _ => {}
    }
}
