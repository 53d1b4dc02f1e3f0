//! `report.pdf` as others read it: whole pages, nothing beside them, every glyph there, and the words of the other reports in it.
//!
//! Decisive choice: what is asserted is read back by poppler and qpdf, not by what wrote it. That it is PDF/A and PDF/UA is checked
//! while it is written (krilla refuses what either forbids: a missing glyph, a picture without words, a font left out).

mod tools;

use crate::{all, samples::*, text};
use std::{collections::BTreeSet, path::Path, time::Duration};
use tools::{Read, Word, reader};
use weir_model::{Language, case::Case};
use weir_report::pdf::{Layout, Paper, TEMPLATE, pdf};

/// Points of an A4 page.
const A4: (f64, f64) = (595.28, 841.89);
/// Points of a US letter.
const LETTER: (f64, f64) = (612.0, 792.0);
/// Where the foot of a page begins, in points from its lower edge.
const FOOT: f64 = 62.0;
/// Share of a page that is used at least, unless it is the last.
const USED_MIN: f64 = 0.35;

/// A case for readers of English and of Korean.
fn told(name: &str, case: &Case) -> [(String, Case); 2] {
    [(format!("{name} in English"), case.clone()), (format!("{name} in Korean"), in_korean(case.clone()))]
}

fn read(case: &Case) -> Option<Read> {
    reader().map(|tools| tools.read(&pdf(case, &Layout::default()).unwrap()))
}

/// No word, nor part of one, stands outside the margins or upon another; no page but the last is near empty.
fn is_laid_out(name: &str, read: &Read, (width, height): (f64, f64)) {
    for (number, page) in read.pages.iter().enumerate() {
        let at = |what: &str| format!("{name}, page {}: {what}", number + 1);
        assert!((page.width - width).abs() < 1.0 && (page.height - height).abs() < 1.0, "{}", at("its size"));
        assert!(page.words.len() > 20, "{}", at(&format!("{} words", page.words.len())));
        for word in &page.words {
            let inside = word.left >= 40.0
                && word.right <= width - 40.0
                && word.top >= 20.0
                && word.bottom <= height - 20.0;
            assert!(inside, "{}", at(&format!("{word:?} is outside")));
        }
        let met = met(&page.words);
        assert!(met.is_empty(), "{}", at(&format!("{met:?} meet")));
        let written = page.words.iter().map(|w| w.bottom).filter(|bottom| *bottom < height - FOOT);
        let used = written.fold(0.0, f64::max) / height;
        assert!(number + 1 == read.pages.len() || used > USED_MIN, "{}", at(&format!("{used:.2} used")));
    }
}

/// Words that stand upon each other. A word's box is as high as its font; its letters are not.
fn met(words: &[Word]) -> Vec<(&Word, &Word)> {
    let lies = |word: &Word| {
        let rim = (word.bottom - word.top) / 4.0;
        (word.top + rim, word.bottom - rim)
    };
    let mut sorted: Vec<&Word> = words.iter().collect();
    sorted.sort_by(|a, b| a.top.total_cmp(&b.top));
    let mut met = Vec::new();
    for (i, a) in sorted.iter().enumerate() {
        let below = sorted.iter().skip(i + 1).take_while(|b| b.top < a.bottom);
        for b in below {
            let across = a.right.min(b.right) - a.left.max(b.left);
            let down = lies(a).1.min(lies(b).1) - lies(a).0.max(lies(b).0);
            if across > 1.0 && down > 0.5 {
                met.push((*a, *b));
            }
        }
    }
    met
}

#[test]
fn pages_are_whole_and_nothing_stands_outside() {
    for (name, case) in all().iter().flat_map(|(name, case)| told(name, case)) {
        let Some(read) = read(&case) else { return };
        is_laid_out(&name, &read, A4);
        assert!(read.pages.len() >= 3 && read.pages.len() < 60, "{name}: {} pages", read.pages.len());
        assert_eq!(read.said, "", "{name}");
        assert!(!read.fonts.is_empty() && read.fonts.iter().all(|f| f.embedded), "{name}: {:?}", read.fonts);
        let between = if case.organisation.language == Language::Korean { "/" } else { "of" };
        let last = format!("{0} {between} {0}", read.pages.len());
        assert!(read.text.contains(&last), "{name}: {last}");
    }
}

/// One finding, thirty, three hundred: the pages grow with what is told, and no further.
#[test]
fn one_finding_thirty_and_three_hundred_are_set() {
    let mut pages = [Vec::new(), Vec::new()];
    for findings in [1, 30, 300] {
        for (i, (name, case)) in
            told(&format!("{findings} findings"), &many::case(findings)).iter().enumerate()
        {
            let Some(read) = read(case) else { return };
            is_laid_out(name, &read, A4);
            let told = findings.min(100);
            assert!(read.bookmarks >= 13 + told, "{name}: {} bookmarks", read.bookmarks);
            assert!(read.text.contains("주식회사 가람유통 (Garam)"), "Hangul is text, not shapes");
            pages[i].push(read.pages.len());
        }
    }
    for pages in pages {
        assert!(pages[0] < pages[1] && pages[1] < pages[2] && pages[2] < 300, "{pages:?}");
    }
}

#[test]
fn letter_paper_has_its_own_pages() {
    let Some(tools) = reader() else { return };
    let layout = Layout { paper: Paper::UsLetter, ..Layout::default() };
    let cases = all().into_iter().chain([("thirty", many::case(30))]);
    for (name, case) in cases.flat_map(|(name, case)| told(name, &case)) {
        let read = tools.read(&pdf(&case, &layout).unwrap());
        is_laid_out(&format!("{name} on letter"), &read, LETTER);
    }
}

/// The words of both, without what breaks lines.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[test]
fn the_pdf_says_what_the_other_reports_say() {
    for (name, case) in all().into_iter().filter(|(name, _)| *name != "hostile") {
        let Some(read) = read(&case) else { return };
        let whole = squeezed(&read.text);
        let markdown = text("markdown", &case);
        let stated =
            markdown.lines().filter_map(|line| line.strip_prefix("- ")).filter(|l| !l.starts_with("**"));
        let headings = markdown.lines().filter_map(|line| line.strip_prefix("## "));
        let mut compared = 0;
        for line in stated.chain(headings) {
            let plain = line
                .trim_end()
                .replace(['\\', '`'], "")
                .replace("&#58;", ":")
                .replace("&#46;", ".")
                .replace("&lt;", "<")
                .replace("&gt;", ">");
            let plain = plain.split(" (because of").next().unwrap_or_default();
            assert!(whole.contains(&squeezed(plain)), "{name}: {plain}");
            compared += 1;
        }
        assert!(compared > 15, "{name}: {compared} lines");
    }
}

#[test]
fn names_of_logs_are_words_and_nothing_else() {
    let case = hostile::case();
    let bytes = pdf(&case, &Layout::default()).unwrap();
    for acts in ["/JavaScript", "/JS", "/URI", "/Launch", "/EmbeddedFile", "/OpenAction", "/AA"] {
        assert!(!bytes.windows(acts.len()).any(|part| part == acts.as_bytes()), "{acts}");
    }
    assert!(bytes.len() < 3_000_000, "{} bytes", bytes.len());
    let Some(read) = read(&case) else { return };
    assert!(read.text.contains("<script>alert(1)</script>") && read.text.contains("{{7*7}}"));
    assert!(squeezed(&read.text).contains("U202E") && read.text.contains("␛"));
    // Typst joins a number to the dots before it, in the table of contents, with U+2060.
    let ours = "\r\n\x0c\u{2060}";
    let hidden: BTreeSet<char> =
        read.text.chars().filter(|c| weir_report::escape::is_hidden(*c) && !ours.contains(*c)).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn that_characters_are_numbered_is_said_where_one_is() {
    for (case, is_said) in [(shop::case(), false), (hostile::case(), true)] {
        for (_, case) in told("", &case) {
            let Some(read) = read(&case) else { return };
            assert_eq!(read.text.contains("<U+6C34>"), is_said);
        }
    }
}

/// Typst's own markup and code, everywhere that a log's names come: it is told as it stands.
#[test]
fn markup_in_a_name_is_not_read() {
    let attacks = [
        "#panic(\"x\")",
        "*b* _i_ = h",
        "#read(\"/etc/passwd\")",
        "$ x $ @ref <label>",
        "\\u{202e} // c /* c */",
        "#[",
        "'\"\"'--...~",
    ];
    let mut case = shop::case();
    for (i, attack) in attacks.iter().cycle().take(40).enumerate() {
        case.findings[0].entities.push(entity(weir_model::EntityKind::Actor, attack));
        case.limits.push((*attack).to_owned());
        case.findings[i % 2].title = format!("{attack} {i}");
    }
    case.organisation.name = Some(attacks.join(" "));
    let Some(read) = read(&case) else { return };
    for attack in attacks {
        assert!(read.text.contains(attack), "{attack}");
    }
}

/// Every character that a font claims is accepted by PDF/A, and every other is written by number.
#[test]
fn every_character_there_is_can_be_in_a_name() {
    let mut case = quiet();
    let spans = [
        0u32..0x3400,
        0xa000..0xa100,
        0xac00..0xac80,
        0xd780..0xd7b0,
        0xe000..0xe010,
        0xf8f0..0x1_0100,
        0x1_f300..0x1_f700,
    ];
    let every: Vec<char> = spans.into_iter().flatten().filter_map(char::from_u32).collect();
    case.limits = every.chunks(100).map(|some| some.iter().collect()).collect();
    assert!(pdf(&case, &Layout::default()).unwrap().starts_with(b"%PDF-1.7"));
}

#[test]
fn a_template_of_ones_own_is_used_and_reaches_nothing_else() {
    let with = |typst: &str| {
        let template = [("report.typ".to_owned(), typst.as_bytes().to_vec())].into();
        pdf(&shop::case(), &Layout { template, ..Layout::default() })
    };
    let own = "#set document(title: \"x\")\n#set text(lang: \"en\", font: \"Noto Sans\")\n#let r = json(\"report.json\")\n= #r.case.pieces.flatten().join()";
    let Some(tools) = reader() else { return };
    let read = tools.read(&with(own).unwrap());
    assert_eq!((read.pages.len(), squeezed(&read.text)), (1, "4be7719fd02a6c31".to_owned()));
    assert_eq!(with(TEMPLATE).unwrap(), pdf(&shop::case(), &Layout::default()).unwrap());
    for (typst, why) in [
        ("#read(\"/etc/passwd\")", "file not found"),
        ("#read(\"../secret\")", "report.typ:1:"),
        ("#import \"@preview/x:0.1.0\": y", "file not found"),
        ("#datetime.today()", "unable to get the current date"),
        ("\n#nothing", "report.typ:2:2: unknown variable: nothing"),
    ] {
        let said = with(typst).unwrap_err().to_string();
        assert!(said.contains(why), "{typst}: {said}");
    }
}

#[test]
fn a_folder_is_a_template_if_it_has_the_main_file() {
    let root = tempfile::tempdir().unwrap();
    let said = weir_report::read_template(root.path()).unwrap_err().to_string();
    assert!(said.ends_with("is no template: it holds no `report.typ`"), "{said}");
    std::fs::create_dir(root.path().join("parts")).unwrap();
    for file in ["report.typ", "parts/head.typ"] {
        std::fs::write(root.path().join(file), "x").unwrap();
    }
    let files = weir_report::read_template(root.path()).unwrap();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["parts/head.typ", "report.typ"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link")).unwrap();
        let said = weir_report::read_template(root.path()).unwrap_err().to_string();
        assert!(said.contains("`link` is no ordinary file"), "{said}");
    }
    assert!(weir_report::read_template(Path::new("/nowhere")).is_err());
}

/// Ten thousand findings are cut as every report cuts them, so their PDF costs what a hundred cost.
#[test]
fn ten_thousand_findings_are_cut_and_quick() {
    let case = many::case(10_000);
    let (done, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(pdf(&case, &Layout::default()).map(|bytes| bytes.len())));
    let bytes = waits.recv_timeout(Duration::from_secs(120)).unwrap().unwrap();
    assert!(bytes < 5_000_000, "{bytes} bytes");
}
