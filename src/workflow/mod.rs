//! The verbs. Each is a file: `Options` in, `Outcome` out; and what they share: trust, findings, journal.
//!
//! ```text
//! trust directory ─▶ Trust ─ judge(claim, verification) ─▶ [Finding] ─▶ Error::Refused, or go on
//! ```

mod error;
mod finding;
pub mod journal;
pub mod policy;
pub mod site;
mod trust;

pub use error::Error;
pub use finding::{Finding, Subject};
pub use policy::{Claim, Role};
pub use trust::{Trust, TrustError};
