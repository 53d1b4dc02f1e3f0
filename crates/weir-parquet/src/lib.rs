//! Record batches to Parquet. [`Writer`] turns batches into the bytes of one file; where they go is the caller's affair.
//!
//! Decisive choice: columns that a dictionary suits (the module `coded`) and numbers that rise (`rising`) are encoded here, all others, the file's frame
//! and its metadata by the `parquet` crate. Of a log's columns most repeat one value for hours or hold one of a few, and the crate's encoder looks each
//! value up as if it were new: that alone was a tenth of an ingest. What is written is plain Parquet, read by whatever reads Parquet.

mod chunk;
mod coded;
mod delta;
mod dictionary;
mod hybrid;
mod levels;
mod pages;
mod rising;
mod writer;

#[cfg(test)]
mod tests;

pub use pages::Packer;
pub use writer::Writer;
