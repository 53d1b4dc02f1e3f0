//! The right to write to a lake in a bucket, which one process has at a time.
//!
//! Decisive choice: the right is an object. It is put only where there is none, renewed only where it is still one's own, and taken over from whoever
//! has not renewed it for a minute ([`PACE`]); both conditions are the store's to keep (`If-None-Match`, `If-Match`), and the wait is counted by
//! the one who waits. So no table of locks stands beside the bucket, and no two clocks are compared.
//!
//! What it cannot refuse: a process stopped between renewing and committing for longer than that, which goes on writing afterwards. It finds out
//! at its next renewal.

use crate::{LakeError, Result};
use object_store::path::Path as StorePath;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Where the right lies.
const RIGHT: &str = "_ingests/writer.lock";

/// How the right is kept and asked for.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// How often it is renewed.
    beat: Duration,
    /// How long it may go without renewal.
    stale: Duration,
    /// How often it is asked for.
    ask: Duration,
}

const PACE: Pace =
    Pace { beat: Duration::from_secs(10), stale: Duration::from_secs(60), ask: Duration::from_millis(500) };

/// The right, held and renewed until it is given back.
#[derive(Debug)]
pub(crate) struct Held {
    own: Arc<Own>,
    beat: JoinHandle<()>,
}

/// Our object in the bucket.
#[derive(Debug)]
struct Own {
    objects: Arc<dyn ObjectStore>,
    /// Its version now, and how often it was renewed.
    at: Mutex<(UpdateVersion, u64)>,
    holder: u64,
    lost: AtomicBool,
}

fn place() -> StorePath {
    StorePath::from(RIGHT)
}

fn fail(error: impl ToString) -> LakeError {
    LakeError::write(RIGHT, error.to_string())
}

/// What the object says: who holds it, and the how manyth renewal it is, so that every renewal is another version.
fn body(holder: u64, beats: u64) -> String {
    format!("{holder:016x} {beats}\n")
}

impl Held {
    /// Waits until nobody else has the right; says so once if it has to wait.
    pub(crate) async fn take(
        objects: &Arc<dyn ObjectStore>,
        holder: u64,
        waits: impl FnOnce(),
    ) -> Result<Self> {
        Self::take_at(PACE, objects, holder, waits).await
    }

    async fn take_at(
        pace: Pace,
        objects: &Arc<dyn ObjectStore>,
        holder: u64,
        waits: impl FnOnce(),
    ) -> Result<Self> {
        let mut waits = Some(waits);
        // The version of another's that was seen, and how long it has been waited for since.
        let mut seen: Option<(Option<String>, Duration)> = None;
        loop {
            if let Some(version) = put(objects, body(holder, 0), PutMode::Create).await? {
                return Ok(Self::new(pace, objects, holder, version));
            }
            let theirs = match objects.head(&place()).await {
                Ok(meta) => meta,
                Err(Error::NotFound { .. }) => continue,
                Err(e) => return Err(fail(e)),
            };
            match &mut seen {
                Some((version, waited)) if *version == theirs.e_tag && *waited >= pace.stale => {
                    let version = UpdateVersion { e_tag: theirs.e_tag, version: theirs.version };
                    if let Some(version) = put(objects, body(holder, 0), PutMode::Update(version)).await? {
                        tracing::info!("took over the right to write from one who did not renew it");
                        return Ok(Self::new(pace, objects, holder, version));
                    }
                    seen = None;
                }
                Some((version, waited)) if *version == theirs.e_tag => *waited += pace.ask,
                _ => seen = Some((theirs.e_tag, Duration::ZERO)),
            }
            waits.take().into_iter().for_each(|say| say());
            tokio::time::sleep(pace.ask).await;
        }
    }

    fn new(pace: Pace, objects: &Arc<dyn ObjectStore>, holder: u64, version: UpdateVersion) -> Self {
        let at = Mutex::new((version, 0));
        let own = Arc::new(Own { objects: Arc::clone(objects), at, holder, lost: AtomicBool::new(false) });
        let beating = Arc::clone(&own);
        let beat = tokio::spawn(async move {
            loop {
                tokio::time::sleep(pace.beat).await;
                // What fails here is said by whoever wants to commit.
                if beating.renew().await.is_err() && beating.lost.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self { own, beat }
    }

    /// That the right is still held; nobody takes it over for as long as it may go without renewal.
    pub(crate) async fn renew(&self) -> Result<()> {
        self.own.renew().await
    }

    /// Gives the right back.
    pub(crate) async fn release(&self) -> Result<()> {
        {
            // Not in the middle of a renewal, whose version would be lost.
            let _renewing = self.own.at.lock().await;
            self.beat.abort();
        }
        // Nobody else's may be deleted.
        self.own.renew().await?;
        match self.own.objects.delete(&place()).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(fail(e)),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

impl Own {
    async fn renew(&self) -> Result<()> {
        let lost = || {
            LakeError::write(
                RIGHT,
                "another process has taken over the right to write, since this one did not renew it in time",
            )
        };
        if self.lost.load(Ordering::Relaxed) {
            return Err(lost());
        }
        let mut at = self.at.lock().await;
        let beats = at.1 + 1;
        let again = |version| put(&self.objects, body(self.holder, beats), PutMode::Update(version));
        let mut renewed = again(at.0.clone()).await?;
        if renewed.is_none()
            && let Some(version) = self.ours().await?
        {
            renewed = again(version).await?;
        }
        let Some(version) = renewed else {
            self.lost.store(true, Ordering::Relaxed);
            return Err(lost());
        };
        *at = (version, beats);
        Ok(())
    }

    /// The version that lies there, if it is ours: a renewal whose answer never came.
    async fn ours(&self) -> Result<Option<UpdateVersion>> {
        let found = match self.objects.get(&place()).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(e) => return Err(fail(e)),
        };
        let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        let text = found.bytes().await.map_err(fail)?;
        Ok(text.starts_with(format!("{:016x} ", self.holder).as_bytes()).then_some(version))
    }
}

/// Puts the object under a condition; its new version, or none where the condition does not hold.
async fn put(objects: &Arc<dyn ObjectStore>, body: String, mode: PutMode) -> Result<Option<UpdateVersion>> {
    match objects.put_opts(&place(), body.into(), PutOptions::from(mode)).await {
        Ok(put) => Ok(Some(put.into())),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => Ok(None),
        Err(e) => Err(fail(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    const QUICK: Pace = Pace {
        beat: Duration::from_millis(20),
        stale: Duration::from_millis(400),
        ask: Duration::from_millis(10),
    };

    fn objects() -> Arc<dyn ObjectStore> {
        Arc::new(InMemory::new())
    }

    async fn take(objects: &Arc<dyn ObjectStore>, holder: u64) -> Held {
        Held::take_at(QUICK, objects, holder, || ()).await.unwrap()
    }

    #[tokio::test]
    async fn who_waits_gets_the_right_when_it_is_given_back() {
        let objects = objects();
        let first = take(&objects, 1).await;
        let waiting = tokio::spawn({
            let objects = Arc::clone(&objects);
            async move { take(&objects, 2).await }
        });
        tokio::time::sleep(QUICK.stale * 3).await;
        assert!(!waiting.is_finished(), "it is renewed all the while");
        first.renew().await.unwrap();
        first.release().await.unwrap();
        waiting.await.unwrap().renew().await.unwrap();
    }

    #[tokio::test]
    async fn a_right_that_nobody_renews_is_taken_over_and_its_holder_finds_out() {
        let objects = objects();
        let first = take(&objects, 1).await;
        first.beat.abort();
        let second = take(&objects, 2).await;
        let error = first.renew().await.unwrap_err().to_string();
        assert!(error.contains("taken over"), "{error}");
        assert!(first.release().await.is_err(), "it must not delete the other's");
        second.renew().await.unwrap();
    }

    #[tokio::test]
    async fn a_renewal_whose_answer_was_lost_is_still_ones_own() {
        let objects = objects();
        let held = take(&objects, 1).await;
        held.beat.abort();
        put(&objects, body(1, 77), PutMode::Overwrite).await.unwrap();
        held.renew().await.unwrap();
        held.release().await.unwrap();
        take(&objects, 2).await;
    }
}
