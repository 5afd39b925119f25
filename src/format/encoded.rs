//! A value together with the bytes it came from.

use std::{fmt, ops::Deref};

use super::limits::MAX_METADATA;
use super::{Checksum, FormatError};

/// A value that has one serialised form.
pub trait Codec: Sized {
    /// What the value is called in an error.
    const WHAT: &'static str;

    /// Reads the value; what OSTree would not write is refused.
    fn decode(bytes: &[u8]) -> Result<Self, FormatError>;

    /// Writes the value as OSTree would.
    fn encode(&self) -> Vec<u8>;
}

/// A value, the exact bytes it is read from or written to, and their checksum.
///
/// The bytes are the only thing that is hashed, signed, verified or stored: nothing is ever
/// encoded again to compare it. The three cannot be changed, so they always belong together.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded<T> {
    value: T,
    bytes: Vec<u8>,
    checksum: Checksum,
}

impl<T: Codec> Encoded<T> {
    /// Reads a value and keeps the bytes.
    pub fn decode(bytes: Vec<u8>) -> Result<Encoded<T>, FormatError> {
        let size = bytes.len() as u64;
        if size > MAX_METADATA {
            return Err(FormatError::TooLarge {
                what: T::WHAT,
                size,
                limit: MAX_METADATA,
            });
        }
        let value = T::decode(&bytes)?;
        Ok(Encoded {
            value,
            checksum: Checksum::of(&bytes),
            bytes,
        })
    }

    /// Writes a value and keeps the bytes.
    pub fn encode(value: T) -> Encoded<T> {
        let bytes = value.encode();
        Encoded {
            value,
            checksum: Checksum::of(&bytes),
            bytes,
        }
    }
}

impl<T> Encoded<T> {
    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the SHA-256 of the bytes.
    pub fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Returns the bytes without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns the value, to build another one from.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Encoded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Encoded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoded")
            .field(&self.checksum)
            .field(&self.value)
            .finish()
    }
}
