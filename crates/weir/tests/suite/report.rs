//! `weir report` at a terminal: one format again, the same as in the folder.

use crate::terminal::Terminal;

#[test]
fn one_format_is_written_again_as_it_stands_in_the_case() {
    let here = Terminal::new();
    let line = |n: u32| {
        format!(
            "192.0.2.7 - - [01/Mar/2026:00:{n:02}:00 +0000] \"GET /members/{n}/profile HTTP/1.1\" 200 90 \"-\" \"curl/8\"\n"
        )
    };
    std::fs::create_dir(here.path("logs")).unwrap();
    std::fs::write(here.path("logs/access.log"), (0..40).map(line).collect::<String>()).unwrap();
    here.said(&["investigate", "logs", "-o", "case"]);
    for (format, file) in
        [("stix", "exports/stix.json"), ("markdown", "report.md"), ("veris", "exports/veris.json")]
    {
        let kept = std::fs::read_to_string(here.path("case").join(file)).unwrap();
        assert!(!kept.is_empty());
        assert_eq!(here.said(&["report", "case", "--format", format]), kept, "{format}");
        here.said(&["report", "case", "--format", format, "-o", "again"]);
        assert_eq!(std::fs::read_to_string(here.path("again")).unwrap(), kept, "{format}");
    }
    let kept = std::fs::read(here.path("case/report.pdf")).unwrap();
    here.said(&["report", "case", "--format", "pdf", "-o", "again.pdf"]);
    assert!(std::fs::read(here.path("again.pdf")).unwrap() == kept && kept.starts_with(b"%PDF-1.7"));
    here.said(&["report", "case", "--format", "pdf", "--paper", "us-letter", "-o", "letter.pdf"]);
    assert!(std::fs::read(here.path("letter.pdf")).unwrap() != kept);
    let custody = std::fs::read_to_string(here.path("case/lake/custody.jsonl")).unwrap();
    assert!(custody.contains("weir report"), "{custody}");
    for (flags, words) in [
        (&["--format", "stix", "--paper", "us-letter"][..], "are of a PDF"),
        (&["--format", "pdf", "--paper", "a3"], "a4 or us-letter"),
        (&["--format", "pdf", "--templates", "logs"], "holds no `report.typ`"),
    ] {
        let done = here.weir(&[&["report", "case"], flags].concat());
        let said = crate::terminal::words(&done.stderr);
        assert!(!done.status.success() && said.contains(words), "{said}");
    }
    for (format, words) in [("stxi", "did you mean `stix`?"), ("scope", "whole case folder")] {
        let done = here.weir(&["report", "case", "--format", format]);
        let said = crate::terminal::words(&done.stderr);
        assert!(!done.status.success() && said.contains(words), "{said}");
    }
}
