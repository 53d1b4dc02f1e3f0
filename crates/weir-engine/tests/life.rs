//! The life of a finding from run to run: seen, told to be quiet, taken away by records that came late, and explained.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its input fails")]

mod common;

use common::Place;
use std::path::PathBuf;
use weir_engine::{EngineError, Memory, Quiet, Said, Settings, Then, explain, open_lake, say};
use weir_model::disposition::{Act, Cover};
use weir_model::finding::State;
use weir_model::{Explained, Finding, Micros};
use weir_sources::secrets::Fingerprints;

/// A web server's log of nine days, some of whose hours lie in a file of their own.
struct Logs {
    place: Place,
    settings: Settings,
}

impl Logs {
    fn new() -> Self {
        let place = Place::new();
        let hour = |day: u32, hour: u32| -> String {
            let line = |n: u32| {
                format!(
                    "192.0.2.{} - - [{day:02}/Mar/2026:{hour:02}:{n:02}:{:02} +0000] \"GET /p/{} HTTP/1.1\" 200 {} \"-\" \"curl/8\"\n",
                    (n * 7 + hour) % 50,
                    n % 60,
                    n % 9,
                    500 + n
                )
            };
            (0..60).map(line).collect()
        };
        let lost = |d: u32, h: u32| d == 6 && (4..18).contains(&h);
        let all = || (1..10).flat_map(|d| (0..24).map(move |h| (d, h)));
        let kept: String = all().filter(|(d, h)| !lost(*d, *h)).map(|(d, h)| hour(d, h)).collect();
        let late: String = all().filter(|(d, h)| lost(*d, *h)).map(|(d, h)| hour(d, h)).collect();
        std::fs::write(place.path("kept.log"), kept).unwrap();
        std::fs::write(place.path("late.log"), late).unwrap();
        std::fs::write(place.path("weir.toml"), "[[source]]\nfiles = \"*.log\"\nsensor = \"edge\"\n")
            .unwrap();
        let settings = Settings::read(&place.path("weir.toml")).unwrap();
        Self { place, settings }
    }

    async fn findings(&self, files: &[&str]) -> Vec<Finding> {
        let files: Vec<PathBuf> = files.iter().map(|f| self.place.path(f)).collect();
        self.place.investigate_with(&files, self.settings.clone()).await.case.findings
    }

    /// The silence, wherever it stands in a run over some files.
    async fn silence(&self, files: &[&str]) -> Finding {
        let all = self.findings(files).await;
        all.into_iter().find(|f| f.detector == "blindspot").unwrap()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.place.path("case").join(name)).unwrap()
    }

    fn say(&self, id: &str, act: Act, until: Option<&str>, reason: &str) -> Result<(), EngineError> {
        let said = Said {
            finding: id.to_owned(),
            act,
            scope: Cover::Finding,
            until: until.map(|u| Micros::parse(u).unwrap()),
            reason: reason.to_owned(),
            by: "ann".to_owned(),
            time: Micros(0),
        };
        say(&self.place.path("case/lake"), said).map(|_| ())
    }

    async fn explain(&self, id: &str) -> Result<Explained, EngineError> {
        let lake = open_lake(&self.place.path("case/lake"), false, Memory::default()).await?;
        explain(&lake, id).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_say_of_a_finding_is_recorded_and_counts_from_then_on() {
    let logs = Logs::new();
    let found = logs.silence(&["kept.log"]).await;
    assert_eq!((found.state, &found.state_reason), (State::Open, &None));
    let wrong = logs.say("0123456789abcdef", Act::Acknowledge, None, "x").unwrap_err();
    assert_eq!(wrong.help().map(|h| h.contains(&found.id)), Some(true), "{wrong}");
    assert!(logs.say(&found.id, Act::Suppress, None, "for ever").is_err());
    assert!(logs.say(&found.id, Act::Acknowledge, None, "  \n").is_err());
    let recorded = logs.place.path("case/lake/dispositions.jsonl");
    assert!(!recorded.exists(), "what is refused is not recorded");

    logs.say(&found.id, Act::Acknowledge, None, "ticket 12").unwrap();
    let seen = logs.silence(&[]).await;
    assert_eq!(seen.state, State::Acknowledged);
    assert!(seen.state_reason.unwrap().ends_with("ticket 12"));

    // Quiet until a time that its last event has passed, then until one that it has not.
    logs.say(&found.id, Act::Suppress, Some("2026-03-06"), "a test").unwrap();
    assert_eq!(logs.silence(&[]).await.state, State::Acknowledged);
    logs.say(&found.id, Act::Suppress, Some("2026-03-10"), "a longer test").unwrap();
    assert_eq!(logs.explain(&found.id).await.unwrap().finding.state, State::Suppressed);
    let quiet = logs.silence(&[]).await;
    assert_eq!((quiet.state, quiet.dispositions.len()), (State::Suppressed, 3));
    assert!(logs.file("findings.jsonl").contains("\"state\":\"suppressed\""));
    assert!(logs.file("report.md").contains("Suppressed: told to be quiet"));

    logs.say(&found.id, Act::Reopen, None, "it was none").unwrap();
    assert_eq!(logs.silence(&[]).await.state, State::Open);
    let lines = std::fs::read_to_string(&recorded).unwrap();
    assert_eq!(lines.lines().count(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_that_late_records_take_away_stays_marked() {
    let logs = Logs::new();
    let found = logs.silence(&["kept.log"]).await;
    let all = logs.findings(&["late.log"]).await;
    let gone = all.iter().find(|f| f.id == found.id).unwrap();
    assert_eq!((gone.state, gone.superseded_by.as_deref()), (State::Superseded, None));
    let why = gone.state_reason.as_deref().unwrap();
    assert!(why.contains("records came that had been missing"), "{why}");
    assert_eq!(gone.limits.last().map(String::as_str), Some(why));
    assert_eq!(gone.evidence, found.evidence, "its records stay cited");
    assert!(logs.file("findings.jsonl").contains(&found.id));
    assert!(logs.file("report.md").contains("Superseded: no longer arising"));
    let (report, case) = (logs.file("report.html"), logs.file("case.json"));
    assert_eq!(logs.findings(&[]).await, all, "again changes nothing");
    assert_eq!((logs.file("report.html"), logs.file("case.json")), (report, case));
    assert_eq!(logs.explain(&found.id).await.unwrap().finding.state, State::Superseded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_question_supersedes_nothing() {
    let logs = Logs::new();
    let found = logs.silence(&["kept.log"]).await;
    let place = &logs.place;
    let before = weir_model::Span { since: None, until: Some(Micros::parse("2026-03-05").unwrap()) };
    let all = place.asked(&[], logs.settings.clone(), before).await.case.findings;
    assert!(all.iter().all(|f| f.id != found.id), "it lies after what is looked at");
    assert_eq!(logs.silence(&[]).await.state, State::Open);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_is_explained_from_the_lake() {
    let logs = Logs::new();
    let found = logs.silence(&["kept.log"]).await;
    let told = logs.explain(&found.id).await.unwrap();
    assert_eq!((&told.finding, told.members), (&found, 1));
    assert_eq!(told.manual, "weir detectors blindspot");
    let records = told.series.iter().find(|s| s.name == "records_a_day").unwrap();
    let per_day: Vec<f64> = records.points.iter().map(|p| p.1).collect();
    assert_eq!(per_day, [1440.0, 1440.0, 1440.0, 1440.0, 1440.0, 600.0, 1440.0, 1440.0, 1440.0]);
    let case: weir_model::case::Case = serde_json::from_str(&logs.file("case.json")).unwrap();
    assert!(case.series.contains(records), "the report plots the same days");
    assert!(logs.explain("0123456789abcdef").await.is_err());
    assert_eq!(told.limits, Vec::<String>::new());
    // The lake moves on: what is shown is no longer what was judged, and says so.
    let lake = open_lake(&logs.place.path("case/lake"), false, Memory::default()).await.unwrap();
    let (late, key) = ([logs.place.path("late.log")], Fingerprints::default());
    weir_engine::ingest(Then::Rest, &lake, &late, &[], &logs.settings, &key, &Quiet).await.unwrap();
    let told = logs.explain(&found.id).await.unwrap();
    assert!(told.limits.iter().any(|l| l.contains("has taken in logs since")), "{:?}", told.limits);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_reasons_are_inert_and_a_damaged_record_says_so() {
    let logs = Logs::new();
    let found = logs.silence(&["kept.log"]).await;
    let reason = "\x1b[31m</script><img src=x>\n# head\r\n{\"act\":\"reopen\"}\u{202e}|`=1+1";
    logs.say(&found.id, Act::Acknowledge, None, reason).unwrap();
    let recorded = logs.place.path("case/lake/dispositions.jsonl");
    let text = std::fs::read_to_string(&recorded).unwrap();
    assert_eq!((text.lines().count(), text.is_ascii()), (1, true));
    // As a crash in the middle of a line leaves it.
    std::fs::write(&recorded, format!("{text}{{\"time\":\"2026")).unwrap();
    logs.say(&found.id, Act::Annotate, None, "after the crash").unwrap();
    let seen = logs.silence(&[]).await;
    assert_eq!((seen.state, seen.dispositions.len()), (State::Acknowledged, 2));
    assert_eq!(seen.dispositions[0].reason, reason, "it is kept whole");
    for name in ["report.md", "report.html", "findings.jsonl", "case.json", "timeline.csv"] {
        let shown = logs.file(name);
        let hidden = |c: char| weir_engine::report::escape::is_hidden(c) && !"\r\n".contains(c);
        assert!(!shown.chars().any(hidden), "{name}");
        assert!(!shown.contains("\n# head"), "{name}");
    }
    assert!(!logs.file("report.html").contains("<img") && !logs.file("report.md").contains("<img"));
    assert!(logs.file("case.json").contains("line 2 of dispositions.jsonl beside the lake cannot be read"));
    let told = weir_engine::report::explain_text(&logs.explain(&found.id).await.unwrap(), "lake");
    assert!(told.iter().all(|l| !l.to_string().chars().any(weir_engine::report::escape::is_hidden)));
}
