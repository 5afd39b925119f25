#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    ostree_airlock_fuzz::run("ed25519_keys", data);
});
