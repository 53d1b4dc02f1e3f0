//! Excerpts of an original, with proofs that they stand in it.
//!
//! Decisive choice: the leaves of an original are its lines, each with its newline, so that a record is proven with the lines around it
//! and nothing else of the file is shown; files that are not text have chunks of 4,096 bytes. One pass over the file gives its SHA-256, the root
//! over its leaves, the excerpts and their proofs, holding only the excerpts and a few lines.
//!
//! What a proof proves: these bytes are the leaves from `first_leaf` on of the one file with this root. The offset and the file's SHA-256
//! are told beside it; whoever has the original computes all of them again.

use crate::{
    Digest, EvidenceError, Result,
    digest::Hasher,
    error::at,
    merkle::{self, Builder},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader, Read},
    ops::Range,
    path::Path,
};

/// Lines of context before and after a cited record, unless told.
pub const CONTEXT_LEAVES: usize = 3;
/// The longest line that is a leaf. A file with a longer one (thousands of JSON records in one line, say) has chunks, or an excerpt would show all of it.
pub const LINE_BYTES_MAX: u64 = 64 << 10;
/// The size of a leaf of a file that is not text.
pub const CHUNK_BYTES: u64 = 4096;
/// How much of a file's beginning tells whether it is text.
const HEAD_BYTES: u64 = 8192;

/// Bytes of an original: a cited record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Where they begin.
    pub offset: u64,
    /// How many they are; none counts as one.
    pub bytes: u64,
}

/// What a leaf of an original is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeafKind {
    /// A line with its newline; the last one may have none.
    #[serde(rename = "line")]
    Line,
    /// 4,096 bytes; the last may have fewer.
    #[serde(rename = "chunk-4096")]
    Chunk,
}

/// What an original is: all that can be told of it without showing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Where it was, as the intake account names it.
    pub path: String,
    /// Of the whole file; of one that was acquired compressed, of its decompressed content, as the intake account has it.
    pub sha256: Digest,
    /// Its size, of the same.
    pub bytes: u64,
    /// What a leaf is.
    pub leaf: LeafKind,
    /// How many leaves it has.
    pub leaves: u64,
    /// The root over them.
    pub root: Digest,
}

/// An excerpt's place in its original, and the nodes that prove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The original.
    pub original: Original,
    /// Where the excerpt begins in it, in bytes.
    pub offset: u64,
    /// How long it is, in bytes.
    pub length: u64,
    /// The SHA-256 of the excerpt.
    pub sha256: Digest,
    /// Its first leaf, counted from 0. Of lines: line number less one.
    pub first_leaf: u64,
    /// How many leaves it has.
    pub leaves: u64,
    /// The roots of the subtrees beside it, left to right.
    pub nodes: Vec<Digest>,
}

/// Raw bytes of an original, with their proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Where they stand.
    pub proof: Proof,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Proof {
    /// Whether `bytes` are what the proof says. An error says what does not fit.
    pub fn check(&self, bytes: &[u8]) -> Result<(), &'static str> {
        if bytes.len() as u64 != self.length || Digest::of(bytes) != self.sha256 {
            return Err("the excerpt is not the one that was proven");
        }
        let within = self.offset.checked_add(self.length).is_some_and(|end| end <= self.original.bytes);
        if !within {
            return Err("the excerpt reaches beyond its original");
        }
        let cut: Vec<&[u8]> = match self.original.leaf {
            LeafKind::Line => bytes.split_inclusive(|b| *b == b'\n').collect(),
            LeafKind::Chunk => bytes.chunks(CHUNK_BYTES as usize).collect(),
        };
        if cut.len() as u64 != self.leaves {
            return Err("the excerpt has another number of leaves than the proof says");
        }
        if self.original.leaf == LeafKind::Chunk
            && self.first_leaf.checked_mul(CHUNK_BYTES) != Some(self.offset)
        {
            return Err("the offset is not that of the first leaf");
        }
        let leaves: Vec<Digest> = cut.into_iter().map(merkle::leaf).collect();
        match merkle::range_root(self.original.leaves, self.first_leaf, &leaves, &self.nodes) {
            Some(root) if root == self.original.root => Ok(()),
            Some(_) => Err("the excerpt does not stand at this place of the original"),
            None => Err("the proof has too few or too many nodes"),
        }
    }
}

/// Reads a file once and gives it with the excerpts around the `cited` spans, `context` leaves before and after each.
///
/// Text has lines for leaves. A file with a zero byte at its beginning, or with a line longer than [`LINE_BYTES_MAX`], has chunks.
pub fn read_file(
    path: &Path,
    name: &str,
    cited: &[Span],
    context: usize,
) -> Result<(Original, Vec<Excerpt>)> {
    read_from(|| at(path, File::open(path)), name, cited, context)
}

/// As [`read_file`], from readers of the content, of a compressed file say. `open` is called once more if the first reading met a line that is too
/// long.
pub fn read_from<R: Read>(
    mut open: impl FnMut() -> Result<R>,
    name: &str,
    cited: &[Span],
    context: usize,
) -> Result<(Original, Vec<Excerpt>)> {
    let (mut reader, mut head) = (open()?, Vec::new());
    at(Path::new(name), reader.by_ref().take(HEAD_BYTES).read_to_end(&mut head))?;
    let kind = if head.contains(&0) { LeafKind::Chunk } else { LeafKind::Line };
    match read(head.chain(reader), name, kind, cited, context) {
        Err(EvidenceError::LineTooLong { .. }) => read(open()?, name, LeafKind::Chunk, cited, context),
        done => done,
    }
}

/// As [`read_file`], from a reader, with the kind of leaf told.
pub fn read(
    reader: impl Read,
    name: &str,
    kind: LeafKind,
    cited: &[Span],
    context: usize,
) -> Result<(Original, Vec<Excerpt>)> {
    let mut reader = BufReader::with_capacity(1 << 18, reader);
    let mut walk = Walk::new(cited, context);
    let mut whole = Hasher::default();
    let mut offset = 0;
    loop {
        let mut bytes = walk.spare.pop().unwrap_or_default();
        bytes.clear();
        let read = match kind {
            LeafKind::Line => reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes),
            LeafKind::Chunk => reader.by_ref().take(CHUNK_BYTES).read_to_end(&mut bytes),
        };
        at(Path::new(name), read)?;
        if bytes.is_empty() {
            break;
        }
        if kind == LeafKind::Line && bytes.len() as u64 > LINE_BYTES_MAX {
            return Err(EvidenceError::LineTooLong { what: name.to_owned(), offset, max: LINE_BYTES_MAX });
        }
        whole.update(&bytes);
        let length = bytes.len() as u64;
        walk.take(offset, bytes);
        offset += length;
    }
    if let Some(beyond) = walk.cited.iter().find(|range| range.end > offset) {
        return Err(EvidenceError::Outside { what: name.to_owned(), bytes: offset, offset: beyond.start });
    }
    let (sha256, bytes) = whole.finish();
    let (leaves, root, parts) = walk.finish();
    let original = Original { path: name.to_owned(), sha256, bytes, leaf: kind, leaves, root };
    let excerpts = parts.into_iter().map(|(offset, bytes, run)| Excerpt {
        proof: Proof {
            original: original.clone(),
            offset,
            length: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            first_leaf: run.leaves.start,
            leaves: run.leaves.end - run.leaves.start,
            nodes: run.nodes,
        },
        bytes,
    });
    Ok((original.clone(), excerpts.collect()))
}

/// A leaf that waits until it is known whether a cited one follows closely.
struct Waiting {
    offset: u64,
    bytes: Vec<u8>,
    wanted: bool,
}

type Part = (u64, Vec<u8>, merkle::Run);

struct Walk {
    /// Sorted by their beginning, none touching the next.
    cited: Vec<Range<u64>>,
    next: usize,
    context: usize,
    /// How many leaves are still wanted after the last cited one.
    after: usize,
    waiting: VecDeque<Waiting>,
    builder: Builder,
    parts: Vec<(u64, Vec<u8>)>,
    in_part: bool,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
}

impl Walk {
    fn new(cited: &[Span], context: usize) -> Self {
        let range = |span: &Span| span.offset..span.offset.saturating_add(span.bytes.max(1));
        let mut cited: Vec<_> = cited.iter().map(range).collect();
        cited.sort_by_key(|range| (range.start, range.end));
        // Ranges that overlap are joined, so that the first one that ends behind a leaf decides about it.
        cited.dedup_by(|later, earlier| {
            let joined = later.start <= earlier.end;
            if joined {
                earlier.end = earlier.end.max(later.end);
            }
            joined
        });
        Self {
            cited,
            next: 0,
            context,
            after: 0,
            waiting: VecDeque::new(),
            builder: Builder::default(),
            parts: Vec::new(),
            in_part: false,
            spare: Vec::new(),
        }
    }

    fn take(&mut self, offset: u64, bytes: Vec<u8>) {
        let end = offset + bytes.len() as u64;
        while self.cited.get(self.next).is_some_and(|range| range.end <= offset) {
            self.next += 1;
        }
        let hit = self.cited.get(self.next).is_some_and(|range| range.start < end);
        if hit {
            self.waiting.iter_mut().for_each(|leaf| leaf.wanted = true);
            self.after = self.context;
        }
        let wanted = hit || self.after > 0;
        if !hit {
            self.after = self.after.saturating_sub(1);
        }
        self.waiting.push_back(Waiting { offset, bytes, wanted });
        if self.waiting.len() > self.context {
            self.emit();
        }
    }

    fn emit(&mut self) {
        let Some(leaf) = self.waiting.pop_front() else { return };
        self.builder.push(merkle::leaf(&leaf.bytes), leaf.wanted);
        if leaf.wanted {
            match self.parts.last_mut() {
                Some((_, part)) if self.in_part => part.extend_from_slice(&leaf.bytes),
                _ => self.parts.push((leaf.offset, leaf.bytes.clone())),
            }
        }
        self.in_part = leaf.wanted;
        self.spare.push(leaf.bytes);
    }

    /// The number of leaves, the root, and each excerpt's offset, bytes and run.
    fn finish(mut self) -> (u64, Digest, Vec<Part>) {
        while !self.waiting.is_empty() {
            self.emit();
        }
        let leaves = self.builder.size();
        let (root, runs) = self.builder.finish();
        let parts = self.parts.into_iter().zip(runs).map(|((offset, bytes), run)| (offset, bytes, run));
        (leaves, root, parts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(start: u64, end: u64) -> Span {
        Span { offset: start, bytes: end - start }
    }

    fn lines(text: &[u8], cited: &[Span], context: usize) -> (Original, Vec<Excerpt>) {
        read(text, "log", LeafKind::Line, cited, context).unwrap()
    }

    #[test]
    fn a_cited_line_comes_with_its_context() {
        let text = b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let (original, excerpts) = lines(text, &[span(8, 9)], 2);
        assert_eq!((original.leaves, original.bytes, original.sha256), (10, 20, Digest::of(text)));
        let [one] = &excerpts[..] else { panic!("{excerpts:?}") };
        assert_eq!((&one.bytes[..], one.proof.offset, one.proof.first_leaf), (&b"2\n3\n4\n5\n6\n"[..], 4, 2));
        one.proof.check(&one.bytes).unwrap();
        assert!(one.proof.check(b"2\n3\n4\n5\n7\n").is_err());
    }

    #[test]
    fn near_citations_make_one_excerpt_and_distant_ones_two() {
        let text = b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(lines(text, &[span(2, 4), span(8, 10)], 1).1.len(), 1);
        assert_eq!(lines(text, &[span(2, 4), span(10, 12)], 1).1.len(), 2);
        assert_eq!(lines(text, &[span(2, 4), span(2, 3), span(3, 3)], 0).1.len(), 1);
    }

    #[test]
    fn a_citation_beyond_the_end_is_refused() {
        let beyond = read(&b"a\nb"[..], "log", LeafKind::Line, &[span(2, 9)], 3);
        assert!(beyond.unwrap_err().to_string().contains("ends at byte 3"));
    }

    #[test]
    fn a_file_that_is_not_text_has_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.bin");
        let bytes: Vec<u8> = (0..20_000u32).map(|i| (i % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let (original, excerpts) = read_file(&path, "log.bin", &[span(9000, 9001)], 0).unwrap();
        assert_eq!((original.leaf, original.leaves), (LeafKind::Chunk, 5));
        assert_eq!((excerpts[0].proof.offset, excerpts[0].bytes.len()), (8192, 4096));
        excerpts[0].proof.check(&excerpts[0].bytes).unwrap();
    }

    #[test]
    fn a_file_with_an_endless_line_has_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, vec![b'x'; LINE_BYTES_MAX as usize + 1]).unwrap();
        assert_eq!(read_file(&path, "log", &[span(0, 1)], 3).unwrap().0.leaf, LeafKind::Chunk);
    }

    #[test]
    fn a_proof_survives_json() {
        let (_, excerpts) = lines(b"a\nb\nc", &[span(2, 3)], 0);
        let json = serde_json::to_string(&excerpts[0].proof).unwrap();
        assert_eq!(serde_json::from_str::<Proof>(&json).unwrap(), excerpts[0].proof);
    }

    proptest! {
        #[test]
        fn what_is_cited_is_shown_and_proven(
            lengths in proptest::collection::vec(0usize..12, 1..80),
            at in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
            context in 0usize..5,
            ends in any::<bool>(),
        ) {
            let mut text: Vec<u8> = lengths.iter().flat_map(|n| [&vec![b'x'; *n][..], b"\n"].concat()).collect();
            if !ends {
                text.push(b'y');
            }
            let cited: Vec<Span> = at.iter().map(|i| i.index(text.len()) as u64).map(|i| span(i, i + 1)).collect();
            let (original, excerpts) = lines(&text, &cited, context);
            prop_assert_eq!(original.leaves, text.split_inclusive(|b| *b == b'\n').count() as u64);
            for excerpt in &excerpts {
                let start = excerpt.proof.offset as usize;
                prop_assert_eq!(&text[start..start + excerpt.bytes.len()], &excerpt.bytes[..]);
                prop_assert_eq!(excerpt.proof.check(&excerpt.bytes), Ok(()));
            }
            for span in cited {
                let shows = |e: &Excerpt| e.proof.offset <= span.offset && span.offset < e.proof.offset + e.proof.length;
                prop_assert!(excerpts.iter().any(shows));
            }
        }
    }
}
