//! What a file's path says: the sensor's name, and the year of a rotation date.

/// A sensor's name by its file's path: the folder and the file name without what rotation, compression and copying add, so that
/// `edge/access.log.1.gz`, `edge/access.log-20250101` and `edge/0002-access-2025-01-01.log` are all `edge/access.log`.
pub fn sensor_of_path(path: &str) -> String {
    let path = path.replace('\\', "/");
    let (folder, file) = path.rsplit_once('/').map_or(("", path.as_str()), |(d, f)| (d, f));
    let mut name = file;
    loop {
        let shorter = without_suffix(name);
        if shorter == name || shorter.is_empty() {
            break;
        }
        name = shorter;
    }
    let stem = without_inner_date(without_prefix(name));
    if folder.is_empty() { stem } else { format!("{folder}/{stem}") }
}

/// One suffix of compression, number or date less.
fn without_suffix(name: &str) -> &str {
    for end in [".gz", ".zst", ".zstd", ".1st", ".old", ".bak", ".tmp", "~"] {
        if let Some(rest) = name.strip_suffix(end) {
            return rest;
        }
    }
    let Some(at) = name.rfind(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '_' | 'T' | 'Z' | ':')))
    else {
        return name;
    };
    let tail_at = at + name.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
    let (head, tail) = name.split_at(tail_at);
    let digits = tail.bytes().filter(u8::is_ascii_digit).count();
    let number = head.ends_with('.') && !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit());
    let apart = tail.starts_with(['-', '_']);
    let date = digits >= 6 && (head.ends_with('.') || apart);
    // `part-0001`; a shorter number may be a host's.
    let counter = apart && digits >= 4 && digits == tail.len() - 1 && tail.get(1..2) == Some("0");
    if (number && !ends_with_address(name)) || date || counter {
        head.strip_suffix('.').unwrap_or(head)
    } else {
        name
    }
}

/// Whether a name ends with an IPv4 address, the last part of which is no rotation's number.
fn ends_with_address(name: &str) -> bool {
    let from = name.rfind(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(0, |at| at + 1);
    // A letter before it may be several bytes long.
    let parts: Vec<&str> = name.get(from..).unwrap_or_default().split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

/// Counters and dates before a name less: `0002-access.log`, `2025-01-01_access.log`.
fn without_prefix(name: &str) -> &str {
    let mut rest = name;
    while let Some((number, after)) = rest.split_once(['-', '_']) {
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        rest = after;
    }
    // Other runs of numbers are of a host: `10-0-0-5-access.log`.
    let prefix = name.get(..name.len() - rest.len()).unwrap_or("");
    let numbers: Vec<&str> = prefix.split_terminator(['-', '_']).collect();
    let dated = |all: &[&str]| match all {
        [] => true,
        [day] => day.len() == 8,
        [year, month, day] => (year.len(), month.len(), day.len()) == (4, 2, 2),
        _ => false,
    };
    let counted = numbers.split_first().is_some_and(|(_, after)| dated(after));
    let named = rest.starts_with(|c: char| c.is_alphabetic());
    if named && (counted || dated(&numbers)) { rest } else { name }
}

/// `access-2025-01-01.log` is `access.log`; a name that is nothing but a date stays.
fn without_inner_date(name: &str) -> String {
    if ends_with_address(name) {
        return name.to_owned();
    }
    let Some((stem, extension)) = name.rsplit_once('.') else { return name.to_owned() };
    let shorter = without_suffix(stem);
    if shorter == stem || shorter.is_empty() { name.to_owned() } else { format!("{shorter}.{extension}") }
}

/// The year of a rotation date in a file's name (`access.log-20250101`, `secure-2025-01-01.log`).
pub fn year_of_name(path: &str) -> Option<i16> {
    let file = path.rsplit(['/', '\\']).next()?;
    let mut runs = file.split(|c: char| !(c.is_ascii_digit() || c == '-' || c == '_'));
    runs.find_map(|run| {
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let part = |from, to| digits.get(from..to).and_then(|d: &str| d.parse::<i16>().ok());
        let (year, month) = (part(0, 4)?, part(4, 6)?);
        let day = if digits.len() == 6 { 1 } else { part(6, 8)? };
        ((1990..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)).then_some(year)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_a_name_is_no_rotation() {
        for (path, sensor) in [
            ("web-10.0.0.1.log", "web-10.0.0.1.log"),
            ("web-10.0.0.2.log.1.gz", "web-10.0.0.2.log"),
            ("10.0.0.1", "10.0.0.1"),
            ("app.1.2.3", "app"),
        ] {
            assert_eq!(sensor_of_path(path), sensor, "{path}");
        }
    }

    #[test]
    fn rotation_and_compression_are_no_part_of_a_sensors_name() {
        for (path, want) in [
            ("edge/access.log", "edge/access.log"),
            ("edge/access.log.1.gz", "edge/access.log"),
            ("edge/access.log.12", "edge/access.log"),
            ("access.log-20250101", "access.log"),
            ("access.log-20250101.gz", "access.log"),
            ("access-2025-01-01.log", "access.log"),
            ("a/b/access-2025-01-01T10.log.zst", "a/b/access.log"),
            ("conn.2025-01-01.log.gz", "conn.log"),
            ("web1", "web1"),
            ("host-7.log", "host-7.log"),
            ("0002-access-2026-03-01.log", "access.log"),
            ("x/17_access.log.gz", "x/access.log"),
            ("0002-access.log", "access.log"),
            ("2026-03-01-access.log", "access.log"),
            ("0003_20260301_access.log", "access.log"),
            ("access-0002.log", "access.log"),
            ("part-00017", "part"),
            ("web01.log", "web01.log"),
            ("web-01-access.log", "web-01-access.log"),
            ("node-001.log", "node-001.log"),
            ("10-0-0-5-access.log", "10-0-0-5-access.log"),
            ("10.0.0.5-access.log", "10.0.0.5-access.log"),
            ("0002-17.log", "0002-17.log"),
            ("3proxy.log", "3proxy.log"),
            ("20250101.log", "20250101.log"),
            ("", ""),
        ] {
            assert_eq!(sensor_of_path(path), want, "{path}");
        }
    }

    #[test]
    fn a_rotation_date_gives_its_year() {
        for (name, want) in [
            ("x/auth.log-20250101.gz", Some(2025)),
            ("secure-2024-12-31", Some(2024)),
            ("auth.log.1", None),
            ("part-12345678.log", None),
            ("2025/auth.log", None),
        ] {
            assert_eq!(year_of_name(name), want, "{name}");
        }
    }
}
