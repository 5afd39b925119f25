//! Writes a bundle: payload first, manifest and signatures last, the name when all of it stands.
//!
//! ```text
//! BundleWriter ─ trust ─▸ summary ─▸ for each release: superblock ─▸ parts ─▸ packs ─▸ seal
//! SealedBundle ─ read_back ─▸ publish
//! ```

mod directory;
mod error;
mod flush;
mod member;
mod object;
mod pack;
mod pipeline;
mod plan;
mod read_back;
mod space;
mod spool;
mod tar;
mod uncached;
mod ustar;
mod volumes;
mod writer;

pub use error::WriteError;
pub use pack::{Packed, weigh_packs};
pub use plan::PackObject;
pub use space::Room;
pub use spool::{PartSpool, RawPart, WritePart};
pub use writer::{BundleWriter, Form, Reserve, SealedBundle, Target};
