//! A starting `weir.toml` from what was learned: for a person to read, correct and keep.

use crate::learned::{Learned, Verdict};
use crate::words;
use std::fmt::Write;

/// What was learned, as configuration with comments. It parses, and names the same people; but where a configured parameter takes any
/// segment, a learned one takes only what has the form of a value.
#[must_use]
pub fn to_toml(learned: &Learned) -> String {
    let mut out = String::new();
    head(learned, &mut out);
    for dataset in &learned.datasets {
        comment(&dataset.ground, &mut out);
        let routes: Vec<String> =
            dataset.routes.iter().map(|r| text(&named(r, &dataset.subject, learned))).collect();
        let categories: Vec<String> = dataset.categories.iter().map(|c| text(c)).collect();
        put(&mut out, format_args!("[[dataset]]\nname = {}\n", text(&dataset.name)));
        put(&mut out, format_args!("categories = [{}]\n", categories.join(", ")));
        put(&mut out, format_args!("routes = [\n    {},\n]\n", routes.join(",\n    ")));
        put(&mut out, format_args!("subject = {}\n\n", text(&dataset.subject)));
    }
    let owned: Vec<_> = learned.parameters.iter().filter(|p| p.verdict == Verdict::Owned).collect();
    for parameter in owned {
        comment(&format!("{}: {}", parameter.template, parameter.ground), &mut out);
        comment("A map from these ids to people would let Weir count whose they were:", &mut out);
        comment(
            &format!(
                "[[link]]\nfrom = {}\nto = \"member\"\nfile = \"links.csv\"",
                text(&parameter.namespace)
            ),
            &mut out,
        );
        out.push('\n');
    }
    let others: Vec<_> = learned
        .parameters
        .iter()
        .filter(|p| matches!(p.verdict, Verdict::Shared | Verdict::Unclear))
        .collect();
    if !others.is_empty() {
        comment("Not taken for people:", &mut out);
        for parameter in others {
            comment(&format!("  {}: {}", parameter.template, parameter.ground), &mut out);
        }
    }
    out
}

fn head(learned: &Learned, out: &mut String) {
    let n = learned.records;
    comment(
        &format!(
            "Learned from {n} successful access records. Correct it and keep it: what stands here is used as told."
        ),
        out,
    );
    comment("A parameter's name is its namespace: one name, one count of people.", out);
    out.push('\n');
    comment(
        "[organisation]\nname = \"\"\nhome_country = \"\"   # ISO 3166-1 alpha-2: KR\npermitted_countries = []   # from where people's data may be read\nmembers = 0         # how many people you hold data of",
        out,
    );
    out.push('\n');
    if learned.datasets.is_empty() {
        comment("No route was found that names people. If there is one, state it:", out);
        comment("[[dataset]]\nname = \"addresses\"\ncategories = [\"name\", \"postal_address\"]", out);
        comment("routes = [\"/members/{member}/addresses\"]\nsubject = \"member\"", out);
        out.push('\n');
    }
}

/// The learned route with names for its parameters: the subject's namespace for the one that names the person, else the word before it.
fn named(route: &str, subject: &str, learned: &Learned) -> String {
    let is_subject = |template: &str| {
        learned
            .parameters
            .iter()
            .any(|p| p.template == template && p.namespace == subject && p.verdict == Verdict::Subject)
    };
    let (path, query) = route.split_once('?').map_or((route, None), |(p, q)| (p, Some(q)));
    let ends = path.match_indices('}').map(|(i, _)| i + 1);
    let innermost = ends.rev().find(|end| path.get(..*end).is_some_and(is_subject));
    let (mut out, mut at, mut used) = (String::new(), 0, Vec::new());
    for segment in path.split('/').skip(1) {
        at += 1 + segment.len();
        let name = match (segment.starts_with('{'), innermost == Some(at)) {
            (false, _) => segment.to_owned(),
            (true, true) => subject.to_owned(),
            (true, false) => {
                let before = out
                    .rsplit('/')
                    .next()
                    .map(|before| words::noun_of(before).into_owned())
                    .filter(|n| !n.is_empty() && n != subject && !used.contains(n));
                before.unwrap_or_else(|| format!("id{}", used.len() + 1))
            }
        };
        out.push('/');
        if segment.starts_with('{') {
            put(&mut out, format_args!("{{{name}}}"));
            used.push(name);
        } else {
            out.push_str(segment);
        }
    }
    if let Some((key, _)) = query.and_then(|q| q.split_once('=')) {
        put(&mut out, format_args!("?{key}={{{subject}}}"));
    }
    out
}

fn comment(lines: &str, out: &mut String) {
    for line in lines.lines() {
        put(out, format_args!("# {line}\n"));
    }
}

/// A TOML basic string. JSON's escapes are TOML's; DEL alone is not escaped by JSON.
fn text(s: &str) -> String {
    serde_json::to_string(s).unwrap_or_default().replace('\u{7f}', "\\u007f")
}

fn put(out: &mut String, args: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = out.write_fmt(args);
}
