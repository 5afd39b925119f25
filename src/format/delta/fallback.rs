//! An object that a delta names and does not carry: the client fetches it loose.
//!
//! ```text
//! (yaytt)   kind       y    1, a content object
//!           checksum   ay
//!           stored     t    size of the loose object where the delta was made
//!           size       t    size of its content
//! ```

use super::{DeltaFault, Endian};
use crate::format::{
    Checksum, FormatError, ObjectKind,
    gvariant::{Value, View},
};

/// One fallback entry. A bundle has none, and `apply-offline` refuses any; a published delta may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The content object.
    pub checksum: Checksum,
    /// The size of the loose object where the delta was made.
    pub stored: u64,
    /// The size of its content.
    pub size: u64,
}

impl Fallback {
    /// The type of a fallback entry.
    pub const TYPE: &str = "(yaytt)";

    /// Reads an entry whose numbers are in this byte order.
    pub(super) fn from_view(view: View<'_>, endian: Endian) -> Result<Fallback, FormatError> {
        let wrong = DeltaFault::FallbackKind;
        let [kind, checksum, stored, size] = view.tuple().ok_or(wrong)?;
        if kind.byte() != Some(ObjectKind::File.code()) {
            return Err(wrong.into());
        }
        Ok(Fallback {
            checksum: Checksum::from_slice(checksum.bytes())?,
            stored: endian.u64(stored.u64().ok_or(wrong)?),
            size: endian.u64(size.u64().ok_or(wrong)?),
        })
    }

    /// Writes the entry with its numbers in this byte order.
    pub(super) fn to_value(&self, endian: Endian) -> Value {
        Value::tuple([
            Value::byte(ObjectKind::File.code()),
            Value::ay(self.checksum.as_bytes()),
            Value::u64(endian.u64(self.stored)),
            Value::u64(endian.u64(self.size)),
        ])
    }
}
