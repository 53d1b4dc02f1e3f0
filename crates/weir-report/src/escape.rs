//! Makes foreign strings inert: one function per output language, and nothing reaches a format except through its own.
//!
//! A log is written by strangers, so every name in a case may be an attack on whoever reads the report. Decisive choice: what
//! cannot be seen is shown (`␛`, `<U+202E>`), not dropped, because a hidden character in a name is itself evidence; and what is
//! too long is cut with its true length (`…(1048576 bytes)`). Refuses to guess that a string is harmless.

use maud::{Markup, html};
use std::borrow::Cow;

/// Longest foreign string shown by a format for people, in bytes.
pub const SHOWN_BYTES_MAX: usize = 400;
/// Longest sentence shown, in bytes.
pub const SENTENCE_BYTES_MAX: usize = 2_000;
/// Longest query shown, in bytes.
pub const QUERY_BYTES_MAX: usize = 4_000;
/// Longest cell of a CSV file, in bytes: below the 32,767 characters that spreadsheets hold.
pub const CELL_BYTES_MAX: usize = 8_000;

/// Whether a character would not be seen, would move others, or would act: controls, bidi marks, invisible and tag characters, and what Unicode says is
/// none, which XML refuses.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Hidden characters made visible: controls as their pictures (`␛`), others by number (`<U+202E>`).
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match u32::from(c) {
            code @ 0..=0x1f => out.extend(char::from_u32(0x2400 + code)),
            0x7f => out.push('\u{2421}'),
            code if is_hidden(c) => out.push_str(&format!("<U+{code:04X}>")),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// At most `bytes_max` bytes of a string, cut between characters, with its true length where something was cut.
pub fn cut(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let end = (0..=bytes_max).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
    let head = text.get(..end).unwrap_or_default();
    Cow::Owned(format!("{head}…({} bytes)", text.len()))
}

/// A foreign string for plain text: cut, then made visible.
pub fn shown(text: &str) -> String {
    visible(&cut(text, SHOWN_BYTES_MAX)).into_owned()
}

/// A query for plain text: its line breaks kept, each line made visible.
pub fn query(text: &str) -> String {
    cut(text, QUERY_BYTES_MAX).lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// For HTML and SVG, in text and in double-quoted attributes.
pub fn html(text: &str) -> Markup {
    html! { (shown(text)) }
}

/// A sentence of the report for plain text: longer than a name may be, made visible all the same.
pub fn sentence(text: &str) -> String {
    visible(&cut(text, SENTENCE_BYTES_MAX)).into_owned()
}

/// For a query in HTML: its line breaks kept.
pub fn html_query(text: &str) -> Markup {
    html! { (query(text)) }
}

/// For a terminal: no escape sequence, no line break, at most `chars_max` characters.
pub fn terminal(text: &str, chars_max: usize) -> String {
    let whole = shown(text);
    if whole.chars().count() <= chars_max {
        return whole;
    }
    whole.chars().take(chars_max.saturating_sub(1)).chain(['…']).collect()
}

/// For running Markdown (GitHub's dialect), inside tables too: no markup, no raw HTML, no link, not even a bare one.
pub fn markdown(text: &str) -> String {
    let text = sentence(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        match c {
            '&' if begins_entity(rest.clone()) => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            ':' if next == '/' => out.push_str("&#58;"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("&#46;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            '_' if !(before.is_alphanumeric() && next.is_alphanumeric()) => out.extend(['\\', c]),
            '#' | '+' | '-' | '=' if out.trim().is_empty() => out.extend(['\\', c]),
            '.' | ')' if starts_list(&out) => out.extend(['\\', c]),
            _ => out.push(c),
        }
        before = c;
    }
    out
}

/// Whether what follows an ampersand makes an entity of it: `lt;`, `#60;`. Any other is itself, and `ATT&CK` reads as it is written.
fn begins_entity(after: impl Iterator<Item = char>) -> bool {
    let mut name = after.skip_while(|c| c.is_ascii_alphanumeric() || *c == '#');
    name.next() == Some(';')
}

/// Whether what stands so far is only digits, so that a `.` or `)` after it would begin a numbered list.
fn starts_list(so_far: &str) -> bool {
    let so_far = so_far.trim_start();
    !so_far.is_empty() && so_far.len() < 10 && so_far.bytes().all(|b| b.is_ascii_digit())
}

/// For a Markdown code span inside a table cell or a sentence: fenced by more backticks than it holds.
///
/// A pipe is escaped as table cells want it: GitHub takes the backslash away before it reads the span.
pub fn markdown_code(text: &str) -> String {
    let text = shown(text).replace('|', "\\|");
    let fence = "`".repeat(longest_backtick_run(&text) + 1);
    let pad =
        if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// For a fenced Markdown block: a query, line by line.
pub fn markdown_block(text: &str) -> String {
    let text = query(text);
    let fence = "`".repeat(longest_backtick_run(&text).max(2) + 1);
    format!("{fence}sql\n{text}\n{fence}")
}

fn longest_backtick_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// For a CSV cell: OWASP's rule against formula injection. A cell that begins with `=`, `+`, `-`, `@`, tab or carriage return,
/// or with the full-width form of one, gets a leading apostrophe; quoting itself (RFC 4180) is the writer's.
///
/// No two texts give the same cell. A hidden character is `<U+202E>`, and so is the `<` of a text that says `<U+` or `<CUT` itself (`<U+003C>`); a text that
/// begins with an apostrophe gets another. A text of more than [`CELL_BYTES_MAX`] bytes ends in `<CUT 9000 bytes, BLAKE3 ...>`, with the digest of the whole.
/// So one apostrophe taken off the front, then each `<U+...>` replaced by its character, give the text back.
pub fn csv_cell(text: &str) -> String {
    let (shown, digest) = if text.len() <= CELL_BYTES_MAX {
        (text, None)
    } else {
        let end = (0..=CELL_BYTES_MAX).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0);
        (text.get(..end).unwrap_or_default(), Some(blake3::hash(text.as_bytes()).to_hex()))
    };
    let mut cell = String::with_capacity(shown.len() + 16);
    let formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if text.trim_start_matches(' ').starts_with(formula) || text.starts_with('\'') {
        cell.push('\'');
    }
    for (at, c) in shown.char_indices() {
        let says = |word: &str| shown.get(at..).is_some_and(|rest| rest.starts_with(word));
        if is_hidden(c) || (c == '<' && (says("<U+") || says("<CUT"))) {
            cell.push_str(&format!("<U+{:04X}>", u32::from(c)));
        } else {
            cell.push(c);
        }
    }
    if let Some(digest) = digest {
        cell.push_str(&format!("<CUT {} bytes, BLAKE3 {digest}>", text.len()));
    }
    cell
}

/// The text that a cell stands for, unless it was cut: what [`csv_cell`] did, undone.
pub fn csv_text(cell: &str) -> String {
    let mut parts = cell.strip_prefix('\'').unwrap_or(cell).split("<U+");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let shown = part
            .split_once('>')
            .and_then(|(code, rest)| Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, rest)));
        match shown {
            Some((c, rest)) => {
                text.push(c);
                text.push_str(rest);
            }
            None => {
                text.push_str("<U+");
                text.push_str(part);
            }
        }
    }
    text
}

/// For JSON text that a serialiser wrote: hidden characters as `\u` escapes, so the value is whole and a terminal stays calm.
///
/// Sound because such characters can stand nowhere in JSON but inside strings.
pub fn json(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| c >= '\x7f' && is_hidden(c);
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|u| format!("\\u{u:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A file name from a foreign path: letters, digits, dot, dash and underscore, and a stable id so that no two paths share one.
pub fn file_name(path: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let tail: Vec<char> = path.chars().rev().take(80).map(plain).collect();
    let name: String = tail.into_iter().rev().collect();
    format!("{}-{}", name.trim_start_matches(['.', '-']), weir_model::finding::stable_id(&[path]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown() {
        assert_eq!(
            visible("a\x1b[31mb\u{202e}c\0\x7f\u{9b}\u{fffe}\u{1ffff}"),
            "a␛[31mb<U+202E>c␀␡<U+009B><U+FFFE><U+1FFFF>"
        );
        assert_eq!(visible("김민준 Zoë"), "김민준 Zoë");
    }

    #[test]
    fn long_strings_state_their_length() {
        let long = "é".repeat(1 << 19);
        let shown = shown(&long);
        assert!(shown.ends_with("…(1048576 bytes)"), "{}", &shown[shown.len() - 30..]);
        assert!(shown.len() < SHOWN_BYTES_MAX + 30);
    }

    #[test]
    fn markdown_is_inert() {
        let cases = [
            ("a|b", "a\\|b"),
            ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("https://evil.example", "https&#58;//evil.example"),
            ("www.evil.example", "www&#46;evil.example"),
            ("ATT&CK; R&D & x", "ATT&amp;CK; R&D & x"),
            ("&#60;b&#x3e; &lt;", "&amp;#60;b&amp;#x3e; &amp;lt;"),
            ("a@b.example", "a&#64;b.example"),
            ("# head", "\\# head"),
            ("12. item", "12\\. item"),
            ("nginx_access __b__", "nginx_access \\_\\_b\\_\\_"),
        ];
        for (from, to) in cases {
            assert_eq!(markdown(from), to);
        }
        assert_eq!(markdown_code("a`b``c|d"), "```a`b``c\\|d```");
    }

    #[test]
    fn formulas_are_inert() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"] {
            assert!(csv_cell(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(csv_cell("member:8812"), "member:8812");
    }

    #[test]
    fn no_two_texts_give_the_same_cell() {
        let long = |end: &str| format!("{}{end}", "x".repeat(CELL_BYTES_MAX + 10));
        let texts = [
            "a\u{202e}".to_owned(),
            "a<U+202E>".to_owned(),
            "a<U+003C>U+202E>".to_owned(),
            "a\u{1b}".to_owned(),
            "a\u{241b}".to_owned(),
            "a<U+001B>".to_owned(),
            "=1".to_owned(),
            "'=1".to_owned(),
            "''=1".to_owned(),
            " =1".to_owned(),
            "' =1".to_owned(),
            "a\n".to_owned(),
            "a\r".to_owned(),
            "a\\n".to_owned(),
            long("a"),
            long("b"),
            csv_cell(&long("a")),
            cut(&long("a"), CELL_BYTES_MAX).into_owned(),
        ];
        let cells: std::collections::BTreeSet<String> = texts.iter().map(|text| csv_cell(text)).collect();
        assert_eq!(cells.len(), texts.len(), "{cells:?}");
        // And the text comes back.
        for text in texts.iter().filter(|text| text.len() < 100) {
            let cell = csv_cell(text);
            assert!(!cell.contains(is_hidden), "{cell}");
            assert_eq!(&csv_text(&cell), text);
        }
    }

    #[test]
    fn json_stays_whole() {
        let value = serde_json::json!({ "a": "x\u{202e}\u{9b}\u{e0041}\x1b" });
        let text = json(&value.to_string()).into_owned();
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn file_names_stay_in_the_folder() {
        for path in ["../../etc/passwd", "/", "", "a\0b", &"x".repeat(1 << 20)] {
            let name = file_name(path);
            assert!(!name.contains(['/', '\0']) && !name.starts_with('.') && name.len() < 120, "{name}");
        }
        assert_ne!(file_name("a/b"), file_name("a_b"));
    }
}
