//! The byte order of a delta's part headers and fallbacks; everything else has a fixed one.

use super::DeltaFault;
use crate::format::{Metadata, gvariant::Value};

/// The byte order that a superblock marks with `ostree.endianness`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    /// `l`: little-endian.
    Little,
    /// `B`: big-endian.
    Big,
}

impl Endian {
    /// The superblock's key for the byte order.
    pub const KEY: &str = "ostree.endianness";

    /// Reads the mark out of a superblock's metadata.
    ///
    /// Stock readers guess when it is missing, from sizes, and guess wrong on small deltas.
    pub fn of(metadata: &Metadata) -> Result<Endian, DeltaFault> {
        match metadata
            .get(Endian::KEY)
            .and_then(|value| value.view().byte())
        {
            Some(b'l') => Ok(Endian::Little),
            Some(b'B') => Ok(Endian::Big),
            _ => Err(DeltaFault::Endianness),
        }
    }

    /// Returns the mark.
    pub fn to_value(self) -> Value {
        Value::byte(match self {
            Endian::Little => b'l',
            Endian::Big => b'B',
        })
    }

    /// Swaps a number between this order and little-endian; the same both ways.
    pub(super) fn u32(self, number: u32) -> u32 {
        match self {
            Endian::Little => number,
            Endian::Big => number.swap_bytes(),
        }
    }

    /// Swaps a number between this order and little-endian; the same both ways.
    pub(super) fn u64(self, number: u64) -> u64 {
        match self {
            Endian::Little => number,
            Endian::Big => number.swap_bytes(),
        }
    }
}
