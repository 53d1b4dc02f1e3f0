//! Any bytes as a `aws_cloudtrail` log.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::source("aws_cloudtrail", data));
