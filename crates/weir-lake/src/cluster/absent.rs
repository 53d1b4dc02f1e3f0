//! What a build without the feature `cluster` says to those who ask for one.

use super::{Address, Cluster, Executor, Rebuild, Scheduler};
use crate::{LakeError, Result};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::sync::Arc;

pub(super) async fn reach(_: &Address) -> Result<()> {
    Err(LakeError::NoCluster)
}

pub(crate) fn context(_: SessionConfig, _: Arc<RuntimeEnv>, _: &Cluster) -> Result<SessionContext> {
    Err(LakeError::NoCluster)
}

/// Runs a scheduler until it is told to stop.
///
/// # Errors
/// Always: this build has none.
pub async fn run_scheduler(_: &Scheduler, _: Rebuild, _: impl FnOnce(Address)) -> Result<()> {
    Err(LakeError::NoCluster)
}

/// Runs an executor until it is told to stop.
///
/// # Errors
/// Always: this build has none.
pub async fn run_executor(_: &Executor, _: Rebuild, _: impl FnOnce(Address)) -> Result<()> {
    Err(LakeError::NoCluster)
}
