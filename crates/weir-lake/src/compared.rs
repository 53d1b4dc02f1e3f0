//! What a query compares with a column that shows pseudonyms is put under pseudonyms too.
//!
//! Decisive choice: the query's plan is rewritten, once and before all else. A text beside such a column becomes the texts that the column shows in its
//! place, so that people can be asked for by name and are answered under pseudonyms. Which column shows them is read from where its values come from, not from
//! what it is called. What cannot be put so (patterns, order, parts of a text) stays as it is, and is named to whoever asked.

use crate::Result;
use crate::derive::{Derived, Written};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result as Done;
use datafusion::logical_expr::expr::{Case, InList, ScalarFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, JoinType, LogicalPlan, Operator, lit};
use std::collections::BTreeSet;

/// Functions that look at no text: how many, whether any.
const OF_NO_TEXT: [&str; 6] = ["cardinality", "array_length", "empty", "coalesce", "nvl", "make_array"];
/// The person in a list of them.
const ID: &str = "id";

/// A query that compares pseudonyms with pseudonyms, and the columns of which it compares what it cannot put so.
pub(crate) fn compared(plan: LogicalPlan) -> Result<(LogicalPlan, BTreeSet<String>)> {
    let mut seen = BTreeSet::new();
    let plan = plan.transform_down_with_subqueries(|node| in_node(node, &mut seen))?;
    Ok((plan.data, seen))
}

fn in_node(node: LogicalPlan, seen: &mut BTreeSet<String>) -> Done<Transformed<LogicalPlan>> {
    // Below a view lies what makes its columns: nobody asked for that.
    let scope: Vec<LogicalPlan> = node.inputs().into_iter().cloned().collect();
    let names = NamePreserver::new(&node);
    let rewritten = node.map_expressions(|expression| {
        let name = names.save(&expression);
        let done = expression.transform_down(|part| Ok(in_part(part, &scope, seen)))?;
        Ok(done.update_data(|expression| name.restore(expression)))
    })?;
    if rewritten.transformed { rewritten.map_data(LogicalPlan::recompute_schema) } else { Ok(rewritten) }
}

/// What becomes of a part of an expression.
enum Becomes {
    /// It stays, and what is in it is looked at.
    Same,
    /// It stays as a whole.
    Whole,
    /// This.
    Other(Expr),
}

fn in_part(part: Expr, scope: &[LogicalPlan], seen: &mut BTreeSet<String>) -> Transformed<Expr> {
    match becomes(&part, scope, seen) {
        Becomes::Same => Transformed::no(part),
        Becomes::Whole => Transformed::new(part, false, TreeNodeRecursion::Jump),
        Becomes::Other(other) => Transformed::new(other, true, TreeNodeRecursion::Jump),
    }
}

fn becomes(part: &Expr, scope: &[LogicalPlan], seen: &mut BTreeSet<String>) -> Becomes {
    let mut sees = |parts: &[&Expr]| seen.extend(parts.iter().find_map(|part| anywhere(part, scope)));
    match part {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if equality(*op) => {
            return equal(left, *op, right, scope, seen);
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if !matches!(op, Operator::And | Operator::Or) => {
            sees(&[left, right]);
        }
        Expr::InList(list) => return listed(list, scope, seen),
        Expr::Like(like) | Expr::SimilarTo(like) => sees(&[&like.expr, &like.pattern]),
        Expr::Between(between) => sees(&[&between.expr, &between.low, &between.high]),
        Expr::InSubquery(inside) => {
            // Both may show pseudonyms, or only one.
            let column = masked(&inside.expr, scope);
            let below = source(&inside.subquery.subquery, 0);
            if column.is_some() != below.is_some() {
                seen.extend(column.or(below).map(|by| by.told()));
            }
        }
        Expr::ScalarFunction(function) if looks_at_text(function, scope) => {
            sees(&function.args.iter().collect::<Vec<_>>());
        }
        _ => {}
    }
    Becomes::Same
}

/// A comparison for equality, or for none.
fn equal(
    left: &Expr,
    op: Operator,
    right: &Expr,
    scope: &[LogicalPlan],
    seen: &mut BTreeSet<String>,
) -> Becomes {
    let (column, by, text) = match (masked(left, scope), masked(right, scope)) {
        (Some(_), Some(_)) => return Becomes::Whole,
        (Some(by), None) => (left, by, right),
        (None, Some(by)) => (right, by, left),
        (None, None) => return Becomes::Same,
    };
    let texts =
        literal(text).and_then(|text| by.texts(text)).map(|texts| texts.into_iter().map(lit).collect());
    match texts.or_else(|| by.of_values(text, scope)) {
        Some(texts) => Becomes::Other(equals(column, op, texts)),
        None => {
            seen.extend((!is_null(text)).then(|| by.told()));
            Becomes::Same
        }
    }
}

fn listed(
    InList { expr, list, negated }: &InList,
    scope: &[LogicalPlan],
    seen: &mut BTreeSet<String>,
) -> Becomes {
    let Some(by) = masked(expr, scope) else { return Becomes::Same };
    let mut texts = Vec::new();
    for entry in list {
        match literal(entry).and_then(|text| by.texts(text)) {
            Some(more) => texts.extend(more.into_iter().map(lit)),
            None => {
                seen.extend((!is_null(entry)).then(|| by.told()));
                texts.push(entry.clone());
            }
        }
    }
    Becomes::Other(Expr::InList(InList::new(expr.clone(), texts, *negated)))
}

fn equality(op: Operator) -> bool {
    matches!(op, Operator::Eq | Operator::NotEq | Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
}

/// A column equal to any of these texts, or to none.
fn equals(column: &Expr, op: Operator, texts: Vec<Expr>) -> Expr {
    let each = texts
        .into_iter()
        .map(|text| Expr::BinaryExpr(BinaryExpr::new(Box::new(column.clone()), op, Box::new(text))));
    let one_of = matches!(op, Operator::Eq | Operator::IsNotDistinctFrom);
    let all = each.reduce(|a, b| if one_of { a.or(b) } else { a.and(b) });
    all.unwrap_or_else(|| lit(false))
}

/// A column that shows pseudonyms.
#[derive(Clone)]
struct Masked<'p> {
    by: &'p Derived,
    /// Whether it is the id of a person in a list.
    id: bool,
}

impl Masked<'_> {
    fn written(&self, text: &str) -> Written {
        let name = self.by.column.field.name();
        if self.id {
            self.by.by.written_id(text)
        } else {
            self.by.by.written(self.by.table.as_str(), name, text)
        }
    }

    /// How a text stands in it, if that can be known.
    fn texts(&self, text: &str) -> Option<Vec<String>> {
        match self.written(text) {
            Written::As(texts) => Some(texts),
            Written::Stored => Some(vec![text.to_owned()]),
            Written::Unknown => None,
        }
    }

    /// How texts stand in it that a query lists as `VALUES`: first each in its first way, then in its second.
    fn of_values(&self, listed: &Expr, scope: &[LogicalPlan]) -> Option<Vec<Expr>> {
        let Expr::Column(name) = listed else { return None };
        let texts = scope.iter().find_map(|plan| values(plan, plan.schema().maybe_index_of_column(name)?))?;
        let ways: Option<Vec<Vec<String>>> = texts.iter().map(|text| self.texts(text)).collect();
        let ways = ways?;
        let nth = |at: usize| {
            let shown = |(text, ways): (&&str, &Vec<String>)| {
                let way = ways.get(at).or(ways.last())?;
                Some((Box::new(lit(*text)), Box::new(lit(way.as_str()))))
            };
            let each = texts.iter().zip(&ways).filter_map(shown).collect();
            Expr::Case(Case::new(Some(Box::new(listed.clone())), each, Some(Box::new(listed.clone()))))
        };
        Some((0..ways.iter().map(Vec::len).max().unwrap_or(1)).map(nth).collect())
    }

    fn told(&self) -> String {
        self.by.column.field.name().clone()
    }
}

/// Whether an expression is a column that shows pseudonyms, as it stands.
fn masked<'p>(expression: &Expr, scope: &'p [LogicalPlan]) -> Option<Masked<'p>> {
    match expression {
        Expr::Column(column) => scope.iter().find_map(|plan| of_column(plan, column)),
        Expr::Alias(alias) => masked(&alias.expr, scope),
        Expr::Cast(cast) => masked(&cast.expr, scope),
        Expr::TryCast(cast) => masked(&cast.expr, scope),
        Expr::Unnest(unnest) => masked(&unnest.expr, scope),
        Expr::ScalarFunction(function) => person_in(function, scope),
        _ => None,
    }
}

/// `who['id']`, `subjects[1]`, `subjects[1]['id']`.
fn person_in<'p>(function: &ScalarFunction, scope: &'p [LogicalPlan]) -> Option<Masked<'p>> {
    let [list, place] = function.args.as_slice() else { return None };
    match function.name() {
        "array_element" => masked(list, scope),
        "get_field" if literal(place) == Some(ID) => Some(Masked { id: true, ..masked(list, scope)? }),
        _ => None,
    }
}

/// Whether a function looks at the text of what it is given.
fn looks_at_text(function: &ScalarFunction, scope: &[LogicalPlan]) -> bool {
    let name = function.name();
    let of_a_list = matches!(name, "get_field" | "array_element")
        && function.args.first().is_some_and(|list| masked(list, scope).is_some());
    !of_a_list && !OF_NO_TEXT.contains(&name) && function.func.inner().downcast_ref::<Derived>().is_none()
}

/// A column that shows pseudonyms somewhere in an expression.
fn anywhere(expression: &Expr, scope: &[LogicalPlan]) -> Option<String> {
    let mut found = None;
    // The visit ends where one is found; nothing in it fails.
    let _ = expression.apply(|part| {
        found = masked(part, scope).map(|by| by.told());
        let ends =
            found.is_some() || matches!(part, Expr::ScalarFunction(f) if OF_NO_TEXT.contains(&f.name()));
        Ok(match (found.is_some(), ends) {
            (true, _) => TreeNodeRecursion::Stop,
            (false, true) => TreeNodeRecursion::Jump,
            (false, false) => TreeNodeRecursion::Continue,
        })
    });
    found
}

fn literal(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Literal(
            ScalarValue::Utf8(Some(text))
            | ScalarValue::LargeUtf8(Some(text))
            | ScalarValue::Utf8View(Some(text)),
            _,
        ) => Some(text),
        Expr::Alias(alias) => literal(&alias.expr),
        Expr::Cast(cast) => literal(&cast.expr),
        _ => None,
    }
}

fn is_null(expression: &Expr) -> bool {
    matches!(expression, Expr::Literal(value, _) if value.is_null())
}

fn of_column<'p>(plan: &'p LogicalPlan, column: &Column) -> Option<Masked<'p>> {
    source(plan, plan.schema().maybe_index_of_column(column)?)
}

/// What makes a column of a plan, if it shows pseudonyms.
fn source(plan: &LogicalPlan, index: usize) -> Option<Masked<'_>> {
    match plan {
        LogicalPlan::Projection(made) => from_expression(made.expr.get(index)?, &made.input),
        LogicalPlan::SubqueryAlias(named) => source(&named.input, index),
        LogicalPlan::Filter(filter) => source(&filter.input, index),
        LogicalPlan::Sort(sort) => source(&sort.input, index),
        LogicalPlan::Limit(limit) => source(&limit.input, index),
        LogicalPlan::Repartition(spread) => source(&spread.input, index),
        LogicalPlan::Distinct(Distinct::All(input)) => source(input, index),
        LogicalPlan::Distinct(Distinct::On(on)) => from_expression(on.select_expr.get(index)?, &on.input),
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => source(&join.right, index),
                _ if index < left => source(&join.left, index),
                _ => source(&join.right, index - left),
            }
        }
        LogicalPlan::Union(union) => union.inputs.iter().find_map(|input| source(input, index)),
        LogicalPlan::Aggregate(grouped) => {
            let groups = grouped.group_expr.len();
            let expression = match index.checked_sub(groups) {
                None => grouped.group_expr.get(index)?,
                Some(at) => grouped.aggr_expr.get(at)?,
            };
            from_expression(expression, &grouped.input)
        }
        LogicalPlan::Window(window) => source(&window.input, index),
        LogicalPlan::Unnest(unnest) => source(&unnest.input, *unnest.dependency_indices.get(index)?),
        _ => None,
    }
}

fn from_expression<'p>(expression: &'p Expr, input: &'p LogicalPlan) -> Option<Masked<'p>> {
    match expression {
        Expr::Column(column) => of_column(input, column),
        Expr::Alias(alias) => from_expression(&alias.expr, input),
        Expr::Cast(cast) => from_expression(&cast.expr, input),
        // The least, the greatest, the first of them: one of them.
        Expr::AggregateFunction(function) => match function.func.name() {
            "min" | "max" | "first_value" | "last_value" | "any_value" => {
                from_expression(function.params.args.first()?, input)
            }
            _ => None,
        },
        Expr::ScalarFunction(function) => match function.func.inner().downcast_ref::<Derived>() {
            Some(by) => {
                let found = Masked { by, id: false };
                let stored = matches!(found.written(""), Written::Stored);
                (!stored).then_some(found)
            }
            None => person_below(function, input),
        },
        _ => None,
    }
}

fn person_below<'p>(function: &'p ScalarFunction, input: &'p LogicalPlan) -> Option<Masked<'p>> {
    let [list, place] = function.args.as_slice() else { return None };
    match function.name() {
        "array_element" => from_expression(list, input),
        "get_field" if literal(place) == Some(ID) => {
            Some(Masked { id: true, ..from_expression(list, input)? })
        }
        _ => None,
    }
}

/// The most texts of a list of `VALUES` that are put under pseudonyms.
const VALUES_MAX: usize = 10_000;

/// The texts of a column that a query lists itself.
fn values(plan: &LogicalPlan, index: usize) -> Option<Vec<&str>> {
    match plan {
        LogicalPlan::Values(listed) if listed.values.len() <= VALUES_MAX => {
            listed.values.iter().map(|row| literal(row.get(index)?)).collect()
        }
        LogicalPlan::Projection(made) => match made.expr.get(index)? {
            Expr::Column(column) => values(&made.input, made.input.schema().maybe_index_of_column(column)?),
            Expr::Alias(alias) => match alias.expr.as_ref() {
                Expr::Column(column) => {
                    values(&made.input, made.input.schema().maybe_index_of_column(column)?)
                }
                _ => None,
            },
            _ => None,
        },
        LogicalPlan::SubqueryAlias(named) => values(&named.input, index),
        LogicalPlan::Filter(filter) => values(&filter.input, index),
        LogicalPlan::Limit(limit) => values(&limit.input, index),
        LogicalPlan::Sort(sort) => values(&sort.input, index),
        LogicalPlan::Distinct(Distinct::All(input)) => values(input, index),
        _ => None,
    }
}
