//! The route of a path that nobody configured: segment by segment, values replaced by what they are.
//!
//! Decisive choice: one function writes routes for the learner and for derivation, so that what was learned of a place in a path is
//! found again at the same text.

use crate::router::segments;
use crate::segment::{Form, decode, form};

/// Segments kept of a path; deeper ones become `*`.
const DEPTH_MAX: usize = 12;

/// One step along a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a, 'p> {
    /// The route up to here, before this segment: `/members`.
    pub(crate) prefix: &'a str,
    /// The segment as written.
    pub(crate) raw: &'p str,
    /// Its form.
    pub(crate) form: Form,
    /// The route with this segment: `/members/{id}`.
    pub(crate) route: &'a str,
    /// Whether the segment became a parameter.
    pub(crate) parameter: bool,
}

/// Writes the route of a path into `route`, telling each step. `is_slug(prefix, word)` says whether a word is a value.
pub(crate) fn walk<'p>(
    path: &'p str,
    route: &mut String,
    is_slug: impl Fn(&str, &str) -> bool,
    mut step: impl FnMut(Step<'_, 'p>),
) {
    route.clear();
    if let Some(first) = static_file(path) {
        if let Some(first) = first {
            route.push('/');
            route.push_str(&decode(first));
        }
        return route.push_str("/{file}");
    }
    for (depth, raw) in segments(path).enumerate() {
        if depth == DEPTH_MAX {
            return route.push_str("/*");
        }
        let before = route.len();
        let text = decode(raw);
        let form = form(&text);
        let slug = form == Form::Word && is_slug(route, &text);
        route.push('/');
        route.push_str(if slug { SLUG } else { form.token().unwrap_or(&text) });
        let (prefix, parameter) = (route.get(..before).unwrap_or(""), slug || form != Form::Word);
        step(Step { prefix, raw, form, route, parameter });
    }
    if route.is_empty() {
        route.push('/');
    }
}

/// How a route writes a word that is a value.
pub(crate) const SLUG: &str = "{slug}";

/// For a static file, its first folder (if any): the pages of a site are few folders of many files, which show nobody.
fn static_file(path: &str) -> Option<Option<&str>> {
    let mut all = segments(path);
    let first = all.next()?;
    let last = all.last();
    (form(&decode(last.unwrap_or(first))) == Form::File)
        .then_some(last.map(|_| first).filter(|f| form(&decode(f)) == Form::Word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> String {
        let mut out = String::new();
        walk(path, &mut out, |prefix, word| prefix == "/users" && word != "login", |_| {});
        out
    }

    #[test]
    fn values_are_replaced_by_what_they_are() {
        assert_eq!(route("/members/8812/addresses"), "/members/{id}/addresses");
        assert_eq!(route("/members/8812/addresses/"), "/members/{id}/addresses");
        assert_eq!(route("/users/alice/posts/2024-05-31"), "/users/{slug}/posts/{date}");
        assert_eq!(route("/users/login"), "/users/login");
        assert_eq!(route("/static/css/app.8c1f.css"), "/static/{file}");
        assert_eq!(route("/favicon.ico"), "/{file}");
        assert_eq!(route("/"), "/");
        assert_eq!(route("*"), "/*");
        assert_eq!(route("/ann%40example.org"), "/{e_mail}");
        assert!(route(&"/a".repeat(50)).ends_with("/a/*"));
    }

    #[test]
    fn each_step_knows_the_route_before_and_after_it() {
        let (mut out, mut seen) = (String::new(), Vec::new());
        walk(
            "/members/8812",
            &mut out,
            |_, _| false,
            |s| seen.push((s.prefix.to_owned(), s.route.to_owned(), s.parameter)),
        );
        assert_eq!(
            seen,
            [(String::new(), "/members".into(), false), ("/members".into(), "/members/{id}".into(), true)]
        );
    }
}
