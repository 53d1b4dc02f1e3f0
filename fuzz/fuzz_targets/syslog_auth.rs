//! Any bytes as a `syslog_auth` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("syslog_auth", data));
