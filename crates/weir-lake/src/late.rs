//! [`DerivedLast`]: of the conditions that a scan evaluates row by row, those on derived columns come last.
//!
//! Decisive choice: a scan evaluates each condition on the rows that those before it left, and orders them by the bytes of their columns. A derived column has
//! few bytes to read and much to work out, so it came first, for every row, and a condition on an address after it. Where a scan has such a condition, stored
//! columns of fixed width come first, then texts, then what is derived; elsewhere the order stays as it is.

use crate::derive::is_derived;
use arrow_schema::Schema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, FileSource, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr::{PhysicalExpr, conjunction, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

/// A rule after all others.
#[derive(Debug)]
pub(crate) struct DerivedLast;

/// What a condition takes, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cost {
    Fixed,
    Text,
    Derived,
}

fn cost(condition: &Arc<dyn PhysicalExpr>, schema: &Schema) -> Result<Cost> {
    if condition.exists(|part| Ok(is_derived(part)))? {
        return Ok(Cost::Derived);
    }
    let fixed = collect_columns(condition).iter().all(|column| {
        schema.field_with_name(column.name()).is_ok_and(|f| f.data_type().primitive_width().is_some())
    });
    Ok(if fixed { Cost::Fixed } else { Cost::Text })
}

/// The scan with its conditions in order; `None` where none is on a derived column.
fn ordered(scan: &DataSourceExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some((config, source)) = scan.downcast_to_file_source::<ParquetSource>() else { return Ok(None) };
    let Some(predicate) = source.filter() else { return Ok(None) };
    let costed = split_conjunction(&predicate)
        .into_iter()
        .map(|condition| Ok((cost(condition, config.file_schema())?, Arc::clone(condition))));
    let mut costed = costed.collect::<Result<Vec<_>>>()?;
    if costed.len() < 2 || costed.iter().all(|(cost, _)| *cost != Cost::Derived) {
        return Ok(None);
    }
    costed.sort_by_key(|(cost, _)| *cost);
    let predicate = conjunction(costed.into_iter().map(|(_, condition)| condition));
    let source = source.with_predicate(predicate).with_reorder_filters(false);
    let config = FileScanConfigBuilder::from(config.clone()).with_source(Arc::new(source)).build();
    Ok(Some(DataSourceExec::from_data_source(config)))
}

impl PhysicalOptimizerRule for DerivedLast {
    fn name(&self) -> &'static str {
        "weir_derived_last"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|node| {
            let scan = node.downcast_ref::<DataSourceExec>();
            Ok(match scan.map(ordered).transpose()?.flatten() {
                Some(scan) => Transformed::yes(scan),
                None => Transformed::no(node),
            })
        });
        Ok(done?.data)
    }
}
