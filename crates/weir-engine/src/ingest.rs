//! Files into the lake: what is known is not read again, what is new is read once, and each file gets its account.
//!
//! A file is known by its content: the hash of the whole, or, for one that grew or was rotated, the hash of as much as was read
//! before; then only its tail is new. The lake commits all of an ingest or nothing of it.

mod ahead;
mod foresee;
mod known;
mod read;

use crate::fold::{Beside, keep};
use crate::settings::Settings;
use crate::walk::{Input, walk};
use crate::{EngineError, Progress};
use ahead::{Begun, Opening};
use futures::future::LocalBoxFuture;
use known::Known;
use read::Reading;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use weir_catalog::{Catalog, Learner};
use weir_lake::{Ingest, Lake};
use weir_model::intake::Intake;
use weir_sources::read::{FileReader, Opened};
use weir_sources::secrets::Fingerprints;

/// Key of the lake's state under which the learner's state lies.
pub(crate) const STATE_LEARNED: &str = "learned";
/// Key of the lake's state under which the id of the fingerprint key lies.
const STATE_KEY: &str = "fingerprint_key";

/// What an ingest did.
#[derive(Clone, Debug, Default)]
pub struct Ingested {
    /// The account, a row per file, by path.
    pub intake: Vec<Intake>,
    /// Whether anything was committed; nothing is when every file was known.
    pub committed: bool,
    /// What was told and does not fit these files.
    pub warnings: Vec<String>,
}

/// What follows an ingest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing, for now.
    Rest,
    /// An investigation, which wants its records folded under what they teach.
    Investigate,
}

/// Reads every file under the inputs into the lake, with what is then to follow. `leave_out` are folders of ours (the case, the lake) that may lie among them.
pub fn ingest<'a>(
    then: Then,
    lake: &'a Lake,
    inputs: &'a [PathBuf],
    leave_out: &'a [PathBuf],
    settings: &'a Settings,
    fingerprints: &'a Fingerprints,
    progress: &'a dyn Progress,
) -> LocalBoxFuture<'a, Result<Ingested, EngineError>> {
    Box::pin(async move {
        let (files, unlisted) = walk(inputs, leave_out)?;
        let waits = || progress.stage("waiting for another ingest into this lake", None);
        let right = lake.ingesting(waits).await?;
        progress.stage("reading", Some(files.iter().map(|f| f.bytes).sum()));
        let read = async {
            let foreseen = || match then {
                Then::Investigate => foresee::foresee(&files, settings, fingerprints),
                Then::Rest => Learner::new(),
            };
            let mut run = Run::begin(lake, settings, fingerprints, foreseen).await?;
            for (path, reason) in unlisted {
                run.intake.push(unread(path, reason));
            }
            run.files(&files, settings, progress).await?;
            progress.done();
            run.end().await
        };
        let (read, released) = (read.await, right.release().await);
        let warnings = match files.as_slice() {
            [] => Vec::new(),
            files => settings.unmatched(files.iter().map(|f| f.rel.as_str())),
        };
        let ingested = Ingested { warnings, ..read? };
        released?;
        Ok(ingested)
    })
}

/// The account of something that could not be read at all.
fn unread(path: String, reason: String) -> Intake {
    Intake { path, reasons: [(reason, 1)].into(), ..Intake::default() }
}

/// One ingest under way.
struct Run {
    ingest: Ingest,
    catalog: Arc<Catalog>,
    folding: Beside,
    fingerprints: Fingerprints,
    intake: Vec<Intake>,
    /// Account rows of earlier ingests by file id, read at the first question.
    before: Option<BTreeMap<i64, Intake>>,
    new_records: bool,
}

impl Run {
    async fn begin(
        lake: &Lake,
        settings: &Settings,
        fingerprints: &Fingerprints,
        foreseen: impl FnOnce() -> Learner,
    ) -> Result<Self, EngineError> {
        let mut ingest = lake.begin().await?;
        let ours = fingerprints.key_id();
        match ingest.snapshot().state(STATE_KEY).await? {
            Some(theirs) if theirs != ours.as_bytes() => {
                let theirs = String::from_utf8_lossy(&theirs).into_owned();
                ingest.abandon().await?;
                return Err(EngineError::OtherKey { lake: theirs, ours });
            }
            Some(_) => {}
            None => ingest.state(STATE_KEY, ours.into_bytes()),
        }
        let (learner, learned) = match ingest.snapshot().state(STATE_LEARNED).await? {
            Some(bytes) => {
                let learner = Learner::from_bytes(&bytes)?;
                let learned = learner.finish(&settings.config);
                (learner, learned)
            }
            None => (Learner::new(), foreseen().finish(&settings.config)),
        };
        let catalog = settings.catalog(&learned)?;
        let folding = Beside::start(Arc::clone(&catalog), lake.memory(), Some(learner));
        let fingerprints = fingerprints.clone();
        Ok(Self {
            ingest,
            catalog,
            folding,
            fingerprints,
            intake: Vec::new(),
            before: None,
            new_records: false,
        })
    }

    /// Reads files in their order; while one is stored, those that follow are being read, and those after them opened.
    async fn files(
        &mut self,
        files: &[Input],
        settings: &Settings,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        let ahead = ahead::files_ahead();
        let (mut opening, mut begun) = (VecDeque::new(), VecDeque::new());
        let mut next = files.iter();
        for file in files {
            while opening.len() + begun.len() <= ahead + 1
                && let Some(input) = next.next()
            {
                opening.push_back((input, self.open(input, settings)));
            }
            while begun.len() <= ahead
                && let Some((input, opening)) = opening.pop_front()
            {
                begun.push_back(opening.judged(self, &input.rel).await?);
            }
            if let Some(begun) = begun.pop_front() {
                self.file(file, begun, settings, progress).await?;
            }
        }
        Ok(())
    }

    /// Begins to open a file.
    fn open(&self, input: &Input, settings: &Settings) -> Opening {
        let open = self.opener(input, settings);
        Opening::begin(self.ingest.id(), input.rel.clone(), open)
    }

    /// How a file is opened.
    fn opener(
        &self,
        input: &Input,
        settings: &Settings,
    ) -> impl Fn() -> Result<Opened, Box<Intake>> + Send + 'static {
        let (mut options, forced) = settings.of_file(&input.rel);
        options.fingerprints = self.fingerprints.clone();
        let (path, rel) = (input.path.clone(), input.rel.clone());
        move || FileReader::open(&path, &rel, &options, forced.as_deref())
    }

    async fn file(
        &mut self,
        input: &Input,
        begun: Begun,
        settings: &Settings,
        progress: &dyn Progress,
    ) -> Result<(), EngineError> {
        let (heads, go, reading) = match begun {
            Begun::Opened(heads, go, reading) => (heads, go, reading),
            Begun::Unread(account) => {
                progress.advance(input.bytes, 0);
                self.intake.push(Intake { ingest: self.ingest.id(), ..*account });
                return Ok(());
            }
        };
        // Asked again, as the files stored meanwhile are known by now.
        let known = known::find(&mut self.ingest, &heads).await?;
        let open = self.opener(input, settings);
        let (reading, tail_of) = match known::resume(&known, input, &open, self.ingest.id())? {
            Some((reader, of)) => (Reading::begin(reader), Some(of)),
            None => {
                ahead::let_go(go);
                (reading, None)
            }
        };
        let mut ended = read::read(self, reading, input, progress).await?;
        let account = &mut ended.account;
        self.new_records |= account.parsed > 0 || account.rejected > 0;
        if let Some(of) = &tail_of {
            self.count_known(account, of).await?;
        }
        self.remember(&ended, &heads, tail_of.as_ref()).await?;
        self.intake.push(ended.account);
        Ok(())
    }

    /// Adds to a file's account the records that were read before.
    async fn count_known(&mut self, account: &mut Intake, of: &Known) -> Result<(), EngineError> {
        let mut records = 0;
        let mut lines = 0;
        for file in &of.files {
            let row = match self.intake.iter().find(|i| i.file == *file && i.parsed + i.rejected > 0) {
                Some(row) => Some(row.clone()),
                None => self.account_of(*file).await?,
            };
            if let Some(row) = row {
                records += row.parsed + row.rejected;
                lines += row.lines_without_record;
            }
        }
        // Their rejects stay in the accounts of their ingests; the lines are counted now that they are whole.
        records = records.saturating_sub(of.superseded);
        account.lines += of.lines;
        account.records += records;
        account.duplicates += records;
        account.lines_without_record += lines;
        if records > 0 {
            *account.reasons.entry("read before".to_owned()).or_default() += records;
        }
        Ok(())
    }

    async fn account_of(&mut self, file: i64) -> Result<Option<Intake>, EngineError> {
        if self.before.is_none() {
            let rows = self.ingest.snapshot().intake().await?;
            let own = rows.into_iter().filter(|i| i.parsed + i.rejected > 0);
            self.before = Some(own.map(|i| (i.file, i)).collect());
        }
        Ok(self.before.as_ref().and_then(|b| b.get(&file).cloned()))
    }

    async fn remember(
        &mut self,
        ended: &read::Ended,
        heads: &[(u64, String)],
        tail_of: Option<&Known>,
    ) -> Result<(), EngineError> {
        let account = &ended.account;
        let nothing_new = account.parsed == 0 && account.rejected == 0;
        if tail_of.is_some() && nothing_new {
            return Ok(());
        }
        let Some((_, head)) = heads.last() else { return Ok(()) };
        let file = weir_lake::KnownFile {
            file: account.file,
            path: account.path.clone(),
            source: account.source.clone(),
            sensor: account.sensor.clone(),
            head: head.clone(),
            sha256: Some(ended.sha256.clone()),
            bytes: account.bytes,
            content_bytes: account.content_bytes,
            lines: account.lines,
            start: tail_of.map_or(0, |k| k.bytes),
            half: ended.half,
            ingest: self.ingest.id(),
        };
        Ok(self.ingest.file(&file).await?)
    }

    async fn end(mut self) -> Result<Ingested, EngineError> {
        self.intake.sort_by(|a, b| a.path.cmp(&b.path).then(a.file.cmp(&b.file)));
        for row in &mut self.intake {
            row.ingest = self.ingest.id();
        }
        let known = self.ingest.snapshot().intake().await?;
        let said: std::collections::BTreeSet<(&str, Option<&str>)> =
            known.iter().map(|i| (i.path.as_str(), i.sha256.as_deref())).collect();
        // An account that says nothing the lake does not know already would grow it with every run.
        let news = self.new_records
            || self.intake.iter().any(|i| !said.contains(&(i.path.as_str(), i.sha256.as_deref())));
        if !news {
            self.ingest.abandon().await?;
            return Ok(Ingested { intake: self.intake, ..Ingested::default() });
        }
        let mut rest = self.folding.end();
        while let Some(folded) = rest.next().await {
            keep(&mut self.ingest, &self.catalog, folded).await?;
        }
        if let Some(learner) = rest.learned().await? {
            self.ingest.state(STATE_LEARNED, learner.to_bytes());
        }
        self.ingest.commit(&self.intake).await?;
        Ok(Ingested { intake: self.intake, committed: true, ..Ingested::default() })
    }
}
