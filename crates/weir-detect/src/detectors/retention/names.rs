//! What the name of a log file says of its rotation.

/// A file's place in the rotation of its log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// The log itself, which is written to.
    Live,
    /// `access.log.1`: put aside so many rotations ago, the last one 0 or 1.
    Number(u32),
    /// `access.log-20250401`: put aside about then.
    Date {
        /// Its digits.
        digits: String,
        /// Written as `logrotate` does with `dateext`, which counts what it keeps.
        counted: bool,
    },
}

/// What compression adds to a name.
const COMPRESSED: [&str; 8] = [".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".Z", ".zip"];
/// Digits of the highest number that is one of a rotation.
const NUMBER_DIGITS_MAX: usize = 4;

/// The log that a file is of, as it is called while it is written to, and the file's place in its rotation.
pub(super) fn read(path: &str) -> (String, Mark) {
    let at = path.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, file) = path.split_at(at);
    let name = COMPRESSED.iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file);
    match numbered(name).or_else(|| dated(name)) {
        Some((log, mark)) => (format!("{folder}{log}"), mark),
        None => (path.to_owned(), Mark::Live),
    }
}

/// `access.log.1`, `access.1.log`.
fn numbered(name: &str) -> Option<(String, Mark)> {
    let of = |name: &str| -> Option<(String, u32)> {
        let (log, number) = name.rsplit_once('.')?;
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let fits = digits && number.len() <= NUMBER_DIGITS_MAX && is_a_name(log);
        Some((log.to_owned(), number.parse().ok().filter(|_| fits)?))
    };
    let inner = || {
        let (stem, extension) = name.rsplit_once('.')?;
        let (log, number) = of(stem).filter(|_| is_a_name(extension))?;
        Some((format!("{log}.{extension}"), number))
    };
    of(name).or_else(inner).map(|(log, number)| (log, Mark::Number(number)))
}

/// `access.log-20250401`, `access-2025-04-01.log`, `2025-04-01T10-access.log`.
fn dated(name: &str) -> Option<(String, Mark)> {
    let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let starts = name.char_indices().filter(|(at, c)| {
        c.is_ascii_digit() && apart(name.get(..*at).and_then(|before| before.chars().next_back()))
    });
    for (start, _) in starts {
        let rest = name.get(start..)?;
        let long =
            rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '_' | 'T'))).unwrap_or(rest.len());
        let text = rest.get(..long)?.trim_end_matches(|c: char| !c.is_ascii_digit());
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let after = rest.get(text.len()..)?;
        if !is_a_date(&digits) || !apart(after.chars().next()) {
            continue;
        }
        let before = name.get(..start)?;
        let counted = after.is_empty() && before.ends_with('-') && digits.len() == text.len();
        let log = match before.strip_suffix(['-', '_', '.']).unwrap_or(before) {
            "" => format!("*{after}"),
            before => format!("{before}{after}"),
        };
        return is_a_name(&log).then_some((log, Mark::Date { digits, counted }));
    }
    None
}

/// Whether a name names something beside numbers.
fn is_a_name(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

/// Whether digits begin with a year, a month and a day.
fn is_a_date(digits: &str) -> bool {
    let part = |from, to| digits.get(from..to).and_then(|d: &str| d.parse::<u32>().ok());
    let fits = |part: Option<u32>, least, most| part.is_some_and(|n| (least..=most).contains(&n));
    fits(part(0, 4), 1990, 2099) && fits(part(4, 6), 1, 12) && fits(part(6, 8), 1, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_which_log_a_file_is_of_and_where_it_stands() {
        let date = |digits: &str, counted| Mark::Date { digits: digits.into(), counted };
        for (path, log, mark) in [
            ("edge/access.log", "edge/access.log", Mark::Live),
            ("edge/access.log.1", "edge/access.log", Mark::Number(1)),
            ("access.log.12.gz", "access.log", Mark::Number(12)),
            ("system.log.0.bz2", "system.log", Mark::Number(0)),
            ("app.2.log.zip", "app.log", Mark::Number(2)),
            ("access.log-20250401", "access.log", date("20250401", true)),
            ("access.log-2025040113.gz", "access.log", date("2025040113", true)),
            ("access.log-2025-04-01", "access.log", date("20250401", false)),
            ("access-2025-04-01.log.gz", "access.log", date("20250401", false)),
            ("a/localhost_access_log.2025-04-01.txt", "a/localhost_access_log.txt", date("20250401", false)),
            ("2025-04-01T10_access.log", "*_access.log", date("2025040110", false)),
            ("app/2025-04-01.log", "app/*.log", date("20250401", false)),
            ("0002-access-20250401.log", "0002-access.log", date("20250401", false)),
        ] {
            assert_eq!(read(path), (log.to_owned(), mark), "{path}");
        }
        for none in [
            "10.0.0.5",
            "access.log.gz",
            "20250401",
            "part-12345678",
            "v1.20250401x",
            "x-20251301.log",
            "log.12345",
            "",
        ] {
            assert_eq!(read(none), (none.to_owned(), Mark::Live), "of no rotation");
        }
    }
}
