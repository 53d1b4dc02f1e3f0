//! Any bytes as a `token_issuance` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("token_issuance", data));
