//! A large case, written as a case folder: `cargo run --release -p weir-report --example large_case -- FOLDER FINDINGS PEOPLE`.
//!
//! Decisive choice: the case of the layout tests, with as many findings as asked for, traces and days of the first as an investigation keeps them,
//! and people made batch by batch as a lake gives them; so what `cargo xtask bench report` measures is the report and no detection.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    dead_code,
    reason = "a program for people, on data of its own; samples that only tests use"
)]

mod people;
#[path = "../../tests/samples/mod.rs"]
mod samples;

use people::{PLOTTED, TRACED, people};
use samples::{in_korean, many};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, findings, subjects] = arguments.as_slice() else {
        println!("usage: large_case FOLDER FINDINGS PEOPLE");
        return;
    };
    let case = in_korean(many::kept(findings.parse().unwrap(), TRACED, PLOTTED));
    let written = weir_report::write_case(
        folder.as_ref(),
        &case,
        people(subjects.parse().unwrap()),
        std::iter::empty(),
    );
    let written = written.unwrap();
    println!("{} people, {} files", written.subjects, written.files.len());
}
