//! A part as stock writes it: compressed, for clients that fetch it over HTTP.

use std::io::Write;

use lzma_rust2::{XzOptions, XzWriter};

use super::DeltaError;
use super::unpack::{XZ, unpack_part};

/// The preset of `xz`; its dictionary is what every reader of stock deltas takes.
const PRESET: u32 = 6;

/// Compresses a part that only stores; what it unpacks to stays the same.
pub fn compress_part(part: Vec<u8>) -> Result<Vec<u8>, DeltaError> {
    let payload = unpack_part(&part)?.into_owned();
    drop(part);
    let written = XzWriter::new(vec![XZ], XzOptions::with_preset(PRESET)).and_then(|mut writer| {
        writer.write_all(&payload)?;
        writer.finish()
    });
    written.map_err(DeltaError::Xz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::stored_xz;

    #[test]
    fn what_is_compressed_unpacks_to_the_same_and_is_smaller() {
        let payload: Vec<u8> = (0..100_000u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let stored = [&[XZ], &stored_xz::encode(&payload)[..]].concat();
        let small = compress_part(stored.clone()).unwrap();
        assert!(small.len() < stored.len() / 2);
        assert!(small.starts_with(b"x\xfd7zXZ\0"));
        assert_eq!(unpack_part(&small).unwrap(), payload);
    }
}
