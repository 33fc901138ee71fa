#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = campanile_fuzz_targets::syslog::run(data);
});
