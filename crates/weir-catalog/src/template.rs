//! Configured routes: `/members/{member}/addresses`, `/profile?id={member}`, `/my/*`.
//!
//! A parameter stands for one whole segment or one query value; `*` stands last and for anything below, itself included. What a
//! template says of the query must be there; what it does not say may be anything.

use crate::CatalogError;

/// A configured route, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// As configured.
    pub text: String,
    /// Its segments.
    pub segments: Vec<Part>,
    /// Whether a trailing `*` takes anything below.
    pub rest: bool,
    /// What it says of the query.
    pub query: Vec<(String, Part)>,
}

/// One segment or query value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Literal(String),
    /// Any non-empty text, known by this name: the namespace.
    Parameter(String),
}

impl Template {
    /// The literal of the path before a parameter; of one of the query, the last.
    pub(crate) fn before(&self, parameter: &str) -> Option<&str> {
        let parameter = Part::Parameter(parameter.to_owned());
        let to = self.segments.iter().position(|part| *part == parameter).unwrap_or(self.segments.len());
        let before = self.segments.get(..to)?.iter().rev();
        before.into_iter().find_map(|part| match part {
            Part::Literal(literal) => Some(literal.as_str()),
            Part::Parameter(_) => None,
        })
    }

    /// Reads a route of a dataset.
    ///
    /// # Errors
    /// If it does not begin with `/`, or a parameter is not a whole segment, or `*` stands elsewhere than last.
    pub fn parse(dataset: &str, text: &str) -> Result<Self, CatalogError> {
        let wrong = |reason, help: &str| {
            Err(CatalogError::Route {
                dataset: dataset.to_owned(),
                route: text.to_owned(),
                reason,
                help: help.to_owned(),
            })
        };
        let (path, query) = text.split_once('?').map_or((text, None), |(p, q)| (p, Some(q)));
        if !path.starts_with('/') {
            return wrong(
                "does not begin with `/`",
                "write the path as the log has it, without host: `/members/{member}`",
            );
        }
        let mut template =
            Self { text: text.to_owned(), segments: Vec::new(), rest: false, query: Vec::new() };
        for segment in path.split('/').filter(|s| !s.is_empty()) {
            if template.rest {
                return wrong(
                    "has `*` before its end",
                    "`*` takes everything below, so it can only stand last",
                );
            }
            match Part::parse(segment) {
                _ if segment == "*" => template.rest = true,
                Some(part) => template.segments.push(part),
                None => {
                    return wrong(
                        "has a parameter that is not a whole segment",
                        "write `/{member}/`, not `/m-{member}/`",
                    );
                }
            }
        }
        for pair in query.unwrap_or("").split('&').filter(|p| !p.is_empty()) {
            match pair.split_once('=').and_then(|(key, value)| Some((key, Part::parse(value)?))) {
                Some((key, part)) => template.query.push((key.to_owned(), part)),
                None => {
                    return wrong(
                        "has a query that is not `key=value`",
                        "write `?id={member}` or `?view=address`",
                    );
                }
            }
        }
        let mut names: Vec<&str> = template.parameters().collect();
        names.sort_unstable();
        if names.windows(2).any(|w| matches!(w, [a, b] if a == b)) {
            return wrong("names a parameter twice", "give each parameter its own name");
        }
        Ok(template)
    }

    /// The names of its parameters, in order: those of the path, then those of the query.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().chain(self.query.iter().map(|(_, part)| part)).filter_map(|part| match part {
            Part::Parameter(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) => {
                let plain =
                    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
                plain.then(|| Self::Parameter(name.to_owned()))
            }
            None => (!text.contains(['{', '}'])).then(|| Self::Literal(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read() {
        let t = Template::parse("d", "/profile?id={member}&view=full").unwrap();
        assert_eq!(t.segments, [Part::Literal("profile".into())]);
        assert_eq!(t.parameters().collect::<Vec<_>>(), ["member"]);
        assert!(Template::parse("d", "/my/*").unwrap().rest);
        assert_eq!(Template::parse("d", "/").unwrap().segments, []);
    }

    #[test]
    fn wrong_routes_say_what_is_wrong() {
        for (route, reason) in [
            ("members/{m}", "does not begin with `/`"),
            ("/m-{id}", "has a parameter that is not a whole segment"),
            ("/*/a", "has `*` before its end"),
            ("/a?id", "has a query that is not `key=value`"),
            ("/{a}/{a}", "names a parameter twice"),
            ("/{}", "has a parameter that is not a whole segment"),
        ] {
            let Err(CatalogError::Route { reason: found, .. }) = Template::parse("d", route) else {
                panic!("{route} must fail")
            };
            assert_eq!(found, reason);
        }
    }
}
