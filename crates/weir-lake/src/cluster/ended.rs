//! [`OneEnd`]: the last step of a query on a cluster gives its answer as one part.
//!
//! Decisive choice: Ballista names to whoever asked each part of the last step as it is finished, and when the executor of one is lost does it again
//! without taking the first back: an answer of several parts then has those rows twice. An answer of one part is finished with that part.

use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use std::sync::Arc;

/// A rule of the scheduler, after those that make partitions.
#[derive(Debug)]
pub(super) struct OneEnd;

impl PhysicalOptimizerRule for OneEnd {
    fn name(&self) -> &'static str {
        "weir_one_end"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if plan.output_partitioning().partition_count() < 2 {
            return Ok(plan);
        }
        Ok(match plan.output_ordering().cloned() {
            Some(order) => Arc::new(SortPreservingMergeExec::new(order, plan)),
            None => Arc::new(CoalescePartitionsExec::new(plan)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sorted::tests::numbers;
    use super::*;

    #[tokio::test]
    async fn an_answer_is_one_part_in_its_order() {
        let (both, sorted) = numbers().await;
        assert_eq!(both.output_partitioning().partition_count(), 2);
        let ended = |plan| OneEnd.optimize(plan, &ConfigOptions::new()).unwrap();
        let told = |plan: &Arc<dyn ExecutionPlan>| {
            (plan.name().to_owned(), plan.output_partitioning().partition_count())
        };
        assert_eq!(told(&ended(both)), ("CoalescePartitionsExec".to_owned(), 1));
        let merged = ended(sorted);
        assert_eq!(told(&merged), ("SortPreservingMergeExec".to_owned(), 1));
        assert!(Arc::ptr_eq(&ended(Arc::clone(&merged)), &merged), "nothing to add");
    }
}
