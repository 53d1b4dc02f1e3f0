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
    use super::*;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::physical_expr::expressions::col;
    use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
    use datafusion::physical_plan::sorts::sort::SortExec;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn an_answer_is_one_part_in_its_order() {
        let numbers = Arc::new(Int64Array::from(vec![2, 1])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        let context = SessionContext::new();
        context.register_batch("one", batch.clone()).unwrap();
        context.register_batch("two", batch).unwrap();
        let both = context.sql("SELECT n FROM one UNION ALL SELECT n FROM two").await.unwrap();
        let both = both.create_physical_plan().await.unwrap();
        assert_eq!(both.output_partitioning().partition_count(), 2);
        let ended = |plan| OneEnd.optimize(plan, &ConfigOptions::new()).unwrap();
        let plain = ended(Arc::clone(&both));
        assert_eq!(
            (plain.name(), plain.output_partitioning().partition_count()),
            ("CoalescePartitionsExec", 1)
        );
        let n = PhysicalSortExpr::new_default(col("n", &both.schema()).unwrap());
        let order = LexOrdering::new([n]).unwrap();
        let sorted = ended(Arc::new(SortExec::new(order, both).with_preserve_partitioning(true)));
        assert_eq!(
            (sorted.name(), sorted.output_partitioning().partition_count()),
            ("SortPreservingMergeExec", 1)
        );
        let again = ended(Arc::clone(&sorted));
        assert!(Arc::ptr_eq(&again, &sorted), "nothing to add");
    }
}
