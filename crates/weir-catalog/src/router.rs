//! Finds the configured route of a request: a trie by segment, a literal before a parameter, a parameter before `*`.

use crate::segment::decode;
use crate::template::{Part, Template};
use std::collections::HashMap;

/// Deepest path that is matched segment by segment; what lies below is reached by `*` only.
pub(crate) const SEGMENTS_MAX: usize = 32;

/// Configured routes, ready to match.
#[derive(Debug, Default)]
pub(crate) struct Router {
    nodes: Vec<Node>,
    templates: Vec<Template>,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, usize>,
    parameter: Option<usize>,
    /// Templates that end here, those that say more of the query first.
    ends: Vec<usize>,
    /// Templates with `*` here.
    rests: Vec<usize>,
}

/// A matched route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<'p> {
    /// Which template, in the order they were added.
    pub(crate) template: usize,
    /// The values of its parameters as written, in the order of [`Template::parameters`].
    pub(crate) values: Vec<&'p str>,
}

impl Router {
    pub(crate) fn add(&mut self, template: Template) {
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
        }
        let mut at = 0;
        for part in &template.segments {
            at = self.child(at, part);
        }
        let index = self.templates.len();
        let rest = template.rest;
        self.templates.push(template);
        let templates = &self.templates;
        if let Some(node) = self.nodes.get_mut(at) {
            let list = if rest { &mut node.rests } else { &mut node.ends };
            list.push(index);
            list.sort_by_key(|i| std::cmp::Reverse(templates.get(*i).map_or(0, |t| t.query.len())));
        }
    }

    fn child(&mut self, at: usize, part: &Part) -> usize {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        let child = match part {
            Part::Literal(text) => *node.literals.entry(decode(text).into_owned()).or_insert(new),
            Part::Parameter(_) => *node.parameter.get_or_insert(new),
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.templates.is_empty()
    }

    pub(crate) fn template(&self, index: usize) -> Option<&Template> {
        self.templates.get(index)
    }

    /// The route of a path and query, if one is configured.
    pub(crate) fn find<'p>(&self, path: &'p str, query: Option<&'p str>) -> Option<Match<'p>> {
        let segments: Vec<&str> = segments(path).take(SEGMENTS_MAX + 1).collect();
        let mut values = Vec::new();
        self.descend(0, &segments, query.unwrap_or(""), &mut values)
    }

    fn descend<'p>(
        &self,
        at: usize,
        rest: &[&'p str],
        query: &'p str,
        values: &mut Vec<&'p str>,
    ) -> Option<Match<'p>> {
        let node = self.nodes.get(at)?;
        if let Some((first, below)) = rest.split_first() {
            let literal = node.literals.get(decode(first).as_ref());
            if let Some(found) = literal.and_then(|child| self.descend(*child, below, query, values)) {
                return Some(found);
            }
            if let Some(child) = node.parameter {
                values.push(first);
                if let Some(found) = self.descend(child, below, query, values) {
                    return Some(found);
                }
                values.pop();
            }
        } else if let Some(found) = node.ends.iter().find_map(|end| self.ends(*end, query, values)) {
            return Some(found);
        }
        node.rests.iter().find_map(|end| self.ends(*end, query, values))
    }

    fn ends<'p>(&self, index: usize, query: &'p str, values: &[&'p str]) -> Option<Match<'p>> {
        let template = self.templates.get(index)?;
        let mut values = values.to_vec();
        for (key, part) in &template.query {
            let value = query_value(query, key)?;
            match part {
                Part::Literal(text) if decode(value) == decode(text) => {}
                Part::Literal(_) => return None,
                Part::Parameter(_) => values.push(value),
            }
        }
        Some(Match { template: index, values })
    }
}

/// The segments of a path as written: without scheme and host (a proxy's request line), matrix parameters, and empty segments.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    let local = match Some(path).filter(|p| !p.starts_with('/')).and_then(|p| p.split_once("://")) {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => {
            rest.find('/').and_then(|i| rest.get(i..)).unwrap_or("")
        }
        _ => path,
    };
    let plain = !local.contains(';');
    let without = move |s| if plain { s } else { str::split(s, ';').next().unwrap_or(s) };
    local.split('/').map(without).filter(|s| !s.is_empty())
}

/// The pairs of a query as written.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

pub(crate) fn query_value<'q>(query: &'q str, key: &str) -> Option<&'q str> {
    query_pairs(query).find(|(k, _)| decode(k) == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[&str]) -> Router {
        let mut router = Router::default();
        routes.iter().for_each(|r| router.add(Template::parse("d", r).unwrap()));
        router
    }

    fn text<'r>(router: &'r Router, path: &str, query: Option<&str>) -> Option<&'r str> {
        router.find(path, query).and_then(|m| router.template(m.template)).map(|t| t.text.as_str())
    }

    #[test]
    fn a_literal_comes_before_a_parameter_and_a_parameter_before_the_rest() {
        let r = router(&[
            "/members/{member}",
            "/members/search",
            "/members/{member}/addresses",
            "/members/*",
            "/my/*",
        ]);
        assert_eq!(text(&r, "/members/8812", None), Some("/members/{member}"));
        assert_eq!(text(&r, "/members/search", None), Some("/members/search"));
        assert_eq!(text(&r, "/members/search/addresses", None), Some("/members/{member}/addresses"));
        assert_eq!(text(&r, "/members/1/orders/2", None), Some("/members/*"));
        assert_eq!(text(&r, "/members/", None), Some("/members/*"));
        assert_eq!(text(&r, "/Members/1", None), None);
        assert_eq!(text(&r, "/my", None), Some("/my/*"));
        assert_eq!(r.find("/members/8812/addresses/", None).unwrap().values, ["8812"]);
    }

    #[test]
    fn what_a_route_says_of_the_query_must_be_there() {
        let r = router(&["/profile", "/profile?id={member}", "/profile?id={member}&view=full"]);
        assert_eq!(text(&r, "/profile", None), Some("/profile"));
        assert_eq!(text(&r, "/profile", Some("page=1&id=8812")), Some("/profile?id={member}"));
        assert_eq!(text(&r, "/profile", Some("view=full&id=8812")), Some("/profile?id={member}&view=full"));
        assert_eq!(r.find("/profile", Some("id=8812")).unwrap().values, ["8812"]);
        assert_eq!(text(&r, "/profile", Some("id=")), Some("/profile"));
    }

    #[test]
    fn paths_come_in_odd_forms() {
        let r = router(&["/members/{member}/addresses", "/caf\u{e9}"]);
        assert_eq!(
            text(&r, "http://shop.example/members/1/addresses", None),
            Some("/members/{member}/addresses")
        );
        assert_eq!(text(&r, "//members//1/addresses;v=2", None), Some("/members/{member}/addresses"));
        assert_eq!(text(&r, "/caf%C3%A9", None), Some("/caf\u{e9}"));
        assert_eq!(text(&r, &"/a".repeat(10_000), None), None);
    }
}
