//! [`GivesUp`]: a query is given up when an executor that worked on it is lost; whoever asked it asks it again ([`super::again`]).
//!
//! Decisive choice: Ballista does the lost parts again, and those that read them. Parts of the latter that were finished elsewhere it keeps beside
//! their replacements, so that rows are counted twice. Nothing of a query that lost a part is used here: its next attempt starts from the records,
//! which costs what was done of it and needs no trust in how parts are put together again. For the same reason the first part that cannot fetch what
//! it reads ends its query ([`FETCHES_FAILED_MAX`]).

use async_trait::async_trait;
use ballista_core::JobId;
use ballista_core::error::Result;
use ballista_core::serde::protobuf::task_status::Status;
use ballista_core::serde::protobuf::{ExecutorHeartbeat, RunningTask, SuccessfulTask};
use ballista_core::serde::scheduler::{ExecutorData, ExecutorMetadata};
use ballista_scheduler::cluster::{BoundTask, ClusterState, ClusterStateEventStream, ExecutorSlot};
use ballista_scheduler::config::TaskDistributionPolicy;
use ballista_scheduler::scheduler_server::SchedulerServer;
use ballista_scheduler::state::execution_stage::TaskInfo;
use ballista_scheduler::state::task_manager::JobInfoCache;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Attempts of a step in which parts could not fetch what they read, before its query is given up.
pub(super) const FETCHES_FAILED_MAX: usize = 1;

type Server = SchedulerServer<LogicalPlanNode, PhysicalPlanNode>;

/// What a scheduler knows of its executors. Of a lost one it hears before anything is done about it.
pub(super) struct GivesUp {
    known: Arc<dyn ClusterState>,
    scheduler: OnceLock<Server>,
}

impl GivesUp {
    pub(super) fn new(known: Arc<dyn ClusterState>) -> Self {
        Self { known, scheduler: OnceLock::new() }
    }

    /// Names the scheduler that has the queries; it is made of this.
    pub(super) fn queries_of(&self, scheduler: Server) {
        drop(self.scheduler.set(scheduler));
    }

    async fn give_up_what_it_worked_on(&self, executor: &str) -> Result<()> {
        let Some(scheduler) = self.scheduler.get() else { return Ok(()) };
        for (id, query) in scheduler.state.task_manager.get_running_job_cache().iter() {
            let worked = {
                let query = query.execution_graph.read().await;
                let mut parts = query.stages().values().filter_map(|step| step.task_infos()).flatten();
                parts.any(|part| is_of(part, executor))
            };
            if worked {
                tracing::warn!("query {id} is given up: executor {executor}, which worked on it, is lost");
                scheduler.cancel_job(id.clone()).await?;
            }
        }
        Ok(())
    }
}

/// Whether an executor works on a part, or finished it.
fn is_of(part: &TaskInfo, executor: &str) -> bool {
    matches!(
        &part.task_status,
        Status::Running(RunningTask { executor_id }) | Status::Successful(SuccessfulTask { executor_id, .. })
            if executor_id == executor
    )
}

#[async_trait]
impl ClusterState for GivesUp {
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
        self.known.register_executor(metadata, data).await
    }

    async fn save_executor_metadata(&self, metadata: ExecutorMetadata) -> Result<()> {
        self.known.save_executor_metadata(metadata).await
    }

    async fn get_executor_metadata(&self, id: &str) -> Result<ExecutorMetadata> {
        self.known.get_executor_metadata(id).await
    }

    async fn registered_executor_metadata(&self) -> Vec<ExecutorMetadata> {
        self.known.registered_executor_metadata().await
    }

    async fn save_executor_heartbeat(&self, heartbeat: ExecutorHeartbeat) -> Result<()> {
        self.known.save_executor_heartbeat(heartbeat).await
    }

    /// What Ballista does about a lost executor follows what is given up here, in the one queue of the scheduler's events.
    async fn remove_executor(&self, id: &str) -> Result<()> {
        let given_up = self.give_up_what_it_worked_on(id).await;
        self.known.remove_executor(id).await?;
        given_up
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
