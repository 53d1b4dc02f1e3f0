//! Evidence of a case: what it cites is sealed in a bag that a stranger can check, and what is done with a lake is written down.
//!
//! Decisive choice: what is sealed is taken from the originals, read again, never from the lake: an excerpt counts only where the original's digest is the
//! one that the intake account wrote down when it was acquired. An original that is not at hand, or is another by now, is named in the bag as absent.

use crate::configured::differs;
use crate::holds::{Order, hold};
use crate::walk::walk;
use crate::{Deleted, EngineError, Progress};
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use weir_evidence::bag::{Authority, BagWriter, Sealed, Sealing, plain_name};
use weir_evidence::custody::{self, Act, Entry, Object};
use weir_evidence::log::Log;
use weir_evidence::sign::SigningKey;
use weir_evidence::stamp::{Http, Roots};
use weir_evidence::tree::{self, CONTEXT_LEAVES, Excerpt, Original, Span};
use weir_evidence::{Digest, EvidenceError};
use weir_lake::Lake;
use weir_model::case::{Case, Configuration};
use weir_model::hold::Cover;
use weir_model::intake::Intake;
use weir_model::{Citation, Hold, Micros};
use weir_sources::read::content;
use weir_sources::sources::postgresql_csvlog::statement_shape;

/// The custody log beside a lake's tables.
const CUSTODY: &str = "custody.jsonl";
/// Files of a case that lie elsewhere in the bag, or are no part of it.
const LEFT_OUT: [&str; 2] = ["lake", ".weir-new"];
/// How long a time stamp may take.
const STAMP_SECONDS_MAX: u64 = 60;

/// Who does something, when, why and on whose authority.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Who.
    pub who: String,
    /// When.
    pub when: Micros,
    /// Why.
    pub why: String,
    /// On whose authority, if that was said.
    pub authority: Option<String>,
}

impl Deed {
    fn entry(
        &self,
        what: Act,
        objects: Vec<Object>,
        counts: BTreeMap<String, u64>,
    ) -> Result<Entry, EngineError> {
        let authority = self.authority.clone().unwrap_or_else(|| "not stated".to_owned());
        Ok(Entry {
            when: instant(self.when)?,
            who: self.who.clone(),
            what,
            why: self.why.clone(),
            authority,
            objects,
            counts,
        })
    }
}

/// An instant as evidence writes it.
///
/// # Errors
/// If it lies outside of the years that can be written.
pub fn instant(at: Micros) -> Result<Timestamp, EngineError> {
    Timestamp::from_microsecond(at.0).map_err(|e| EngineError::Record {
        path: PathBuf::from(CUSTODY),
        message: format!("the clock shows no time ({e})"),
    })
}

/// Writes down what was done with a lake in a folder; a lake in a bucket keeps no custody log.
///
/// # Errors
/// If the custody log was meddled with, or cannot be written.
pub fn record(lake: &Path, deed: &Deed, what: Act, objects: Vec<Object>) -> Result<(), EngineError> {
    if weir_lake::is_bucket(lake) {
        return Ok(());
    }
    custody::append(&lake.join(CUSTODY), &deed.entry(what, objects, BTreeMap::new())?)?;
    Ok(())
}

/// Writes down that records of a lake went, and how many: no person is named by that.
///
/// # Errors
/// As [`record`].
pub fn record_deletion(lake: &Path, deed: &Deed, done: &Deleted) -> Result<(), EngineError> {
    if weir_lake::is_bucket(lake) {
        return Ok(());
    }
    let compacted: u64 = done.compacted.values().sum();
    let mut counts: BTreeMap<String, u64> =
        done.gone.iter().map(|(table, rows)| (format!("{table}_rows"), *rows)).collect();
    let freed = [("files_compacted", compacted), ("files_freed", done.files), ("bytes_freed", done.bytes)];
    counts.extend(freed.into_iter().map(|(name, n)| (name.to_owned(), n)));
    counts.retain(|_, n| *n > 0);
    custody::append(&lake.join(CUSTODY), &deed.entry(Act::Erasure, Vec::new(), counts)?)?;
    Ok(())
}

/// A statement's shape without names that an asker made up: a quoted one that is more than letters, and a word with a number in it, may be a person's id.
fn unnamed(shape: &str) -> String {
    const DIGITS_MAX: usize = 2;
    let mut out = String::with_capacity(shape.len());
    for (at, part) in shape.split('"').enumerate() {
        if at % 2 == 1 {
            let plain = part.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
            out.push_str(&format!("\"{}\"", if plain { part } else { "?" }));
            continue;
        }
        let word = |c: char| c.is_alphanumeric() || c == '_';
        for piece in part.split_inclusive(|c| !word(c)) {
            let (name, rest) = piece.split_at(piece.trim_end_matches(|c| !word(c)).len());
            let digits = name.chars().filter(|c| c.is_numeric()).count();
            out.push_str(if digits > DIGITS_MAX { "?" } else { name });
            out.push_str(rest);
        }
    }
    out
}

/// Writes down that somebody looked at records of a lake. Costs the same however long the log is. A question is known by its shape, without the values in
/// it, which may name people, and by the digest of its text.
///
/// # Errors
/// If it cannot be written.
pub fn note_read(lake: &Path, deed: &Deed, question: Option<&str>) -> Result<(), EngineError> {
    if weir_lake::is_bucket(lake) {
        return Ok(());
    }
    let object = |text: &str| Object { name: "query".to_owned(), sha256: Digest::of(text.as_bytes()) };
    let shape = question.map(|text| format!(": {}", unnamed(&statement_shape(text)))).unwrap_or_default();
    let deed = Deed { why: format!("{}{shape}", deed.why), ..deed.clone() };
    let objects = question.into_iter().map(object).collect();
    custody::note(&lake.join(CUSTODY), &deed.entry(Act::Read, objects, BTreeMap::new())?)?;
    Ok(())
}

/// Files of an account as objects of the custody log: those that were read to their end.
#[must_use]
pub fn acquired(intake: &[weir_model::intake::Intake]) -> Vec<Object> {
    let fresh = intake.iter().filter(|i| i.parsed + i.rejected > 0);
    let object = |i: &weir_model::intake::Intake| {
        Some(Object { name: i.path.clone(), sha256: i.sha256.as_deref()?.parse().ok()? })
    };
    fresh.filter_map(object).collect()
}

/// Files by their names and digests.
///
/// # Errors
/// If one cannot be read.
pub fn objects(files: &[PathBuf]) -> Result<Vec<Object>, EngineError> {
    let object = |path: &PathBuf| {
        let digest = File::open(path).and_then(Digest::of_reader);
        let (sha256, _) = digest.map_err(|e| unreadable(path, &e))?;
        Ok(Object { name: path.display().to_string(), sha256 })
    };
    files.iter().map(object).collect()
}

/// Where a custody log lies: the file that is named, or the one of a lake in a folder.
#[must_use]
pub fn custody_at(named: &Path) -> PathBuf {
    if named.is_dir() { named.join(CUSTODY) } else { named.to_owned() }
}

/// The custody log of a lake, whole.
///
/// # Errors
/// If there is none, or it was meddled with.
pub fn custody_of(lake: &Path) -> Result<Vec<Entry>, EngineError> {
    Ok(custody::read(&lake.join(CUSTODY))?.0)
}

/// A time stamp authority.
#[derive(Clone, Debug)]
pub struct StampAuthority {
    /// Its address.
    pub url: String,
    /// Its root certificates, under which its stamps hold.
    pub roots: PathBuf,
    /// Root certificates of its HTTPS; Mozilla's when absent.
    pub tls: Option<PathBuf>,
}

/// What is sealed, and how.
#[derive(Clone, Debug)]
pub struct Seal {
    /// The case folder.
    pub case: PathBuf,
    /// The bag to write.
    pub bag: PathBuf,
    /// Where the originals lie: what was given to ingest.
    pub logs: Vec<PathBuf>,
    /// The lake that the case was made from.
    pub lake: PathBuf,
    /// The configuration that it was made with.
    pub config: Option<PathBuf>,
    /// The OpenSSH private key that signs.
    pub key: PathBuf,
    /// Its passphrase, if it has one.
    pub passphrase: Option<String>,
    /// The folder of the tile log.
    pub log: PathBuf,
    /// The name of the log, if it is new.
    pub origin: String,
    /// A time stamp authority.
    pub authority: Option<StampAuthority>,
    /// Who seals it, when, why and on whose authority.
    pub deed: Deed,
    /// Name and version of the program.
    pub program: String,
}

/// A sealed case.
#[derive(Clone, Debug)]
pub struct SealedCase {
    /// The bag.
    pub sealed: Sealed,
    /// Excerpts in it.
    pub excerpts: usize,
    /// Records that findings cite; one that several cite counts for each.
    pub cited: u64,
    /// Records that findings rest on, counted alike.
    pub rests_on: u64,
    /// Originals that are cited and not in it, with why.
    pub absent: Vec<(String, String)>,
    /// What whoever sealed it should know.
    pub warnings: Vec<String>,
}

/// Refuses a bag that would lie in another bag, or in what it is made of.
fn apart(what: &Seal) -> Result<(), EngineError> {
    let bag = std::path::absolute(&what.bag).map_err(|e| unreadable(&what.bag, &e))?;
    // Where it will lie, links followed; the bag itself is not there yet.
    let there = bag.ancestors().skip(1).find_map(|above| above.canonicalize().ok());
    let Some(there) = there else { return Ok(()) };
    let inside = |what_is: &'static str, inside: &Path| EngineError::BagInside {
        bag: what.bag.clone(),
        what: what_is,
        inside: inside.to_owned(),
    };
    if let Some(other) = there.ancestors().find(|above| above.join("bagit.txt").is_file()) {
        return Err(inside("the sealed bag", other));
    }
    for (name, place) in [("the case", &what.case), ("the lake", &what.lake)] {
        if place.canonicalize().is_ok_and(|place| place.is_dir() && there.starts_with(place)) {
            return Err(inside(name, place));
        }
    }
    Ok(())
}

/// The configuration that was given to be sealed.
fn configuration(what: &Seal) -> Result<Configuration, EngineError> {
    let Some(path) = &what.config else { return Ok(Configuration::default()) };
    let (sha256, _) = File::open(path).and_then(Digest::of_reader).map_err(|e| unreadable(path, &e))?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Configuration { file, sha256: Some(sha256.to_string()) })
}

/// What cannot be used is known before anything is written: the case, the key, the authority's roots, the bag's place.
struct Ready {
    case: Case,
    given: Configuration,
    cited: Cited,
    signer: SigningKey,
    authority: Option<(Http, Roots)>,
    bag: BagWriter,
}

impl Ready {
    fn of(what: &Seal) -> Result<Self, EngineError> {
        apart(what)?;
        let given = configuration(what)?;
        let path = what.case.join("case.json");
        let text = std::fs::read(&path).map_err(|e| unreadable(&path, &e))?;
        let wrong = |e: serde_json::Error| EngineError::Case { path: path.clone(), message: e.to_string() };
        let authority = match &what.authority {
            Some(asked) => {
                let tls = asked.tls.as_deref().map(Roots::read).transpose()?;
                let http = Http::new(&asked.url, tls, Duration::from_secs(STAMP_SECONDS_MAX))?;
                Some((http, Roots::read(&asked.roots)?))
            }
            None => None,
        };
        let cited = citations(&serde_json::from_slice(&text).map_err(wrong)?);
        let logs: BTreeSet<String> = walk(&what.logs, &[])?.0.into_iter().map(|input| input.rel).collect();
        let case: Case = serde_json::from_slice(&text).map_err(wrong)?;
        // What is no log, such as a README, lies in many folders.
        let read: Vec<&Intake> = case.intake.iter().filter(|file| file.source.is_some()).collect();
        if let Some(first) = read.first()
            && !read.iter().any(|file| logs.contains(&file.path))
        {
            let (files, first) = (read.len(), first.path.clone());
            return Err(EngineError::NoOriginals { files, logs: what.logs.clone(), first });
        }
        Ok(Self {
            case,
            given,
            cited,
            signer: SigningKey::read(&what.key, || what.passphrase.clone())?,
            authority,
            bag: BagWriter::create(&what.bag)?,
        })
    }
}

/// Seals a case, and holds what it accuses and the versions of the lake that it cites.
///
/// # Errors
/// If the folder is no case, the key or the authority cannot be used, or the bag is there already.
pub fn seal<'a>(
    what: &'a Seal,
    lake: &'a Lake,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<(SealedCase, Hold), EngineError>> {
    Box::pin(async move {
        let ready = Ready::of(what)?;
        // Before anything is taken, so that no deletion comes between the case and its bag.
        let order = Order {
            order: format!("evidence bag {}", what.bag.display()),
            reason: Some(what.deed.why.clone()),
            by: what.deed.who.clone(),
            time: what.deed.when,
            cover: Cover::default(),
            case: Some(what.case.clone()),
        };
        let hold = hold(lake, order, progress).await?;
        let deed = Deed { why: format!("{}: {}", hold.id, what.deed.why), ..what.deed.clone() };
        record(&what.lake, &deed, Act::Hold, Vec::new())?;
        Ok((fill(what, ready)?, hold))
    })
}

fn fill(what: &Seal, ready: Ready) -> Result<SealedCase, EngineError> {
    let Ready { case, given, cited, signer, authority, mut bag } = ready;
    let other = case.configuration.as_ref().and_then(|made| differs(made, &given, "in the bag"));
    let originals = Originals {
        given: walk(&what.logs, &[])?.0.into_iter().map(|i| (i.rel, i.path)).collect(),
        case: &case,
    };
    let (mut absent, mut excerpts, mut taken) = (Vec::new(), 0, Vec::new());
    for ((path, file), offsets) in &cited {
        match originals.take(path, *file, offsets) {
            Err(why) => absent.push((path.clone(), why)),
            Ok((original, all)) => {
                for excerpt in &all {
                    bag.add_excerpt(excerpt, weir_report::escape::json)?;
                    excerpts += 1;
                }
                taken.push(Object { name: original.path.clone(), sha256: original.sha256 });
            }
        }
    }
    record(&what.lake, &what.deed, Act::Seal, taken)?;
    add_case(&mut bag, &what.case, "case")?;
    add_text(&mut bag, "queries.sql", &queries(&case))?;
    let versions: BTreeMap<_, _> = case.findings.iter().map(|f| (&f.id, &f.snapshot)).collect();
    add_json(&mut bag, "lake.json", &json!({ "versions": case.snapshot, "findings": versions }))?;
    let altered = altered(what, &case)?;
    add_json(
        &mut bag,
        "program.json",
        &json!({ "case": case.program, "seal": what.program, "altered": altered }),
    )?;
    let account = what.case.join("intake.jsonl");
    bag.add("intake.jsonl", File::open(&account).map_err(|e| unreadable(&account, &e))?)?;
    add_json(
        &mut bag,
        "configuration.json",
        &json!({ "case": case.configuration, "bag": given, "differs": other }),
    )?;
    if let Some(config) = &what.config {
        bag.add("config/weir.toml", File::open(config).map_err(|e| unreadable(config, &e))?)?;
    }
    if !absent.is_empty() {
        let absent: BTreeMap<_, _> = absent.iter().cloned().collect();
        add_json(&mut bag, "absent.json", &json!(absent))?;
    }
    if !weir_lake::is_bucket(&what.lake) {
        bag.add_custody(&what.lake.join(CUSTODY))?;
    }
    let info = [("External-Identifier".to_owned(), case.id.clone())];
    let sealed = bag.seal(&Sealing {
        signer: &signer,
        log: &Log::at(&what.log),
        origin: &what.origin,
        authority: authority.as_ref().map(|(transport, roots)| Authority { transport, roots }),
        when: instant(what.deed.when)?,
        info: &info,
    })?;
    let cited = case.findings.iter().map(|f| f.evidence.0.cited().len() as u64).sum();
    let rests_on = case.findings.iter().map(|f| f.evidence.0.total()).sum();
    let altered = altered.iter().map(|file| {
        format!(
            "`{file}` is sealed as it lies in the case, which is not what its case.json gives: one of them was changed by hand since; \
             `weir report {} --format NAME` writes it anew",
            what.case.display()
        )
    });
    let warnings = other.into_iter().chain(altered).collect();
    Ok(SealedCase { sealed, excerpts, cited, rests_on, absent, warnings })
}

/// Files of a case that are not what this program makes of it. What another version made is not known to be another.
fn altered(what: &Seal, case: &Case) -> Result<Vec<&'static str>, EngineError> {
    if case.program != what.program {
        return Ok(Vec::new());
    }
    let mut altered = Vec::new();
    for format in weir_report::formats().iter().filter(|format| format.of_a_case()) {
        let Ok(there) = std::fs::read(what.case.join(format.file)) else { continue };
        if weir_report::render(format.name, case)? != there {
            altered.push(format.file);
        }
    }
    Ok(altered)
}

fn unreadable(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Input { path: path.to_owned(), message: error.to_string() }
}

/// Offsets cited, by file.
type Cited = BTreeMap<(String, i64), BTreeSet<u64>>;

/// Every record that a case cites, wherever it stands in it.
fn citations(case: &Value) -> Cited {
    let mut cited = Cited::new();
    let mut rest = vec![case];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(all) => rest.extend(all),
            Value::Object(members) => match serde_json::from_value::<Citation>(value.clone()) {
                Ok(one) if members.len() == 4 => {
                    let offset = u64::try_from(one.offset).unwrap_or(0);
                    cited.entry((one.path, one.file)).or_default().insert(offset);
                }
                _ => rest.extend(members.values()),
            },
            _ => {}
        }
    }
    cited
}

/// The originals at hand, and what the account says of them.
struct Originals<'a> {
    given: BTreeMap<String, PathBuf>,
    case: &'a Case,
}

impl Originals<'_> {
    /// Excerpts around cited records; an error says why there are none.
    fn take(
        &self,
        path: &str,
        file: i64,
        offsets: &BTreeSet<u64>,
    ) -> Result<(Original, Vec<Excerpt>), String> {
        let place =
            self.given.get(path).ok_or("it is not among the logs given; name where it lies with --logs")?;
        let spans: Vec<Span> = offsets.iter().map(|offset| Span { offset: *offset, bytes: 0 }).collect();
        let open = || content(place).map_err(|source| EvidenceError::Io { path: place.clone(), source });
        let read = tree::read_from(open, path, &spans, CONTEXT_LEAVES);
        let (original, excerpts) = read.map_err(|e| e.to_string())?;
        let of_file = self.case.intake.iter().filter(|i| i.path == path && i.file == file);
        let known: BTreeSet<&str> = of_file.filter_map(|i| i.sha256.as_deref()).collect();
        let digest = original.sha256.to_string();
        if !known.contains(digest.as_str()) {
            return Err(format!(
                "its SHA-256 is {digest} now, and was another, or none, when it was acquired"
            ));
        }
        Ok((original, excerpts))
    }
}

fn add_text(bag: &mut BagWriter, name: &str, text: &str) -> Result<(), EngineError> {
    bag.add(name, text.as_bytes())?;
    Ok(())
}

fn add_json(bag: &mut BagWriter, name: &str, value: &Value) -> Result<(), EngineError> {
    add_text(bag, name, &format!("{value:#}\n"))
}

fn add_case(bag: &mut BagWriter, folder: &Path, name: &str) -> Result<(), EngineError> {
    let wrong = |e: std::io::Error| unreadable(folder, &e);
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let own = entry.file_name().to_string_lossy().into_owned();
        if name == "case" && LEFT_OUT.contains(&own.as_str()) {
            continue;
        }
        let (path, name) = (entry.path(), format!("{name}/{}", plain_name(&own)));
        if entry.file_type().map_err(wrong)?.is_dir() {
            add_case(bag, &path, &name)?;
        } else {
            bag.add(&name, File::open(&path).map_err(|e| unreadable(&path, &e))?)?;
        }
    }
    Ok(())
}

/// The queries that give all records of each finding.
fn queries(case: &Case) -> String {
    let query = |f: &weir_model::Finding| format!("-- {} {}\n{};\n", f.id, f.detector, f.evidence.0.query());
    case.findings.iter().map(query).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_no_names_that_an_asker_made_up() {
        let told = unnamed(
            r#"select count(*) as "member:5703", "user", m5703, t1.path from access "kim minji" where subject = ?"#,
        );
        assert_eq!(told, r#"select count(*) as "?", "user", ?, t1.path from access "?" where subject = ?"#);
    }

    #[test]
    fn records_are_cited_wherever_they_stand() {
        let cite = |offset: i64| json!({ "path": "a.log", "line": 1, "offset": offset, "file": 7 });
        let case = json!({ "findings": [{ "evidence": [cite(3), cite(9)] }], "traces": { "x": { "edges": [cite(3)] } } });
        assert_eq!(citations(&case), Cited::from([(("a.log".to_owned(), 7), BTreeSet::from([3, 9]))]));
    }
}
