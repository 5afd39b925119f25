//! Static deltas at work: made for a bundle, and applied, whoever made them.
//!
//! ```text
//! old and new names ─ Pairing ─▸ pairs           which old file a new one was made from
//! Repo + pairs ─ compile ─▸ superblock + parts   patches that pay; type `x` parts that only store
//! superblock + parts ─ apply_part ─▸ ObjectSink  every operation stock knows; Sources of old files
//! ```
//!
//! Applying trusts nothing: a part is held against its header, its operations against their
//! grammar, every object against its name, and all that the header lists must be there.

mod allowance;
mod apply;
mod assemble;
mod budget;
mod compile;
mod content;
mod copies;
mod diff;
mod error;
mod fault;
mod packer;
mod pairing;
mod part;
mod part_kind;
mod part_writer;
mod patch;
mod room;
mod rope;
mod source;
mod spine;
mod travel;
mod unpack;
mod whole;

pub use apply::{ObjectSink, apply_part, examine_part};
pub use compile::{
    Choice, CompileInput, Compiled, CostModel, Effort, Otherwise, Pair, Way, Why, compile,
};
pub use error::DeltaError;
pub use fault::ApplyFault;
pub use pairing::{Pairing, TreeFile};
pub use part::DeltaPart;
pub use part_kind::PartKind;
pub use source::{NoSources, RepoSources, SourceFile, Sources};
pub use spine::{LARGEST_IN_PART, PART_SIZE, Spine, SpineInput, compile_spine};
pub use travel::{apply_travelling, examine_travelling};
pub use unpack::{MAX_PAYLOAD, check_part, unpack_part};
