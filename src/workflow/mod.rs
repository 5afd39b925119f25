//! The verbs. Each is a file: `Options` in, `Outcome` out; and what they share: trust, findings, journal.
//!
//! ```text
//! trust directory ─▶ Trust ─ judge(claim, verification) ─▶ [Finding] ─▶ Error::Refused, or go on
//! ```

mod advice;
mod carried;
pub mod commit;
mod error;
mod finding;
mod init;
mod gate;
mod inspect;
pub mod journal;
mod log;
mod key;
pub mod policy;
pub mod refs;
mod show;
pub mod promote;
mod release_check;
pub mod seal;
pub mod sign;
pub mod site;
mod subject;
pub mod summary;
mod trust;
mod verify;

pub use carried::{Carried, Reach};
pub use error::Error;
pub use finding::Finding;
pub use init::{InitOutcome, init};
pub use inspect::{InspectOutcome, InspectedMember, InspectedRelease, html, inspect};
pub use log::{LogEntry, LogOutcome, log};
pub use key::{KeyError, KeyFiles, NewKey, generate_key};
pub use policy::{Claim, Role};
pub use refs::{Existing, RefLine, RefsOutcome};
pub use release_check::{ReleaseCheck, Spine, judge_bundle, spoken_of};
pub use show::{MetadataEntry, ShowOutcome, show};
pub use subject::Subject;
pub use trust::{Trust, TrustError};
pub use verify::{VerifiedRelease, VerifyOptions, VerifyOutcome, verify};
