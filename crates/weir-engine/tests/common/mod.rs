//! What the engine's tests share: running an investigation in a temporary folder.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};
use weir_engine::{Investigated, Investigation, Memory, Quiet, Settings};
use weir_model::Span;
use weir_sources::secrets::Fingerprints;

/// A temporary place for a case and its lake.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Investigates inputs into `case/`, with the lake kept in it.
    pub async fn investigate(&self, inputs: &[PathBuf]) -> Investigated {
        self.investigate_with(inputs, Settings::default()).await
    }

    pub async fn investigate_within(&self, inputs: &[PathBuf], memory: Memory) -> Investigated {
        self.run(inputs, Settings::default(), memory, Span::default()).await
    }

    pub async fn investigate_with(&self, inputs: &[PathBuf], settings: Settings) -> Investigated {
        self.run(inputs, settings, Memory::default(), Span::default()).await
    }

    /// Investigates a span of event time.
    pub async fn asked(&self, inputs: &[PathBuf], settings: Settings, span: Span) -> Investigated {
        self.run(inputs, settings, Memory::default(), span).await
    }

    async fn run(&self, inputs: &[PathBuf], settings: Settings, memory: Memory, span: Span) -> Investigated {
        let what = Investigation {
            inputs: inputs.to_vec(),
            lake: self.path("case/lake"),
            case: self.path("case"),
            memory,
            cluster: None,
            settings,
            span,
            alert_budget: 1.0,
            listed: None,
            program: "weir test".to_owned(),
        };
        weir_engine::investigate(&what, &Fingerprints::default(), &Quiet).await.unwrap()
    }
}

/// A folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A folder of the shared data, or `None` with a word about it.
pub fn shared(path: &str) -> Option<PathBuf> {
    let found = repository("../shared/data").join(path);
    if found.exists() {
        return Some(found);
    }
    say_skipped();
    None
}

#[expect(clippy::print_stdout, reason = "a skip is said, not hidden")]
fn say_skipped() {
    println!("skipped: ../shared/data not present");
}
