//! See `weir_fuzz::detect`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| weir_fuzz::detect(data));
