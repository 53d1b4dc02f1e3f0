//! The texts of a column that a query lists itself: as `VALUES`, or as a constant.
//!
//! Decisive choice: a column is listed only if each of its texts is known from the plan; of a column that is anything else, nothing is.

use super::shown::{Scope, position};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};
use std::borrow::Cow;

/// The most texts of a list that are put under pseudonyms.
const TEXTS_MAX: usize = 10_000;

/// The texts of a listed column, each of which it may hold.
pub(super) fn texts(expression: &Expr, scope: &Scope<'_>) -> Option<Vec<String>> {
    let (scope, column) = match expression {
        Expr::Column(column) => (scope, column),
        Expr::OuterReferenceColumn(_, column) => (scope.outer?, column),
        _ => return None,
    };
    let (plan, at) = position(scope, column)?;
    let texts = of_plan(plan, at)?;
    Some(texts.into_iter().map(Cow::into_owned).collect())
}

/// The texts of a plan's column.
pub(super) fn of_plan(plan: &LogicalPlan, at: usize) -> Option<Vec<Cow<'_, str>>> {
    match plan {
        LogicalPlan::Values(listed) if listed.values.len() <= TEXTS_MAX => {
            let cells = listed.values.iter().map(|row| row.get(at));
            cells
                .filter(|cell| !cell.is_some_and(is_null))
                .map(|cell| literal(cell?).map(Cow::Borrowed))
                .collect()
        }
        LogicalPlan::Projection(made) => of_expression(made.expr.get(at)?, &made.input),
        LogicalPlan::SubqueryAlias(named) => of_plan(&named.input, at),
        LogicalPlan::Subquery(inside) => of_plan(&inside.subquery, at),
        LogicalPlan::Filter(filter) => of_plan(&filter.input, at),
        LogicalPlan::Limit(limit) => of_plan(&limit.input, at),
        LogicalPlan::Sort(sort) => of_plan(&sort.input, at),
        LogicalPlan::Distinct(Distinct::All(input)) => of_plan(input, at),
        LogicalPlan::Union(union) => {
            let parts: Option<Vec<_>> = union.inputs.iter().map(|input| of_plan(input, at)).collect();
            parts.map(|parts| parts.concat()).filter(|texts| texts.len() <= TEXTS_MAX)
        }
        _ => None,
    }
}

fn of_expression<'p>(expression: &'p Expr, input: &'p LogicalPlan) -> Option<Vec<Cow<'p, str>>> {
    match expression {
        Expr::Column(column) => of_plan(input, input.schema().maybe_index_of_column(column)?),
        Expr::Alias(alias) => of_expression(&alias.expr, input),
        other if is_null(other) => Some(Vec::new()),
        other => literal(other).map(|text| vec![Cow::Borrowed(text)]),
    }
}

/// The text of a constant.
pub(super) fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
            _,
        ) => Some(text),
        Expr::Alias(alias) => literal(&alias.expr),
        Expr::Cast(cast) if cast.field.data_type().is_string() => literal(&cast.expr),
        _ => None,
    }
}

/// Whether it is a constant null.
pub(super) fn is_null(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(value, _) => value.is_null(),
        Expr::Alias(alias) => is_null(&alias.expr),
        Expr::Cast(cast) => is_null(&cast.expr),
        _ => false,
    }
}
