//! A statement's shape: lower case, comments and spacing gone, `?` for each value and for each list of values.
//!
//! Decisive choice: a lexer, not a parser. What a server ran need not parse by another's grammar, and two statements have the same
//! shape exactly if they differ in nothing but values, spacing and case.

/// Longest shape kept, in bytes.
const SHAPE_MAX: usize = 2_000;

/// What is known of a statement without its values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    /// The first table it names, for a record in which the log itself names none.
    pub(super) table: Option<String>,
    /// The role it changes.
    pub(super) role: Option<String>,
}

pub(super) fn of(statement: &str) -> Statement {
    let mut shape = Shape::default();
    let mut rest = statement;
    while let Some(first) = rest.chars().next() {
        let (token, len) = token(rest, first);
        rest = rest.get(len..).unwrap_or_default();
        match token {
            Token::Nothing => shape.gap = true,
            Token::Value => shape.value(),
            Token::Word(text) => shape.word(text),
            Token::Mark(mark) => shape.mark(mark),
        }
    }
    shape.finish()
}

enum Token<'a> {
    /// Spaces and comments.
    Nothing,
    Value,
    Word(&'a str),
    Mark(char),
}

/// The token that the text begins with, and its length.
fn token(text: &str, first: char) -> (Token<'_>, usize) {
    let bytes = text.as_bytes();
    let until = |end: Option<usize>| end.unwrap_or(text.len());
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let second = bytes.get(1).copied();
    match first {
        c if c.is_whitespace() => (Token::Nothing, until(text.find(|c: char| !c.is_whitespace()))),
        '-' if second == Some(b'-') => (Token::Nothing, until(text.find('\n'))),
        '/' if second == Some(b'*') => (Token::Nothing, until(text.find("*/").map(|at| at + 2))),
        '\'' => (Token::Value, quoted(bytes, 0, b'\'', false)),
        '"' => {
            let end = quoted(bytes, 0, b'"', false);
            (Token::Word(text.get(..end).unwrap_or(text)), end)
        }
        'e' | 'E' if second == Some(b'\'') => (Token::Value, quoted(bytes, 1, b'\'', true)),
        'b' | 'B' | 'x' | 'X' | 'n' | 'N' if second == Some(b'\'') => {
            (Token::Value, quoted(bytes, 1, b'\'', false))
        }
        '$' if second.is_some_and(|b| b.is_ascii_digit()) => {
            let end = text.get(1..).and_then(|t| t.find(|c: char| !c.is_ascii_digit())).map(|at| at + 1);
            (Token::Value, until(end))
        }
        '$' => match dollar(text) {
            Some(end) => (Token::Value, end),
            None => (Token::Mark('$'), 1),
        },
        c if c.is_ascii_digit() || (c == '.' && second.is_some_and(|b| b.is_ascii_digit())) => {
            (Token::Value, until(text.find(|c: char| !(name(c) || c == '.'))))
        }
        '<' if text.starts_with("<REDACTED>") => (Token::Value, "<REDACTED>".len()),
        c if c.is_alphabetic() || c == '_' => {
            let end = until(text.find(|c: char| !name(c)));
            (Token::Word(text.get(..end).unwrap_or(text)), end)
        }
        c => (Token::Mark(c), c.len_utf8()),
    }
}

/// Where a quoted text ends that opens at `open`.
fn quoted(bytes: &[u8], open: usize, quote: u8, escapes: bool) -> usize {
    let mut at = open + 1;
    while let Some(byte) = bytes.get(at) {
        if escapes && *byte == b'\\' {
            at += 2;
        } else if *byte != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    bytes.len()
}

/// Where a text in dollar quotes ends: `$tag$ ... $tag$`.
fn dollar(text: &str) -> Option<usize> {
    let inner = text.get(1..)?;
    let close = inner.find('$')?;
    let tag = text.get(..close + 2)?;
    let named = |c: char| c.is_alphanumeric() || c == '_';
    if !inner.get(..close)?.chars().all(named) {
        return None;
    }
    let body = text.get(tag.len()..)?;
    Some(body.find(tag).map_or(text.len(), |at| at + 2 * tag.len()))
}

/// The shape in the making.
#[derive(Default)]
struct Shape {
    out: String,
    gap: bool,
    /// Words so far that decide what the next name is.
    before: [String; 2],
    /// The table's name in the making: whether a dot was last.
    table: Option<String>,
    dotted: bool,
    role: Option<String>,
}

const BEFORE_TABLE: [&str; 6] = ["from", "join", "into", "update", "copy", "table"];

impl Shape {
    fn put(&mut self, text: &str) {
        let tight = |c: char| matches!(c, '(' | '.' | '[');
        let open = self.out.chars().next_back().is_none_or(tight);
        let close = text.starts_with([',', ')', '.', ';', ']']);
        if !open && !close && (self.gap || text.starts_with(char::is_alphanumeric) && self.after_word()) {
            self.out.push(' ');
        }
        self.gap = false;
        self.out.push_str(text);
    }

    fn after_word(&self) -> bool {
        self.out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '?'))
    }

    fn word(&mut self, text: &str) {
        let word = if text.starts_with('"') { text.to_owned() } else { text.to_lowercase() };
        let plain = word.trim_matches('"').to_owned();
        let [second, first] = &self.before;
        if self.dotted {
            if let Some(table) = &mut self.table {
                table.push('.');
                table.push_str(&plain);
            }
        } else if self.table.is_none()
            && BEFORE_TABLE.contains(&first.as_str())
            && !is_filler(&word)
            && !self.out.ends_with('(')
        {
            self.table = Some(plain.clone());
        }
        if self.role.is_none() && matches!(first.as_str(), "role" | "user" | "group") && second != "for" {
            self.role = Some(plain);
        }
        self.dotted = false;
        if !is_filler(&word) {
            self.before.rotate_left(1);
            word.clone_into(&mut self.before[1]);
        }
        self.put(&word);
    }

    fn value(&mut self) {
        self.dotted = false;
        // A list of values is one.
        if self.out.ends_with("?,") {
            self.out.pop();
            self.gap = false;
            return;
        }
        let sign = self.out.ends_with(['-', '+'])
            && self.out.trim_end_matches(['-', '+']).trim_end().ends_with(['(', ',', '=', '<', '>']);
        if sign {
            self.out.pop();
        }
        self.before = Default::default();
        self.put("?");
    }

    fn mark(&mut self, mark: char) {
        self.dotted = mark == '.' && self.table.is_some() && self.last_is_table();
        if mark != '.' && mark != '(' {
            self.before.rotate_left(1);
            self.before[1] = mark.to_string();
        }
        // Rows of values are one row.
        if mark == ')'
            && let Some(row) = ["(?), (?", "(?),(?"].iter().find(|row| self.out.ends_with(**row))
        {
            let len = self.out.len() - row.len() + "(?)".len();
            self.out.truncate(len);
            return;
        }
        self.put(mark.encode_utf8(&mut [0; 4]));
    }

    fn last_is_table(&self) -> bool {
        let last = self.table.as_deref().and_then(|table| table.rsplit('.').next());
        last.is_some_and(|last| self.out.trim_end_matches('"').ends_with(last))
    }

    fn finish(self) -> Statement {
        let mut text = self.out;
        let trimmed = text.trim_end_matches([';', ' ']).len();
        text.truncate(trimmed);
        if text.len() > SHAPE_MAX {
            let mut end = SHAPE_MAX;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push('…');
        }
        Statement { text, table: self.table, role: self.role }
    }
}

/// Words that stand between a keyword and the name it announces.
fn is_filler(word: &str) -> bool {
    matches!(word, "only" | "if" | "not" | "exists" | "lateral")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn statements_that_differ_in_values_have_one_shape() {
        let same = [
            "SELECT name FROM public.member WHERE member_id = 7 AND phone = '+82 10';",
            "select name\n  from public.member -- who\n where member_id=$1 and phone = E'it\\'s'",
            "select name from public.member where member_id = -12.5e3 and phone = $q$x$q$",
        ];
        for text in same {
            let shape = of(text);
            let plain = shape.text.replace(' ', "");
            assert_eq!(plain, "selectnamefrompublic.memberwheremember_id=?andphone=?", "{text}");
            assert_eq!(shape.table.as_deref(), Some("public.member"));
        }
    }

    #[test]
    fn lists_and_rows_of_values_are_one() {
        let text = |s: &str| of(s).text;
        assert_eq!(text("select * from t where id in (1, 2,3)"), "select * from t where id in (?)");
        assert_eq!(text("insert into t values (1,'a'), (2,'b'),(3,'c')"), "insert into t values (?)");
        assert_ne!(text("select a from t"), text("select b from t"));
    }

    #[test]
    fn tables_and_roles_are_named() {
        let table = |s: &str| of(s).table;
        assert_eq!(table("COPY member TO STDOUT").as_deref(), Some("member"));
        assert_eq!(table("copy (select * from crm.\"Member\") to '/tmp/x'").as_deref(), Some("crm.Member"));
        assert_eq!(table("select 1"), None);
        assert_eq!(of("alter role desk password 'x'").role.as_deref(), Some("desk"));
        assert_eq!(of("alter role desk password 'x'").text, "alter role desk password ?");
    }

    #[test]
    fn any_text_has_a_shape() {
        for text in ["", "'", "$", "$$", "$a", "\"", "/*", "--", "e'\\", "é'ü", "1", ".", "((((", "…'"] {
            let _ = of(text);
        }
        assert!(of(&"x ,".repeat(5_000)).text.len() < 2_010);
    }
}
