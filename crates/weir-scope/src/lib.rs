//! Whose data, what data, how many people: exact where records name them, bounded where they do not, unknown where nothing tells.
//!
//! Decisive choice: the lower bound counts people in records that show success; the upper bound adds what a named and sized gap could
//! hide, and is absent where nothing bounds it. "0 exposed" is said only where the log would have shown it: [`Determinable`] and a
//! missing count are different values from zero.
//!
//! Subjects of different namespaces may be the same people (a member's page, then the pages of a session that nobody's name is on), and
//! several sessions may be one person's: the lower bound counts the namespace that holds most, the upper bound all. People of a namespace that is
//! said to be of others (an address book's) are counted beside them.
//!
//! Several findings often have the same records. So what is said overall is counted over the records that any of them has, never summed
//! over findings.
//!
//! What this crate refuses: people from failed requests, objects counted as people without a link, and a number without its gaps.

mod bounds;
mod error;
mod gaps;
mod hidden;
mod judged;
mod people;
mod shown;

pub use error::ScopeError;
pub use people::People;

use bounds::{Bounded, bounds, certain};
use futures::future::BoxFuture;
use hidden::{around, hidden, reaches};
use judged::judge;
use people::Counts;
use shown::{HANDS_MAX, Lists, Shown, Sum, shown};
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::Catalog;
use weir_catalog::mask::Pseudonym;
use weir_lake::Session;
use weir_model::Micros;
use weir_model::case::{Beyond, Coverage, Determinable, Divided, Gap, Period, Scope};
use weir_model::words::{count, quantity};

/// The scope of a case: overall, per finding, and the people.
#[derive(Clone, Debug)]
pub struct Scoped {
    /// Overall.
    pub overall: Scope,
    /// Per finding id; findings that reached no data are absent.
    pub findings: BTreeMap<String, Scope>,
    /// Every exposed person whom the case counts.
    pub people: People,
    /// How they divide.
    pub divided: Divided,
    counts: Counts,
    hands: Vec<Alike>,
    /// The hands that the case counts, a bit each.
    told: u64,
}

/// What the logs are known to hold and to lack.
#[derive(Clone, Copy, Debug)]
pub struct Logs<'a> {
    /// What each sensor delivered, with its silences.
    pub coverage: &'a [Coverage],
    /// Files that could not be read, or not to their end: anything may be in them.
    pub unread: &'a [Gap],
    /// Lines that could not be read: each may be a record that shows somebody.
    pub rejected: u64,
    /// People whose records were erased: each may have been among those concerned.
    pub erased: u64,
    /// Whether any record at all is known to show people's data.
    pub data_seen: bool,
    /// Records that show people and name nobody, so that nobody is judged by how many people they read: of so many people at most, or of any number.
    pub nameless: &'a [Gap],
    /// Where they are too short for what is usual to be known.
    pub short: Option<Short>,
}

/// Logs too short to know what is usual for those who always read: that nobody is accused says nothing of what they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Days that there are.
    pub days: u64,
    /// Days that would be needed.
    pub needed: u64,
}

impl Short {
    /// As what hides people, where those who are accused are so in doubt only.
    fn gap(self) -> Gap {
        let (what, reason) = ("whoever took more than is usual".to_owned(), self.words());
        Gap { what, from: None, to: None, reason, records_expected: None }
    }

    fn words(self) -> String {
        format!(
            "in the {} days that the logs hold what is usual cannot be known, so whoever took more than that may not be accused; {} days of logs would tell",
            self.days, self.needed
        )
    }
}

/// Whose records are asked about: a finding's.
#[derive(Clone, Debug)]
pub struct Hand {
    /// The finding's id.
    pub finding: String,
    /// The condition on `access` that selects its records.
    pub condition: String,
    /// The condition that selects records which may be its too.
    pub perhaps: Option<String>,
    /// Whether it is grave enough for the case to count whom it reached. Where none is, all are counted.
    pub grave: bool,
    /// Its first and last event.
    pub seen: (Micros, Micros),
}

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Whose records.
    pub hands: &'a [Hand],
    /// What the logs hold and lack.
    pub logs: Logs<'a>,
    /// Data categories by dataset.
    pub categories: &'a BTreeMap<String, Vec<String>>,
    /// What records show: its holders' datasets, and whose things are.
    pub catalog: &'a Catalog,
    /// What namespaces are of.
    pub namespaces: &'a Namespaces,
    /// Shows people under pseudonyms.
    pub pseudonym: Option<&'a Pseudonym>,
}

/// What namespaces are of.
#[derive(Clone, Debug, Default)]
pub struct Namespaces {
    /// Those of people who are others than all the rest.
    pub apart: BTreeSet<String>,
    /// Those of objects, which a map gives to people: several that it does not have may be one person's.
    pub objects: BTreeSet<String>,
}

/// Findings whose records are the same.
#[derive(Clone, Debug)]
struct Alike {
    condition: String,
    perhaps: BTreeSet<String>,
    findings: BTreeSet<String>,
    grave: bool,
}

impl Scoped {
    /// People of the case whom only these findings reached.
    #[must_use]
    pub fn only(&self, findings: &BTreeSet<&str>) -> u64 {
        let bit = |(at, hand): (usize, &Alike)| {
            hand.findings.iter().all(|id| findings.contains(id.as_str())).then(|| 1_u64 << at)
        };
        let of: u64 = self.hands.iter().enumerate().filter_map(bit).sum();
        self.counts.people_where(|by| by & self.told != 0 && by & self.told & !of == 0)
    }
}

/// The scope of all hands; `near` holds at least the records of `access` that they select, so that questions about them need not go to the
/// whole `session`.
pub fn scope<'a>(
    session: &'a Session,
    near: &'a Session,
    question: Question<'a>,
) -> BoxFuture<'a, Result<Scoped, ScopeError>> {
    let Question { hands, logs, categories, catalog, namespaces, pseudonym } = question;
    Box::pin(async move {
        let all = each_once(hands);
        let showing = gaps::showing(session).await?;
        let mut conditions: Vec<&str> = all.iter().map(|hand| hand.condition.as_str()).collect();
        // What may be a hand's has the bits after those of the hands.
        let mut perhaps: Vec<u64> = Vec::new();
        for hand in &all {
            let more = hand.perhaps.iter().map(String::as_str);
            let from = conditions.len();
            conditions.extend(more.take(HANDS_MAX - conditions.len()));
            perhaps.push((from..conditions.len()).map(|at| 1_u64 << at).sum());
        }
        let (shown, sights) =
            shown(near, &conditions, (categories, catalog), pseudonym, session.memory_bytes_max() / 4)
                .await?;
        // Whom a doubtful finding reached is said of that finding; the case counts them only where there is nothing but doubt.
        let touched = touched(near, &all, &shown).await?;
        let mut counted: Vec<usize> = touched.iter().copied().filter(|at| all[*at].grave).collect();
        let doubted_only = counted.is_empty();
        if doubted_only {
            counted.clone_from(&touched);
        }
        let told: u64 = counted.iter().map(|at| 1_u64 << at).sum();
        let perhaps_of =
            |hands: &[usize]| hands.iter().filter_map(|at| perhaps.get(*at)).fold(0, |all, of| all | of);
        let (people, counts) = sights.count(told)?;
        let told_of = |(at, hand): (usize, &Alike)| {
            if told >> at & 1 == 1 { hand.findings.iter().cloned().collect() } else { Vec::new() }
        };
        let of_hands = all.iter().enumerate().map(told_of).collect();
        let people = people.named(of_hands, shown.categories.clone(), shown.countries.clone());
        let doubted = ((1_u64 << all.len()) - 1) & !told;
        let mut divided = counts.divided(told, doubted, &people);
        divided.country_records = shown.country_records(told);
        let things = divided.kinds.keys().filter(|kind| namespaces.objects.contains(*kind));
        divided.things = things.cloned().collect();
        let mut scopes = BTreeMap::new();
        let mut paused = BTreeMap::new();
        let mut dead = BTreeMap::new();
        for at in &touched {
            let Some(hand) = all.get(*at) else { continue };
            for Hand { finding, seen, .. } in hands.iter().filter(|h| hand.findings.contains(&h.finding)) {
                let seen = *seen;
                let reached =
                    Reached::of(&shown, &counts, &people, (1 << at, perhaps_of(&[*at])), namespaces);
                let reached = Reached { rejected: logs.rejected, erased: logs.erased, ..reached };
                let mut gaps = gaps::unlogged(session, near, &hand.condition).await?;
                let period = reached.sum.period.unwrap_or(Period { first: seen.0, last: seen.1 });
                if !dead.contains_key(at) {
                    let by = gaps::sensors(near, &hand.condition).await?;
                    let gaps = gaps::dead(session, logs.coverage, &by).await?;
                    let mut any = gaps::alike(session, near, &hand.condition, logs.coverage, &by).await?;
                    any.extend(by.iter().cloned());
                    dead.insert(*at, (by, any, gaps));
                }
                if let Some((_, any, dead)) = dead.get(at) {
                    let dead = |gap: &Gap| dead.iter().any(|known| std::ptr::eq(*known, gap));
                    gaps.extend(around(logs.coverage, any, dead, &reached.sum.slots, period));
                }
                let slots = &reached.sum.slots;
                gaps.extend(logs.unread.iter().filter(|gap| reaches(gap, slots, period)).cloned());
                if let Some((by, ..)) = dead.get(at) {
                    let pauses = gaps::pauses(session, by, &reached.sum).await?;
                    gaps.extend(pauses.iter().map(|pause| pause.gap.clone()));
                    paused.insert(*at, pauses);
                }
                let hidden = hidden(&reached.sum, &gaps, logs.coverage);
                let far = dead.get(at).map(|(_, any, _)| far(&logs, any, &gaps)).unwrap_or_default();
                scopes.insert(finding.clone(), bound(&reached, gaps, hidden, &far));
            }
        }
        let overall = if counted.is_empty() {
            nothing_reached(logs, &showing)
        } else {
            let ids: BTreeSet<&String> = counted.iter().flat_map(|at| &all[*at].findings).collect();
            let scopes = scopes.iter().filter(|(id, _)| ids.contains(id)).map(|(_, scope)| scope);
            let scopes: Vec<&Scope> = scopes.collect();
            let any: Vec<String> = counted.iter().map(|at| format!("({})", all[*at].condition)).collect();
            let any = format!("({})", any.join(" OR "));
            let reached = Reached::of(&shown, &counts, &people, (told, perhaps_of(&counted)), namespaces);
            let reached = Reached { rejected: logs.rejected, erased: logs.erased, ..reached };
            // Each finding counts what is not logged of its own hand; together they have one count, and each sensor's silence once.
            let mut gaps = gaps::unlogged(session, near, &any).await?;
            let concerns = |gap: &&Gap| scopes.iter().any(|s| s.gaps.contains(gap));
            gaps.extend(logs.coverage.iter().flat_map(|c| &c.gaps).filter(concerns).cloned());
            gaps.extend(logs.unread.iter().filter(concerns).cloned());
            gaps.extend(gaps::each_silence(counted.iter().filter_map(|at| paused.get(at)).flatten()));
            gaps.sort_by(|a, b| (&a.what, a.from, a.to).cmp(&(&b.what, b.from, b.to)));
            gaps.dedup();
            let hidden = hidden(&reached.sum, &gaps, logs.coverage);
            let any = counted.iter().filter_map(|at| dead.get(at)).flat_map(|(_, any, _)| any).cloned();
            let far = far(&logs, &any.collect(), &gaps);
            let short = logs.short.filter(|_| doubted_only);
            overall(&reached, (gaps, short), hidden, &scopes, &far)
        };
        Ok(Scoped { overall, findings: scopes, people, divided, counts, hands: all, told })
    })
}

/// Silences, and files that could not be read, too far from the time in which a hand was seen for its pace to say what it may have done in them.
fn far<'l>(logs: &Logs<'l>, by: &BTreeSet<String>, near: &[Gap]) -> Vec<&'l Gap> {
    let silences = logs.coverage.iter().filter(|c| by.contains(&c.sensor)).flat_map(|c| &c.gaps);
    silences.chain(logs.unread).filter(|gap| !near.contains(gap)).collect()
}

/// The findings' conditions, each once.
fn each_once(hands: &[Hand]) -> Vec<Alike> {
    let mut all: Vec<Alike> = Vec::new();
    for hand in hands {
        let known = all.iter().position(|alike| alike.condition == hand.condition);
        let at = known.unwrap_or_else(|| {
            let (condition, findings) = (hand.condition.clone(), BTreeSet::new());
            all.push(Alike { condition, perhaps: BTreeSet::new(), findings, grave: false });
            all.len() - 1
        });
        if let Some(alike) = all.get_mut(at) {
            alike.perhaps.extend(hand.perhaps.clone());
            alike.findings.insert(hand.finding.clone());
            alike.grave |= hand.grave;
        }
    }
    all.truncate(HANDS_MAX);
    all
}

/// Which hands have to do with data: their records show some, or open a store of it.
async fn touched(near: &Session, hands: &[Alike], shown: &Shown) -> Result<Vec<usize>, ScopeError> {
    let mut touched = Vec::new();
    for (at, hand) in hands.iter().enumerate() {
        let sum = shown.of(1 << at);
        if sum.records + sum.unsure > 0 || gaps::opens_data(near, &hand.condition).await? {
            touched.push(at);
        }
    }
    Ok(touched)
}

/// What some hands' records show, and what there is beside it.
#[derive(Default)]
struct Reached {
    sum: Sum,
    categories: BTreeSet<String>,
    /// How many they are at least.
    certain: u64,
    /// Those of them who may be the same as others.
    same: Vec<Beyond>,
    /// Whether records name anybody.
    named: bool,
    /// Others whom records show that may be theirs, and how many such records there are.
    perhaps: (u64, u64),
    /// Lines that could not be read.
    rejected: u64,
    /// People who were erased.
    erased: u64,
    /// Answers, theirs or perhaps theirs, that may show any number of people.
    lists: BTreeMap<String, Lists>,
}

impl Reached {
    /// What the records of these hands show, with those that may be theirs.
    fn of(
        shown: &Shown,
        counts: &Counts,
        people: &People,
        (hands, perhaps): (u64, u64),
        namespaces: &Namespaces,
    ) -> Self {
        let beside = shown.beside(hands, perhaps);
        let unnamed = beside.unnamed.saturating_add(beside.unsure_people);
        let more = counts.people_where(|by| by & hands == 0 && by & perhaps != 0).saturating_add(unnamed);
        let perhaps = (more, beside.records + beside.unsure);
        let mut sum = shown.of(hands);
        let mut lists = std::mem::take(&mut sum.lists);
        for (route, more) in beside.lists {
            let held = lists.entry(route).or_default();
            held.records += more.records;
            held.bytes = held.bytes.saturating_add(more.bytes);
        }
        let categories = shown.words(sum.categories);
        let people = counts.reached(hands, people);
        let people = people.into_iter().map(|(namespace, n)| (namespace.to_owned(), n)).collect();
        let (certain, same, named) = certain(&people, namespaces);
        Self { sum, categories, certain, same, named, perhaps, rejected: 0, erased: 0, lists }
    }

    /// What is not known of answers that may show any number of people.
    fn listing(&self) -> Option<Gap> {
        let records: u64 = self.lists.values().map(|of| of.records).sum();
        let bytes = self.lists.values().fold(0, |all: u64, of| all.saturating_add(of.bytes));
        let routes = self.lists.keys().filter(|route| !route.is_empty()).take(ROUTES_TOLD);
        let mut routes: Vec<String> = routes.map(|route| format!("`{route}`")).collect();
        if self.lists.len() > ROUTES_TOLD {
            routes.push(format!("{} others", self.lists.len() - ROUTES_TOLD));
        }
        let of = if routes.is_empty() { String::new() } else { format!(" of {}", routes.join(", ")) };
        (records > 0).then(|| Gap {
            what: "answers that may show any number of people".to_owned(),
            from: None,
            to: None,
            reason: format!(
                "{} of them{of}, {} bytes together, say neither whom they show nor how many; what was exported, or a log that names or counts \
                 the people of each answer, would tell",
                count(records),
                count(bytes)
            ),
            records_expected: Some(records as f64),
        })
    }
}

/// The most routes that a gap names.
const ROUTES_TOLD: usize = 5;

/// What one finding reached.
fn bound(reached: &Reached, mut gaps: Vec<Gap>, hidden: Option<u64>, far: &[&Gap]) -> Scope {
    let bounded = bounds(reached, hidden);
    gaps.extend(reached.listing());
    let judged = judge(&bounded, &gaps, far);
    told(reached, bounded, judged, gaps)
}

fn told(
    reached: &Reached,
    Bounded { bounds, beyond, .. }: Bounded,
    (determinable, reason): (Determinable, String),
    mut gaps: Vec<Gap>,
) -> Scope {
    let rejected = reached.rejected;
    if rejected > 0 {
        gaps.push(Gap {
            what: "lines that could not be read".to_owned(),
            from: None,
            to: None,
            reason: format!(
                "{} of them, and each may show somebody; `weir sql \"SELECT * FROM rejects\"` has them with what is wrong",
                count(rejected)
            ),
            records_expected: Some(rejected as f64),
        });
    }
    let erased = reached.erased;
    if erased > 0 {
        gaps.push(Gap {
            what: "people whose records were erased".to_owned(),
            from: None,
            to: None,
            reason: format!(
                "{} of them, and each may have been among those concerned; a case or a bag from before would tell",
                count(erased)
            ),
            records_expected: Some(erased as f64),
        });
    }
    let (people, records) = reached.perhaps;
    if people > 0 {
        gaps.push(Gap {
            what: "records of others that may be of the same hand".to_owned(),
            from: None,
            to: None,
            reason: format!(
                "{} {} {}, and {} it too little to be counted with it; who had those addresses then would tell",
                quantity(records, "record", "records"),
                if records == 1 { "shows" } else { "show" },
                quantity(people, "more person", "more people"),
                if records == 1 { "fits" } else { "fit" }
            ),
            records_expected: Some(records as f64),
        });
    }
    Scope {
        determinable,
        reason,
        subjects: (determinable != Determinable::No).then_some(bounds),
        categories: reached.categories.iter().cloned().collect(),
        records: reached.sum.records,
        bytes: reached.sum.bytes,
        first: reached.sum.period.map(|p| p.first),
        last: reached.sum.period.map(|p| p.last),
        gaps,
        beyond: if determinable == Determinable::No { Vec::new() } else { beyond },
    }
}

/// What all findings reached together.
fn overall(
    reached: &Reached,
    (mut gaps, short): (Vec<Gap>, Option<Short>),
    hidden: Option<u64>,
    scopes: &[&Scope],
    far: &[&Gap],
) -> Scope {
    gaps.extend(reached.listing());
    gaps.extend(short.map(Short::gap));
    // A gap hides more from a hand that was busy around it than from all of them on the average of a longer time.
    let most = scopes.iter().filter_map(|s| s.subjects?.upper).max();
    let people = bounds(reached, hidden.filter(|_| short.is_none())).at_most(most.unwrap_or(0));
    let judged = judge(&people, &gaps, far);
    told(reached, people, judged, gaps)
}

/// What is said where no finding reached data.
fn nothing_reached(logs: Logs<'_>, showing: &BTreeSet<String>) -> Scope {
    let silences = logs.coverage.iter().filter(|c| showing.contains(&c.sensor)).flat_map(|c| &c.gaps);
    let silences: Vec<Gap> = silences.cloned().collect();
    let names: Vec<&str> = logs.unread.iter().map(|gap| gap.what.as_str()).collect();
    let unread = !names.is_empty();
    let unknown: Vec<String> = [
        (logs.erased > 0)
            .then(|| "whether those whose records were erased were reached is not known".to_owned()),
        (logs.rejected > 0).then(|| "what the lines show that could not be read is not known".to_owned()),
        (!silences.is_empty()).then(|| "what happened in the sensors' gaps is not known".to_owned()),
        unread.then(|| {
            format!("what lies in what is not there or could not be read is not known: {}", names.join(", "))
        }),
        (!logs.nameless.is_empty()).then(|| {
            let names = logs.nameless.iter().map(|gap| gap.what.as_str()).collect::<Vec<_>>().join(", ");
            format!("of how many people anybody read is not known where records name nobody: {names}")
        }),
        logs.short.map(Short::words),
    ]
    .into_iter()
    .flatten()
    .collect();
    let word = "no finding reached records of a dataset";
    let judged = match unknown.as_slice() {
        _ if !logs.data_seen => (
            Determinable::No,
            "no record of this period is known to show people's data; logs of such reads, or `[[dataset]]` in weir.toml, would tell"
                .to_owned(),
        ),
        [] => (Determinable::Yes, format!("{word}, and no sensor was silent")),
        unknown => (Determinable::Partly, format!("{word}; {}", unknown.join("; "))),
    };
    // Each record that a silence swallowed could show one person.
    let unseen: f64 = silences.iter().filter_map(|gap| gap.records_expected).sum();
    let mut none = Reached { rejected: logs.rejected, erased: logs.erased, ..Reached::default() };
    let nameless = logs.nameless.iter().filter_map(|gap| gap.records_expected);
    none.sum.unnamed = nameless.sum::<f64>() as u64;
    let bounded = logs.nameless.iter().all(|gap| gap.records_expected.is_some());
    let hidden = (!unread && logs.short.is_none() && bounded).then_some(unseen.ceil() as u64);
    let others = logs.unread.iter().chain(logs.nameless).cloned();
    let gaps = silences.into_iter().chain(others).collect();
    told(&none, bounds(&none, hidden), judged, gaps)
}
