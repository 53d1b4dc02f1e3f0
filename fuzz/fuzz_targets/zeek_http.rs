//! Any bytes as a `zeek_http` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("zeek_http", data));
