//! The same logs in other pieces: cut by day as rotation does, or with every line several times.

use crate::run::Done;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// The files of a folder, by name.
pub fn files(folder: &Path) -> Done<Vec<PathBuf>> {
    let wrong = |e: std::io::Error| format!("{}: {e}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(wrong)?;
    let mut found: Vec<PathBuf> =
        entries.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(wrong)?;
    found.sort();
    Ok(found)
}

/// Copies logs, every line several times.
pub fn repeat(from: &Path, to: &Path, times: u32) -> Done {
    std::fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    for path in files(from)? {
        let copy = || -> std::io::Result<()> {
            let mut out = BufWriter::new(File::create(to.join(path.file_name().unwrap_or_default()))?);
            for line in BufReader::new(File::open(&path)?).split(b'\n') {
                let line = line?;
                for _ in 0..times {
                    out.write_all(&line)?;
                    out.write_all(b"\n")?;
                }
            }
            out.flush()
        };
        copy().map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// Cuts every log by the days that its lines name. A piece is named as a rotated log: `name.N`, where N is chosen by the piece's number (from 1)
/// and how many a log can have at most. The answer's first element holds the first piece of every log, and so on.
pub fn by_day(from: &Path, to: &Path, number: impl Fn(usize, usize) -> usize) -> Done<Vec<Vec<PathBuf>>> {
    const PIECES_MAX: usize = 1_000;
    std::fs::create_dir_all(to).map_err(|e| format!("{}: {e}", to.display()))?;
    let mut days: Vec<Vec<PathBuf>> = Vec::new();
    for path in files(from)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut piece = |nth: usize| -> std::io::Result<BufWriter<File>> {
            let part = to.join(format!("{name}.{:04}", number(nth, PIECES_MAX)));
            days.resize_with(days.len().max(nth), Vec::new);
            if let Some(day) = days.get_mut(nth - 1) {
                day.push(part.clone());
            }
            Ok(BufWriter::new(File::create(part)?))
        };
        let mut cut = || -> std::io::Result<()> {
            let (mut seen, mut out) = (Vec::<Vec<u8>>::new(), None);
            for line in BufReader::new(File::open(&path)?).split(b'\n') {
                let line = line?;
                let day = day(&line);
                if !seen.iter().any(|known| known == day) {
                    seen.push(day.to_vec());
                    if let Some(mut before) = out.replace(piece(seen.len())?) {
                        before.flush()?;
                    }
                }
                if let Some(out) = &mut out {
                    out.write_all(&line)?;
                    out.write_all(b"\n")?;
                }
            }
            out.map_or(Ok(()), |mut out| out.flush())
        };
        cut().map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(days)
}

/// The text by which a line names its day, in the formats that worlds are written in.
fn day(line: &[u8]) -> &[u8] {
    const TIME: &[u8] = b"\"time\":\"";
    let after =
        |mark: &[u8]| line.windows(mark.len()).position(|part| part == mark).map(|at| at + mark.len());
    let (from, length) = match line.first() {
        Some(b'{') => (after(TIME).unwrap_or(0), 10),
        _ if line.iter().take(5).all(|b| b.is_ascii_digit() || *b == b'-') => (0, 10),
        _ => (after(b"[").unwrap_or(0), 11),
    };
    line.get(from..from + length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{by_day, day, repeat};

    #[test]
    fn every_format_names_its_day() {
        assert_eq!(day(b"1.2.3.4 - - [03/Mar/2025:10:00:00 +0900] \"GET"), b"03/Mar/2025");
        assert_eq!(day(b"{\"time\":\"2025-03-03T10:00:00+09:00\",\"a\":1}"), b"2025-03-03");
        assert_eq!(day(b"2025-03-03 10:00:00.001 UTC,\"crm\""), b"2025-03-03");
    }

    #[test]
    fn pieces_hold_every_line_once_and_copies_as_often_as_told() {
        let place = std::env::temp_dir().join(format!("weir-pieces-{}", std::process::id()));
        std::fs::create_dir_all(place.join("logs")).unwrap();
        let line = |day: u32, n: u32| format!("{{\"time\":\"2025-03-{day:02}T0{n}:00:00Z\"}}\n");
        let text = [line(1, 1), line(1, 2), line(2, 1), line(1, 9), line(3, 1)].concat();
        std::fs::write(place.join("logs/a.jsonl"), &text).unwrap();
        let days = by_day(&place.join("logs"), &place.join("days"), |nth, of| of - nth).unwrap();
        let read = |n: usize| std::fs::read_to_string(&days[n][0]).unwrap();
        assert_eq!((days.len(), read(0) + &read(1) + &read(2)), (3, text.clone()));
        assert!(days[0][0] > days[1][0], "the first day's name sorts last");
        repeat(&place.join("logs"), &place.join("tenfold"), 10).unwrap();
        assert_eq!(std::fs::read(place.join("tenfold/a.jsonl")).unwrap().len(), 10 * text.len());
        std::fs::remove_dir_all(&place).unwrap();
    }
}
