//! Finds personal-data leaks that hide for months, in the logs you already keep.

fn main() {}
