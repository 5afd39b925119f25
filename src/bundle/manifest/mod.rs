//! The manifest: what a bundle holds, and the bytes that are signed.
//!
//! ```text
//! {"airlock":"bundle/1",                              exactly these bytes, compared before parsing
//!  "repository":{"id":"<32 hex>","collection":null},  where it comes from
//!  "site":"default",                                  whom it is for
//!  "created":1700000000,"expires":null,               UNIX seconds
//!  "origin":{"tool":"airlock 0.1.0"},
//!  "sequence":{"REF":1700000000},                     never goes back, per ref
//!  "releases":[{...}],                                in the order they must be applied
//!  "refs-after":{"REF":"<64 hex>"|null},              the complete map after import
//!  "may-return":{"REF":["<64 hex>"]},                 optional: where `rollback --hold` may go back to
//!  "rollback":{"ref":"REF","from-sequence":N,"to":"<64 hex>"},   only where it is permitted
//!  "members":[{...}],                                 every other member, in order
//!  "extensions":{}}
//! ```
//!
//! Trailing newlines may follow: a writer that fills in the manifest last pads it to the room it
//! kept. They are part of what is signed, and of the bundle id.

mod check;
mod fault;
mod model;
mod strict;

pub use check::{
    MAX_MEMBER, MAX_PART, MAX_RELEASES, MAX_SUMMARY, MAX_SUMMARY_SIGNATURE, MAX_SUPERBLOCK,
};
pub use fault::{ManifestFault, MemberFault, ReleaseFault};
pub use model::{
    ByteTotals, Manifest, Member, ObjectTotals, Origin, Release, Rollback, Source, TrustPoint,
};
pub use strict::strict_json;

/// What every manifest of this version begins with.
pub const MANIFEST_PREFIX: &[u8] = br#"{"airlock":"bundle/1","#;
/// What the manifest of any version begins with.
const ANY_VERSION: &[u8] = br#"{"airlock":"bundle/"#;
/// The largest manifest.
pub const MAX_MANIFEST: u64 = 16 << 20;
/// The stretch of a member that has a digest of its own.
pub const CHUNK_SIZE: u64 = 4 << 20;

impl Manifest {
    /// Reads a manifest, whose signatures the caller has judged already.
    ///
    /// Accepts one spelling of everything: no duplicate keys, no floats, no unknown fields outside
    /// `extensions`, names and sizes consistent with each other.
    pub fn parse(bytes: &[u8]) -> Result<Manifest, ManifestFault> {
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(ManifestFault::TooLarge {
                size: bytes.len() as u64,
            });
        }
        if !bytes.starts_with(MANIFEST_PREFIX) {
            return Err(match bytes.starts_with(ANY_VERSION) {
                true => ManifestFault::Version,
                false => ManifestFault::Prefix,
            });
        }
        let manifest: Manifest = strict_json(bytes)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Writes the manifest, after the checks that reading it makes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ManifestFault> {
        self.check()?;
        let bytes = serde_json::to_vec(self).map_err(ManifestFault::json)?;
        match bytes.len() as u64 {
            0..=MAX_MANIFEST => Ok(bytes),
            size => Err(ManifestFault::TooLarge { size }),
        }
    }
}
