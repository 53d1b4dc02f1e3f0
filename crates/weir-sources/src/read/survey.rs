//! The first pass over a file, for sources that cannot read its first record without having seen its last.
//!
//! Decisive choice: it reads the file a second time from the disk instead of holding it in memory, and only where the source asks.
//! A file that changes in between is no harm: the survey says where to begin, every record is still read as it is.

use super::frame::{Framer, Piece};
use super::open::Content;
use crate::source::{At, FileOptions, Head, Source};
use std::path::Path;

/// Shows the source every record from `from` on; what it found is in the options afterwards.
pub(super) fn run(
    source: &dyn Source,
    head: &Head<'_>,
    path: Option<&Path>,
    from: At,
    options: &mut FileOptions,
) {
    let Some(mut survey) = source.survey(head, options) else { return };
    let Some(file) = path.and_then(|p| std::fs::File::open(p).ok()) else { return };
    let mut content = Content::new(Box::new(file));
    let mut framer = Framer::new(source.framing(), from);
    let mut sink = |piece: Piece<'_>| {
        if let Piece::Record { bytes, .. } = piece {
            survey.record(bytes);
        }
    };
    let mut skip = usize::try_from(from.offset).unwrap_or(usize::MAX);
    loop {
        let block = content.next();
        if block.is_empty() {
            break;
        }
        framer.push(block.get(skip..).unwrap_or_default(), &mut sink);
        skip = skip.saturating_sub(block.len());
    }
    framer.finish(&mut sink);
    survey.finish(options);
}

#[cfg(test)]
mod tests {
    use crate::read::FileReader;
    use crate::source::FileOptions;
    use crate::testing::row;
    use std::io::Write;

    /// The years of a syslog file that begins two New Years before its end, read whole and from a place in it.
    fn years(content: &[u8], compress: bool, skip: Option<(u64, u64)>) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("auth.log");
        let mut bytes = content.to_vec();
        if compress {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(content).unwrap();
            bytes = encoder.finish().unwrap();
        }
        std::fs::write(&path, bytes).unwrap();
        let options = FileOptions { year_hint: Some(2025), ..FileOptions::default() };
        let opened = FileReader::open(&path, "auth.log", &options, None).ok().unwrap();
        let mut reader = match skip {
            None => opened.start(1, 2),
            Some((offset, lines)) => opened.start_at(1, 2, offset, lines).unwrap().0,
        };
        let mut years = Vec::new();
        while let Some(chunk) = reader.next_chunk() {
            for (table, batch) in &chunk.batches {
                let rows = (0..batch.num_rows()).map(|i| row(*table, batch, i));
                years.extend(rows.map(|r| r["time"][..4].to_owned()));
            }
        }
        years.dedup();
        years
    }

    #[test]
    fn the_first_record_takes_its_year_from_the_last() {
        let line = |month: &str| {
            format!("{month} 15 12:00:00 h sshd[1]: Failed password for root from 192.0.2.1 port 2 ssh2\n")
        };
        // Longer than the head, so that the New Years are beyond it.
        let months = ["Nov", "Dec", "Jan", "Aug", "Dec", "Jan"];
        let text: String = months.iter().map(|m| line(m).repeat(1_000)).collect();
        assert!(text.len() > 2 * crate::read::HEAD_MAX);
        for compress in [false, true] {
            assert_eq!(years(text.as_bytes(), compress, None), ["2023", "2024", "2025"]);
            // The new tail of a file that grew.
            let lines = 2_500;
            let offset = (line("Nov").len() * lines) as u64;
            assert_eq!(years(text.as_bytes(), compress, Some((offset, lines as u64))), ["2024", "2025"]);
        }
    }
}
