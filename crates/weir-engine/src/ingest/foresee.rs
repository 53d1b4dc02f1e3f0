//! What a first ingest will teach, foreseen from a few records of some of its files.
//!
//! Decisive choice: a first ingest knows nothing of whose data the log shows, so what it folds is folded again once it has taught that. A sample teaches
//! the same for most logs, at a small part of the cost. It decides nothing: what is learned comes of all records, and where that is another
//! catalog, all is folded again as it would have been.

use crate::settings::Settings;
use crate::walk::Input;
use weir_catalog::Learner;
use weir_model::Table;
use weir_sources::read::FileReader;
use weir_sources::secrets::Fingerprints;

/// Bytes of all files from which folding twice would cost more than looking ahead.
const BYTES_MIN: u64 = 4 << 20;
/// Files looked into, spread evenly over all.
const FILES: usize = 16;
/// Chunks read of each, some sixteen thousand records each.
const CHUNKS: usize = 1;

/// What the heads of some files teach; nothing where there is little to read.
pub(super) fn foresee(files: &[Input], settings: &Settings, fingerprints: &Fingerprints) -> Learner {
    let mut learner = Learner::new();
    if files.iter().map(|file| file.bytes).sum::<u64>() < BYTES_MIN {
        return learner;
    }
    for file in files.iter().step_by(files.len().div_ceil(FILES).max(1)) {
        let (mut options, forced) = settings.of_file(&file.rel);
        options.fingerprints = fingerprints.clone();
        // What cannot be read is said when it is read for good.
        let Ok(opened) = FileReader::open(&file.path, &file.rel, &options, forced.as_deref()) else {
            continue;
        };
        let mut reader = opened.start(0, 0);
        for chunk in std::iter::from_fn(|| reader.next_chunk()).take(CHUNKS) {
            let access = chunk.batches.iter().filter(|(table, _)| *table == Table::Access);
            access.for_each(|(_, batch)| learner.observe(batch));
        }
    }
    learner
}
