//! Bytes and values of everything that OSTree defines. Pure: no I/O, no clock, no state.
//!
//! ```text
//! Checksum · ObjectName · RefName           the names
//! gvariant · Metadata · Encoded             how values are written
//! Commit → DirTree + DirMeta → FileHeader   what the objects are
//! ```
//!
//! `decode` takes only what OSTree itself would write (normal form, sorted, unique, in range);
//! `encode` writes the bytes that `ostree` writes. What was decoded is kept with its bytes in
//! [`Encoded`], and those bytes are what is hashed, signed, verified and stored.

mod checksum;
mod commit;
mod content;
pub mod delta;
mod encoded;
mod error;
pub mod filez;
pub mod gvariant;
mod hash_order;
pub mod limits;
mod metadata;
#[cfg(test)]
pub(crate) mod noise;
mod object;
mod refname;
pub mod stored_xz;
mod summary;
mod tree;
mod xattrs;

pub(crate) use checksum::Hashed;
pub use checksum::{Checksum, Sha256};
pub use commit::Commit;
pub use content::FileHeader;
pub use encoded::{Codec, Encoded};
pub use error::FormatError;
pub use hash_order::hash_order;
pub use metadata::Metadata;
pub use object::{ObjectKind, ObjectName};
pub use refname::{CollectionId, RefName, RefSpec, RemoteName};
pub use summary::{Summary, SummaryFields, SummaryRef, decode_delta_index, encode_delta_index};
pub use tree::{DirMeta, DirTree, is_file_name};
pub use xattrs::Xattrs;
