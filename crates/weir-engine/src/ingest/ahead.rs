//! Files whose turn has not come: opened, then read, on threads of their own while others are stored.
//!
//! Decisive choice: records are stored file by file, in the order of the files, however many are read at once. So what is a duplicate of what does
//! not depend on how many threads there are. Of a file that waits no more is read than its channel holds, and nothing where it begins like one
//! that is known.

use super::read::{Ended, Reading, WAITING_MAX, give};
use super::{Run, known};
use crate::EngineError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use weir_model::intake::Intake;
use weir_sources::read::{Chunk, Opened};

/// Files that are read beside the one that is stored, at most: then storing is what takes longest.
const AHEAD_MAX: usize = 4;

/// How many files are read beside the one that is stored.
pub(super) fn files_ahead() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (processors / 2).clamp(1, AHEAD_MAX)
}

/// A file that is being opened, and that waits to be read.
pub(super) struct Opening {
    /// How its content begins and its id, or the account of a file that is not read.
    told: oneshot::Receiver<Result<(Heads, i64), Box<Intake>>>,
    /// Lets it be read.
    go: oneshot::Sender<()>,
    chunks: mpsc::Receiver<Chunk>,
    ended: JoinHandle<Option<Ended>>,
}

/// The fingerprints of a file's head, by length.
pub(super) type Heads = Vec<(u64, String)>;

/// A file whose turn has not come.
pub(super) enum Begun {
    /// It is not read.
    Unread(Box<Intake>),
    /// It is being read from its start, or will be when it is let, as it begins like one that is known.
    Opened(Heads, Option<oneshot::Sender<()>>, Reading),
}

impl Opening {
    /// Begins to open a file.
    pub(super) fn begin(
        ingest: i64,
        rel: String,
        open: impl FnOnce() -> Result<Opened, Box<Intake>> + Send + 'static,
    ) -> Self {
        let (tell, told) = oneshot::channel();
        let (go, may_go) = oneshot::channel();
        let (send, chunks) = mpsc::channel(WAITING_MAX);
        let work = move || {
            let opened = match open() {
                Ok(opened) => opened,
                Err(account) => {
                    // Whoever does not wait any more wants no account.
                    let _ = tell.send(Err(account));
                    return None;
                }
            };
            let heads = known::heads(&opened);
            let file = known::file_id(&rel, &heads, 0);
            tell.send(Ok((heads, file))).ok()?;
            may_go.blocking_recv().ok()?;
            give(opened.start(ingest, file), &send)
        };
        Self { told, go, chunks, ended: tokio::task::spawn_blocking(work) }
    }

    /// What is known of the file by now; it is read if it begins like no other.
    pub(super) async fn judged(self, run: &mut Run, rel: &str) -> Result<Begun, EngineError> {
        let (heads, file) = match self.told.await {
            Ok(Ok(told)) => told,
            Ok(Err(account)) => return Ok(Begun::Unread(account)),
            Err(_) => {
                let message = self.ended.await.map_or_else(|e| e.to_string(), |_| String::new());
                return Err(EngineError::Reader { path: rel.to_owned(), message });
            }
        };
        let reading = Reading { file, chunks: self.chunks, ended: self.ended };
        let mut go = Some(self.go);
        if known::find(&mut run.ingest, &heads).await?.is_empty() {
            let_go(go.take());
        }
        Ok(Begun::Opened(heads, go, reading))
    }
}

/// Lets a file be read that waits for it.
pub(super) fn let_go(go: Option<oneshot::Sender<()>>) {
    if let Some(go) = go {
        // A thread that is no more is told of when it is asked how it ended.
        let _ = go.send(());
    }
}
