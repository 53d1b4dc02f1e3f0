//! Writes a world: `cargo run -p weir-sim --example generate -- shop -o DIR --seed 7 [--days D] [--scale S] [--codec plain|gzip|LEVEL]`.

use std::path::PathBuf;
use std::process::ExitCode;

use weir_sim::{Codec, Options, simulate};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program's business is with its terminal")]
fn main() -> ExitCode {
    match run() {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().ok_or(
        "usage: generate SCENARIO -o DIR --seed N [--days D] [--scale S] [--codec plain|gzip|LEVEL]",
    )?;
    let mut options = Options::default();
    let mut out = None;
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("`{flag}` needs a value"))?;
        match flag.as_str() {
            "-o" => out = Some(PathBuf::from(value)),
            "--seed" => options.seed = value.parse()?,
            "--days" => options.days = Some(value.parse()?),
            "--scale" => options.scale = value.parse()?,
            "--set" => {
                let (name, number) = value.split_once('=').ok_or("`--set` takes NAME=NUMBER")?;
                options.settings.push((name.to_owned(), number.parse()?));
            }
            "--codec" => options.codec = Some(codec(&value)?),
            _ => return Err(format!("no flag is called `{flag}`").into()),
        }
    }
    let summary = simulate(&scenario, &out.ok_or("`-o DIR` says where to write")?, &options)?;
    let logs = summary
        .logs
        .iter()
        .map(|log| format!("{}: {} records, {} bytes\n", log.path.display(), log.records, log.bytes));
    Ok(format!(
        "{}{} records; the truth is in {}",
        logs.collect::<String>(),
        summary.records,
        summary.truth.display()
    ))
}

/// `plain`, `gzip`, or a level of zstd.
fn codec(name: &str) -> Result<Codec, Box<dyn std::error::Error>> {
    Ok(match name {
        "plain" => Codec::Plain,
        "gzip" => Codec::Gzip,
        level => Codec::Zstd(level.parse()?),
    })
}
