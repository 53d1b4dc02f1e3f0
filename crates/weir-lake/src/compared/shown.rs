//! Whether a value of a query is a pseudonym, and of which column.
//!
//! Decisive choice: a value shows pseudonyms while it is what a column shows, or one of several such; it is followed through the plan to the functions that
//! make them. What is computed from one is none any more: whoever computes it is told so ([`uses`](super::uses)). What cannot be followed shows what nobody knows.

use super::listed::{is_null, literal};
use crate::derive::{Derive, Derived, Shows, Written};
use crate::tables::Name;
use datafusion::common::Column;
use datafusion::logical_expr::expr::{Case, Cast, ScalarFunction, TryCast, WindowFunction};
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable, JoinType, LogicalPlan, Subquery, lit};
use std::sync::Arc;

/// The person in a list of them.
const ID: &str = "id";

/// What the columns named in an expression belong to.
pub(super) struct Scope<'a> {
    /// The plans that they are columns of.
    pub inputs: Vec<&'a LogicalPlan>,
    /// What stands around the subquery.
    pub outer: Option<&'a Scope<'a>>,
}

/// One column that shows pseudonyms.
#[derive(Clone)]
struct Way {
    by: Arc<dyn Derive>,
    table: Name,
    column: String,
    /// Whether it is the id of a person in a list.
    id: bool,
}

/// What a value shows.
#[derive(Clone, Default)]
pub(super) struct Shown {
    ways: Vec<Way>,
    /// Other texts may stand in it as they are.
    stored: bool,
    /// What is not understood, by the column it is named after.
    unknown: Option<String>,
}

impl Way {
    fn shows(&self) -> Shows {
        match self.id {
            true => self.by.written_id("").0,
            false => self.by.shows(self.table.as_str(), &self.column),
        }
    }

    fn written(&self, text: &str) -> Option<Vec<String>> {
        let written = match self.id {
            true => self.by.written_id(text).1,
            false => self.by.written(self.table.as_str(), &self.column, text),
        };
        match written {
            Written::As(texts) => Some(texts),
            Written::Stored => Some(vec![text.to_owned()]),
            Written::Unknown => None,
        }
    }
}

impl Shown {
    fn one(by: &Derived) -> Option<Self> {
        let column = by.column.field.name().clone();
        let way = Way { by: Arc::clone(&by.by), table: by.table, column, id: false };
        (way.shows() != Shows::Stored).then(|| Self { ways: vec![way], ..Self::default() })
    }

    fn unknown(name: &str) -> Self {
        Self { unknown: Some(name.to_owned()), ..Self::default() }
    }

    fn or(mut self, other: Self) -> Self {
        self.ways.extend(other.ways);
        self.stored |= other.stored;
        self.unknown = self.unknown.or(other.unknown);
        self
    }

    /// The columns, as they are named to people.
    pub fn told(&self) -> Vec<String> {
        self.ways.iter().map(|way| way.column.clone()).chain(self.unknown.clone()).collect()
    }

    /// What makes equal texts of equal texts here, if anything does.
    fn space(&self) -> Option<&'static str> {
        let mut spaces = self.ways.iter().map(|way| match way.shows() {
            Shows::Alike(space) => Some(space),
            _ => None,
        });
        let first = spaces.next()??;
        (!self.stored && self.unknown.is_none() && spaces.all(|space| space == Some(first))).then_some(first)
    }

    /// Whether values are equal where what they stand for is equal.
    pub fn is_alike(&self) -> bool {
        self.space().is_some()
    }

    /// Whether values of both are equal where what they stand for is equal.
    pub fn is_like(&self, other: &Self) -> bool {
        self.space().is_some_and(|space| other.space() == Some(space))
    }

    /// Whether not even what is absent can be told.
    pub fn is_nothing(&self) -> bool {
        self.unknown.is_some() || self.ways.iter().any(|way| way.shows() == Shows::Nothing)
    }

    /// Whether values are lists of people, or people with more than their id.
    pub fn is_of_lists(&self) -> bool {
        self.ways.iter().any(|way| way.shows() == Shows::Alike("subjects"))
    }

    /// How a text stands in it, if that can be known.
    pub fn texts(&self, text: &str) -> Option<Vec<String>> {
        if self.unknown.is_some() {
            return None;
        }
        let ways: Option<Vec<Vec<String>>> = self.ways.iter().map(|way| way.written(text)).collect();
        let mut texts = ways?.concat();
        texts.extend(self.stored.then(|| text.to_owned()));
        texts.sort();
        texts.dedup();
        Some(texts)
    }

    /// How texts that a query lists stand in it: first each in its first way, then in its second.
    pub fn each(&self, listed: &Expr, texts: &[String]) -> Option<Vec<Expr>> {
        let ways: Option<Vec<Vec<String>>> = texts.iter().map(|text| self.texts(text)).collect();
        let ways = ways?;
        let nth = |at: usize| {
            let shown = |(text, ways): (&String, &Vec<String>)| {
                let way = ways.get(at).or(ways.last())?;
                Some((Box::new(lit(text.as_str())), Box::new(lit(way.as_str()))))
            };
            let each: Vec<_> = texts.iter().zip(&ways).filter_map(shown).collect();
            if each.is_empty() {
                return listed.clone();
            }
            Expr::Case(Case::new(Some(Box::new(listed.clone())), each, Some(Box::new(listed.clone()))))
        };
        Some((0..ways.iter().map(Vec::len).max().unwrap_or(1)).map(nth).collect())
    }
}

/// What an expression shows, if its values are pseudonyms.
pub(super) fn shown(expression: &Expr, scope: &Scope<'_>) -> Option<Shown> {
    match expression {
        Expr::Column(column) => match position(scope, column) {
            Some((plan, at)) => source(plan, at, scope.outer),
            None => Some(Shown::unknown(&column.name)),
        },
        Expr::OuterReferenceColumn(_, column) => of_outer(column, scope.outer),
        Expr::Alias(alias) => shown(&alias.expr, scope),
        Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) if is_text(expr, scope) => {
            shown(expr, scope)
        }
        Expr::Unnest(unnest) => shown(&unnest.expr, scope),
        Expr::ScalarSubquery(inside) => of_subquery(inside, scope),
        Expr::Case(case) => {
            let made = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            any_of(made.chain(case.else_expr.as_deref()), scope)
        }
        Expr::ScalarFunction(function) => of_function(function, scope),
        Expr::AggregateFunction(function) => match function.func.name() {
            "min" | "max" | "first_value" | "last_value" | "any_value" | "nth_value" | "array_agg" => {
                shown(function.params.args.first()?, scope)
            }
            _ => None,
        },
        Expr::WindowFunction(function) => of_window(function, scope),
        _ => None,
    }
}

/// What the first column of a subquery shows.
pub(super) fn of_subquery(inside: &Subquery, scope: &Scope<'_>) -> Option<Shown> {
    source(&inside.subquery, 0, Some(scope))
}

/// The plan of a scope that has a column, and where.
pub(super) fn position<'a>(scope: &Scope<'a>, column: &Column) -> Option<(&'a LogicalPlan, usize)> {
    scope.inputs.iter().find_map(|plan| Some((*plan, plan.schema().maybe_index_of_column(column)?)))
}

fn of_outer(column: &Column, outer: Option<&Scope<'_>>) -> Option<Shown> {
    let Some(scope) = outer else { return Some(Shown::unknown(&column.name)) };
    match position(scope, column) {
        Some((plan, at)) => source(plan, at, scope.outer),
        None => of_outer(column, scope.outer),
    }
}

/// Whether a value is a text, so that a cast to another type of text changes nothing.
pub(super) fn is_text(expression: &Expr, scope: &Scope<'_>) -> bool {
    scope.inputs.iter().any(|plan| expression.get_type(plan.schema()).is_ok_and(|of| of.is_string()))
}

/// What a value shows that is one of several.
fn any_of<'e>(each: impl Iterator<Item = &'e Expr>, scope: &Scope<'_>) -> Option<Shown> {
    let (mut found, mut texts, mut stored) = (None::<Shown>, Vec::new(), false);
    for one in each {
        match (shown(one, scope), literal(one)) {
            (Some(by), _) => found = Some(found.map_or(by.clone(), |other| other.or(by))),
            (None, Some(text)) => texts.push(text),
            (None, None) => stored |= !is_null(one),
        }
    }
    let mut found = found?;
    // A text that stands there as nobody's pseudonym does changes nothing.
    let own = |text: &&str| found.texts(text).is_some_and(|ways| ways.as_slice() == [(*text).to_owned()]);
    found.stored |= stored || !texts.iter().all(own);
    Some(found)
}

fn of_function(function: &ScalarFunction, scope: &Scope<'_>) -> Option<Shown> {
    if let Some(by) = function.func.inner().downcast_ref::<Derived>() {
        return Shown::one(by);
    }
    let args = &function.args;
    match function.name() {
        "coalesce" | "nvl" | "make_array" => any_of(args.iter(), scope),
        "nvl2" => any_of(args.iter().skip(1), scope),
        "nullif" | "array_element" => shown(args.first()?, scope),
        // `who['id']`, of a person in a list.
        "get_field" => {
            let mut found = shown(args.first()?, scope)?;
            match (literal(args.get(1)?), found.is_of_lists() && args.len() == 2) {
                (Some(ID), true) => {
                    found.ways.iter_mut().for_each(|way| way.id = true);
                    Some(found)
                }
                (Some(_), true) => None,
                _ => Some(Shown::unknown(&found.told().join("."))),
            }
        }
        _ => None,
    }
}

fn of_window(function: &WindowFunction, scope: &Scope<'_>) -> Option<Shown> {
    let args = &function.params.args;
    match function.fun.name() {
        "lag" | "lead" => any_of(args.iter().enumerate().filter(|(at, _)| *at != 1).map(|(_, e)| e), scope),
        "min" | "max" | "first_value" | "last_value" | "nth_value" | "array_agg" => {
            shown(args.first()?, scope)
        }
        _ => None,
    }
}

/// What a column of a plan shows, if its values are pseudonyms.
pub(super) fn source(plan: &LogicalPlan, at: usize, outer: Option<&Scope<'_>>) -> Option<Shown> {
    let made =
        |expression: &Expr, input: &LogicalPlan| shown(expression, &Scope { inputs: vec![input], outer });
    match plan {
        LogicalPlan::Projection(projection) => made(projection.expr.get(at)?, &projection.input),
        LogicalPlan::SubqueryAlias(named) => source(&named.input, at, outer),
        LogicalPlan::Subquery(inside) => source(&inside.subquery, at, outer),
        LogicalPlan::Filter(filter) => source(&filter.input, at, outer),
        LogicalPlan::Sort(sort) => source(&sort.input, at, outer),
        LogicalPlan::Limit(limit) => source(&limit.input, at, outer),
        LogicalPlan::Repartition(spread) => source(&spread.input, at, outer),
        LogicalPlan::Distinct(Distinct::All(input)) => source(input, at, outer),
        LogicalPlan::Distinct(Distinct::On(on)) => made(on.select_expr.get(at)?, &on.input),
        LogicalPlan::Join(join) => {
            let beside = Scope { inputs: vec![join.left.as_ref()], outer };
            let left = join.left.schema().fields().len();
            match join.join_type {
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => {
                    source(&join.right, at, Some(&beside))
                }
                _ if at < left => source(&join.left, at, outer),
                _ => source(&join.right, at - left, Some(&beside)),
            }
        }
        LogicalPlan::Union(union) => {
            let each: Vec<_> = union.inputs.iter().map(|input| source(input, at, outer)).collect();
            let stored = each.iter().any(Option::is_none);
            let found = each.into_iter().flatten().reduce(Shown::or)?;
            Some(Shown { stored: stored || found.stored, ..found })
        }
        LogicalPlan::Aggregate(grouped) => {
            let groups = grouping_set_to_exprlist(&grouped.group_expr).ok()?;
            let sets = matches!(grouped.group_expr.as_slice(), [Expr::GroupingSet(_)]);
            match (groups.get(at), at.checked_sub(groups.len() + usize::from(sets))) {
                (Some(group), _) => made(group, &grouped.input),
                (None, Some(at)) => made(grouped.aggr_expr.get(at)?, &grouped.input),
                (None, None) => None,
            }
        }
        LogicalPlan::Window(window) => match at.checked_sub(window.input.schema().fields().len()) {
            None => source(&window.input, at, outer),
            Some(at) => made(window.window_expr.get(at)?, &window.input),
        },
        LogicalPlan::Unnest(unnest) => source(&unnest.input, *unnest.dependency_indices.get(at)?, outer),
        LogicalPlan::TableScan(_) | LogicalPlan::EmptyRelation(_) => None,
        LogicalPlan::Values(listed) => {
            let scope = Scope { inputs: Vec::new(), outer };
            let found = listed.values.iter().find_map(|row| shown(row.get(at)?, &scope))?;
            Some(Shown::unknown(&found.told().join(" and ")))
        }
        other => {
            let mut below = other.inputs().into_iter().flat_map(|input| {
                (0..input.schema().fields().len()).filter_map(move |at| source(input, at, outer))
            });
            Some(Shown::unknown(&below.next()?.told().join(" and ")))
        }
    }
}
