//! The signed form of a superblock, which libostree writes for its ed25519 and SPKI signatures.
//!
//! ```text
//! (taya{sv})   magic        4f 53 54 53 47 4e 44 54, "OSTSGNDT"
//!              superblock   the unsigned form, whole; these bytes are what is signed
//!              signatures   ostree.sign.<engine> → aay
//! ```
//!
//! airlock does not rely on it: stock clients accept a stripped signature, and cannot pull it.

use super::DeltaFault;
use crate::format::{
    FormatError, Metadata,
    gvariant::{Value, View},
};

/// The first eight bytes.
const MAGIC: &[u8; 8] = b"OSTSGNDT";

/// A superblock with its signatures beside it; none of them is judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedSuperblock {
    /// The bytes of the unsigned form, which are what is signed.
    pub superblock: Vec<u8>,
    /// The signatures, by engine.
    pub signatures: Metadata,
}

impl SignedSuperblock {
    /// The type of the signed form.
    pub const TYPE: &str = "(taya{sv})";

    /// Returns whether these bytes are the signed form.
    pub fn is_signed(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads the signed form; the superblock inside is not looked at.
    pub fn decode(bytes: &[u8]) -> Result<SignedSuperblock, FormatError> {
        if !SignedSuperblock::is_signed(bytes) {
            return Err(DeltaFault::SignedForm.into());
        }
        let view = View::parse(Self::TYPE, bytes)?;
        let [_, superblock, signatures] = view.tuple().expect("the type has three members");
        Ok(SignedSuperblock {
            superblock: superblock.bytes().to_vec(),
            signatures: Metadata::from_view(signatures)?,
        })
    }

    /// Writes the signed form.
    pub fn encode(&self) -> Vec<u8> {
        Value::tuple([
            Value::u64(u64::from_le_bytes(*MAGIC)),
            Value::ay(self.superblock.as_slice()),
            self.signatures.to_value(),
        ])
        .into_bytes()
    }
}
