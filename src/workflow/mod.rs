//! The verbs. Each is a file: `Options` in, `Outcome` out; and what they share: trust, findings, journal.
//!
//! ```text
//! trust directory ─▶ Trust ─ judge(claim, verification) ─▶ [Finding] ─▶ Error::Refused, or go on
//! ```

mod carried;
mod error;
mod finding;
mod inspect;
pub mod journal;
pub mod policy;
mod release_check;
pub mod site;
mod subject;
mod trust;
mod verify;

pub use carried::{Carried, Reach};
pub use error::Error;
pub use finding::Finding;
pub use inspect::{InspectOutcome, InspectedMember, InspectedRelease, html, inspect};
pub use policy::{Claim, Role};
pub use release_check::{ReleaseCheck, Spine, judge_bundle, spoken_of};
pub use subject::Subject;
pub use trust::{Trust, TrustError};
pub use verify::{VerifiedRelease, VerifyOptions, VerifyOutcome, verify};
