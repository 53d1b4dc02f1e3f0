//! A page as its elements: well-formed HTML, as the report is.

/// An element.
#[derive(Default)]
pub struct Node {
    pub tag: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Child>,
}

/// What stands in an element.
pub enum Child {
    Element(Node),
    Text(String),
}

impl Node {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Whether it is of a class.
    pub fn has(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|all| all.split(' ').any(|c| c == class))
    }

    /// Itself and all inside of it, in order.
    pub fn all(&self) -> Vec<&Node> {
        let inside = self.elements().flat_map(Node::all);
        std::iter::once(self).chain(inside).collect()
    }

    /// The elements right inside of it.
    pub fn elements(&self) -> impl Iterator<Item = &Node> {
        self.children.iter().filter_map(|c| if let Child::Element(e) = c { Some(e) } else { None })
    }

    /// Its text.
    pub fn text(&self) -> String {
        let text = |c: &Child| match c {
            Child::Text(text) => text.clone(),
            Child::Element(e) => e.text(),
        };
        self.children.iter().map(text).collect()
    }
}

/// Reads a page.
pub fn parse(html: &str) -> Node {
    let mut open = vec![Node::default()];
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text(&rest[..at], &mut open);
        let end = end_of_tag(&rest[at..]) + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('/') {
            close(&mut open);
        } else if !tag.starts_with('!') {
            let node = opened(tag);
            let void = ["meta", "br", "link"].contains(&node.tag.as_str());
            let raw = node.tag == "style";
            open.push(node);
            if raw {
                rest = &rest[rest.find("</style>").unwrap()..];
            }
            if void {
                close(&mut open);
            }
        }
    }
    assert_eq!(open.len(), 1, "tags are balanced");
    open.pop().unwrap()
}

fn text(text: &str, open: &mut [Node]) {
    if !text.is_empty() {
        open.last_mut().unwrap().children.push(Child::Text(unescaped(text)));
    }
}

fn close(open: &mut Vec<Node>) {
    let node = open.pop().unwrap();
    open.last_mut().unwrap().children.push(Child::Element(node));
}

/// Where the `>` of a tag is that stands in no attribute.
fn end_of_tag(text: &str) -> usize {
    let mut quoted = false;
    let end = text.bytes().position(|b| {
        quoted ^= b == b'"';
        b == b'>' && !quoted
    });
    end.unwrap()
}

fn opened(tag: &str) -> Node {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut node = Node { tag: name.to_owned(), ..Node::default() };
    while let Some((name, value)) = rest.split_once("=\"") {
        let (value, after) = value.split_once('"').unwrap();
        let name = name.rsplit(' ').next().unwrap_or_default();
        node.attributes.push((name.to_owned(), unescaped(value)));
        rest = after;
    }
    node
}

/// Entities undone.
pub fn unescaped(text: &str) -> String {
    let named =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#64;", "@"), ("&#58;", ":"), ("&#46;", ".")];
    let out = named.iter().fold(text.to_owned(), |out, (entity, c)| out.replace(entity, c));
    out.replace("&amp;", "&")
}
