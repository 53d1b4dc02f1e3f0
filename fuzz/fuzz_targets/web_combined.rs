//! Any bytes as a `web_combined` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("web_combined", data));
