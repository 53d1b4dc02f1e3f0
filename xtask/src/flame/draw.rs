//! A flame graph as a picture: no script, and a ground of its own, so that it reads the same on a light page and on a dark one.

use super::stacks::{Call, Stacks};
use std::fmt::Write as _;

const WIDTH: f64 = 1200.0;
const ROW: f64 = 17.0;
const MARGIN: f64 = 10.0;
/// What stands above the flames: the title and what colours mean.
const HEAD: f64 = 46.0;
/// Calls with a smaller share of all samples are left out.
const SHARE_MIN: f64 = 0.003;
/// Width of a letter of the type used.
const LETTER: f64 = 6.7;

/// Whose code a call is, by the beginning of its name, with a colour; the first that fits.
const OWNERS: [(&str, &str, &[&str]); 6] = [
    ("sources", "#f0a860", &["weir_sources", "weir_model"]),
    ("catalog, rollup, statistics", "#ef8a80", &["weir_catalog", "weir_rollup", "weir_stats"]),
    ("lake", "#e3c34f", &["weir_lake", "deltalake"]),
    ("engine", "#cdb8a0", &["weir"]),
    (
        "parquet, arrow, zstd",
        "#9cc7e6",
        &["parquet", "arrow", "ZSTD", "zstd", "HUF_", "FSE_", "XXH", "snap", "thrift"],
    ),
    ("libraries and the system", "#c9cdd3", &[""]),
];

/// The picture.
pub fn svg(stacks: &Stacks, title: &str) -> String {
    let all = &stacks.0;
    let samples_min = ((all.samples as f64 * SHARE_MIN).ceil() as u64).max(1);
    let height = HEAD + ROW * all.depth(samples_min) as f64 + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"11\" fill=\"#1c1c1c\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fbfaf7\"/>\n\
         <text x=\"{MARGIN}\" y=\"18\" font-size=\"13\" font-weight=\"bold\">{}</text>\n",
        escaped(title)
    );
    let mut x = MARGIN;
    for (owner, colour, _) in OWNERS {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"26\" width=\"11\" height=\"11\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"36\">{owner}</text>",
            x + 16.0
        );
        x += 16.0 + (owner.len() + 3) as f64 * LETTER;
    }
    let scale = (WIDTH - 2.0 * MARGIN) / all.samples.max(1) as f64;
    let drawing = Drawing { all: all.samples, samples_min, scale, floor: height - MARGIN };
    drawing.calls(&mut svg, all, MARGIN, 0);
    svg.push_str("</svg>\n");
    svg
}

/// What all calls are drawn by.
struct Drawing {
    all: u64,
    samples_min: u64,
    /// Pixels of a sample.
    scale: f64,
    /// Where the outermost calls stand.
    floor: f64,
}

impl Drawing {
    fn calls(&self, svg: &mut String, of: &Call, from: f64, depth: usize) {
        let mut x = from;
        for (name, call) in &of.calls {
            let width = call.samples as f64 * self.scale;
            if call.samples >= self.samples_min {
                self.call(svg, name, call.samples, (x, width), depth);
                self.calls(svg, call, x, depth + 1);
            }
            x += width;
        }
    }

    fn call(&self, svg: &mut String, name: &str, samples: u64, (x, width): (f64, f64), depth: usize) {
        let y = self.floor - ROW * (depth + 1) as f64;
        let owned = |starts: &[&str]| {
            let own = name.trim_start_matches(['<', '&']);
            starts.iter().any(|start| own.starts_with(start))
        };
        let colour =
            OWNERS.iter().find(|(_, _, starts)| owned(starts)).map_or("#ffffff", |(_, colour, _)| colour);
        let _ = write!(
            svg,
            "<g><title>{} ({:.1} %)</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{colour}\"/>",
            escaped(name),
            samples as f64 * 100.0 / self.all as f64,
            (width - 0.5).max(0.3),
            ROW - 1.0,
        );
        let room = ((width - 5.0) / LETTER).max(0.0) as usize;
        if room >= 4 {
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 2.5,
                y + 12.0,
                escaped(&shortened(name, room))
            );
        }
        svg.push_str("</g>\n");
    }
}

/// The last words of a name, which say more than its first, in so many letters; of a last word that is longer, its beginning.
fn shortened(name: &str, room: usize) -> String {
    let fits = |text: &str| text.chars().count() <= room;
    let starts = std::iter::once(0).chain(name.match_indices("::").map(|(at, mark)| at + mark.len()));
    let ends: Vec<&str> = starts.filter_map(|at| name.get(at..)).collect();
    match (ends.iter().find(|end| fits(end)), ends.last()) {
        (Some(end), _) => (*end).to_owned(),
        (None, last) => last.iter().flat_map(|word| word.chars()).take(room - 1).chain(['…']).collect(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_calls_are_named_and_narrow_ones_left_out() {
        let sample = |name: &str| format!("weir \n\t 1 {name}\n\t 2 weir_engine::ingest\n\n");
        let text = sample("weir_lake::<T>::write").repeat(999) + &sample("once");
        let svg = svg(&Stacks::of(&text), "a & b");
        assert!(
            svg.contains("a &amp; b") && svg.contains("weir_engine::ingest") && svg.contains("99.9 %"),
            "{svg}"
        );
        assert!(!svg.contains("once"), "{svg}");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }

    #[test]
    fn the_last_words_of_a_name_are_kept() {
        assert_eq!(shortened("weir_lake::writer::OpenFile::write", 20), "OpenFile::write");
        assert_eq!(shortened("short", 20), "short");
        assert_eq!(shortened("a::bcdefghij", 5), "bcde…");
    }
}
