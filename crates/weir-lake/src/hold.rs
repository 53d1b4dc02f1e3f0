//! Recording holds: in the lake's `state`, only ever appended to, under the lock that every deletion takes first.
//!
//! Decisive choice: whoever records a hold waits for a deletion that is under way, and a deletion reads the holds after it has the lock. So a hold that was
//! answered is honoured by every run that deletes afterwards, in whatever process.

use crate::lake::Lake;
use crate::lease::{Lease, Right};
use crate::ledger::{self, HOLD};
use crate::snapshot::Snapshot;
use crate::stage::Stage;
use crate::tables::{Name, Part};
use crate::{LakeError, Result, rows};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use weir_model::Hold;
use weir_model::hold::Release;

/// The lock of whoever deletes, and of whoever says what may not be.
pub(crate) const DELETING: &str = "delete.lock";

/// A line of the record of holds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Add(Hold),
    Release { id: String, release: Release },
}

/// The right to record holds.
#[derive(Debug)]
pub struct Holding {
    lake: Lake,
    right: Right,
    snapshot: Snapshot,
    holds: Vec<Hold>,
}

/// All holds of a snapshot, in the order in which they were recorded, with their ends.
pub(crate) async fn all(snapshot: &Snapshot) -> Result<Vec<Hold>> {
    let mut holds: Vec<Hold> = Vec::new();
    for entry in ledger::entries::<Entry>(snapshot, HOLD).await? {
        match entry {
            Entry::Add(hold) => holds.push(hold),
            Entry::Release { id, release } => {
                let ended = holds.iter_mut().find(|hold| hold.id == id && hold.stands());
                ended.into_iter().for_each(|hold| hold.released = Some(release.clone()));
            }
        }
    }
    Ok(holds)
}

impl Holding {
    pub(crate) async fn take(lake: &Lake, waits: impl FnOnce()) -> Result<Self> {
        let right = Right::take(&lake.inner.store, DELETING, waits).await?;
        let snapshot = lake.snapshot().await?;
        let holds = all(&snapshot).await?;
        Ok(Self { lake: lake.clone(), right, snapshot, holds })
    }

    /// All holds there are, ended ones too.
    pub fn holds(&self) -> &[Hold] {
        &self.holds
    }

    /// Records a hold under the next id. It counts once this returns.
    pub fn record(self, hold: Hold) -> BoxFuture<'static, Result<Hold>> {
        Box::pin(async move {
            // A version whose files are gone already cannot be held.
            for versions in &hold.versions {
                self.lake.snapshot_at(versions).await?;
            }
            let hold = Hold { id: format!("h{}", self.holds.len() + 1), released: None, ..hold };
            self.write(&Entry::Add(hold.clone())).await?;
            Ok(hold)
        })
    }

    /// Records the end of a hold.
    ///
    /// # Errors
    /// If there is no such hold, or it has ended.
    pub fn release(self, id: String, release: Release) -> BoxFuture<'static, Result<Hold>> {
        Box::pin(async move {
            let Some(hold) = self.holds.iter().find(|hold| hold.id == id && hold.stands()).cloned() else {
                let standing = self.holds.iter().filter(|h| h.stands()).map(|h| h.id.clone()).collect();
                self.right.release().await?;
                return Err(LakeError::NoHold { id, standing });
            };
            self.write(&Entry::Release { id, release: release.clone() }).await?;
            Ok(Hold { released: Some(release), ..hold })
        })
    }

    async fn write(self, entry: &Entry) -> Result<()> {
        let store = &self.lake.inner.store;
        store.may_write().await?;
        let value = serde_json::to_vec(entry).map_err(|e| LakeError::batch(Name::State.as_str(), e))?;
        let lease = Lease::take(store).await?;
        let mut stage = Stage::new(store.clone(), lease, 'k', self.lake.memory().stage());
        let seq = self.snapshot.next_state_seq().await?;
        let rows = rows::state(stage.lease.id, seq, &[(HOLD.to_owned(), value)])?;
        stage.add_to(Name::State, Part::None, rows).await?;
        let files = stage.finish().await?.remove(&Name::State).unwrap_or_default();
        self.lake.inner.log(Name::State)?.commit(&files, &[], stage.lease.id).await?;
        stage.lease.release(store).await?;
        self.right.release().await
    }
}
