//! Small lakes from log lines, and what a detector finds in them.

use crate::mmdb::database;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use weir_catalog::{Asns, Catalog, Countries, Inventories, Learner, Links};
use weir_detect::{Context, Memo, detector};
use weir_lake::{Lake, SessionOptions};
use weir_model::config::Config;
use weir_model::{Finding, Hold, Span, Table};
use weir_rollup::{Digest, Fold, Row, encode};
use weir_sources::read::FileReader;
use weir_sources::secrets::Fingerprints;
use weir_sources::source::FileOptions;

/// A world: logs by file name, and what the organisation says.
#[derive(Default)]
pub struct World {
    pub files: BTreeMap<String, Vec<u8>>,
    pub config: Config,
    pub inventories: Inventories,
    /// Lines of `network,country`.
    pub countries: String,
    /// Lines of `network,number of its autonomous system`.
    pub asns: String,
    /// The event time looked at.
    pub span: Span,
    /// Legal holds.
    pub holds: Vec<Hold>,
}

impl World {
    /// Files of a folder.
    pub fn folder(dir: &Path) -> Self {
        let mut world = Self::default();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            world.files.insert(name, std::fs::read(&path).unwrap());
        }
        world
    }

    /// Blocks of a fixture, each under its file's name in backticks; and the lines expected.
    pub fn fixture(text: &str) -> (Self, Vec<String>) {
        let (mut world, mut expected, mut name) = (Self::default(), Vec::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line == "```" {
                let block: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
                world.block(&name, &block, &mut expected);
            } else if !line.is_empty() {
                name = line.trim_matches('`').to_owned();
            }
        }
        (world, expected)
    }

    fn block(&mut self, name: &str, block: &[&str], expected: &mut Vec<String>) {
        let text = block.join("\n") + "\n";
        match name {
            "weir.toml" => self.config = Config::parse(&text).unwrap(),
            "keys.csv" => self.inventories.add_keys(name, &text).unwrap(),
            "people.csv" => self.inventories.add_people(name, &text).unwrap(),
            "countries.csv" => self.countries = text,
            "holds.jsonl" => self.holds = block.iter().map(|l| serde_json::from_str(l).unwrap()).collect(),
            "Expected" => expected.extend(block.iter().map(|l| (*l).to_owned())),
            _ => {
                self.files.insert(name.to_owned(), text.into_bytes());
            }
        }
    }

    /// What a detector finds.
    pub fn find(&self, name: &str) -> Vec<Finding> {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(self.run(name))
    }

    async fn run(&self, name: &str) -> Vec<Finding> {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open(dir.path(), true).await.unwrap();
        let catalog = Arc::new(self.ingest(&lake).await);
        for hold in &self.holds {
            lake.holding(|| ()).await.unwrap().record(hold.clone()).await.unwrap();
        }
        let snapshot = lake.snapshot().await.unwrap();
        let session = snapshot.session(&SessionOptions::default(), Some(Arc::clone(&catalog) as _)).unwrap();
        let memo = Memo::default();
        let context = Context {
            snapshot: &snapshot,
            session: &session,
            catalog: &catalog,
            inventories: &self.inventories,
            config: &self.config,
            span: self.span,
            alert_budget: 1.0,
            memo: &memo,
        };
        let found = detector(name).unwrap().run(&context).await.unwrap();
        for finding in &found {
            assert!(raised_after_its_evidence(finding), "{finding:#?}");
            assert!(says_why_each_belongs(finding), "{finding:#?}");
        }
        found
    }

    async fn ingest(&self, lake: &Lake) -> Catalog {
        let mut ingest = lake.begin().await.unwrap();
        let options = FileOptions { fingerprints: Fingerprints::new([7; 32]), ..FileOptions::default() };
        let (mut learner, mut batches, mut intake) = (Learner::new(), Vec::new(), Vec::new());
        for (at, (name, bytes)) in self.files.iter().enumerate() {
            let disk = Box::new(std::io::Cursor::new(bytes.clone()));
            let Ok(opened) = FileReader::open_content(disk, bytes.len() as u64, None, name, &options, None)
            else {
                continue;
            };
            let mut reader = opened.start(ingest.id(), at as i64 + 1);
            while let Some(chunk) = reader.next_chunk() {
                ingest.rejects(at as i64 + 1, &chunk.rejects).await.unwrap();
                for (table, batch) in chunk.batches {
                    if table == Table::Access {
                        learner.observe(&batch);
                    }
                    ingest.write(table, &batch).await.unwrap();
                    batches.push((table, batch));
                }
            }
            intake.push(reader.finish());
        }
        let catalog = Catalog::new(&self.config, &learner.finish(&self.config), Links::default()).unwrap();
        let countries = (!self.countries.is_empty())
            .then(|| Arc::new(Countries::new("countries.mmdb", database(&self.countries)).unwrap()));
        let asns =
            (!self.asns.is_empty()).then(|| Arc::new(Asns::new("asns.mmdb", database(&self.asns)).unwrap()));
        let catalog = catalog.with_countries(countries).with_asns(asns);
        let spill = tempfile::tempdir().unwrap();
        let mut fold = Fold::new(256 << 20, spill.path());
        let mut digest = Digest::new(1 << 20);
        for (table, batch) in &batches {
            fold.table(*table, batch, |b| catalog.derive(b)).unwrap();
            if *table == Table::Access
                && let Some(rows) = digest.add(batch, &catalog.derive(batch)).unwrap()
            {
                ingest.digest(catalog.id(), &rows).await.unwrap();
            }
        }
        if let Some(rows) = digest.finish().unwrap() {
            ingest.digest(catalog.id(), &rows).await.unwrap();
        }
        let rows: Vec<Row> = fold.finish().unwrap().map(Result::unwrap).collect();
        ingest.rollup(catalog.id(), &encode(&rows).unwrap()).await.unwrap();
        ingest.commit(&intake).await.unwrap();
        catalog
    }
}

/// Whether a finding of several readers has a reason for each of them.
fn says_why_each_belongs(finding: &Finding) -> bool {
    let detectors = ["enumeration", "harvest", "impostor", "reach"];
    let readers = finding.entities.iter().filter(|e| e.kind == finding.entities[0].kind);
    !detectors.contains(&finding.detector.as_str())
        || readers.into_iter().all(|e| finding.reason(e).is_some())
}

/// Whether a finding was raised no earlier than its records began, nor than the first day by which its explanation says something was so, nor,
/// for a silence, than it had ended.
fn raised_after_its_evidence(finding: &Finding) -> bool {
    let days = finding.explanation.split("by ").skip(1).filter_map(|rest| rest.get(..10));
    let day = days.filter_map(|day| weir_model::Micros::parse(day).ok()).next();
    let silence = finding.title.contains(" was silent once");
    finding.raised >= finding.first_seen
        && (!silence || finding.raised == finding.last_seen)
        && day.is_none_or(|day| finding.raised >= day)
}

/// Values of a finding's entities of a kind, sorted.
pub fn values(finding: &Finding, kind: weir_model::EntityKind) -> Vec<String> {
    let mut found: Vec<String> =
        finding.entities.iter().filter(|e| e.kind == kind).map(|e| e.value.clone()).collect();
    found.sort();
    found
}
