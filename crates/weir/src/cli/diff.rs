//! Flags of `weir diff`.
//!
//! Decisive choice: the format of what is written follows from the name of the file, and the exit code says nothing of a difference unless that is asked for.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `weir diff`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  weir diff case-march/ case-april/                 what changed, in short
  weir diff case-march/ case-april/ -o diff.html    the same in full; or .md, .json
  weir diff old/ new/ --people people.csv           and who came, went or changed, by name
  weir diff old/ new/ --json                        for programs (see `weir schema diff`)
  weir diff last/ tonight/ --exit-code              exit 3 if anything differs

Findings are matched by id. Of one that is gone, the finding that took its place is named if the
case states it; else the one that is probably the same: of the same detector, at the same time,
accusing more than half of the same. Superseded findings are not compared, nor are timeline,
traces and texts, which follow from the rest. Neither case needs its lake.")]
pub struct Diff {
    /// The case folder of the earlier run.
    #[arg(value_name = "CASE_OLD", value_hint = ValueHint::DirPath)]
    pub old: PathBuf,
    /// The case folder of the later run.
    #[arg(value_name = "CASE_NEW", value_hint = ValueHint::DirPath)]
    pub new: PathBuf,
    /// The file to write, as its name ends: .html, .md or .json.
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// A table to write of everybody who came, went or changed, by name: a CSV that you alone can read.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub people: Option<PathBuf>,
    /// Exit with 3 if anything that is compared differs, or something could not be compared.
    #[arg(long)]
    pub exit_code: bool,
}
