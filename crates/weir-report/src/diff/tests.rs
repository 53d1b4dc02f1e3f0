//! Cases built by hand, and what is said of two of them.

use super::*;
use crate::diff::shown::{DiffFormat, diff_text, render_diff};
use weir_model::case::{
    Bounds, CASE_VERSION, Configuration, Determinable, Divided, Incident, Organisation, Period, Scope, Totals,
};
use weir_model::finding::{FindingEvidence, State};
use weir_model::intake::Intake;
use weir_model::{Citation, Entity, EntityKind, Evidence, Finding, Micros, Severity};

/// A case in which nothing was found.
pub(crate) fn case() -> Case {
    let incident = Incident {
        summary: Vec::new(),
        details: Vec::new(),
        methodology: Vec::new(),
        impact: Vec::new(),
        indicators: Vec::new(),
        response: Vec::new(),
        lessons: Vec::new(),
        recommendations: Vec::new(),
    };
    Case {
        version: CASE_VERSION,
        program: "weir 0.1.0".into(),
        masked: false,
        id: "one".into(),
        configuration: Some(Configuration::default()),
        organisation: Organisation::default(),
        period: Some(Period { first: Micros(0), last: Micros(100) }),
        totals: Totals::default(),
        intake: Vec::new(),
        coverage: Vec::new(),
        datasets: Vec::new(),
        findings: Vec::new(),
        timeline: Vec::new(),
        scope: scope(Some(Bounds { lower: 0, upper: Some(0) })),
        suppressed_subjects: None,
        divided: Divided::default(),
        reported: None,
        compared: None,
        finding_scopes: BTreeMap::new(),
        traces: BTreeMap::new(),
        incident,
        series: Vec::new(),
        aged_out: None,
        limits: Vec::new(),
        alert_budget: None,
        methods: Vec::new(),
        snapshot: BTreeMap::new(),
    }
}

fn scope(subjects: Option<Bounds>) -> Scope {
    Scope {
        determinable: Determinable::Yes,
        reason: "every record names whom it shows".into(),
        subjects,
        categories: Vec::new(),
        records: 0,
        bytes: None,
        first: None,
        last: None,
        gaps: Vec::new(),
        beyond: Vec::new(),
    }
}

/// A finding of events 0 to 100 that accuses these addresses.
pub(crate) fn finding(id: &str, detector: &str, origins: &[&str]) -> Finding {
    let cited = vec![Citation { path: "a.log".into(), line: 1, offset: 0, file: 1 }];
    Finding {
        id: id.into(),
        detector: detector.into(),
        severity: Severity::Medium,
        title: format!("{detector} of {id}"),
        explanation: String::new(),
        entities: origins.iter().map(|ip| Entity::new(EntityKind::Origin, *ip)).collect(),
        reasons: Vec::new(),
        perhaps: Vec::new(),
        first_seen: Micros(0),
        last_seen: Micros(100),
        raised: Micros(50),
        measures: BTreeMap::new(),
        baseline: BTreeMap::new(),
        p_value: None,
        threshold: None,
        attack: Vec::new(),
        evidence: FindingEvidence(Evidence::new(cited, 7, "SELECT 1").unwrap()),
        limits: Vec::new(),
        campaign: None,
        state: State::Open,
        state_reason: None,
        superseded_by: None,
        dispositions: Vec::new(),
        snapshot: BTreeMap::new(),
    }
}

fn none() -> Compared {
    Ok(PeopleChange::default())
}

fn screen(told: &CaseDiff) -> String {
    diff_text(told).iter().map(|line| format!("{line}\n")).collect()
}

/// The same, wherever lines end.
fn words_of(told: &CaseDiff) -> String {
    screen(told).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_same_case_is_said_to_be_the_same() {
    let mut old = case();
    old.findings = vec![finding("f", "reach", &["192.0.2.1"])];
    old.limits = vec!["one".into()];
    let told = diff(&old, &old.clone(), none(), "weir");
    assert!(!told.changed);
    assert_eq!((told.findings.same, told.not_compared.len()), (1, 0));
    let text = screen(&told);
    assert!(text.starts_with("No change in anything that is compared\n"), "{text}");
    // Versions of tables and what runs remember are no change.
    let mut again = old.clone();
    again.snapshot.insert("access".into(), 9);
    again.findings.push(Finding { state: State::Superseded, ..finding("past", "reach", &["x"]) });
    assert!(!diff(&old, &again, none(), "weir").changed);
    // What cannot be compared is not the same.
    let told = diff(&old, &old.clone(), Err("no table".into()), "weir");
    assert_eq!((told.people.clone(), told.not_compared.len()), (None, 1));
    let text = screen(&told);
    assert!(text.contains("No change in what could be compared") && text.contains("no table"), "{text}");
}

#[test]
fn anything_that_differs_is_a_change() {
    type Edit = fn(&mut Case);
    let edits: [(&str, Edit); 13] = [
        ("program", |c| c.program = "weir 9".into()),
        ("configuration", |c| c.configuration = Some(Configuration { file: Some("w".into()), sha256: None })),
        ("period", |c| c.period = None),
        ("totals", |c| c.totals.rejected = 1),
        ("file", |c| c.intake.push(Intake { path: "a".into(), ..Intake::default() })),
        ("dataset", |c| c.datasets.push(dataset())),
        ("finding", |c| c.findings.push(finding("f", "reach", &["a"]))),
        ("lower", |c| c.scope.subjects = Some(Bounds { lower: 0, upper: None })),
        ("sure", |c| c.scope.determinable = Determinable::Partly),
        ("reason", |c| c.scope.reason = "other".into()),
        ("country", |c| c.divided.countries.extend([("KR".into(), 2)])),
        ("limit", |c| c.limits.push("new".into())),
        ("aged out", |c| c.aged_out = Some(gap())),
    ];
    for (what, edit) in edits {
        let mut new = case();
        edit(&mut new);
        for told in [diff(&case(), &new, none(), "weir"), diff(&new, &case(), none(), "weir")] {
            assert!(told.changed, "{what}");
        }
    }
    for people in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let (added, gone, changed) = people;
        let people = PeopleChange { added, gone, changed, ..PeopleChange::default() };
        assert!(diff(&case(), &case(), Ok(people), "weir").changed);
    }
}

fn dataset() -> weir_model::case::DatasetUsed {
    weir_model::case::DatasetUsed {
        name: "profile".into(),
        origin: "learned".into(),
        categories: Vec::new(),
        routes: Vec::new(),
        subject: String::new(),
        ground: String::new(),
        subjects: 0,
        records: 0,
    }
}

fn gap() -> weir_model::case::Gap {
    weir_model::case::Gap {
        what: "records".into(),
        from: None,
        to: Some(Micros(5)),
        reason: "retention".into(),
        records_expected: None,
    }
}

#[test]
fn a_finding_says_what_of_it_changed_and_which_took_its_place() {
    let mut old = case();
    old.findings = vec![
        finding("kept", "reach", &["192.0.2.1", "192.0.2.2"]),
        finding("same", "drift", &["192.0.2.9"]),
        finding("lost", "harvest", &["a", "b", "c"]),
        finding("told", "unissued", &["k"]),
    ];
    old.findings[0].entities.push(Entity::new(EntityKind::Subject, "member:1"));
    let mut new = case();
    let mut kept = finding("kept", "reach", &["192.0.2.1", "192.0.2.3", "192.0.2.4"]);
    kept.entities.push(Entity::new(EntityKind::Subject, "member:2"));
    kept.severity = Severity::High;
    kept.last_seen = Micros(200);
    kept.measures.insert("people".into(), 12.0);
    new.finding_scopes.insert("kept".into(), scope(Some(Bounds { lower: 4, upper: None })));
    let told = Finding {
        state: State::Superseded,
        superseded_by: Some("next".into()),
        state_reason: Some("no longer arises".into()),
        ..finding("told", "unissued", &["k"])
    };
    new.findings = vec![
        kept,
        finding("same", "drift", &["192.0.2.9"]),
        finding("likely", "harvest", &["b", "c", "d"]),
        finding("next", "unissued", &["m"]),
        told,
    ];
    let told = diff(&old, &new, none(), "weir");
    let all = &told.findings;
    assert_eq!((all.same, all.new.len(), all.gone.len(), all.changed.len()), (1, 2, 2, 1));
    let changes = &all.changed[0].changes;
    assert_eq!(changes.severity, Change::of(Severity::Medium, Severity::High));
    assert_eq!((changes.first_seen, changes.last_seen), (None, Change::of(Micros(100), Micros(200))));
    let whose = changes.whose.unwrap();
    assert_eq!((whose.old, whose.new.unwrap().subjects), (None, Some(Bounds { lower: 4, upper: None })));
    let entities = changes.entities.as_ref().unwrap();
    assert_eq!((entities.added, entities.removed), (3, 2));
    let named = |all: &[Entity]| all.iter().map(|e| e.value.clone()).collect::<Vec<_>>().join(" ");
    assert_eq!(named(&entities.added_first), "192.0.2.3 192.0.2.4", "people are counted and not named");
    assert_eq!(named(&entities.removed_first), "192.0.2.2");
    assert_eq!(changes.measures["people"], Change { old: None, new: Some(12.0) });
    assert!(changes.title.is_none() && changes.state.is_none() && changes.campaign.is_none());
    let gone = |id: &str| all.gone.iter().find(|g| g.brief.id == id).unwrap();
    let likely = gone("lost").probably.as_ref().unwrap();
    assert_eq!((likely.id.as_str(), likely.shared, likely.of), ("likely", 2, 3));
    assert_eq!(gone("told").superseded_by.as_deref(), Some("next"));
    assert_eq!(gone("told").probably, None, "what is stated is not guessed");
    let before: Vec<_> = all.new.iter().map(|f| (f.brief.id.as_str(), f.before.join(" "))).collect();
    assert_eq!(before, [("likely", "lost".to_owned()), ("next", "told".to_owned())]);
    let text = words_of(&told);
    assert!(!text.contains("member:"), "{text}");
    for words in [
        "2 new, 2 gone, 1 changed; 1 the same",
        "severity medium to high",
        "probably likely now, which accuses 2 of its 3",
        "superseded by next",
        "(harvest likely): probably in the place of lost;",
        "(unissued next): in the place of told;",
    ] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
}

#[test]
fn dispositions_of_a_finding_are_a_change() {
    use weir_model::disposition::{Act, Cover, Then};
    let (mut old, mut new) = (case(), case());
    old.findings = vec![finding("f", "reach", &["a"])];
    new.findings = vec![finding("f", "reach", &["a"])];
    new.findings[0].state = State::Acknowledged;
    new.findings[0].dispositions = vec![weir_model::Disposition {
        time: Micros(0),
        by: "ann".into(),
        act: Act::Acknowledge,
        reason: "ticket 12".into(),
        finding: "f".into(),
        scope: Cover::Finding,
        detector: "reach".into(),
        entity: None,
        until: None,
        then: Then::of(&new.findings[0]),
    }];
    let told = diff(&old, &new, none(), "weir");
    let changes = &told.findings.changed[0].changes;
    assert_eq!(changes.state, Change::of(State::Open, State::Acknowledged));
    assert_eq!(changes.dispositions.as_ref().unwrap().new.len(), 1);
    assert!(words_of(&told).contains("acknowledged by ann: ticket 12"), "{}", screen(&told));
}

/// Names from logs stand in every format, and act in none.
#[test]
fn hostile_names_are_inert_in_every_format() {
    let attack = "\x1b[31m<script>alert(1)</script>\u{202e}|`[x](javascript:1)\r\n# head";
    let mut new = case();
    new.findings = vec![finding("f", attack, &[attack])];
    new.intake = vec![Intake { path: attack.into(), sha256: Some(attack.into()), ..Intake::default() }];
    new.limits = vec![attack.into()];
    new.datasets = vec![weir_model::case::DatasetUsed { name: attack.into(), ..dataset() }];
    new.scope.gaps = vec![weir_model::case::Gap { what: attack.into(), ..gap() }];
    new.scope.reason = attack.into();
    new.program = attack.into();
    let told = diff(&case(), &new, none(), "weir");
    let hidden = |text: &str| text.chars().any(|c| crate::escape::is_hidden(c) && c != '\n');
    let text = screen(&told);
    assert!(text.contains("␛[31m") && !hidden(&text), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= crate::summary::COLUMNS_MAX));
    for format in [DiffFormat::Markdown, DiffFormat::Html, DiffFormat::Json] {
        let bytes = render_diff(&told, &new, format).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!hidden(&text), "{format:?}");
        let acts = if format == DiffFormat::Markdown { "\n# head" } else { "<script" };
        assert!(format == DiffFormat::Json || !text.contains(acts), "{format:?}: {text}");
        assert!(format != DiffFormat::Markdown || !text.contains("<script"), "{text}");
    }
    let json = render_diff(&told, &new, DiffFormat::Json).unwrap();
    assert_eq!(serde_json::from_slice::<CaseDiff>(&json).unwrap(), told);
}

#[test]
fn a_list_that_is_cut_says_of_how_many() {
    let mut new = case();
    new.limits = (0..300).map(|n| format!("limit {n}")).collect();
    let told = diff(&case(), &new, none(), "weir");
    let text = screen(&told);
    assert!(text.contains("first 6 of 300; all in --json") && !text.contains("limit 6\n"), "{text}");
    let page = String::from_utf8(render_diff(&told, &new, DiffFormat::Markdown).unwrap()).unwrap();
    assert!(page.contains("limit 199\n") && !page.contains("limit 200\n"), "{page}");
    assert!(page.contains("first 200 of 300; all in the JSON form"), "{page}");
}

#[test]
fn cases_without_a_file_in_common_are_said_to_be_so_first() {
    let read = |path: &str, sha: &str| Intake {
        path: path.into(),
        sha256: Some(sha.into()),
        content_bytes: 9,
        ..Intake::default()
    };
    let with = |path: &str, sha: &str| Case { intake: vec![read(path, sha)], ..case() };
    let told = |old: &Case, new: &Case| {
        let told = diff(old, new, Ok(PeopleChange::default()), "weir");
        String::from_utf8(render_diff(&told, new, DiffFormat::Markdown).unwrap()).unwrap()
    };
    let apart = told(&with("a", "1"), &with("b", "2"));
    assert!(apart.starts_with("# What changed: The cases have no file in common"), "{apart}");
    for other in [with("a", "2"), with("b", "1"), with("a", "1")] {
        let near = told(&with("a", "1"), &other);
        assert!(!near.contains("no file in common"), "{near}");
    }
}
