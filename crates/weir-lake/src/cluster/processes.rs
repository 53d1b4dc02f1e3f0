//! The processes of a cluster: Ballista's own scheduler and executor, with this crate's tables and functions in them.
//!
//! Decisive choice: executors ask for work (they *pull*), so that only the scheduler need be reachable for work to be given out, and an executor that
//! cannot read its part says so instead of being taken for dead. All parts of an executor share one [`Headroom`], as the operators of one query do on
//! one machine.

use super::ballista::{MESSAGE_BYTES_MAX, common};
use super::codec::{Columns, Parts, Tables};
use super::given_up::{FETCHES_FAILED_MAX, GivesUp};
use super::sorted::SortedAgain;
use super::uncounted::Uncounted;
use super::{Address, Executor, Rebuild, Scheduler, reach};
use crate::pool::Headroom;
use crate::session::SessionOptions;
use crate::{LakeError, Result, functions, store};
use ballista_core::ConfigProducer;
use ballista_core::config::TaskSchedulingPolicy;
use ballista_core::extension::SessionConfigExt;
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_core::utils::default_session_builder;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion::execution::object_store::{DefaultObjectStoreRegistry, ObjectStoreRegistry};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::prelude::SessionConfig;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use object_store::ObjectStore;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::Url;

/// Seconds after which results that were fetched, or given up, are deleted. What reads a long history may take hours over it.
const RESULTS_SECONDS_MAX: u64 = 6 * 3600;
/// Seconds between two looks for executors that are silent.
const LOOK_SECONDS: u64 = 2;

fn failed(address: &Address, error: &dyn std::fmt::Display) -> LakeError {
    LakeError::cluster(address, format!("failed: {error}"), "its log says more with --verbose --verbose")
}

fn configurations() -> ConfigProducer {
    Arc::new(|| common(SessionConfig::new_with_ballista()))
}

/// Takes a port.
async fn listen(bind: IpAddr, port: u16) -> Result<(TcpListener, Address)> {
    let wanted = Address::new(bind, port);
    let refused = |e: std::io::Error| {
        LakeError::cluster(
            &wanted.place(),
            format!("cannot be listened on: {e}"),
            "give another --port, or 0 for any free one",
        )
    };
    let listener = TcpListener::bind((bind, port)).await.map_err(refused)?;
    let taken = listener.local_addr().map_err(refused)?;
    Ok((listener, Address::new(bind, taken.port())))
}

/// Runs a scheduler until it is told to stop; says where it listens.
///
/// # Errors
/// If the port is taken, or Ballista fails.
pub async fn run_scheduler(what: &Scheduler, rebuild: Rebuild, started: impl FnOnce(Address)) -> Result<()> {
    let (listener, address) = listen(what.bind, what.port).await?;
    let columns = Columns::received(rebuild);
    let config = SchedulerConfig {
        external_host: address.host.clone(),
        bind_host: what.bind.to_string(),
        bind_port: address.port,
        scheduling_policy: TaskSchedulingPolicy::PullStaged,
        finished_job_data_clean_up_interval_seconds: RESULTS_SECONDS_MAX,
        executor_timeout_seconds: what.lost_after.as_secs(),
        no_executors_grace_period_seconds: what.lost_after.as_secs(),
        expire_dead_executor_interval_seconds: LOOK_SECONDS,
        stage_max_failures: FETCHES_FAILED_MAX,
        grpc_server_max_decoding_message_size: MESSAGE_BYTES_MAX as u32,
        grpc_server_max_encoding_message_size: MESSAGE_BYTES_MAX as u32,
        grpc_client_max_message_size: MESSAGE_BYTES_MAX as u32,
        override_config_producer: Some(configurations()),
        override_session_builder: Some(Arc::new(|config: SessionConfig| {
            let state = default_session_builder(config)?;
            let runtime = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(Stores::default()));
            let (id, runtime) = (state.session_id().to_owned(), runtime.build_arc()?);
            let builder = SessionStateBuilder::new_from_existing(state).with_session_id(id);
            // The last rule checks that nothing counts on an order that is not there.
            let builder = builder
                .with_physical_optimizer_rule(Arc::new(SortedAgain))
                .with_physical_optimizer_rule(Arc::new(SanityCheckPlan::new()));
            let mut state = builder.with_runtime_env(runtime).build();
            functions::register(&mut state)?;
            Ok(state)
        })),
        override_logical_codec: Some(Arc::new(Tables::with(columns.clone()))),
        override_physical_codec: Some(Arc::new(Parts::with(columns))),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await.map_err(|e| failed(&address, &e))?;
    let gives_up = Arc::new(GivesUp::new(cluster.cluster_state()));
    let cluster = BallistaCluster::new(Arc::<GivesUp>::clone(&gives_up), cluster.job_state());
    let scheduler = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, Arc::new(config)).await;
    let scheduler = scheduler.map_err(|e| failed(&address, &e))?;
    gives_up.queries_of(scheduler.clone());
    started(address.clone());
    tokio::select! {
        done = start_grpc_service_with_listener(listener, scheduler) => done.map_err(|e| failed(&address, &e)),
        stopped = stopped() => stopped.map_err(|e| failed(&address, &e)),
    }
}

/// Runs an executor until it is told to stop; says where it listens. What it is working on is finished first.
///
/// # Errors
/// If the scheduler does not answer, the port is taken, or Ballista fails.
pub async fn run_executor(what: &Executor, rebuild: Rebuild, started: impl FnOnce(Address)) -> Result<()> {
    reach::scheduler(&what.scheduler).await?;
    // Ballista takes the port by itself, and ends without an error if it cannot.
    let (listener, address) = listen(what.bind, what.port).await?;
    drop(listener);
    let folder = match &what.work_dir {
        Some(dir) => TempDir::with_prefix_in("weir-executor-", dir),
        None => TempDir::with_prefix("weir-executor-"),
    };
    let unusable = |e: std::io::Error| LakeError::write("the executor's folder", e);
    let folder = folder.map_err(unusable)?;
    // Whole: others that share the file system read results where they lie.
    let path = folder.path().canonicalize().map_err(unusable)?.to_string_lossy().into_owned();
    let columns = Columns::received(rebuild);
    let mut registry = BallistaFunctionRegistry::default();
    for function in functions::scalars() {
        registry.scalar_functions.insert(function.name().to_owned(), Arc::new(function));
    }
    for function in functions::aggregates() {
        registry.aggregate_functions.insert(function.name().to_owned(), Arc::new(function));
    }
    let bytes = what.memory.session().memory_bytes_max;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(Headroom::new(bytes)))
        .with_metadata_cache_limit(bytes / 32)
        .with_object_store_registry(Arc::new(Stores::default()))
        .with_temp_file_path(&path)
        .build_arc()?;
    let processors = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let config = ExecutorProcessConfig {
        bind_host: address.host.clone(),
        external_host: Some(what.advertise.clone().unwrap_or_else(|| address.host.clone())),
        port: address.port,
        scheduler_host: what.scheduler.host.clone(),
        scheduler_port: what.scheduler.port,
        // The sorts of all slots keep memory back for their merges.
        vcores: what.slots.map_or_else(processors, NonZeroUsize::get).min(SessionOptions::room(bytes)),
        task_scheduling_policy: TaskSchedulingPolicy::PullStaged,
        work_dir: Some(path),
        job_data_ttl_seconds: RESULTS_SECONDS_MAX,
        job_data_clean_up_interval_seconds: RESULTS_SECONDS_MAX,
        grpc_max_decoding_message_size: MESSAGE_BYTES_MAX as u32,
        grpc_max_encoding_message_size: MESSAGE_BYTES_MAX as u32,
        // Zero: the pool that all parts share, instead of an even part of one for each.
        memory_pool_size: Some(0),
        override_execution_engine: Some(Arc::new(Uncounted::default())),
        override_function_registry: Some(Arc::new(registry)),
        override_config_producer: Some(configurations()),
        override_runtime_producer: Some(Arc::new(move |_: &SessionConfig| Ok(Arc::clone(&runtime)))),
        override_logical_codec: Some(Arc::new(Tables::with(columns.clone()))),
        override_physical_codec: Some(Arc::new(Parts::with(columns))),
        ..ExecutorProcessConfig::default()
    };
    started(address.clone());
    start_executor_process(Arc::new(config)).await.map_err(|e| failed(&what.scheduler, &e))
}

/// Waits until the process is told to stop.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Stores by their names: this machine's files, and buckets as the environment says.
#[derive(Debug, Default)]
struct Stores(DefaultObjectStoreRegistry);

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.register_store(url, store)
    }

    fn get_store(&self, url: &Url) -> datafusion::error::Result<Arc<dyn ObjectStore>> {
        match self.0.get_store(url) {
            Err(_) if url.scheme() == "s3" => {
                let bucket: Arc<dyn ObjectStore> = Arc::new(store::s3(url)?);
                self.0.register_store(url, Arc::clone(&bucket));
                Ok(bucket)
            }
            known => known,
        }
    }
}
