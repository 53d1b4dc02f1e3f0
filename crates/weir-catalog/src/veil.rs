//! [`Veil`]: what hides people in texts of any form.
//!
//! Decisive choice: a text is cut where no id goes on, and what is left between the cuts is compared as a whole, percent-encoded or not. Ids that are long
//! enough not to be met by chance are found inside of longer words too.

use crate::segment::decode;
use std::borrow::Cow;
use std::collections::HashMap;

/// The people to hide, and what stands in their place.
pub(crate) struct Veil<'a> {
    pseudonym: Box<dyn Fn(&str) -> String + 'a>,
    people: HashMap<&'a str, String>,
    /// Those that are looked for inside of longer words.
    loose: Vec<&'a str>,
}

impl<'a> Veil<'a> {
    /// One that hides addresses of e-mail alone.
    pub fn new(pseudonym: impl Fn(&str) -> String + 'a) -> Self {
        Self { pseudonym: Box::new(pseudonym), people: HashMap::new(), loose: Vec::new() }
    }

    /// Hides a person; inside of longer words too if told so, as far as their id is not met by chance.
    pub fn add(&mut self, id: &'a str, inside: bool) {
        if (inside && id.len() >= LOOSE_MIN) || id.contains(|c: char| separates(c) || c == '@') {
            self.loose.push(id);
        }
        self.people.entry(id).or_insert_with(|| (self.pseudonym)(id));
    }

    /// The text with each person in it replaced: between separators, percent-encoded or not, or as they are.
    pub fn over(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(separates) {
            let token = piece.trim_end_matches(separates);
            let decoded = decode(token);
            match self.people.get(decoded.as_ref()) {
                Some(shown) => out.push_str(shown),
                None => out.push_str(&self.without_mail(token, &decoded)),
            }
            out.push_str(piece.get(token.len()..).unwrap_or_default());
        }
        // An id with a separator in it was cut above; a part of a longer token is found by itself.
        let mut loose = self.loose.clone();
        loose.sort_by_key(|id| std::cmp::Reverse((id.len(), *id)));
        for id in loose {
            if let Some(shown) = self.people.get(id).filter(|_| out.contains(id)) {
                out = out.replace(id, shown);
            }
        }
        out
    }

    /// A token without addresses of e-mail.
    fn without_mail<'t>(&self, token: &'t str, decoded: &str) -> Cow<'t, str> {
        let (mut out, mut rest, mut any) = (String::new(), decoded, false);
        while let Some((before, after)) = rest.split_once('@') {
            let begin = before.trim_end_matches(in_name).len();
            let end = after.len() - after.trim_start_matches(in_host).len();
            let (Some(name), Some(host)) = (before.get(begin..), after.get(..end)) else { break };
            out.push_str(before.get(..begin).unwrap_or_default());
            if name.is_empty() || host.is_empty() {
                out.push_str(name);
                out.push('@');
                rest = after;
            } else {
                out.push_str(&(self.pseudonym)(&format!("{name}@{host}")));
                rest = after.get(end..).unwrap_or_default();
                any = true;
            }
        }
        if any { Cow::Owned(out + rest) } else { Cow::Borrowed(token) }
    }
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')
}

fn in_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

/// A URL's query with something else for each of its values. Fingerprints stay: they are no values any more.
pub(crate) fn values(query: &str, shown: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(query.len());
    for piece in query.split_inclusive(['&', ';']) {
        let part = piece.trim_end_matches(['&', ';']);
        let (name, value) = match part.split_once('=') {
            Some((name, value)) if !decode(name).contains('@') => (part.get(..=name.len()), value),
            _ => (None, part),
        };
        out.push_str(name.unwrap_or_default());
        match value {
            "" => {}
            value if is_keyed(value, "fp_", 24) => out.push_str(value),
            value => out.push_str(&shown(&decode(value))),
        }
        out.push_str(piece.get(part.len()..).unwrap_or_default());
    }
    out
}

/// Whether a text is a pseudonym: `p_` and sixteen digits.
pub(crate) fn is_pseudonym(text: &str) -> bool {
    is_keyed(text, "p_", 16)
}

fn is_keyed(text: &str, prefix: &str, digits: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == digits && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// What cannot stand inside an id that a URL or JSON text holds.
fn separates(c: char) -> bool {
    matches!(c, '/' | '?' | '&' | '=' | ';' | ',' | '"' | '\'' | '{' | '}' | '[' | ']' | '(' | ')' | '\\')
        || c.is_whitespace()
        || c.is_control()
}

/// Ids this long are replaced inside of longer words too; a short one would be found by chance.
const LOOSE_MIN: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_replaced_wherever_they_stand_and_nothing_else() {
        let pseudonym = |id: &str| format!("p_{}", id.len());
        let mut veil = Veil::new(pseudonym);
        for id in ["12", "kim@x.kr", "a b"] {
            veil.add(id, true);
        }
        veil.add("member", false);
        assert_eq!(veil.over("/members/12/orders/2012"), "/members/p_2/orders/2012");
        assert_eq!(veil.over("m=12&to=kim%40x.kr"), "m=p_2&to=p_8");
        assert_eq!(veil.over("{\"id\":\"12\",\"n\":112}"), "{\"id\":\"p_2\",\"n\":112}");
        assert_eq!(veil.over("for a b, mailto:kim@x.kr"), "for p_3, mailto:p_8");
        assert_eq!(veil.over("<lee.s@y.kr> git@ @scope/12 member"), "<p_10> git@ @scope/p_2 p_6");
    }

    #[test]
    fn a_query_keeps_the_names_of_its_values_alone() {
        let shown = |value: &str| format!("p_{}", value.len());
        let fingerprint = format!("fp_{}", "0".repeat(24));
        for (query, expected) in [
            ("id=12&q=kim%40x.kr;e=&t=", "id=p_2&q=p_8;e=&t=".to_owned()),
            ("secret", "p_6".to_owned()),
            ("kim@x.kr=1", "p_10".to_owned()),
            (&format!("t={fingerprint}"), format!("t={fingerprint}")),
            ("", String::new()),
        ] {
            assert_eq!(values(query, &shown), expected);
        }
    }
}
