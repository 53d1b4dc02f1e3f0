//! Texts that are passed on: word by word.
//!
//! Decisive choice: a word is passed if Weir writes it itself, and not because it looks harmless. `words.txt` has the words of all texts in the crates that write into a
//! case; a test holds it to them. A word that somebody forgot there is masked. Where somebody is called by such a word (`nobody`, `data`), the phrases that Weir's
//! texts are made of tell which of them it is: what stands in their holes is a name, and so is what no phrase accounts for.

use super::{Hidden, LEFT_OUT, known};
use crate::language;
use std::cell::LazyCell;
use std::collections::HashSet;
use std::sync::LazyLock;
use weir_model::entity::{address_of, prefix_of};
use weir_model::time::MONTHS;
use weir_model::{Entity, EntityKind, Micros};

static OURS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("words.txt").lines().collect());

/// Digits up to which a number is a count, a size or a port, and nobody's id.
const DIGITS_MAX: usize = 5;
/// Digits from which a number in a name is an account's or a telephone's: a date has eight.
const ACCOUNT_MIN: usize = 9;
/// What stands behind a number without a space.
const UNITS: [&str; 19] = [
    "s", "h", "d", "m", "ms", "us", "min", "k", "g", "t", "kb", "mb", "gb", "tb", "th", "st", "nd", "rd", "e",
];
/// What ends a word in which there may be an address of e-mail.
const ENDS: [char; 10] = ['"', '\'', '`', '(', ')', '<', '>', ',', ';', '|'];

/// The length of a date as Weir writes it at the start of a text, with the time of day where that follows: `10 Mar 2026, 15:22:24`.
fn date(text: &str) -> Option<usize> {
    let digits = |text: &str| run(text, |c| c.is_ascii_digit());
    let day = digits(text);
    let month = text.get(day..)?.strip_prefix(' ')?;
    let year = month.get(3..)?.strip_prefix(' ').filter(|_| MONTHS.iter().any(|of| month.starts_with(of)))?;
    let len = day + " Mon ".len() + 4;
    if !(1..=2).contains(&day) || digits(year) != 4 {
        return None;
    }
    let clock = text.get(len..)?.strip_prefix(", ").unwrap_or_default();
    let clock = run(clock, |c| c.is_ascii_digit() || c == ':');
    Some(if clock == "15:22:24".len() { len + ", ".len() + clock } else { len })
}

/// Whether Weir writes a word itself.
pub(super) fn is_ours(word: &str) -> bool {
    OURS.contains(word.to_ascii_lowercase().as_str())
}

/// What comes of a text.
#[derive(Default)]
struct Out(String);

impl Out {
    /// Says that something was left out, once for what hangs together: a part of a name may be a word of ours.
    fn leave_out(&mut self) {
        let before = self.0.strip_suffix(JOINS).unwrap_or_default();
        if before.ends_with(char::is_alphanumeric) {
            let whole = before.trim_end_matches(|c: char| c.is_alphanumeric() || JOINS.contains(&c)).len();
            self.0.truncate(whole);
        }
        let before = self.0.strip_suffix([' ', ',']).or(self.0.strip_suffix(JOINS)).unwrap_or(&self.0);
        let kept = before.strip_suffix(LEFT_OUT).unwrap_or(&self.0).len();
        self.0.truncate(kept);
        self.0.push_str(LEFT_OUT);
    }

    /// Whether what comes belongs to what was left out.
    fn hangs(&self) -> bool {
        self.0.strip_suffix(JOINS).is_some_and(|before| before.ends_with(LEFT_OUT))
    }
}

/// What joins the parts of a name.
const JOINS: [char; 8] = ['-', '_', '.', ':', '/', '\\', '+', '@'];

/// The length of a run at the start of a text.
fn run(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|c| !of(c)).unwrap_or(text.len())
}

/// The length of a date or an instant at the start of a text.
fn instant(text: &str) -> Option<usize> {
    let all = text.get(..run(text, |c| c.is_ascii_digit() || "TZ:.-+".contains(c)))?;
    let own = all.trim_end_matches(['.', ':', '-', '+']);
    (own.len() >= 10 && own.contains('-') && Micros::parse(own).is_ok()).then_some(own.len())
}

impl Hidden<'_> {
    /// Words of ours about what was found, without what the logs say.
    pub(super) fn text(&self, text: &str) -> String {
        self.scanned(text, true)
    }

    /// A name that stays as it is but for whoever is named in it.
    pub(super) fn name(&self, name: &str) -> String {
        self.scanned(name, false)
    }

    /// A template of paths: what varies in it, and a part that is more than a word, is nobody's.
    pub(super) fn route(&self, route: &str) -> String {
        let (path, more) = route.split_once('?').map_or((route, ""), |(path, _)| (path, "?{masked}"));
        let part = |part: &str| {
            let varies = part.starts_with('{') && part.ends_with('}');
            let version = part.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok());
            let word = part.chars().all(|c| c.is_alphabetic() || "-_.*:".contains(c));
            match varies || version || word {
                true if part.is_empty() => String::new(),
                true => self.name(part),
                false => "{masked}".to_owned(),
            }
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/") + more
    }

    fn scanned(&self, text: &str, strict: bool) -> String {
        // Whoever is called by a word of ours is named only where a name stands.
        let own = LazyCell::new(|| language::own(text, &|rest| self.known.hidden_at(rest)));
        let is_own = |name: &str, at: usize| {
            strict
                && name
                    .split(|c: char| !c.is_alphanumeric())
                    .filter(|word| !word.is_empty())
                    .all(|word| is_ours(word) || word.bytes().all(|b| b.is_ascii_digit()))
                && own.iter().any(|words| words.start <= at && at + name.len() <= words.end)
        };
        let mut out = Out::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let mut taken = first.len_utf8();
            // A date is nobody's, but for whoever is called by just that.
            if let Some(len) = date(rest).filter(|len| strict && self.known.hidden_at(rest) != Some(*len)) {
                out.0.push_str(rest.get(..len).unwrap_or_default());
                rest = rest.get(len..).unwrap_or_default();
                continue;
            }
            let known = self.known.at(rest);
            let known = known
                .filter(|(len, _)| !is_own(rest.get(..*len).unwrap_or_default(), text.len() - rest.len()));
            if let Some((len, shown)) = known {
                out.0.push_str(shown);
                taken = len;
            } else if let Some((len, shown)) = self.address(rest) {
                out.0.push_str(&shown);
                taken = len;
            } else if !first.is_alphanumeric() {
                match first.is_ascii_graphic() || first == ' ' || "’“”–…·\n".contains(first) || !strict
                {
                    true => out.0.push(first),
                    false => out.leave_out(),
                }
            } else if let Some(len) = mail(rest) {
                out.leave_out();
                taken = len;
            } else if !strict {
                // Who is hidden may begin anywhere in a name, and a long number is an account's.
                let digits = first.is_ascii_digit();
                taken = run(rest, |c| c.is_alphanumeric() && c.is_ascii_digit() == digits).max(taken);
                let part = rest.get(..taken).unwrap_or_default();
                match digits && taken >= ACCOUNT_MIN {
                    true => out.0.push_str(&(self.hiding.pseudonym)(part)),
                    false => out.0.push_str(part),
                }
            } else {
                taken = run(rest, char::is_alphanumeric);
                let (as_it_is, len) = self.word(rest, taken);
                match as_it_is && !out.hangs() {
                    true => out.0.push_str(rest.get(..len).unwrap_or_default()),
                    false => out.leave_out(),
                }
                taken = len.max(1);
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        out.0
    }

    /// Whether the word of a length at the start of a text is passed, with how much of the text belongs to it.
    fn word(&self, text: &str, len: usize) -> (bool, usize) {
        const PSEUDONYM: usize = 18;
        if text.get(..PSEUDONYM).is_some_and(known::is_pseudonym) {
            return (true, PSEUDONYM);
        }
        if let Some(len) = instant(text) {
            return (true, len);
        }
        if let Some(told) = letters_and_digits(text) {
            return told;
        }
        let word = text.get(..len).unwrap_or_default();
        let digits = run(word, |c| c.is_ascii_digit());
        let (number, unit) = word.split_at(digits);
        if unit.is_empty() {
            let fraction = text.get(len..).and_then(|more| more.strip_prefix('.'));
            let fraction = fraction.map_or(0, |more| run(more, |c| c.is_ascii_digit()));
            let counted = digits <= DIGITS_MAX || number.parse().is_ok_and(|n| self.numbers.contains(&n));
            return (counted, if fraction > 0 && counted { len + 1 + fraction } else { len });
        }
        if digits > 0 {
            return (digits <= DIGITS_MAX && UNITS.contains(&unit) || is_ours(word), len);
        }
        let numbered = |head: &str| {
            word.strip_prefix(head).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        };
        (is_ours(word) || numbered("AS") || (numbered("T") && word.len() == 5), len)
    }

    /// An address or a network at the start of a text: its length, and what is shown.
    fn address(&self, text: &str) -> Option<(usize, String)> {
        let all = text.get(..run(text, |c| c.is_ascii_hexdigit() || c == '.' || c == ':'))?;
        let own = all.trim_end_matches(['.', ':']);
        let of = |kind, value: &str| self.value(&Entity::new(kind, value));
        let bits =
            text.get(own.len()..)?.strip_prefix('/').map_or(0, |more| run(more, |c| c.is_ascii_digit()));
        if (1..=3).contains(&bits) && prefix_of(own).is_some() {
            let len = own.len() + 1 + bits;
            return Some((len, of(EntityKind::Prefix, text.get(..len)?)));
        }
        if address_of(own).is_some() {
            return Some((own.len(), of(EntityKind::Origin, own)));
        }
        // A part of an address leads to it.
        let part = own.bytes().all(|b| b.is_ascii_digit() || b == b'.') && own.matches('.').count() > 1;
        part.then(|| (own.len(), LEFT_OUT.to_owned()))
    }
}

/// A name that is joined of letters and digits (`p-87`), of which each part alone could be a word of ours or a count: not passed, with its length. A number with an
/// exponent is, and so is the name of a hash that advice tells to compare; a technique is no such name.
fn letters_and_digits(text: &str) -> Option<(bool, usize)> {
    let name = text.get(..run(text, |c| c.is_alphanumeric() || JOINS.contains(&c)))?.trim_end_matches(JOINS);
    let has = |what: fn(&u8) -> bool| name.bytes().any(|b| what(&b));
    if name == "SHA-256" {
        return Some((true, name.len()));
    }
    let technique = name.strip_prefix('T').is_some_and(|n| n.parse::<f64>().is_ok());
    let joined = name.contains(JOINS) && has(u8::is_ascii_alphabetic) && has(u8::is_ascii_digit);
    let small = name.split(['e', '.']).all(|digits| digits.len() <= DIGITS_MAX);
    (joined && !technique).then(|| (small && name.parse::<f64>().is_ok(), name.len()))
}

/// The length of an address of e-mail that a text begins with.
fn mail(text: &str) -> Option<usize> {
    let len = run(text, |c| !c.is_whitespace() && !ENDS.contains(&c));
    let word = text.get(..len)?.to_ascii_lowercase();
    (word.contains('@') || word.contains("%40")).then_some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masked::Hiding;
    use std::collections::BTreeSet;

    fn shown(text: &str, keep_origins: bool) -> String {
        with(keep_origins, |hidden| hidden.text(text))
    }

    fn named(name: &str) -> String {
        with(false, |hidden| hidden.name(name))
    }

    fn with(keep_origins: bool, say: impl FnOnce(&Hidden<'_>) -> String) -> String {
        let pseudonym = |id: &str| format!("p_{}", id.len());
        let hiding = Hiding { pseudonym: &pseudonym, keep_origins };
        let mut hidden =
            Hidden { hiding, known: known::Known::default(), numbers: BTreeSet::from([1_234_567]) };
        for name in ["bert", "bert-jan", "10.9.8.7"] {
            hidden.meet(&Entity::new(EntityKind::Actor, name));
        }
        hidden.meet(&Entity::new(EntityKind::Actor, "arn:aws:iam::123456789012:user/read-only"));
        hidden.known.keep("edge-kim.log", "edge-kim.log".to_owned());
        say(&hidden)
    }

    #[test]
    fn words_of_ours_numbers_and_dates_are_passed_and_nothing_else() {
        for same in [
            "records of people were read from 12 addresses, 3.67 times as many",
            "1234567 records from 2026-03-01T10:00:00.5Z to 2026-03-02, T1078, AS15169, 90 s",
            "edge-kim.log was silent twice, 41 min",
            "compare their SHA-256 with 12 records",
            "T1098.001 with chance 9.6e-9, 2.4 at 12:30, 10.5 s.",
        ] {
            assert_eq!(shown(same, false), same);
        }
        for (text, want) in [
            ("kim read records", "(masked) read records"),
            ("records of bert-jan, bert and bertram", "records of p_8, p_4 and (masked)"),
            ("user/read-only and read-only made a user", "p_40 and p_40 made a user"),
            ("a read-kim account, kim-read.records", "a (masked) account, (masked)"),
            ("p-87, who holds it, a_7 and key:1.", "(masked), who holds it, (masked) and (masked)."),
            ("asked for 7654321 and 987654", "asked for (masked) and (masked)"),
            ("mailto:anna@read.records records", "(masked) records"),
            ("Jürgen Müller read", "(masked) read"),
            ("from 192.0.2.77:443, 192.0.2.0/24 and 2001:db8::1.", "from p_10, p_12 and p_11."),
            ("from 192.0.2 records", "from (masked) records"),
            ("10.9.8.71 and 10.9.8.7", "p_9 and p_8"),
        ] {
            assert_eq!(shown(text, false), want, "{text}");
        }
        for (name, want) in [
            ("home-bert-jan.log", "home-p_8.log"),
            ("u_bert_x2.log", "u_p_4_x2.log"),
            ("edge-192.0.2.77.log", "edge-p_10.log"),
            ("v192.0.2.77", "vp_10"),
            ("a/192.0.2.77/b", "a/p_10/b"),
            ("aws_cloudtrail:123456789012:us-east-1", "aws_cloudtrail:p_12:us-east-1"),
            ("access-20260301.log.12", "access-20260301.log.12"),
        ] {
            assert_eq!(named(name), want);
        }
        assert_eq!(shown("from 192.0.2.77 and 192.0.2.0/24", true), "from 192.0.2.77 and 192.0.2.0/24");
    }
}
