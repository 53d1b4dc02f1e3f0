//! Everything found, brought together: account, coverage, traces, people, and the incident told in sections.

use crate::EngineError;
use crate::days::days;
use crate::incident::incident;
use crate::life::{Lived, suppressed_subjects};
use crate::seen::{column, seen};
use crate::timeline::{OneHand, merged};
use std::collections::{BTreeMap, BTreeSet};
use weir_catalog::{Catalog, may_show_anybody};
use weir_detect::coverage::coverage;
use weir_detect::{Context, Memo};
use weir_lake::{Removed, Session, Why, quote_all, rows};
use weir_model::case::{
    CASE_VERSION, Case, Configuration, Coverage, DatasetUsed, Gap, Method, Organisation, Period, Series,
    Step, TimelineEvent, Totals, Trace,
};
use weir_model::config::LinkConfig;
use weir_model::finding::{Reason, stable_id};
use weir_model::intake::Intake;
use weir_model::time::DAY_US;
use weir_model::words::{count, quantity};
use weir_model::{Entity, EntityKind, Finding, Micros, Severity, Table};
use weir_scope::People;
use weir_sources::read::sensor_of_path;
use weir_trace::Hand;

/// The most findings whose days are plotted; `weir explain` plots any.
const PLOTTED_MAX: usize = 24;
/// The most routes that are named of those that name nobody.
const UNNAMED_MAX: usize = 5;
/// The most findings that are traced; the rest are listed without a trace, and the case says so.
const TRACED_MAX: usize = 60;

/// The case and its exposed people.
pub(crate) async fn assemble(
    context: &Context<'_>,
    Lived { findings, mut limits }: Lived,
    program: &str,
    configuration: Configuration,
) -> Result<(Case, People), EngineError> {
    let intake = account(context).await?;
    let coverage = coverage(context).await?;
    let traced = Traced::of(context, &findings, &mut limits).await?;
    limits.extend(deleted(context).await?);
    let datasets = datasets(context).await?;
    let categories = datasets.iter().map(|d| (d.name.clone(), d.categories.clone())).collect();
    let nameless = nameless(context, &datasets).await?;
    let data_seen = datasets.iter().any(|d| d.records > 0) || !nameless.is_empty();
    let near = traced.near.as_ref().unwrap_or(context.session);
    let hands = &traced.conditions;
    let mut unread = unread(&intake);
    let aged_out = aged_out(context).await?;
    unread.extend(aged_out.clone());
    let rejected = totals(&intake).rejected;
    let erased = erased(context).await?;
    let short = short(coverage);
    let nameless = &nameless;
    let logs = weir_scope::Logs { coverage, unread: &unread, rejected, erased, data_seen, nameless, short };
    let namespaces = namespaces(context.catalog, &context.config.links);
    let asked = asked(&findings, hands);
    let question = weir_scope::Question {
        hands: &asked,
        logs,
        categories: &categories,
        catalog: context.catalog,
        namespaces: &namespaces,
        pseudonym: None,
    };
    let scoped = weir_scope::scope(context.session, near, question).await?;
    if let (Some(members), Some(people)) = (context.config.organisation.members, scoped.overall.subjects)
        && members < people.lower
    {
        limits.push(format!(
            "`members` in weir.toml says that data of {members} people is held, and records show data of at least {}",
            people.lower
        ));
    }
    let suppressed_subjects = suppressed_subjects(&findings, &scoped);
    let period = period(coverage);
    let mut series = series(context, near, (&findings, hands), Step::of(period)).await?;
    series.extend(plotted(context, &findings, &mut limits).await?);
    let organisation = organisation(context);
    let methods = methods(&findings);
    let seen = seen(near, &findings, hands).await?;
    let told = incident(&crate::incident::Facts {
        findings: &findings,
        timeline: &traced.timeline,
        traces: &traced.traces,
        scope: &scoped.overall,
        scopes: &scoped.findings,
        coverage,
        organisation: &organisation,
        period,
        aware: context.config.organisation.aware.as_deref(),
        data_seen,
        seen: &seen,
        countries: scoped
            .divided
            .country_records
            .keys()
            .map(String::as_str)
            .filter(|code| !code.is_empty())
            .collect(),
    });
    let id = stable_id(&intake.iter().filter_map(|i| i.sha256.as_deref()).collect::<Vec<_>>());
    let case = Case {
        version: CASE_VERSION,
        program: program.to_owned(),
        masked: false,
        id,
        configuration: Some(configuration),
        aged_out,
        organisation,
        period,
        totals: totals(&intake),
        intake,
        coverage: coverage.to_vec(),
        datasets,
        findings,
        timeline: traced.timeline,
        scope: scoped.overall,
        divided: scoped.divided,
        reported: context.config.organisation.reported,
        compared: None,
        suppressed_subjects,
        finding_scopes: scoped.findings,
        traces: traced.traces,
        incident: told,
        series,
        limits,
        alert_budget: Some(context.alert_budget),
        methods,
        snapshot: context.snapshot.versions(),
    };
    Ok((case, scoped.people))
}

/// The manual pages of the detectors that found something.
fn methods(findings: &[Finding]) -> Vec<Method> {
    let found: BTreeSet<&str> = findings.iter().map(|f| f.detector.as_str()).collect();
    let infos = weir_detect::detectors().iter().map(|detector| detector.info());
    let method = |info: &weir_detect::Info| Method {
        detector: info.name.to_owned(),
        summary: info.summary.to_owned(),
        manual: info.manual.to_owned(),
        budget_share: info.budget_share,
    };
    infos.filter(|info| found.contains(info.name)).map(method).collect()
}

/// The account of every file in the lake: a row per file and content, reads that brought nothing new left out, ingests numbered.
pub(crate) async fn account(context: &Context<'_>) -> Result<Vec<Intake>, EngineError> {
    let mut rows = context.snapshot.intake().await?;
    let fresh = |i: &Intake| i.parsed + i.rejected > 0;
    let read: BTreeSet<(String, Option<String>)> =
        rows.iter().filter(|i| fresh(i)).map(|i| (i.path.clone(), i.sha256.clone())).collect();
    let mut seen = BTreeSet::new();
    rows.sort_by_key(|i| (i.path.clone(), !fresh(i), i.first_time, i.file));
    rows.retain(|i| {
        let key = (i.path.clone(), i.sha256.clone());
        fresh(i) || (!read.contains(&key) && seen.insert(key))
    });
    for row in &mut rows {
        row.ingest = 0;
    }
    Ok(rows)
}

/// Whose records the scope is of.
pub(crate) fn asked(findings: &[Finding], conditions: &BTreeMap<String, String>) -> Vec<weir_scope::Hand> {
    let hand = |finding: &Finding| {
        let condition = conditions.get(&finding.id)?.clone();
        let (grave, seen) = (finding.severity >= Severity::High, (finding.first_seen, finding.last_seen));
        let perhaps = perhaps(finding, findings);
        Some(weir_scope::Hand { finding: finding.id.clone(), condition, perhaps, grave, seen })
    };
    findings.iter().filter_map(hand).collect()
}

/// The condition on `access` that selects what those did who may be of a finding's hand, while it was at work and within a day of it.
pub(crate) fn perhaps(finding: &Finding, findings: &[Finding]) -> Option<String> {
    let mut whose: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Reason { entity, .. } in &finding.perhaps {
        if let Some(column) = column(entity.kind) {
            whose.entry(column).or_default().push(&entity.value);
        }
    }
    if whose.is_empty() {
        return None;
    }
    let whose: Vec<String> =
        whose.into_iter().map(|(column, values)| format!("{column} IN {}", quote_all(values))).collect();
    let hand = || {
        findings
            .iter()
            .filter(|f| f.id == finding.id || f.campaign == finding.campaign && f.severity >= Severity::High)
    };
    let from = hand().map(|f| f.first_seen.0).min()?.saturating_sub(DAY_US);
    let to = hand().map(|f| f.last_seen.0).max()?.saturating_add(DAY_US);
    Some(format!(
        "(({}) AND shown AND subject IS NOT NULL AND time >= TIMESTAMP '{}' AND time <= TIMESTAMP '{}')",
        whose.join(" OR "),
        Micros(from),
        Micros(to)
    ))
}

/// Namespaces whose people are others than all the rest, and those of what is no person.
pub(crate) fn namespaces(catalog: &Catalog, links: &[LinkConfig]) -> weir_scope::Namespaces {
    let apart = links.iter().filter(|link| link.others).map(|link| link.to.clone()).collect();
    // Whom a book lists are others than whose it is; and whoever a map leads to is a person.
    let from = links.iter().filter(|link| !link.others).map(|link| &link.from);
    let mut objects: BTreeSet<String> =
        from.filter(|from| links.iter().all(|link| link.to != **from)).cloned().collect();
    objects.extend(catalog.things().into_iter().map(str::to_owned));
    weir_scope::Namespaces { apart, objects }
}

/// What was deleted from the lake: silence that it left is not the logs'.
pub(crate) async fn deleted(context: &Context<'_>) -> Result<Option<String>, EngineError> {
    let runs = context.snapshot.removals().await?;
    let records =
        |run: &Removed| run.gone.iter().filter(|(t, _)| *t != "rejects").map(|(_, n)| n).sum::<u64>();
    let aged = |run: &Removed| if let Why::Retention { before } = run.why { Some(before) } else { None };
    let before = runs.iter().filter_map(aged).max();
    let all: u64 = runs.iter().map(records).sum();
    Ok((all > 0).then(|| {
        let aged = before.map(|at| format!("; before {at} only those under legal holds are left, and what seems silent then may be what was deleted"));
        format!("{all} records were deleted by retention or erasure (`weir retain --list`){}", aged.unwrap_or_default())
    }))
}

/// How many people's records of what was shown were erased.
pub(crate) async fn erased(context: &Context<'_>) -> Result<u64, EngineError> {
    let runs = context.snapshot.removals().await?;
    let person = |run: &Removed| match &run.why {
        Why::Erasure { subject, .. } => {
            run.gone.get(Table::Access.name()).filter(|n| **n > 0).map(|_| subject.clone())
        }
        _ => None,
    };
    Ok(runs.iter().filter_map(person).collect::<BTreeSet<String>>().len() as u64)
}

/// What retention deleted may hide.
pub(crate) async fn aged_out(context: &Context<'_>) -> Result<Option<Gap>, EngineError> {
    let runs = context.snapshot.removals().await?;
    let aged = |run: &Removed| match run.why {
        Why::Retention { before } => Some((before, *run.gone.get(Table::Access.name()).filter(|n| **n > 0)?)),
        _ => None,
    };
    let records: u64 = runs.iter().filter_map(aged).map(|(_, n)| n).sum();
    let before = runs.iter().filter_map(aged).map(|(before, _)| before).max();
    Ok(before.map(|before| Gap {
        what: format!("records before {before}"),
        from: None,
        to: Some(before),
        reason: format!("retention deleted {records} of them (`weir retain --list`); the source logs or a backup would tell"),
        records_expected: None,
    }))
}

/// What files that could not be read, or not to their end, may hide.
pub(crate) fn unread(intake: &[Intake]) -> Vec<Gap> {
    let whole: BTreeSet<&str> = intake.iter().filter(|i| !i.cut_short()).map(|i| i.path.as_str()).collect();
    // A part of a log that was read, in which nothing is known for a record.
    let logs: BTreeSet<String> =
        intake.iter().filter(|i| i.parsed > 0).map(|i| sensor_of_path(&i.path)).collect();
    let part = |i: &Intake| i.source.is_none() && logs.contains(&sensor_of_path(&i.path));
    let cut = intake
        .iter()
        .filter(|i| (i.cut_short() && !whole.contains(i.path.as_str())) || (part(i) && i.is_log()));
    let gap = |i: &Intake| Gap {
        what: format!("the file `{}`", i.path),
        from: i.last_time,
        to: None,
        reason: format!("{}: {}", if i.records > 0 { "not read to its end" } else { "not read" }, i.why()),
        records_expected: None,
    };
    cut.map(gap).collect()
}

pub(crate) fn totals(intake: &[Intake]) -> Totals {
    let sum = |of: fn(&Intake) -> u64| intake.iter().map(of).sum();
    Totals {
        files: intake.len() as u64,
        files_unread: intake.iter().filter(|i| i.source.is_none()).count() as u64,
        records: sum(|i| i.records),
        parsed: sum(|i| i.parsed),
        rejected: sum(|i| i.rejected),
        duplicates: sum(|i| i.duplicates),
        bytes: sum(|i| i.content_bytes),
        bytes_unread: sum(|i| i.bytes_unread),
    }
}

pub(crate) fn organisation(context: &Context<'_>) -> Organisation {
    let told = &context.config.organisation;
    Organisation {
        name: told.name.clone(),
        sector: told.sector.clone(),
        home_country: told.home_country.clone(),
        population: told.population,
        members: told.members,
        language: told.language,
    }
}

/// Whether the logs hold too few days for what is usual to be known.
pub(crate) fn short(coverage: &[Coverage]) -> Option<weir_scope::Short> {
    let needed = u64::from(weir_detect::HISTORY_DAYS_MIN);
    let days = period(coverage).map(|p| u64::from(p.last.day().abs_diff(p.first.day())) + 1)?;
    (days < needed).then_some(weir_scope::Short { days, needed })
}

fn period(coverage: &[Coverage]) -> Option<Period> {
    let delivered = || coverage.iter().filter(|c| !c.days.is_empty());
    let first = delivered().map(|c| c.period.first).min()?;
    Some(Period { first, last: delivered().map(|c| c.period.last).max()? })
}

/// The datasets in use, with how many people and records each had.
pub(crate) async fn datasets(context: &Context<'_>) -> Result<Vec<DatasetUsed>, EngineError> {
    let mut used = context.catalog.datasets();
    let query = "SELECT dataset, sum(n) AS n, approx_distinct(subject) AS people FROM {digest} \
                 WHERE dataset IS NOT NULL AND {span} GROUP BY 1";
    let answer = context.sql(query).await?;
    for row in rows(&answer) {
        for dataset in used.iter_mut().filter(|d| Some(d.name.as_str()) == row.text("dataset")) {
            dataset.records = row.count("n");
            dataset.subjects = row.count("people");
        }
    }
    Ok(used)
}

/// What is not known of records that show people and name nobody, so that nobody is judged by how many people they read: pages of things of one
/// person each, whether told as a dataset or learned, and answers that may show any number of people.
pub(crate) async fn nameless(
    context: &Context<'_>,
    datasets: &[DatasetUsed],
) -> Result<Vec<Gap>, EngineError> {
    let told = |d: &&DatasetUsed| {
        let pages = d.routes.iter().any(|route| route.contains('{'));
        pages && d.subject.is_empty() && d.subjects == 0 && d.records > 0
    };
    let told =
        datasets.iter().filter(told).map(|d| unnamed(format!("the dataset `{}`", d.name), d.records, true));
    let query = "SELECT route, sum(n) AS n FROM {digest} \
                 WHERE dataset IS NULL AND subject IS NULL AND shown AND route LIKE '/%' AND {span} GROUP BY 1";
    let mut learned: Vec<(u64, String, bool)> = Vec::new();
    for row in rows(&context.sql(query).await?) {
        let route = row.text("route").unwrap_or_default();
        let pages = context.catalog.is_of_somebody(route);
        if pages || may_show_anybody(route) {
            learned.push((row.count("n"), format!("`{route}`"), pages));
        }
    }
    learned.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let others = learned.split_off(learned.len().min(UNNAMED_MAX));
    if !others.is_empty() {
        let sum = others.iter().map(|(n, ..)| n).sum();
        let routes = quantity(others.len() as u64, "other route", "other routes");
        learned.push((sum, routes, others.iter().all(|(.., pages)| *pages)));
    }
    Ok(told.chain(learned.into_iter().map(|(n, what, pages)| unnamed(what, n, pages))).collect())
}

/// What is not known of so many records: each shows what is one person's, or anybody.
fn unnamed(what: String, records: u64, pages: bool) -> Gap {
    let reason = match pages {
        true => format!(
            "its records ({}) show what belongs to people and name nobody, so nobody is judged by how many people's they read; a `[[link]]` in \
             weir.toml that says whose each is would tell",
            count(records)
        ),
        false => format!(
            "its answers ({}) may show any number of people and name nobody; a log that names the people of each answer would tell",
            count(records)
        ),
    };
    Gap { what, from: None, to: None, reason, records_expected: pages.then_some(records as f64) }
}

/// Hands of findings, and by finding the condition on `access` that selects its records.
pub(crate) struct Hands<'f> {
    hands: Vec<(&'f Finding, Hand)>,
    pub(crate) conditions: BTreeMap<String, String>,
}

/// The hands of findings.
pub(crate) async fn hands<'f>(
    context: &Context<'_>,
    findings: &[&'f Finding],
    limits: &mut Vec<String>,
) -> Result<Hands<'f>, EngineError> {
    if findings.len() > TRACED_MAX {
        limits.push(format!(
            "{} of {} findings of severity medium or above were traced",
            TRACED_MAX,
            findings.len()
        ));
    }
    let mut all = Hands { hands: Vec::new(), conditions: BTreeMap::new() };
    for finding in findings.iter().take(TRACED_MAX) {
        let hand = weir_trace::hand_of(context.session, finding).await?;
        if hand.is_empty() {
            // A network or a program is accused of what none of its addresses is: there is nobody to trace, and its records show people.
            let many = |entity: &Entity| matches!(entity.kind, EntityKind::Prefix | EntityKind::Client);
            let reached = weir_trace::reached(finding).filter(|_| finding.entities.iter().any(many));
            all.conditions.extend(reached.map(|condition| (finding.id.clone(), condition)));
            continue;
        }
        if hand.cut {
            limits.push(format!("the hand of finding {} is larger than was followed", finding.id));
        }
        let records_only = weir_detect::detector(&finding.detector).is_ok_and(|d| d.info().records_only);
        let reached = weir_trace::reached(finding).filter(|_| records_only || hand.actors.is_empty());
        all.conditions.insert(finding.id.clone(), reached.unwrap_or_else(|| hand.on(Table::Access)));
        all.hands.push((finding, hand));
    }
    Ok(all)
}

/// Traces, timelines and conditions by finding.
#[derive(Default)]
struct Traced {
    traces: BTreeMap<String, Trace>,
    timeline: Vec<TimelineEvent>,
    conditions: BTreeMap<String, String>,
    /// A session with the records of every hand and no others in `access`.
    near: Option<Session>,
}

impl Traced {
    async fn of(
        context: &Context<'_>,
        findings: &[Finding],
        limits: &mut Vec<String>,
    ) -> Result<Self, EngineError> {
        let worth: Vec<&Finding> =
            findings.iter().filter(|f| f.stands() && f.severity >= Severity::Medium).collect();
        let Hands { hands, conditions } = hands(context, &worth, limits).await?;
        let mut traced = Self { conditions, ..Self::default() };
        let all: BTreeSet<String> = hands.iter().map(|(_, hand)| hand.on(Table::Access)).collect();
        let perhaps = worth.iter().filter_map(|finding| perhaps(finding, findings));
        let all: Vec<String> =
            all.into_iter().chain(traced.conditions.values().cloned()).chain(perhaps).collect();
        if all.is_empty() {
            return Ok(traced);
        }
        let near = context.session.narrowed(&[(Table::Access, all.join(" OR "))]).await?;
        let one = OneHand::of(hands.iter().map(|(finding, hand)| (finding.id.as_str(), hand)));
        let mut followed: BTreeMap<String, Vec<TimelineEvent>> = BTreeMap::new();
        let mut begun: BTreeMap<(String, BTreeSet<Entity>), Trace> = BTreeMap::new();
        for (finding, hand) in hands {
            // Several findings often have one hand; it is followed once, and drawn from where each finding began.
            let of = hand.on(Table::Access);
            let from = (of.clone(), hand.seeds.clone());
            if !begun.contains_key(&from) {
                begun.insert(from.clone(), weir_trace::trace(&near, &hand).await?);
            }
            if !followed.contains_key(&of) {
                followed.insert(of.clone(), weir_trace::timeline(&near, &hand).await?);
            }
            let (Some(trace), Some(timeline)) = (begun.get(&from), followed.get(&of)) else { continue };
            traced.traces.insert(finding.id.clone(), trace.clone());
            let named =
                |event: &TimelineEvent| TimelineEvent { findings: vec![finding.id.clone()], ..event.clone() };
            traced.timeline.extend(timeline.iter().map(named));
        }
        traced.timeline = merged(traced.timeline, &one);
        traced.near = Some(near);
        Ok(traced)
    }
}

/// What the entities of findings did day by day.
async fn plotted(
    context: &Context<'_>,
    findings: &[Finding],
    limits: &mut Vec<String>,
) -> Result<Vec<Series>, EngineError> {
    let worth: Vec<&Finding> =
        findings.iter().filter(|f| f.stands() && f.severity >= Severity::Medium).collect();
    if worth.len() > PLOTTED_MAX {
        limits.push(format!(
            "{PLOTTED_MAX} of {} findings of severity medium or above are plotted; `weir explain` plots any",
            worth.len()
        ));
    }
    let shown: Vec<&Finding> = worth.into_iter().take(PLOTTED_MAX).collect();
    let all = days(context.session, &shown, context.span).await?;
    for (days, finding) in all.iter().zip(&shown).filter(|(d, _)| d.members < d.members_all) {
        limits.push(format!(
            "the plot of finding {} sums {} of its {} members",
            finding.id, days.members, days.members_all
        ));
    }
    Ok(all.into_iter().flat_map(|d| d.series).collect())
}

/// Records, flagged records, and people reached so far, by day or finer.
async fn series(
    context: &Context<'_>,
    near: &Session,
    (findings, conditions): (&[Finding], &BTreeMap<String, String>),
    step: Step,
) -> Result<Vec<Series>, EngineError> {
    let by = match step {
        Step::Day => "day".to_owned(),
        // A bin is in nanoseconds, whatever the times are in.
        finer => format!(
            "arrow_cast(date_bin(INTERVAL '{} seconds', time), 'Timestamp(Microsecond, Some(\"UTC\"))')",
            finer.us() / 1_000_000
        ),
    };
    let union: Vec<String> =
        weir_model::Table::ALL.iter().map(|t| format!("SELECT {by} AS day FROM {}", t.name())).collect();
    let flow =
        format!("SELECT day, count(*) AS n FROM ({}) GROUP BY 1 ORDER BY 1", union.join(" UNION ALL "));
    let memo = Memo::default();
    let near = &Context { session: near, memo: &memo, ..*context };
    let mut all = vec![Series {
        name: "flow".to_owned(),
        finding: None,
        unit: "records".to_owned(),
        points: points(context, &flow).await?,
    }];
    for finding in findings {
        let Some(condition) = conditions.get(&finding.id) else { continue };
        let flagged =
            format!("SELECT {by} AS day, count(*) AS n FROM access WHERE {condition} GROUP BY 1 ORDER BY 1");
        let of = Some(finding.id.clone());
        let points_flagged = points(near, &flagged).await?;
        all.push(Series {
            name: "flagged".to_owned(),
            finding: of.clone(),
            unit: "records".to_owned(),
            points: points_flagged,
        });
        let reach = |which: &str| {
            format!(
                "SELECT day, count(*) AS n FROM (SELECT subject, min({by}) AS day FROM access WHERE {condition} AND subject IS NOT NULL \
                 AND status_id = 1{which} GROUP BY 1) GROUP BY 1 ORDER BY 1"
            )
        };
        // Holders of sessions may be people who are named elsewhere: they count where nobody is.
        let mut reached = points(near, &reach(" AND subject NOT LIKE 'credential:%'")).await?;
        if reached.is_empty() {
            reached = points(near, &reach("")).await?;
        }
        let mut so_far = 0.0;
        let reached: Vec<(Micros, f64)> = reached
            .into_iter()
            .map(|(at, n)| {
                so_far += n;
                (at, so_far)
            })
            .collect();
        if !reached.is_empty() {
            all.push(Series {
                name: "reach".to_owned(),
                finding: of,
                unit: "people".to_owned(),
                points: reached,
            });
        }
    }
    Ok(all)
}

async fn points(context: &Context<'_>, query: &str) -> Result<Vec<(Micros, f64)>, EngineError> {
    let answer = context.sql(query).await?;
    let day = |row: &weir_lake::Row<'_>| match row.time("day") {
        Some(at) => Some(at),
        None => i32::try_from(row.int("day")?).ok().map(Micros::of_day),
    };
    Ok(rows(&answer).filter_map(|r| Some((day(&r)?, r.count("n") as f64))).collect())
}
