//! What an expression may do with a value that is a pseudonym, and still answer as it would for people.
//!
//! Decisive choice: a list of what is safe. A pseudonym may be shown, counted, grouped, passed on, compared with others of its kind, and compared with texts,
//! which are put under pseudonyms for it. Everything else, and whatever a later version of the query engine can do, is told to whoever asked.

use super::in_plan;
use super::listed::{self, is_null, literal};
use super::shown::{Scope, Shown, is_text, of_subquery, shown};
use crate::derive::Derived;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::error::Result as Done;
use datafusion::logical_expr::expr::{
    AggregateFunction, Case, Cast, Exists, InList, InSubquery, ScalarFunction, SetComparison, TryCast,
    WindowFunction,
};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlanBuilder, Operator, Subquery, lit};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Functions that look at no text: how many, whether any, which of several.
const OF_NO_TEXT: [&str; 10] = [
    "array_element",
    "array_length",
    "arrow_typeof",
    "cardinality",
    "coalesce",
    "empty",
    "get_field",
    "make_array",
    "nvl",
    "nvl2",
];
/// Aggregates and windows of which the same holds.
const OF_MANY: [&str; 9] = [
    "any_value",
    "approx_distinct",
    "array_agg",
    "count",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
];

/// A part of an expression, the parts of which are done.
pub(super) fn in_part(part: Expr, scope: &Scope<'_>, seen: &mut BTreeSet<String>) -> Done<Transformed<Expr>> {
    let changed = match &part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if equality(*op) => {
            equal(left, *op, right, scope, seen)
        }
        Expr::InList(list) => among(list, scope, seen),
        Expr::Case(case) => searched(case, scope, seen),
        Expr::ScalarFunction(function) => of_one(function, scope, seen),
        Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
            return of_inside(part, scope, seen);
        }
        Expr::AggregateFunction(function) => {
            of_group(function, scope, seen);
            None
        }
        Expr::WindowFunction(function) => {
            of_window(function, scope, seen);
            None
        }
        Expr::IsNull(inside) | Expr::IsNotNull(inside) => {
            seen.extend(shown(inside, scope).filter(Shown::is_nothing).iter().flat_map(Shown::told));
            None
        }
        Expr::Cast(Cast { expr, field }) | Expr::TryCast(TryCast { expr, field })
            if field.data_type().is_string() && is_text(expr, scope) =>
        {
            None
        }
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::OuterReferenceColumn(..)
        | Expr::Literal(..)
        | Expr::ScalarVariable(..)
        | Expr::Placeholder(_)
        | Expr::GroupingSet(_)
        | Expr::Unnest(_) => None,
        Expr::BinaryExpr(BinaryExpr { op: Operator::And | Operator::Or, .. }) | Expr::Not(_) => None,
        other => {
            other.apply_children(|inside| {
                seen.extend(shown(inside, scope).iter().flat_map(Shown::told));
                Ok(TreeNodeRecursion::Continue)
            })?;
            None
        }
    };
    Ok(match changed {
        Some(other) => Transformed::yes(other),
        None => Transformed::no(part),
    })
}

fn equality(op: Operator) -> bool {
    matches!(op, Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
}

/// A comparison for equality, or for none; what it becomes.
pub(super) fn equal(
    left: &Expr,
    op: Operator,
    right: &Expr,
    scope: &Scope<'_>,
    seen: &mut BTreeSet<String>,
) -> Option<Expr> {
    let (column, by, text) = match (shown(left, scope), shown(right, scope)) {
        (Some(a), Some(b)) if a.is_like(&b) => return None,
        (Some(a), Some(b)) => {
            seen.extend(a.told().into_iter().chain(b.told()));
            return None;
        }
        (Some(by), None) => (left, by, right),
        (None, Some(by)) => (right, by, left),
        (None, None) => return None,
    };
    let texts = literal(text).and_then(|text| by.texts(text));
    let texts = texts.map(|texts| texts.into_iter().map(lit).collect());
    let texts = texts.or_else(|| by.each(text, &listed::texts(text, scope)?));
    if texts.is_none() && (!is_null(text) || by.is_nothing()) {
        seen.extend(by.told());
    }
    Some(equals(column, op, texts?))
}

/// A column equal to any of these texts, or to none.
pub(super) fn equals(column: &Expr, op: Operator, texts: Vec<Expr>) -> Expr {
    let each = texts
        .into_iter()
        .map(|text| Expr::BinaryExpr(BinaryExpr::new(Box::new(column.clone()), op, Box::new(text))));
    any(each, matches!(op, Operator::Eq | Operator::IsNotDistinctFrom))
}

fn any(each: impl Iterator<Item = Expr>, one_of: bool) -> Expr {
    each.reduce(|a, b| if one_of { a.or(b) } else { a.and(b) }).unwrap_or_else(|| lit(!one_of))
}

/// `IN`: an equality for each entry, unless all are constants or nobody is among them.
fn among(
    InList { expr, list, negated }: &InList,
    scope: &Scope<'_>,
    seen: &mut BTreeSet<String>,
) -> Option<Expr> {
    let by = shown(expr, scope);
    if by.is_none() && !list.iter().any(|entry| shown(entry, scope).is_some()) {
        return None;
    }
    let texts = by.as_ref().and_then(|by| {
        let texts = |entry: &Expr| match literal(entry) {
            Some(text) => Some(by.texts(text)?.into_iter().map(lit).collect()),
            None => is_null(entry).then(|| vec![entry.clone()]),
        };
        list.iter().map(texts).collect::<Option<Vec<Vec<Expr>>>>()
    });
    if let Some(texts) = texts {
        return Some(Expr::InList(InList::new(expr.clone(), texts.concat(), *negated)));
    }
    let op = if *negated { Operator::NotEq } else { Operator::Eq };
    let each = list.iter().map(|entry| {
        let as_it_stands = || Expr::BinaryExpr(BinaryExpr::new(expr.clone(), op, Box::new(entry.clone())));
        equal(expr, op, entry, scope, seen).unwrap_or_else(as_it_stands)
    });
    Some(any(each.collect::<Vec<_>>().into_iter(), !negated))
}

/// `CASE value WHEN text`: the same with a comparison in each branch.
fn searched(case: &Case, scope: &Scope<'_>, seen: &mut BTreeSet<String>) -> Option<Expr> {
    let value = case.expr.as_deref()?;
    let whens = case.when_then_expr.iter().map(|(when, _)| when.as_ref());
    if !std::iter::once(value).chain(whens).any(|part| shown(part, scope).is_some()) {
        return None;
    }
    let branches = case.when_then_expr.iter().map(|(when, then)| {
        let as_it_stands = || value.clone().eq(when.as_ref().clone());
        let is = equal(value, Operator::Eq, when, scope, seen).unwrap_or_else(as_it_stands);
        (Box::new(is), then.clone())
    });
    Some(Expr::Case(Case::new(None, branches.collect(), case.else_expr.clone())))
}

fn of_one(function: &ScalarFunction, scope: &Scope<'_>, seen: &mut BTreeSet<String>) -> Option<Expr> {
    // What makes a column looks at what is stored.
    if function.func.inner().downcast_ref::<Derived>().is_some() {
        return None;
    }
    match (function.name(), function.args.as_slice()) {
        ("nullif", [value, text]) => {
            let is = equal(value, Operator::Eq, text, scope, seen)?;
            let null = lit(datafusion::common::ScalarValue::Null);
            let branch = (Box::new(is), Box::new(null));
            return Some(Expr::Case(Case::new(None, vec![branch], Some(Box::new(value.clone())))));
        }
        ("array_has", [list, entry]) => {
            let by = shown(list, scope).filter(|by| !by.is_of_lists() && shown(entry, scope).is_none());
            if let Some(texts) = by.and_then(|by| by.texts(literal(entry)?)) {
                let has = |text: String| {
                    let args = vec![list.clone(), lit(text)];
                    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::clone(&function.func), args))
                };
                return Some(any(texts.into_iter().map(has), true));
            }
        }
        _ => {}
    }
    let nothing = |by: &Shown| !OF_NO_TEXT.contains(&function.name()) || by.is_nothing();
    let args = function.args.iter().filter_map(|arg| shown(arg, scope)).filter(nothing);
    seen.extend(args.flat_map(|by| by.told()));
    None
}

fn of_group(function: &AggregateFunction, scope: &Scope<'_>, seen: &mut BTreeSet<String>) {
    let params = &function.params;
    let sorted = params.order_by.iter().filter_map(|sort| shown(&sort.expr, scope));
    seen.extend(sorted.flat_map(|by| by.told()));
    told_of_many(function.func.name(), params.distinct, &params.args, scope, seen);
}

fn of_window(function: &WindowFunction, scope: &Scope<'_>, seen: &mut BTreeSet<String>) {
    let params = &function.params;
    let sorted = params.order_by.iter().filter_map(|sort| shown(&sort.expr, scope));
    seen.extend(sorted.chain(apart(&params.partition_by, scope)).flat_map(|by| by.told()));
    told_of_many(function.fun.name(), params.distinct, &params.args, scope, seen);
}

fn told_of_many(name: &str, distinct: bool, args: &[Expr], scope: &Scope<'_>, seen: &mut BTreeSet<String>) {
    if name == "grouping" {
        return;
    }
    let distinct = distinct || name == "approx_distinct";
    let safe = |by: &Shown| OF_MANY.contains(&name) && !by.is_nothing() && (!distinct || by.is_alike());
    let args = args.iter().filter_map(|arg| shown(arg, scope)).filter(|by| !safe(by));
    seen.extend(args.flat_map(|by| by.told()));
}

/// Values that records are grouped by, and that are not alike where people are.
pub(super) fn apart(groups: &[Expr], scope: &Scope<'_>) -> Vec<Shown> {
    let each = groups.iter().flat_map(|group| match group {
        Expr::GroupingSet(sets) => sets.distinct_expr(),
        other => vec![other],
    });
    each.filter_map(|group| shown(group, scope)).filter(|by| !by.is_alike()).collect()
}

/// Expressions with a query in them.
fn of_inside(mut part: Expr, scope: &Scope<'_>, seen: &mut BTreeSet<String>) -> Done<Transformed<Expr>> {
    let Some(inside) = inside(&mut part) else { return Ok(Transformed::no(part)) };
    let plan = in_plan(inside.subquery.as_ref().clone(), Some(scope), false, seen)?;
    let mut changed = plan.transformed;
    inside.subquery = Arc::new(plan.data);
    match &mut part {
        Expr::InSubquery(member) => {
            let (by, of) = (shown(&member.expr, scope), of_subquery(&member.subquery, scope));
            match (by, of) {
                (None, None) => {}
                (Some(by), Some(of)) if by.is_like(&of) => {}
                (Some(by), None) => match all(&by, &member.subquery)? {
                    Some(subquery) => {
                        member.subquery = subquery;
                        changed = true;
                    }
                    None => seen.extend(by.told()),
                },
                (None, Some(of)) => match literal(&member.expr).and_then(|text| of.texts(text)) {
                    Some(texts) => {
                        let each = texts.into_iter().map(|text| {
                            let subquery = member.subquery.clone();
                            Expr::InSubquery(InSubquery::new(Box::new(lit(text)), subquery, member.negated))
                        });
                        return Ok(Transformed::yes(any(each, !member.negated)));
                    }
                    None => seen.extend(of.told()),
                },
                (by, of) => seen.extend([by, of].into_iter().flatten().flat_map(|by| by.told())),
            }
        }
        Expr::SetComparison(SetComparison { expr, subquery, op, .. }) => {
            let (by, of) = (shown(expr, scope), of_subquery(subquery, scope));
            let like = by.as_ref().zip(of.as_ref()).is_some_and(|(by, of)| by.is_like(of) && equality(*op));
            seen.extend([by, of].into_iter().flatten().filter(|_| !like).flat_map(|by| by.told()));
        }
        _ => {}
    }
    Ok(if changed { Transformed::yes(part) } else { Transformed::no(part) })
}

fn inside(part: &mut Expr) -> Option<&mut Subquery> {
    match part {
        Expr::InSubquery(InSubquery { subquery, .. })
        | Expr::Exists(Exists { subquery, .. })
        | Expr::SetComparison(SetComparison { subquery, .. })
        | Expr::ScalarSubquery(subquery) => Some(subquery),
        _ => None,
    }
}

/// A query that lists texts, with all ways in which they stand.
fn all(by: &Shown, inside: &Subquery) -> Done<Option<Subquery>> {
    let plan = inside.subquery.as_ref();
    let Some(texts) = listed::of_plan(plan, 0) else { return Ok(None) };
    let texts: Vec<String> = texts.into_iter().map(|text| text.into_owned()).collect();
    let column = Expr::Column(plan.schema().columns().swap_remove(0));
    let Some(ways) = by.each(&column, &texts) else { return Ok(None) };
    let mut made: Option<LogicalPlanBuilder> = None;
    for way in ways {
        let next = LogicalPlanBuilder::from(plan.clone()).project(vec![way.alias("listed")])?;
        made = Some(match made {
            None => next,
            Some(before) => before.union(next.build()?)?,
        });
    }
    let Some(made) = made else { return Ok(None) };
    Ok(Some(inside.with_plan(Arc::new(made.build()?))))
}
