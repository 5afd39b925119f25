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
pub mod delta;
mod error;
pub mod gvariant;
mod hash_order;
mod object;
pub mod stored_xz;

pub use checksum::{Checksum, Sha256};
pub use error::FormatError;
pub use hash_order::hash_order;
pub use object::{ObjectKind, ObjectName};
