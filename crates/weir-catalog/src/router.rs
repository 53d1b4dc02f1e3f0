//! Finds the configured route of a request: a trie by segment, a literal before a parameter, a parameter before `*`.

use crate::segment::{Form, decode, form};
use crate::template::{Part, Template};
use hashbrown::HashMap;

/// Deepest path that is matched segment by segment; what lies below is reached by `*` only.
pub(crate) const SEGMENTS_MAX: usize = 32;

/// Configured routes, ready to match.
#[derive(Debug, Default)]
pub(crate) struct Router {
    nodes: Vec<Node>,
    templates: Vec<Template>,
    /// Whether a literal has the form of a value, so that not all values are alike to it.
    tells_values: bool,
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
            Part::Literal(text) => {
                let text = decode(text).into_owned();
                self.tells_values |= form(&text) != Form::Word;
                *node.literals.entry(text).or_insert(new)
            }
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

    /// Whether paths that differ in values alone can have different routes.
    pub(crate) fn tells_values(&self) -> bool {
        self.tells_values
    }

    /// The templates that the segments of a path match, in the order in which they are asked what they say of the query.
    pub(crate) fn candidates(&self, segments: &[&str], out: &mut Vec<usize>) {
        self.descend(0, segments, out);
    }

    fn descend(&self, at: usize, rest: &[&str], out: &mut Vec<usize>) {
        let Some(node) = self.nodes.get(at) else { return };
        match rest.split_first() {
            Some((first, below)) => {
                if let Some(child) = node.literals.get(decode(first).as_ref()) {
                    self.descend(*child, below, out);
                }
                if let Some(child) = node.parameter {
                    self.descend(child, below, out);
                }
            }
            None => out.extend_from_slice(&node.ends),
        }
        out.extend_from_slice(&node.rests);
    }
}

/// Whether a query is as a template says; then with the values of its parameters, as written: which parameter of the template's query it is, and each value
/// that the query gives for it.
pub(crate) fn matches<'p>(
    template: &'p Template,
    query: &'p str,
    values: &mut Vec<(usize, &'p str)>,
) -> bool {
    values.clear();
    let mut parameters = 0;
    template.query.iter().all(|(key, part)| match part {
        Part::Literal(text) => {
            query_values(query, key).next().is_some_and(|value| decode(value) == decode(text))
        }
        Part::Parameter(_) => {
            let before = values.len();
            values.extend(query_values(query, key).map(|value| (parameters, value)));
            parameters += 1;
            values.len() > before
        }
    })
}

/// The pairs of a query as written.
pub(crate) fn query_pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(query).filter(|q| !q.is_empty());
    let pairs = std::iter::from_fn(move || {
        let (pair, after) = cut(rest?, b'&');
        rest = after;
        Some(pair)
    });
    pairs
        .filter_map(|pair| match cut(pair, b'=') {
            (key, Some(value)) => Some((key, value)),
            (_, None) => None,
        })
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

/// What lies before a mark, and what after it. Queries are short: looking at byte after byte is the quickest.
fn cut(text: &str, mark: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|b| b == mark) {
        Some(at) => (text.get(..at).unwrap_or(""), text.get(at + 1..)),
        None => (text, None),
    }
}

/// The values that a query gives for a key, which may be written as often as there are values: `id=1&id=2`, `id[]=1&id[]=2`, `id[0]=1&id[1]=2`.
pub(crate) fn query_values<'q>(query: &'q str, key: &'q str) -> impl Iterator<Item = &'q str> {
    let is = move |written: &str| {
        let written = decode(written);
        let element = || written.strip_prefix(key)?.strip_prefix('[')?.strip_suffix(']');
        written == key || element().is_some_and(|nth| nth.bytes().all(|b| b.is_ascii_digit()))
    };
    query_pairs(query).filter(move |(written, _)| is(written)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::Paths;
    use arrow_array::StringArray;

    fn router(routes: &[&str]) -> Router {
        let mut router = Router::default();
        routes.iter().for_each(|r| router.add(Template::parse("d", r).unwrap()));
        router
    }

    fn text<'r>(router: &'r Router, path: &str, query: Option<&str>) -> Option<&'r str> {
        let column = StringArray::from(vec![path]);
        let (paths, mut found) = (Paths::of(Some(&column), 1), Vec::new());
        router.candidates(paths.segments(0), &mut found);
        let mut templates = found.iter().filter_map(|template| router.template(*template));
        let found = templates.find(|t| matches(t, query.unwrap_or(""), &mut Vec::new()));
        found.map(|t| t.text.as_str())
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
    }

    #[test]
    fn what_a_route_says_of_the_query_must_be_there() {
        let r = router(&["/profile", "/profile?id={member}", "/profile?id={member}&view=full"]);
        assert_eq!(text(&r, "/profile", None), Some("/profile"));
        assert_eq!(text(&r, "/profile", Some("page=1&id=8812")), Some("/profile?id={member}"));
        assert_eq!(text(&r, "/profile", Some("view=full&id=8812")), Some("/profile?id={member}&view=full"));
        assert_eq!(text(&r, "/profile", Some("id=")), Some("/profile"));
        let mut values = Vec::new();
        assert!(matches(r.template(2).unwrap(), "view=full&x&=1&id=8812&id=2", &mut values));
        assert_eq!(values, [(0, "8812"), (0, "2")]);
        assert!(matches(r.template(1).unwrap(), "id[]=1&id%5B%5D=2&id[0]=3&ids=4&id[x]=5", &mut values));
        assert_eq!(values, [(0, "1"), (0, "2"), (0, "3")]);
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
