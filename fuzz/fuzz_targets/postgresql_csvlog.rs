//! Any bytes as a `postgresql_csvlog` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("postgresql_csvlog", data));
