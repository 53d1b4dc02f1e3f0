//! `cargo xtask evaluate bounds`: whether the truth lies within what is said of how many people it concerned.
//!
//! Decisive choice: each world is counted twice, whole and with hours cut out of its logs as an outage would, so that what is said of complete logs and
//! of gaps is held to the same truth. The windows are drawn from the seed; a third of the worlds lose them in one log only.

use super::drive::{Bench, World};
use crate::measure::measure;
use crate::run::{Done, root, say};
use jiff::fmt::strtime;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use xtask::logs::Sequence;

/// Worlds whose leak shows in single requests; the days are their own.
const SCENARIOS: [&str; 4] = ["forged-tokens", "lookup-abuse", "partner-enumeration", "rotating-id-scrape"];
/// Hours that an outage may last, and outages in a world.
const HOURS: [u64; 4] = [6, 12, 24, 48];
const OUTAGES_MAX: u64 = 3;
/// The log of issued credentials shows nobody's data.
const ISSUANCE: &str = "issuance";

/// What was said of one world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counted {
    people: u64,
    whole: Said,
    cut: Said,
    /// Hours cut out.
    hours: f64,
}

/// Bounds; no upper one where nothing bounds it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Said {
    lower: u64,
    upper: Option<u64>,
}

impl Said {
    fn holds(self, people: u64) -> bool {
        self.lower <= people && self.upper.is_none_or(|upper| people <= upper)
    }

    /// How wide, in parts of the people.
    fn width(self, people: u64) -> f64 {
        self.upper.map_or(f64::INFINITY, |upper| (upper - self.lower) as f64 / people.max(1) as f64)
    }
}

/// Counts worlds of these seeds, and writes the page.
pub fn bounds(bench: &Bench, program: &str, seeds: std::ops::Range<u64>) -> Done {
    let mut all: Vec<(&str, Vec<Counted>)> = SCENARIOS.map(|name| (name, Vec::new())).into();
    for seed in seeds.clone() {
        for (scenario, counted) in &mut all {
            let world = World { scenario, days: 0, settings: &[], seed, background: None, compressed: false };
            let measured = bench.once(&format!("bounds {scenario}"), seed, super::Effort::Measure, |at| {
                count(bench, &world, at)
            })?;
            if let Some(measured) = measured {
                say(&line(scenario, seed, &measured));
                counted.push(measured);
            }
        }
    }
    let page = page(program, &seeds, &all);
    let path = root().join("docs/bounds.md");
    std::fs::write(&path, &page).map_err(|e| format!("{}: {e}", path.display()))?;
    say(&page);
    Ok(())
}

fn line(scenario: &str, seed: u64, counted: &Counted) -> String {
    let said = |said: Said| {
        let upper = said.upper.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let out = if said.holds(counted.people) { "" } else { " OUT" };
        format!("{} to {upper}{out}", said.lower)
    };
    let Counted { people, whole, cut, hours } = counted;
    format!("{scenario} {seed}: {people} people; whole {}; {hours:.0} h cut {}", said(*whole), said(*cut))
}

/// Writes a world and counts it whole and cut.
fn count(bench: &Bench, world: &World<'_>, place: &Path) -> Done<Counted> {
    let at = place.join("world");
    bench.simulate(world, &at)?;
    let truth = read(&at.join("truth.json"))?;
    let leak = &truth["leak"];
    let time = |name: &str| {
        let text = leak[name].as_str().unwrap_or_default();
        text.parse::<Timestamp>().map_err(|e| format!("`{name}` of the truth: {e}"))
    };
    let people = leak["subjects_n"].as_u64().ok_or("the truth does not say how many people")?;
    let logs = at.join("logs");
    let whole = said(bench, &at, &logs, &place.join("whole"))?;
    let mut random = Sequence::new(world.seed);
    let outages = outages(&mut random, time("first")?, time("last")?)?;
    let mut files = files(&logs)?;
    if random.draw().is_multiple_of(3) {
        let only = random.draw() as usize % files.len().max(1);
        files = files.into_iter().skip(only).take(1).collect();
    }
    for file in &files {
        cut(file, &outages)?;
    }
    let hours = outages.iter().map(|(from, to)| (to.as_second() - from.as_second()) as f64 / 3_600.0).sum();
    let cut = said(bench, &at, &logs, &place.join("cut"))?;
    Ok(Counted { people, whole, cut, hours })
}

fn read(path: &Path) -> Done<Value> {
    let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))
}

/// The logs that show data, sorted.
fn files(logs: &Path) -> Done<Vec<PathBuf>> {
    let all = std::fs::read_dir(logs).map_err(|e| format!("{}: {e}", logs.display()))?;
    let all = all.filter_map(Result::ok).map(|entry| entry.path());
    let mut all: Vec<PathBuf> = all.filter(|path| !path.to_string_lossy().contains(ISSUANCE)).collect();
    all.sort();
    Ok(all)
}

/// What a case says of how many people.
fn said(bench: &Bench, world: &Path, logs: &Path, case: &Path) -> Done<Said> {
    measure(&mut bench.investigation(world, &[logs.to_path_buf()], case))?;
    let told = read(&case.join("case.json"))?;
    let _ = std::fs::remove_dir_all(case);
    let bounds = &told["scope"]["subjects"];
    // Where it cannot be told, nobody is counted and nothing is bounded.
    Ok(Said { lower: bounds["lower"].as_u64().unwrap_or(0), upper: bounds["upper"].as_u64() })
}

/// When logs are to be silent: at any time from a day before the leak to its end, and not beyond: a log that ends is no silence.
fn outages(random: &mut Sequence, first: Timestamp, last: Timestamp) -> Done<Vec<(Timestamp, Timestamp)>> {
    let from = first.as_second() - 86_400;
    let long = (last.as_second() - from).unsigned_abs().max(1);
    let n = 1 + random.draw() % OUTAGES_MAX;
    let outage = |_| {
        let begin = from + (random.draw() % long) as i64;
        let hours = HOURS.get(random.draw() as usize % HOURS.len()).copied().unwrap_or(1);
        let begin = Timestamp::from_second(begin).map_err(|e| e.to_string())?;
        let end = begin.checked_add(Span::new().hours(hours as i64)).map_err(|e| e.to_string())?;
        Ok((begin, end.min(last)))
    };
    (0..n).map(outage).collect()
}

/// Takes the lines of these times out of a log.
fn cut(path: &Path, outages: &[(Timestamp, Timestamp)]) -> Done {
    let wrong = |e: std::io::Error| format!("{}: {e}", path.display());
    let part = path.with_extension("part");
    let lines = BufReader::new(std::fs::File::open(path).map_err(wrong)?).split(b'\n');
    let mut out = BufWriter::new(std::fs::File::create(&part).map_err(wrong)?);
    for line in lines {
        let mut line = line.map_err(wrong)?;
        let at = when(&String::from_utf8_lossy(&line))
            .ok_or_else(|| format!("{}: a line without a time", path.display()))?;
        if !outages.iter().any(|(from, to)| (*from..*to).contains(&at)) {
            line.push(b'\n');
            out.write_all(&line).map_err(wrong)?;
        }
    }
    out.flush().map_err(wrong)?;
    std::fs::rename(&part, path).map_err(wrong)
}

/// The time of a line, as the simulator writes it: nginx's combined form, JSON, PostgreSQL's CSV.
fn when(line: &str) -> Option<Timestamp> {
    if let Some((_, rest)) = line.split_once(r#""time":""#) {
        return rest.split('"').next()?.parse().ok();
    }
    if let Some(at) = line.split_once('[').and_then(|(_, rest)| rest.split(']').next())
        && let Ok(at) = strtime::parse("%d/%b/%Y:%H:%M:%S %z", at)
    {
        return at.to_timestamp().ok();
    }
    let at = line.split(',').next()?.replace(" UTC", " +0000");
    strtime::parse("%Y-%m-%d %H:%M:%S%.f %z", at).ok()?.to_timestamp().ok()
}

fn page(program: &str, seeds: &std::ops::Range<u64>, all: &[(&str, Vec<Counted>)]) -> String {
    let mut page = format!(
        "# How many people: how often the truth lies within what is said\n\n\
         `cargo xtask evaluate bounds --seed {} --seeds {}`, {program}. Each world of `weir simulate` (its own days and size) is investigated whole, and again \
         with one to three outages of 6 to 48 hours cut out of its logs while the leak goes on; in a third of the worlds out of one log only. Width is \
         upper minus lower bound, in parts of the people whom the leak concerned.\n\n\
         | world | seeds | whole: lower bound exact | whole: within | width, median and largest | cut: within | hours cut, median | width, median and largest |\n\
         |---|---|---|---|---|---|---|---|\n",
        seeds.start,
        seeds.end - seeds.start
    );
    for (scenario, counted) in all.iter().filter(|(_, counted)| !counted.is_empty()) {
        row(&mut page, scenario, counted);
    }
    let together: Vec<Counted> = all.iter().flat_map(|(_, counted)| counted.iter().cloned()).collect();
    if !together.is_empty() {
        row(&mut page, "all", &together);
    }
    page.push_str(
        "\nA lower bound falls short of the truth where an address read so few people that nothing tells it from anybody's; those people are in the upper \
         bound. In `forged-tokens` some pages show whose session it is and not who that is, so that several sessions may be one person's.\n",
    );
    page
}

fn row(page: &mut String, name: &str, counted: &[Counted]) {
    let n = counted.len();
    let share = |holds: &dyn Fn(&Counted) -> bool| counted.iter().filter(|c| holds(c)).count();
    let sorted = |of: &dyn Fn(&Counted) -> f64| {
        let mut all: Vec<f64> = counted.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let width = |of: &dyn Fn(&Counted) -> f64| {
        let all = sorted(of);
        let (median, most) = (all.get(n / 2).copied(), all.last().copied());
        format!("{:.3}, {:.3}", median.unwrap_or_default(), most.unwrap_or_default())
    };
    let hours = sorted(&|c| c.hours).get(n / 2).copied().unwrap_or_default();
    let _ = writeln!(
        page,
        "| {name} | {n} | {} | {} | {} | {} | {hours:.0} | {} |",
        share(&|c| c.whole.lower == c.people),
        share(&|c| c.whole.holds(c.people)),
        width(&|c| c.whole.width(c.people)),
        share(&|c| c.cut.holds(c.people)),
        width(&|c| c.cut.width(c.people)),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_time_that_the_simulator_writes_is_read() {
        let at = |line: &str| when(line).map(|at| at.to_string());
        let told = Some("2025-03-02T15:01:00Z".to_owned());
        assert_eq!(at(r#"1.2.3.4 - - [03/Mar/2025:00:01:00 +0900] "GET / HTTP/1.1" 200 5 "-" "x""#), told);
        assert_eq!(at(r#"{"time":"2025-03-03T00:01:00+09:00","remote_addr":"x"}"#), told);
        assert_eq!(
            at(r#"2025-03-02 15:01:00.390 UTC,"a","crm""#),
            Some("2025-03-02T15:01:00.39Z".to_owned())
        );
        assert_eq!(at("no time at all"), None);
    }

    #[test]
    fn what_lies_in_an_outage_is_cut_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("weir-cut-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("x.log");
        let line = |hour: u32| format!("{{\"time\":\"2025-03-03T{hour:02}:00:00Z\"}}\n");
        std::fs::write(&path, (0..24).map(line).collect::<String>()).unwrap();
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        cut(&path, &[(time("2025-03-03T05:00:00Z"), time("2025-03-03T07:00:00Z"))]).unwrap();
        let left = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left, (0..5).chain(7..24).map(line).collect::<String>());
    }
}
