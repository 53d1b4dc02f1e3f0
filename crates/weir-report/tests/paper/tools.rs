//! What reads a PDF for the tests: poppler's tools and qpdf, installed once where that is allowed.

use crate::debian;
use std::{
    process::{Command, Output},
    sync::LazyLock,
};

const NEEDED: [&str; 4] = ["pdftotext", "pdffonts", "pdfinfo", "qpdf"];

/// That the tools are there.
pub struct Tools(());

/// A word on a page, in points from its top left corner.
#[derive(Debug)]
pub struct Word {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    /// The word.
    _text: String,
}

/// A page.
pub struct Page {
    pub width: f64,
    pub height: f64,
    pub words: Vec<Word>,
}

/// A font of a file.
#[derive(Debug)]
pub struct Font {
    _name: String,
    pub embedded: bool,
}

/// A file as the tools read it.
pub struct Read {
    pub pages: Vec<Page>,
    pub text: String,
    pub fonts: Vec<Font>,
    pub bookmarks: usize,
    /// What is wrong with it.
    pub said: String,
}

/// The tools, installed once; `None`, said, where that cannot be.
pub fn reader() -> Option<Tools> {
    static INSTALLED: LazyLock<Result<(), String>> =
        LazyLock::new(|| debian::have_all(&NEEDED, &["poppler-utils", "qpdf"]));
    debian::or_skipped("the PDF cannot be read", INSTALLED.clone()).map(Tools)
}

impl Tools {
    /// Reads a file with all of them.
    pub fn read(&self, bytes: &[u8]) -> Read {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("report.pdf");
        std::fs::write(&file, bytes).unwrap();
        let ran = |tool: &str, arguments: &[&str], after: &[&str]| -> Output {
            Command::new(tool).args(arguments).arg(&file).args(after).output().unwrap()
        };
        let told = |output: Output| String::from_utf8_lossy(&output.stdout).into_owned();
        let checked = ran("qpdf", &["--check"], &[]);
        let mut said = String::from_utf8_lossy(&checked.stderr).into_owned();
        if !checked.status.success() {
            said.push_str(&String::from_utf8_lossy(&checked.stdout));
        }
        let info = ran("pdfinfo", &[], &[]);
        // Poppler before 23 takes a `Suspects` that says false for one of a wrong type.
        let told_apart = |line: &&str| !line.contains("Suspects object is wrong type");
        said.extend(String::from_utf8_lossy(&info.stderr).lines().filter(told_apart));
        let info = told(info);
        if !info.lines().any(|l| l.starts_with("Tagged:") && l.ends_with("yes")) {
            said.push_str("it is not tagged");
        }
        let fonts = told(ran("pdffonts", &[], &[]));
        let outline = told(ran("qpdf", &["--json", "--json-key=outlines"], &[]));
        Read {
            pages: pages(&told(ran("pdftotext", &["-bbox"], &["-"]))),
            text: told(ran("pdftotext", &["-raw"], &["-"])),
            fonts: fonts.lines().skip(2).map(font).collect(),
            bookmarks: outline.matches("\"title\"").count(),
            said,
        }
    }
}

/// A line of `pdffonts`: its columns stand at fixed places from the right.
fn font(line: &str) -> Font {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let embedded = columns.len() > 5 && columns[columns.len() - 5] == "yes";
    Font { _name: columns.first().copied().unwrap_or_default().to_owned(), embedded }
}

fn number(tag: &str, name: &str) -> f64 {
    let after = tag.split_once(&format!("{name}=\"")).map_or("", |(_, after)| after);
    after.split('"').next().unwrap_or_default().parse().unwrap()
}

fn pages(boxes: &str) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for line in boxes.lines().map(str::trim) {
        if line.starts_with("<page ") {
            pages.push(Page {
                width: number(line, "width"),
                height: number(line, "height"),
                words: Vec::new(),
            });
        } else if let (true, Some(page)) = (line.starts_with("<word "), pages.last_mut()) {
            let text =
                line.split_once('>').map_or("", |(_, text)| text).trim_end_matches("</word>").to_owned();
            page.words.push(Word {
                left: number(line, "xMin"),
                top: number(line, "yMin"),
                right: number(line, "xMax"),
                bottom: number(line, "yMax"),
                _text: text,
            });
        }
    }
    pages
}
