//! [`Fenced`]: an executor that was taken for lost is not listened to again.
//!
//! Decisive choice: an executor that is silent for too long may be alive, on a machine that had no time for it. Its parts have been given to others by
//! then, and Ballista, where executors ask for work, takes it back under the name it had, with what it reports of those parts. So what asks under the
//! name of a lost executor is refused, and an executor that is refused ends ([`refused`]): started again, it has another name.

use super::{Address, reach};
use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::{BallistaError, Result};
use ballista_core::serde::protobuf::ExecutorHeartbeat;
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_executor::health::ExecutorHealth;
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::state::task_manager::JobInfoCache;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Between two looks of an executor at whether it is still listened to.
const LOOK: Duration = Duration::from_secs(1);
/// Looks in a row at which the scheduler answers everybody else: a single answer that came late is none.
const LOOKS: usize = 10;

/// What a scheduler knows of its executors, and which of them are lost.
pub(super) struct Fenced {
    known: Arc<dyn ClusterState>,
    /// Ids of the lost: a process makes its own when it starts, so none comes again.
    lost: Mutex<HashSet<String>>,
}

impl Fenced {
    pub(super) fn new(known: Arc<dyn ClusterState>) -> Self {
        Self { known, lost: Mutex::default() }
    }

    fn refuse_lost(&self, id: &str) -> Result<()> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if lost.contains(id) {
            return Err(BallistaError::General(format!(
                "executor {id} was silent for too long and is taken for lost; start it again"
            )));
        }
        Ok(())
    }
}

#[async_trait]
impl ClusterState for Fenced {
    async fn init(&self) -> Result<()> {
        self.known.init().await
    }

    async fn bind_schedulable_tasks(
        &self,
        distribution: TaskDistributionPolicy,
        active_jobs: Arc<HashMap<JobId, JobInfoCache>>,
        executors: Option<HashSet<String>>,
    ) -> Result<Vec<BoundTask>> {
        self.known.bind_schedulable_tasks(distribution, active_jobs, executors).await
    }

    async fn unbind_tasks(&self, slots: Vec<ExecutorSlot>) -> Result<()> {
        self.known.unbind_tasks(slots).await
    }

    async fn register_executor(&self, metadata: ExecutorMetadata, data: ExecutorData) -> Result<()> {
        self.refuse_lost(&metadata.id)?;
        self.known.register_executor(metadata, data).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.refuse_lost(&metadata.id)?;
        self.known.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, id: &str) -> Result<ExecutorMetadata> {
        self.known.get_executor_metadata(id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.known.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.refuse_lost(&heartbeat.executor_id)?;
        self.known.save_executor_heartbeat(heartbeat).await
    }

    async fn remove_executor(&self, id: &str) -> Result<()> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
        self.known.remove_executor(id).await
    }

    fn executor_heartbeats(&self) -> HashMap<String, ExecutorHeartbeat> {
        self.known.executor_heartbeats()
    }

    fn get_executor_heartbeat(&self, id: &str) -> Option<ExecutorHeartbeat> {
        self.known.get_executor_heartbeat(id)
    }

    async fn cluster_state_events(&self) -> Result<ClusterStateEventStream> {
        self.known.cluster_state_events().await
    }
}

/// Waits until a scheduler does not listen to an executor, though it answers others.
pub(super) async fn refused(health: ExecutorHealth, scheduler: &Address) {
    let mut refused = 0;
    while refused < LOOKS {
        tokio::time::sleep(LOOK).await;
        let answers_others = !health.is_ready() && reach::scheduler(scheduler).await.is_ok();
        refused = if answers_others { refused + 1 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ballista_core::serde::scheduler::{ExecutorOperatingSystemSpecification, ExecutorSpecification};
    use ballista_scheduler::cluster::memory::InMemoryClusterState;

    #[tokio::test]
    async fn whoever_was_lost_is_not_listened_to_under_that_name() {
        let fenced = Fenced::new(Arc::new(InMemoryClusterState::default()));
        let asks = |id: &str| {
            fenced.save_executor_metadata(ExecutorMetadata {
                id: id.to_owned(),
                host: "127.0.0.1".to_owned(),
                port: 1,
                grpc_port: 2,
                specification: ExecutorSpecification::default(),
                os_info: ExecutorOperatingSystemSpecification::default(),
            })
        };
        asks("a").await.unwrap();
        asks("a").await.unwrap();
        fenced.remove_executor("a").await.unwrap();
        let message = asks("a").await.unwrap_err().to_string();
        assert!(message.contains("executor a was silent for too long"), "{message}");
        assert!(fenced.executor_heartbeats().is_empty(), "it is not waited for again");
        asks("b").await.unwrap();
        assert_eq!(fenced.executor_heartbeats().len(), 1);
    }
}
