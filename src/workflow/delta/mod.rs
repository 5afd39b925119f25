//! `delta`: static deltas on their own, for clients of this repository or for another one.
//!
//! ```text
//! generate   two commits ─▸ deltas/MI/FI6s…-kWJG…/ and its index, or a file elsewhere
//! apply      such a file, whoever made it ─▸ the objects of its commit; no ref moves
//! show       what a file or a delta of the repository holds
//! ```
//!
//! Made and read are stock static deltas: `ostree pull` and `ostree static-delta apply-offline` take
//! what is made here.

mod apply;
mod error;
mod file;
mod generate;
mod look;
mod make;
mod pack;
mod publish;
mod spool;

pub use apply::{Applied, apply};
pub use error::StaticDeltaError;
pub(super) use generate::generate_locked;
pub use generate::{DeltaLimits, Existing, GenerateOptions, Generated, Place, generate};
pub use look::{Deleted, DeltaLook, LookedPart, delete, list, look};
pub use publish::SummaryChange;
