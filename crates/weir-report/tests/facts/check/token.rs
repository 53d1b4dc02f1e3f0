//! The numbers, days and instants that stand in a text.
//!
//! Decisive choice: a digit inside of a word (`1f6c`, `T1606`) is part of a name and no number. A day and a time of day are one instant, so that
//! neither can be right by itself.

use std::ops::Range;

/// A number, day or instant of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub what: What,
    /// Where it stands, in bytes.
    pub at: Range<usize>,
}

/// What a token says, as `case.json` would write it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Without separators of thousands; a minus sign belongs to it.
    Number(String),
    /// `2025-04-14`.
    Day(String),
    /// `2025-04-14T03:12:55`.
    Instant(String),
    /// `03:12:55`, of a day that stands elsewhere.
    Clock(String),
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// All of a text, in order.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + next;
        let before = text[..start].chars().next_back().unwrap_or(' ');
        let rest = &text[start..];
        // `k-2023-02` and `T1098.001` are names.
        let joined =
            ['-', '.'].contains(&before) && text[..start - 1].ends_with(|c: char| c.is_ascii_alphanumeric());
        // `<U+2028>` shows a character that nobody would see.
        if before.is_ascii_alphanumeric() || before == '_' || joined || text[..start].ends_with("U+") {
            at = start + word(rest);
            continue;
        }
        if let Some(end) = dated(text, start, &mut found) {
            at = end;
            continue;
        }
        if let Some(clock) = clock(rest) {
            found.push(Token { what: What::Clock(clock.to_owned()), at: start..start + 8 });
            at = start + 8;
            continue;
        }
        let len = number(rest);
        let after = rest[len..].chars().next().unwrap_or(' ');
        if after.is_ascii_alphabetic() || after == '_' {
            at = start + word(rest).max(1);
            continue;
        }
        let negative =
            before == '-' && !text[..start - 1].ends_with(|c: char| !c.is_whitespace() && c != '(');
        let sign = if negative { "-" } else { "" };
        let what = What::Number(format!("{sign}{}", rest[..len].replace(',', "")));
        found.push(Token { what, at: start..start + len });
        at = start + len;
    }
    found
}

/// The length of the word that a text begins with.
fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// The length of the number that a text begins with: `1,234.5`, `203.0.113.7`, `1.00e-9`.
fn number(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut len = digits(0);
    while text[len..].starts_with(',') && digits(len + 1) == 3 {
        len += 4;
    }
    while text[len..].starts_with('.') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    if let Some(exponent) = text[len..].strip_prefix('e') {
        let sign = usize::from(exponent.starts_with('-'));
        let power = digits(len + 1 + sign);
        if power > 0 {
            len += 1 + sign + power;
        }
    }
    len
}

/// A day, and the time or times of it that follow; where they end.
fn dated(text: &str, start: usize, found: &mut Vec<Token>) -> Option<usize> {
    let (day, len) = iso_day(&text[start..]).or_else(|| written_day(&text[start..]))?;
    let mut end = start + len;
    let follows =
        |end: usize, between: &str| Some((end + between.len(), clock(text[end..].strip_prefix(between)?)?));
    match follows(end, ", ").or_else(|| follows(end, "T")) {
        None => found.push(Token { what: What::Day(day), at: start..end }),
        Some((at, time)) => {
            found.push(Token { what: What::Instant(format!("{day}T{time}")), at: start..at + 8 });
            end = at + 8;
            if let Some((at, time)) = follows(end, " to ") {
                found.push(Token { what: What::Instant(format!("{day}T{time}")), at: at..at + 8 });
                end = at + 8;
            }
            // What is less than a second is never shown.
            end += if text[end..].starts_with('.') { number(&text[end + 1..]) + 1 } else { 0 };
            end += usize::from(text[end..].starts_with('Z'));
        }
    }
    Some(end)
}

/// `2025-04-14`, and its length.
fn iso_day(text: &str) -> Option<(String, usize)> {
    let day = text.get(..10)?;
    let shape = |(i, b): (usize, u8)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() };
    let whole = !text[10..].starts_with(|c: char| c.is_ascii_digit() || c == '-');
    (day.bytes().enumerate().all(shape) && whole).then(|| (day.to_owned(), 10))
}

/// `14 Apr 2025` as `2025-04-14`, and its length.
fn written_day(text: &str) -> Option<(String, usize)> {
    let (day, rest) = text.split_once(' ')?;
    let number: u32 = day.parse().ok()?;
    let month = MONTHS.iter().position(|m| rest.starts_with(*m))? + 1;
    let year = rest.get(3..8)?.strip_prefix(' ')?;
    let all_digits = year.bytes().all(|b| b.is_ascii_digit());
    (all_digits && day.len() <= 2).then(|| (format!("{year}-{month:02}-{number:02}"), day.len() + 9))
}

/// The `03:12:55` that a text begins with.
fn clock(text: &str) -> Option<&str> {
    let time = text.get(..8)?;
    let shape = |(i, b): (usize, u8)| if i == 2 || i == 5 { b == b':' } else { b.is_ascii_digit() };
    time.bytes().enumerate().all(shape).then_some(time)
}
