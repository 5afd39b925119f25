//! What tests compare that nothing compresses.

/// Returns bytes that look random and are the same every time.
pub(crate) fn noise(len: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 32) as u8
    };
    std::iter::repeat_with(&mut next).take(len).collect()
}
