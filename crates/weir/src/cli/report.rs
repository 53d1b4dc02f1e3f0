//! Flags of `weir report`.

use clap::{Args, ValueHint};
use std::path::PathBuf;
use weir_engine::report::pdf::Paper;
use weir_model::Language;

/// `weir report`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir report case/ --format stix -o case.stix.json
  weir report case/ --format pdf --language ko -o report.ko.pdf
  weir report case/ --masked -o pass-on/                   the whole case without personal data
  weir report case/ --masked --keep-origins -o for-the-soc/    the same with addresses as they are

--masked writes the version that may be passed on. People, whoever acts (a person or a program: logs do not tell), credentials, keys, addresses, networks, clients,
resources, machines and accounts stand under keyed pseudonyms: the same one wherever it is the same one, and the same as `weir scope --masked` and `weir sql` give,
so that somebody can be followed from one document to the next. Ids of findings are keyed too, since they are hashes of whom a finding accuses; findings stand in
the order of the case. Of texts those words are left that Weir writes itself, names of datasets, sensors and log files, numbers and dates; the rest reads
`(masked)`. Queries, rejected lines, notes on findings and who wrote them are left out.

Addresses are personal data where they are somebody's, so they are masked. Whoever has to block them needs them as they are: --keep-origins passes on
addresses and networks, and nothing else more. Names of log files, of the organisation and of datasets stay, unless whoever is exposed or accused stands in them:
read them before you pass them on. Counts stay; of few people they may tell who is meant.")]
pub struct Report {
    /// The case folder.
    #[arg(value_name = "CASE", value_hint = ValueHint::DirPath)]
    pub case: PathBuf,
    /// The format (`weir formats` lists them); with --masked the whole case when absent.
    #[arg(long, value_name = "NAME", required_unless_present = "masked")]
    pub format: Option<String>,
    /// The version to pass on, without personal data: people under keyed pseudonyms.
    #[arg(long)]
    pub masked: bool,
    /// Show addresses and networks as they are, for whoever has to block them.
    #[arg(long, requires = "masked")]
    pub keep_origins: bool,
    /// The file to write, stdout when absent; of a whole case the folder, readable by you alone.
    #[arg(short, long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    pub output: Option<PathBuf>,
    /// Of a report for people (html, markdown, pdf): its language, en or ko; when absent that of the case (`language` in weir.toml).
    #[arg(long, value_name = "LANGUAGE", value_parser = language)]
    pub language: Option<Language>,
    /// Of a PDF: its paper, a4 or us-letter.
    #[arg(long, value_name = "PAPER", default_value = "a4", value_parser = paper)]
    pub paper: Paper,
    /// Of a PDF: a folder whose report.typ stands in for the built-in template.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub templates: Option<PathBuf>,
}

/// A language by its code.
fn language(code: &str) -> Result<Language, String> {
    Language::named(code).ok_or_else(|| format!("`{code}` is no language of reports; write en or ko"))
}

/// A paper by name.
fn paper(name: &str) -> Result<Paper, String> {
    Paper::named(name).ok_or_else(|| format!("`{name}` is no paper; write a4 or us-letter"))
}
