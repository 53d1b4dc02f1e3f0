//! From evidence to proposals: which words are values, which parameters name people, which datasets follow.
//!
//! Decisive choice: a name or a behaviour is enough, and the ground says which. By name: the word before the parameter is a word for
//! people, or its query's key is what people are reached or known by. By behaviour: most clients that came at least twice saw one and the same value, and the values are many. Things that belong to
//! one person behave alike, so a word for a thing overrules behaviour.

use crate::evidence::Evidence;
use crate::identity;
use crate::learned::{LEARNED_VERSION, Learned, LearnedDataset, Parameter, Slug, Verdict};
use crate::paths::SLUG;
use crate::segment::{Form, decode};
use crate::template::Template;
use crate::words::{self, Noun, UNSPECIFIED};
use std::collections::{BTreeMap, BTreeSet};
use weir_model::config::Config;
use weir_stats::Merge;

/// Distinct words at one place beyond which they are values.
const WORDS_MAX: f64 = 64.0;
/// The same at the root, where a flat site has its pages.
const ROOT_WORDS_MAX: f64 = 512.0;
/// The same after a word for people.
const PEOPLE_WORDS_MAX: usize = 8;
/// A word with at least this share of a place's records, and more than a few clients, stays a word.
const KEEP_SHARE: f64 = 0.05;
/// Behaviour is judged on at least so many clients that came twice, and so many values.
const BEHAVIOUR_MIN: u64 = 20;

/// Positions by their route, once words that are values are replaced.
type Positions = BTreeMap<String, Evidence>;

/// What can be said from evidence by position.
pub(crate) fn propose(positions: Vec<(&str, &Evidence)>, records: u64, config: &Config) -> Learned {
    let (positions, slugs) = collapse(positions);
    let parameters: Vec<Parameter> = positions
        .iter()
        .filter_map(|(key, evidence)| Some(judge(&template_of(key, &slugs)?, evidence)))
        .collect();
    let mut datasets = Datasets::default();
    for parameter in parameters.iter().filter(|p| p.verdict == Verdict::Subject) {
        datasets.of_subject(parameter, &positions, &slugs);
    }
    datasets.of_holders(&positions);
    let slugs = slugs.into_iter().map(|(under, keep)| Slug { under, keep }).collect();
    Learned { version: LEARNED_VERSION, records, parameters, slugs, datasets: datasets.finish(config) }
}

/// Replaces words that are values, shallow places first, and merges what then is one place.
fn collapse(positions: Vec<(&str, &Evidence)>) -> (Positions, BTreeMap<String, Vec<String>>) {
    let mut slugs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut levels: BTreeMap<usize, Vec<(&str, &Evidence)>> = BTreeMap::new();
    for (key, evidence) in positions {
        levels
            .entry(key.split('?').next().unwrap_or("").matches('/').count())
            .or_default()
            .push((key, evidence));
    }
    let mut all = Positions::new();
    for level in levels.into_values() {
        let mut here = Positions::new();
        for (key, evidence) in level {
            here.entry(rewrite(key, &slugs)).or_default().merge(evidence);
        }
        for (key, evidence) in &here {
            if let Some(keep) = key.strip_suffix("/*").and_then(|prefix| values_at(prefix, evidence)) {
                slugs.insert(key.trim_end_matches("/*").to_owned(), keep);
            }
        }
        all.append(&mut here);
    }
    // A query hangs on a path one level up, whose last word may only now be known for a value.
    let late: Vec<String> = all.keys().filter(|key| rewrite(key, &slugs) != **key).cloned().collect();
    for key in late {
        if let Some(evidence) = all.remove(&key) {
            all.entry(rewrite(&key, &slugs)).or_default().merge(&evidence);
        }
    }
    (all, slugs)
}

fn rewrite(key: &str, slugs: &BTreeMap<String, Vec<String>>) -> String {
    let (path, query) = key.split_once('?').map_or((key, None), |(p, q)| (p, Some(q)));
    let mut out = String::with_capacity(key.len());
    for segment in path.split('/').skip(1) {
        let slug = !segment.starts_with('{') && segment != "*" && is_slug(slugs.get(&out), segment);
        out.push('/');
        out.push_str(if slug { SLUG } else { segment });
    }
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    out
}

/// Whether a word is a value at a place with these kept words.
pub(crate) fn is_slug(keep: Option<&Vec<String>>, word: &str) -> bool {
    keep.is_some_and(|keep| !words::known(word) && keep.binary_search_by(|k| k.as_str().cmp(word)).is_err())
}

/// If the words at a place are values: those that stay words, sorted.
fn values_at(prefix: &str, evidence: &Evidence) -> Option<Vec<String>> {
    let literals = evidence.literals();
    let before = prefix.rsplit('/').next().unwrap_or("");
    let people = words::meaning(&words::noun_of(before)) == Noun::Person;
    let unknown = literals.iter().filter(|l| !words::known(&l.text)).count();
    let apart = evidence.seen_by_few().value().is_some_and(|share| share >= 0.5);
    let many = if prefix.is_empty() { ROOT_WORDS_MAX } else { WORDS_MAX };
    let by_name = people && unknown >= PEOPLE_WORDS_MAX && apart;
    if !by_name && evidence.values.estimate() <= many {
        return None;
    }
    // The root's words are a site's own sections; where they are that many, even a rare one counts.
    let share = if prefix.is_empty() { KEEP_SHARE / 10.0 } else { KEEP_SHARE };
    let enough = share * evidence.records as f64;
    let heavy =
        literals.iter().filter(|l| l.records as f64 >= enough.max(2.0) && !evidence.is_private(&l.text));
    let mut keep: Vec<String> = heavy.map(|l| decode(&l.text).into_owned()).collect();
    keep.sort();
    Some(keep)
}

/// The template of a position where a value stands; `None` for words that are words.
fn template_of(key: &str, slugs: &BTreeMap<String, Vec<String>>) -> Option<String> {
    match key.strip_suffix("/*") {
        Some(prefix) => slugs.contains_key(prefix).then(|| format!("{prefix}/{SLUG}")),
        None => Some(key.to_owned()),
    }
}

/// What a parameter is called by, its namespace, and what the word means.
fn naming(template: &str) -> (String, String, Noun) {
    let (path, query) = template.split_once('?').map_or((template, None), |(p, q)| (p, Some(q)));
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let literal = |s: Option<&&str>| s.filter(|s| !s.starts_with('{')).map(|s| (*s).to_owned());
    let before = match query {
        Some(key) if !words::noun_of(key).is_empty() => Some(key.to_owned()),
        Some(_) => literal(segments.last()),
        None => literal(segments.len().checked_sub(2).and_then(|i| segments.get(i))),
    };
    if let (Some(key), Some(identity)) = (query, identity::of_template(template)) {
        return (key.to_owned(), identity.namespace().to_owned(), Noun::Person);
    }
    let word = before.unwrap_or_default();
    let noun = words::noun_of(&word);
    let meaning = words::meaning(&noun);
    let by_form = [Form::EMail, Form::Phone]
        .into_iter()
        .filter_map(Form::token)
        .find(|t| path.ends_with(t) && query.is_none());
    match (meaning, by_form) {
        (Noun::Unknown | Noun::Object | Noun::Group, Some(token)) => {
            let name = token.trim_matches(['{', '}']).to_owned();
            (name.clone(), name, Noun::Person)
        }
        _ => {
            let namespace = match noun.as_ref() {
                "uid" | "username" => "user".to_owned(),
                "" => "id".to_owned(),
                _ => noun.into_owned(),
            };
            (word, namespace, meaning)
        }
    }
}

/// Says what a parameter is.
fn judge(template: &str, evidence: &Evidence) -> Parameter {
    let (word, namespace, meaning) = naming(template);
    let (verdict, why) = verdict(&word, meaning, template, evidence);
    let one = evidence.see_one_value();
    Parameter {
        template: template.to_owned(),
        namespace,
        verdict,
        ground: format!("{why}; {}", numbers(evidence)),
        records: evidence.records,
        values: evidence.values.estimate().round() as u64,
        clients: evidence.clients.keys().round() as u64,
        one_value_share: one.value(),
    }
}

fn verdict(word: &str, meaning: Noun, template: &str, evidence: &Evidence) -> (Verdict, String) {
    let one = evidence.see_one_value();
    let few_values = evidence.see_few_values().value().unwrap_or(0.0);
    let few_clients = evidence.seen_by_few().value().unwrap_or(0.0);
    let private = few_clients >= 0.7 && few_values >= 0.6;
    let signed_in = evidence.credentialed * 2 >= evidence.records;
    let steady = one.n >= BEHAVIOUR_MIN && one.bounds(2.0).0 >= 0.5;
    let many = evidence.values.estimate() >= BEHAVIOUR_MIN as f64;
    let is_word = template.ends_with(SLUG);
    match meaning {
        Noun::Person if identity::of_template(template).is_some() => {
            (Verdict::Subject, format!("by name: people are reached or known by what `{word}` holds"))
        }
        Noun::Person => (Verdict::Subject, format!("by name: `{word}` is a word for people")),
        Noun::Object if many && !is_word && (private || steady) => (
            Verdict::Owned,
            format!("`{word}` is a word for things, each seen by few: they belong to people, but name nobody without a link"),
        ),
        Noun::Object if many && !is_word && words::is_of_one(&words::noun_of(word)) => (
            Verdict::Owned,
            format!("`{word}` is a word for things of one person each: they belong to people, but name nobody without a link"),
        ),
        Noun::Object => (Verdict::Shared, format!("`{word}` is a word for things, not people")),
        Noun::Group => (Verdict::Shared, format!("`{word}` is a word for groups of people, not for one")),
        Noun::Unknown if steady && many && (signed_in || (few_clients >= 0.7 && !is_word)) => {
            (Verdict::Subject, "by behaviour: most clients see one value, and the values are many".to_owned())
        }
        Noun::Unknown if many && private && signed_in => {
            (Verdict::Owned, "each value is seen by few clients, each client sees few: things of one person each, without a link".to_owned())
        }
        Noun::Unknown if many && few_values >= 0.5 && few_clients >= 0.3 && below_people(template) => {
            (Verdict::Subject, "by its path: a word for people stands before it, and most clients see few values".to_owned())
        }
        Noun::Unknown if many && few_clients < 0.5 => (Verdict::Shared, "many clients share each value".to_owned()),
        Noun::Unknown => (Verdict::Unclear, "no word for people before it, and no behaviour that tells".to_owned()),
    }
}

/// Whether a query's key hangs on a path in which a word for people stands: `/kunde/adressen?nr`.
fn below_people(template: &str) -> bool {
    let Some((path, _)) = template.split_once('?') else { return false };
    let mut words = path.split('/').filter(|s| !s.is_empty() && !s.starts_with('{'));
    words.any(|word| words::meaning(&words::noun_of(word)) == Noun::Person)
}

/// The numbers behind a verdict, in words.
fn numbers(evidence: &Evidence) -> String {
    let about = |n: f64, exact: bool| format!("{}{}", if exact { "" } else { "about " }, n.round());
    let clients = evidence.clients.keys();
    let one = evidence.see_one_value();
    let steady = match one.value() {
        Some(share) => {
            format!("{:.0} % of {} sampled clients that came twice saw one value", share * 100.0, one.n)
        }
        None => "no client came twice".to_owned(),
    };
    format!(
        "{} records, {} distinct values, {} clients; {steady}",
        evidence.records,
        about(evidence.values.estimate(), evidence.values.exact().is_some()),
        about(clients, evidence.clients.len() as f64 >= clients),
    )
}

/// Datasets in the making, by name.
#[derive(Default)]
struct Datasets(BTreeMap<String, Draft>);

#[derive(Default)]
struct Draft {
    categories: BTreeSet<&'static str>,
    routes: BTreeSet<String>,
    subject: String,
    grounds: BTreeSet<String>,
}

impl Datasets {
    /// The pages below and at a parameter that names a person: one dataset per kind of data that a word tells, and one for the rest.
    fn of_subject(
        &mut self,
        parameter: &Parameter,
        positions: &Positions,
        slugs: &BTreeMap<String, Vec<String>>,
    ) {
        let (template, namespace) = (&parameter.template, &parameter.namespace);
        let (path, query) = template.split_once('?').map_or((template.as_str(), None), |(p, q)| (p, Some(q)));
        let before = path.rsplit('/').find(|s| !s.starts_with('{') && !s.is_empty()).unwrap_or(namespace);
        let plain =
            |word: &str| word.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
        let ground = format!("learned {}; categories guessed from words of the route", parameter.ground);
        let base = if before.starts_with('{') { namespace.clone() } else { plain(before) };
        if let Some(key) = query {
            let route = format!("{path}?{key}={{id}}");
            return self.add(base, words::categories_of(before), vec![route], namespace, &ground);
        }
        let all = vec![template.clone(), format!("{template}/*")];
        self.add(base, words::categories_of(before), all, namespace, &ground);
        for (word, routes) in pages_below(template, positions, slugs) {
            let categories = words::categories_of(&word);
            if !categories.is_empty() {
                self.add(
                    format!("{}_{}", plain(namespace), plain(&word)),
                    categories,
                    routes,
                    namespace,
                    &ground,
                );
            }
        }
    }

    /// Pages that show the holder of the credential used: `/my/addresses`, `/api/me`.
    fn of_holders(&mut self, positions: &Positions) {
        for (key, evidence) in positions {
            let Some(prefix) = key.strip_suffix("/*") else { continue };
            for literal in evidence.literals().into_iter().filter(|l| words::shows_holder(&l.text)) {
                if literal.credentialed * 2 < literal.records || literal.credentialed == 0 {
                    continue;
                }
                let top = format!("{prefix}/{}", literal.text);
                let ground = format!(
                    "learned by name: `{}` shows the holder of the credential used; {} of {} records carry one; categories guessed from \
                     words of the route",
                    literal.text, literal.credentialed, literal.records
                );
                let own = words::categories_of(&literal.text);
                self.add("holder".to_owned(), own, vec![top.clone(), format!("{top}/*")], "holder", &ground);
                for (word, routes) in pages_below(&top, positions, &BTreeMap::new()) {
                    let categories = words::categories_of(&word);
                    if !categories.is_empty() && !words::no_data(&word) {
                        let plain: String =
                            word.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
                        self.add(format!("holder_{plain}"), categories, routes, "holder", &ground);
                    }
                }
            }
        }
    }

    fn add(
        &mut self,
        name: String,
        categories: &[&'static str],
        routes: Vec<String>,
        subject: &str,
        ground: &str,
    ) {
        let clash = |d: &Draft| d.subject != subject;
        let name = if self.0.get(&name).is_some_and(clash) { format!("{name}_{subject}") } else { name };
        let draft = self.0.entry(name).or_default();
        draft.categories.extend(categories);
        draft.routes.extend(routes);
        subject.clone_into(&mut draft.subject);
        draft.grounds.insert(ground.to_owned());
    }

    fn finish(self, config: &Config) -> Vec<LearnedDataset> {
        let configured: BTreeSet<String> = config
            .datasets
            .iter()
            .flat_map(|d| d.routes.iter().filter_map(|r| Template::parse(&d.name, r).ok()))
            .map(|t| anonymous(&t.text))
            .collect();
        let mut all = Vec::new();
        for (name, mut draft) in self.0 {
            draft.routes.retain(|route| !configured.contains(&anonymous(route)));
            if draft.routes.is_empty() {
                continue;
            }
            if draft.categories.is_empty() {
                draft.categories.insert(UNSPECIFIED);
            }
            let taken = config.datasets.iter().any(|d| d.name == name);
            all.push(LearnedDataset {
                name: if taken { format!("{name}_learned") } else { name },
                categories: draft.categories.into_iter().map(str::to_owned).collect(),
                routes: draft.routes.into_iter().collect(),
                subject: draft.subject,
                ground: draft.grounds.into_iter().take(3).collect::<Vec<_>>().join("; "),
            });
        }
        all
    }
}

/// A route without the names of its parameters.
fn anonymous(route: &str) -> String {
    let mut inside = false;
    route
        .chars()
        .filter(|c| {
            let keep = !inside || *c == '}';
            inside = (inside || *c == '{') && *c != '}';
            keep
        })
        .collect()
}

/// Whether a segment of a learned route could be misread for a parameter, a query or a rest.
fn key_marks(route: &str) -> bool {
    route.split('/').any(|segment| {
        let token = segment.starts_with('{') && segment.ends_with('}') && !segment.contains(['?', '*']);
        !token && segment.contains(['{', '}', '?', '*'])
    })
}

/// Routes seen below a route, by the first word below it.
fn pages_below(
    top: &str,
    positions: &Positions,
    slugs: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<String>> {
    let mut pages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let below = format!("{top}/");
    for (key, evidence) in positions.range(below.clone()..).take_while(|(key, _)| key.starts_with(&below)) {
        if key.contains('?') {
            continue;
        }
        let routes: Vec<String> = match key.strip_suffix("/*") {
            Some(prefix) if slugs.contains_key(prefix) => vec![format!("{prefix}/{SLUG}")],
            Some(prefix) => {
                evidence.literals().iter().map(|l| format!("{prefix}/{}", decode(&l.text))).collect()
            }
            None => vec![key.clone()],
        };
        for route in routes {
            let word = route.get(below.len()..).and_then(|rest| rest.split('/').next()).unwrap_or("");
            // A word with a route's own marks in it stays under the route above it.
            let plain = !key_marks(&route);
            if !word.starts_with('{') && !word.is_empty() && plain {
                pages.entry(word.to_owned()).or_default().push(route);
            }
        }
    }
    pages
}
