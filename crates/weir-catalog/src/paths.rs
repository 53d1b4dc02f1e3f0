//! The paths of a batch, each split once, as nodes of one tree; and the route of a path that nobody configured: segment by segment, values
//! replaced by what they are.
//!
//! Decisive choice: what a path says, apart from the values in it, is asked once of its node and not once of each record. One tree serves the
//! learner and derivation, so that what was learned of a place in a path is found again at the same text.

use crate::segment::{Form, WORD_BYTES_MAX, decode, form};
use arrow_array::{Array, StringArray};
use hashbrown::HashTable;
use std::ops::Range;
use weir_stats::hash64_in;

/// Segments kept of a route; deeper ones become `*`.
const DEPTH_MAX: usize = 12;
/// Segments kept of a path: one more than configured routes are matched to.
const SEGMENTS_MAX: usize = crate::router::SEGMENTS_MAX + 1;

/// How a route writes a word that is a value.
pub(crate) const SLUG: &str = "{slug}";

/// The node of all paths.
pub(crate) const ROOT: usize = 0;

/// The paths of a batch.
#[derive(Debug, Default)]
pub(crate) struct Paths<'a> {
    tree: Tree<'a>,
    /// By row: its node, none without a path.
    at: Vec<Option<u32>>,
    /// By row: where its segments end among all.
    ends: Vec<usize>,
    segments: Vec<&'a str>,
}

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The path without segments.
    Root,
    /// A word, as written.
    Word,
    /// Any value of a form.
    Value(Form),
    /// All that lies too deep.
    Rest,
    /// A static file, whatever its folders below the first: the pages of a site are few folders of many files, which show nobody.
    Static,
}

/// A place in paths.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// The node before it; its own number for the root.
    pub(crate) parent: usize,
    /// How many segments lie before its own.
    pub(crate) depth: usize,
    pub(crate) kind: Kind,
    /// The word as written; empty for others.
    pub(crate) raw: &'a str,
    /// Its route among the tree's texts.
    text: Range<usize>,
    /// The word last asked for among those after it: most paths of a log lie together.
    recent: usize,
    /// What else stands after it, by [`Kind::place`]; the root for nothing.
    others: [u32; OTHERS],
}

/// How many kinds there are beside root and words.
const OTHERS: usize = 7;

impl Kind {
    /// The place of a kind that stands but once after a node.
    fn place(self) -> Option<usize> {
        match self {
            Self::Root | Self::Word => None,
            Self::Rest => Some(0),
            Self::Static => Some(1),
            Self::Value(form) => Some(1 + form as usize),
        }
    }
}

#[derive(Debug, Default)]
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    /// Those of words.
    words: HashTable<u32>,
    texts: String,
}

impl<'a> Paths<'a> {
    /// Splits a column of paths.
    pub(crate) fn of(column: Option<&'a StringArray>, rows: usize) -> Self {
        let mut paths = Self { tree: Tree::new(), ..Self::default() };
        let Some(column) = column.filter(|c| c.null_count() < c.len()) else { return paths };
        paths.at.reserve(rows);
        paths.ends.reserve(rows);
        paths.segments.reserve(rows * 3);
        let mut forms = Vec::new();
        for row in 0..rows.min(column.len()) {
            let node = column.is_valid(row).then(|| paths.take(column.value(row), &mut forms));
            paths.at.push(node.and_then(|node| u32::try_from(node).ok()));
            paths.ends.push(paths.segments.len());
        }
        paths
    }

    /// The node of a path, whose segments are kept.
    fn take(&mut self, path: &'a str, forms: &mut Vec<Form>) -> usize {
        forms.clear();
        let from = self.segments.len();
        // How many segments lie deeper than is kept.
        let (mut last, mut deeper) = (None, 0_usize);
        split(path, |step| match step {
            Step::Into(raw, form) => {
                last = Some(form);
                if forms.len() < SEGMENTS_MAX {
                    self.segments.push(raw);
                    forms.push(form);
                } else {
                    deeper += 1;
                }
            }
            Step::Back => {
                last = None;
                if deeper > 0 {
                    deeper -= 1;
                } else if forms.pop().is_some() {
                    self.segments.pop();
                }
            }
        });
        let segments = self.segments.get(from..).unwrap_or(&[]);
        let tree = &mut self.tree;
        if last == Some(Form::File) {
            let folder = segments.first().zip(forms.first());
            let folder = folder.filter(|(_, form)| segments.len() > 1 && **form == Form::Word);
            let above = folder.map_or(ROOT, |(raw, _)| tree.word(ROOT, raw));
            return tree.other(above, Kind::Static);
        }
        let mut at = ROOT;
        for (depth, (raw, form)) in segments.iter().zip(forms.iter()).enumerate() {
            at = match form {
                _ if depth == DEPTH_MAX => return tree.other(at, Kind::Rest),
                Form::Word => tree.word(at, raw),
                form => tree.other(at, Kind::Value(*form)),
            };
        }
        at
    }

    /// The node of a row's path; none without a path.
    pub(crate) fn at(&self, row: usize) -> Option<usize> {
        self.at.get(row).copied().flatten().map(|node| node as usize)
    }

    /// The segments of a row's path as written, without those too deep to match.
    pub(crate) fn segments(&self, row: usize) -> &[&'a str] {
        let end = |row: usize| self.ends.get(row).copied().unwrap_or(0);
        let from = row.checked_sub(1).map_or(0, end);
        self.segments.get(from..end(row)).unwrap_or(&[])
    }

    /// How many nodes there are.
    pub(crate) fn nodes(&self) -> usize {
        self.tree.nodes.len()
    }

    pub(crate) fn node(&self, node: usize) -> Option<&Node<'a>> {
        self.tree.nodes.get(node)
    }

    /// The route of paths that end at a node.
    pub(crate) fn route(&self, node: usize) -> &str {
        if node == ROOT { "/" } else { self.prefix(node) }
    }

    /// The route before what lies below a node.
    pub(crate) fn prefix(&self, node: usize) -> &str {
        let text = self.node(node).map_or(0..0, |n| n.text.clone());
        self.tree.texts.get(text).unwrap_or("")
    }

    /// What a node's route has after that of the node before it.
    pub(crate) fn last(&self, node: usize) -> &str {
        let before = self.node(node).map_or(0, |n| self.prefix(n.parent).len());
        self.prefix(node).get(before..).unwrap_or("")
    }
}

impl<'a> Tree<'a> {
    fn new() -> Self {
        let mut tree = Self::default();
        tree.nodes.push(Node {
            parent: ROOT,
            depth: 0,
            kind: Kind::Root,
            raw: "",
            text: 0..0,
            recent: ROOT,
            others: [ROOT as u32; OTHERS],
        });
        tree
    }

    /// The node of a word after another.
    fn word(&mut self, parent: usize, raw: &'a str) -> usize {
        let recent = self.nodes.get(parent).map_or(ROOT, |p| p.recent);
        if recent != ROOT && self.nodes.get(recent).is_some_and(|n| n.raw == raw) {
            return recent;
        }
        let hash = hash(parent, raw);
        let same =
            |child: &u32| self.nodes.get(*child as usize).is_some_and(|n| n.parent == parent && n.raw == raw);
        let known = self.words.find(hash, same).map(|child| *child as usize);
        let child = known.unwrap_or_else(|| {
            let child = self.add(parent, Kind::Word, raw);
            let nodes = &self.nodes;
            let hash_of = |child: &u32| nodes.get(*child as usize).map_or(0, |n| self::hash(n.parent, n.raw));
            // A batch has fewer rows than that, and each no more segments than are kept.
            self.words.insert_unique(hash, child as u32, hash_of);
            child
        });
        if let Some(parent) = self.nodes.get_mut(parent) {
            parent.recent = child;
        }
        child
    }

    /// The node of anything else after another.
    fn other(&mut self, parent: usize, kind: Kind) -> usize {
        let Some(place) = kind.place() else { return ROOT };
        let known = self.nodes.get(parent).and_then(|p| p.others.get(place)).map_or(ROOT, |n| *n as usize);
        if known != ROOT {
            return known;
        }
        let child = self.add(parent, kind, "");
        if let Some(slot) = self.nodes.get_mut(parent).and_then(|p| p.others.get_mut(place)) {
            *slot = child as u32;
        }
        child
    }

    fn add(&mut self, parent: usize, kind: Kind, raw: &'a str) -> usize {
        let Some(above) = self.nodes.get(parent) else { return ROOT };
        let (before, depth) = (above.text.clone(), if parent == ROOT { 0 } else { above.depth + 1 });
        let from = self.texts.len();
        self.texts.extend_from_within(before);
        self.texts.push('/');
        match kind {
            Kind::Root => {}
            Kind::Word => self.texts.push_str(&decode(raw)),
            Kind::Value(form) => self.texts.push_str(form.token().unwrap_or_default()),
            Kind::Rest => self.texts.push('*'),
            Kind::Static => self.texts.push_str("{file}"),
        }
        let child = self.nodes.len();
        let text = from..self.texts.len();
        let others = [ROOT as u32; OTHERS];
        self.nodes.push(Node { parent, depth, kind, raw, text, recent: ROOT, others });
        child
    }
}

fn hash(parent: usize, word: &str) -> u64 {
    hash64_in(parent as u64, word.as_bytes())
}

/// Of a byte of a path: what a segment that holds it cannot be.
const NO_NUMBER: u8 = 1;
const NO_PLAIN_WORD: u8 = 2;
/// Of the byte that begins matrix parameters.
const MATRIX: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut classes = [NO_NUMBER | NO_PLAIN_WORD; 256];
    let mut byte = 0;
    while byte < classes.len() {
        match byte as u8 {
            b'a'..=b'z' => classes[byte] = NO_NUMBER,
            b'0'..=b'9' => classes[byte] = NO_PLAIN_WORD,
            b';' => classes[byte] = MATRIX,
            _ => {}
        }
        byte += 1;
    }
    classes
};

/// A step along a path.
enum Step<'p> {
    /// Into a segment as written, with its form.
    Into(&'p str, Form),
    /// Out of the segment before.
    Back,
}

/// Tells each step of a path: without scheme and host (a proxy's request line), matrix parameters, and empty segments. `.` and `..` are steps as
/// servers take them, escaped or before parameters too, or whoever writes a path could hide what it leads to.
fn split<'p>(path: &'p str, mut tell: impl FnMut(Step<'p>)) {
    let local = local(path);
    let mut segment = |from: usize, to: usize, classes: u8| {
        let written = local.get(from..to).unwrap_or("");
        let raw = if classes & MATRIX == 0 { written } else { written.split(';').next().unwrap_or(written) };
        match classes {
            _ if raw.is_empty() => {}
            NO_PLAIN_WORD => tell(Step::Into(raw, Form::Id)),
            NO_NUMBER if raw.len() <= WORD_BYTES_MAX => tell(Step::Into(raw, Form::Word)),
            _ => match decode(raw).as_ref() {
                "." => {}
                ".." => tell(Step::Back),
                text => tell(Step::Into(raw, form(text))),
            },
        }
    };
    let (mut from, mut classes) = (0, 0);
    for (at, byte) in local.bytes().enumerate() {
        if byte == b'/' {
            if at > from {
                segment(from, at, classes);
            }
            (from, classes) = (at + 1, 0);
        } else {
            classes |= CLASSES[usize::from(byte)];
        }
    }
    segment(from, local.len(), classes);
}

/// A path without scheme and host.
fn local(path: &str) -> &str {
    match Some(path).filter(|p| !p.starts_with('/')).and_then(|p| p.split_once("://")) {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphabetic()) => {
            rest.find('/').and_then(|i| rest.get(i..)).unwrap_or("")
        }
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> String {
        let column = StringArray::from(vec![path]);
        let paths = Paths::of(Some(&column), 1);
        paths.route(paths.at(0).unwrap()).to_owned()
    }

    fn segments(path: &str) -> Vec<(String, Form)> {
        let mut all = Vec::new();
        split(path, |step| match step {
            Step::Into(raw, form) => all.push((raw.to_owned(), form)),
            Step::Back => all.push((String::new(), Form::Word)),
        });
        all
    }

    #[test]
    fn values_are_replaced_by_what_they_are() {
        assert_eq!(route("/members/8812/addresses"), "/members/{id}/addresses");
        assert_eq!(route("/members/8812/addresses/"), "/members/{id}/addresses");
        assert_eq!(route("/users/alice/posts/2024-05-31"), "/users/alice/posts/{date}");
        assert_eq!(route("/static/css/app.8c1f.css"), "/static/{file}");
        assert_eq!(route("/8812/app.css"), "/{file}");
        assert_eq!(route("/favicon.ico"), "/{file}");
        assert_eq!(route("/"), "/");
        assert_eq!(route(""), "/");
        assert_eq!(route("*"), "/*");
        assert_eq!(route("/ann%40example.org"), "/{e_mail}");
        assert_eq!(route("/caf%C3%A9"), "/caf\u{e9}");
        assert_eq!(route(&"/a".repeat(12)), "/a".repeat(12));
        assert_eq!(route(&"/a".repeat(50)), format!("{}/*", "/a".repeat(12)));
    }

    #[test]
    fn segments_stand_as_written() {
        let word = |raw: &str| (raw.to_owned(), Form::Word);
        assert_eq!(segments("http://shop.example/a//B;v=2/"), [word("a"), word("B")]);
        assert_eq!(segments("http://shop.example"), []);
        assert_eq!(segments("/;x/a;y;z/12;v=1"), [word("a"), ("12".to_owned(), Form::Id)]);
        assert_eq!(segments("/12/\u{e9}t\u{e9}"), [("12".to_owned(), Form::Id), word("\u{e9}t\u{e9}")]);
        assert_eq!(segments(&"a".repeat(81)), [("a".repeat(81), Form::Id)]);
        assert_eq!(segments("h2:///a"), [word("h2:"), word("a")]);
    }

    #[test]
    fn a_path_is_read_as_a_server_goes_it() {
        for path in [
            "/members/8812/orders",
            "/./members/8812/./orders/.",
            "/static/app.css/../../members/8812/orders",
            "/../../members/8812/orders",
            "/members/1/../8812/orders",
            "/members/8812/orders/9/%2e%2E/",
            "/x/..;v=1/members/8812/orders",
        ] {
            assert_eq!(route(path), "/members/{id}/orders", "{path}");
        }
        // Back out of what lies too deep to be kept.
        assert_eq!(route(&format!("/members{}{}/8812", "/a".repeat(40), "/..".repeat(40))), "/members/{id}");
        assert_eq!(route("/members/8812/../../.."), "/");
        // What only looks like it.
        assert_eq!(route("/.../..a/.well-known"), "/.../..a/.well-known");
        assert_eq!(segments("/a%2F..%2Fb"), [("a%2F..%2Fb".to_owned(), Form::Word)]);
    }

    #[test]
    fn paths_that_differ_in_values_alone_have_one_node() {
        let column = StringArray::from(vec![
            Some("/a/1/b"),
            None,
            Some("/c"),
            Some("/a/22/b"),
            Some("/a/x/b"),
            Some("/a/1/b/"),
            Some(""),
        ]);
        let paths = Paths::of(Some(&column), column.len());
        let at: Vec<_> = (0..column.len()).map(|row| paths.at(row)).collect();
        assert!(at[0].is_some() && at[0] == at[3] && at[0] == at[5] && at[0] != at[4]);
        assert_eq!((at[1], at[6]), (None, Some(ROOT)));
        assert_eq!(paths.segments(0), ["a", "1", "b"]);
        assert!(paths.segments(1).is_empty());
        assert_eq!(paths.segments(3), ["a", "22", "b"]);
        let depths: Vec<usize> = (1..4).map(|node| paths.node(node).unwrap().depth).collect();
        assert_eq!(depths, [0, 1, 2]);
    }
}
