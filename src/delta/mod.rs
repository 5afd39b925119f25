//! Static deltas at work: made for a bundle, and applied, whoever made them.
//!
//! ```text
//! Repo ─ compile_spine ─▸ superblock + parts      whole objects, type `x` parts that only store
//! superblock + parts ─ apply_part ─▸ ObjectSink   every operation stock knows, old files from Sources
//! ```
//!
//! Applying trusts nothing: a part is held against its header, its operations against their
//! grammar, every object against its name, and all that the header lists must be there.

mod apply;
mod content;
mod error;
mod fault;
mod part_writer;
mod patch;
mod source;
mod spine;
mod unpack;

pub use apply::{ObjectSink, apply_part};
pub use error::DeltaError;
pub use fault::ApplyFault;
pub use source::{NoSources, RepoSources, SourceFile, Sources};
pub use spine::{PART_SIZE, Spine, SpineInput, compile_spine, compile_spine_to};
pub use unpack::{MAX_PAYLOAD, check_part, unpack_part};
