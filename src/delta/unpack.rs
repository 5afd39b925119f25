//! From a part's file to its payload.
//!
//! ```text
//! 00   the payload itself
//! 78   one .xz stream: stored (what airlock writes) or compressed (what ostree writes)
//! ```
//!
//! Stock readers stop after the first of several streams and drop the rest without a word; here
//! whatever follows the stream is an error.

use std::{borrow::Cow, io::Read};

use lzma_rust2::XzReader;

use super::DeltaError;
use crate::format::{
    Checksum,
    delta::PartHeader,
    stored_xz::{self, StoredXzFault},
};

/// The largest payload that is unpacked. Stock parts aim at 32 MB, and hold one object if it is larger.
pub const MAX_PAYLOAD: u64 = 256 << 20;
/// Memory for decoding xz, in KiB: the largest preset's dictionary of 64 MiB and some.
const MAX_XZ_MEMORY: u32 = 72 << 10;
/// Compression byte of a payload as it is.
pub(super) const PLAIN: u8 = 0;
/// Compression byte of an `.xz` stream.
pub(super) const XZ: u8 = b'x';

/// Checks that `part` is the part that its header names.
pub fn check_part(header: &PartHeader, part: &[u8]) -> Result<(), DeltaError> {
    let found = part.len() as u64;
    if found != header.size {
        let declared = header.size;
        return Err(DeltaError::PartSize { declared, found });
    }
    let found = Checksum::of(part);
    if found != header.checksum {
        let declared = header.checksum;
        return Err(DeltaError::PartChecksum { declared, found });
    }
    Ok(())
}

/// Checks that a part does not compress: it unpacks to less than it is itself.
pub(super) fn check_stored(part: &[u8]) -> Result<(), DeltaError> {
    match part.split_first() {
        Some((&XZ, stream)) if !stored_xz::is_stored(stream) => Err(DeltaError::NotStored),
        _ => Ok(()),
    }
}

/// Makes of a part that travels, which is [stored](check_stored), its payload, where it is.
pub(super) fn unpack_stored(mut part: Vec<u8>) -> Result<Vec<u8>, DeltaError> {
    let limit = MAX_PAYLOAD;
    let kind = part.first().copied().unwrap_or(PLAIN);
    part.drain(..part.len().min(1));
    match kind {
        PLAIN if part.len() as u64 > limit => Err(DeltaError::PayloadTooLarge { limit }),
        PLAIN => Ok(part),
        XZ => match stored_xz::decode_in_place(&mut part, limit as usize) {
            Ok(()) => Ok(part),
            Err(fault) => Err(not_stored(fault, limit)),
        },
        other => Err(DeltaError::Compression(other)),
    }
}

/// Makes of a part its payload; the part is gone when there are both.
pub(super) fn unpack_owned(mut part: Vec<u8>) -> Result<Vec<u8>, DeltaError> {
    if let Cow::Owned(payload) = unpack_part(&part)? {
        return Ok(payload);
    }
    part.drain(..1);
    Ok(part)
}

/// Returns a part's payload.
pub fn unpack_part(part: &[u8]) -> Result<Cow<'_, [u8]>, DeltaError> {
    unpack_within(part, MAX_PAYLOAD)
}

fn unpack_within(part: &[u8], limit: u64) -> Result<Cow<'_, [u8]>, DeltaError> {
    match part.split_first() {
        Some((&PLAIN, payload)) if payload.len() as u64 > limit => {
            Err(DeltaError::PayloadTooLarge { limit })
        }
        Some((&PLAIN, payload)) => Ok(payload.into()),
        Some((&XZ, stream)) if stored_xz::is_stored(stream) => {
            match stored_xz::decode(stream, limit as usize) {
                Ok(payload) => Ok(payload.into()),
                Err(fault) => Err(not_stored(fault, limit)),
            }
        }
        Some((&XZ, stream)) => decompress(stream, limit).map(Cow::from),
        Some((&other, _)) => Err(DeltaError::Compression(other)),
        None => Err(DeltaError::Compression(PLAIN)),
    }
}

fn not_stored(fault: StoredXzFault, limit: u64) -> DeltaError {
    match fault {
        StoredXzFault::OverLimit => DeltaError::PayloadTooLarge { limit },
        fault => fault.into(),
    }
}

/// Decompresses the one `.xz` stream of a stock part.
fn decompress(stream: &[u8], limit: u64) -> Result<Vec<u8>, DeltaError> {
    let mut reader = XzReader::new_mem_limit(stream, false, MAX_XZ_MEMORY);
    let mut payload = Vec::new();
    let mut limited = reader.by_ref().take(limit + 1);
    limited.read_to_end(&mut payload).map_err(DeltaError::Xz)?;
    if payload.len() as u64 > limit {
        return Err(DeltaError::PayloadTooLarge { limit });
    }
    match reader.into_inner() {
        [] => Ok(payload),
        _ => Err(DeltaError::Xz(std::io::ErrorKind::InvalidData.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_unpacks_beyond_the_limit() {
        let stock = include_bytes!("../../tests/data/delta/delta-dir/0");
        let payload = unpack_part(stock).unwrap();
        let plain = [&[PLAIN], &payload[..]].concat();
        let stored = [&[XZ], &stored_xz::encode(&payload)[..]].concat();
        let size = payload.len() as u64;
        for part in [&stock[..], &plain, &stored] {
            assert_eq!(unpack_within(part, size).unwrap(), payload);
            let over = unpack_within(part, size - 1);
            assert!(matches!(over, Err(DeltaError::PayloadTooLarge { .. })));
        }
    }
}
