//! From addresses that fired to findings: what read the same data at the same time is one hand.

use super::judge::{Excuse, Fired};
use crate::grid::words;
use crate::hand::{Reader, holders, together};
use crate::rhythm::{Rhythm, rhythms};
use crate::tenure::{at_work, shared};
use crate::{Context, DetectError, Draft, Memo};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote_all, rows};
use weir_model::words::{count, whole};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity, Table};

/// The records that show people.
const SHOWN: &str = "shown AND subject IS NOT NULL AND {span}";
/// Pages that show a credential's holder name nobody.
const NAMED: &str = "subject NOT LIKE 'credential:%'";

/// What a detector of such addresses says of them.
pub(crate) struct Words {
    /// Its name.
    pub(crate) detector: &'static str,
    /// What is odd about the people read, to end a title.
    pub(crate) title: &'static str,
    /// The measure that counts them.
    pub(crate) odd: &'static str,
    /// What is odd about the people read at one address, after their number.
    pub(crate) each: &'static str,
    /// The model in words, for the first that fired.
    pub(crate) explain: fn(&Fired) -> String,
}

/// One address with the datasets it read.
struct Member<'f> {
    fired: &'f Fired,
    datasets: BTreeSet<String>,
}

/// The findings, one for each hand.
pub(crate) async fn findings(
    context: &Context<'_>,
    fired: &[Fired],
    says: &Words,
) -> Result<Vec<Finding>, DetectError> {
    if !fired.iter().any(|f| f.alone) {
        return Ok(Vec::new());
    }
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let fired_at = among(fired.iter().map(|f| f.origin.as_str()));
    let near = context.session.narrowed(&[(Table::Access, fired_at.clone())]).await?;
    let memo = Memo::default();
    let context = &Context { session: &near, memo: &memo, ..*context };
    let query = format!("SELECT src_ip, dataset FROM access WHERE {fired_at} AND {SHOWN} GROUP BY 1, 2");
    for row in rows(&context.sql(&query).await?) {
        if let Some(origin) = row.text("src_ip") {
            read.entry(origin.to_owned())
                .or_default()
                .insert(row.text("dataset").unwrap_or("no dataset").to_owned());
        }
    }
    let members =
        fired.iter().map(|fired| Member { fired, datasets: read.remove(&fired.origin).unwrap_or_default() });
    let rhythms = rhythms(context, "src_ip", &format!("{fired_at} AND {SHOWN}")).await?;
    let mut excused: BTreeMap<Option<Excuse>, Vec<Member<'_>>> = BTreeMap::new();
    for member in members {
        let desk = rhythms.get(&member.fired.origin) == Some(&(Rhythm::Office, false));
        let excuse = if desk { Some(Excuse::Desk) } else { member.fired.excuse };
        excused.entry(excuse).or_default().push(member);
    }
    let mut findings = Vec::new();
    for (excuse, members) in excused {
        for group in together(members).into_iter().filter(|g| g.iter().any(|m| m.fired.alone)) {
            findings.extend(finding(context, &group, says, excuse).await?);
        }
    }
    Ok(findings)
}

fn among<'e>(origins: impl Iterator<Item = &'e str>) -> String {
    format!("src_ip IN {}", quote_all(origins))
}

impl Reader for Member<'_> {
    fn name(&self) -> &str {
        &self.fired.origin
    }
    fn seen(&self) -> (Micros, Micros) {
        self.fired.seen
    }
    fn datasets(&self) -> &BTreeSet<String> {
        &self.datasets
    }
}

async fn finding(
    context: &Context<'_>,
    group: &[Member<'_>],
    says: &Words,
    excuse: Option<Excuse>,
) -> Result<Option<Finding>, DetectError> {
    let alone = group.iter().map(|m| m.fired).filter(|f| f.alone);
    let Some(top) = alone
        .clone()
        .min_by(|a, b| (a.day, a.p).partial_cmp(&(b.day, b.p)).unwrap_or(std::cmp::Ordering::Equal))
    else {
        return Ok(None);
    };
    let Some(head) = group.first() else { return Ok(None) };
    let condition = format!(
        "{} AND {SHOWN}",
        at_work("src_ip", group.iter().map(|m| (m.fired.origin.as_str(), &m.fired.within)))
    );
    let Some(evidence) = context.cite("access", &condition).await? else { return Ok(None) };
    let (sums, seen) = sums(context, &condition).await?;
    let sum = |name: &str| sums.get(name).copied().unwrap_or(0.0);
    let seen = seen.unwrap_or(head.fired.seen);
    let datasets: BTreeSet<&str> = group.iter().flat_map(|m| m.datasets.iter().map(String::as_str)).collect();
    let datasets = datasets.into_iter().collect::<Vec<_>>().join(", ");
    let mut draft = Draft::new(
        says.detector,
        if excuse.is_some() { Severity::Medium } else { Severity::High },
        Entity::new(EntityKind::Origin, &head.fired.origin),
        seen,
    )
    .raised(Micros::of_day(top.day + 1));
    draft.title = format!(
        "{} read {} ({datasets}) {}",
        match group {
            [one] => format!("origin {}", one.fired.origin),
            many => format!("{} origins", count(many.len() as u64)),
        },
        whose(sum("people"), sum("credentials")),
        says.title,
    );
    draft.explanation = format!("{}{}", (says.explain)(top), beside(group));
    if let Some(excuse) = excuse {
        draft.explanation.push_str(excuse.words());
    }
    (draft.p_value, draft.threshold) = (Some(top.p), Some(top.threshold));
    draft.attack = vec!["T1078".to_owned(), "T1119".to_owned(), "T1213".to_owned(), "T1030".to_owned()];
    if sum("days") >= 2.0 {
        draft.attack.push("T1020".to_owned());
    }
    if sum("holder_pages") > 0.0 {
        draft.limits.push(format!(
            "{} records show the page of a credential's holder, whom no log names; those people are not counted",
            sum("holder_pages")
        ));
    }
    draft.limits.push(
        "whoever else used these addresses in that time is counted with the hand that read people's data there".to_owned(),
    );
    let each = group.iter().map(|m| (Entity::new(EntityKind::Origin, &m.fired.origin), &m.fired.within));
    draft.perhaps = shared(each, "its own visits speak for the hand").collect();
    let reason =
        |m: &Member<'_>| (Entity::new(EntityKind::Origin, &m.fired.origin), reason(m.fired, says.each));
    let mut draft = draft.because(group.iter().map(reason));
    for (name, value) in &sums {
        draft = draft.measure(name, *value, None);
    }
    let draft = draft
        .measure("members", group.len() as f64, None)
        .measure("people_in_window", top.people, None)
        .measure(says.odd, top.odd, Some(top.expected));
    Ok(Some(draft.finish(evidence, context.snapshot.versions())))
}

/// Why one address belongs.
fn reason(fired: &Fired, each: &str) -> String {
    format!(
        "over {}, by {}, {} people were read there, {} of them {each}, where {:.1} were to be expected; chance {:.1e}{}",
        words(fired.window),
        Micros::of_day(fired.day).to_string().get(..10).unwrap_or_default(),
        fired.people,
        fired.odd,
        fired.expected,
        fired.p,
        if fired.alone { "" } else { ", not enough to be found alone" }
    )
}

/// Whose data was read; where records name nobody, all are of the sessions' holders.
fn whose(people: f64, sessions: f64) -> String {
    if people > 0.0 { format!("data of {} people", whole(people)) } else { holders(sessions as u64) }
}

/// Sums over a finding's records, and the first and last of them.
async fn sums(
    context: &Context<'_>,
    condition: &str,
) -> Result<(BTreeMap<String, f64>, Option<(Micros, Micros)>), DetectError> {
    const NAMES: [&str; 7] = ["records", "people", "holder_pages", "clients", "credentials", "days", "bytes"];
    let query = format!(
        "SELECT count(*) AS records, count(DISTINCT CASE WHEN {NAMED} THEN subject END) AS people, \
         sum(CASE WHEN {NAMED} THEN 0 ELSE 1 END) AS holder_pages, count(DISTINCT user_agent) AS clients, \
         count(DISTINCT credential) AS credentials, count(DISTINCT day) AS days, sum(CAST(bytes_out AS DECIMAL(20, 0))) AS bytes, \
         min(time) AS first, max(time) AS last FROM access WHERE {condition}"
    );
    let answer = context.sql(&query).await?;
    let row = rows(&answer).next();
    let sums = |r: weir_lake::Row<'_>| NAMES.map(|name| (name.to_owned(), r.count(name) as f64)).into();
    let seen = row.and_then(|r| r.time("first").zip(r.time("last")));
    Ok((row.map(sums).unwrap_or_default(), seen))
}

/// What is said of those that would not have fired alone.
fn beside(group: &[Member<'_>]) -> String {
    let beside = group.iter().filter(|m| !m.fired.alone).count();
    if beside == 0 {
        return String::new();
    }
    format!(
        " {beside} of the {} would not have fired alone: less than 0.01 addresses so unlikely were to be expected, and they read the same data at the same time.",
        group.len()
    )
}
