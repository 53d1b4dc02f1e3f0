//! Any bytes as a `zeek_conn` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("zeek_conn", data));
