//! From countries to findings: one for each country and reason, with everybody whose data was read from there since 1 January.

use super::judge::{By, Forbidden, Fresh};
use super::screen::{Census, SINCE_JANUARY_MIN, year};
use crate::bearer::{ADDRESS, BEARER, by_others, others, people};
use crate::members::{describe, seen};
use crate::{Context, DetectError, Draft};
use std::collections::{BTreeMap, BTreeSet};
use weir_lake::{quote, quote_all, rows};
use weir_model::words::whole;
use weir_model::{Entity, EntityKind, Finding, Micros, Severity};

/// Sums at which laws ask for more (China: assessment of sensitive data, standard contract, assessment of any data).
const STEPS: [f64; 3] = [10_000.0, 100_000.0, 1_000_000.0];

/// The records of a country's findings, as a condition on `access`.
fn from(country: &str, datasets: &BTreeSet<&str>) -> String {
    format!(
        "country = {} AND dataset IN {} AND {{span}}",
        quote(country),
        quote_all(datasets.iter().copied())
    )
}

/// Findings of violated permissions, one for each country.
pub(super) async fn forbidden(context: &Context<'_>, all: &[Forbidden]) -> Result<Vec<Finding>, DetectError> {
    let mut by_country: BTreeMap<&str, Vec<&Forbidden>> = BTreeMap::new();
    all.iter().for_each(|one| by_country.entry(&one.country).or_default().push(one));
    let mut findings = Vec::new();
    for (country, group) in by_country {
        let Some(gravest) = group.iter().max_by(|a, b| a.severity.cmp(&b.severity).then(b.day.cmp(&a.day)))
        else {
            continue;
        };
        let datasets: BTreeSet<&str> = group.iter().map(|f| f.dataset.as_str()).collect();
        let condition = from(country, &datasets);
        // Where nobody read others, the members' own pages are what is told.
        let own_only = group.iter().all(|f| f.others < 1.0);
        let shown = if own_only {
            format!("shown AND subject IS NOT NULL AND {condition}")
        } else {
            by_others(BEARER, &condition)
        };
        let others: f64 = group.iter().map(|f| f.others).fold(0.0, f64::max);
        let everybody: f64 = group.iter().map(|f| f.everybody).fold(0.0, f64::max);
        let about = About { country, datasets: &datasets, shown: &shown, reason: "forbidden" };
        let Some(mut facts) = about.facts(context, gravest.severity).await? else { continue };
        facts.draft = facts.draft.raised(Micros::of_day(gravest.day + 1));
        facts.draft.title = format!(
            "data of {} people ({}) was read from {country}, from where it may not be",
            whole(facts.people),
            list(&datasets)
        );
        facts.draft.explanation = format!(
            "`permitted_countries` does not name {country} for {}. {others} people's data (of the dataset with most) was read there under a \
             credential, actor or client that had read somebody else before; {everybody} people's in all, members who opened their own pages \
             abroad included. A rule, not a statistic; severity by the number of people.",
            list(&datasets)
        );
        facts.draft = facts.draft.measure("people_read_by_others", others, Some(0.0)).measure(
            "people_shown",
            everybody,
            None,
        );
        findings.extend(facts.finish(context, &shown).await?);
    }
    Ok(findings)
}

/// Findings of countries new to a dataset, one for each country.
pub(super) async fn fresh(context: &Context<'_>, all: &[Fresh]) -> Result<Vec<Finding>, DetectError> {
    let mut by_country: BTreeMap<&str, Vec<&Fresh>> = BTreeMap::new();
    all.iter().for_each(|one| by_country.entry(&one.country).or_default().push(one));
    let mut findings = Vec::new();
    for (country, group) in by_country {
        let Some(top) = group
            .iter()
            .max_by(|a, b| a.severity.cmp(&b.severity).then(b.day.cmp(&a.day)).then(b.p.total_cmp(&a.p)))
        else {
            continue;
        };
        let datasets: BTreeSet<&str> = group.iter().map(|f| f.dataset.as_str()).collect();
        let bearer = if top.by == By::Bearer { BEARER } else { ADDRESS };
        let shown = by_others(bearer, &from(country, &datasets));
        let about = About { country, datasets: &datasets, shown: &shown, reason: "new" };
        let known = known_share(context, &about, top.first).await?;
        // Staff who travel read as much as they do at home.
        let severity = if known >= 0.5 { top.severity.min(Severity::Medium) } else { top.severity };
        let Some(mut facts) = about.facts(context, severity).await? else { continue };
        facts.draft = facts.draft.raised(Micros::of_day(top.day + 1));
        facts.draft.p_value = Some(top.p);
        facts.draft.title = format!(
            "data of {} people ({}) was read from {country}, from where it had never been",
            whole(facts.people),
            list(&datasets)
        );
        facts.draft.explanation = explain(top, known);
        if context.config.organisation.home_country.is_none() {
            facts
                .draft
                .limits
                .push("`home_country` is not told, so that the new country could be home".to_owned());
        }
        facts.draft = facts
            .draft
            .measure("people_when_raised", top.people, Some(top.most))
            .measure("days_before", top.days_before as f64, None)
            .measure("days_before_with_a_new_country", top.new_before as f64, None)
            .measure("share_of_people_read_by_known_readers", known, None);
        findings.extend(facts.finish(context, &shown).await?);
    }
    Ok(findings)
}

/// The model in words.
fn explain(top: &Fresh, known: f64) -> String {
    let readers = match known {
        k if k >= 0.5 => {
            " Most of them were read by credentials or actors that had read the same data from elsewhere before: who reads there may be known and travelling."
        }
        _ => "",
    };
    let how = match top.by {
        By::Bearer => "under a credential, actor or client that had read somebody else before",
        By::Address => {
            "at an address that had shown somebody else before, under a credential for each, as customers of a newly opened country would"
        }
    };
    format!(
        "{} was read on {} days before {} appeared on {}, of which {} brought a new country: one more does with chance {:.3} (rule of \
         succession). By {} others had read {:.0} people there ({}); \
         of {} other countries the most at that age was {:.0} (by counting, beyond the most by Zipf's law). Both at once: {:.1e}; {} days \
         and datasets could have shown it, and the budget let {:.1e} through.{readers}",
        top.dataset,
        top.days_before,
        top.country,
        date(top.first),
        top.new_before,
        (top.new_before + 1) as f64 / (top.days_before + 2) as f64,
        date(top.day),
        top.people,
        how,
        top.peers,
        top.most,
        top.p,
        top.tests,
        top.threshold
    )
}

/// The share of people read by those who had read the same datasets from elsewhere before.
async fn known_share(context: &Context<'_>, about: &About<'_>, first: i32) -> Result<f64, DetectError> {
    let before = format!(
        "SELECT coalesce(credential, actor) FROM access WHERE shown AND subject IS NOT NULL AND coalesce(credential, actor) IS NOT NULL \
         AND dataset IN {} AND coalesce(country, '') <> {} AND time < TIMESTAMP '{}' AND {{span}}",
        quote_all(about.datasets.iter().copied()),
        quote(about.country),
        Micros::of_day(first)
    );
    let known =
        counted(context, &format!("{} AND coalesce(credential, actor) IN ({before})", about.shown)).await?;
    Ok(known / counted(context, about.shown).await?.max(1.0))
}

/// Countries in which others read so many people since 1 January that laws ask for more.
pub(super) async fn by_year(context: &Context<'_>, census: &Census) -> Result<Vec<Finding>, DetectError> {
    let mut findings = Vec::new();
    for (country, year) in &census.years {
        let condition = format!(
            "country = {} AND dataset IS NOT NULL AND time >= TIMESTAMP '{year}-01-01T00:00:00Z' AND time < TIMESTAMP '{}-01-01T00:00:00Z' AND {{span}}",
            quote(country),
            year + 1
        );
        let mut so_far = 0.0;
        let mut reached = None;
        for row in rows(&context.sql(&others(BEARER, "country", &condition)).await?) {
            so_far += row.count("people") as f64;
            if so_far >= SINCE_JANUARY_MIN && reached.is_none() {
                reached = row.int("day").and_then(|day| i32::try_from(day).ok());
            }
        }
        let Some(day) = reached else { continue };
        let shown = by_others(BEARER, &condition);
        let datasets = BTreeSet::new();
        let reason = format!("since {year}");
        let about = About { country, datasets: &datasets, shown: &shown, reason: &reason };
        let Some(mut facts) = about.facts(context, Severity::Informational).await? else { continue };
        facts.draft = facts.draft.raised(Micros::of_day(day + 1));
        facts.draft.title =
            format!("data of {so_far} people was read from {country} by others since 1 January {year}");
        let step = STEPS.iter().rev().find(|step| so_far >= **step).copied().unwrap_or(0.0);
        facts.draft.explanation = format!(
            "People whose data was shown there under a credential, actor or client that had read somebody else before, each once, over all \
             datasets. Some laws ask for more from {step} people a year on (China: 10,000 people's sensitive data, 100,000 and 1,000,000 \
             people's other data since 1 January). A sum, not an accusation."
        );
        facts.draft = facts.draft.measure("people_read_by_others_since_1_january", so_far, Some(step));
        findings.extend(facts.finish(context, &shown).await?);
    }
    Ok(findings)
}

/// What a finding is about.
struct About<'a> {
    country: &'a str,
    datasets: &'a BTreeSet<&'a str>,
    /// The condition on `access` that selects its records.
    shown: &'a str,
    reason: &'a str,
}

/// A finding in the making, with how many people its records show.
struct Facts {
    draft: Draft,
    people: f64,
}

impl About<'_> {
    /// Everything that findings of this detector say in the same way; `None` without records.
    async fn facts(&self, context: &Context<'_>, severity: Severity) -> Result<Option<Facts>, DetectError> {
        let Some((first, last)) = seen(context, self.shown).await? else { return Ok(None) };
        let country = Entity::new(EntityKind::Country, self.country);
        let mut draft = Draft::new("crossing", severity, country, (first, last));
        draft.identity.push(self.reason.to_owned());
        draft.attack = vec!["T1213".to_owned()];
        draft.limits.push("a country is where the database says that the address is registered: whoever uses a proxy or another country's network counts there".to_owned());
        let year = year(last.day());
        let since = format!(
            "country = {} AND dataset IS NOT NULL AND time >= TIMESTAMP '{year}-01-01T00:00:00Z' AND time <= TIMESTAMP '{last}' AND {{span}}",
            quote(self.country)
        );
        let since = counted(context, &since).await?;
        let (draft, people) = describe(context, draft, self.shown).await?;
        let draft = draft
            .measure("people_since_1_january", since, None)
            .members(self.datasets.iter().map(|dataset| Entity::new(EntityKind::Dataset, *dataset)));
        Ok(Some(Facts { draft, people }))
    }
}

impl Facts {
    async fn finish(self, context: &Context<'_>, shown: &str) -> Result<Option<Finding>, DetectError> {
        let Some(evidence) = context.cite("access", shown).await? else { return Ok(None) };
        Ok(Some(self.draft.finish(evidence, context.snapshot.versions())))
    }
}

/// How many people the records of a condition show by name.
async fn counted(context: &Context<'_>, condition: &str) -> Result<f64, DetectError> {
    let query = format!("SELECT count(DISTINCT person) AS people FROM {}", people("time", condition));
    let answer = context.sql(&query).await?;
    Ok(rows(&answer).next().map_or(0.0, |row| row.count("people") as f64))
}

fn list(datasets: &BTreeSet<&str>) -> String {
    datasets.iter().copied().collect::<Vec<_>>().join(", ")
}

fn date(day: i32) -> String {
    Micros::of_day(day).to_string().get(..10).unwrap_or_default().to_owned()
}
