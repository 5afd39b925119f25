//! What a superblock says about one part.
//!
//! ```text
//! (uayttay)   version    u    0
//!             checksum   ay   of the whole part file, compression byte included
//!             size       t    of the part file
//!             unpacked   t    sum of the sizes of the objects; symbolic links count 0
//!             objects    ay   33 bytes each: kind, raw checksum; in the order they are made
//! ```
//!
//! The numbers are in the byte order that the superblock marks.

use super::{DeltaFault, Endian};
use crate::format::{
    Checksum, FormatError, ObjectKind, ObjectName,
    gvariant::{Value, View},
};

/// Bytes of one entry in the list of objects.
const OBJECT_LEN: usize = 1 + Checksum::LEN;

/// The header of one delta part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHeader {
    /// The digest of the part file.
    pub checksum: Checksum,
    /// The length of the part file.
    pub size: u64,
    /// The sum of the sizes of the part's objects, as the header claims.
    pub unpacked: u64,
    /// The objects that the part makes, in order.
    pub objects: Vec<ObjectName>,
}

impl PartHeader {
    /// The type of a part header.
    pub const TYPE: &str = "(uayttay)";

    /// Reads a header whose numbers are in this byte order.
    pub(super) fn from_view(view: View<'_>, endian: Endian) -> Result<PartHeader, FormatError> {
        let wrong = DeltaFault::ObjectList;
        let [version, checksum, size, unpacked, objects] = view.tuple().ok_or(wrong)?;
        let version = endian.u32(version.u32().ok_or(wrong)?);
        if version != 0 {
            return Err(DeltaFault::PartVersion(version).into());
        }
        Ok(PartHeader {
            checksum: Checksum::from_slice(checksum.bytes())?,
            size: endian.u64(size.u64().ok_or(wrong)?),
            unpacked: endian.u64(unpacked.u64().ok_or(wrong)?),
            objects: decode_objects(objects.bytes())?,
        })
    }

    /// Writes the header with its numbers in this byte order.
    pub(super) fn to_value(&self, endian: Endian) -> Value {
        let mut objects = Vec::with_capacity(self.objects.len() * OBJECT_LEN);
        for object in &self.objects {
            objects.push(object.kind.code());
            objects.extend_from_slice(object.checksum.as_bytes());
        }
        Value::tuple([
            Value::u32(endian.u32(0)),
            Value::ay(self.checksum.as_bytes()),
            Value::u64(endian.u64(self.size)),
            Value::u64(endian.u64(self.unpacked)),
            Value::ay(objects),
        ])
    }
}

fn decode_objects(bytes: &[u8]) -> Result<Vec<ObjectName>, FormatError> {
    let (entries, rest) = bytes.as_chunks::<OBJECT_LEN>();
    if !rest.is_empty() {
        return Err(DeltaFault::ObjectList.into());
    }
    entries
        .iter()
        .map(|&[code, ref checksum @ ..]| {
            let kind = ObjectKind::from_code(code)?;
            let carried = matches!(
                kind,
                ObjectKind::File | ObjectKind::DirTree | ObjectKind::DirMeta | ObjectKind::Commit
            );
            if !carried {
                return Err(DeltaFault::ObjectList.into());
            }
            Ok(ObjectName::new(Checksum::from_bytes(*checksum), kind))
        })
        .collect()
}
