//! What the last runs found, in one small file beside the lake's tables, replaced whole or not at all.

use crate::EngineError;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use weir_model::{Finding, Span};

/// The file beside the tables.
const FILE: &str = "remembered.json";
/// Version of the file's format.
const VERSION: u32 = 1;
/// How many questions are remembered; the one asked longest ago is forgotten.
const QUESTIONS_MAX: usize = 8;

/// The last answers to a lake's questions, the latest last.
#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    version: u32,
    questions: Vec<Answered>,
}

/// What one question found last.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Answered {
    pub span: Span,
    pub alert_budget: f64,
    pub run: Run,
    /// As detectors said them, before people said anything.
    pub findings: Vec<Finding>,
    pub superseded: Vec<Finding>,
}

/// What an answer rests on beside the question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub program: String,
    pub catalog: String,
    pub intake: Option<i64>,
    /// Version of `state`, where holds and deletions are written.
    #[serde(default)]
    pub state: Option<i64>,
}

impl Run {
    /// What changed from this run to a later one, in words.
    pub fn changed(&self, now: &Self) -> String {
        let mut since = Vec::new();
        if self.intake != now.intake {
            since.push("records came that had been missing".to_owned());
        } else if self.state.is_some() && self.state != now.state {
            since.push("a hold, its end or a deletion was recorded".to_owned());
        }
        if self.catalog != now.catalog {
            since.push("what personal data is was told or learned anew".to_owned());
        }
        if self.program != now.program {
            since.push(format!("{} took the place of {}", now.program, self.program));
        }
        if since.is_empty() {
            since.push("the configuration or an inventory it names changed".to_owned());
        }
        format!("since {}", since.join(" and "))
    }
}

impl Remembered {
    /// Whether the lake was never investigated.
    pub fn never_asked(&self) -> bool {
        self.questions.is_empty()
    }

    /// What a lake remembers; nothing when it was never investigated.
    pub fn read(lake: &Path) -> Result<Self, EngineError> {
        let path = lake.join(FILE);
        let wrong = |message: String| EngineError::Record { path: path.clone(), message };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { version: VERSION, questions: Vec::new() });
            }
            Err(e) => return Err(wrong(e.to_string())),
        };
        let read: Self = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        if read.version != VERSION {
            return Err(wrong(format!("it has format {}, and this program knows {VERSION}", read.version)));
        }
        Ok(read)
    }

    /// Takes out the last answer to a question.
    pub fn take(&mut self, span: Span, alert_budget: f64) -> Option<Answered> {
        let at = self.questions.iter().position(|q| q.span == span && q.alert_budget == alert_budget)?;
        Some(self.questions.remove(at))
    }

    /// Puts in the latest answer. A measure that is no number could not be read again, so it is left out.
    pub fn put(&mut self, mut answer: Answered) {
        for finding in &mut answer.findings {
            finding.measures.retain(|_, value| value.is_finite());
            finding.baseline.retain(|_, value| value.is_finite());
        }
        self.questions.push(answer);
        let over = self.questions.len().saturating_sub(QUESTIONS_MAX);
        self.questions.drain(..over);
    }

    /// Every finding remembered: those of the latest answer first, standing before superseded.
    pub fn all(&self) -> impl Iterator<Item = &Finding> {
        self.questions.iter().rev().flat_map(|q| q.findings.iter().chain(&q.superseded))
    }

    /// Writes it beside its place and puts it there in one step.
    pub fn write(&self, lake: &Path) -> Result<(), EngineError> {
        let path = lake.join(FILE);
        let written = || -> std::io::Result<()> {
            let mut options = tempfile::Builder::new();
            // Readable for whoever may read the lake, as its other files are.
            #[cfg(unix)]
            options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut file = options.tempfile_in(lake)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            std::fs::File::open(lake)?.sync_all()
        };
        written().map_err(|e| EngineError::Record { path, message: e.to_string() })
    }
}
