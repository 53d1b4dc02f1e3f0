//! The rules of one catalog, compiled: what is configured and learned of paths, queries and resources.
//!
//! Decisive choice: configured routes first, then learned ones; a configured route without a subject also says that there is none.

use crate::error::nearest;
use crate::learned::{Learned, Verdict};
use crate::router::Router;
use crate::template::{Part, Template};
use crate::words::{self, Noun, UNSPECIFIED};
use crate::{CatalogError, Links};
use hashbrown::HashMap;
use std::collections::BTreeSet;
use weir_model::case::DatasetUsed;
use weir_model::config::{Config, DatasetConfig};

/// The subject of a dataset whose pages show the holder of the credential.
pub const HOLDER: &str = "holder";

/// Compiled rules.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) datasets: Vec<DatasetUsed>,
    /// By dataset: whether its pages show the holder.
    holder: Vec<bool>,
    pub(crate) router: Router,
    /// By template of the router.
    pub(crate) configured: Vec<Configured>,
    /// Routes below which words are values: those that stay words.
    pub(crate) slugs: HashMap<String, Vec<String>>,
    /// Learned parameters by template: namespace, and what they name.
    pub(crate) parameters: HashMap<String, (String, Means)>,
    /// Learned routes of things of one person each, who is not named.
    things: BTreeSet<String>,
    /// Learned routes that say which query parameter names somebody: route to keys.
    pub(crate) queries: HashMap<String, Vec<String>>,
    /// Learned datasets by route, and by the route that they lie below.
    pub(crate) exact: HashMap<String, usize>,
    pub(crate) below: HashMap<String, usize>,
    tables: HashMap<String, usize>,
    buckets: HashMap<String, usize>,
    /// Namespace of a holder known as an actor.
    pub(crate) holder_namespace: String,
}

/// What an id in a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    Person,
    /// A thing of one person.
    Owned,
    /// Anything else.
    Other,
}

/// What is configured of a template.
#[derive(Debug)]
pub(crate) struct Configured {
    pub(crate) dataset: usize,
    /// Names of the template's parameters, and what each names.
    pub(crate) names: Vec<(String, Means)>,
    /// Which segments the first of them are; the others stand in the query.
    pub(crate) segments: Vec<usize>,
}

impl Rules {
    pub(crate) fn new(config: &Config, learned: &Learned, links: &Links) -> Result<Self, CatalogError> {
        let mut rules = Self::default();
        for dataset in &config.datasets {
            rules.configure(dataset, links)?;
        }
        rules.learn(learned);
        rules.tell_apart();
        let people: BTreeSet<&str> = rules.people().collect();
        // With one kind of people in the logs, who signs in is one of them; with several, it is not known of which kind.
        let only = if people.len() == 1 { people.first().copied() } else { None };
        rules.holder_namespace = only.unwrap_or("actor").to_owned();
        Ok(rules)
    }

    /// Ids of one kind are people's or things': where they are people's somewhere, they are told for no things elsewhere.
    fn tell_apart(&mut self) {
        let people: BTreeSet<String> = self.people().map(str::to_owned).collect();
        let told = self.configured.iter_mut().flat_map(|configured| &mut configured.names);
        for (name, means) in self.parameters.values_mut().chain(told) {
            if *means == Means::Owned && people.contains(name) {
                *means = Means::Other;
            }
        }
    }

    /// The kinds of things of one person each.
    pub(crate) fn things(&self) -> impl Iterator<Item = &str> {
        let told = self.configured.iter().flat_map(|configured| &configured.names);
        let all = self.parameters.values().chain(told);
        all.filter(|(_, means)| *means == Means::Owned).map(|(name, _)| name.as_str())
    }

    /// The kinds of people that paths and queries name.
    fn people(&self) -> impl Iterator<Item = &str> {
        let all = self.parameters.values().chain(self.configured.iter().flat_map(|c| &c.names));
        all.filter(|(_, means)| *means == Means::Person).map(|(name, _)| name.as_str())
    }

    /// The kinds of people that the rules know: those, and the holders of credentials.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.people().chain([self.holder_namespace.as_str()])
    }

    fn configure(&mut self, dataset: &DatasetConfig, links: &Links) -> Result<(), CatalogError> {
        let index = self.datasets.len();
        if self.datasets.iter().any(|d| d.name == dataset.name) {
            return Err(CatalogError::Twice { dataset: dataset.name.clone() });
        }
        let templates: Result<Vec<_>, _> =
            dataset.routes.iter().map(|r| Template::parse(&dataset.name, r)).collect();
        let templates = templates?;
        let subject = dataset.subject.as_deref();
        let names: Vec<&str> = templates.iter().flat_map(Template::parameters).collect();
        if let Some(subject) = subject.filter(|s| *s != HOLDER && !templates.is_empty() && !names.contains(s))
        {
            let (dataset, subject) = (dataset.name.clone(), subject.to_owned());
            let help = nearest(&subject, names.iter().copied().chain([HOLDER]));
            return Err(CatalogError::Subject { dataset, subject, help });
        }
        for template in templates {
            let named = template.parameters().map(|name| match words::noun_of(name) {
                // `/orders/{id}` has an order's id, unless a link or the dataset calls it otherwise.
                noun if noun.is_empty() && subject != Some(name) && !links.leads_from(name) => {
                    template.before(name).map(|literal| words::noun_of(literal).into_owned())
                }
                _ => None,
            });
            let named: Vec<Option<String>> = named.collect();
            let means = |name: &str| {
                let noun = words::noun_of(name);
                let person = match subject {
                    Some(subject) => subject == name,
                    None => words::meaning(&noun) == Noun::Person && !links.leads_from(name),
                };
                match person {
                    true => Means::Person,
                    false if words::is_of_one(&noun) => Means::Owned,
                    false => Means::Other,
                }
            };
            let names = template.parameters().zip(named).map(|(name, named)| {
                let name = named.filter(|noun| words::is_of_one(noun)).unwrap_or_else(|| name.to_owned());
                let means = means(&name);
                (name, means)
            });
            let names = names.collect();
            let parameter = |part: &Part| matches!(part, Part::Parameter(_));
            let segments = template.segments.iter().enumerate();
            let segments = segments.filter(|(_, part)| parameter(part)).map(|(at, _)| at).collect();
            self.configured.push(Configured { dataset: index, names, segments });
            self.router.add(template);
        }
        self.tables.extend(dataset.tables.iter().map(|t| (t.to_lowercase(), index)));
        self.buckets.extend(dataset.buckets.iter().map(|b| (b.clone(), index)));
        self.holder.push(subject == Some(HOLDER));
        self.datasets.push(configured_dataset(dataset));
        Ok(())
    }

    fn learn(&mut self, learned: &Learned) {
        self.slugs.extend(learned.slugs.iter().map(|s| (s.under.clone(), s.keep.clone())));
        for parameter in &learned.parameters {
            if let Some((route, key)) = parameter.template.split_once('?') {
                self.queries.entry(route.to_owned()).or_default().push(key.to_owned());
            }
            if parameter.verdict == Verdict::Owned {
                self.things.insert(parameter.template.split('?').next().unwrap_or_default().to_owned());
            }
            let means = match parameter.verdict {
                Verdict::Subject => Means::Person,
                // Pages of a small site are seen by few too: what its word calls a thing is counted as somebody's where the word says that.
                Verdict::Owned if words::is_anybodys(&words::noun_of(&parameter.namespace)) => Means::Other,
                Verdict::Owned => Means::Owned,
                _ => Means::Other,
            };
            self.parameters.insert(parameter.template.clone(), (parameter.namespace.clone(), means));
        }
        for dataset in &learned.datasets {
            let index = self.datasets.len();
            for route in &dataset.routes {
                match route.strip_suffix("/*") {
                    Some(above) => self.below.insert(above.to_owned(), index),
                    None => self.exact.insert(route.clone(), index),
                };
            }
            self.holder.push(dataset.subject == HOLDER);
            self.datasets.push(DatasetUsed {
                name: dataset.name.clone(),
                origin: "learned".to_owned(),
                categories: dataset.categories.clone(),
                routes: dataset.routes.clone(),
                subject: dataset.subject.clone(),
                ground: dataset.ground.clone(),
                subjects: 0,
                records: 0,
            });
        }
    }

    /// Whether a route shows a thing of one person, or what lies below it.
    pub(crate) fn is_of_somebody(&self, route: &str) -> bool {
        let ends = route.match_indices('/').map(|(at, _)| at).skip(1).chain([route.len()]);
        ends.filter_map(|end| route.get(..end)).any(|above| self.things.contains(above))
    }

    /// Whether a request can resolve to a dataset or to an id.
    pub(crate) fn knows_data(&self) -> bool {
        !self.datasets.is_empty() || !self.parameters.is_empty()
    }

    /// Whether what a request resolves to can depend on its query.
    pub(crate) fn reads_queries(&self) -> bool {
        !self.router.is_empty() || !self.queries.is_empty()
    }

    /// Whether they say nothing of any path.
    pub(crate) fn know_no_path(&self) -> bool {
        self.datasets.is_empty() && self.parameters.is_empty() && self.slugs.is_empty()
    }

    /// Whether datasets are told by resource.
    pub(crate) fn reads_resources(&self) -> bool {
        !self.tables.is_empty() || !self.buckets.is_empty()
    }

    /// Whether a dataset's pages show the holder of the credential.
    pub(crate) fn is_holder(&self, dataset: usize) -> bool {
        self.holder.get(dataset).copied().unwrap_or(false)
    }

    /// The dataset of a table; of one named without its schema, if all tables of that name belong to one dataset.
    fn of_table(&self, table: &str) -> Option<&usize> {
        let named = || {
            let local = |known: &str| known.rsplit_once('.').is_some_and(|(_, name)| name == table);
            let mut found = self.tables.iter().filter(|(known, _)| local(known)).map(|(_, dataset)| dataset);
            let first = found.next()?;
            found.all(|other| other == first).then_some(first)
        };
        self.tables.get(table).or_else(|| if table.contains('.') { None } else { named() })
    }

    /// The dataset of a resource: a table, or a bucket or an object in it; or of the bucket that a request names.
    pub(crate) fn of_resource(&self, resource: Option<&str>, request: Option<&str>) -> Option<usize> {
        let by_name = resource.and_then(|r| {
            let local = r.rsplit(":::").next().unwrap_or(r);
            let bucket = local.strip_prefix("s3://").unwrap_or(local).split('/').next().unwrap_or(local);
            let table = r.rsplit_once(":table/").map_or(r, |(_, t)| t.split('/').next().unwrap_or(t));
            self.buckets.get(bucket).or_else(|| self.of_table(&table.to_lowercase()))
        });
        let by_request = || {
            let rest =
                request?.split_once("\"bucketName\"")?.1.trim_start_matches([' ', ':']).strip_prefix('"')?;
            self.buckets.get(rest.split('"').next()?)
        };
        by_name.or_else(by_request).copied()
    }
}

fn configured_dataset(dataset: &DatasetConfig) -> DatasetUsed {
    let places = dataset.routes.iter().chain(&dataset.tables).chain(&dataset.buckets);
    let unspecified = || vec![UNSPECIFIED.to_owned()];
    DatasetUsed {
        name: dataset.name.clone(),
        origin: "configured".to_owned(),
        categories: if dataset.categories.is_empty() { unspecified() } else { dataset.categories.clone() },
        routes: places.cloned().collect(),
        subject: dataset.subject.clone().unwrap_or_default(),
        ground: "stated in the configuration".to_owned(),
        subjects: 0,
        records: 0,
    }
}
