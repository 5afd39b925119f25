//! Static deltas: how libostree writes the way from one commit to another.
//!
//! ```text
//! superblock                       where it leads, the new commit, its signatures
//! ├── parts[0]   header: digest, size, the objects it makes, in order
//! │   └── part file: one byte of compression, then the payload
//! │       ├── modes, xattrs        tables that operations index
//! │       ├── blob                 new bytes, patches, names of old files
//! │       └── ops                  S o w r R c B: a program that makes the objects
//! ├── parts[1] ...
//! └── fallbacks                    objects to fetch loose; a bundle has none
//! ```
//!
//! This room reads and writes these bytes; carrying the operations out is the work of
//! [`crate::delta`].

mod endian;
mod fallback;
mod fault;
mod history;
mod name;
mod ops;
mod outline;
mod part;
mod payload;
mod signed;
mod superblock;
pub mod varint;

pub use endian::Endian;
pub use fallback::Fallback;
pub use fault::DeltaFault;
pub use history::{Ancestor, MAX_HISTORY};
pub use name::DeltaName;
pub use ops::{Look, Op, Span};
pub use outline::SuperblockOutline;
pub use part::PartHeader;
pub use payload::{FileMode, PartPayload, PayloadFrame, encode_payload};
pub use signed::SignedSuperblock;
pub use superblock::{MAX_PARTS, MAX_SUPERBLOCK, Superblock};
