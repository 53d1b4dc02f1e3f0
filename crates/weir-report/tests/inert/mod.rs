//! Hostile strings are inert in each format: every string that would act somewhere is put everywhere.

use crate::{
    samples::{
        batched,
        hostile::{self, ATTACKS},
    },
    text,
};
use std::collections::BTreeSet;

fn no_hidden(text: &str, name: &str) {
    let hidden: BTreeSet<char> =
        text.chars().filter(|c| weir_report::escape::is_hidden(*c) && !"\r\n".contains(*c)).collect();
    assert!(hidden.is_empty(), "{name}: {hidden:?}");
}

/// Tags with their attribute names, and the text between, by the rules a browser reads well-formed HTML with.
fn tags(html: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "/!-".contains(*c)).collect();
        rest = &rest[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\n']);
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break;
            }
            let attribute: String = rest.chars().take_while(|c| !"=> \n".contains(*c)).collect();
            assert!(!attribute.is_empty(), "a broken tag `{name}` before `{}`", &rest[..rest.len().min(60)]);
            rest = &rest[attribute.len()..];
            if let Some(value) = rest.strip_prefix("=\"") {
                let end = value.find('"').unwrap();
                assert!(!attribute.starts_with("href") || value.starts_with('#'), "{}", &value[..end]);
                rest = &value[end + 1..];
            }
            attributes.push(attribute);
        }
        if name == "style" {
            rest = &rest[rest.find("</style>").unwrap()..];
        }
        found.push((name, attributes));
    }
    found
}

#[test]
fn html_holds_only_our_own_tags() {
    let html = text("html", &hostile::case());
    no_hidden(&html, "html");
    let ours = text("html", &crate::samples::shop::case()) + &text("html", &crate::samples::cloud::case());
    let ours: BTreeSet<_> = tags(&ours).into_iter().flat_map(|(t, a)| a.into_iter().chain([t])).collect();
    let mut open = Vec::new();
    for (tag, attributes) in tags(&html) {
        for word in attributes.iter().chain([&tag]) {
            assert!(ours.contains(word), "`{word}` is not ours");
        }
        match tag.strip_prefix('/') {
            Some(close) => assert_eq!(open.pop().as_deref(), Some(close), "tags are balanced"),
            None if ["meta", "!DOCTYPE"].contains(&tag.as_str()) => {}
            None => open.push(tag),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for absent in ["script", "img", "iframe", "link", "object", "onerror", "onload"] {
        assert!(!ours.contains(absent), "{absent}");
    }
    let style = html.find("url(").map(|_| html.matches("url(").count());
    assert_eq!(style, Some(html.matches("url(#").count()), "only anchors are fetched");
    assert!(html.contains("<U+202E>") || html.contains("&lt;U+202E&gt;"));
    assert!(html.contains("…(1048576 bytes)") || html.contains("bytes)"));
    assert!(html.len() < 3_000_000, "{} bytes", html.len());
}

#[test]
fn markdown_has_no_html_no_links_and_whole_tables() {
    let report = text("markdown", &hostile::case());
    no_hidden(&report, "markdown");
    let mut fence: Option<String> = None;
    let mut columns = 0;
    for line in report.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            _ => {}
        }
        if fence.is_some() || line.starts_with("```") {
            continue;
        }
        let prose = without_code(line);
        let html = prose.replace("<sub>", "").replace("</sub>", "");
        assert!(!html.contains('<'), "raw HTML: {line}");
        assert!(!prose.replace("\\]", "").contains("]("), "a link: {line}");
        assert!(
            !prose.contains("://") && !prose.contains("www.") && !prose.contains('@'),
            "a bare link: {line}"
        );
        let cells = line.replace("\\|", "").matches('|').count();
        columns = if !line.starts_with('|') { 0 } else { if columns == 0 { cells } else { columns } };
        assert!(columns == 0 || cells == columns, "a broken row: {line}");
    }
    assert!(fence.is_none(), "a fence was closed by a name");
}

/// A line without its code spans, read as CommonMark does: a run of backticks closes a run of the same length.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        if rest[..at].ends_with('\\') {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        }
        out.push_str(&rest[..at]);
        let run = rest[at..].chars().take_while(|c| *c == '`').count();
        let mut after = at + run;
        loop {
            let Some(next) = rest[after..].find('`') else { panic!("an open code span: {line}") };
            let start = after + next;
            let length = rest[start..].chars().take_while(|c| *c == '`').count();
            after = start + length;
            if length == run {
                break;
            }
        }
        rest = &rest[after..];
    }
    out + rest
}

#[test]
fn csv_cells_are_no_formulas() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    weir_report::write_case(&case, &hostile::case(), batched(hostile::people()), hostile::rejects()).unwrap();
    for file in ["scope.csv", "timeline.csv"] {
        let bytes = std::fs::read(case.join(file)).unwrap();
        no_hidden(std::str::from_utf8(&bytes).unwrap(), file);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let mut rows = 0;
        for row in reader.records() {
            for cell in &row.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{file}: {cell}");
            }
            rows += 1;
        }
        assert!(rows >= 4, "{file}: {rows} rows");
    }
}

#[test]
fn exports_are_json_in_which_nothing_hides() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    weir_report::write_case(&case, &hostile::case(), batched(hostile::people()), hostile::rejects()).unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(case.join("exports")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "json" || kind == "jsonld") {
            let file = path.display().to_string();
            let written = std::fs::read_to_string(&path).unwrap();
            no_hidden(&written, &file);
            files += 1;
            each_text(&serde_json::from_str(&written).unwrap(), &mut |text| {
                no_hidden(text, &file);
                assert!(
                    text.len() <= 3 * weir_report::escape::SENTENCE_BYTES_MAX,
                    "{file}: {} bytes",
                    text.len()
                );
            });
        }
    }
    assert_eq!(files, 5, "Attack Flow, CASE, Navigator, STIX and VERIS");
}

/// Every text of a value, keys included.
fn each_text(value: &serde_json::Value, seen: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => seen(text),
        serde_json::Value::Array(all) => all.iter().for_each(|value| each_text(value, seen)),
        serde_json::Value::Object(all) => all.iter().for_each(|(key, value)| {
            seen(key);
            each_text(value, seen);
        }),
        _ => {}
    }
}

#[test]
fn json_lines_stay_lines_and_whole() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    let written =
        weir_report::write_case(&case, &hostile::case(), batched(hostile::people()), hostile::rejects())
            .unwrap();
    assert_eq!(written.rejects, ATTACKS.len() as u64);
    let mut texts = BTreeSet::new();
    let inside: Vec<_> = written.files.iter().filter(|(f, _)| f.ends_with(".jsonl")).collect();
    assert_eq!(inside.len(), ATTACKS.len() + 3, "a file for each log, and findings, intake and OCSF events");
    for (file, _) in inside {
        let text = std::fs::read_to_string(case.join(file)).unwrap();
        no_hidden(&text, file);
        for line in text.lines() {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            texts.extend(value.get("text").and_then(|t| t.as_str()).map(str::to_owned));
        }
    }
    assert!(ATTACKS.iter().all(|a| texts.contains(*a)), "rejects keep their text whole");
    no_hidden(&text("case", &hostile::case()), "case.json");
}
