//! What must hold for any bytes whatever: nothing panics, every record is accounted for, every line counts once, and how bytes are cut
//! into reads changes nothing. A target that finds a counter-example aborts.

use std::io::{Cursor, Read};
use weir_sources::read::{FileReader, Framer, Piece};
use weir_sources::secrets::Fingerprints;
use weir_sources::source::{At, FileOptions, Framing};

/// Reads the bytes as a log of this source; the first byte says how they are cut into reads.
pub fn source(name: &str, data: &[u8]) {
    let Some((&cut, content)) = data.split_first() else { return };
    let whole = read(name, content, usize::MAX);
    assert_eq!(read(name, content, usize::from(cut) + 1), whole);
}

fn read(name: &str, content: &[u8], step: usize) -> (usize, u64, u64, u64) {
    let disk: Box<dyn Read + Send> = Box::new(Stepped(Cursor::new(content.to_vec()), step));
    let options = FileOptions { year_hint: Some(2025), ..FileOptions::default() };
    let Ok(opened) =
        FileReader::open_content(disk, content.len() as u64, None, "fuzz.log", &options, Some(name))
    else {
        panic!("a forced source reads anything");
    };
    let mut reader = opened.start(1, 2);
    let (mut rows, mut rejects) = (0, 0);
    while let Some(chunk) = reader.next_chunk() {
        rows += chunk.batches.iter().map(|(_, b)| b.num_rows()).sum::<usize>();
        rejects += chunk.rejects.len() as u64;
    }
    let intake = reader.finish();
    assert!(intake.balanced(), "{intake:?}");
    assert_eq!(rejects, intake.rejected);
    assert!(rows as u64 >= intake.parsed);
    assert!(intake.lines_without_record <= intake.lines);
    (rows, intake.parsed, intake.rejected, intake.lines)
}

struct Stepped(Cursor<Vec<u8>>, usize);

impl Read for Stepped {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(buffer.len());
        self.0.read(&mut buffer[..n])
    }
}

/// Cuts the bytes into records, at once and in parts.
pub fn frame(data: &[u8]) {
    let Some((&step, content)) = data.split_first() else { return };
    for framing in
        [Framing::Lines, Framing::Json { array_key: None }, Framing::Json { array_key: Some("Records") }]
    {
        let whole = pieces(framing, content, content.len().max(1));
        assert_eq!(pieces(framing, content, usize::from(step) + 1), whole);
        let ends = content.iter().filter(|b| **b == b'\n').count() as i64;
        assert_eq!(whole.1, ends + i64::from(content.last().is_some_and(|b| *b != b'\n')));
    }
}

fn pieces(framing: Framing, content: &[u8], step: usize) -> (Vec<(i64, i64, i64, &'static str)>, i64) {
    let mut framer = Framer::new(framing, At { line: 1, offset: 0 });
    let (mut out, mut last) = (Vec::new(), 0);
    let mut sink = |piece: Piece<'_>| match piece {
        Piece::Record { at, bytes } => {
            let from = at.offset as usize;
            assert_eq!(&content[from..from + bytes.len()], bytes);
            assert!(at.offset >= last, "records are in order and do not overlap");
            last = at.offset + bytes.len() as i64;
            out.push((at.line, at.offset, bytes.len() as i64, ""));
        }
        Piece::Broken { at, len, reason, .. } => {
            assert!(at.offset >= last && at.offset + len <= content.len() as i64);
            last = at.offset + len;
            out.push((at.line, at.offset, len, reason));
        }
        Piece::Blank => {}
    };
    for block in content.chunks(step) {
        framer.push(block, &mut sink);
    }
    framer.finish(&mut sink);
    (out, framer.lines())
}

/// Opens the bytes as a file of unknown format, compressed or not.
pub fn detect(data: &[u8]) {
    let disk = Box::new(Cursor::new(data.to_vec()));
    match FileReader::open_content(disk, data.len() as u64, None, "fuzz.log", &FileOptions::default(), None) {
        Ok(opened) => assert!(opened.start(1, 2).finish().balanced()),
        Err(intake) => assert!(intake.records == 0 && intake.source.is_none() && !intake.reasons.is_empty()),
    }
}

/// Searches the bytes for secrets; what is clean stays as it is.
pub fn secrets(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let prints = Fingerprints::default();
    for scrub in
        [Fingerprints::scrub, Fingerprints::scrub_query, Fingerprints::scrub_path, Fingerprints::scrub_url]
    {
        let clean = scrub(&prints, text).into_owned();
        assert!(clean.contains("fp_") || clean == text);
    }
}
