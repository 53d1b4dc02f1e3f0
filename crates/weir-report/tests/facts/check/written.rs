//! Numbers and days as a report writes them: a second hand, so that the first cannot excuse itself.

use weir_model::Micros;

/// How long it is from one instant to another.
pub fn lasted(first: Micros, last: Micros) -> String {
    let seconds = (last.0 - first.0).max(0) / 1_000_000;
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..172_800 if minutes == 0 => format!("{hours} h"),
        3_600..172_800 => format!("{hours} h {minutes} min"),
        _ => quantity((seconds as u64 + 43_200) / 86_400, "day"),
    }
}

/// Three digits that matter.
pub fn three_digits(x: f64) -> String {
    let unit = 10_f64.powf(x.abs().log10().floor() - 2.0);
    let shown = measure(if unit.is_normal() { (x / unit).round() * unit } else { x });
    shown.split_once('.').map_or_else(|| count(shown.parse().unwrap_or(0)), |_| shown.clone())
}

/// `14 Apr 2025`.
pub fn day(at: Micros) -> String {
    let shown = at.to_string();
    let part =
        |range: std::ops::Range<usize>| shown.get(range).and_then(|p| p.parse::<usize>().ok()).unwrap_or(0);
    let months = ["", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    format!("{} {} {}", part(8..10), months.get(part(5..7)).unwrap_or(&""), part(0..4))
}

/// `14 Apr 2025, 03:12:55 UTC`.
pub fn instant(at: Micros) -> String {
    let shown = at.to_string();
    format!("{}, {} UTC", day(at), shown.get(11..19).unwrap_or_default())
}

/// `2131` as `2,131`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
    groups.join(",")
}

/// A measured value, its thousands separated.
pub fn number(x: f64) -> String {
    let shown = measure(x);
    match shown.split_once('.') {
        Some((whole, part)) => whole.parse().map_or(shown.clone(), |n| format!("{}.{part}", count(n))),
        None => shown.parse().map_or(shown.clone(), count),
    }
}

/// So many of something measured.
pub fn measured(x: f64, one: &str, many: &str) -> String {
    format!("{} {}", number(x), if x == 1.0 { one } else { many })
}

/// So many of something that only needs an s.
pub fn quantity(n: u64, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

/// A measured value: whole, or with three decimals, or seven where it is small.
pub fn measure(x: f64) -> String {
    if x < 0.0 {
        return format!("-{}", measure(-x));
    }
    if x >= 1e15 || (x > 0.0 && x < 1e-6) {
        return format!("{x:.2e}");
    }
    let text = if x < 0.001 { format!("{x:.7}") } else { format!("{x:.3}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
