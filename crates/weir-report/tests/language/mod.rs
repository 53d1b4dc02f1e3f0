//! A report in another language says the same, and nothing of it stands in English that Weir wrote itself.

use crate::{samples::*, text};
use std::collections::BTreeMap;
use weir_model::{Claim, Entity, EntityKind, Language, Micros, case::Case};

/// What Korean readers have in their own time besides.
const IN_KOREA: &str = "한국시각(KST, UTC+9)으로는 ";

/// Without times of Korea.
fn in_utc(report: &str) -> String {
    let line = |line: &str| match line.split_once(IN_KOREA) {
        Some((before, after)) => {
            format!("{before}{}\n", after.split_once(". ").map_or(after, |(_, rest)| rest))
        }
        None => format!("{line}\n"),
    };
    report.lines().map(line).collect()
}

fn korean(case: Case) -> String {
    text("markdown", &in_korean(case))
}

/// How often each number of two digits or more stands in it; months are numbers in Korean only.
fn numbers(text: &str) -> BTreeMap<&str, usize> {
    let mut all = BTreeMap::new();
    let parts = text.split(|c: char| !c.is_ascii_digit() && c != ',' && c != '.');
    let parts = parts.map(|part| part.trim_matches([',', '.'])).filter(|part| part.len() > 2);
    parts.for_each(|part| *all.entry(part).or_default() += 1);
    all
}

#[test]
fn the_same_numbers_stand_in_every_language() {
    for case in [shop::case(), cloud::case(), judged::case(), many::case(6), quiet(), nothing()] {
        let (english, korean) = (text("markdown", &case), in_utc(&korean(case)));
        assert_ne!(english, korean);
        let (mut gone, mut new) = (numbers(&english), numbers(&korean));
        gone.retain(|number, n| new.get(number) != Some(n));
        new.retain(|number, n| numbers(&english).get(number) != Some(n));
        assert_eq!((gone, new), (BTreeMap::new(), BTreeMap::new()));
    }
}

#[test]
fn a_name_that_reads_like_sentences_of_ours_stays_whole() {
    let login = "ann; 3 people; nobody is named by records; bob";
    let mut case = shop::case();
    let finding = &mut case.findings[0];
    finding.entities.push(Entity::new(EntityKind::Actor, login));
    finding.title = format!("{login} tried in vain to switch logging off");
    case.timeline[0].what = format!("{login} created the user x");
    let said = korean(case.clone());
    assert!(said.contains(&format!("{login}가 로그 기록을")), "{said}");
    assert!(said.contains(&format!("{login}, 사용자 생성: x")), "{said}");
    let page = text("html", &in_korean(case));
    assert!(page.contains(&format!("{login}가 로그 기록을")) && !page.contains('\u{a0}'), "{page}");
}

#[test]
fn a_page_in_korean_has_its_font_inside() {
    let page = text("html", &in_korean(quiet()));
    let (before, after) = page.split_once("src:url(data:font/otf;base64,").unwrap();
    let font: String =
        after.chars().take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
    assert!(font.starts_with("T1RUTw") && font.len() > 1_000_000, "an OpenType font, whole");
    assert!(before.contains("font-src data:") && after.contains("--sans:\"Weir Hangul\","));
    assert!(!text("html", &quiet()).contains("@font-face"), "which a page in English does not need");
}

#[test]
fn korean_readers_have_the_period_in_their_own_time_as_well() {
    let mut case = shop::case();
    let at = |text: &str| Some(Micros::parse(text).unwrap());
    (case.scope.first, case.scope.last) = (at("2024-12-31T14:59:59Z"), at("2024-12-31T15:00:00Z"));
    for report in [korean(case.clone()), text("html", &in_korean(case.clone()))] {
        assert!(report.contains("2024년 12월 31일 14:59:59부터 15:00:00 UTC까지"), "{report}");
        let told = "한국시각(KST, UTC+9)으로는 2024년 12월 31일 23:59:59부터 2025년 1월 1일 00:00:00까지.";
        assert!(report.contains(told), "{report}");
    }
    assert!(!text("markdown", &case).contains("KST"), "which readers of English did not ask for");
    case.scope.last = case.scope.first;
    assert!(korean(case).contains("한국시각(KST, UTC+9)으로는 2024년 12월 31일 23:59:59."));
}

#[test]
fn a_report_without_findings_has_no_word_of_english() {
    for (name, case) in [("quiet", quiet()), ("nothing", nothing())] {
        let lacking: Vec<String> = korean(case)
            .lines()
            .flat_map(|line| weir_report::language::lacks(Language::Korean, line))
            .collect();
        assert!(lacking.is_empty(), "{name}: {lacking:#?}");
    }
}

#[test]
fn a_map_is_told_in_every_language() {
    let mut case = shop::case();
    let words = korean(case.clone());
    assert!(words.contains("1. 싱가포르(SG): 18,990명, 기록 131,240건. 2. 네덜란드(NL): 2,104명"), "{words}");
    assert!(words.contains("6. EU(지도에 없음): 3명, 기록 4건. 자국: 대한민국(KR)."));
    case.organisation.language = Language::Korean;
    let html = text("html", &case);
    for note in [
        "색이 뚜렷할수록 많음: ",
        "여러 국가에서 열람된 사람은",
        "알 수 없는 기록 254건",
        "국가는 데이터베이스상",
    ] {
        assert!(html.contains(note), "{note}");
    }
}

#[test]
fn attempts_trails_and_steps_are_told_as_koreans_tell_them() {
    let said = |text| weir_report::language::say(Language::Korean, text).into_owned();
    for (text, told) in [
        (
            "ann tried in vain: stopped the trail a and 2 more",
            "ann이 트레일 중지를 시도하였으나 실패함: a 외 2건",
        ),
        ("ann tried in vain: deleted the trail", "ann이 트레일 삭제를 시도하였으나 실패함"),
        ("Discovery", "탐색 (Discovery)"),
        (
            "Discovery (T1087.004 Account Discovery: Cloud Account)",
            "탐색 (Discovery: T1087.004 Account Discovery: Cloud Account)",
        ),
        ("Discovered", "인지 경위"),
    ] {
        assert_eq!(said(text), told);
    }
    let page = text("html", &in_korean(cloud::case()));
    let steps: Vec<&str> = page
        .split("<li>")
        .filter(|item| item.contains("이 행위자로 활동, ") && item.starts_with("<code"))
        .collect();
    assert!(!steps.is_empty() && steps.iter().all(|step| step.contains("</code> → <code")), "{steps:?}");
}

#[test]
fn names_of_logs_stay_as_they_are() {
    let korean = korean(hostile::case());
    assert!(korean.contains("위반") || korean.contains("탐지"), "it is in Korean");
    assert!(korean.contains("7\\*7") || korean.contains("7*7"), "{korean}");
}

/// A case in which everything that can be called by a word is: datasets, the organisation, whoever acts, sensors, files, who said something.
fn called(word: &str) -> Case {
    let mut case = judged::case();
    case.organisation.name = Some(word.to_owned());
    case.organisation.sector = Some(word.to_owned());
    for line in case.incident.details.iter_mut().filter(|line| line.label == "Sector") {
        if let Claim::Stated { value, .. } = &mut line.statement {
            *value = word.to_owned();
        }
    }
    let actor = || Entity::new(EntityKind::Actor, word);
    case.datasets.iter_mut().for_each(|d| d.name = word.to_owned());
    for sensor in &mut case.coverage {
        sensor.gaps.iter_mut().for_each(|gap| gap.what = word.to_owned());
        sensor.sensor = word.to_owned();
    }
    for event in &mut case.timeline {
        event.entities = vec![actor()];
        event.what = format!("{word} created an access key for {word}");
    }
    for finding in &mut case.findings {
        finding.entities = vec![actor()];
        finding.title = format!("{word} acted from a network it had never used: {word}");
        finding.dispositions.iter_mut().for_each(|d| d.by = word.to_owned());
    }
    case.intake.iter_mut().for_each(|file| file.path = word.to_owned());
    for trace in case.traces.values_mut() {
        trace.nodes.iter_mut().for_each(|node| node.entity = actor());
        trace.edges.iter_mut().for_each(|edge| (edge.from, edge.to) = (actor(), actor()));
    }
    case
}

#[test]
fn whatever_is_called_as_weir_calls_something_keeps_its_name() {
    for word in ["Impact", "Unknown", "members", "Exfiltration"] {
        for format in ["markdown", "html"] {
            let other = format!("Zq{word}");
            let report = |word: &str| text(format, &in_korean(called(word))).replace("><", ">\n<");
            let (named, told) = (report(&other).replace(&other, word), report(word));
            let differ = named.lines().zip(told.lines()).find(|(named, told)| named != told);
            assert_eq!(differ, None, "{format}");
        }
    }
}
