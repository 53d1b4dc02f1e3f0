//! What the requests of a batch resolve to under the rules: route, dataset and the ids that stand in them.
//!
//! Decisive choice: what the rules say of a path, they say of its node in the batch's tree, once; only a query, and a path whose values
//! configured routes tell apart, are asked record by record.

use crate::apply::{Means, Rules};
use crate::paths::{Kind, Paths, ROOT, SLUG};
use crate::propose::is_slug;
use crate::router::{matches, query_values};
use crate::segment::decode;
use crate::words;
use hashbrown::HashMap;
use std::borrow::Cow;
use std::ops::Range;

/// What is known of the requests of a batch so far.
pub(crate) struct Places<'x> {
    rules: &'x Rules,
    paths: &'x Paths<'x>,
    texts: Vec<Cow<'x, str>>,
    operations: HashMap<(&'x str, &'x str), u32>,
    /// By node: the configured routes its paths match, among `candidates`.
    told: Vec<Option<Range<usize>>>,
    candidates: Vec<usize>,
    /// By template: its text.
    templates: Vec<Option<u32>>,
    /// By node: its step, and what paths that end there resolve to without a configured route.
    steps: Vec<Option<Step<'x>>>,
    learned: Vec<Option<Place<'x>>>,
    /// Kept for their memory.
    one: Vec<usize>,
    values: Vec<(usize, &'x str)>,
}

/// What a request resolves to, beside its ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The route, as the number of its text.
    pub(crate) route: u32,
    pub(crate) dataset: Option<usize>,
    /// Whether it shows the holder of the credential.
    pub(crate) holder: bool,
    /// How many of the ids stand in the path; they come first.
    pub(crate) in_path: usize,
}

/// Namespace, id, and what it names. A link may lead from a thing.
pub(crate) type Named<'x> = (&'x str, Cow<'x, str>, Means);

/// What was learned of paths down to a node.
#[derive(Clone, Default)]
struct Step<'x> {
    /// The route so far.
    route: Cow<'x, str>,
    /// The dataset of all that lies below.
    below: Option<usize>,
    ids: Vec<Id<'x>>,
    /// The segment, where it is no value.
    word: Option<&'x str>,
}

/// A segment that is an id.
#[derive(Clone, Copy)]
struct Id<'x> {
    namespace: &'x str,
    segment: usize,
    means: Means,
}

/// What was learned of paths that end at a node.
struct Place<'x> {
    found: Found,
    ids: Vec<Id<'x>>,
    keys: Vec<Key<'x>>,
    /// Whether it shows nobody's data, whatever it says.
    silent: bool,
}

/// A parameter of a query that is an id.
struct Key<'x> {
    key: &'x str,
    namespace: &'x str,
    means: Means,
    /// Route and dataset, if it names a person.
    route: u32,
    dataset: Option<usize>,
}

impl<'x> Places<'x> {
    pub(crate) fn new(rules: &'x Rules, paths: &'x Paths<'x>) -> Self {
        let nodes = paths.nodes();
        let mut places = Self {
            rules,
            paths,
            texts: Vec::new(),
            operations: HashMap::new(),
            told: Vec::new(),
            candidates: Vec::new(),
            templates: Vec::new(),
            steps: Vec::new(),
            learned: Vec::new(),
            one: Vec::new(),
            values: Vec::new(),
        };
        places.told.resize(nodes, None);
        places.templates.resize(rules.configured.len(), None);
        places.steps.resize(nodes, None);
        places.learned.resize_with(nodes, || None);
        places
    }

    /// The texts of all routes found, by their number.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(AsRef::as_ref).collect()
    }

    /// What an operation resolves to. `s3.amazonaws.com`, `GetObject`: `s3:GetObject`.
    pub(crate) fn operation(&mut self, service: &'x str, operation: &'x str) -> Found {
        let text = self.operations.entry((service, operation)).or_insert_with(|| {
            let name = service.strip_suffix(".amazonaws.com").unwrap_or(service);
            let mark = if service.is_empty() { "" } else { ":" };
            push(&mut self.texts, format!("{name}{mark}{operation}").into())
        });
        Found { route: *text, dataset: None, holder: false, in_path: 0 }
    }

    /// What the path and query of a row resolve to; the ids in them are added to `ids`.
    pub(crate) fn find(
        &mut self,
        row: usize,
        node: usize,
        query: &'x str,
        ids: &mut Vec<Named<'x>>,
    ) -> Found {
        let told = if self.rules.router.is_empty() { None } else { self.told(row, node, query, ids) };
        told.unwrap_or_else(|| self.learned(row, node, query, ids))
    }

    fn told(&mut self, row: usize, node: usize, query: &'x str, ids: &mut Vec<Named<'x>>) -> Option<Found> {
        let segments = self.paths.segments(row);
        let alike = !matches!(self.paths.node(node)?.kind, Kind::Static | Kind::Rest);
        let candidates = match self.told.get(node).cloned().flatten() {
            Some(known) => self.candidates.get(known)?,
            None if alike && !self.rules.router.tells_values() => {
                let from = self.candidates.len();
                self.rules.router.candidates(segments, &mut self.candidates);
                *self.told.get_mut(node)? = Some(from..self.candidates.len());
                self.candidates.get(from..)?
            }
            None => {
                self.one.clear();
                self.rules.router.candidates(segments, &mut self.one);
                &self.one
            }
        };
        let values = &mut self.values;
        let (index, template) = candidates.iter().find_map(|index| {
            let template = self.rules.router.template(*index)?;
            matches(template, query, values).then_some((*index, template))
        })?;
        let configured = self.rules.configured.get(index)?;
        let in_path = configured.segments.iter().map(|at| segments.get(*at).copied().unwrap_or(""));
        let in_query = self.values.iter().map(|(nth, value)| (configured.segments.len() + nth, *value));
        ids.extend(in_path.enumerate().chain(in_query).filter_map(|(nth, value)| {
            let (name, means) = configured.names.get(nth)?;
            Some((name.as_str(), decode(value), *means))
        }));
        let texts = &mut self.texts;
        let text = self.templates.get_mut(index)?;
        let route = *text.get_or_insert_with(|| push(texts, template.text.as_str().into()));
        let dataset = configured.dataset;
        let in_path = configured.segments.len();
        Some(Found { route, dataset: Some(dataset), holder: self.rules.is_holder(dataset), in_path })
    }

    fn learned(&mut self, row: usize, node: usize, query: &'x str, ids: &mut Vec<Named<'x>>) -> Found {
        if self.learned.get(node).is_some_and(Option::is_none) {
            let place = self.place(node);
            if let Some(slot) = self.learned.get_mut(node) {
                *slot = Some(place);
            }
        }
        let Some(place) = self.learned.get(node).and_then(Option::as_ref) else {
            return Found { route: u32::MAX, dataset: None, holder: false, in_path: 0 };
        };
        let mut found = place.found;
        if !place.silent {
            let segments = self.paths.segments(row);
            ids.extend(
                place
                    .ids
                    .iter()
                    .filter_map(|id| Some((id.namespace, decode(segments.get(id.segment)?), id.means))),
            );
        }
        found.in_path = ids.len();
        for key in &place.keys {
            let mut values = query_values(query, key.key).peekable();
            if values.peek().is_none() {
                continue;
            }
            if !place.silent {
                ids.extend(values.map(|value| (key.namespace, decode(value), key.means)));
            }
            if key.means == Means::Person {
                (found.route, found.dataset) = (key.route, key.dataset);
                break;
            }
        }
        if place.silent {
            found.dataset = None;
        }
        found.holder = found.dataset.is_some_and(|d| self.rules.is_holder(d))
            && !ids.iter().any(|(.., means)| *means == Means::Person);
        found
    }

    /// What was learned of paths that end at a node.
    fn place(&mut self, node: usize) -> Place<'x> {
        let rules = self.rules;
        let step = self.step(node);
        let route = if node == ROOT { Cow::Borrowed("/") } else { step.route };
        let mut ids = step.ids;
        // The innermost person is the one whose data it is: `/companies/{id}/users/{id}`, `/managers/{id}/employees/{id}`.
        if let Some(last) = ids.iter().rposition(|id| id.means == Means::Person) {
            let mut at = 0;
            ids.retain(|id| {
                at += 1;
                id.means != Means::Person || at == last + 1
            });
        }
        let mut keys = Vec::new();
        for key in rules.queries.get(route.as_ref()).into_iter().flatten() {
            let name = format!("{route}?{key}");
            let Some((namespace, means)) = rules.parameters.get(&name) else { continue };
            let named = format!("{name}={{id}}");
            let dataset = rules.exact.get(&named).copied();
            let route = push(&mut self.texts, named.into());
            keys.push(Key { key, namespace, means: *means, route, dataset });
        }
        let dataset = rules.exact.get(route.as_ref()).copied().or(step.below);
        let found = Found { route: push(&mut self.texts, route), dataset, holder: false, in_path: 0 };
        Place { found, ids, keys, silent: step.word.is_some_and(words::no_data) }
    }

    /// What was learned of paths down to a node.
    fn step(&mut self, node: usize) -> Step<'x> {
        if let Some(known) = self.steps.get(node).and_then(Clone::clone) {
            return known;
        }
        let step = self.next_step(node);
        if let Some(slot) = self.steps.get_mut(node) {
            *slot = Some(step.clone());
        }
        step
    }

    fn next_step(&mut self, node: usize) -> Step<'x> {
        let (rules, paths) = (self.rules, self.paths);
        let Some(here) = paths.node(node) else { return Step::default() };
        let as_written = Cow::Borrowed(paths.prefix(node));
        if matches!(here.kind, Kind::Root | Kind::Static) {
            return Step { route: as_written, ..Step::default() };
        }
        let mut step = self.step(here.parent);
        let is_word = here.kind == Kind::Word;
        let slug = is_word && is_slug(rules.slugs.get(step.route.as_ref()), &decode(here.raw));
        step.route = match step.route {
            Cow::Borrowed(_) if !slug => as_written,
            above if slug => format!("{above}/{SLUG}").into(),
            above => format!("{above}{}", paths.last(node)).into(),
        };
        if here.kind == Kind::Rest {
            return step;
        }
        let parameter = slug || !is_word;
        step.below = rules.below.get(step.route.as_ref()).copied().or(step.below);
        let id = rules.parameters.get(step.route.as_ref()).filter(|_| parameter);
        step.ids.extend(id.map(|(namespace, means)| Id { namespace, segment: here.depth, means: *means }));
        step.word = (!parameter).then_some(here.raw);
        step
    }
}

fn push<'x>(texts: &mut Vec<Cow<'x, str>>, text: Cow<'x, str>) -> u32 {
    texts.push(text);
    // A batch has fewer rows than that, and each few routes.
    texts.len() as u32 - 1
}
