//! What a query compares with a column that shows pseudonyms is put under pseudonyms too.
//!
//! Decisive choice: the query's plan is rewritten, once and before all else. A text that meets such a column becomes the texts that the column shows in its
//! place, so that people can be asked for by name and are answered under pseudonyms. Which column shows them is read from where its values come from, not from
//! what it is called ([`shown`]). What such a value may be used for is a list ([`uses`]): what is not on it counts as unsafe, and is named to whoever asked.

mod listed;
mod shown;
mod uses;

use crate::Result;
use datafusion::common::NullEquality;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result as Done;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Distinct, Expr, Join, JoinConstraint, LogicalPlan, Operator};
use shown::{Scope, Shown, shown, source};
use std::collections::BTreeSet;
use uses::in_part;

/// A query that compares pseudonyms with pseudonyms, and the columns that it uses in ways that may tell another answer than people would.
pub(crate) fn compared(plan: LogicalPlan) -> Result<(LogicalPlan, BTreeSet<String>)> {
    let mut seen = BTreeSet::new();
    let plan = in_plan(plan, None, true, &mut seen)?;
    Ok((plan.data, seen))
}

/// A plan that stands in a scope. The outermost order of an answer is only looked at.
fn in_plan(
    plan: LogicalPlan,
    outer: Option<&Scope<'_>>,
    outermost: bool,
    seen: &mut BTreeSet<String>,
) -> Done<Transformed<LogicalPlan>> {
    let passes =
        matches!(plan, LogicalPlan::Projection(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Explain(_));
    // What stands right of a lateral join names columns of what stands left of it.
    let left = match &plan {
        LogicalPlan::Join(join) => Some(join.left.clone()),
        _ => None,
    };
    let beside = left.as_ref().map(|left| Scope { inputs: vec![left], outer });
    let below = beside.as_ref().or(outer);
    let plan = plan
        .map_children(|child| in_plan(child, below, outermost && passes, seen))?
        .transform_data(|plan| in_node(plan, outer, seen))?;
    by_node(&plan.data, outer, outermost, seen);
    if plan.transformed { plan.map_data(LogicalPlan::recompute_schema) } else { Ok(plan) }
}

/// The expressions of a node.
fn in_node(
    node: LogicalPlan,
    outer: Option<&Scope<'_>>,
    seen: &mut BTreeSet<String>,
) -> Done<Transformed<LogicalPlan>> {
    let inputs: Vec<LogicalPlan> = node.inputs().into_iter().cloned().collect();
    let scope = Scope { inputs: inputs.iter().collect(), outer };
    let names = NamePreserver::new(&node);
    node.map_expressions(|expression| {
        let name = names.save(&expression);
        let done = expression.transform_up(|part| in_part(part, &scope, seen))?;
        Ok(done.update_data(|expression| name.restore(expression)))
    })?
    .transform_data(|node| match node {
        LogicalPlan::Join(join) => {
            in_join(join, &scope, seen).map(|join| join.update_data(LogicalPlan::Join))
        }
        other => Ok(Transformed::no(other)),
    })
}

/// The pairs of columns that a join compares: of `USING`, `NATURAL JOIN`, `INTERSECT` and `EXCEPT`.
fn in_join(mut join: Join, scope: &Scope<'_>, seen: &mut BTreeSet<String>) -> Done<Transformed<Join>> {
    let nulls_equal = join.null_equality == NullEquality::NullEqualsNull;
    let op = if nulls_equal { Operator::IsNotDistinctFrom } else { Operator::Eq };
    let sides = [join.left.clone(), join.right.clone()];
    let [left, right] =
        sides.each_ref().map(|plan| Scope { inputs: vec![plan.as_ref()], outer: scope.outer });
    let (mut on, mut filters, mut changed) = (Vec::new(), Vec::new(), false);
    for (a, b) in std::mem::take(&mut join.on) {
        let (of_a, of_b) = (shown(&a, &left), shown(&b, &right));
        let ways = match (&of_a, &of_b) {
            (Some(by), None) => listed::texts(&b, &right).and_then(|texts| by.each(&b, &texts)),
            (None, Some(by)) => listed::texts(&a, &left).and_then(|texts| by.each(&a, &texts)),
            _ => None,
        };
        let qualified = |e: &Expr| matches!(e, Expr::Column(column) if column.relation.is_some());
        match (ways.as_deref(), of_a.is_some()) {
            (Some([way]), true) => on.push((a, way.clone())),
            (Some([way]), false) => on.push((way.clone(), b)),
            (Some(ways), in_a) if qualified(&a) && qualified(&b) => {
                filters.push(uses::equals(if in_a { &a } else { &b }, op, ways.to_vec()));
            }
            _ => {
                let like = of_a.as_ref().zip(of_b.as_ref()).is_some_and(|(a, b)| a.is_like(b));
                seen.extend([of_a, of_b].iter().flatten().filter(|_| !like).flat_map(Shown::told));
                on.push((a, b));
                continue;
            }
        }
        changed = true;
    }
    join.on = on;
    if !changed {
        return Ok(Transformed::no(join));
    }
    // The keys of others are columns.
    join.join_constraint = JoinConstraint::On;
    join.filter = filters.into_iter().chain(join.filter.take()).reduce(Expr::and);
    Ok(Transformed::yes(join))
}

/// What a node does with the values of its columns.
fn by_node(node: &LogicalPlan, outer: Option<&Scope<'_>>, outermost: bool, seen: &mut BTreeSet<String>) {
    let scope = Scope { inputs: node.inputs(), outer };
    let columns = |plan: &LogicalPlan| {
        (0..plan.schema().fields().len()).filter_map(|at| source(plan, at, outer)).collect::<Vec<_>>()
    };
    let found: Vec<Shown> = match node {
        LogicalPlan::Aggregate(grouped) => uses::apart(&grouped.group_expr, &scope),
        LogicalPlan::Distinct(Distinct::All(input)) => {
            columns(input).into_iter().filter(|by| !by.is_alike()).collect()
        }
        LogicalPlan::Distinct(Distinct::On(on)) => {
            let sorts = on.sort_expr.iter().flatten();
            let sorted = sorts.filter(|sort| !on.on_expr.contains(&sort.expr));
            let sorted = sorted.filter_map(|sort| shown(&sort.expr, &scope));
            uses::apart(&on.on_expr, &scope).into_iter().chain(sorted).collect()
        }
        LogicalPlan::Sort(sort) if !outermost || sort.fetch.is_some() => {
            sort.expr.iter().filter_map(|sort| shown(&sort.expr, &scope)).collect()
        }
        // What is met again in a next turn is not followed.
        LogicalPlan::RecursiveQuery(query) => {
            columns(&query.static_term).into_iter().chain(columns(&query.recursive_term)).collect()
        }
        LogicalPlan::Extension(_) | LogicalPlan::Dml(_) | LogicalPlan::Copy(_) => {
            node.inputs().into_iter().flat_map(columns).collect()
        }
        _ => Vec::new(),
    };
    seen.extend(found.iter().flat_map(Shown::told));
}
