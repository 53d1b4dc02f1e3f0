//! From a generated log to record batches, for the benches of the crates that take them.

use arrow_array::RecordBatch;
use std::io::Cursor;
use std::sync::Arc;
use weir_model::Table;
use weir_sources::read::FileReader;
use weir_sources::source::FileOptions;

/// Every batch of a log, as its source reads it.
pub fn batches(log: &Arc<[u8]>, source: &str) -> Vec<(Table, RecordBatch)> {
    let disk = Box::new(Cursor::new(Arc::clone(log)));
    let options = FileOptions { sensor: Some("bench".to_owned()), ..FileOptions::default() };
    let opened =
        FileReader::open_content(disk, log.len() as u64, None, "bench.log", &options, Some(source)).unwrap();
    let mut reader = opened.start(1, 1);
    let mut all = Vec::new();
    while let Some(chunk) = reader.next_chunk() {
        assert!(chunk.rejects.is_empty(), "the generator writes what the source reads");
        all.extend(chunk.batches);
    }
    all
}
