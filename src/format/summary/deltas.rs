//! The deltas that a summary or a `delta-indexes/….index` lists: name → digest of the superblock.

use super::wrong_type;
use crate::format::{Checksum, Codec, FormatError, Metadata, delta::DeltaName, gvariant::Value};

/// The key, in summaries and indexes alike.
pub(super) const STATIC_DELTAS: &str = "ostree.static-deltas";

/// Writes the index of the deltas that lead to one commit, `delta-indexes/….index`.
pub fn encode_delta_index(deltas: &[(DeltaName, Checksum)]) -> Vec<u8> {
    let mut index = Metadata::new();
    index.insert(STATIC_DELTAS, deltas_to_value(deltas));
    index.encode()
}

/// Reads an index of deltas.
pub fn decode_delta_index(bytes: &[u8]) -> Result<Vec<(DeltaName, Checksum)>, FormatError> {
    static_deltas(&Metadata::decode(bytes)?)
}

/// Reads the list out of a summary's or an index's metadata.
pub(super) fn static_deltas(
    metadata: &Metadata,
) -> Result<Vec<(DeltaName, Checksum)>, FormatError> {
    let Some(value) = metadata.get(STATIC_DELTAS) else {
        return Ok(Vec::new());
    };
    if value.signature() != "a{sv}" {
        return Err(wrong_type(STATIC_DELTAS, "a{sv}", value));
    }
    let read = |(name, digest): (&str, &Value)| {
        if digest.signature() != "ay" {
            return Err(wrong_type(name, "ay", digest));
        }
        Ok((name.parse()?, Checksum::from_slice(digest.bytes())?))
    };
    Metadata::from_view(value.view())?
        .iter()
        .map(read)
        .collect()
}

/// Deltas in the order of GLib's hash table; it depends on the order they are given in only where
/// buckets collide.
pub(super) fn deltas_to_value(deltas: &[(DeltaName, Checksum)]) -> Value {
    let dict = deltas
        .iter()
        .map(|(name, digest)| (name.to_string(), Value::ay(digest.as_bytes())));
    dict.collect::<Metadata>().to_value_hash_order()
}
