//! Sessions whose queries a cluster runs.

use super::again::AskedAgain;
use super::codec::Tables;
use super::{Address, Cluster};
use crate::Result;
use async_trait::async_trait;
use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use ballista_core::planner::BallistaQueryPlanner;
use datafusion::catalog::Session;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion_proto::protobuf::LogicalPlanNode;
use std::sync::Arc;

pub use super::processes::{run_executor, run_scheduler};
pub(super) use super::reach::reach;

/// Bytes of the largest message between processes. The plan of a query names every file of its tables.
pub(super) const MESSAGE_BYTES_MAX: usize = 256 << 20;
/// Seconds that one call between processes may take.
const CALL_SECONDS_MAX: u64 = 120;

impl Address {
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.place())
    }
}

/// What sessions on the driver, the scheduler and the executors have in common.
pub(super) fn common(config: SessionConfig) -> SessionConfig {
    config
        // Plans are made once, from what is known before: adaptive ones have been reported to lose rows.
        .with_ballista_adaptive_query_planner(false)
        .with_ballista_grpc_client_max_message_size(MESSAGE_BYTES_MAX)
        .set_u64("ballista.client.grpc_timeout_seconds", CALL_SECONDS_MAX)
}

/// Sends queries to the cluster, but for those about a table's columns, which are known here.
#[derive(Debug)]
struct Planner {
    scheduler: Address,
    cluster: BallistaQueryPlanner<LogicalPlanNode>,
}

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn Session,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        match plan {
            LogicalPlan::DescribeTable(_) => {
                DefaultPhysicalPlanner::default().create_physical_plan(plan, session).await
            }
            _ => {
                let query = self.cluster.create_physical_plan(plan, session).await?;
                Ok(Arc::new(AskedAgain::new(query, self.scheduler.clone())))
            }
        }
    }
}

/// A context whose queries run on a cluster.
pub(crate) fn context(
    config: SessionConfig,
    runtime: Arc<RuntimeEnv>,
    cluster: &Cluster,
) -> Result<SessionContext> {
    let config = config.upgrade_for_ballista();
    let url = cluster.address.url();
    let config = common(config);
    let planner = BallistaQueryPlanner::<LogicalPlanNode>::with_extension(
        url.clone(),
        config.ballista_config(),
        Arc::new(Tables::sent()),
    );
    let planner = Planner { scheduler: cluster.address.clone(), cluster: planner };
    let config = config.with_ballista_query_planner(Arc::new(planner));
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .build()
        .upgrade_for_ballista(url)?;
    Ok(SessionContext::new_with_state(state))
}
